/* The random device, seed 1 (section 3.8): nothing has been scheduled before the two reads. */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	lui	$t0, 0xbffc		# random, slot 28
	lw	$s0, 0($t0)
	lw	$s1, 0($t0)
	set_stack
	report	first, $s0
	report	second, $s1
	j	finish
	nop

/* The time of day begins with the random head start of section 6.2. */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	lui	$t0, 0xbffd		# timer, slot 29
	nop
	nop
	lw	$s0, TIMER_NANOSECONDS($t0)	# fourth instruction
	nop
	lw	$s1, TIMER_NANOSECONDS($t0)	# two cycles later
	set_stack
	report	nsec-4, $s0
	report	nsec-6, $s1
	j	finish
	nop

/* A store over the very next instruction, and over one in a loop that has run before (section 1.5). */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	set_stack
	lui	$t0, %hi(2f)
	addiu	$t0, $t0, %lo(2f)
	lui	$t1, 0x2410		# li s0, 77
	ori	$t1, $t1, 77
	li	$s0, 0
	sw	$t1, 0($t0)
2:	li	$s0, 1

	/* addiu s1, s1, n with n growing by one each time round, for ten rounds: 1 + 2 + ... + 10 */
	lui	$t0, %hi(4f)
	addiu	$t0, $t0, %lo(4f)
	lw	$t1, 0($t0)
	li	$t2, 10
	li	$s1, 0
4:	addiu	$s1, $s1, 1
	addiu	$t1, $t1, 1
	addiu	$t2, $t2, -1
	bne	$t2, $zero, 4b
	sw	$t1, 0($t0)
	report	next, $s0
	report	loop, $s1
	j	finish
	nop

/* Jumps in the last word of a page of kseg0, whose delay slots lie in the next page; then the slots change. */
#include "tests/guest/bare/macros.inc"

#define ROUNDS 100

	.globl	_start
_start:
	set_stack
	li	$s1, 0
	li	$s2, 0
	li	$s7, 3			# each time around the slots do something else
1:	li	$t0, ROUNDS
	jal	loop			# counts in s1, in the slot
	nop
	jal	call			# counts in s2, in the slot
	nop
	lui	$t1, %hi(loop_slot)
	lw	$t2, %lo(loop_slot)($t1)
	addiu	$t2, $t2, 1		# the immediate
	sw	$t2, %lo(loop_slot)($t1)
	lui	$t1, %hi(call_slot)
	lw	$t2, %lo(call_slot)($t1)
	addiu	$t2, $t2, 2
	sw	$t2, %lo(call_slot)($t1)
	addiu	$s7, $s7, -1
	bne	$s7, $zero, 1b
	nop
	report	loops, $s1
	report	calls, $s2
	j	finish
	nop

	.balign	4096
	.space	4096 - 12
loop:	addiu	$t0, $t0, -1
	nop
	bne	$t0, $zero, loop
loop_slot:
	addiu	$s1, $s1, 1
	jr	$ra
	nop

	.balign	4096
	.space	4096 - 16
call:	move	$s3, $ra
	li	$t0, ROUNDS
again:	addiu	$t0, $t0, -1
	jal	back			# its slot is in the next page
call_slot:
	addiu	$s2, $s2, 5
	bne	$t0, $zero, again
	nop
	jr	$s3
	nop

	.balign	4096
	.space	4096 - 4
back:	jr	$ra
	nop

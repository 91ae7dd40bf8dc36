/* Four CPUs count together: each adds to the same total, under a lock, by the same code in the same cycles. */
#include "tests/guest/bare/macros.inc"

#define ROUNDS 1000

	.set	mips2

	.globl	_start
_start:
	set_stack
	lui	$s0, 0xbfff
	ori	$s0, $s0, 0x8000	# CPU 0's control region; that of CPU n is n * 0x400 further
	lui	$t0, %hi(second)
	addiu	$t0, $t0, %lo(second)
	li	$t1, 1
1:	sll	$t2, $t1, 10
	addu	$t2, $t2, $s0
	sw	$t0, 0x300($t2)		# CRAM word 0: where it starts
	sw	$t1, 0x304($t2)		# word 1: its argument
	addiu	$t1, $t1, 1
	slti	$t2, $t1, 4
	bne	$t2, $zero, 1b
	nop
	li	$t0, 15
	sw	$t0, -0x1ec($s0)	# CPUE
	jal	count_up
	nop
	lui	$s1, %hi(done)
2:	lw	$t0, %lo(done)($s1)	# wait for the others
	li	$t1, 4
	bne	$t0, $t1, 2b
	nop
	lui	$s1, %hi(total)
	lw	$s2, %lo(total)($s1)
	report	total, $s2
	j	finish
	nop

second:
	lui	$sp, 0x8004		# a stack in memory instead of CRAM
	sll	$t0, $a0, 12
	jal	count_up
	addu	$sp, $sp, $t0
3:	.word	0x42000020		# wait
	b	3b
	nop

	.globl	count_up
count_up:
	addiu	$sp, $sp, -24
	sw	$ra, 20($sp)
	sw	$s0, 16($sp)
	li	$s0, ROUNDS
4:	lui	$a0, %hi(total)
	jal	add_one
	addiu	$a0, $a0, %lo(total)
	addiu	$s0, $s0, -1
	bne	$s0, $zero, 4b
	nop
	lui	$a0, %hi(done)
	jal	add_one
	addiu	$a0, $a0, %lo(done)
	lw	$ra, 20($sp)
	lw	$s0, 16($sp)
	jr	$ra
	addiu	$sp, $sp, 24

/* Adds one to the word at a0. */
	.globl	add_one
add_one:
	addiu	$sp, $sp, -8
	sw	$ra, 4($sp)
	lui	$t0, %hi(lock)
	addiu	$t0, $t0, %lo(lock)
	li	$t2, 1
5:	ll	$t1, 0($t0)
	bne	$t1, $zero, 5b
	move	$t1, $t2
	sc	$t1, 0($t0)
	beq	$t1, $zero, 5b
	nop
	lw	$t1, 0($a0)
	addiu	$t1, $t1, 1
	sw	$t1, 0($a0)
	sw	$zero, 0($t0)
	lw	$ra, 4($sp)
	jr	$ra
	addiu	$sp, $sp, 8

	.section .bss
	.align	2
	.globl	total, done, lock
total:	.space	4
done:	.space	4
lock:	.space	4

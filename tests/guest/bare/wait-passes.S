/* WAIT does nothing while a line is up, even one that is masked (section 1.15 of the System/161 reference): a second CPU passes it again and again while
 * the first counts. */
#include "tests/guest/bare/macros.inc"

#define ROUNDS 1000

	.globl	_start
_start:
	set_stack
	lui	$s0, 0xbfff
	ori	$s0, $s0, 0x8000	# CPU 0's control region
	lui	$t0, %hi(second)
	addiu	$t0, $t0, %lo(second)
	sw	$t0, 0x700($s0)		# CRAM word 0 of CPU 1: where it starts
	li	$t0, 3
	sw	$t0, -0x1ec($s0)	# CPUE
	lui	$s1, %hi(passes)
1:	lw	$t0, %lo(passes)($s1)	# until it has got to its WAIT, where it stays
	beq	$t0, $zero, 1b
	nop
	li	$t1, ROUNDS
2:	addiu	$t1, $t1, -1
	bne	$t1, $zero, 2b
	nop
	lw	$s2, %lo(passes)($s1)
	sw	$t1, %lo(passes)($s1)
	li	$t0, 1
	sw	$t0, 0x404($s0)		# interrupt CPU 1, which has masked that
	li	$t1, ROUNDS
3:	addiu	$t1, $t1, -1
	bne	$t1, $zero, 3b
	nop
	lw	$s3, %lo(passes)($s1)
	sw	$zero, 0x404($s0)	# as it was: CPU 1 waits again
	li	$t1, ROUNDS
4:	addiu	$t1, $t1, -1
	bne	$t1, $zero, 4b
	nop
	lw	$s4, %lo(passes)($s1)
	addiu	$t1, $t1, 100
5:	addiu	$t1, $t1, -1
	bne	$t1, $zero, 5b
	nop
	lw	$s5, %lo(passes)($s1)
	report	waiting, $s2
	report	passing, $s3
	report	stopped, $s4
	report	still, $s5
	j	finish
	nop

second:
	lui	$t2, %hi(passes)
6:	lw	$t0, %lo(passes)($t2)
	addiu	$t0, $t0, 1
	sw	$t0, %lo(passes)($t2)
	.word	0x42000020		# wait
	b	6b
	.word	0x42000020		# and in a delay slot

	.section .bss
	.align	2
	.globl	passes
passes:	.space	4

/* Division by zero, links that are tested or jumped to, HI/LO stalls counted (sections 1.4, 1.7). */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	set_stack
	li	$t0, 7
	li	$t1, -7
	div	$zero, $t0, $zero
	mflo	$s0
	mfhi	$s1
	div	$zero, $t1, $zero
	mflo	$s2
	divu	$zero, $t0, $zero
	mflo	$s3
	mfhi	$s4
	report	div-lo, $s0
	report	div-hi, $s1
	report	div-negative-lo, $s2
	report	divu-lo, $s3
	report	divu-hi, $s4
	li	$t0, 7
	li	$t1, -7
	div	$zero, $t1, $t0
	mflo	$s0
	li	$t2, 4
	div	$zero, $t1, $t2
	mfhi	$s1
	report	quotient, $s0
	report	remainder, $s1

	/* bltzal $31: the new link, a kseg0 address, is negative. */
	li	$ra, 1
	li	$s0, 1
	.word	0x07f00003		# bltzal ra, 1f
	nop
	li	$s0, 0
1:	report	bltzal-link, $s0

	/* jalr with both registers the same jumps to the link address. */
	li	$s0, 1
	lui	$t0, %hi(1f)
	addiu	$t0, $t0, %lo(1f)
	.word	0x01004009		# jalr t0, t0
	nop
	li	$s0, 0
1:	report	jalr-same, $s0

	mfc0	$s0, CP0_COUNT
	mult	$t0, $t0
	mflo	$t1
	mfc0	$s1, CP0_COUNT
	subu	$s0, $s1, $s0		# one more than mult and mflo take
	mfc0	$s1, CP0_COUNT
	mult	$t0, $t0
	nop
	nop
	mflo	$t1
	mfhi	$t1
	mfc0	$s2, CP0_COUNT
	subu	$s1, $s2, $s1
	mfc0	$s2, CP0_COUNT
	mult	$t0, $t0
	mult	$t0, $t0
	mult	$t0, $t0
	mfc0	$s3, CP0_COUNT
	subu	$s2, $s3, $s2
	report	mult-mflo, $s0
	report	mult-apart, $s1
	report	three-mults, $s2
	j	finish
	nop

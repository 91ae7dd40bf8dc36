/* What a second CPU starts with (section 2.5). It leaves its findings in memory and interrupts the first. */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	set_stack
	lui	$s0, 0xbfff
	ori	$s0, $s0, 0x8000	# CPU 0's control region
	lui	$t0, %hi(second)
	addiu	$t0, $t0, %lo(second)
	sw	$t0, 0x700($s0)		# CRAM word 0 of CPU 1: where it starts
	li	$t0, 0x1234
	sw	$t0, 0x704($s0)		# word 1: its argument
	li	$t0, 3
	sw	$t0, -0x1ec($s0)	# CPUE
	.word	0x42000020		# wait
	sw	$zero, 4($s0)		# CIPI
	lui	$s0, 0x8005
	lw	$s1, 0($s0)
	lw	$s2, 4($s0)
	lw	$s3, 8($s0)
	lw	$s4, 12($s0)
	lw	$s5, 16($s0)
	report	count, $s1
	report	a0, $s2
	report	sp, $s3
	report	status, $s4
	report	self, $s5
	j	finish
	nop

second:
	mfc0	$t0, CP0_COUNT
	lui	$t1, 0x8005
	sw	$t0, 0($t1)
	sw	$a0, 4($t1)
	sw	$sp, 8($t1)
	mfc0	$t0, CP0_STATUS
	sw	$t0, 12($t1)
	lui	$t2, 0xbfff
	ori	$t2, $t2, 0x8000
	lw	$t0, -0x1e8($t2)	# SELF
	sw	$t0, 16($t1)
	li	$t0, 1
	sw	$t0, 4($t2)		# interrupt CPU 0
2:	.word	0x42000020		# wait
	b	2b
	nop

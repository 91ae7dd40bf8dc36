/* Worked example B of the System/161 reference, section 6.6: two CPUs that start, interrupt, and wait for another. */
	.set	noreorder
	.globl	_start
_start:
	lui	$8, 0xbfff		# CPU 0's control region
	ori	$8, $8, 0x8000
	lui	$9, %hi(second)
	ori	$9, $9, %lo(second)
	sw	$9, 0x700($8)		# CRAM word 0 of CPU 1: where it starts
	li	$10, 3
	sw	$10, -0x1ec($8)		# CPUE: it executes its first instruction in this very cycle
	.word	0x42000020		# wait
	sw	$0, 4($8)		# CIPI: take the interrupt back
	li	$10, 1
	sw	$10, 0x404($8)		# interrupt CPU 1
	nop
	sw	$0, -0x1f8($8)		# PWR
2:	.word	0x42000020		# wait
	b	2b
	nop

second:
	lui	$8, 0xbfff
	ori	$8, $8, 0x8000
	nop
	li	$10, 1
	sw	$10, 4($8)		# interrupt CPU 0
	.word	0x42000020		# wait
	sw	$0, 0x404($8)		# woken in the same cycle
2:	.word	0x42000020		# wait
	b	2b
	nop

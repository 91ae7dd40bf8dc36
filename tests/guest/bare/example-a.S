/* Worked example A of the System/161 reference, section 6.6: a bus timer, a character, idling, power-off. */
	.set	noreorder
	.globl	_start
_start:
	lui	$8, 0xbfe0		# serial, slot 0
	lui	$9, 0xbffd		# timer, slot 29
	li	$10, 7
	li	$11, 33337
	sw	$11, 16($9)		# COUNT
	sw	$10, 0($8)		# CHAR
	mult	$10, $11
	mflo	$12			# stalls once
	lui	$13, 0xbfff
	.word	0x42000020		# wait
	lw	$12, 12($9)		# IRQ
	sw	$0, 0x7e08($13)		# PWR
2:	.word	0x42000020		# wait
	b	2b
	nop

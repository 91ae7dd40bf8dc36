/* Interrupt lines and the timer, traced from within (section 5.6). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe	# trace, slot 30
	li $9, 'i'
	sw $9, 0($8)
	li $9, 'k'
	sw $9, 0($8)
	li $9, 'x'
	sw $9, 0($8)
	li $9, 'j'
	sw $9, 0($8)
	lui	$t5, 0xbfe0		# serial
	li	$v0, 5
	sw	$v0, 4($t5)		# enable and force
	sw	$0, 4($t5)		# enable and force
	li	$t5, 8
	mtc0	$t5, $11
	mtc0	$zero, $9
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	mtc0	$t5, $11
	nop
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

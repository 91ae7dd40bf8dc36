/* Ticks of 0.4 s and a character each, for the watchdog of an idle machine (section 5.2). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffd	# timer
	li $11, 1
	sw $11, 8($8)
	lui $11, 0x0006
	ori $11, $11, 0x1a80	# 400000 us
	sw $11, 16($8)
	li $10, 20
1:	.word 0x42000020
	lw $12, 12($8)
	lui $13, 0xbfe0
	li $14, '.'
	sw $14, 0($13)
	addiu $10, $10, -1
	bnez $10, 1b
	nop
	sw $0, 8($8)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

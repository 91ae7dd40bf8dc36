/* Trace flags switched by the trace card while no processor traces from the start, and off again (section 3.7, 5.6). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe	# trace, slot 30
	li $9, 'k'
	li $10, 'j'
	li $11, 20
1:	addiu $11, $11, -1
	bnez $11, 1b
	nop
	sw $9, 0($8)
	nop
	nop
	sw $10, 0($8)
	sw $9, 4($8)
	b 1f
	nop
1:	nop
	sw $10, 4($8)
	li $9, 'd'
	sw $9, 0($8)
	sw $9, 0($8)
	sw $9, 8($8)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

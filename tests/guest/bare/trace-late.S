/* Flags that the trace card sets show in processors from the next run on (section 5.6). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe	# trace, slot 30
	li $9, 'k'
	sw $9, 0($8)
	li $11, 16700
1:	addiu $11, $11, -1
	bnez $11, 1b
	nop
	nop
	sw $9, 4($8)
	sw $9, 0($8)
	sw $9, 4($8)
	li $11, 16700
1:	addiu $11, $11, -1
	bnez $11, 1b
	nop
	sw $9, 0($8)
	nop
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

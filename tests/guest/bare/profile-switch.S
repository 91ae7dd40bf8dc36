/* Switches profiling off and on and erases it (sections 3.7, 5.10). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe		# trace
	lw $18, 20($8)
	jal f
	nop
	sw $0, 20($8)
	lw $19, 20($8)
	jal f
	nop
	jal g
	nop
	li $9, 7
	sw $9, 20($8)
	lw $20, 20($8)
	jal g
	nop
	li $16, 60000
1:	addiu $16, $16, -1
	bnez $16, 1b
	nop
	sw $0, 24($8)
	jal f
	nop
	li $16, 60000
1:	addiu $16, $16, -1
	bnez $16, 1b
	nop
	sw $18, 8($8)
	sw $19, 8($8)
	sw $20, 8($8)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop
f:	jr $31
	nop
g:	jr $31
	nop

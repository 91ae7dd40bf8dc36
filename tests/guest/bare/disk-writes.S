/* Six disk writes, each reported when it is done (sections 3.2, 5.2). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbfe1		# disk, slot 1
	li $16, 5
1:	li $9, 3
	sw $16, 8($8)
	sw $9, 4($8)
2:	lw $10, 4($8)
	andi $10, $10, 4
	beqz $10, 2b
	nop
	sw $0, 4($8)
	lui $13, 0xbfe0
	addiu $14, $16, 48
	sw $14, 0($13)
	addiu $16, $16, -1
	bgez $16, 1b
	nop
	li $9, 1
	sw $16, 8($8)
	sw $9, 4($8)
	sw $0, 4($8)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

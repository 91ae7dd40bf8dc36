/* Disk operations: all phases, an abort, an invalid sector (section 3.2). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbfe1		# disk, slot 1
	li $9, 1		# read 0, 20, abort, read again
	sw $0, 8($8)
	sw $9, 4($8)
1:	lw $10, 4($8)
	andi $10, $10, 4
	beqz $10, 1b
	nop
	sw $0, 4($8)
	li $11, 1
	sw $11, 8($8)
	sw $9, 4($8)
	sw $0, 4($8)
	sw $9, 4($8)
1:	lw $10, 4($8)
	andi $10, $10, 4
	beqz $10, 1b
	nop
	sw $0, 4($8)
	sw $0, 4($8)
	lui $11, 1
	sw $11, 8($8)
	sw $9, 4($8)
	lw $10, 4($8)
	sw $0, 4($8)
	li $11, 5000
	sw $11, 8($8)
	li $12, 3
	sw $12, 4($8)
1:	lw $10, 4($8)
	andi $10, $10, 4
	beqz $10, 1b
	nop
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop

/* Every character to the console (sections 3.3, 5.6). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbfe0
	lui	$9, 0xbffd
	li $10, 0
	li $11, 1
	sw $11, 8($9)
	li $11, 100
	sw $11, 16($9)
1:	sw $0, 4($8)
	sw $10, 0($8)
2:	lw $12, 4($8)
	lw $13, 12($9)
	andi $12, $12, 2
	beqz $12, 2b
	nop
	addiu $10, $10, 1
	slti $12, $10, 256
	bnez $12, 1b
	nop
	sw $0, 8($9)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	lw $13, 12($9)

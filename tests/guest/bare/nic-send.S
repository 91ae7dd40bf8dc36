/* Sends frames with no hub there, and looks at the registers meanwhile (section 3.5). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe	# trace, slot 30
	lui $9, 0xbffd
	li $10, 1
	sw $10, 8($9)
	li $10, 20000
	sw $10, 16($9)		# timer: 20 ms
	lui $11, 0xbfe3
	ori $14, $11, 0x9000
	li $15, 0x1234
	sw $15, 0($14)		# nonsense magic, source
	lui $15, 20
	ori $15, 7
	sw $15, 4($14)		# length, destination
	lui $15, 0x4142
	sw $15, 8($14)
	li $10, 3
	sw $10, 8($11)
	lw $12, 8($11)
	sw $12, 8($8)
	li $16, 30
1:	.word 0x42000020
	lw $12, 12($9)
	lw $13, 4($11)
	beqz $13, 2f
	nop
	lw $12, 8($11)
	sw $12, 8($8)
	sw $0, 4($11)
	sw $0, 8($11)
	lw $15, 0($14)
	sw $15, 8($8)
	lui $15, 0x20
	ori $15, 7
	sw $15, 4($14)		# too long
	li $10, 2
	bltz $17, 2f
	sw $10, 8($11)
	li $17, -1
2:	addiu $16, $16, -1
	bnez $16, 1b
	nop
	li $10, 2
	sw $10, 8($11)
	sw $0, 8($11)
	lw $12, 8($11)
	sw $12, 8($8)
	li $10, 1
	sw $10, 0($11)
	sw $10, 4($11)
	lw $12, 0($11)
	sw $12, 8($8)
	sw $0, 0($11)
	sw $0, 4($11)
	sw $10, 8($11)
	lw $12, 8($11)
	sw $12, 8($8)
	lw $12, 12($11)
	sw $12, 8($8)
	sw $0, 8($9)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
3:	.word 0x42000020
	b 3b
	nop

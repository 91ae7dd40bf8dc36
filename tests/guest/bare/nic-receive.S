/* Waits for frames, and dumps the machine for each (section 3.5). */
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
	li $16, 300
1:	.word 0x42000020
	lw $12, 12($9)
	lw $13, 0($11)
	beqz $13, 2f
	nop
	sw $12, 12($8)		# received: dump
	sw $0, 0($11)
	ori $14, $11, 0x8000
	lw $15, 0($14)
	lw $15, 4($14)
2:	addiu $16, $16, -1
	bnez $16, 1b
	nop
	sw $12, 12($8)
	sw $0, 8($9)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
3:	.word 0x42000020
	b 3b
	nop

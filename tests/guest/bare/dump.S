/* A machine dump with an event of every kind pending (section 3.7). The devices are those of dump.conf. */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe	# trace, slot 30
	lui $9, 0xbffd
	li $10, 1000
	sw $10, 16($9)		# timer
	lui $9, 0xbfe0
	sw $10, 0($9)		# serial
	lui $9, 0xbfe1
	li $10, 3
	sw $10, 4($9)		# disk write 
	lui $9, 0xbfe2
	sw $10, 12($9)		# emufs
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
	lui $9, 0xbfe3
	li $10, 2
	sw $10, 8($9)		# nic
	sw $9, 12($8)
	lui $9, 0xbfe1
	lw $10, 4($9)
	li $11, 4
1:	lw $12, 4($9)
	andi $12, $12, 4
	beqz $12, 1b
	nop
2:	.word 0x42000020
	b 2b
	nop

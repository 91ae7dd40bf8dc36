/* Calls of several kinds on two processors (section 5.10). */
	.set noreorder
	.globl _start
	.type _start,@function
_start:
	lui $8, 0xbffe		# trace
	lui $9, 0xbffd
	lui $15, 0xbfff
	ori $15, $15, 0x8000
	lui $10, %hi(second)
	addiu $10, $10, %lo(second)
	sw $10, 0x700($15)
	li $10, 3
	sw $10, -0x1ec($15)
	li $16, 60000
1:	jal f
	nop
	jal g
	nop
	jal f
	nop
	la $12, g
	jalr $12
	nop
	addiu $16, $16, -1
	bnez $16, 1b
	nop
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	nop
f:	jr $31
	nop
g:	move $17, $31
	jal h
	nop
	jr $17
	nop
h:	bgezal $0, 1f
	nop
1:	jr $17
	nop
second: li $16, 30
1:	jal s2
	nop
	addiu $16, $16, -1
	bnez $16, 1b
	nop
3:	.word 0x42000020
	b 3b
	nop
s2:	jr $31
	nop

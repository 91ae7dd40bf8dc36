/* Calls that fault at their targets, under the profile (sections 1.5, 5.10), from a program of an odd number of bins and a
 * rest. */
	.set noreorder
	.section .vectors, "ax"
	jr $16
	nop
	.org 0x80
	jr $16
	nop

	.text
	.globl _start
_start:
	mtc0 $0, $12
	lui $16, %hi(1f)
	jal f
	addiu $16, $16, %lo(1f)
	.word 0x0e000000	# jal to 0x88000000, beyond RAM
	nop
1:	lui $16, %hi(2f)
	jal f
	addiu $16, $16, %lo(2f)
	.word 0x0e000000
	nop
2:	lui $13, 0xbfff
	sw $0, 0x7e08($13)
3:	.word 0x42000020
	b 3b
	nop
f:	jr $31
	nop
	.comm rest, 8, 4

/* Prints the nanoseconds again and again and never ends: what the watchdog is for (section 5.2). */
	.set noreorder
	.globl _start
_start:
	lui $8, 0xbffe
	lui $9, 0xbffd
1:	lw $10, 4($9)
	sw $10, 8($8)
	li $11, 300000
2:	addiu $11, $11, -1
	bnez $11, 2b
	nop
	b 1b
	nop

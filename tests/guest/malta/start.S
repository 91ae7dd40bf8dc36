/* Entry, exception vectors and the end of bare Malta programs. */
	.set	noreorder
	.set	noat
	.text
	.globl	__start
__start:
	/* Vectors in RAM instead of the ROM's: BEV off. */
	la	$sp, stack_top
	la	$8, vectors
	la	$9, vectors_end
	lui	$10, 0x8000
1:	lw	$11, 0($8)
	addiu	$8, $8, 4
	sw	$11, 0($10)
	bne	$8, $9, 1b
	addiu	$10, $10, 4
	mtc0	$0, $12
	ehb
	la	$8, arguments
	jal	main
	sw	$5, 0($8)
	.globl	finish
finish:
	lui	$8, 0xbf00
	li	$9, 0x42
	sw	$9, 0x500($8)
1:	b	1b
	nop

	/* What goes to 0x80000000: refill, general exceptions, interrupts with Cause.IV. */
vectors:
	b	1f
	li	$27, 0x000
	.org	vectors + 0x100
1:	la	$26, handler
	jr	$26
	nop
	.org	vectors + 0x180
	b	1b
	li	$27, 0x180
	.org	vectors + 0x200
	b	1b
	li	$27, 0x200
	.org	vectors + 0x210
vectors_end:

	/* Notes everything in `exception`; goes on behind the instruction, or at `exception.resume` in kernel
	 * mode; after BREAK at `exception.after_break`. */
handler:
	la	$26, exception
	sw	$27, 0($26)
	mfc0	$27, $13
	sw	$27, 4($26)
	mfc0	$27, $14
	sw	$27, 8($26)
	mfc0	$27, $8
	sw	$27, 12($26)
	mfc0	$27, $10
	sw	$27, 16($26)
	mfc0	$27, $4
	sw	$27, 20($26)
	mfc0	$27, $12
	sw	$27, 24($26)
	lw	$27, 28($26)
	addiu	$27, $27, 1
	sw	$27, 28($26)

	lw	$27, 32($26)
	bnez	$27, resume
	sw	$0, 32($26)
	lw	$27, 4($26)
	andi	$27, $27, 0x7c
	xori	$27, $27, 9 << 2
	bnez	$27, 1f
	lw	$27, 36($26)
	bnez	$27, resume
	sw	$0, 36($26)
1:
	mfc0	$27, $13
	andi	$27, $27, 0x7c
	beqz	$27, interrupted
	lw	$27, 4($26)
	bltz	$27, 1f			/* in a delay slot */
	lw	$27, 8($26)
	addiu	$27, $27, -4
1:	addiu	$27, $27, 8
	mtc0	$27, $14
	ehb
	eret
resume:
	mtc0	$27, $14
	mfc0	$27, $12
	srl	$27, $27, 5
	sll	$27, $27, 5
	ori	$27, $27, 2		/* kernel, interrupts off */
	mtc0	$27, $12
	ehb
	eret
interrupted:
	mfc0	$27, $13
	ins	$27, $0, 8, 2		/* software interrupts */
	mtc0	$27, $13
	mfc0	$27, $11
	mtc0	$27, $11		/* the timer's */
	ehb
	eret

	.bss
	.align	12
	.space	0x4000
stack_top:

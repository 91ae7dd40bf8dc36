/* Trying what may end in an exception. */
	.set	noreorder
	.set	noat

	.text

/* void attempt(void (*deed)(void), uint32_t result[3]): code, address and Cause; code 0 if nothing came. */
	.globl	attempt
attempt:
	addiu	$sp, $sp, -56
	sw	$s0, 16($sp)
	sw	$s1, 20($sp)
	sw	$s2, 24($sp)
	sw	$s3, 28($sp)
	sw	$s4, 32($sp)
	sw	$s5, 36($sp)
	sw	$s6, 40($sp)
	sw	$s7, 44($sp)
	sw	$s8, 48($sp)
	sw	$ra, 52($sp)
	lui	$t0, %hi(saved_sp)
	sw	$sp, %lo(saved_sp)($t0)
	sw	$a1, 60($sp)
	jalr	$a0
	nop
	move	$a0, $zero
	move	$a1, $zero
	move	$a2, $zero
	.globl	caught
caught:					# from the kernel: a0 code, a1 address, a2 Cause
	lui	$t0, %hi(saved_sp)
	lw	$sp, %lo(saved_sp)($t0)
	nop
	lw	$t1, 60($sp)
	nop
	sw	$a0, 0($t1)
	sw	$a1, 4($t1)
	sw	$a2, 8($t1)
	lw	$s0, 16($sp)
	lw	$s1, 20($sp)
	lw	$s2, 24($sp)
	lw	$s3, 28($sp)
	lw	$s4, 32($sp)
	lw	$s5, 36($sp)
	lw	$s6, 40($sp)
	lw	$s7, 44($sp)
	lw	$s8, 48($sp)
	lw	$ra, 52($sp)
	jr	$ra
	addiu	$sp, $sp, 56

	.data
	.align	2
saved_sp:
	.word	0

/* Lines with known counts, in a file of their own: tests/system/coverage.py. A comment says how often its line is executed. */
	.set noreorder
	.globl	_start
	.type	_start, @function
_start:
	li	$8, 10			# 1
1:	addiu	$8, $8, -1		# 10
	bne	$8, $0, 1b		# 10
	addiu	$9, $9, 1		# 10
	beq	$8, $8, 2f		# 1
	nop				# 1
	addiu	$9, $9, 1		# 0
2:	bne	$8, $8, 2b		# 1
	addiu	$9, $9, 1		# 1
	mult	$9, $9			# 1
	mflo	$10			# 1
	jal	twice			# 1
	nop				# 1
	jal	twice			# 1
	nop				# 1
	lui	$10, 0xbfff		# 1
	sw	$0, 0x7e08($10)		# 1
3:	c0	0x20			# 1, waits
	b	3b			# 0
	nop				# 0
	.size	_start, . - _start

	.globl	twice
	.type	twice, @function
twice:
	jr	$31			# 2
	nop				# 2
	.size	twice, . - twice

	.globl	never
	.type	never, @function
never:
	jr	$31			# 0
	nop				# 0
	.size	never, . - never

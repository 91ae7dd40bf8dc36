/* 20,000 basic blocks in 200 functions, each executed three times: what a dump and its page have to cope with. */
	.set	noreorder
	.altmacro
	.macro	function number
	.globl	f\number
	.type	f\number, @function
f\number:
	.rept	100
	addiu	$8, $8, 1
	bne	$8, $0, . + 8
	xori	$9, $8, 5
	.endr
	.size	f\number, . - f\number
	.endm

	.globl	_start
	.type	_start, @function
_start:
	li	$16, 3
again:
	.set	count, 0
	.rept	200
	function %count
	.set	count, count + 1
	.endr
	addiu	$16, $16, -1
	beq	$16, $0, 1f
	nop
	j	again
	nop
1:	lui	$8, 0xbfff
	sw	$0, 0x7e08($8)		# PWR
2:	.word	0x42000020		# wait
	b	2b
	nop
	.size	_start, . - _start

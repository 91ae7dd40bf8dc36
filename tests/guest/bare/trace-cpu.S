/* Every instruction and every kind of exception once, for the trace of the processor (section 5.6): what -tkujtxi
 * prints of it is the record. Complete in itself, so that the record does not depend on a compiler. */
	.set	noreorder
	.set	noat
	.set	mips2			# ll, sc, sync

#define STATUS	$12
#define CAUSE	$13

/* Goes on behind the instructions, which may raise an exception. */
.macro try insns:vararg
	lui	$s7, %hi(9f)
	addiu	$s7, $s7, %lo(9f)
	\insns
9:
.endm

	.section .vectors, "ax"
	jr	$s7
	nop
	.org	0x80
	jr	$s7
	nop

	.text
	.globl	_start
_start:
	mtc0	$zero, STATUS
	li	$t0, 7
	li	$t1, -3
	lui	$t2, 0x8000
	lui	$t3, 0x7fff
	lui	$s0, 0x8005		# data

	/* Computation. */
	add	$v0, $t0, $t1
	addu	$v1, $t2, $t2
	sub	$a0, $t0, $t1
	subu	$a1, $t1, $t0
	and	$a2, $t1, $t3
	or	$a3, $t1, $t2
	xor	$t4, $t1, $t3
	nor	$t5, $t0, $t2
	slt	$t6, $t1, $t0
	slt	$t6, $t0, $t1
	sltu	$t7, $t1, $t0
	sltu	$t7, $t0, $t1
	addi	$s1, $t0, -9
	addiu	$s2, $t1, 32767
	slti	$s3, $t1, -2
	slti	$s3, $t0, -2
	sltiu	$s4, $t0, -2
	sltiu	$s4, $t1, 5
	andi	$s5, $t1, 0xff0f
	ori	$s6, $t2, 0xffff
	xori	$t8, $t1, 0x8001
	lui	$t9, 0xfedc
	sll	$k0, $t1, 31
	srl	$k1, $t1, 4
	sra	$gp, $t1, 4
	sllv	$fp, $t1, $t0
	srlv	$ra, $t1, $t3
	srav	$at, $t2, $t0
	.word	0x00211042		# ROTR: executed as SRL
	addu	$zero, $zero, $zero

	/* HI and LO. */
	mult	$t1, $t3
	nop
	mflo	$v0
	mfhi	$v0
	nop
	multu	$t1, $t3
	mflo	$v0
	nop
	nop
	div	$zero, $t3, $t1
	nop
	nop
	divu	$zero, $t1, $t0
	nop
	nop
	.word	0x0120001a		# div $t1, $zero
	nop
	nop
	.word	0x0120001b		# divu $t1, $zero
	mtlo	$t0
	mthi	$t1
	nop
	mfhi	$v0
	mflo	$v0

	/* Memory. */
	sw	$t1, 0($s0)
	sh	$t1, 4($s0)
	sh	$t0, 6($s0)
	sb	$t1, 8($s0)
	sb	$t2, 9($s0)
	swl	$t3, 13($s0)
	swr	$t3, 18($s0)
	lw	$v0, 0($s0)
	lh	$v0, 4($s0)
	lhu	$v0, 4($s0)
	lb	$v0, 8($s0)
	lbu	$v0, 8($s0)
	lwl	$v0, 1($s0)
	lwr	$v0, 2($s0)
	ll	$v0, 0($s0)
	sc	$t0, 0($s0)
	sc	$t3, 4($s0)
	li	$t0, 7
	lw	$zero, -4($s0)
	sync

	/* Jumps. */
	beq	$t0, $t1, 1f
	nop
	beq	$t0, $t0, 1f
	nop
1:	bne	$t0, $t1, 1f
	nop
1:	bne	$t0, $t0, 1f
	nop
1:	blez	$t1, 1f
	nop
1:	blez	$t0, 1f
	nop
1:	bgtz	$t0, 1f
	nop
1:	bgtz	$t1, 1f
	nop
1:	bltz	$t1, 1f
	nop
1:	bltz	$t0, 1f
	nop
1:	bgez	$zero, 1f
	nop
1:	bgez	$t1, 1f
	nop
1:	bltzal	$t1, 1f
	nop
1:	bltzal	$t0, 1f
	nop
1:	bgezal	$t0, 1f
	nop
1:	bgezal	$t1, 1f
	nop
1:	.word	0x07f00001		# bltzal $ra: not what assemblers take
	nop
1:	j	1f
	addiu	$v0, $v0, 1
1:	jal	1f
	sw	$ra, 0($s0)
1:	lui	$t4, %hi(1f)
	addiu	$t4, $t4, %lo(1f)
	jr	$t4
	nop
	nop
1:	lui	$t4, %hi(1f)
	addiu	$t4, $t4, %lo(1f)
	jalr	$t5, $t4
	nop
	nop
1:	b	1f			# a jump in a delay slot
	b	2f
	nop
1:	nop
2:	nop
	nop

	/* CP0. */
	mfc0	$v0, $0
	mfc0	$v0, $1
	mfc0	$v0, $15
	.word	0x40027801		# mfc0 $v0, $15, 1
	.word	0x40028001		# mfc0 $v0, $16, 1
	mtc0	$t1, $4
	mtc0	$t1, $8
	mtc0	$t1, $14
	mtc0	$t1, $15
	.word	0x40898001		# mtc0 $t1, $16, 1
	.word	0x40898002		# mtc0 $t1, $16, 2
	try	.word 0x40021800	# mfc0 $v0, $3
	try	.word 0x40891800	# mtc0 $t1, $3
	try	.word 0x40821801	# mtc0 $v0, $3, 1
	try	.word 0x40020001	# mfc0 $v0, $0, 1
	lui	$t4, 0x0001
	ori	$t4, $t4, 0x2000
	mtc0	$t4, $10		# page 12
	lui	$t5, 0x0005
	ori	$t5, $t5, 0xf00
	mtc0	$t5, $2			# physical page 50
	li	$t6, 0x500
	mtc0	$t6, $0
	tlbp
	tlbwi
	tlbr
	tlbp
	mtc0	$t4, $10
	li	$t4, 0x3040
	mtc0	$t4, $10		# page 3, address space 1
	li	$t5, 0x200
	mtc0	$t5, $2			# valid, clean
	tlbwr
	tlbp
	mfc0	$v0, $0
	li	$t4, 0x5080
	mtc0	$t4, $10
	mtc0	$zero, $2		# invalid
	li	$t6, 0x600
	mtc0	$t6, $0
	tlbwi

	/* Look-ups, good and bad. */
	lui	$t4, 0x0001
	ori	$t4, $t4, 0x2000
	sw	$t1, 4($t4)
	lw	$v0, 4($t4)
	sb	$t0, 5($t4)
	try	lw	$v0, 0x3000($zero)
	li	$t5, 0x3040
	mtc0	$t5, $10
	lw	$v0, 0x3000($zero)
	try	sw	$v0, 0x3000($zero)
	try	lw	$v0, 0x5000($zero)
	mtc0	$zero, $10
	li	$t5, 0x5080
	mtc0	$t5, $10
	try	lw	$v0, 0x5000($zero)
	try	sw	$v0, 0x5000($zero)
	try	sb	$v0, 0x7003($zero)
	try	lbu	$v0, 0x7003($zero)
	lui	$t5, 0xc000
	try	lw	$v0, 0x100($t5)
	try	sw	$v0, 0x100($t5)
	try	lwl	$v0, 0x7003($zero)
	try	swr	$v0, 0x7003($zero)

	/* Other exceptions. */
	try	lw	$v0, 2($s0)
	try	lh	$v0, 1($s0)
	try	lhu	$v0, 1($s0)
	try	sw	$v0, 2($s0)
	try	sh	$v0, 1($s0)
	try	ll	$v0, 2($s0)
	ll	$v0, 0($s0)
	try	syscall
	li	$t0, 7
	sc	$t0, 0($s0)
	lui	$t5, 0xbfe8
	try	lw	$v0, 0($t5)
	try	sw	$v0, 0($t5)
	try	sb	$v0, 0($t5)
	try	lh	$v0, 0($t5)
	try	ll	$v0, 0($t5)
	lui	$t5, 0x9000
	try	lw	$v0, 0($t5)
	try	sw	$v0, 0($t5)
	try	syscall
	try	.word 0x0000000c | 5 << 6
	try	add	$v0, $t3, $t3
	li	$v0, -1
	try	addi	$v0, $t2, -1
	try	sub	$v0, $t2, $t3
	try	.word 0x0000000e
	try	.word 0x04050000
	try	.word 0x41000000	# bc0f
	try	.word 0x41010004	# bc0t
	try	.word 0x40420800	# cfc0
	try	.word 0x40c20800	# ctc0
	try	.word 0x40220000	# dmfc0
	try	.word 0x42000018	# eret
	try	.word 0x42000060
	try	.word 0x44020000	# mfc1
	try	.word 0x44820000	# mtc1
	try	.word 0x45000001	# bc1f
	try	.word 0x46000000	# add.s
	try	.word 0x48020000	# mfc2
	try	.word 0x4c020000	# mfc3
	try	.word 0xc4020004	# lwc1
	try	.word 0xc8020004	# lwc2
	try	.word 0xcc020004	# pref, lwc3
	try	.word 0xe4020004	# swc1
	try	.word 0xe8020004	# swc2
	try	.word 0xec020004	# swc3
	try	.word 0xd4020004	# ldc1
	try	.word 0x7c020004
	try	.word 0xbe000000 | 16 << 21	# cache
	try	.word 0xbe000004 | 16 << 21	# cache
	try	.word 0xbe050001 | 16 << 21	# cache, translates, misaligned
	try	.word 0xbe050000 | 16 << 21	# cache, translates
	try	.word 0xbc058000	# cache, unmapped

	/* Bad jumps. */
	li	$t5, 2
	try	jr	$t5
	li	$t5, 0x8000
	try	jr	$t5
	li	$t5, 0x8000
	try	jalr	$v0, $t5
	lui	$t5, 0x9000
	try	jr	$t5
	lui	$t5, 0xbfe0
	try	jr	$t5

	/* Faults in delay slots, of taken and other branches. */
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	b	1f
	lw	$v0, 0x7000($zero)
1:	nop
2:	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	bne	$zero, $zero, 1f
	lw	$v0, 0x7000($zero)
1:	nop
2:	nop

	/* Software interrupts. */
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	li	$t5, 0x300
	mtc0	$t5, CAUSE
	li	$t6, 0x301
	mtc0	$t6, STATUS
	nop
	nop
2:	mtc0	$zero, CAUSE
	mtc0	$zero, STATUS

	/* The timer, in a delay slot. */
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	li	$t5, 12
	mtc0	$t5, $11
	mtc0	$zero, $9
	li	$t6, 0x8001
	mtc0	$t6, STATUS
1:	b	1b
	nop
	nop
2:	mfc0	$v0, CAUSE
	li	$t5, -1
	mtc0	$t5, $11
	mtc0	$t5, $11
	mtc0	$zero, STATUS

	/* The bus, and the line between processors. */
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	lui	$t5, 0xbfe0		# serial
	lui	$t7, 0xbfff		# bus controller
	ori	$t8, $t7, 0x8000
	li	$v0, 5
	sw	$v0, 4($t5)		# enable and force
	sw	$v0, 4($t8)
	sw	$v0, 4($t8)
	li	$t6, 0x0c01
	mtc0	$t6, STATUS
	nop
	nop
2:	li	$t6, -1
	sw	$zero, 4($t8)
	sw	$zero, 4($t8)
	sw	$zero, 4($t5)
	sw	$zero, 0($t8)
	sw	$v0, 4($t5)
	sw	$zero, 4($t5)
	sw	$t6, 0($t8)

	/* User mode: mapped at page 0x20, which is the page of user_code. */
	lui	$t4, 0x0002
	mtc0	$t4, $10
	lui	$t5, %hi(user_code)
	addiu	$t5, $t5, %lo(user_code)
	lui	$t6, 0x1fff
	ori	$t6, $t6, 0xf000
	and	$t5, $t5, $t6
	ori	$t5, $t5, 0x300
	mtc0	$t5, $2
	li	$t6, 0x800
	mtc0	$t6, $0
	tlbwi
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	li	$v0, 0x0c			# user mode, interrupts on afterwards
	mtc0	$v0, STATUS
	jr	$t4
	.word	0x42000010			# rfe
2:	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	addiu	$t5, $t4, 0x10
	li	$v0, 0x08
	mtc0	$v0, STATUS
	jr	$t5
	.word	0x42000010
2:	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	addiu	$t5, $t4, 0x20
	li	$v0, 0x08
	mtc0	$v0, STATUS
	jr	$t5
	.word	0x42000010
2:	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	addiu	$t5, $t4, 0x30
	li	$v0, 0x08
	mtc0	$v0, STATUS
	jr	$t5
	.word	0x42000010
2:	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	addiu	$t5, $t4, 0x7ff
	addiu	$t5, $t5, 0x7f1			# the end of the page
	li	$v0, 0x08
	mtc0	$v0, STATUS
	jr	$t5
	.word	0x42000010
2:	lui	$s7, %hi(2f)			# to an unmapped page
	addiu	$s7, $s7, %lo(2f)
	li	$t5, 0x7004
	li	$v0, 0x08
	mtc0	$v0, STATUS
	jr	$t5
	.word	0x42000010
2:	lui	$s7, %hi(2f)			# outside of a delay slot
	addiu	$s7, $s7, %lo(2f)
	li	$v0, 0x04
	mtc0	$v0, STATUS
	.word	0x42000010
	nop
	mtc0	$zero, STATUS
2:	li	$v0, 0x08			# into user mode in the kernel's addresses
	mtc0	$v0, STATUS
	lui	$s7, %hi(2f)
	addiu	$s7, $s7, %lo(2f)
	.word	0x42000010
	nop
	nop
2:	mtc0	$zero, STATUS

	/* The end. */
	lui	$t5, 0xbfff
	sw	$zero, 0x7e08($t5)
3:	.word	0x42000020			# wait
	b	3b
	nop

	.section .mapped, "ax"
	.align	12
	.globl	user_code
user_code:
	addiu	$v0, $v0, 1
	mult	$t0, $t0
	mflo	$v0
	syscall
	lw	$v0, 0x7000($zero)		# 10
	nop
	nop
	nop
	mfc0	$v0, $0				# 20
	nop
	nop
	nop
	lw	$v0, 0($s0)			# 30: the kernel's address
	nop
	.org	0xfe8
	nop
	nop
	nop					# ff0
	nop
	nop
	nop

/*
 * Solo's assembly: exception vectors, entry from the loader, traps in and out, and access to CP0. Written with .set noreorder: what
 * stands after a branch is its delay slot.
 */
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"

	.set	noreorder
	.set	noat

/* o32 lets a C function store its four arguments in the 16 bytes above its caller's stack pointer. */
#define ARGUMENT_AREA 16
#define TRAP_SIZE     (ARGUMENT_AREA + FRAME_SIZE)
#define SAVED(n)      (ARGUMENT_AREA + 4 * (n))
#define USER_PAGES    2048

	.section .vectors, "ax"

/* No TLB entry for a user address (System/161 reference, section 1.12). An empty page has its valid bit clear: the refilled entry then
 * traps again, through the general vector. */
	mfc0	$k0, CP0_BADVADDR
	srl	$k0, $k0, PAGE_SHIFT
	sltiu	$k1, $k0, USER_PAGES
	beq	$k1, $zero, general_vector	# no such page at all
	sll	$k0, $k0, 2
	lui	$k1, %hi(page_table)
	addu	$k1, $k1, $k0
	lw	$k1, %lo(page_table)($k1)
	mfc0	$k0, CP0_EPC
	mtc0	$k1, CP0_ENTRYLO		# EntryHi already names the page
	tlbwr
	jr	$k0
	rfe

/* Everything else. One stack is enough: interrupts of the kernel stay on the one they came from. */
	.org	0x80
general_vector:
	mfc0	$k0, CP0_STATUS
	andi	$k0, $k0, STATUS_KUP
	beq	$k0, $zero, 1f
	move	$k1, $sp
	lui	$sp, %hi(stack_top)
	addiu	$sp, $sp, %lo(stack_top)
1:	addiu	$sp, $sp, -TRAP_SIZE
	sw	$k1, SAVED(29)($sp)
	sw	$1, SAVED(1)($sp)
	sw	$2, SAVED(2)($sp)
	sw	$3, SAVED(3)($sp)
	sw	$4, SAVED(4)($sp)
	sw	$5, SAVED(5)($sp)
	sw	$6, SAVED(6)($sp)
	sw	$7, SAVED(7)($sp)
	sw	$8, SAVED(8)($sp)
	sw	$9, SAVED(9)($sp)
	sw	$10, SAVED(10)($sp)
	sw	$11, SAVED(11)($sp)
	sw	$12, SAVED(12)($sp)
	sw	$13, SAVED(13)($sp)
	sw	$14, SAVED(14)($sp)
	sw	$15, SAVED(15)($sp)
	sw	$16, SAVED(16)($sp)
	sw	$17, SAVED(17)($sp)
	sw	$18, SAVED(18)($sp)
	sw	$19, SAVED(19)($sp)
	sw	$20, SAVED(20)($sp)
	sw	$21, SAVED(21)($sp)
	sw	$22, SAVED(22)($sp)
	sw	$23, SAVED(23)($sp)
	sw	$24, SAVED(24)($sp)
	sw	$25, SAVED(25)($sp)
	sw	$28, SAVED(28)($sp)
	sw	$30, SAVED(30)($sp)
	sw	$31, SAVED(31)($sp)
	mfhi	$t0
	mflo	$t1
	sw	$t0, ARGUMENT_AREA+FRAME_HI($sp)
	sw	$t1, ARGUMENT_AREA+FRAME_LO($sp)
	mfc0	$t0, CP0_STATUS
	mfc0	$t1, CP0_CAUSE
	mfc0	$t2, CP0_EPC
	mfc0	$t3, CP0_BADVADDR
	sw	$t0, ARGUMENT_AREA+FRAME_STATUS($sp)
	sw	$t1, ARGUMENT_AREA+FRAME_CAUSE($sp)
	sw	$t2, ARGUMENT_AREA+FRAME_EPC($sp)
	sw	$t3, ARGUMENT_AREA+FRAME_VADDR($sp)
	jal	trap
	addiu	$a0, $sp, ARGUMENT_AREA

	lw	$t0, ARGUMENT_AREA+FRAME_HI($sp)
	lw	$t1, ARGUMENT_AREA+FRAME_LO($sp)
	lw	$t2, ARGUMENT_AREA+FRAME_STATUS($sp)
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, CP0_STATUS		# interrupts off until RFE
	lw	$1, SAVED(1)($sp)
	lw	$2, SAVED(2)($sp)
	lw	$3, SAVED(3)($sp)
	lw	$4, SAVED(4)($sp)
	lw	$5, SAVED(5)($sp)
	lw	$6, SAVED(6)($sp)
	lw	$7, SAVED(7)($sp)
	lw	$8, SAVED(8)($sp)
	lw	$9, SAVED(9)($sp)
	lw	$10, SAVED(10)($sp)
	lw	$11, SAVED(11)($sp)
	lw	$12, SAVED(12)($sp)
	lw	$13, SAVED(13)($sp)
	lw	$14, SAVED(14)($sp)
	lw	$15, SAVED(15)($sp)
	lw	$16, SAVED(16)($sp)
	lw	$17, SAVED(17)($sp)
	lw	$18, SAVED(18)($sp)
	lw	$19, SAVED(19)($sp)
	lw	$20, SAVED(20)($sp)
	lw	$21, SAVED(21)($sp)
	lw	$22, SAVED(22)($sp)
	lw	$23, SAVED(23)($sp)
	lw	$24, SAVED(24)($sp)
	lw	$25, SAVED(25)($sp)
	lw	$28, SAVED(28)($sp)
	lw	$30, SAVED(30)($sp)
	lw	$31, SAVED(31)($sp)
	lw	$k1, ARGUMENT_AREA+FRAME_EPC($sp)
	lw	$sp, SAVED(29)($sp)
	jr	$k1
	rfe

	.text

/* From the loader: a0 is the argument string, at the very end of RAM (section 4.2). */
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS	# our vectors instead of the boot ROM's
	lui	$sp, %hi(stack_top)
	addiu	$sp, $sp, %lo(stack_top)
	j	solo_main
	addiu	$sp, $sp, -ARGUMENT_AREA

/* void next_program(void): forgets what the kernel was at, and begins on an empty stack. */
	.globl	next_program
next_program:
	lui	$sp, %hi(stack_top)
	addiu	$sp, $sp, %lo(stack_top)
	j	run_next_program
	addiu	$sp, $sp, -ARGUMENT_AREA

/* void enter_user(uint32_t epc, uint32_t sp, uint32_t argument) */
	.globl	enter_user
enter_user:
	li	$t0, STATUS_IM_BUS | STATUS_IM_TIMER | STATUS_KUP | STATUS_IEP
	mtc0	$t0, CP0_STATUS
	move	$k1, $a0
	move	$sp, $a1
	move	$a0, $a2
	jr	$k1
	rfe

/* uint32_t status_get(void); void status_set(uint32_t) */
	.globl	status_get, status_set
status_get:
	jr	$ra
	mfc0	$v0, CP0_STATUS
status_set:
	jr	$ra
	mtc0	$a0, CP0_STATUS

/* void wait_for_interrupt(void): WAIT ends for a raised line whether or not it may interrupt (section 1.15). */
	.globl	wait_for_interrupt
wait_for_interrupt:
	jr	$ra
	.word	0x42000020		# wait

/* void compare_set(uint32_t cycles): the timer's period; also takes its interrupt back (section 1.9). */
	.globl	compare_set
compare_set:
	jr	$ra
	mtc0	$a0, CP0_COMPARE

/* uint32_t prid_get(void) */
	.globl	prid_get
prid_get:
	jr	$ra
	mfc0	$v0, CP0_PRID

/* void tlb_clear(uint32_t asid): pages of kseg0 are never looked up, so that they stand for nothing. */
	.globl	tlb_clear
tlb_clear:
	lui	$t0, 0x8000
	li	$t1, (TLB_ENTRIES - 1) << INDEX_SHIFT
	mtc0	$zero, CP0_ENTRYLO
1:	sll	$t2, $t1, PAGE_SHIFT - INDEX_SHIFT
	addu	$t2, $t2, $t0
	mtc0	$t2, CP0_ENTRYHI
	mtc0	$t1, CP0_INDEX
	tlbwi
	bne	$t1, $zero, 1b
	addiu	$t1, $t1, -(1 << INDEX_SHIFT)
	sll	$a0, $a0, ENTRYHI_ASID_SHIFT
	jr	$ra
	mtc0	$a0, CP0_ENTRYHI

/* void tlb_replace(uint32_t vaddr, uint32_t entrylo) */
	.globl	tlb_replace
tlb_replace:
	mfc0	$t0, CP0_ENTRYHI
	li	$t1, ENTRYHI_ASID
	and	$t0, $t0, $t1
	li	$t1, ENTRYHI_PAGE
	and	$a0, $a0, $t1
	or	$t0, $t0, $a0
	mtc0	$t0, CP0_ENTRYHI
	mtc0	$a1, CP0_ENTRYLO
	tlbp
	mfc0	$t1, CP0_INDEX
	bltz	$t1, 1f
	nop
	jr	$ra
	tlbwi
1:	jr	$ra
	tlbwr

	.section .bss
	.align	3
	.space	8192
stack_top:

/*
 * Solo's assembly: exception vectors, entry from the loader, traps in and out, and access to CP0. Written with .set noreorder: what
 * stands after a branch is its delay slot.
 */
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"
#include "tests/guest/kernel/trap_frame.inc"

	.set	noreorder
	.set	noat

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
	save_registers
	save_state
	jal	trap
	addiu	$a0, $sp, ARGUMENT_AREA

	return_from_frame

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

/*
 * The monitor's assembly: from a guest to trap() and back, and access to CP0. Written with .set noreorder: what stands
 * after a branch is its delay slot.
 */
#include "tests/guest/kernel/hw.h"
#include "tests/guest/monitor/layout.h"

	.set	noreorder
	.set	noat

	.section .vectors, "ax"

/* No TLB entry: only guests use mapped addresses. */
	j	trap_entry
	nop

	.org	0x80
	j	trap_entry
	nop

/*
 * Every register is the guest's, k0 and k1 too: its kernel may be in the middle of a handler. The store that frees the first
 * one overwrites nothing but EntryHi's page.
 */
trap_entry:
	sw	$k0, PRIVATE_K0($zero)
	mfc0	$k0, CP0_COUNT		# CYCLES_LEAVING instructions behind the vector
	sw	$k0, PRIVATE_COUNT($zero)
	lw	$k0, PRIVATE_VM($zero)
	sw	$1, 4($k0)
	sw	$2, 8($k0)
	sw	$3, 12($k0)
	sw	$4, 16($k0)
	sw	$5, 20($k0)
	sw	$6, 24($k0)
	sw	$7, 28($k0)
	sw	$8, 32($k0)
	sw	$9, 36($k0)
	sw	$10, 40($k0)
	sw	$11, 44($k0)
	sw	$12, 48($k0)
	sw	$13, 52($k0)
	sw	$14, 56($k0)
	sw	$15, 60($k0)
	sw	$16, 64($k0)
	sw	$17, 68($k0)
	sw	$18, 72($k0)
	sw	$19, 76($k0)
	sw	$20, 80($k0)
	sw	$21, 84($k0)
	sw	$22, 88($k0)
	sw	$23, 92($k0)
	sw	$24, 96($k0)
	sw	$25, 100($k0)
	lw	$t0, PRIVATE_K0($zero)
	sw	$27, 108($k0)
	sw	$28, 112($k0)
	sw	$29, 116($k0)
	sw	$30, 120($k0)
	sw	$31, 124($k0)
	sw	$t0, 104($k0)
	mfhi	$t0
	mflo	$t1
	sw	$t0, VM_HI($k0)
	sw	$t1, VM_LO($k0)
	mfc0	$t0, CP0_EPC
	mfc0	$t1, CP0_STATUS
	mfc0	$t2, CP0_CAUSE
	mfc0	$t3, CP0_BADVADDR
	sw	$t0, VM_PC($k0)
	sw	$t1, VM_STATUS($k0)
	sw	$t2, VM_CAUSE($k0)
	sw	$t3, VM_VADDR($k0)
	move	$a0, $k0
	lui	$sp, %hi(stack_top)
	j	trap
	addiu	$sp, $sp, %lo(stack_top)

/*
 * void resume_guest(struct vm *vm, uint32_t address, uint32_t compare): into user mode. There is no way to leave the kernel
 * without a register for the address: that is k0, which the stub at the address restores if it matters (schedule.c).
 */
	.globl	resume_guest
resume_guest:
	move	$k0, $a0
	sw	$k0, PRIVATE_VM($zero)
	sw	$a1, PRIVATE_RESUME($zero)
	lw	$t0, VM_HI($k0)
	lw	$t1, VM_LO($k0)
	li	$t2, STATUS_IM_BUS | STATUS_IM_TIMER | STATUS_KUP | STATUS_IEP
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, CP0_STATUS		# until RFE: kernel mode, interrupts off
	move	$k1, $a2
	lw	$1, 4($k0)
	lw	$2, 8($k0)
	lw	$3, 12($k0)
	lw	$4, 16($k0)
	lw	$5, 20($k0)
	lw	$6, 24($k0)
	lw	$7, 28($k0)
	lw	$8, 32($k0)
	lw	$9, 36($k0)
	lw	$10, 40($k0)
	lw	$11, 44($k0)
	lw	$12, 48($k0)
	lw	$13, 52($k0)
	lw	$14, 56($k0)
	lw	$15, 60($k0)
	lw	$16, 64($k0)
	lw	$17, 68($k0)
	lw	$18, 72($k0)
	lw	$19, 76($k0)
	lw	$20, 80($k0)
	lw	$21, 84($k0)
	lw	$22, 88($k0)
	lw	$23, 92($k0)
	lw	$24, 96($k0)
	lw	$25, 100($k0)
	lw	$28, 112($k0)
	lw	$29, 116($k0)
	lw	$30, 120($k0)
	lw	$31, 124($k0)
	mtc0	$zero, CP0_COUNT
	mtc0	$k1, CP0_COMPARE	# CYCLES_ENTERING instructions before the guest's
	lw	$k1, 108($k0)
	lw	$k0, PRIVATE_RESUME($zero)
	jr	$k0
	rfe

	.text

/* From the loader: a0 is the argument string, at the very end of RAM (section 4.2). */
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS	# our vectors instead of the boot ROM's
	li	$t0, PRIVATE_PAGE
	lui	$t1, %hi(private_page - KSEG0 + ENTRYLO_VALID + ENTRYLO_WRITE + ENTRYLO_GLOBAL)
	addiu	$t1, $t1, %lo(private_page - KSEG0 + ENTRYLO_VALID + ENTRYLO_WRITE + ENTRYLO_GLOBAL)
	mtc0	$t0, CP0_ENTRYHI
	mtc0	$t1, CP0_ENTRYLO
	mtc0	$zero, CP0_INDEX
	tlbwi
	lui	$sp, %hi(stack_top)
	j	monitor_main
	addiu	$sp, $sp, %lo(stack_top)

/* void wait_for_interrupt(void): WAIT ends for a raised line of the bus whether or not it may interrupt (section 1.15). */
	.globl	wait_for_interrupt
wait_for_interrupt:
	jr	$ra
	.word	0x42000020		# wait

/* uint32_t count_get(void) */
	.globl	count_get
count_get:
	jr	$ra
	mfc0	$v0, CP0_COUNT

/* void compare_set(uint32_t cycles): also takes the timer's interrupt back (section 1.9). */
	.globl	compare_set
compare_set:
	jr	$ra
	mtc0	$a0, CP0_COMPARE

#include "tests/guest/kernel/tlb.inc"

	.section .bss
	.align	12
	.globl	private_page
private_page:
	.space	4096
	.space	8192
stack_top:
	.space	16			# o32: where a function may store its arguments

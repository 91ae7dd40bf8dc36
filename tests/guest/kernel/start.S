/*
 * The kernel's assembly: exception vectors, entry from the loader, traps in and out, the switch between
 * processes, and access to CP0. Written with .set noreorder: what stands after a branch is its delay slot.
 */
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"
#include "tests/guest/kernel/trap_frame.inc"

	.set	noreorder
	.set	noat

	.section .vectors, "ax"

/*
 * 0x80000000: no TLB entry for a user address (System/161 reference, section 1.12). Walks the two-level page
 * table of the current process. An empty or swapped page has its valid bit clear: the refilled entry then traps
 * again, through the general vector, and vm_fault() does the rest.
 */
utlb_vector:
	mfc0	$k1, CP0_BADVADDR
	lui	$k0, %hi(current_directory)
	lw	$k0, %lo(current_directory)($k0)
	srl	$k1, $k1, 22
	sll	$k1, $k1, 2
	addu	$k0, $k0, $k1
	lw	$k0, 0($k0)		# the page table for these 4 MiB
	mfc0	$k1, CP0_CONTEXT	# bits 20:2 are the page number
	andi	$k1, $k1, 0xffc
	addu	$k0, $k0, $k1
	lw	$k0, 0($k0)
	mfc0	$k1, CP0_EPC
	mtc0	$k0, CP0_ENTRYLO	# EntryHi already names the page
	tlbwr
	jr	$k1
	rfe

/* 0x80000080: everything else. */
	.org	0x80
general_vector:
	mfc0	$k0, CP0_STATUS
	andi	$k0, $k0, STATUS_KUP
	beq	$k0, $zero, 1f		# from the kernel: stay on its stack
	move	$k1, $sp
	lui	$k0, %hi(current_stack)
	lw	$sp, %lo(current_stack)($k0)
1:	addiu	$sp, $sp, -TRAP_SIZE
	sw	$k1, SAVED(29)($sp)
	save_registers
	save_state
	jal	trap
	addiu	$a0, $sp, ARGUMENT_AREA

/* Back to what was interrupted. A new process starts here too, its frame filled in by hand. */
	.globl	trap_return
trap_return:
	return_from_frame

	.text

/* From the loader: a0 is the argument string, at the very end of RAM (section 4.2). */
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS	# our vectors instead of the boot ROM's
	lui	$sp, %hi(boot_stack_top)
	addiu	$sp, $sp, %lo(boot_stack_top)
	j	kernel_main
	addiu	$sp, $sp, -ARGUMENT_AREA

	.section .bss
	.align	3
	.space	2048
boot_stack_top:

	.text

/* void switch_stacks(uint32_t *save, uint32_t load): leaves one kernel stack for another. */
	.globl	switch_stacks
switch_stacks:
	addiu	$sp, $sp, -40
	sw	$s0, 0($sp)
	sw	$s1, 4($sp)
	sw	$s2, 8($sp)
	sw	$s3, 12($sp)
	sw	$s4, 16($sp)
	sw	$s5, 20($sp)
	sw	$s6, 24($sp)
	sw	$s7, 28($sp)
	sw	$s8, 32($sp)
	sw	$ra, 36($sp)
	sw	$sp, 0($a0)
	move	$sp, $a1
	lw	$s0, 0($sp)
	lw	$s1, 4($sp)
	lw	$s2, 8($sp)
	lw	$s3, 12($sp)
	lw	$s4, 16($sp)
	lw	$s5, 20($sp)
	lw	$s6, 24($sp)
	lw	$s7, 28($sp)
	lw	$s8, 32($sp)
	lw	$ra, 36($sp)
	jr	$ra
	addiu	$sp, $sp, 40

/*
 * bool copy_bytes(void *to, const void *from, size_t size): copies where one side is a user address. A fault
 * that cannot be mended makes it return false: trap() then continues at copy_failed.
 */
	.globl	copy_bytes, copy_bytes_end
copy_bytes:
	beq	$a2, $zero, 2f
	addu	$a2, $a2, $a1		# end of the source
1:	lbu	$t0, 0($a1)
	addiu	$a1, $a1, 1
	sb	$t0, 0($a0)
	bne	$a1, $a2, 1b
	addiu	$a0, $a0, 1
2:	jr	$ra
	li	$v0, 1
copy_bytes_end:

	.globl	copy_failed
copy_failed:
	jr	$ra
	move	$v0, $zero

/* bool try_lock(volatile uint32_t *word): takes a free lock (0) with LL and SC. */
	.globl	try_lock
try_lock:
	.set	push
	.set	mips2
1:	ll	$t0, 0($a0)
	bne	$t0, $zero, 2f
	li	$t1, 1
	sc	$t1, 0($a0)
	beq	$t1, $zero, 1b		# interrupted in between
	nop
	sync
	jr	$ra
	li	$v0, 1
2:	jr	$ra
	move	$v0, $zero
	.set	pop

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

#include "tests/guest/kernel/tlb.inc"

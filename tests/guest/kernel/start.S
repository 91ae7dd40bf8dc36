/*
 * The kernel's assembly: exception vectors, entry from the loader, traps in and out, the switch between
 * processes, and access to CP0. Written with .set noreorder: what stands after a branch is its delay slot.
 */
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"

	.set	noreorder
	.set	noat

/* o32 lets a C function store its four arguments in the 16 bytes above its caller's stack pointer. */
#define ARGUMENT_AREA 16
#define TRAP_SIZE     (ARGUMENT_AREA + FRAME_SIZE)
#define SAVED(n)      (ARGUMENT_AREA + 4 * (n))

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

/* Back to what was interrupted. A new process starts here too, its frame filled in by hand. */
	.globl	trap_return
trap_return:
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

/* void entryhi_set(uint32_t) */
	.globl	entryhi_set
entryhi_set:
	jr	$ra
	mtc0	$a0, CP0_ENTRYHI

/* void tlb_write_random(uint32_t entryhi, uint32_t entrylo) */
	.globl	tlb_write_random
tlb_write_random:
	mtc0	$a0, CP0_ENTRYHI
	mtc0	$a1, CP0_ENTRYLO
	jr	$ra
	tlbwr

/* void tlb_write(uint32_t index, uint32_t entryhi, uint32_t entrylo) */
	.globl	tlb_write
tlb_write:
	sll	$a0, $a0, INDEX_SHIFT
	mtc0	$a0, CP0_INDEX
	mtc0	$a1, CP0_ENTRYHI
	mtc0	$a2, CP0_ENTRYLO
	jr	$ra
	tlbwi

/* int tlb_probe(uint32_t entryhi): the matching entry, or -1 */
	.globl	tlb_probe
tlb_probe:
	mtc0	$a0, CP0_ENTRYHI
	tlbp
	mfc0	$v0, CP0_INDEX
	sra	$t0, $v0, 31		# all ones if nothing matched
	srl	$v0, $v0, INDEX_SHIFT
	jr	$ra
	or	$v0, $v0, $t0

/* uint32_t tlb_read_hi(uint32_t index): EntryHi of an entry */
	.globl	tlb_read_hi
tlb_read_hi:
	sll	$a0, $a0, INDEX_SHIFT
	mtc0	$a0, CP0_INDEX
	tlbr
	jr	$ra
	mfc0	$v0, CP0_ENTRYHI

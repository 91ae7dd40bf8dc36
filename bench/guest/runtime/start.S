/*
 * Entry from the loader, and exceptions: the TLB refill handler, and saving and restoring of everything else.
 * Written with .set noreorder: what stands after a branch is its delay slot.
 */
#include "bench/guest/runtime/guest.h"

	.set	noreorder
	.set	noat

#define STACK_SIZE 65536

	.text
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS	# vectors in RAM, interrupts off
#ifdef MACHINE_MALTA
	mtc0	$zero, CP0_PAGEMASK	# 4 KiB
	mtc0	$zero, CP0_WIRED
	ehb
#endif
	lui	$sp, %hi(stack_top - 32)
	jal	guest_main
	addiu	$sp, $sp, %lo(stack_top - 32)
1:	b	1b
	nop

/* A TLB miss below 2 GiB: the word for the page from the current table, which repeats every 16 MiB. */
	.globl	refill_code, refill_code_end
refill_code:
	mfc0	$k1, CP0_CONTEXT
	lui	$k0, %hi(current_table)
	lw	$k0, %lo(current_table)($k0)
#ifdef MACHINE_MALTA
	srl	$k1, $k1, 1		# bits 22:4 of Context are the number of the pair of pages
	andi	$k1, $k1, 4 * (TABLE_SIZE - 2)
	addu	$k0, $k0, $k1
	lw	$k1, 0($k0)
	lw	$k0, 4($k0)
	mtc0	$k1, CP0_ENTRYLO0
	mtc0	$k0, CP0_ENTRYLO1
	ehb
	tlbwr
	eret
#else
	andi	$k1, $k1, 4 * (TABLE_SIZE - 1)	# bits 20:2 of Context are the page's number
	addu	$k0, $k0, $k1
	lw	$k0, 0($k0)
	mfc0	$k1, CP0_EPC
	mtc0	$k0, CP0_ENTRYLO
	tlbwr
	jr	$k1
	rfe
#endif
refill_code_end:

	.globl	general_code, general_code_end
general_code:
	j	save_frame
	lui	$k0, %hi(current_frame)
general_code_end:

save_frame:
	lw	$k0, %lo(current_frame)($k0)
	nop
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
	sw	$28, 112($k0)
	sw	$29, 116($k0)
	sw	$30, 120($k0)
	sw	$31, 124($k0)
	mfhi	$t0
	mflo	$t1
	sw	$t0, FRAME_HI($k0)
	sw	$t1, FRAME_LO($k0)
	mfc0	$t0, CP0_STATUS
	mfc0	$t1, CP0_CAUSE
	mfc0	$t2, CP0_EPC
	mfc0	$t3, CP0_BADVADDR
	sw	$t0, FRAME_STATUS($k0)
	sw	$t1, FRAME_CAUSE($k0)
	sw	$t2, FRAME_EPC($k0)
	sw	$t3, FRAME_VADDR($k0)
	lui	$sp, %hi(stack_top - 32)
	addiu	$sp, $sp, %lo(stack_top - 32)
	jal	trap
	move	$a0, $k0

	.globl	return_to_frame
return_to_frame:
	lui	$k0, %hi(current_frame)
	lw	$k0, %lo(current_frame)($k0)
	nop
	lw	$t0, FRAME_HI($k0)
	lw	$t1, FRAME_LO($k0)
	lw	$t2, FRAME_STATUS($k0)
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, CP0_STATUS		# still kernel mode, until the return
	lw	$k1, FRAME_EPC($k0)
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
#ifdef MACHINE_MALTA
	mtc0	$k1, CP0_EPC
	ehb
	eret
#else
	jr	$k1
	rfe
#endif

	.section .data
	.align	2
	.globl	current_frame, current_table
current_frame:
	.word	boot_frame
current_table:
	.word	0

	.section .bss
	.align	3
boot_frame:
	.space	152
	.space	STACK_SIZE
	.align	3
stack_top:

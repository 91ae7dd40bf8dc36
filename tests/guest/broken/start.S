/* The common part of the broken kernels: vectors, traps in and out, start, switch between threads. */
#include "tests/guest/kernel/hw.h"

	.set	noreorder
	.set	noat

/* struct frame of broken.h, behind the 16 bytes that a C function may use above its caller's stack pointer. */
#define FRAME_SIZE 160
#define SAVED(n)   (16 + 4 * (n))
#define STATUS	   144
#define CAUSE	   148
#define EPC	   152
#define VADDR	   156
#include "tests/guest/kernel/trap_frame.inc"

	.section .vectors, "ax"
	j	trap_entry
	nop
	.org	0x80
	j	trap_entry
	nop

	.text
	.globl	trap_entry
	.type	trap_entry, @function
	.ent	trap_entry
trap_entry:
	lui	$k0, %hi(exception_stack)
	lw	$k0, %lo(exception_stack)($k0)
	beq	$k0, $zero, 1f
	move	$k1, $sp
	move	$sp, $k0		# a kernel that handles exceptions on a stack of their own
1:	addiu	$sp, $sp, -FRAME_SIZE
	sw	$k1, SAVED(29)($sp)
	save_registers
	mfc0	$t0, CP0_STATUS
	mfc0	$t1, CP0_CAUSE
	mfc0	$t2, CP0_EPC
	mfc0	$t3, CP0_BADVADDR
	sw	$t0, STATUS($sp)
	sw	$t1, CAUSE($sp)
	sw	$t2, EPC($sp)
	sw	$t3, VADDR($sp)
	jal	trap
	addiu	$a0, $sp, 16
	lw	$t0, STATUS($sp)
	nop
	mtc0	$t0, CP0_STATUS
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
	lw	$24, SAVED(24)($sp)
	lw	$25, SAVED(25)($sp)
	lw	$31, SAVED(31)($sp)
	lw	$k1, EPC($sp)
	lw	$sp, SAVED(29)($sp)
	jr	$k1
	rfe
	.end	trap_entry
	.size	trap_entry, . - trap_entry

	.globl	_start
	.type	_start, @function
	.ent	_start
_start:
	mtc0	$zero, CP0_STATUS
	lui	$sp, %hi(boot_stack_top)
	jal	broken_main
	addiu	$sp, $sp, %lo(boot_stack_top)
1:	b	1b
	nop
	.end	_start
	.size	_start, . - _start

/* void wait_for_interrupt(void): interrupts are off; one that comes is taken afterwards. */
	.globl	wait_for_interrupt
	.type	wait_for_interrupt, @function
	.ent	wait_for_interrupt
wait_for_interrupt:
	.word	0x42000020		# wait
	li	$t0, STATUS_IEC | STATUS_IM_BUS
	mtc0	$t0, CP0_STATUS
	nop
	li	$t0, STATUS_IM_BUS
	mtc0	$t0, CP0_STATUS
	jr	$ra
	nop
	.end	wait_for_interrupt
	.size	wait_for_interrupt, . - wait_for_interrupt

/* void set_status(uint32_t status) */
	.globl	set_status
	.type	set_status, @function
	.ent	set_status
set_status:
	jr	$ra
	mtc0	$a0, CP0_STATUS
	.end	set_status
	.size	set_status, . - set_status

/* void write_tlb(unsigned index, uint32_t high, uint32_t low) */
	.globl	write_tlb
	.type	write_tlb, @function
	.ent	write_tlb
write_tlb:
	sll	$a0, $a0, INDEX_SHIFT
	mtc0	$a0, CP0_INDEX
	mtc0	$a1, CP0_ENTRYHI
	mtc0	$a2, CP0_ENTRYLO
	tlbwi
	jr	$ra
	nop
	.end	write_tlb
	.size	write_tlb, . - write_tlb

/* void call_on(void (*function)(void), uint32_t stack): never returns. */
	.globl	call_on
	.type	call_on, @function
	.ent	call_on
call_on:
	addiu	$sp, $a1, -16
	jalr	$a0
	nop
1:	b	1b
	nop
	.end	call_on
	.size	call_on, . - call_on

/* void switch_frames(struct switchframe **save, struct switchframe *load) */
	.globl	switch_frames
	.type	switch_frames, @function
	.ent	switch_frames
switch_frames:
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
	.end	switch_frames
	.size	switch_frames, . - switch_frames

/* Where a new thread begins: its function is in s0. */
	.globl	thread_start
	.type	thread_start, @function
	.ent	thread_start
thread_start:
	jalr	$s0
	nop
1:	b	1b
	nop
	.end	thread_start
	.size	thread_start, . - thread_start

	.section .bss
	.align	3
	.space	4096
boot_stack_top:

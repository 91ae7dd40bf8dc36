// The driver of a kernel of random programs for MIPS32 release 2: prepares the machine for each program, runs it, goes
// on behind what traps, and boils exceptions and the final state down to a word that it prints through the UART.
//
// Nothing here depends on time: no timer, no Count, no Random. Registers are taken in where the architecture defines
// them: BadVAddr after address and TLB exceptions, EntryHi and Context after those of the TLB.
#include "tests/differential/mips32/layout.h"

	.set	noreorder
	.set	noat

#define KSEG0 0x80000000
#define UART  0xb80003f8

#define C0_INDEX    $0
#define C0_ENTRYLO0 $2
#define C0_ENTRYLO1 $3
#define C0_CONTEXT  $4
#define C0_PAGEMASK $5
#define C0_WIRED    $6
#define C0_BADVADDR $8
#define C0_ENTRYHI  $10
#define C0_STATUS   $12
#define C0_CAUSE    $13
#define C0_EPC	    $14

// Offsets in the save area: registers at 4 times their number, then
#define SAVE_HI	     128
#define SAVE_LO	     132
#define SAVE_WORDS   34
#define VAR_HASH     256
#define VAR_EVENTS   260
#define VAR_PROGRAM  264
#define VAR_RUN	     268
#define VAR_LEFT     272

	.macro	address reg, value
	lui	\reg, (KSEG0 + \value) >> 16
	ori	\reg, \reg, (KSEG0 + \value) & 0xffff
	.endm

	// $30 = ($30 * 33) ^ $value
	.macro	mix value
	sll	$25, $30, 5
	addu	$30, $30, $25
	xor	$30, $30, \value
	.endm

	.text
	.globl	_start
_start:
	// Vectors in RAM.
	address	$8, LAYOUT_BASE + vectors - _start
	address	$9, LAYOUT_BASE + vectors_end - _start
	lui	$10, 0x8000
1:	lw	$11, 0($8)
	addiu	$8, $8, 4
	sw	$11, 0($10)
	synci	0($10)
	bne	$8, $9, 1b
	addiu	$10, $10, 4
	mtc0	$0, C0_STATUS
	mtc0	$0, C0_CAUSE
	mtc0	$0, C0_WIRED
	mtc0	$0, C0_PAGEMASK
	ehb
	address	$26, LAYOUT_SAVE
	address	$4, LAYOUT_PROGRAMS
	sw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)
	address	$5, LAYOUT_COUNT
	lw	$6, 0($5)
	sw	$6, VAR_LEFT($26)

// Sets up and starts the next run.
next:
	address	$26, LAYOUT_SAVE
	lw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_EVENTS($26)

	// The TLB: addresses that match nothing, then the program's entries.
	mtc0	$0, C0_ENTRYLO0
	mtc0	$0, C0_ENTRYLO1
	lui	$8, 0x8000
	move	$9, $0
	li	$10, 16
1:	mtc0	$8, C0_ENTRYHI
	mtc0	$9, C0_INDEX
	addiu	$8, $8, 0x2000
	addiu	$9, $9, 1
	ehb
	bne	$9, $10, 1b
	tlbwi
	addiu	$8, $4, PROGRAM_TLB
	move	$9, $0
	li	$10, PROGRAM_TLB_COUNT
2:	lw	$11, 0($8)
	lw	$12, 4($8)
	lw	$13, 8($8)
	mtc0	$9, C0_INDEX
	mtc0	$11, C0_ENTRYHI
	mtc0	$12, C0_ENTRYLO0
	mtc0	$13, C0_ENTRYLO1
	addiu	$9, $9, 1
	addiu	$8, $8, 12
	ehb
	bne	$9, $10, 2b
	tlbwi

	// Data.
	address	$8, LAYOUT_DATA + WINDOW_START
	addiu	$9, $8, WINDOW_WORDS * 4
	lw	$10, PROGRAM_FILL($4)
4:	sll	$11, $10, 2
	addu	$10, $10, $11
	addiu	$10, $10, 0x3035
	sw	$10, 0($8)
	addiu	$8, $8, 4
	bne	$8, $9, 4b
	nop

	lw	$8, PROGRAM_HI($4)
	lw	$9, PROGRAM_LO($4)
	mthi	$8
	mtlo	$9
	lw	$8, PROGRAM_ENTRY_HI($4)
	lw	$9, PROGRAM_STATUS($4)
	lw	$10, PROGRAM_ENTRY($4)
	mtc0	$0, C0_CONTEXT
	mtc0	$8, C0_ENTRYHI
	mtc0	$9, C0_STATUS
	mtc0	$10, C0_EPC

	// General registers: r1 to r15 differ in each run.
	lw	$8, VAR_RUN($26)
	sll	$8, $8, 2
	addu	$8, $4, $8
	lw	$27, PROGRAM_MIX($8)
	move	$26, $4
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	lw	$\r, PROGRAM_REGISTERS + 4 * \r($26)
	.endr
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	xor	$\r, $\r, $27
	.endr
	.irp	r, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 29, 30, 31
	lw	$\r, PROGRAM_REGISTERS + 4 * \r($26)
	.endr
	move	$26, $0
	move	$27, $0
	ehb
	eret

// Every exception of a program. $27: which vector.
handler:
	address	$26, LAYOUT_SAVE
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	sw	$\r, 4 * \r($26)
	.endr
	.irp	r, 28, 29, 30, 31
	sw	$\r, 4 * \r($26)
	.endr
	mfhi	$1
	mflo	$2
	sw	$1, SAVE_HI($26)
	sw	$2, SAVE_LO($26)
	mfc0	$3, C0_STATUS
	mfc0	$4, C0_CAUSE
	mfc0	$5, C0_EPC
	mfc0	$6, C0_BADVADDR
	mfc0	$7, C0_CONTEXT
	mfc0	$8, C0_ENTRYHI
	lui	$9, 0xb000
	ori	$9, $9, 0x7c
	and	$4, $4, $9
	lw	$30, VAR_HASH($26)
	.irp	r, 27, 1, 2, 3, 4, 5
	mix	$\r
	.endr
	// By the exception's number: 1 to 3 TLB, 4 and 5 address errors.
	andi	$10, $4, 0x7c
	addiu	$11, $10, -4
	sltiu	$12, $11, 5 * 4
	beq	$12, $0, 1f
	sltiu	$12, $11, 3 * 4
	mix	$6
	beq	$12, $0, 1f
	nop
	mix	$7
	mix	$8
1:	sw	$30, VAR_HASH($26)

	lw	$13, VAR_EVENTS($26)
	lw	$14, VAR_PROGRAM($26)
	addiu	$13, $13, 1
	sw	$13, VAR_EVENTS($26)
	lw	$15, PROGRAM_LIMIT($14)
	sltu	$15, $15, $13
	bne	$15, $0, end
	xori	$11, $10, 8 << 2
	bne	$11, $0, skip
	lw	$19, PROGRAM_END($14)
	// A system call: the last, or one of those that follow it?
	subu	$19, $5, $19
	andi	$19, $19, 0xfff
	sltiu	$19, $19, 32
	bne	$19, $0, end
	nop

// Goes on after the instruction, and its delay slot.
skip:
	bgez	$4, 1f
	addiu	$5, $5, 4
	addiu	$5, $5, 4
1:	mtc0	$5, C0_EPC
	// Interrupts stay off, the mode as it was.
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	lw	$\r, 4 * \r($26)
	.endr
	.irp	r, 28, 29, 30, 31
	lw	$\r, 4 * \r($26)
	.endr
	move	$26, $0
	move	$27, $0
	ehb
	eret

// The run has ended: $26 save area, $30 hash, $14 program.
end:
	mtc0	$0, C0_STATUS
	ehb
	sw	$0, 4 * 0($26)
	sw	$0, 4 * 26($26)
	sw	$0, 4 * 27($26)
	move	$8, $26
	addiu	$9, $26, SAVE_WORDS * 4
1:	lw	$10, 0($8)
	addiu	$8, $8, 4
	mix	$10
	bne	$8, $9, 1b
	nop
	address	$8, LAYOUT_DATA + WINDOW_START
	addiu	$9, $8, WINDOW_WORDS * 4
3:	lw	$10, 0($8)
	addiu	$8, $8, 4
	mix	$10
	bne	$8, $9, 3b
	nop
	lw	$8, PROGRAM_CODE($14)
	lw	$9, PROGRAM_CODE_WORDS($14)
	sll	$9, $9, 2
	addu	$9, $9, $8
4:	lw	$10, 0($8)
	addiu	$8, $8, 4
	mix	$10
	bne	$8, $9, 4b
	nop
	sw	$30, VAR_HASH($26)

	lw	$8, VAR_RUN($26)
	addiu	$8, $8, 1
	xori	$9, $8, PROGRAM_RUNS
	bne	$9, $0, next
	sw	$8, VAR_RUN($26)

	// Eight digits and a newline.
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)
	lui	$10, UART >> 16
	ori	$10, $10, UART & 0xffff
	li	$11, 9
5:	lbu	$12, 5($10)
	andi	$12, $12, 0x20
	beq	$12, $0, 5b
	addiu	$11, $11, -1
	srl	$12, $30, 28
	sltiu	$13, $12, 10
	bne	$13, $0, 6f
	addiu	$15, $12, '0'
	addiu	$15, $12, 'a' - 10
6:	bne	$11, $0, 7f
	sll	$30, $30, 4
	li	$15, '\n'
7:	bne	$11, $0, 5b
	sb	$15, 0($10)

	addiu	$14, $14, PROGRAM_SIZE
	sw	$14, VAR_PROGRAM($26)
	lw	$8, VAR_LEFT($26)
	addiu	$8, $8, -1
	bne	$8, $0, next
	sw	$8, VAR_LEFT($26)
	// The board's reset.
	lui	$8, 0xbf00
	li	$9, 0x42
	sw	$9, 0x500($8)
8:	b	8b
	nop

	// What goes to 0x80000000.
vectors:
	lui	$26, (KSEG0 + LAYOUT_BASE) >> 16
	addiu	$26, $26, handler - _start
	jr	$26
	li	$27, 0
	.org	vectors + 0x180
	lui	$26, (KSEG0 + LAYOUT_BASE) >> 16
	addiu	$26, $26, handler - _start
	jr	$26
	li	$27, 0x180
	.org	vectors + 0x190
vectors_end:
	.org	LAYOUT_SAVE - LAYOUT_BASE

// The driver of a kernel of random programs for System/161: prepares the machine for each program, runs it, handles
// its exceptions, and boils its final state down to a word that it prints with the trace card.
//
// The digest takes in every exception with its registers and time, the registers after each run, and after the last
// one TLB, data and code.
#define BASE 0
#include "tests/differential/driver.inc"

#define TIMER_BASE  0xbffd0000
#define TIMER_NSEC  4
#define TIMER_ROE   8
#define TIMER_IRQ   12
#define TIMER_COUNT 16
#define TRACE_BASE  0xbffe0000
#define TRACE_PRINT 8
#define TRACE_DUMP  12
#define BOARD_BASE  0xbfff8000
#define BOARD_POWER -0x1f8
#define BOARD_IPI   4

#define TLB_END 0x4000 // Index behind the last entry

#define C0_INDEX    $0
#define C0_RANDOM   $1
#define C0_ENTRYLO  $2
#define C0_CONTEXT  $4
#define C0_BADVADDR $8
#define C0_COUNT    $9
#define C0_ENTRYHI  $10
#define C0_COMPARE  $11
#define C0_STATUS   $12
#define C0_CAUSE    $13
#define C0_EPC	    $14

#define SAVE_HI	      128
#define SAVE_LO	      132
#define SAVE_STATUS   136
#define SAVE_CAUSE    140
#define SAVE_EPC      144
#define SAVE_BADVADDR 148
#define SAVE_CONTEXT  152
#define SAVE_ENTRYHI  156
#define SAVE_ENTRYLO  160
#define SAVE_INDEX    164
#define SAVE_COUNT    168
#define SAVE_RANDOM   172
#define SAVE_WORDS    44 // up to here it counts for the digest

#define HI(address) (address) >> 16
#define LO(address) (address) & 0xffff

	.text
	.globl	_start
	.org	LAYOUT_REFILL
	nop
	nop
	nop
	nop
	lui	$26, HI(KSEG0 + LAYOUT_SAVE)
	j	handler
	li	$27, 1

	.org	MIPS161_GENERAL
	nop
	nop
	nop
	nop
	lui	$26, HI(KSEG0 + LAYOUT_SAVE)
	j	handler
	li	$27, 0

	.org	LAYOUT_ENTRY
_start:
	mtc0	$0, C0_STATUS
	address	$26, LAYOUT_SAVE
	address	$4, LAYOUT_PROGRAMS
	sw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)
	address	$5, LAYOUT_HEADER
	lw	$6, HEADER_COUNT($5)
	lui	$7, HI(TIMER_BASE)
	sw	$6, VAR_LEFT($26)
	sw	$0, TIMER_ROE($7)

// Sets up and starts the next run.
next:
	address	$26, LAYOUT_SAVE
	lw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_EVENTS($26)

	// The TLB: nothing, then the program's entries.
	lui	$8, 0x8000
	lui	$9, 0x8004
	move	$10, $0
	mtc0	$0, C0_ENTRYLO
1:	mtc0	$8, C0_ENTRYHI
	mtc0	$10, C0_INDEX
	addiu	$8, $8, 0x1000
	tlbwi
	bne	$8, $9, 1b
	addiu	$10, $10, 0x100
	addiu	$8, $4, PROGRAM_TLB
2:	lw	$9, 0($8)
	lw	$10, 4($8)
	bltz	$9, 3f
	lw	$11, 8($8)
	mtc0	$9, C0_INDEX
	mtc0	$10, C0_ENTRYHI
	mtc0	$11, C0_ENTRYLO
	tlbwi
	b	2b
	addiu	$8, $8, 4 * MIPS161_TLB_WORDS

3:	lw	$8, VAR_RUN($26)
	fill_data

	// Devices and lines.
	lui	$8, HI(BOARD_BASE)
	ori	$8, $8, LO(BOARD_BASE)
	sw	$0, BOARD_IPI($8)
	lui	$8, HI(TIMER_BASE)
	lw	$9, PROGRAM_TIMER($4)
	lw	$10, TIMER_IRQ($8)
	li	$10, 1
	sw	$10, TIMER_ROE($8)
	sw	$9, TIMER_COUNT($8)

	// Coprocessor 0.
	lw	$8, PROGRAM_ENTRY_LO($4)
	lw	$9, PROGRAM_INDEX($4)
	mtc0	$8, C0_ENTRYLO
	mtc0	$9, C0_INDEX
	lw	$8, PROGRAM_CONTEXT($4)
	lw	$9, PROGRAM_CAUSE($4)
	mtc0	$8, C0_CONTEXT
	mtc0	$9, C0_CAUSE
	lw	$8, PROGRAM_HI($4)
	lw	$9, PROGRAM_LO($4)
	mthi	$8
	mtlo	$9
	lw	$8, PROGRAM_STATUS($4)
	lw	$9, PROGRAM_ENTRY_HI($4)
	mtc0	$8, C0_STATUS
	mtc0	$9, C0_ENTRYHI

	load_registers
	lw	$27, PROGRAM_COMPARE($4)
	lw	$26, PROGRAM_COUNT($4)
	beq	$27, $0, 5f
	nop
	mtc0	$27, C0_COMPARE
5:	mtc0	$26, C0_COUNT
	lw	$26, PROGRAM_ENTRY($4)
	lw	$4, PROGRAM_REGISTERS + 16($4)
	jr	$26
	rfe

// Every exception of a program. $26: the page of the save area; $27: 1 from the UTLB vector.
handler:
	ori	$26, $26, LO(KSEG0 + LAYOUT_SAVE)
	save_registers
	pause
	mfhi	$1
	mflo	$2
	mfc0	$3, C0_STATUS
	mfc0	$4, C0_CAUSE
	mfc0	$5, C0_EPC
	mfc0	$6, C0_BADVADDR
	mfc0	$7, C0_CONTEXT
	mfc0	$8, C0_ENTRYHI
	mfc0	$9, C0_ENTRYLO
	mfc0	$10, C0_INDEX
	mfc0	$11, C0_COUNT
	mfc0	$12, C0_RANDOM
	pause
	sw	$1, SAVE_HI($26)
	sw	$2, SAVE_LO($26)
	sw	$3, SAVE_STATUS($26)
	sw	$4, SAVE_CAUSE($26)
	sw	$5, SAVE_EPC($26)
	sw	$6, SAVE_BADVADDR($26)
	sw	$7, SAVE_CONTEXT($26)
	sw	$8, SAVE_ENTRYHI($26)
	sw	$9, SAVE_ENTRYLO($26)
	sw	$10, SAVE_INDEX($26)
	sw	$11, SAVE_COUNT($26)
	sw	$12, SAVE_RANDOM($26)
	lw	$30, VAR_HASH($26)
	lw	$13, VAR_EVENTS($26)
	lw	$14, VAR_PROGRAM($26)
	pause
	.irp	r, 27, 1, 2, 3, 4, 5
	mix	$\r
	.endr
	pause
	.irp	r, 6, 7, 8, 9, 10, 11, 12
	mix	$\r
	.endr
	pause
	sw	$30, VAR_HASH($26)

	// The log.
	andi	$15, $13, 15
	sll	$15, $15, 5
	addu	$15, $15, $26
	sw	$3, LAYOUT_LOG - LAYOUT_SAVE + 0($15)
	sw	$4, LAYOUT_LOG - LAYOUT_SAVE + 4($15)
	sw	$5, LAYOUT_LOG - LAYOUT_SAVE + 8($15)
	sw	$6, LAYOUT_LOG - LAYOUT_SAVE + 12($15)
	sw	$8, LAYOUT_LOG - LAYOUT_SAVE + 16($15)
	sw	$11, LAYOUT_LOG - LAYOUT_SAVE + 20($15)
	sw	$12, LAYOUT_LOG - LAYOUT_SAVE + 24($15)
	sw	$30, LAYOUT_LOG - LAYOUT_SAVE + 28($15)

	addiu	$13, $13, 1
	sw	$13, VAR_EVENTS($26)
	lw	$15, PROGRAM_LIMIT($14)
	sltu	$15, $15, $13
	bne	$15, $0, finish
	lw	$16, PROGRAM_POLICY($14)
	// Also if it got into this code, or into its data.
	srl	$17, $5, 30
	addiu	$17, $17, -2
	sll	$18, $5, 3
	srl	$18, $18, 3 + 14
	or	$18, $18, $17
	beq	$18, $0, finish

	andi	$17, $4, 0x7c
	beq	$17, $0, interrupted
	addiu	$18, $17, -0x10
	bltz	$18, tlb_fault
	addiu	$18, $17, -0x20
	bne	$18, $0, skip
	lw	$19, PROGRAM_END($14)
	// A system call: the last, or one of those that follow it?
	subu	$19, $5, $19
	andi	$19, $19, 0xfff
	sltiu	$19, $19, 32
	bne	$19, $0, finish
	nop

// Goes on after the instruction.
skip:
	bgez	$5, 1f
	andi	$18, $3, 8
	beq	$18, $0, 1f
	nop
	// User mode in kernel space: make it kernel mode.
	xori	$3, $3, 8
	b	return
	sw	$3, SAVE_STATUS($26)
1:	andi	$18, $16, POLICY_MUTATE
	beq	$18, $0, 2f
	lw	$19, 4 * 8($26)
	addu	$19, $19, $4
	sw	$19, 4 * 8($26)
2:	bgez	$4, return
	addiu	$5, $5, 4
	andi	$18, $16, POLICY_SKIP_SLOT
	sll	$18, $18, 1
	b	return
	addu	$5, $5, $18

interrupted:
	sll	$18, $4, 16
	bgez	$18, 2f
	lw	$19, PROGRAM_COMPARE_NEXT($14)
	mtc0	$19, C0_COMPARE
2:	andi	$18, $4, 0x400
	beq	$18, $0, 3f
	lui	$19, HI(TIMER_BASE)
	lw	$19, TIMER_IRQ($19)
3:	andi	$18, $4, 0x800
	beq	$18, $0, 4f
	lui	$19, HI(BOARD_BASE)
	ori	$19, $19, LO(BOARD_BASE)
	sw	$0, BOARD_IPI($19)
4:	andi	$18, $4, 0x300
	beq	$18, $0, return
	nop
	b	return
	mtc0	$0, C0_CAUSE

// Puts the page into the TLB if the program has it.
tlb_fault:
	srl	$18, $6, 12
	sll	$18, $18, 12
	addiu	$19, $14, PROGRAM_PAGES
1:	lw	$20, 0($19)
	lw	$21, 4($19)
	beq	$20, $18, 2f
	andi	$22, $20, 1
	beq	$22, $0, 1b
	addiu	$19, $19, 4 * MIPS161_PAGES_WORDS
	b	skip
	nop
2:	xori	$22, $17, 4
	bne	$22, $0, 3f
	andi	$22, $16, POLICY_MAKE_DIRTY
	beq	$22, $0, skip
	nop
	ori	$21, $21, 0x600
3:	andi	$22, $8, 0xfc0
	or	$18, $18, $22
	mtc0	$18, C0_ENTRYHI
	tlbp
	mfc0	$22, C0_INDEX
	mtc0	$21, C0_ENTRYLO
	bltz	$22, 4f
	ori	$21, $21, 0x200
	mtc0	$21, C0_ENTRYLO
	tlbwi
	b	6f
	nop
4:	andi	$22, $16, POLICY_RANDOM
	beq	$22, $0, 5f
	andi	$22, $13, 31
	tlbwr
	b	6f
	nop
5:	sll	$22, $22, 8
	ori	$22, $22, 0x2000
	mtc0	$22, C0_INDEX
	tlbwi
6:	andi	$22, $16, POLICY_KEEP_HI
	beq	$22, $0, return
	nop
	mtc0	$8, C0_ENTRYHI

// Returns to $5.
return:
	lw	$3, SAVE_STATUS($26)
	move	$27, $5
	mtc0	$3, C0_STATUS
	restore_registers
	jr	$27
	rfe

	.org	LAYOUT_FINISH
// The run has ended: $26 save area, $30 hash, $13 events, $14 program.
finish:
	mtc0	$0, C0_STATUS
	lui	$8, 0x7fff // no match until the next run
	mtc0	$8, C0_COMPARE
	lui	$8, HI(TIMER_BASE)
	sw	$0, TIMER_ROE($8)
	sw	$0, 4 * 26($26)
	sw	$0, 4 * 27($26)
	move	$8, $26
	addiu	$9, $26, SAVE_WORDS * 4
	mix_words
	lui	$8, HI(TIMER_BASE)
	lw	$9, TIMER_NSEC($8)
	mix	$9
	sw	$30, VAR_HASH($26)
	lw	$8, VAR_RUN($26)
	lw	$9, PROGRAM_RUNS($14)
	addiu	$8, $8, 1
	bne	$8, $9, next
	sw	$8, VAR_RUN($26)

	// The program, too.
	move	$8, $0
	li	$9, TLB_END
2:	mtc0	$8, C0_INDEX
	tlbr
	mfc0	$10, C0_ENTRYHI
	mfc0	$11, C0_ENTRYLO
	mix	$10
	mix	$11
	addiu	$8, $8, 0x100
	bne	$8, $9, 2b
	nop
	mix_memory
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)
	lui	$10, HI(TRACE_BASE)
	sw	$30, TRACE_PRINT($10)
	addiu	$14, $14, PROGRAM_SIZE
	sw	$14, VAR_PROGRAM($26)
	lw	$8, VAR_LEFT($26)
	addiu	$8, $8, -1
	bne	$8, $0, next
	sw	$8, VAR_LEFT($26)

	// The last one: its state again, for the dump.
	address	$8, LAYOUT_HEADER
	lw	$9, HEADER_DUMP($8)
	beq	$9, $0, power_off
	nop
	lw	$1, SAVE_HI($26)
	lw	$2, SAVE_LO($26)
	mthi	$1
	mtlo	$2
	lw	$1, SAVE_ENTRYHI($26)
	lw	$2, SAVE_ENTRYLO($26)
	lw	$3, SAVE_INDEX($26)
	mtc0	$1, C0_ENTRYHI
	mtc0	$2, C0_ENTRYLO
	mtc0	$3, C0_INDEX
	lui	$27, HI(TRACE_BASE)
	restore_registers
	sw	$0, TRACE_DUMP($27)

power_off:
	lui	$8, HI(BOARD_BASE)
	ori	$8, $8, LO(BOARD_BASE)
	sw	$0, BOARD_POWER($8)
5:	.word	0x42000020 // wait
	b	5b
	nop
	.org	LAYOUT_SAVE

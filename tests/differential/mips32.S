// The driver of a kernel of random programs for MIPS32 release 2 on the Malta board: prepares the machine for each
// program, runs it, handles its exceptions, and boils its final state down to a word that it prints through the UART.
//
// The digest takes in every exception with its registers and time, the registers after each run, and after the last
// one TLB, data and code; with HEADER_DEFINED only what the architecture defines, and no time.
#define BASE 0x100000
#include "tests/differential/driver.inc"

#define UART	    0xb80003f8
#define UART_MCR    4
#define UART_LSR    5
#define LSR_EMPTY   0x20
#define BOARD	    0xbf000000
#define BOARD_RESET 0x500
#define RESET_MAGIC 0x42

#define C0_INDEX    $0
#define C0_RANDOM   $1
#define C0_ENTRYLO0 $2
#define C0_ENTRYLO1 $3
#define C0_CONTEXT  $4
#define C0_PAGEMASK $5
#define C0_WIRED    $6
#define C0_BADVADDR $8
#define C0_COUNT    $9
#define C0_ENTRYHI  $10
#define C0_COMPARE  $11
#define C0_STATUS   $12
#define C0_CAUSE    $13
#define C0_EPC	    $14
#define C0_CONFIG   $16

#define CAUSE_TI      0x40000000
#define STATUS_KSU    0x18
#define DEFINED_CAUSE 0xb000007c // BD, CE, code

#define SAVE_HI		 128
#define SAVE_LO		 132
#define SAVE_WORDS_OPEN	 34 // up to here it counts for the digest if only what is defined does,
#define SAVE_STATUS	 136
#define SAVE_CAUSE	 140
#define SAVE_EPC	 144
#define SAVE_BADVADDR	 148
#define SAVE_CONTEXT	 152
#define SAVE_ENTRYHI	 156
#define SAVE_ENTRYLO0	 160
#define SAVE_ENTRYLO1	 164
#define SAVE_INDEX	 168
#define SAVE_PAGEMASK	 172
#define SAVE_WIRED	 176
#define SAVE_COUNT	 180
#define SAVE_RANDOM	 184
#define SAVE_WORDS	 47 // and up to here else

	// In both halves of an entry, $22 and $23, unless the program has but the other page.
	.macro	set_bit number
	.irp	r, 22, 23
	sltu	$24, $0, $\r
	sll	$24, $24, \number
	or	$\r, $\r, $24
	.endr
	.endm

	.text
	.globl	_start
base:
	.org	LAYOUT_ENTRY
_start:
	// Vectors: all are alike but for the number in $27.
	lui	$10, KSEG0 >> 16
	bal	put_vector
	li	$11, LAYOUT_REFILL
	bal	put_vector
	li	$11, MIPS32_GENERAL
	li	$11, MIPS32_INTERRUPTS
1:	bal	put_vector
	nop
	addiu	$11, $11, MIPS32_SPACING
	sltiu	$12, $11, MIPS32_INTERRUPTS_END
	bne	$12, $0, 1b
	nop
	mtc0	$0, C0_STATUS
	address	$26, LAYOUT_SAVE
	address	$4, LAYOUT_PROGRAMS
	sw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)
	address	$5, LAYOUT_HEADER
	lw	$6, HEADER_COUNT($5)
	sw	$6, VAR_LEFT($26)
	mfc0	$6, C0_CONFIG, 1
	srl	$6, $6, 25
	andi	$6, $6, 63
	addiu	$6, $6, 1
	sw	$6, VAR_TLB($26)

// Sets up and starts the next run.
next:
	address	$26, LAYOUT_SAVE
	lw	$4, VAR_PROGRAM($26)
	sw	$0, VAR_EVENTS($26)

	// The TLB: addresses that match nothing, then the program's entries.
	mtc0	$0, C0_ENTRYLO0
	mtc0	$0, C0_ENTRYLO1
	mtc0	$0, C0_PAGEMASK
	lui	$8, 0x8000
	move	$9, $0
	lw	$10, VAR_TLB($26)
1:	mtc0	$8, C0_ENTRYHI
	mtc0	$9, C0_INDEX
	addiu	$8, $8, 0x2000
	addiu	$9, $9, 1
	ehb
	tlbwi
	bne	$9, $10, 1b
	nop
	addiu	$8, $4, PROGRAM_TLB
2:	lw	$9, 0($8)
	lw	$10, 4($8)
	bltz	$9, 3f
	lw	$11, 8($8)
	lw	$12, 12($8)
	lw	$13, 16($8)
	mtc0	$9, C0_INDEX
	mtc0	$10, C0_PAGEMASK
	mtc0	$11, C0_ENTRYHI
	mtc0	$12, C0_ENTRYLO0
	mtc0	$13, C0_ENTRYLO1
	ehb
	tlbwi
	b	2b
	addiu	$8, $8, 4 * MIPS32_TLB_WORDS

3:	lw	$8, VAR_RUN($26)
	fill_data

	// Coprocessor 0.
	lw	$8, PROGRAM_INDEX($4)
	lw	$9, PROGRAM_CONTEXT($4)
	lw	$10, PROGRAM_WIRED($4)
	lw	$11, PROGRAM_CAUSE($4)
	mtc0	$8, C0_INDEX
	mtc0	$9, C0_CONTEXT
	mtc0	$10, C0_WIRED
	mtc0	$11, C0_CAUSE
	lw	$8, PROGRAM_HI($4)
	lw	$9, PROGRAM_LO($4)
	mthi	$8
	mtlo	$9
	lw	$8, PROGRAM_ENTRY_HI($4)
	lw	$9, PROGRAM_STATUS($4)
	lw	$10, PROGRAM_ENTRY($4)
	mtc0	$8, C0_ENTRYHI
	mtc0	$9, C0_STATUS
	mtc0	$10, C0_EPC

	load_registers
	lw	$27, PROGRAM_COUNT($4)
	lw	$26, PROGRAM_COMPARE($4)
	mtc0	$27, C0_COUNT
	addu	$26, $26, $27
	mtc0	$26, C0_COMPARE
	lw	$4, PROGRAM_REGISTERS + 16($4)
	move	$26, $0
	move	$27, $0
	ehb
	eret

// Writes the vector at $10 + $11.
put_vector:
	addu	$12, $10, $11
	lui	$13, 0x3c1a // lui $26, handler >> 16
	ori	$13, $13, (KSEG0 + BASE) >> 16
	sw	$13, 0($12)
	lui	$13, 0x375a // ori $26, $26, handler & 0xffff
	ori	$13, $13, handler - base
	sw	$13, 4($12)
	lui	$13, 0x0340 // jr $26
	ori	$13, $13, 8
	sw	$13, 8($12)
	lui	$13, 0x341b // li $27, number
	or	$13, $13, $11
	sw	$13, 12($12)
	synci	0($12)
	jr	$31
	nop

// Every exception of a program. $27: which vector.
handler:
	address	$26, LAYOUT_SAVE
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
	mfc0	$9, C0_ENTRYLO0
	mfc0	$10, C0_ENTRYLO1
	mfc0	$11, C0_INDEX
	mfc0	$12, C0_PAGEMASK
	mfc0	$13, C0_WIRED
	mfc0	$15, C0_COUNT
	mfc0	$16, C0_RANDOM
	pause
	sw	$1, SAVE_HI($26)
	sw	$2, SAVE_LO($26)
	sw	$3, SAVE_STATUS($26)
	sw	$4, SAVE_CAUSE($26)
	sw	$5, SAVE_EPC($26)
	sw	$6, SAVE_BADVADDR($26)
	sw	$7, SAVE_CONTEXT($26)
	sw	$8, SAVE_ENTRYHI($26)
	sw	$9, SAVE_ENTRYLO0($26)
	sw	$10, SAVE_ENTRYLO1($26)
	sw	$11, SAVE_INDEX($26)
	sw	$12, SAVE_PAGEMASK($26)
	sw	$13, SAVE_WIRED($26)
	sw	$15, SAVE_COUNT($26)
	sw	$16, SAVE_RANDOM($26)
	lw	$30, VAR_HASH($26)
	address	$17, LAYOUT_HEADER
	lw	$17, HEADER_DEFINED($17)
	andi	$18, $4, 0x7c
	bne	$17, $0, 1f
	lw	$14, VAR_PROGRAM($26)
	.irp	r, 27, 1, 2, 3, 4, 5, 6, 7
	mix	$\r
	.endr
	pause
	.irp	r, 8, 9, 10, 11, 12, 13, 15, 16
	mix	$\r
	.endr
	b	2f
	nop

	// Only what is defined: BadVAddr after address and TLB exceptions, EntryHi and Context after those of the TLB.
1:	lui	$19, DEFINED_CAUSE >> 16
	ori	$19, $19, DEFINED_CAUSE & 0xffff
	and	$19, $19, $4
	.irp	r, 27, 1, 2, 3, 19, 5
	mix	$\r
	.endr
	addiu	$19, $18, -4
	sltiu	$20, $19, 5 * 4
	beq	$20, $0, 2f
	sltiu	$20, $19, 3 * 4
	mix	$6
	beq	$20, $0, 2f
	nop
	mix	$7
	mix	$8
2:	sw	$30, VAR_HASH($26)

	lw	$13, VAR_EVENTS($26)
	lw	$15, PROGRAM_LIMIT($14)
	addiu	$13, $13, 1
	sw	$13, VAR_EVENTS($26)
	sltu	$15, $15, $13
	bne	$15, $0, finish
	lw	$16, PROGRAM_POLICY($14)
	// Also if it got into this code, into its data, or to the vectors.
	srl	$19, $5, 14
	li	$20, (KSEG0 + BASE) >> 14
	beq	$19, $20, finish
	srl	$19, $5, 13
	li	$20, KSEG0 >> 13
	beq	$19, $20, finish

	addiu	$19, $18, -4
	beq	$18, $0, interrupted
	sltiu	$19, $19, 3 * 4
	bne	$19, $0, tlb_fault
	xori	$19, $18, 8 << 2
	bne	$19, $0, skip
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
	andi	$19, $3, STATUS_KSU
	beq	$19, $0, 1f
	nop
	// User mode in kernel space: make it kernel mode.
	xor	$3, $3, $19
	b	return
	sw	$3, SAVE_STATUS($26)
1:	andi	$19, $16, POLICY_MUTATE
	beq	$19, $0, 2f
	lw	$20, 4 * 8($26)
	addu	$20, $20, $18
	sw	$20, 4 * 8($26)
2:	bgez	$4, return
	addiu	$5, $5, 4
	andi	$19, $16, POLICY_SKIP_SLOT
	sll	$19, $19, 1
	b	return
	addu	$5, $5, $19

interrupted:
	lui	$19, CAUSE_TI >> 16
	and	$19, $19, $4
	beq	$19, $0, 1f
	lw	$20, PROGRAM_COMPARE_NEXT($14)
	mfc0	$19, C0_COUNT
	addu	$19, $19, $20
	mtc0	$19, C0_COMPARE
1:	mfc0	$19, C0_CAUSE
	ori	$19, $19, 0x300
	xori	$19, $19, 0x300
	b	return
	mtc0	$19, C0_CAUSE

// Puts the pair of pages into the TLB if the program has it.
tlb_fault:
	srl	$19, $6, 13
	sll	$19, $19, 13
	addiu	$20, $14, PROGRAM_PAGES
1:	lw	$21, 0($20)
	lw	$22, 4($20)
	beq	$21, $19, 2f
	lw	$23, 8($20)
	andi	$21, $21, 1
	beq	$21, $0, 1b
	addiu	$20, $20, 4 * MIPS32_PAGES_WORDS
	b	skip
	nop
2:	xori	$21, $18, 4
	bne	$21, $0, 3f
	andi	$21, $16, POLICY_MAKE_DIRTY
	beq	$21, $0, skip
	nop
	set_bit	2
3:	mtc0	$0, C0_PAGEMASK
	ehb
	tlbp
	mtc0	$22, C0_ENTRYLO0
	mtc0	$23, C0_ENTRYLO1
	mfc0	$21, C0_INDEX
	bltz	$21, 4f
	set_bit	1
	mtc0	$22, C0_ENTRYLO0
	mtc0	$23, C0_ENTRYLO1
	ehb
	tlbwi
	b	6f
	nop
4:	andi	$21, $16, POLICY_RANDOM
	beq	$21, $0, 5f
	andi	$21, $13, 7
	ehb
	tlbwr
	b	6f
	nop
5:	ori	$21, $21, 8
	mtc0	$21, C0_INDEX
	ehb
	tlbwi
6:	mtc0	$12, C0_PAGEMASK
	andi	$21, $16, POLICY_KEEP_HI
	beq	$21, $0, return
	nop
	mtc0	$9, C0_ENTRYLO0
	mtc0	$10, C0_ENTRYLO1

// Returns to $5.
return:
	lw	$3, SAVE_STATUS($26)
	mtc0	$5, C0_EPC
	mtc0	$3, C0_STATUS
	restore_registers
	move	$26, $0
	move	$27, $0
	ehb
	eret

	.org	LAYOUT_FINISH
// The run has ended: $26 save area, $30 hash, $14 program.
finish:
	mtc0	$0, C0_STATUS
	mtc0	$0, C0_CAUSE
	ehb
	sw	$0, 4 * 0($26)
	sw	$0, 4 * 26($26)
	sw	$0, 4 * 27($26)
	move	$8, $26
	beq	$17, $0, 1f
	addiu	$9, $26, SAVE_WORDS * 4
	addiu	$9, $26, SAVE_WORDS_OPEN * 4
1:	mix_words
	sw	$30, VAR_HASH($26)
	lw	$8, VAR_RUN($26)
	lw	$9, PROGRAM_RUNS($14)
	addiu	$8, $8, 1
	bne	$8, $9, next
	sw	$8, VAR_RUN($26)

	// The program, too.
	move	$8, $0
	lw	$9, VAR_TLB($26)
2:	mtc0	$8, C0_INDEX
	addiu	$8, $8, 1
	ehb
	tlbr
	ehb
	mfc0	$10, C0_ENTRYHI
	mfc0	$11, C0_ENTRYLO0
	mfc0	$12, C0_ENTRYLO1
	mfc0	$13, C0_PAGEMASK
	.irp	r, 10, 11, 12, 13
	mix	$\r
	.endr
	bne	$8, $9, 2b
	nop
	mix_memory
	sw	$0, VAR_RUN($26)
	sw	$0, VAR_HASH($26)

	// Eight digits and a newline.
	lui	$10, UART >> 16
	ori	$10, $10, UART & 0xffff
	sb	$0, UART_MCR($10) // no loop back
	li	$11, 9
5:	lbu	$12, UART_LSR($10)
	andi	$12, $12, LSR_EMPTY
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
	lui	$8, BOARD >> 16
	li	$9, RESET_MAGIC
	sw	$9, BOARD_RESET($8)
8:	b	8b
	nop
	.org	LAYOUT_SAVE

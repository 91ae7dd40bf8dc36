// Where everything is in a kernel of random programs. Included by the drivers and by C.
#ifndef TESTS_DIFFERENTIAL_LAYOUT_H
#define TESTS_DIFFERENTIAL_LAYOUT_H

// Physical addresses, from the target's base on.
#define LAYOUT_ENTRY	0x0100
#define LAYOUT_FINISH	0x0900 // from here on the driver has much to do before the next run
#define LAYOUT_SAVE	0x1000 // what the handlers saved of the running program
#define LAYOUT_LOG	0x1200 // ring of the last exceptions
#define LAYOUT_HEADER	0x1800 // what the generator tells the driver
#define LAYOUT_DATA	0x2000 // two pages for the programs' loads and stores
#define LAYOUT_PROGRAMS 0x4000 // table of programs, then their pages

// Physical addresses of the vectors; MIPS32 fills its page of them, since software can move interrupts about there.
#define LAYOUT_REFILL	      0x000
#define MIPS161_GENERAL	      0x080
#define MIPS32_GENERAL	      0x180
#define MIPS32_INTERRUPTS     0x200
#define MIPS32_INTERRUPTS_END 0x2000
#define MIPS32_SPACING	      0x20

// Words at the start of each of System/161's vectors that the generator fills with instructions of its choice.
#define PRELUDE_WORDS 4

// The part of the data pages that is filled for each program, and counts for the result.
#define WINDOW_START 0xF80
#define WINDOW_WORDS 64

// Where in the data pages programs put code, out of reach of their other stores: places for a few instructions each, filled
// with returns at first.
#define GENERATED_START	 0x780
#define GENERATED_BYTES	 32
#define GENERATED_PLACES 4

// Header, in bytes.
#define HEADER_COUNT   0 // number of programs
#define HEADER_DUMP    4 // System/161: whether to dump the machine at the end
#define HEADER_DEFINED 8 // MIPS32: take in only what the architecture defines

// A program, in bytes.
#define PROGRAM_ENTRY	     0
#define PROGRAM_STATUS	     4	// at entry; of System/161: the mode is that of KUp, IEp
#define PROGRAM_END	     8	// page offset of the system call that ends it
#define PROGRAM_POLICY	     12 // what the handlers do, POLICY_*
#define PROGRAM_LIMIT	     16 // exceptions and interrupts until it is ended
#define PROGRAM_COMPARE	     20 // first and later values of Compare; 0: not written. MIPS32: later than Count
#define PROGRAM_COMPARE_NEXT 24
#define PROGRAM_COUNT	     28
#define PROGRAM_ENTRY_HI     32
#define PROGRAM_ENTRY_LO     36
#define PROGRAM_INDEX	     40
#define PROGRAM_CONTEXT	     44
#define PROGRAM_CAUSE	     48
#define PROGRAM_HI	     52
#define PROGRAM_LO	     56
#define PROGRAM_TIMER	     60 // System/161: period of the bus timer, microseconds
#define PROGRAM_RUNS	     64 // 1 to 4
#define PROGRAM_MIX	     68 // 4 words: what r1 to r15 are combined with in each run
#define PROGRAM_CODE	     84 // kseg0 address and words of its code
#define PROGRAM_CODE_WORDS   88
#define PROGRAM_FILL	     92 // start of the data pattern
#define PROGRAM_TLB	     96 // entries for the TLB; index -1 ends
#define PROGRAM_TLB_WORDS    32
#define PROGRAM_PAGES	     224 // what refills find: VPN and EntryLo, MIPS32: VPN2 and both EntryLo; VPN 1 ends
#define PROGRAM_PAGES_WORDS  28
#define PROGRAM_REGISTERS    336 // r0 to r31
#define PROGRAM_WIRED	     464 // MIPS32 only
#define PROGRAM_SIZE	     512

// Index, EntryHi, EntryLo; of MIPS32: Index, PageMask, EntryHi, EntryLo0, EntryLo1.
#define MIPS161_TLB_WORDS   3
#define MIPS32_TLB_WORDS    5
#define MIPS161_PAGES_WORDS 2
#define MIPS32_PAGES_WORDS  3

#define POLICY_MAKE_DIRTY 1  // Mod: set D instead of skipping the store
#define POLICY_SKIP_SLOT  2  // skip a branch with its delay slot, instead of the branch only
#define POLICY_RANDOM	  4  // refill with TLBWR
#define POLICY_MUTATE	  8  // change r8 at each skipped instruction
#define POLICY_KEEP_HI	  16 // restore EntryHi after a refill

#endif

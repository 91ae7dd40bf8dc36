// Where everything is in a kernel of random programs for the Malta board. Included by driver.S and generate.c.
#ifndef TESTS_DIFFERENTIAL_MIPS32_LAYOUT_H
#define TESTS_DIFFERENTIAL_MIPS32_LAYOUT_H

// Physical addresses. Boot loaders put their environment at 0x2000.
#define LAYOUT_BASE	0x100000
#define LAYOUT_SAVE	0x101000 // what the handler saved of the running program
#define LAYOUT_COUNT	0x101800 // number of programs
#define LAYOUT_DATA	0x102000 // two pages for the programs' loads and stores, an even and an odd one
#define LAYOUT_PROGRAMS 0x104000 // table of programs, then their pages

#define WINDOW_START 0xF80 // the part of the data pages that is filled before each run, and counts
#define WINDOW_WORDS 64

// A program, in bytes.
#define PROGRAM_ENTRY	   0
#define PROGRAM_STATUS	   4
#define PROGRAM_END	   8  // page offset of the system calls that end it
#define PROGRAM_LIMIT	   12 // exceptions until it is ended
#define PROGRAM_CODE	   16 // kseg0 address and words of its code
#define PROGRAM_CODE_WORDS 20
#define PROGRAM_FILL	   24 // start of the data pattern
#define PROGRAM_ENTRY_HI   28
#define PROGRAM_HI	   32
#define PROGRAM_LO	   36
#define PROGRAM_TLB	   40 // entries of EntryHi, EntryLo0, EntryLo1
#define PROGRAM_TLB_COUNT  4
#define PROGRAM_MIX	   88 // what r1 to r15 are combined with in each run
#define PROGRAM_RUNS	   3
#define PROGRAM_REGISTERS  128 // r0 to r31
#define PROGRAM_SIZE	   256

#endif

/* A program's machine: what start.S, the C code for each machine, bare.c and kernel.c have in common. One of
 * MACHINE_MALTA and MACHINE_SYSTEM161 is defined. Read by the C compiler and by the assembler. */
#ifndef BENCH_GUEST_RUNTIME_GUEST_H
#define BENCH_GUEST_RUNTIME_GUEST_H

#define PAGE_SIZE  4096
#define TABLE_SIZE 4096 /* words: the page table of the lowest 16 MiB */

/* CP0 registers of both machines. */
#define CP0_INDEX    $0
#define CP0_CONTEXT  $4
#define CP0_BADVADDR $8
#define CP0_ENTRYHI  $10
#define CP0_STATUS   $12
#define CP0_CAUSE    $13
#define CP0_EPC	     $14

#ifdef MACHINE_MALTA
/* MIPS32 release 2: MIPS Architecture for Programmers, volume III (MD00090). */
#define CP0_ENTRYLO0	$2
#define CP0_ENTRYLO1	$3
#define CP0_PAGEMASK	$5
#define CP0_WIRED	$6
#define STATUS_EXL	0x00000002
#define STATUS_USER	0x00000010
#define STATUS_NEW_USER (STATUS_USER | STATUS_EXL) /* user mode after ERET */
#define VECTOR_GENERAL	0x80000180
#else
/* System/161 reference, sections 1.8, 1.11 and 1.12. */
#define CP0_ENTRYLO	$2
#define STATUS_USER	0x00000008 /* KUp: seen after an exception */
#define STATUS_NEW_USER STATUS_USER
#define VECTOR_GENERAL	0x80000080
#endif
#define VECTOR_REFILL 0x80000000

/* struct frame */
#define FRAME_HI     128
#define FRAME_LO     132
#define FRAME_STATUS 136
#define FRAME_CAUSE  140
#define FRAME_EPC    144
#define FRAME_VADDR  148

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an exception saves. */
struct frame {
	uint32_t registers[32], hi, lo, status, cause, epc, bad_vaddr;
};
_Static_assert(offsetof(struct frame, hi) == FRAME_HI && offsetof(struct frame, bad_vaddr) == FRAME_VADDR,
	       "start.S stores at these offsets");

/* --- start.S --- */

extern struct frame *current_frame; /* where the next exception is saved, and what return_to_frame goes to */
extern uint32_t *current_table;	    /* page table that TLB misses are served from: EntryLo words */
extern const uint32_t refill_code[], refill_code_end[], general_code[], general_code_end[];
_Noreturn void return_to_frame(void);

/* --- bare.c or kernel.c, called by start.S --- */

void guest_main(uint32_t a0, uint32_t a1); /* as the loader left them */
void trap(struct frame *frame);

/* --- guest.c --- */

/* Copies the exception handlers to where the processor looks for them. */
void install_vectors(void);
_Noreturn void unexpected_exception(const struct frame *frame);

/* --- malta.c, system161.c --- */

const char *boot_argument(uint32_t a0, uint32_t a1); /* NULL if there is none */
_Noreturn void power_off(void);

/* Instructions were stored there. */
void code_changed(void *start, size_t size);

/* A page table's word for a writable page, and back. 0 is a page that is not there. */
uint32_t table_word(uint32_t physical);
uint32_t table_physical(uint32_t word);

void tlb_start(void);		/* empties the TLB */
void tlb_select(unsigned asid); /* 1 to 63 */
void tlb_drop(uint32_t va,
	      unsigned asid); /* the page's word has changed: forgets what the TLB holds for it */
#endif

#endif

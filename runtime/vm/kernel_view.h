/* An OS/161 kernel's own notions, as text for reports and debuggers: threads and what they wait for, address spaces, and what
 * the pages in a TLB are. Layouts come from the kernel's debug information; names of structures and members are those of
 * OS/161 2.x. What is not known is left out. Changes nothing. */
#ifndef JIT161_RUNTIME_VM_KERNEL_VIEW_H
#define JIT161_RUNTIME_VM_KERNEL_VIEW_H

#include <stdio.h>

#include "runtime/vm/threads.h"

struct cpu;

/* Each thread with its state, wait channel and stack. */
void kernel_view_threads(FILE *file, struct symbols *symbols, const struct threads *threads);
/* Each address space that a thread's process has, with the members of its structure. */
void kernel_view_spaces(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
			const struct threads *threads);
/* The valid entries of a processor's TLB, pages that follow each other as one. Only of System/161's processor. */
void kernel_view_tlb(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
		     const struct threads *threads, const struct cpu *cpu);

#endif

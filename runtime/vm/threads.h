/* The threads of an OS/161 kernel, found in its memory by the layouts that its debug information gives: names of structures
 * and members are those of OS/161 2.x. */
#ifndef JIT161_RUNTIME_VM_THREADS_H
#define JIT161_RUNTIME_VM_THREADS_H

#include "runtime/vm/unwind.h"

#define MAX_THREADS	 128
#define THREAD_NAME_SIZE 32

struct thread {
	uint32_t address;
	char name[THREAD_NAME_SIZE];
	char process[THREAD_NAME_SIZE];	 /* empty: unknown */
	char channel[THREAD_NAME_SIZE];	 /* what it sleeps on; empty if it does not */
	uint32_t process_address, space; /* its process and that one's address space; 0: none, or unknown */
	unsigned cpu;	   /* number of the processor that it belongs to; 0 if the kernel does not say */
	const char *state; /* the kernel's name for it, or NULL */
	bool sleeps, ready, zombie;
	bool stack_overflow;	    /* its saved stack pointer is below its stack */
	bool current;		    /* a processor's current thread: its registers are in the processor */
	struct backtrace backtrace; /* unless it is current, or a zombie */
};

struct threads {
	struct thread *threads;
	unsigned count;
	unsigned more;	     /* not recorded */
	const char *problem; /* why there are none, or NULL */
};

/* `ram_size` bytes of RAM are looked through. To be freed with threads_free. */
void threads_find(struct threads *threads, struct symbols *symbols, const struct guest_reader *reader,
		  const struct mips_isa *isa, uint32_t ram_size);
void threads_free(struct threads *threads);

#endif

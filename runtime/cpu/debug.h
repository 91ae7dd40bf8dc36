/* Breakpoints and watchpoints of a debugger, for all processors of a machine, by virtual address in whatever address
 * space. Nothing is written into the guest, and no cycle is counted differently: engines ask before they execute what a
 * point may lie on, and stop there with nothing of it done.
 *
 * What makes code from guest bytes ends it before a breakpoint ("splits", below) and leaves the instruction there to the
 * reference interpreter. Data under watch in mapped addresses gets no entry in the soft TLBs, and stores to kseg0 find
 * their granule marked in the code map; only loads in kseg0 have a path that nothing can be put into, so while one of
 * those is watched no translated code runs.
 *
 * Used by the engines; runtime/vm sets the points. */
#ifndef JIT161_RUNTIME_CPU_DEBUG_H
#define JIT161_RUNTIME_CPU_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cpu/cpu.h"

#define DEBUG_MAX_POINTS 1024u
#define DEBUG_MAX_SPLITS 4096u
#define DEBUG_MAX_LENGTH 65536u /* bytes under one watchpoint */

/* The numbers are those of the gdb remote protocol's Z packets. */
enum debug_kind {
	DEBUG_SOFTWARE_BREAKPOINT,
	DEBUG_HARDWARE_BREAKPOINT,
	DEBUG_WRITE,
	DEBUG_READ,
	DEBUG_ACCESS,
	DEBUG_KINDS
};

struct debug_point {
	uint32_t address, length; /* bytes; of a breakpoint: the instruction */
	uint8_t kind;		  /* enum debug_kind */
};

struct debug_set {
	struct debug_point points[DEBUG_MAX_POINTS];
	unsigned count, watches;
};

struct debug {
	/* A debugger that steps one processor over a breakpoint takes that out meanwhile, and expects the others to stand
	 * still. They cannot, since time is common to all; so what was in force before goes on to be in force for them.
	 * `only` is the processor that goes on as the debugger sees it, or -1: all of them, and `others` does not count. */
	struct debug_set points, others;
	int only;
	bool only_moved; /* it has executed an instruction since */
	bool watches_changed;
	bool watching, direct_loads; /* any data is watched; loads in kseg0 are */

	/* Where made code ends. Only grows while a debugger is there: it takes its breakpoints out and puts them in again all
	 * the time, and code that ends too early is right, too. `split_words`: a bit for each word of a page that some split
	 * lies on. */
	uint32_t splits[DEBUG_MAX_SPLITS];
	unsigned split_count;
	uint32_t split_words[PAGE_SIZE / 4 / 32];

	/* What was met last. `by_other`: by a processor that the debugger believes to stand still. */
	bool hit, by_other;
	unsigned hit_cpu;
	struct debug_point hit_point;
	uint32_t hit_address; /* of the access */
};

/* Whether made code has to end before `va`. */
bool debug_find_split(const struct debug *debug, uint32_t va);
static inline bool debug_splits_at(const struct cpu *cpu, uint32_t va)
{
	unsigned word = (va & ~PAGE_MASK) / 4;

	return __builtin_expect(cpu->debug != NULL, 0) &&
	       (cpu->debug->split_words[word / 32] >> word % 32 & 1) && debug_find_split(cpu->debug, va);
}

/* The same for an instruction and, if it is a branch, its delay slot, which code cannot end between. */
bool debug_has_split_slot(const struct cpu *cpu, uint32_t va, uint32_t word);
static inline bool debug_ends_code(const struct cpu *cpu, uint32_t va, uint32_t word)
{
	return __builtin_expect(cpu->debug != NULL, 0) &&
	       (debug_splits_at(cpu, va) || debug_has_split_slot(cpu, va, word));
}

/* For code that does not know its address: whether any split lies on this word of its page. */
static inline bool debug_splits_word(const struct cpu *cpu, unsigned word)
{
	return __builtin_expect(cpu->debug != NULL, 0) &&
	       (cpu->debug->split_words[word / 32] >> word % 32 & 1);
}

/* Whether an access touches data under watch. */
bool debug_find_watch(const struct debug *debug, uint32_t va, unsigned size, bool store);
static inline bool debug_watched(const struct cpu *cpu, uint32_t va, unsigned size, bool store)
{
	return __builtin_expect(cpu->debug != NULL, 0) && debug_find_watch(cpu->debug, va, size, store);
}

/* Whether a page has data under watch; then the soft TLBs must not hold it for data. */
bool debug_watches_page(const struct cpu *cpu, uint32_t va);

/* Whether a breakpoint lies where the processor stands, and nothing but it would be next. */
bool debug_stands_at_breakpoint(const struct cpu *cpu);

/* Whether a point lies on what the processor would do next. If so, `hit` is filled in and attention asked for. An
 * interrupt that is due is taken first, as the next cycle would: its handler may be where the point lies. */
bool debug_meets(struct cpu *cpu);
static inline bool debug_stops(struct cpu *cpu)
{
	return __builtin_expect(cpu->debug != NULL, 0) && debug_meets(cpu);
}

#endif

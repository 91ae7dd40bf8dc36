/* A System/161 machine for a benchmark: a few words of program, placed by hand, under an engine to choose. */
#ifndef JIT161_BENCH_MICRO_MACHINE_H
#define JIT161_BENCH_MICRO_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/micro/shim.h"
#include "jit/jit.h"
#include "runtime/vm/vm.h"

#define MACHINE_ENTRY 0x80001000u /* where programs start */
#define MACHINE_RAM   0x80000u

/* The engines and policies that are compared. */
enum machine_kind {
	MACHINE_REFERENCE,
	MACHINE_INLINE, /* translated, sensitive instructions in place */
	MACHINE_CALL,	/* translated, sensitive instructions as calls */
	MACHINE_KINDS
};
extern const char *const machine_kind_names[MACHINE_KINDS];

struct machine {
	struct vm *vm;
	struct vm_options options;
	struct jit_options jit;
	struct error error;
};

/* Words that the machine's loader puts to an address. */
struct machine_words {
	uint32_t address;
	const uint32_t *words;
	size_t count;
};
#define WORDS(address, array)                                                                                \
	{                                                                                                    \
		(address), (array), sizeof(array) / sizeof((array)[0])                                       \
	}

/* A machine with the pieces in memory and its processor at the entry in kernel mode, exceptions going to low memory.
 * Blocks are compiled when they have run a few hundred times, on the caller's thread: a slice that ends within a block
 * leaves another start for the next one, which had better stay cold. `region`: guest instructions in a region, 0 for the
 * default. NULL, with the benchmark ended, if there is none. */
struct machine *machine_new(struct micro_state *state, enum machine_kind kind,
			    const struct machine_words *pieces, size_t count, unsigned region);

/* The same with an ELF file and a configuration. `threshold`: how often a block runs before it is compiled. */
struct machine *machine_load(struct micro_state *state, enum machine_kind kind, const char *config,
			     const char *kernel, unsigned region, uint32_t threshold);
void machine_free(struct machine *machine);

/* Goes on for so many cycles; false, with the benchmark ended, if the machine does not. */
bool machine_run(struct machine *machine, struct micro_state *state, uint64_t cycles);

/* Maps a page of RAM by TLB entry `index` (0 to 7 stay), and starts a user program. */
void machine_map(struct machine *machine, unsigned index, uint32_t va, uint32_t physical);
void machine_enter_user(struct machine *machine, uint32_t va);

static inline struct cpu *machine_cpu(struct machine *machine)
{
	return &machine->vm->cpus[0];
}

#endif

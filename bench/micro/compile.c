/* Code generation. Of the second tier it is measured where it happens: a bench program runs with everything compiled the
 * first time it is executed. The time of an iteration is not what counts but `instruction`, the CPU time of compiling
 * per guest instruction, lifting, passes and linking included. Of the first tier, an iteration translates every block
 * that a bench program has met once more, from guest words to host code; `block` and `instruction` are the time of each. */
#define _GNU_SOURCE

#include "bench/micro/groups.h"
#include "bench/micro/machine.h"
#include "jit/jit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define CYCLES 300000u

static const unsigned region_sizes[] = {1, 20, 200};

static void llvm(struct micro_state *state, const void *context)
{
	const unsigned *size = context;
	double compiled = 0, nanoseconds = 0;

	while (micro_running(state)) {
		struct machine *machine = machine_load(state, MACHINE_INLINE, GUEST_DIR "/system161.conf",
						       GUEST_DIR "/system161/short/mix.elf", *size, 1);
		struct jit_statistics figures;

		if (!machine)
			break;
		machine_run(machine, state, CYCLES);
		jit_statistics(machine->vm->jit, &figures);
		if (figures.backend_error[0])
			micro_fail(state, figures.backend_error);
		compiled += (double)figures.guest_instructions;
		nanoseconds += (double)figures.compile_ns;
		machine_free(machine);
	}
	micro_figure(state, "instruction", compiled > 0 ? nanoseconds / compiled * 1e-9 : 0);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The blocks that a bench program meets in its first cycles. */
struct met {
	struct machine *machine;
	struct {
		uint32_t va, pa;
		bool user;
	} blocks[512];
	unsigned count;
};

static bool meet(struct met *met, struct micro_state *state)
{
	*met = (struct met){.machine = machine_load(state, MACHINE_INLINE, GUEST_DIR "/system161.conf",
						    GUEST_DIR "/system161/short/mix.elf", 0, UINT32_MAX)};
	if (!met->machine)
		return false;
	machine_run(met->machine, state, CYCLES);
	const struct jit *jit = met->machine->vm->jit;
	for (uint32_t i = 1; i <= jit->entries.made && met->count < 512; i++) {
		const struct block_entry *entry = entry_at(jit, i);

		if (!entry->translation)
			continue;
		met->blocks[met->count].va = entry->va;
		met->blocks[met->count].pa = entry->pa;
		met->blocks[met->count++].user = entry->user;
	}
	return true;
}

/* Emission alone, over and over to the same warm memory. */
static void stencils(struct micro_state *state, const void *context)
{
	double blocks = 0, instructions = 0, seconds = 0;
	struct met met;

	(void)context;
	if (!meet(&met, state))
		return;
	struct jit *jit = met.machine->vm->jit;
	while (micro_running(state)) {
		double before = cpu_seconds();

		for (unsigned i = 0; i < met.count; i++) {
			const struct block_entry *entry =
			    table_find(jit, met.blocks[i].va, met.blocks[i].pa, met.blocks[i].user);
			struct emitted_block block;

			region_scan_block(jit, entry, &block);
			if (!emit_block(jit, &block))
				continue;
			blocks += 1;
			instructions += block.instructions;
			if (block.slot_count)
				slots_give_back(jit, block.first_slot, block.slot_count);
		}
		seconds += cpu_seconds() - before;
	}
	micro_figure(state, "block", blocks > 0 ? seconds / blocks : 0);
	micro_figure(state, "instruction", instructions > 0 ? seconds / instructions : 0);
	machine_free(met.machine);
}

/* All that is done when a block is met: its records, watching its bytes, and the first touch of code memory included. */
static void meeting(struct micro_state *state, const void *context)
{
	double blocks = 0, seconds = 0;
	struct met met;

	(void)context;
	if (!meet(&met, state))
		return;
	struct jit *jit = met.machine->vm->jit;
	while (micro_running(state)) {
		jit_flush(jit);
		madvise(jit->code.writable + jit->code.kept, jit->code.size - jit->code.kept, MADV_REMOVE);
		jit->code.touched = jit->code.kept;
		double before = cpu_seconds();

		for (unsigned i = 0; i < met.count; i++) {
			struct block_entry *entry =
			    table_entry(jit, met.blocks[i].va, met.blocks[i].pa, met.blocks[i].user);

			blocks += jit_translate(jit, entry);
		}
		seconds += cpu_seconds() - before;
	}
	micro_figure(state, "block", blocks > 0 ? seconds / blocks : 0);
	machine_free(met.machine);
}

void register_compile(void)
{
	micro_register("compile/stencils", stencils, NULL);
	micro_register("compile/meeting", meeting, NULL);
	for (unsigned i = 0; i < sizeof(region_sizes) / sizeof(region_sizes[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "compile/llvm/region:%u", region_sizes[i]);
		micro_register(name, llvm, &region_sizes[i]);
	}
}

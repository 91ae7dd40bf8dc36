#include "cli/explore_finished.h"

#include <stdlib.h>

#include "runtime/core/random.h"

#define INTERVAL   5000u /* cycles between two samples, on average */
#define MOST_PARTS 1024u

static void count_instruction(void *context, const struct jit161_instruction *instruction)
{
	address_counts_add(context, instruction->address, instruction->physical, instruction->user, 1);
}

struct observer explore_counter(struct address_counts *counts)
{
	return (struct observer){.count = 1,
				 .plugins = {{.context = counts, .instruction = count_instruction}}};
}

/* Intervals are random, or samples would keep step with the guest; and always the same, for the same samples. */
static void run_with_samples(struct vm *vm, struct address_counts *samples)
{
	struct random_state random;
	uint64_t next = 0;

	random_seed(&random, 1);
	for (;;) {
		if (vm->totals.executed >= next)
			next = vm->totals.executed + 1 + random_next(&random) % (2 * INTERVAL);
		if (vm_run(vm, next) != VM_RUNNING)
			return;
		address_counts_sample(samples, vm);
	}
}

static void take_blocks(struct exploration *exploration)
{
	struct jit *jit = exploration->vm->jit;
	unsigned count = jit_blocks(jit, NULL, 0);
	struct jit_block *blocks = calloc(count + 1u, sizeof(*blocks));

	if (!blocks)
		abort();
	jit_blocks(jit, blocks, count);
	for (unsigned i = 0; i < count; i++) {
		struct inspected_block parts[MOST_PARTS];
		unsigned part_count = jit_region_blocks(jit, &blocks[i], parts, MOST_PARTS);

		explore_push_run(exploration, &blocks[i], parts,
				 part_count < MOST_PARTS ? part_count : MOST_PARTS);
	}
	free(blocks);
	exploration->events = jit_events(jit, &exploration->event_count, &exploration->event_total);
}

void explore_finished(struct exploration *exploration, struct address_counts *counts, bool exact,
		      bool regions)
{
	if (regions && !exact)
		run_with_samples(exploration->vm, counts);
	else
		vm_run(exploration->vm, UINT64_MAX);
	exploration->executed = exploration->vm->totals.executed;
	exploration->counted = exact ? COUNTED_EXACTLY : regions ? COUNTED_SAMPLES : COUNTED_FIRST_TIER;
	exploration->counts = counts;
	take_blocks(exploration);
	explore_weigh(exploration);
}

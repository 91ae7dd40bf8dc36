/* What a run made of its blocks: executions and shares. */
#include "cli/explore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/diagnosis.h"

static void push(struct exploration *exploration, const struct explored_block *block)
{
	unsigned count = exploration->count;

	if ((count & (count - 1)) == 0) {
		exploration->blocks =
		    realloc(exploration->blocks, (count ? 2u * count : 1u) * sizeof(*exploration->blocks));
		if (!exploration->blocks)
			abort();
	}
	exploration->blocks[exploration->count++] = *block;
}

void explore_push(struct exploration *exploration, const struct explored_block *block)
{
	push(exploration, block);
}

void explore_push_run(struct exploration *exploration, const struct jit_block *block,
		      const struct inspected_block *parts, unsigned part_count)
{
	struct explored_block row = {
	    .jit = *block, .cut = jit_cut_block(exploration->vm->jit, block->va, block->pa, block->user)};

	push(exploration, &row);
	for (unsigned i = 0; i < part_count; i++) {
		struct explored_block part = {
		    .jit = {.va = parts[i].va,
			    .pa = parts[i].pa,
			    .user = block->user,
			    .instructions = parts[i].words,
			    .tier = 2,
			    .head = block->head,
			    .fate = FATE_REGION},
		    .inner = true,
		    .cut = jit_cut_block(exploration->vm->jit, parts[i].va, parts[i].pa, block->user)};

		push(exploration, &part);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct explored_block *x = a, *y = b;

	if (x->jit.va != y->jit.va)
		return x->jit.va < y->jit.va ? -1 : 1;
	if (x->jit.pa != y->jit.pa)
		return x->jit.pa < y->jit.pa ? -1 : 1;
	if (x->jit.user != y->jit.user)
		return x->jit.user - y->jit.user;
	return x->inner - y->inner; /* what can be entered comes first, and stays */
}

static bool same_place(const struct explored_block *x, const struct explored_block *y)
{
	return x->jit.va == y->jit.va && x->jit.pa == y->jit.pa && x->jit.user == y->jit.user;
}

/* The hottest first; those of equal heat by address, so that the order is always the same. */
static int by_heat(const void *a, const void *b)
{
	const struct explored_block *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	if (x->executions != y->executions) /* too few samples to tell */
		return x->executions < y->executions ? 1 : -1;
	return by_place(a, b);
}

/* What a block is worth when several have the same instructions: regions are what runs, then what was executed most. */
static int by_claim(const void *a, const void *b)
{
	const struct explored_block *x = *(const struct explored_block *const *)a,
				    *y = *(const struct explored_block *const *)b;

	if (x->jit.tier != y->jit.tier)
		return x->jit.tier < y->jit.tier ? -1 : 1;
	if (x->jit.executions != y->jit.executions)
		return x->jit.executions < y->jit.executions ? -1 : 1;
	return by_place(x, y);
}

/* Whose each instruction is that several blocks have: of interrupted loops there are many. Numbers count from 1. */
static void find_owners(const struct exploration *exploration, struct address_counts *owners)
{
	const struct explored_block **order = calloc(exploration->count + 1u, sizeof(*order));

	if (!order)
		abort();
	for (unsigned i = 0; i < exploration->count; i++)
		order[i] = &exploration->blocks[i];
	qsort(order, exploration->count, sizeof(*order), by_claim);
	for (unsigned i = 0; i < exploration->count; i++) {
		const struct explored_block *block = order[i];
		uint64_t number = (uint64_t)(block - exploration->blocks) + 1;

		for (unsigned k = 0; k < block->cut.words; k++)
			address_counts_set(owners, block->jit.va + 4 * k, block->jit.pa + 4 * k,
					   block->jit.user, number);
	}
	free(order);
}

static double weight(const struct exploration *exploration, const struct address_counts *owners,
		     unsigned number)
{
	struct explored_block *block = &exploration->blocks[number];
	const struct jit_block *jit = &block->jit;
	const struct address_counts *counts = exploration->counts;
	unsigned words = 0;
	uint64_t sum = 0;

	block->executions = jit->executions;
	block->counted = jit->tier == 1;
	if (exploration->counted == COUNTED_FIRST_TIER)
		return block->counted ? (double)jit->executions * jit->instructions : 0;
	for (unsigned i = 0; i < block->cut.words; i++) {
		uint32_t va = jit->va + 4 * i, pa = jit->pa + 4 * i;

		if (address_counts_at(owners, va, pa, jit->user) != number + 1u)
			continue;
		sum += address_counts_at(counts, va, pa, jit->user);
		words++;
	}
	if (exploration->counted == COUNTED_EXACTLY) {
		block->executions = address_counts_at(counts, jit->va, jit->pa, jit->user);
		block->counted = true;
		return (double)sum;
	}
	block->samples = sum;
	if (!block->counted && words && counts->total) {
		double cycles = (double)exploration->executed / (double)counts->total;

		block->executions = (uint64_t)((double)sum * cycles / words + 0.5);
	}
	return (double)sum;
}

void explore_weigh(struct exploration *exploration)
{
	unsigned kept = 0;
	double sum = 0;
	struct address_counts owners = {0};

	qsort(exploration->blocks, exploration->count, sizeof(*exploration->blocks), by_place);
	for (unsigned i = 0; i < exploration->count; i++)
		if (!kept || !same_place(&exploration->blocks[kept - 1], &exploration->blocks[i]))
			exploration->blocks[kept++] = exploration->blocks[i];
	exploration->count = kept;
	if (exploration->counted != COUNTED_FIRST_TIER)
		find_owners(exploration, &owners);
	for (unsigned i = 0; i < kept; i++)
		sum += exploration->blocks[i].share = weight(exploration, &owners, i);
	address_counts_free(&owners);
	/* Where the guest was at all, and not only in what has code. */
	if (exploration->counted != COUNTED_FIRST_TIER)
		sum = (double)exploration->counts->total;
	for (unsigned i = 0; i < kept; i++)
		exploration->blocks[i].share = sum > 0 ? exploration->blocks[i].share / sum : 0;
	exploration->instructions =
	    exploration->counted == COUNTED_SAMPLES ? (double)exploration->executed : sum;
	exploration->ran = true;
	qsort(exploration->blocks, kept, sizeof(*exploration->blocks), by_heat);
}

const char *const explore_counted_names[] = {[COUNTED_FIRST_TIER] = "first tier",
					     [COUNTED_SAMPLES] = "samples",
					     [COUNTED_EXACTLY] = "reference interpreter"};

void explore_print(const struct exploration *exploration, unsigned most, FILE *file)
{
	double sum = 0;

	fprintf(file, "%u blocks, which executed %.0f guest instructions\n", exploration->count,
		exploration->instructions);
	if (exploration->counted == COUNTED_SAMPLES)
		fprintf(file,
			"Shares are of %" PRIu64
			" samples of the guest's time; ~ are executions estimated from them\n",
			exploration->counts->total);
	if (exploration->counted == COUNTED_EXACTLY)
		fprintf(file, "Executions and shares are those that the plain interpreter counts\n");
	fprintf(file, "\n  %5s %7s %7s %11s %6s %6s  %s\n", "", "share", "sum", "executions", "guest", "host",
		"block");
	for (unsigned i = 0; i < most && i < exploration->count; i++) {
		const struct explored_block *block = &exploration->blocks[i];
		char place[160] = "user mode", executions[32];

		if (!block->jit.user)
			diagnosis_place(exploration->symbols, block->jit.va, place, sizeof(place));
		sum += block->share;
		snprintf(executions, sizeof(executions), "%s%" PRIu64, block->counted ? "" : "~",
			 block->executions);
		fprintf(file, "  %5u %5.1f %% %5.1f %% %11s %6u %6u  %08x %s", i + 1, 100 * block->share,
			100 * sum, executions, block->jit.instructions, block->jit.code_bytes, block->jit.va,
			place);
		if (block->jit.tier == 2)
			fprintf(file, ", in the region of %08x", block->jit.head);
		fputc('\n', file);
	}
	fprintf(file, "\n  guest: instructions; host: bytes of code\n");
}

#include "cli/hot_blocks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runtime/vm/diagnosis.h"

static double executed(const struct jit_block *block)
{
	return block->tier == 1 ? (double)block->executions * block->instructions : 0;
}

/* Regions first: their executions are not counted, but they are hot. Then the hottest; those of equal heat by address, so that
 * the order is always the same. */
static int by_heat(const void *a, const void *b)
{
	const struct jit_block *x = a, *y = b;
	double heat_x = executed(x), heat_y = executed(y);

	if (x->tier != y->tier)
		return x->tier < y->tier ? 1 : -1;
	if (heat_x != heat_y)
		return heat_x < heat_y ? 1 : -1;
	if (x->va != y->va)
		return x->va < y->va ? -1 : 1;
	return (x->pa > y->pa) - (x->pa < y->pa);
}

void hot_blocks_find(struct hot_blocks *hot, const struct jit *jit)
{
	*hot = (struct hot_blocks){.count = jit_blocks(jit, NULL, 0)};
	hot->blocks = calloc(hot->count + 1u, sizeof(*hot->blocks));
	if (!hot->blocks)
		abort();
	jit_blocks(jit, hot->blocks, hot->count);
	qsort(hot->blocks, hot->count, sizeof(*hot->blocks), by_heat);
	for (unsigned i = 0; i < hot->count; i++)
		hot->instructions += executed(&hot->blocks[i]);
}

void hot_blocks_free(struct hot_blocks *hot)
{
	free(hot->blocks);
}

double hot_block_share(const struct hot_blocks *hot, unsigned number)
{
	return hot->instructions > 0 ? executed(&hot->blocks[number]) / hot->instructions : 0;
}

void hot_blocks_print(const struct hot_blocks *hot, unsigned most, struct symbols *symbols, FILE *file)
{
	double sum = 0;

	fprintf(file, "%u blocks, which executed %.0f guest instructions\n\n", hot->count, hot->instructions);
	fprintf(file, "  %5s %7s %7s %11s %6s %6s  %-8s\n", "", "share", "sum", "executions", "guest", "host",
		"block");
	for (unsigned i = 0; i < most && i < hot->count; i++) {
		const struct jit_block *block = &hot->blocks[i];
		char place[160] = "user mode";

		if (!block->user)
			diagnosis_place(symbols, block->va, place, sizeof(place));
		sum += hot_block_share(hot, i);
		fprintf(file, "  %5u %5.1f %% %5.1f %% %11" PRIu32 " %6u %6u  %08x %s\n", i + 1,
			100 * hot_block_share(hot, i), 100 * sum, block->executions, block->instructions,
			block->code_bytes, block->va, place);
	}
	fprintf(file, "\n  guest: instructions; host: bytes of code\n");
}

/* The blocks of the first tier that a run executed most: their share is executions times guest instructions. */
#ifndef JIT161_CLI_HOT_BLOCKS_H
#define JIT161_CLI_HOT_BLOCKS_H

#include <stdio.h>

#include "jit/jit.h"
#include "runtime/vm/symbols.h"

struct hot_blocks {
	struct jit_block *blocks; /* hottest first */
	unsigned count;
	double instructions; /* executed by all of them */
};

/* To be freed with hot_blocks_free. */
void hot_blocks_find(struct hot_blocks *hot, const struct jit *jit);
void hot_blocks_free(struct hot_blocks *hot);
double hot_block_share(const struct hot_blocks *hot, unsigned number);
/* A table of the first `most`, with functions and source lines of kernel code. */
void hot_blocks_print(const struct hot_blocks *hot, unsigned most, struct symbols *symbols, FILE *file);

#endif

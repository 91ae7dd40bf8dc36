/* What `jit161 dump` knows of many blocks at once, as JSON (docs/manual.md, "Dumps as data") and as a page that shows it. */
#ifndef JIT161_CLI_EXPLORE_H
#define JIT161_CLI_EXPLORE_H

#include <stdio.h>

#include "jit/inspect.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

/* A block that is shown. */
struct explored_block {
	struct jit_block jit; /* what the run made of it; offline only the address */
	struct inspected_block cut;
	double share; /* of the guest instructions that the run executed */
};

struct exploration {
	struct vm *vm;
	struct symbols *symbols;
	const char *guest;   /* the kernel's name */
	bool ran;	     /* the guest was run: there are executions */
	unsigned details;    /* how many blocks, from the first on, are shown with all stages */
	double instructions; /* executed in all */
	struct jit_dump_options dump;
	struct explored_block *blocks;
	unsigned count;
};

/* Adds the block at an address of kernel code, if it is not there, and shows nothing of a run. */
void explore_add(struct exploration *exploration, uint32_t va);
/* Adds the blocks of a function, or of all of the kernel's code if `function` is NULL: from each start of a function, each
 * target and each place behind a block. False: there is no such function, or no symbols. */
bool explore_add_code(struct exploration *exploration, const char *function, struct error *error);
void explore_free(struct exploration *exploration);

/* Writes it. The details are made meanwhile. */
bool explore_json(struct exploration *exploration, FILE *file, struct error *error);
bool explore_html(struct exploration *exploration, FILE *file, struct error *error);

/* The source lines of a block's instructions, as a stage: "source". */
void explore_source(struct symbols *symbols, const struct inspected_block *blocks, unsigned count,
		    void (*add)(void *context, uint32_t guest, const char *line), void *context);

#endif

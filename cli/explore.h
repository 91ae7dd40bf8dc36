/* What `jit161 dump` knows of many blocks at once, as JSON (docs/manual.md, "Dumps as data") and as a page that shows it. */
#ifndef JIT161_CLI_EXPLORE_H
#define JIT161_CLI_EXPLORE_H

#include <stdio.h>

#include "cli/address_counts.h"
#include "jit/inspect.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

/* A block that is shown. */
struct explored_block {
	struct jit_block jit; /* what the run made of it; offline only the address */
	struct inspected_block cut;
	bool inner;   /* of a region, and not entered from outside */
	double share; /* of the guest instructions that the run executed */
	uint64_t executions, samples;
	bool counted; /* executions were counted; else they are estimated from samples, if there are some */
	const uint8_t *code; /* as a running machine has it; NULL: not known */
	size_t code_size;
};

/* Where executions and shares come from. */
enum counted {
	COUNTED_FIRST_TIER, /* its code counts how often each block is entered; regions do not count */
	COUNTED_SAMPLES, /* where the guest was at points of its time; executions of the first tier as before */
	COUNTED_EXACTLY /* each instruction, by the plain interpreter */
};
extern const char *const explore_counted_names[];

struct exploration {
	struct vm *vm;
	struct symbols *symbols;
	const char *guest; /* the kernel's name */
	bool ran;	   /* the guest was run: there are executions */
	bool live;	   /* and it still runs */
	enum counted counted;
	const struct address_counts
	    *counts;			/* samples or executions, by address; NULL: with COUNTED_FIRST_TIER */
	uint64_t executed;		/* cycles */
	const struct jit_event *events; /* of the run, and how many there were in all */
	unsigned event_count;
	uint64_t event_total;
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
/* Adds a row. */
void explore_push(struct exploration *exploration, const struct explored_block *block);
/* Adds a block of a run, of a region's entry also the region's blocks. When all are there, explore_weigh says what each took
 * of the run, and sorts them. */
void explore_push_run(struct exploration *exploration, const struct jit_block *block,
		      const struct inspected_block *parts, unsigned part_count);
void explore_weigh(struct exploration *exploration);
/* The table of the first `most`, with functions and source lines of kernel code. */
void explore_print(const struct exploration *exploration, unsigned most, FILE *file);
/* The stages of one block, and of its running code if that is known; what there is even if it fails. */
bool explore_inspect(const struct exploration *exploration, const struct explored_block *block,
		     struct inspection *inspection, struct error *error);
void explore_free(struct exploration *exploration);

/* Writes it. The details are made meanwhile. */
bool explore_json(struct exploration *exploration, FILE *file, struct error *error);
/* One of the details: the stages of a block. */
bool explore_detail(struct exploration *exploration, unsigned number, FILE *file, struct error *error);
bool explore_html(struct exploration *exploration, FILE *file, struct error *error);

/* The source lines of a block's instructions, as a stage: "source". */
void explore_source(struct symbols *symbols, const struct inspected_block *blocks, unsigned count,
		    void (*add)(void *context, uint32_t guest, const char *line), void *context);

#endif

/* What becomes of a block or region, stage by stage and line by line. Used by runtime/vm and cli. */
#ifndef JIT161_JIT_INSPECT_H
#define JIT161_JIT_INSPECT_H

#include "jit/jit.h"

#define LISTING_NO_GUEST 1u /* no address of code */
#define LISTING_NO_OP	 UINT32_MAX

/* A line of a stage and what it belongs to. */
struct listing_line {
	size_t text;	/* where in the listing's text it starts; ends with NUL */
	uint32_t guest; /* virtual address of the guest instruction, or LISTING_NO_GUEST */
	uint32_t
	    op; /* the IR operation, block << 16 | number, or LISTING_NO_OP. The same in all stages from IR on */
};

struct listing {
	char name
	    [32]; /* "guest", "first", "ir", "ir:PASS", "ir-optimised", "llvm", "llvm-optimised", "host" */
	char title[64];
	char *text;
	size_t size, room;
	struct listing_line *lines;
	unsigned count;
};

/* A block of the region and where it may go on within the code. */
struct inspected_block {
	uint32_t va, pa;
	unsigned words;
	bool entry;
	unsigned target_count;
	uint32_t targets[2];
};

#define MAX_LISTINGS 16
struct inspection {
	struct listing listings[MAX_LISTINGS];
	unsigned count;
	struct inspected_block *blocks;
	unsigned block_count;
};

/* As jit_dump, but as data. What was found is there even if it fails, and is to be freed. */
bool jit_inspect(struct jit *jit, uint32_t va, uint32_t pa, bool user, const struct jit_dump_options *options,
		 struct inspection *inspection, struct error *error);
void inspection_print(const struct inspection *inspection, FILE *file);
void inspection_free(struct inspection *inspection);

static inline const char *listing_text(const struct listing *listing, unsigned line)
{
	return listing->text + listing->lines[line].text;
}

/* Disassembles code as it lies in memory, as one more stage: "running". */
bool jit_inspect_code(const struct jit *jit, const uint8_t *code, size_t size, struct inspection *inspection,
		      struct error *error);

/* Writes up to `room` of the blocks of the region that an entry belongs to, at its place in RAM; returns how many there are.
 * Between runs only. */
unsigned jit_region_blocks(const struct jit *jit, const struct jit_block *entry,
			   struct inspected_block *blocks, unsigned room);

/* The block at an address as translation would cut it. `va` must be code's: word-aligned, `pa` its offset in RAM. */
struct inspected_block jit_cut_block(const struct jit *jit, uint32_t va, uint32_t pa, bool user);

#endif

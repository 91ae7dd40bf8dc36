/* Shared by the files of jit/. The machine's thread owns everything here except what `compiler` says. */
#ifndef JIT161_JIT_JIT_INTERNAL_H
#define JIT161_JIT_JIT_INTERNAL_H

#include <stdatomic.h>

#include "ir/ir.h"
#include "jit/code_memory.h"
#include "jit/common_code.h"
#include "jit/jit.h"
#include "jit/llvm/backend.h"
#include "runtime/cpu/cpu.h"

#define BLOCK_INSTRUCTIONS 64u /* a longer block is split */
#define MAX_REGION_BLOCKS  128u
#define MAX_REGION_PAGES   16u
#define MAX_SLOTS	   (1u << 20)
#define BLOCK_TABLE_SIZE   (1u << 16) /* entries; a power of two */
#define PAGE_WORDS	   (PAGE_SIZE / 4)

/* What the dispatcher knows about the address `va`, found at RAM offset `pa`, in one mode. */
struct block_entry {
	uint32_t va, pa;
	bool used, user;
	bool requested;	       /* being compiled as the head of a region */
	uint8_t met;	       /* times it was interpreted for want of code, up to FIRST_MEETINGS */
	uint8_t invalidations; /* each doubles the threshold */
	/* Executions until the dispatcher wants to hear of it, which the first tier's code counts down, and what that was set
	 * to in all. Compile threads read both to take what is most wanted. */
	atomic_int countdown, counted;
	const void *code; /* NULL: not an entry of translated code */
	struct region *region;
};

/* Executions so far. */
static inline uint32_t heat_of(const struct block_entry *entry)
{
	return (uint32_t)atomic_load_explicit(&entry->counted, memory_order_relaxed) -
	       (uint32_t)atomic_load_explicit(&entry->countdown, memory_order_relaxed);
}

/* A basic block as discovery sees it: the bytes the lifter may read. */
struct scanned_block {
	uint32_t va, pa;
	uint32_t content; /* index of its bytes in the region's */
	uint16_t words;
	bool entry;
	uint8_t target_count;
	uint32_t targets[2]; /* where it may continue within a region */
};

/* Where translated code can be entered: a block. */
struct region_entry {
	uint32_t va, pa;
	const void *code;
};

/* A piece of translated code: of the first tier one block, of the second a set of blocks compiled together. While pending it
 * is shared with a compile thread, which reads the request part and writes the result part; the rest stays the machine's
 * thread's.
 *
 * Code depends on virtual addresses and on bytes, not on where in RAM the bytes are. So a region serves every
 * place that holds the same bytes at the same virtual address: a program that runs again, or many times at
 * once, is compiled once. Each such place is an instance, named by its distance from the place the region was
 * made from. */
struct region {
	uint8_t tier; /* 1 or 2 */
	bool pending;
	bool stale;	     /* pending, and its bytes changed after they were copied */
	bool retired;	     /* runs over a place where code has to end by now: never used again */
	uint32_t *instances; /* distances; the places that are watched and have entries in the table */
	unsigned instance_count, instance_capacity;
	struct region *next;	 /* of all regions */
	struct region *next_job; /* in the compiler's queue or list */
	const struct block_entry *head;

	/* The request. */
	struct ir_mode mode;
	struct scanned_block *blocks;
	unsigned block_count;
	unsigned instructions; /* 0: the code only leaves for the interpreter */
	uint32_t first_slot, slot_count;
	struct {
		uint32_t frame;
		uint32_t words[PAGE_WORDS]; /* copied, in host order */
	} * pages;
	unsigned page_count;
	uint32_t *content; /* the blocks' bytes as they lie in RAM, a word each; NULL in the first tier */

	/* The result. */
	bool compiled;
	struct ir_region ir; /* until it is installed */
	struct region_entry *entries;
	unsigned entry_count;
	uint32_t *slot_targets; /* virtual address of each slot's target, or NO_TARGET */

	uint32_t *incoming; /* slots linked to this region's entries */
	unsigned incoming_count, incoming_capacity;

	/* The first tier's blocks are many and small: what the pointers above point to is here. */
	uint32_t heat_offset; /* of the entry's countdown in the block table */
	struct scanned_block own_block;
	struct region_entry own_entry;
	uint32_t own_targets[2];
	uint32_t own_instance;
};

#define NO_TARGET 1u

/* An instance of a region has bytes in a granule of RAM. */
struct granule_use {
	struct region *region;
	uint32_t distance;
	struct granule_use *next;
};

/* A slot: the region whose exit it is, and what it is linked to. The target's instance lies `shift` further
 * than the source's. */
struct slot_use {
	struct region *source;
	struct region *target; /* NULL: not linked */
	uint32_t shift;
};

/* Installed regions by the address of an entry. */
struct address_use {
	uint32_t va, pa;
	struct region *region;
	struct address_use *next;
};
#define ADDRESS_BUCKETS 4096u

struct compiler;

struct jit {
	struct jit_options options;
	struct memory *memory;
	struct cpu *cpus;
	unsigned cpu_count;

	struct block_entry *table;
	unsigned table_used;

	struct region *regions;	       /* all that are not freed */
	struct granule_use **granules; /* by RAM offset >> CODE_GRANULE_SHIFT */

	struct address_use **addresses; /* ADDRESS_BUCKETS lists */

	void **slots;
	struct slot_use *slot_uses;
	uint32_t slots_used;

	struct code_memory code;
	struct common_code common;
	struct emitter *emitter;
	struct compiler *compiler;
	bool invalidated; /* code was dropped since the flag was last cleared */
	uint64_t interpreted_cycles;
	uint32_t waiting_instructions; /* guest instructions in pending regions */

	struct jit_statistics statistics;
};

/* Compiling a guest instruction costs as much as executing it some 300,000 times saves over the first tier, and some 10,000
 * times over the interpreter. */
#define DEFAULT_THRESHOLD	 500000u
#define THRESHOLD_OF_INTERPRETED 8000u

/* Executions of a block before it is wanted as code. */
static inline uint32_t jit_threshold(const struct jit *jit)
{
	if (jit->options.threshold)
		return jit->options.threshold;
	return jit->options.tiers == TIERS_SECOND ? THRESHOLD_OF_INTERPRETED : DEFAULT_THRESHOLD;
}

/* --- cache.c: what is translated, and undoing it --- */

bool cache_init(struct jit *jit, struct error *error);
void cache_free(struct jit *jit);
/* Made if missing; NULL if the table is full. */
struct block_entry *cache_entry(struct jit *jit, uint32_t va, uint32_t pa, bool user);
/* Starts counting a block's executions anew. */
void cache_count_again(const struct jit *jit, struct block_entry *entry);
const struct block_entry *cache_find(const struct jit *jit, uint32_t va, uint32_t pa, bool user);

/* Takes over a new region: registers its bytes in the code map, so that writes to them are noticed. */
void cache_add(struct jit *jit, struct region *region);
/* Makes a compiled region's code reachable. */
void cache_install(struct jit *jit, struct region *region);
/* Gives up a pending region. */
void cache_discard(struct jit *jit, struct region *region);
/* Gives an address the code of a region with the same bytes, if there is one. */
bool cache_adopt(struct jit *jit, struct block_entry *entry);
/* Whether a region for this address is being compiled. */
bool cache_awaits(const struct jit *jit, const struct block_entry *entry);
/* Makes a slot lead directly to a block with code. */
void cache_link(struct jit *jit, uint32_t slot, const struct block_entry *target);

/* Whether bytes that code was made from overlap the range. */
bool cache_overlaps(const struct jit *jit, uint32_t offset, uint32_t size);
/* The listener for CODE_TRANSLATED. */
void cache_code_written(void *jit, uint32_t offset, uint32_t size);

/* --- emit.c: the first tier --- */

struct emitter *emitter_new(void);
void emitter_free(struct emitter *emitter);
/* Code memory was reset. */
void emitter_reset(struct emitter *emitter);
/* Translates a region of one block at once: a block that starts with what is the interpreter's becomes code that only
 * leaves. False if there is no room (code_memory_full). */
bool emit_block(struct jit *jit, struct region *region);

/* --- region.c: choosing what to compile --- */

/* A region of the first tier for the block at an address. */
struct region *region_of_block(struct jit *jit, const struct block_entry *head);

/* A region around a hot block, or NULL if nothing there can be translated. `all`: include blocks that never
 * ran. */
struct region *region_discover(struct jit *jit, const struct block_entry *head, bool all);
void region_free(struct region *region);

/* --- compile.c: compile threads --- */

struct compiler *compiler_new(struct jit *jit);
void compiler_free(struct compiler *compiler);
/* Takes the region; it comes back through compiler_collect. */
void compiler_submit(struct compiler *compiler, struct region *region);
/* Regions that are done, as a list; NULL if none. Cheap when there are none. */
struct region *compiler_collect(struct compiler *compiler);
/* Waits until nothing is queued or being compiled. */
void compiler_wait(struct compiler *compiler);
bool compiler_broken(const struct compiler *compiler);
void compiler_statistics(struct compiler *compiler, struct jit_statistics *statistics);
/* CPU time that compiling has taken so far. */
uint64_t compiler_spent_ns(const struct compiler *compiler);
/* Compiles one region at once on the caller's thread, with the text of its stages. */
bool compiler_compile_now(struct compiler *compiler, struct region *region, struct backend_text *text,
			  struct error *error);
/* Lifts a region's blocks and runs the passes if asked to; false if nothing could be lifted. */
bool compiler_lift(const struct jit *jit, struct region *region, bool optimise);

/* --- jit.c --- */

/* translated_code_helpers.interpret */
const void *jit_interpret(struct cpu *cpu);

/* --- helpers.c: what translated code calls --- */

extern const struct translated_code_helpers jit_helpers;

#endif

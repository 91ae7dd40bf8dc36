/* The translating engine: executes a processor by translated code where there is any, by the reference
 * interpreter elsewhere, and has what is hot compiled. One per machine; runs on the machine's thread. Used by
 * runtime/vm. */
#ifndef JIT161_JIT_JIT_H
#define JIT161_JIT_JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/core/error.h"

struct cpu;
struct memory;
struct jit;
struct compile_schedule;

enum sensitive_policy {
	SENSITIVE_INLINE, /* translated in place */
	SENSITIVE_CALL,	  /* calls of the runtime */
	SENSITIVE_TRAP,	  /* traps of the host, emulated by a signal handler */
	SENSITIVE_POLICIES
};
/* As --sensitive has them; ends with NULL. */
extern const char *const jit_sensitive_names[SENSITIVE_POLICIES + 1];

enum dump_stage {
	DUMP_GUEST = 1 << 0,
	DUMP_IR = 1 << 1,
	DUMP_IR_OPTIMISED = 1 << 2,
	DUMP_LLVM = 1 << 3,
	DUMP_LLVM_OPTIMISED = 1 << 4,
	DUMP_HOST = 1 << 5,
	DUMP_FIRST = 1 << 6, /* host assembly of the first tier */
	DUMP_ALL = (1 << 7) - 1,
	DUMP_PASSES = 1 << 7,  /* IR after each pass */
	DUMP_RUNNING = 1 << 8, /* code as it lies in a running machine (jit/inspect.h) */
};

struct jit_dump_options {
	unsigned stages;   /* enum dump_stage */
	bool single_block; /* the block alone, not its region */
};

/* Which kinds of translated code there are. */
enum jit_tiers {
	TIERS_AUTO,  /* both: stencils of what is met again, regions of what is hot */
	TIERS_FIRST, /* stencils only, and at once */
	TIERS_SECOND /* regions only; what is cold is interpreted */
};

struct jit_options {
	enum jit_tiers tiers;
	const char *backend_path; /* the back end's shared object */
	enum sensitive_policy sensitive;
	unsigned threads; /* compile threads; 0: compile at once, on the machine's thread */
	uint32_t
	    threshold; /* executions of a block before it is wanted as code; 0: a default, and only as far as
			     * compiling pays for the run at hand */
	unsigned region_instructions; /* guest instructions in a region at most */
	unsigned regions_per_module;  /* regions compiled together at most */
	unsigned
	    slow_exits; /* of a region before an access, in a million cycles, that have it made in a slower way,
				       * up to 200; 0: all are slow (jit/slow.c) */
	size_t code_bytes; /* size of the code memory */
	/* Regions are kept in this directory between runs (jit/store/store.h), so many bytes of them; NULL: they are not. */
	const char *cache_directory;
	uint64_t cache_bytes;
	bool exit_times; /* measure how long exits take, which costs each some tens of ns */
	unsigned
	    skipped_passes; /* bits by place in ir_passes: of the IR's passes, those that are left out. For dumps */
	bool anonymous_code; /* code lies in memory without a file: perf looks up names only there */
	bool journal;	     /* keep jit_events */
	const char *guest;   /* its name, for who looks at what is kept; NULL: none */
	struct compile_schedule *schedule; /* jit/schedule.h, for tests; NULL: none */
};

/* The defaults. `backend_path` is NULL and must be filled in. */
struct jit_options jit_default_options(void);

struct jit *jit_new(const struct jit_options *options, struct memory *memory, struct cpu *cpus,
		    unsigned cpu_count, struct error *error);
void jit_free(struct jit *jit);

/* Adds the files that are opened later: the back end's. */
struct host_needs;
void jit_host_needs(const struct jit *jit, struct host_needs *needs);

/* Executes until the slice is used up or attention is asked for; the same contract as reference_run. */
void jit_run(struct jit *jit, struct cpu *cpu);

/* Forgets all translations, for when memory or TLBs were replaced as a whole. */
void jit_flush(struct jit *jit);

/* Code ends before this virtual address from now on (debug_splits_at says so to whoever makes new code): what runs over it,
 * in any mode and at any physical address, is not used again. Between runs only. */
void jit_split(struct jit *jit, uint32_t va);

/* Writes down the regions that are to be kept. Between runs only. `warning` says what went wrong with that or with the cache as
 * a whole; empty: nothing. */
void jit_keep(struct jit *jit, struct error *warning);

/* Waits until nothing is being compiled and what was is installed. For tests and dumps. */
void jit_settle(struct jit *jit);

/* Prints stages of the region around an address: guest assembly, host assembly of the first tier, IR, optimised IR, LLVM
 * IR, host assembly. jit/inspect.h has the same as data. No translated code may be under way. `pa` is the RAM offset of the address's bytes. Changes nothing. */
bool jit_dump(struct jit *jit, uint32_t va, uint32_t pa, bool user, const struct jit_dump_options *options,
	      FILE *file, struct error *error);

/* The passes of a list of names, as `skipped_passes` has them: "fold,dead_stores", "none" or "all". False: there is none of a
 * name. */
bool jit_dump_passes(const char *names, unsigned *skipped);

/* Stages by their letters: g guest assembly, t host assembly of the first tier, i IR, p IR after each pass, o optimised IR, l LLVM
 * IR, L optimised LLVM IR, h host assembly. False: another letter, or none. */
bool jit_dump_stages(const char *letters, unsigned *stages);

/* The head of the translated region that the bytes at RAM offset `pa` belong to; false if none does. */
bool jit_find_region(const struct jit *jit, uint32_t pa, bool user, uint32_t *head_va, uint32_t *head_pa);

/* What the engine is at: written by the machine's thread, and read by whoever samples it from a signal handler of that thread.
 */
enum jit_activity {
	JIT_OUTSIDE,	  /* the machine's turn: devices, events, the run loop */
	JIT_TRANSLATED,	  /* translated code and what it calls */
	JIT_INTERPRETING, /* what translated code leaves to the interpreter */
	JIT_COLD,	  /* code that is not worth translating yet, or cannot be */
	JIT_REST,	  /* of a slice that is shorter than the next stretch of code */
	JIT_TRANSLATING,  /* the first tier's work */
	JIT_DISPATCHING,  /* looking up, linking, installing, making room */
	JIT_ACTIVITIES
};
enum jit_activity jit_activity(const struct jit *jit);
/* Whether a host address lies in the memory of translated code. */
bool jit_owns_code(const struct jit *jit, const void *pc);

/* Whether a block has become part of a region, or why not. */
enum jit_fate {
	FATE_REGION,	  /* it is one's */
	FATE_COLD,	  /* not executed often enough */
	FATE_FIRST_ONLY,  /* only the first tier was asked for */
	FATE_INTERPRETER, /* what it begins with is the interpreter's */
	FATE_WAITING,	  /* being compiled, or waiting for that */
	FATE_REFUSED,	  /* it could not be compiled */
	FATE_DEAR,	  /* hot, but compiling would not have paid in this run */
	JIT_FATES
};
/* As dumps have them. */
extern const char *const jit_fate_names[JIT_FATES];

/* Where code goes on without a look-up. */
struct jit_link {
	uint32_t va;
	bool
	    linked; /* directly to code; else to the dispatcher, since nobody has gone there yet or the code is gone */
};

/* A block that has code. */
struct jit_block {
	uint32_t va, pa; /* pa: RAM offset */
	bool user;
	unsigned instructions; /* guest; 0: the code only leaves for the interpreter */
	unsigned code_bytes;
	uint32_t executions; /* of its first tier's code, modulo 2^32 */
	unsigned tier;
	uint32_t head; /* second tier: the first block of its region */
	uint32_t code; /* where its code starts, from the start of code memory */
	enum jit_fate fate;
	uint32_t wanted; /* executions from which on it is wanted as part of a region */
	unsigned link_count;
	struct jit_link links[2]; /* first tier only */
	unsigned incoming;	  /* links to it from other code */
};
/* Writes up to `room` of the blocks that there are now; returns how many there are. Between runs only. */
unsigned jit_blocks(const struct jit *jit, struct jit_block *blocks, unsigned room);

/* The code of a block, of a region's entry all of the region's, as it lies in memory. Between runs only; valid until the
 * machine runs on. */
const uint8_t *jit_block_code(const struct jit *jit, const struct jit_block *block, size_t *size);

/* Names each page of RAM that code was made from, by its offset. Between runs only. */
void jit_code_pages(const struct jit *jit, void (*tell)(void *context, uint32_t offset), void *context);

/* Why code at a place was given up. */
enum jit_loss {
	LOSS_WRITTEN,  /* its bytes were written */
	LOSS_EVICTED,  /* to make room */
	LOSS_REPLACED, /* a region took its place */
	LOSS_SPLIT,    /* a debugger wants to stop inside it */
	LOSS_SLOW,     /* it left too often before an access */
	JIT_LOSSES
};
extern const char *const jit_loss_names[JIT_LOSSES];

/* Code that was given up. */
struct jit_event {
	enum jit_loss loss;
	uint32_t va, pa; /* of its first block */
	bool user;
	unsigned tier;
	uint32_t executions; /* of the first block */
	/* LOSS_WRITTEN: the RAM offset, and who: the processor and the address of its instruction. */
	uint32_t written;
	int cpu;       /* -1: a device */
	uint32_t pc;   /* JIT_UNKNOWN_PC: it was in a delay slot of translated code */
	uint32_t head; /* LOSS_REPLACED: the region's first block */
};
#define JIT_UNKNOWN_PC 1u
/* The events so far, of a machine with jit_options.journal, oldest first; `total` counts those for which there was no room,
 * too. Between runs only; valid until the machine runs on. */
const struct jit_event *jit_events(const struct jit *jit, unsigned *count, uint64_t *total);

/* Hears of code as it comes and goes, on the machine's thread. `name` has what LLVM or the stencils' maker call it; guest code
 * has NULL, and the virtual address that it was made from. */
struct jit_code {
	const void *start;
	size_t size;
	uint32_t va;
	bool user;
	unsigned tier;
	const char *name;
};
struct jit_listener {
	void (*made)(void *context, const struct jit_code *code);
	void (*gone)(void *context, const struct jit_code *code);
	void *context;
};
/* Tells of all code there is and then of what comes. Between runs only; `listener` must stay. NULL: no more. */
void jit_listen(struct jit *jit, const struct jit_listener *listener);

/* What the translation cache keeps beside code, in bytes. */
struct jit_metadata {
	uint64_t entries;      /* what is known about addresses */
	uint64_t translations; /* what is known about pieces of code */
	uint64_t links;
	uint64_t watches; /* which bytes of RAM code was made from */
};

/* What happened so far. */
struct jit_statistics {
	uint64_t translated_cycles; /* machine cycles executed in translated code */
	uint64_t entries;	    /* times translated code was entered from the dispatcher */
	uint64_t exits[7];	    /* by enum exit_reason */
	uint64_t exit_ns[7];	    /* until translated code was entered again; with jit_options.exit_times */
	uint64_t host_traps;	    /* of sensitive instructions, with SENSITIVE_TRAP */
	uint64_t regions, blocks, guest_instructions, code_bytes;	   /* of the second tier, installed */
	uint64_t stencil_blocks, stencil_instructions, stencil_code_bytes; /* of the first */
	uint64_t unknown_shapes;  /* blocks cut short because there was no stencil */
	uint64_t discarded;	  /* compiled, but out of date when done */
	uint64_t failed;	  /* the back end refused */
	uint64_t invalidated;	  /* places of regions given up because they were written */
	uint64_t adopted;	  /* places that got the code of equal bytes elsewhere */
	uint64_t flushes;	  /* of everything, since memory was replaced */
	uint64_t evictions;	  /* pieces of code memory taken back to make room */
	uint64_t evicted;	  /* translations in them */
	uint64_t reclaimed_bytes; /* of code memory taken back, for whatever reason */
	uint64_t budget_bytes;	  /* size of code memory */
	uint64_t taken_bytes;	  /* of it in use now, by whole pages */
	bool kept;		  /* regions are kept between runs. If so: */
	uint64_t kept_records;	  /* those of earlier runs that there were to choose from */
	uint64_t kept_loaded;	  /* regions that came from there */
	uint64_t kept_missed;	  /* regions wanted that were not there */
	uint64_t kept_stored;	  /* regions written down */
	uint64_t kept_bytes;	  /* of what was written */
	uint64_t kept_refused;	  /* damaged files and records met */
	/* Of what there is now: */
	uint64_t live_code_bytes, live_instructions; /* both tiers */
	uint64_t live_region_code_bytes, live_region_instructions;
	struct jit_metadata metadata;
	uint64_t compile_ns;	 /* CPU time of compile threads */
	char backend_error[256]; /* why there is no translated code, if so */
};
void jit_statistics(const struct jit *jit, struct jit_statistics *statistics);
extern const char *const jit_exit_names[7];

#endif

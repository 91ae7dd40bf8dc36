/* Shared by the files of jit/. The machine's thread owns everything here except what `compiler` says. */
#ifndef JIT161_JIT_JIT_INTERNAL_H
#define JIT161_JIT_JIT_INTERNAL_H

#include <limits.h>
#include <stdatomic.h>

#include "ir/ir.h"
#include "jit/code_image.h"
#include "jit/code_memory.h"
#include "jit/common_code.h"
#include "jit/jit.h"
#include "jit/llvm/backend.h"
#include "jit/pool.h"
#include "jit/store/key.h"
#include "runtime/cpu/cpu.h"

#define BLOCK_INSTRUCTIONS 64u /* a longer block is split */
#define MAX_REGION_BLOCKS  128u

/* Of the translation cache's records, at most. */
#define MAX_ENTRIES	 (1u << 17)
#define MAX_TRANSLATIONS (1u << 17)
#define MAX_USES	 (1u << 22)
#define MAX_SLOTS	 (1u << 19)

/* What the dispatcher knows about the address `va`, found at RAM offset `pa`, in one mode, once it has been met often enough.
 * An entry stays while it has code or is requested: the first tier's code and compile threads know its address. */
struct block_entry {
	uint32_t va; /* first, and not in use while the entry is free (jit/pool.h) */
	uint32_t pa;
	uint32_t next;	 /* in the same bucket */
	uint16_t headed; /* pending regions that it is the head of */
	bool used : 1, user : 1;
	bool requested : 1; /* being compiled as part of a region */
	bool jumped_to : 1; /* translated code was left for its address, as indirect jumps do */
	bool in_region : 1; /* was compiled as part of one, and is counted anew since */
	/* Executions until the dispatcher wants to hear of it, which the first tier's code counts down, and what that was set
	 * to in all. Compile threads read both to take what is most wanted. */
	atomic_int countdown, counted;
	uint32_t translation; /* 0: not an entry of translated code */
	uint32_t code;	      /* then its offset in code memory */
};
_Static_assert(sizeof(struct block_entry) == 32, "one for each translated block");

/* Executions of its translated code so far; in a run without a first tier, of the block. */
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
	enum ir_accesses accesses; /* as was known when it was scanned */
	uint8_t target_count;
	uint32_t targets[2]; /* where it may continue within a region */
	/* What it ends with, if that is a call or a return: jr $ra. Where the call goes to, if `callee_known`, or the register
	 * that has it. */
	bool calls, returns, callee_known;
	uint8_t callee_register;
	uint32_t callee;
	/* See struct ir_block. */
	uint16_t copy, next_copy;
	bool next;
	uint32_t next_va;
	bool switches, is_case;
};

/* Where translated code can be entered: a block. */
struct region_entry {
	uint32_t va, pa;
	const void *code;
};

/* What lies in one piece of code memory and is given back together: a chunk of first tier blocks, or what LLVM made
 * of a region. */
struct code_object {
	struct code_object *older, *newer; /* by age */
	struct code_run run;
	size_t bytes;	/* region: of code */
	size_t filled;	/* chunk: bytes from the start that hold blocks, of which some may be gone */
	size_t live;	/* bytes of the translations there are */
	uint32_t first; /* translation; the others follow it by `next` */
	uint32_t count; /* translations */
	bool due;	/* its region has not been collected yet */
	uint64_t heat;	/* of its blocks, when that was last looked at */
	bool listed;	/* by age */
	bool chunk;	/* of the first tier */
	bool entered;	/* entered or linked since its links were last taken back */
};

/* See slow.c. */
#define SLOW_PLACES 1024u /* counters of instructions; two may share one */
#define SLOW_KNOWN  8192u /* bits, likewise */
struct slow_accesses {
	uint8_t exits[SLOW_PLACES]; /* of regions before an access, lately */
	int64_t since;		    /* active cycles of the processor that left first */
	/* Instructions whose blocks' accesses are to be made in one of the slower ways. */
	uint8_t apart[SLOW_KNOWN / 8], slow[SLOW_KNOWN / 8];
};

/* A set of blocks compiled together by the second tier. While pending it is shared with a compile thread, which reads the
 * request part and writes the result part; the rest stays the machine's thread's. */
struct region {
	struct region *next;	 /* pending ones */
	struct region *next_job; /* in the compiler's queue or list */
	struct block_entry *head;
	uint32_t translation;
	bool stale;	     /* its bytes changed after they were copied */
	uint8_t tries;	     /* earlier runs that have asked for it, and did not get it */
	uint64_t run_cycles; /* how long the first was that left it with these tries */

	/* The request. */
	struct ir_mode mode;
	struct scanned_block *blocks;
	unsigned block_count;
	unsigned instructions; /* 0: the code only leaves for the interpreter */
	uint32_t first_slot, slot_count;
	uint32_t *content; /* the blocks' bytes as they lie in RAM, a word each */

	/* The result. */
	bool compiled;
	unsigned blocks_lifted, instructions_lifted; /* that there is code for */
	struct code_object *object;
	struct code_image image; /* its code, until it is installed */
	uint32_t *image_entries; /* where in it each entry starts */
	struct ir_region ir;	 /* until it is installed */
	struct region_entry *entries;
	unsigned entry_count;
	uint32_t *slot_targets; /* virtual address of each slot's target, or NO_TARGET */
};

#define NO_TARGET 1u /* no address of code */
#define NO_SLOT	  0u /* slots count from 1 */

/* A block for the first tier: what it is made of, then what came of it. */
struct emitted_block {
	struct ir_mode mode;
	struct scanned_block scanned;
	const void *countdown; /* its entry's */
	uint32_t first_slot, slot_count;
	uint32_t targets[2];
	unsigned instructions; /* 0: the code only leaves for the interpreter */
	uint8_t *code;	       /* at its writable address */
	size_t size;
};

/* A piece of translated code: of the first tier one block, of the second a region.
 *
 * Code depends on virtual addresses and on bytes, not on where in RAM the bytes are. So a translation serves every
 * place that holds the same bytes at the same virtual address: a program that runs again, or many times at
 * once, is compiled once. Each such place is an instance, named by its distance from the place the translation was
 * made from. */
struct translation {
	uint32_t next, previous; /* in the object; `next` first (jit/pool.h) */
	uint32_t first_slot;
	uint16_t slot_count;
	uint8_t tier; /* 1 or 2; 0: free */
	bool user : 1;
	bool pending : 1;  /* no code yet */
	bool retired : 1;  /* runs over a place where code has to end by now: never used again */
	bool dead : 1;	   /* nothing leads to it any more; goes when no translated code is being executed */
	uint32_t va, pa;   /* of its first block */
	uint32_t incoming; /* the first of the slots that are linked to it */
	uint32_t instance_count; /* the places that are watched and have entries in the table */
	struct code_object *object;
	union {
		uint32_t instance;   /* if there is one */
		uint32_t *instances; /* if there are more */
		uint32_t next_dead;
	};
	union {
		struct region *region; /* second tier */
		struct {
			uint32_t code; /* offset in code memory */
			uint32_t targets[2];
			uint8_t words, instructions;
			uint16_t size; /* of the code, in units of BLOCK_ALIGNMENT */
		} block;	       /* first tier */
	};
};
_Static_assert(sizeof(struct translation) == 64, "one for each block of the first tier");

#define BLOCK_ALIGNMENT 16u /* of first tier blocks in code memory */

/* An instance of a translation has bytes in a granule of RAM. */
struct granule_use {
	uint32_t next;
	uint32_t translation;
	uint32_t distance;
};

/* A slot: the translation whose exit it is, and what it is linked to. */
struct slot_use {
	uint32_t source;
	uint32_t target;	 /* 0: not linked */
	uint32_t next, previous; /* the slots that are linked to the same target; of free slots, `next` */
};

/* Installed regions by the address of an entry. */
struct address_use {
	uint32_t va, pa;
	uint32_t translation;
	struct address_use *next;
};
#define ADDRESS_BUCKETS 1024u
#define MEETINGS	8192u /* counters; a power of two */
#define SLOT_CLASSES	9     /* runs of 1, 2, 4, ... 256 slots */
#define MAX_ASKED	64u

struct compiler;
struct store;

struct jit {
	struct jit_options options;
	struct memory *memory;
	struct cpu *cpus;
	unsigned cpu_count;
	/* Of these what compile threads read; it never changes. */
	const struct cpu_model *model;
	uint32_t ram_size, code_map_offset;

	/* table.c */
	struct pool entries;
	uint32_t *buckets; /* first entry of each */
	uint32_t bucket_count;
	uint16_t *meetings; /* MEETINGS counters */

	/* watch.c */
	struct pool uses;
	uint32_t *granules; /* first use of each, by RAM offset >> CODE_GRANULE_SHIFT */
	size_t watched;	    /* granules that have a use */
	struct slow_accesses slow;
	uint8_t *losses; /* of each granule: how much code was made from it in vain */

	/* cache.c */
	struct pool translations;
	struct address_use **addresses; /* ADDRESS_BUCKETS lists */
	struct region *pending;

	/* slots.c */
	void **slots;
	struct slot_use *slot_uses;
	uint32_t slot_limit, slots_made, slots_used;
	uint32_t free_slots[SLOT_CLASSES];

	/* reclaim.c */
	struct code_memory code;
	struct code_object *oldest, *newest, *sweep;
	struct code_object *chunk; /* being filled */
	uint32_t dead;		   /* the first of the dead translations */
	size_t region_bytes;	   /* of the second tier's records */

	/* kept.c */
	struct store *store; /* NULL: nothing is kept */
	struct build_id kept_backend;
	struct error kept_error; /* why not, or what went wrong; empty: nothing */

	struct translated_code_helpers helpers; /* as the policy for sensitive instructions has them */
	struct common_code common;
	struct emitter *emitter;
	struct compiler *compiler;
	bool invalidated;	   /* code was dropped since the flag was last cleared */
	volatile uint8_t activity; /* enum jit_activity */
	uint64_t interpreted_cycles;
	/* With options.exit_times, while no translated code is executing: why and when it was left. */
	uint8_t away; /* enum exit_reason */
	bool inside;  /* it is executing */
	uint64_t away_since;
	uint32_t waiting_instructions; /* guest instructions in pending regions */

	/* requests.c: where earlier runs asked for regions that nobody has compiled yet. */
	struct asked_place {
		uint32_t va, pa;
		bool user;
	} asked[MAX_ASKED];
	unsigned asked_count;
	uint64_t earlier_cycles; /* how long the longest of these runs was */

	struct journal *journal;	     /* NULL: not wanted */
	const struct jit_listener *listener; /* NULL: nobody */
	struct cpu *running;		     /* NULL: none */

	struct jit_statistics statistics;
};

static inline struct block_entry *entry_at(const struct jit *jit, uint32_t number)
{
	return pool_at(&jit->entries, number);
}

static inline struct translation *translation_at(const struct jit *jit, uint32_t number)
{
	return pool_at(&jit->translations, number);
}

static inline const void *entry_code(const struct jit *jit, const struct block_entry *entry)
{
	return jit->code.executable + entry->code;
}

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

/* --- table.c: what is known about addresses --- */

/* Bytes of the table of entries, which is near the code. */
size_t table_span(void);
bool table_init(struct jit *jit);
void table_free(struct jit *jit);
/* Made if missing; NULL if there is no room for more. */
struct block_entry *table_entry(struct jit *jit, uint32_t va, uint32_t pa, bool user);
struct block_entry *table_find(const struct jit *jit, uint32_t va, uint32_t pa, bool user);
/* How often an address was interpreted for want of code. Counters are shared by the addresses that fall upon them, since
 * most are never met again: then a block is translated sooner than it would be. */
uint16_t *table_meetings(const struct jit *jit, uint32_t va, uint32_t pa, bool user);
/* Starts counting a block's executions anew. */
void table_count_again(const struct jit *jit, struct block_entry *entry);
/* Forgets an address, if it has no code and is not requested. */
void table_forget(struct jit *jit, struct block_entry *entry);
/* Forgets all such addresses. */
void table_sweep(struct jit *jit);
void table_reset(struct jit *jit);

/* --- watch.c: which bytes of RAM code was made from --- */

bool watch_init(struct jit *jit);
void watch_free(struct jit *jit);
/* Registers an instance in the code map, so that writes to its bytes are noticed. */
void watch_add(struct jit *jit, uint32_t translation, uint32_t distance);
void watch_remove(struct jit *jit, uint32_t translation, uint32_t distance);
/* Whether there is room for another instance of anything. */
bool watch_has_room(const struct jit *jit);

/* Whether bytes that code was made from overlap the range. */
bool cache_overlaps(const struct jit *jit, uint32_t offset, uint32_t size);
/* The listener for CODE_TRANSLATED. */
void cache_code_written(void *jit, uint32_t offset, uint32_t size);

/* How often code made from the granule at a RAM offset was lost before it had paid: 0 to MAX_LOSSES. */
#define MAX_LOSSES 5u
static inline unsigned watch_losses(const struct jit *jit, uint32_t offset)
{
	return jit->losses[offset >> CODE_GRANULE_SHIFT];
}

/* --- slots.c: where exits lead --- */

/* Bytes of the table of slots, which is near the code. */
size_t slots_span(void);
bool slots_init(struct jit *jit);
void slots_free(struct jit *jit);
/* `count` slots in a row, 1 to 256, that lead to the stub; the first one, or 0 if there are no more. */
uint32_t slots_take(struct jit *jit, unsigned count);
void slots_give_back(struct jit *jit, uint32_t first, unsigned count);
/* Says whose exits they are. */
void slots_own(struct jit *jit, uint32_t translation);
void slot_link(struct jit *jit, uint32_t slot, uint32_t target, const void *code);
void slot_unlink(struct jit *jit, uint32_t slot);
/* Takes back all links to a translation. */
void slots_unlink_incoming(struct jit *jit, struct translation *target);
void slots_reset(struct jit *jit);

/* --- cache.c: translations, the places they serve, and the links between them --- */

bool cache_init(struct jit *jit, struct error *error);
void cache_free(struct jit *jit);

/* Takes over a new region: watches its bytes. False if there is no room. */
bool cache_add(struct jit *jit, struct region *region);
/* Makes a compiled region's code reachable. */
void cache_install(struct jit *jit, struct region *region);
/* The same for a block of the first tier; false if there is no room. */
bool cache_install_block(struct jit *jit, const struct emitted_block *block);
/* Gives up a pending region. */
void cache_discard(struct jit *jit, struct region *region);
/* Gives up all of them. Nothing may be being compiled, nor will be. */
void cache_give_up_pending(struct jit *jit);
/* Gives an address the code of a region with the same bytes, if there is one. */
bool cache_adopt(struct jit *jit, struct block_entry *entry);
/* Whether a region for this address is being compiled. */
bool cache_awaits(const struct jit *jit, const struct block_entry *entry);
/* Makes a slot lead directly to a block with code. */
void cache_link(struct jit *jit, uint32_t slot, const struct block_entry *target);
/* Where an exit leads; NO_TARGET if it is nobody's. */
uint32_t cache_slot_target(const struct jit *jit, uint32_t slot);
/* Takes a place away from a translation: nothing leads from there to its code any more. A region stays, for when the same
 * bytes come back; a block is dead when it has no place left. */
void cache_detach(struct jit *jit, uint32_t translation, uint32_t distance);
/* Removes a translation, but not its code. */
void cache_remove(struct jit *jit, uint32_t translation);
/* Takes its entries' addresses out of the jump caches. */
void cache_clear_jump_caches(struct jit *jit, const struct translation *translation);
void cache_clear_all_jump_caches(struct jit *jit);

unsigned translation_block_count(const struct translation *translation);
struct scanned_block translation_block(const struct translation *translation, unsigned index);
bool translation_has_instance(const struct translation *translation, uint32_t distance);
static inline const uint32_t *translation_instances(const struct translation *translation)
{
	return translation->instance_count > 1 ? translation->instances : &translation->instance;
}

/* --- reclaim.c: the budget of translated code, and what has to go when it is used up --- */

/* Room for a block of the first tier, at its writable address; NULL if there is none even so. Evicts, so that no
 * translated code may be under way. */
uint8_t *reclaim_allocate_block(struct jit *jit, size_t size);
/* Adds a translation to the newest object, or to that of its region. */
void reclaim_add(struct jit *jit, struct code_object *object, uint32_t translation, size_t size);
/* Its region has been collected. */
void reclaim_collected(struct jit *jit, struct code_object *object);
/* Before something is requested of the compile threads: room for what they are at. */
void reclaim_reserve(struct jit *jit);
/* Between two stays in translated code: frees what is dead, and makes room where something gets short. */
void reclaim_tidy(struct jit *jit);
/* Whether reclaim_tidy has something to do. Cheap. */
bool reclaim_needed(const struct jit *jit);
/* Evicts everything that is installed. */
void reclaim_all(struct jit *jit);
void reclaim_statistics(const struct jit *jit, struct jit_statistics *statistics);

/* --- emit.c: the first tier --- */

struct emitter *emitter_new(void);
void emitter_free(struct emitter *emitter);
/* Translates a block at once: one that starts with what is the interpreter's becomes code that only leaves. False if there
 * is no room. */
bool emit_block(struct jit *jit, struct emitted_block *block);

/* What the block that was emitted last is made of, in order: a stencil each. For dumps. */
struct emitted_piece {
	unsigned guest; /* index of the guest instruction, or NO_GUEST: the way in */
	const uint8_t *hot, *cold;
	size_t hot_size, cold_size;
};
#define NO_GUEST UINT_MAX
unsigned emit_piece_count(const struct jit *jit);
struct emitted_piece emit_piece(const struct jit *jit, unsigned number);

/* --- region.c: choosing what to compile --- */

/* The block at an address, for the first tier. */
void region_scan_block(const struct jit *jit, const struct block_entry *head, struct emitted_block *block);

/* A region around a hot block, or NULL if nothing there can be translated. `all`: include blocks that never
 * ran. */
struct region *region_discover(struct jit *jit, const struct block_entry *head, bool all);
void region_free(struct region *region);
/* Bytes that its records take once it is installed. */
size_t region_size(const struct region *region);

/* --- compile.c: compile threads --- */

struct compiler *compiler_new(struct jit *jit);
/* Ends the threads. False: one does not come to its end; then it and all that it uses stay for as long as the process, the
 * compiler, the jit and code memory among them. */
bool compiler_free(struct compiler *compiler);
/* Takes the region; it comes back through compiler_collect. */
void compiler_submit(struct compiler *compiler, struct region *region);
/* Takes back what no thread has begun; it comes through compiler_collect. */
void compiler_cancel(struct compiler *compiler);
/* Regions that are done, as a list; NULL if none. Cheap when there are none. */
struct region *compiler_collect(struct compiler *compiler);
/* Waits until nothing is queued or being compiled. */
void compiler_wait(struct compiler *compiler);
/* Waits for what is being compiled, but not for what is queued, and no longer than `ns`, nor for long. */
void compiler_finish(struct compiler *compiler, uint64_t ns);
bool compiler_broken(const struct compiler *compiler);
/* Whether the back end that was loaded is the one that is on record for the kept regions, with the LLVM it was built for. */
bool compiler_matches(const struct compiler *compiler);
void compiler_statistics(struct compiler *compiler, struct jit_statistics *statistics);
/* CPU time that compiling has taken so far. */
uint64_t compiler_spent_ns(const struct compiler *compiler);
/* Compiles one region at once on the caller's thread, with the text of its stages. */
bool compiler_compile_now(struct compiler *compiler, struct region *region, struct backend_text *text,
			  struct error *error);
/* The back end's disassembler (jit/llvm/disassembler.h); NULL: it cannot be loaded. */
typedef void host_disassembler(const uint8_t *code, size_t size, uint64_t offset, FILE *file);
host_disassembler *compiler_disassembler(const struct compiler *compiler, struct error *error);

/* --- module.c: what comes before and after the back end. Any thread --- */

/* Lifts a region's blocks and runs the passes if asked to; false if nothing could be lifted. */
bool compiler_lift(const struct jit *jit, struct region *region, bool optimise);
/* Where the exits of a lifted region lead. */
void region_find_slot_targets(struct region *region);
/* Keeps the blocks that can be entered: `offsets` has for each lifted one where it starts in the image, or NO_ENTRY. */
void region_find_entries(struct region *region, const uint32_t *offsets);
/* Puts a region's image into code memory. False if there is no room. */
bool compiler_place(const struct jit *jit, struct region *region);

/* --- requests.c: what is asked of the compile threads --- */

/* Whether compiling pays for the run at hand. */
bool requests_affordable(const struct jit *jit);
/* Asks for a region around a hot block. */
void requests_add(struct jit *jit, struct block_entry *entry);
/* A block is translated for the first time: an earlier run may have asked for a region there. */
void requests_remember(struct jit *jit, const struct block_entry *entry);
/* Asks for what earlier runs have asked for, as far as that pays by now. Between two stays in translated code. */
void requests_resume(struct jit *jit);
/* Installs what has come back, between two stays in translated code. Cheap when there is nothing. */
void requests_collect(struct jit *jit);

/* --- journal.c: what came and went, for those who look; nothing unless asked for --- */

struct journal *journal_new(void);
void journal_free(struct journal *journal);
/* A processor left a region before the instruction at a RAM offset, so that the interpreter does it. If it is an access
 * of user code, the soft TLB has its page afterwards, where that can be. */
void slow_note(struct jit *jit, struct cpu *cpu, uint32_t offset);
/* How the accesses of a block, moved by a distance in RAM, are to be made by what is known of them. */
enum ir_accesses slow_known_of(const struct jit *jit, const struct scanned_block *block, uint32_t distance);
/* Drops regions in which the instruction at a RAM offset is accessed in a faster way than is known to be good. */
void cache_drop_regions(struct jit *jit, uint32_t offset);

/* A translation loses a place. `about`: LOSS_WRITTEN the RAM offset, LOSS_REPLACED the region's head. */
void journal_add(struct jit *jit, enum jit_loss loss, uint32_t translation, uint32_t distance,
		 uint32_t about);
/* Translated code was left after the store at `pc`: that is who wrote since it was entered. */
void journal_name_writer(struct jit *jit, uint32_t pc);
static inline void journal_note(struct jit *jit, enum jit_loss loss, uint32_t translation, uint32_t distance,
				uint32_t about)
{
	if (jit->journal)
		journal_add(jit, loss, translation, distance, about);
}
/* Where a translation's code is, and how much: of a region all of it. */
const uint8_t *translation_code(const struct jit *jit, const struct translation *translation, size_t *size);
/* A translation has code, or loses it. */
void journal_tell(const struct jit *jit, uint32_t translation, bool made);
static inline void journal_code(const struct jit *jit, uint32_t translation, bool made)
{
	if (jit->listener)
		journal_tell(jit, translation, made);
}

/* --- jit.c --- */

/* translated_code_helpers.interpret */
const void *jit_interpret(struct cpu *cpu);
/* Gives a block code of the first tier. False if there is no room. No translated code may be under way. */
bool jit_translate(struct jit *jit, struct block_entry *entry);

/* --- helpers.c: what translated code calls --- */

extern const struct translated_code_helpers jit_helpers;

#endif

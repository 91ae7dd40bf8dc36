/* What is asked of the compile threads, whether that pays, and what becomes of what they give back. */
#include "jit/jit_internal.h"
#include "jit/kept.h"

#define LOAD_NS		 30000000 /* loading LLVM and compiling the first region, CPU time */
#define COMPILE_NS	 300000	  /* compiling a guest instruction */
#define INTERPRET_NS	 8	  /* interpreting a cycle */
#define LONG_RUN_CYCLES	 50000000
#define FIRST_TIER_SHARE 5 /* a cycle takes about 1 ns; a fifth of that may be spent on compiling */
#define MAX_BET		 8

/* Marks the blocks of a region as being compiled, or no more; then those that got no code start counting
 * anew. */
static void mark_requested(struct jit *jit, const struct region *region, bool requested)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		struct block_entry *entry =
		    table_entry(jit, region->blocks[i].va, region->blocks[i].pa, region->mode.user);

		if (!entry)
			continue;
		entry->requested = requested;
		if (!requested)
			table_count_again(jit, entry);
	}
}

/* A region has come back from the compile threads. */
static void no_longer_waiting(struct jit *jit, struct region *region)
{
	jit->waiting_instructions -= region->instructions;
	region->head->headed--;
}

/* Gives up a region that has come back. */
static void give_up(struct jit *jit, struct region *region)
{
	struct code_object *object = region->object;

	jit->statistics.discarded++;
	cache_discard(jit, region);
	if (object)
		reclaim_collected(jit, object);
}

void requests_collect(struct jit *jit)
{
	struct region *region = compiler_collect(jit->compiler), *next;

	if (!region)
		return;
	for (; region; region = next) {
		next = region->next_job;
		no_longer_waiting(jit, region);
		/* What cannot be translated is not asked for again; what changed meanwhile is. */
		if (region->compiled || region->stale)
			mark_requested(jit, region, false);
		if (region->compiled)
			kept_add(jit, region);
		if (region->compiled && !region->stale) {
			struct code_object *object = region->object;

			cache_install(jit, region);
			reclaim_collected(jit, object);
		} else {
			give_up(jit, region);
		}
	}
}

/* Gives up all that was requested. What a compile thread is at comes back later, and is not wanted then. */
static void give_up_requests(struct jit *jit)
{
	struct region *next;

	compiler_cancel(jit->compiler);
	for (struct region *region = compiler_collect(jit->compiler); region; region = next) {
		next = region->next_job;
		no_longer_waiting(jit, region);
		mark_requested(jit, region, false);
		give_up(jit, region);
	}
	for (struct region *region = jit->pending; region; region = region->next) {
		region->stale = true;
		mark_requested(jit, region, false);
	}
}

void jit_flush(struct jit *jit)
{
	give_up_requests(jit);
	reclaim_all(jit);
	if (jit->pending) {
		table_sweep(jit);
	} else {
		table_reset(jit);
		slots_reset(jit);
		code_memory_reset(&jit->code);
	}
	cache_clear_all_jump_caches(jit);
	jit->statistics.flushes++;
	jit->invalidated = true;
}

/* Compiling is a bet on the future: that code which was executed often will be again. How much it may cost in all is
 * measured by what the run has cost so far. Without a first tier that is interpreting, which the bet is on getting rid of,
 * and it grows with the run: a long one is likely to go on for long, a short one should not spend its time on a compiler.
 * Code of the first tier is good enough that a part of the time is all that can be won. */
bool requests_affordable(const struct jit *jit)
{
	uint64_t cycles = jit->interpreted_cycles + jit->statistics.translated_cycles;
	uint64_t bet = 1 + cycles / LONG_RUN_CYCLES, spent = compiler_spent_ns(jit->compiler);

	if (jit->options.threshold)
		return true; /* asked for, whatever it costs */
	if (bet > MAX_BET)
		bet = MAX_BET;
	if (spent < LOAD_NS)
		spent = LOAD_NS;
	spent += jit->waiting_instructions * (uint64_t)COMPILE_NS;
	if (jit->options.tiers == TIERS_AUTO)
		return spent <= cycles / FIRST_TIER_SHARE;
	return spent <= jit->interpreted_cycles * INTERPRET_NS * bet;
}

void requests_add(struct jit *jit, struct block_entry *entry)
{
	if (cache_awaits(jit, entry))
		return; /* the same program runs elsewhere, or the page came back: its code is coming */
	entry->requested = true;
	if (compiler_broken(jit->compiler))
		return;
	jit->statistics.kept_missed += jit->store != NULL;
	struct region *region = region_discover(jit, entry, false);
	region->head = entry;
	if (!cache_add(jit, region)) {
		region_free(region);
		entry->requested = false;
		return;
	}
	entry->headed++;
	mark_requested(jit, region, true);
	jit->waiting_instructions += region->instructions;
	reclaim_reserve(jit);
	compiler_submit(jit->compiler, region);
}

void jit_settle(struct jit *jit)
{
	compiler_wait(jit->compiler);
	requests_collect(jit);
}

void jit_keep(struct jit *jit, struct error *warning)
{
	if (jit->store)
		compiler_finish(jit->compiler); /* else a short run would begin it anew every time */
	requests_collect(jit);
	kept_write(jit);
	*warning = jit->kept_error;
}

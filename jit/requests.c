/* What is asked of the compile threads, whether that pays, and what becomes of what they give back. */
#include "jit/jit_internal.h"
#include "jit/kept.h"

#define LOAD_NS		 20000000 /* loading LLVM and compiling the first region, CPU time */
#define COMPILE_NS	 200000	  /* compiling a guest instruction */
#define INTERPRET_NS	 8	  /* interpreting a cycle */
#define LONG_RUN_CYCLES	 50000000
#define FIRST_TIER_SHARE 5	  /* a cycle takes about 1 ns; a fifth of that may be spent on compiling */
#define ASKED_SHARE	 2	  /* the same for what an earlier run has asked for */
#define MAX_GUESS	 4	  /* times what a run has taken so far it may be taken to become */
#define WAIT_SHARE	 10	  /* of a run's time, that its end may wait for what is being compiled, */
#define WAIT_SHARE_AGAIN 4	  /* or if an earlier run has tried, */
#define LEAST_WAIT_NS	 10000000 /* and beside that */
#define MANY_TRIES	 2
#define MAX_BET		 8

/* Marks the blocks of a region, but not of functions that it calls, as being compiled, or no more; then those that got no
 * code start counting anew. */
static void mark_requested(struct jit *jit, const struct region *region, bool requested)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		if (block->copy)
			continue;
		struct block_entry *entry = table_entry(jit, block->va, block->pa, region->mode.user);
		if (!entry)
			continue;
		entry->requested = requested;
		if (requested)
			continue;
		entry->in_region = region->compiled;
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

/* What compiling has cost and will, if nothing more is asked for; ns of CPU time. */
static uint64_t costs(const struct jit *jit)
{
	uint64_t spent = compiler_spent_ns(jit->compiler);

	return (spent < LOAD_NS ? LOAD_NS : spent) + jit->waiting_instructions * (uint64_t)COMPILE_NS;
}

static uint64_t cycles_run(const struct jit *jit)
{
	return jit->interpreted_cycles + jit->statistics.translated_cycles;
}

/* Compiling is a bet on the future: that code which was executed often will be again. How much it may cost in all is
 * measured by what the run has cost so far. Without a first tier that is interpreting, which the bet is on getting rid of,
 * and it grows with the run: a long one is likely to go on for long, a short one should not spend its time on a compiler.
 * Code of the first tier is good enough that a part of the time is all that can be won. */
bool requests_affordable(const struct jit *jit)
{
	uint64_t cycles = cycles_run(jit);
	uint64_t bet = 1 + cycles / LONG_RUN_CYCLES;

	if (jit->options.threshold)
		return true; /* asked for, whatever it costs */
	if (bet > MAX_BET)
		bet = MAX_BET;
	if (jit->options.tiers == TIERS_AUTO)
		return costs(jit) <= cycles / FIRST_TIER_SHARE;
	return costs(jit) <= jit->interpreted_cycles * INTERPRET_NS * bet;
}

/* Hands a region to the compile threads. */
static void submit(struct jit *jit, struct block_entry *entry, struct region *region)
{
	entry->requested = true;
	jit->statistics.kept_missed += jit->store != NULL;
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

void requests_add(struct jit *jit, struct block_entry *entry)
{
	if (cache_awaits(jit, entry))
		return; /* the same program runs elsewhere, or the page came back: its code is coming */
	entry->requested = true;
	if (!compiler_broken(jit->compiler))
		submit(jit, entry, region_discover(jit, entry, false));
}

/* --- what an earlier run asked for --- */

/* A place is not remembered if its region differs from what is in RAM now, or a debugger's point lies on it. */
void requests_remember(struct jit *jit, const struct block_entry *entry)
{
	if (jit->asked_count == MAX_ASKED)
		return;
	struct region *region = kept_request(jit, entry);
	if (!region)
		return;
	jit->asked[jit->asked_count++] =
	    (struct asked_place){.va = entry->va, .pa = entry->pa, .user = entry->user};
	if (jit->earlier_cycles < region->run_cycles)
		jit->earlier_cycles = region->run_cycles;
	region_free(region);
}

/* What was hot for long in an earlier run will be so again: it need not wait until it is. But a run has to have lasted for a
 * while: a short one will not be helped, and would not see the end of it. It is taken to become as long as the earlier one,
 * within limits: the same kernel may run another program. */
static bool can_afford_again(const struct jit *jit)
{
	uint64_t cycles = cycles_run(jit), expected = jit->earlier_cycles;

	if (expected > cycles * MAX_GUESS)
		expected = cycles * MAX_GUESS;
	if (expected < cycles)
		expected = cycles;
	return requests_affordable(jit) || costs(jit) <= expected / ASKED_SHARE;
}

void requests_resume(struct jit *jit)
{
	while (jit->asked_count && can_afford_again(jit) && !compiler_broken(jit->compiler)) {
		struct asked_place place = jit->asked[--jit->asked_count];
		struct block_entry *entry = table_find(jit, place.va, place.pa, place.user);

		if (!entry || entry->requested || !entry->translation ||
		    translation_at(jit, entry->translation)->tier == 2 || cache_awaits(jit, entry))
			continue;
		struct region *region = kept_request(jit, entry);
		if (!region)
			continue;
		submit(jit, entry, region);
	}
}

/* Leaves what is still wanted to the next run. */
static void leave_requests(struct jit *jit)
{
	unsigned left = MAX_ASKED;

	for (struct region *region = jit->pending; region; region = region->next) {
		if (region->stale)
			continue;
		region->tries += region->tries < MANY_TRIES;
		region->run_cycles = cycles_run(jit);
		kept_add_request(jit, region);
	}
	if (jit->options.threshold || jit->options.tiers != TIERS_AUTO)
		return; /* then all that is hot was asked for */
	for (uint32_t number = 1; number <= jit->entries.made && left; number++) {
		struct block_entry *entry = entry_at(jit, number);

		if (!entry->used || entry->requested || !entry->translation ||
		    heat_of(entry) < jit_threshold(jit) ||
		    translation_at(jit, entry->translation)->tier == 2 ||
		    translation_at(jit, entry->translation)->block.instructions == 0)
			continue;
		struct region *region = region_discover(jit, entry, false);
		region->run_cycles = cycles_run(jit);
		kept_add_request(jit, region);
		mark_requested(jit, region, true); /* what is part of it is not asked for by itself */
		region_free(region);
		left--;
	}
}

void jit_settle(struct jit *jit)
{
	compiler_wait(jit->compiler);
	requests_collect(jit);
}

/* What is nearly done at the end of a run is waited for, so that the next one has it from the start; but not for long, and somewhat
 * longer if an earlier run has tried in vain. In ns. */
static uint64_t waits_at_end(const struct jit *jit)
{
	unsigned share = WAIT_SHARE;

	if (jit->options.threshold)
		return UINT64_MAX;
	for (const struct region *region = jit->pending; region; region = region->next) {
		if (region->tries >= MANY_TRIES)
			return UINT64_MAX; /* or all runs would try in vain */
		if (region->tries)
			share = WAIT_SHARE_AGAIN;
	}
	return LEAST_WAIT_NS + cycles_run(jit) / share;
}

void jit_keep(struct jit *jit, struct error *warning)
{
	if (jit->store) {
		compiler_finish(jit->compiler, waits_at_end(jit));
		requests_collect(jit);
		leave_requests(jit);
	}
	requests_collect(jit);
	kept_write(jit);
	*warning = jit->kept_error;
}

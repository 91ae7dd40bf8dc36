/* The dispatcher: finds or makes code for the address at hand, enters it, links what it left through, and has what is hot
 * compiled. */
#include "jit/host_trap.h"
#include "jit/jit_internal.h"
#include "jit/kept.h"
#include "runtime/core/host_clock.h"
#include "runtime/core/host_needs.h"
#include "runtime/cpu/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ADOPTION 4	/* executions of a block; a power of two */
#define WARM_UP_CYCLES 20000000 /* of a run that are only interpreted: many runs are over by then */
#define FIRST_MEETINGS 16u	/* executions of a block before it is translated, doubled for each loss */
#define WAIT_AFTER_LOSS                                                                                      \
	4u	     /* the same where the first tier was asked for: doubled likewise, but none at first */
#define MIN_AGAIN 64 /* executions between two looks at whether a block is worth a region */

const char *const jit_exit_names[EXIT_REASON_COUNT] = {
    [EXIT_SLOT] = "unlinked",	    [EXIT_INDIRECT] = "indirect", [EXIT_BUDGET] = "budget",
    [EXIT_INTERPRET] = "interpret", [EXIT_AFTER] = "stop",	  [EXIT_HOT] = "hot",
    [EXIT_DISPATCH] = "dispatch",
};
_Static_assert(sizeof(((struct jit_statistics *)0)->exits) / sizeof(uint64_t) == EXIT_REASON_COUNT,
	       "one counter for each reason");

const char *const jit_sensitive_names[SENSITIVE_POLICIES + 1] = {
    [SENSITIVE_INLINE] = "inline", [SENSITIVE_CALL] = "call", [SENSITIVE_TRAP] = "trap"};

struct jit_options jit_default_options(void)
{
	return (struct jit_options){
	    .sensitive = SENSITIVE_INLINE,
	    .threads = 1,
	    .threshold = 0,
	    .region_instructions = 200,
	    .slow_exits = 64,
	    .regions_per_module = 2,
	    .code_bytes = 64u << 20,
	};
}

struct jit *jit_new(const struct jit_options *options, struct memory *memory, struct cpu *cpus,
		    unsigned cpu_count, struct error *error)
{
	struct jit *jit = calloc(1, sizeof(*jit));

	if (!jit)
		abort();
	jit->options = *options;
	jit->memory = memory;
	jit->cpus = cpus;
	jit->cpu_count = cpu_count;
	jit->model = cpus[0].model;
	jit->ram_size = memory->ram_size;
	jit->code_map_offset = memory->code_map_offset;
	jit->compiler = compiler_new(jit);
	jit->emitter = emitter_new();
	jit->helpers = jit_helpers;
	if ((options->sensitive == SENSITIVE_TRAP && !host_trap_use(&jit->helpers, error)) ||
	    !code_memory_init(&jit->code, options->code_bytes,
			      table_span() + slots_span() + 2 * CODE_PAGE_SIZE, options->anonymous_code,
			      error) ||
	    !cache_init(jit, error) || !common_code_install(&jit->common, &jit->code, error)) {
		jit_free(jit);
		return NULL;
	}
	if (options->journal)
		jit->journal = journal_new();
	kept_open(jit);
	memory->listeners[CODE_TRANSLATED] =
	    (struct code_listener){.written = cache_code_written, .context = jit};
	for (unsigned i = 0; i < cpu_count; i++) {
		cpus[i].jit = jit;
		cpus[i].helpers = &jit->helpers;
	}
	return jit;
}

void jit_free(struct jit *jit)
{
	if (!jit)
		return;
	kept_close(jit);
	if (!compiler_free(jit->compiler))
		return; /* what a compile thread uses stays */
	emitter_free(jit->emitter);
	cache_free(jit);
	journal_free(jit->journal);
	code_memory_free(&jit->code);
	free(jit);
}

void jit_host_needs(const struct jit *jit, struct host_needs *needs)
{
	host_needs_path(needs, jit->options.backend_path, HOST_READ);
}

/* Whether the processor stands where translated code could start. */
static bool translatable(const struct jit *jit, const struct cpu *cpu)
{
	bool looks_ahead = cpu->model->lift.fetch_looks_ahead;
	uint32_t physical;

	if (!cpu_fetch_clean(cpu) || cpu_interrupt_due(cpu) || (cpu->pc & 3) ||
	    cpu_code_frame(cpu) >= jit->memory->ram_size)
		return false;
	if (debug_ends_code(cpu, cpu->pc,
			    memory_read_word(jit->memory, cpu_code_frame(cpu) | (cpu->pc & ~PAGE_MASK))))
		return false;
	if (!cpu_user_mode(cpu))
		return cpu->pc >> 30 == 2;
	if (!looks_ahead)
		return true;
	/* User code runs from where its page was found last. That is where the TLB has it now, unless the
	 * kernel did something odd; and the instruction before a page's end looks at the next page, which the
	 * interpreter does. */
	if (cpu->pc >> 31 || (cpu->pc & ~PAGE_MASK) == PAGE_SIZE - 4)
		return false;
	const struct soft_tlb_entry *entry =
	    &cpu->soft_tlb[SOFT_TLB_USER_CODE][cpu->pc >> 12 & (SOFT_TLB_SIZE - 1)];
	if (entry->read_tag == ((cpu->pc & PAGE_MASK) | cpu->asid) &&
	    entry->addend + (cpu->pc & PAGE_MASK) == (uint64_t)(uintptr_t)(jit->memory->ram + cpu->pc_frame))
		return true;
	return cpu_translate_quietly(cpu, cpu->pc, ACCESS_FETCH, true, &physical) &&
	       memory_frame(cpu->memory, physical) == cpu->pc_frame;
}

static uint32_t current_offset(const struct cpu *cpu)
{
	return cpu_code_frame(cpu) | (cpu->pc & ~PAGE_MASK);
}

/* The entry for where the processor stands; NULL if there is no room. */
static struct block_entry *current_entry(struct jit *jit, const struct cpu *cpu)
{
	uint32_t pa = current_offset(cpu);
	struct block_entry *entry = table_entry(jit, cpu->pc, pa, cpu_user_mode(cpu));

	if (!entry) { /* more at once than tidying leaves room for */
		jit_flush(jit);
		entry = table_entry(jit, cpu->pc, pa, cpu_user_mode(cpu));
	}
	return entry;
}

static void fill_jump_cache(const struct jit *jit, struct cpu *cpu, const struct block_entry *target)
{
	struct jump_cache_entry *entry = &cpu->jump_cache[target->user][jump_cache_index(target->va)];

	entry->va = target->va;
	entry->addend =
	    (uint64_t)(uintptr_t)(cpu->memory->ram + (target->pa & PAGE_MASK)) - (target->va & PAGE_MASK);
	entry->code = (void *)(uintptr_t)entry_code(jit, target);
	translation_at(jit, target->translation)->object->entered = true;
	if (target->user) /* the entry is valid only with the page in the soft TLB */
		jit_helpers.probe(cpu, target->va, ACCESS_FETCH, cpu->budget);
}

/* Code for where the processor stands, if the jump cache has it. */
static const void *code_at_hand(const struct jit *jit, const struct cpu *cpu)
{
	bool user = cpu_user_mode(cpu);
	const struct jump_cache_entry *entry = &cpu->jump_cache[user][jump_cache_index(cpu->pc)];
	bool looks_ahead = cpu->model->lift.fetch_looks_ahead;

	/* MIPS32 faults where a jump arrives, not at the jump: the address may be any, that of an empty entry too. */
	if (entry->va != cpu->pc || entry->va == JUMP_CACHE_EMPTY || !cpu_fetch_clean(cpu) ||
	    cpu_interrupt_due(cpu))
		return NULL;
	if (!user)
		return looks_ahead && cpu->pc_frame == NO_FRAME ? NULL : entry->code;
	const struct soft_tlb_entry *page =
	    &cpu->soft_tlb[SOFT_TLB_USER_CODE][cpu->pc >> 12 & (SOFT_TLB_SIZE - 1)];
	if (page->read_tag != ((cpu->pc & PAGE_MASK) | cpu->asid) || page->addend != entry->addend)
		return NULL;
	if (looks_ahead &&
	    page->addend + (cpu->pc & PAGE_MASK) != (uint64_t)(uintptr_t)(jit->memory->ram + cpu->pc_frame))
		return NULL;
	return entry->code;
}

/* Translated code was left, or the machine comes to it. */
static void away_begins(struct jit *jit, enum exit_reason reason)
{
	jit->inside = false;
	jit->away = (uint8_t)(reason < EXIT_REASON_COUNT ? reason : EXIT_BUDGET);
	jit->away_since = host_ns();
}

/* Translated code is entered, or the machine goes its way. */
static void away_ends(struct jit *jit)
{
	jit->statistics.exit_ns[jit->away] += host_ns() - jit->away_since;
	jit->inside = true;
}

const void *jit_interpret(struct cpu *cpu)
{
	struct jit *jit = cpu->jit;
	int64_t before = cpu->budget;
	/* The first tier calls it on its way; regions return first. */
	uint8_t activity = jit->activity;
	bool timed = jit->options.exit_times && jit->inside; /* else it is a part of an exit's time */

	if (timed)
		away_begins(jit, EXIT_INTERPRET);

	jit->activity = JIT_INTERPRETING;
	if (!cpu_step_quickly(cpu)) {
		cpu_resume_at(cpu, cpu->pc);
		reference_run_block(cpu);
	}
	if (activity == JIT_TRANSLATED) /* they count as the way's so far */
		jit->statistics.translated_cycles -= (uint64_t)(before - cpu->budget);
	jit->statistics.exits[EXIT_INTERPRET]++;
	jit->invalidated = false;
	cpu->exit_reason = EXIT_DISPATCH;
	jit->activity = activity;
	if (timed)
		away_ends(jit);
	return cpu->budget > 0 && !cpu->attention ? code_at_hand(jit, cpu) : NULL;
}

/* Runs code until it returns. */
static void enter(struct jit *jit, struct cpu *cpu, const void *code)
{
	int64_t before = cpu->budget;

	jit->invalidated = false;
	jit->activity = JIT_TRANSLATED;
	if (jit->options.exit_times)
		away_ends(jit);
	jit->common.enter(cpu, jit->memory->ram, cpu->budget, code);
	if (jit->options.exit_times)
		away_begins(jit, cpu->exit_reason);
	jit->activity = JIT_DISPATCHING;
	jit->statistics.translated_cycles += (uint64_t)(before - cpu->budget);
	jit->statistics.entries++;
	if (cpu->exit_reason != EXIT_INTERPRET && cpu->exit_reason != EXIT_HEAD)
		jit->statistics.exits[cpu->exit_reason]++;
}

/* Why the start of a block was left, where the processor stands. */
static enum exit_reason leave_head(struct jit *jit, const struct cpu *cpu)
{
	const struct block_entry *entry = table_find(jit, cpu->pc, current_offset(cpu), cpu_user_mode(cpu));
	bool is_hot = entry && atomic_load_explicit(&entry->countdown, memory_order_relaxed) == 0;
	enum exit_reason reason = is_hot ? EXIT_HOT : EXIT_BUDGET;

	jit->statistics.exits[reason]++;
	jit->away = (uint8_t)reason;
	return reason;
}

/* Brings the processor to where it left translated code. Returns a slot that wants linking to there, or
 * NO_SLOT. */
static uint32_t leave(struct jit *jit, struct cpu *cpu)
{
	if (cpu->exit_reason == EXIT_DISPATCH)
		return NO_SLOT;
	if (cpu->exit_reason != EXIT_SLOT) {
		cpu_resume_at(cpu, cpu->pc);
		return NO_SLOT;
	}
	cpu_resume_at(cpu, cache_slot_target(jit, cpu->exit_slot));
	return cpu->exit_slot;
}

/* Asks now and then whether code for these bytes exists already: soon, and seldom later. */
static bool wants_adoption(uint32_t heat)
{
	return heat >= FIRST_ADOPTION && (heat & (heat - 1)) == 0;
}

/* A block was executed so often that it is worth a region; or it was, but compiling does not pay yet. */
static void hot(struct jit *jit, struct block_entry *entry)
{
	int32_t again = (int32_t)jit_threshold(jit);

	if (again < MIN_AGAIN)
		again = MIN_AGAIN; /* the block has to get on meanwhile */
	const struct translation *translation = translation_at(jit, entry->translation);
	bool only_leaves = translation->tier == 1 && translation->block.instructions == 0;

	if (!entry->requested && !only_leaves && !kept_adopt(jit, entry) && requests_affordable(jit))
		requests_add(jit, entry);
	atomic_fetch_add_explicit(&entry->countdown, again, memory_order_relaxed);
	atomic_fetch_add_explicit(&entry->counted, again, memory_order_relaxed);
}

/* How often a block is to be interpreted first. Most blocks of a short run are executed a few times only, and where code is
 * overwritten again and again the next one will not live long either. Where the first tier was asked for it translates at
 * once, unless that was in vain before; with a threshold always. */
static unsigned first_meetings(const struct jit *jit, uint32_t pa)
{
	unsigned losses = watch_losses(jit, pa);

	if (jit->options.threshold)
		return 0;
	if (jit->options.tiers == TIERS_AUTO)
		return FIRST_MEETINGS << losses;
	return losses ? WAIT_AFTER_LOSS << losses : 0;
}

/* Whether the block where the processor stands has been met so seldom that interpreting it once more is cheaper than
 * translating it. */
static bool is_new(const struct jit *jit, const struct cpu *cpu)
{
	uint32_t pa = current_offset(cpu);
	unsigned wanted = first_meetings(jit, pa);
	uint16_t *met = table_meetings(jit, cpu->pc, pa, cpu_user_mode(cpu));

	if (*met >= wanted)
		return false;
	++*met;
	return true;
}

bool jit_translate(struct jit *jit, struct block_entry *entry)
{
	struct emitted_block block;

	jit->activity = JIT_TRANSLATING;
	if (cache_adopt(jit, entry) || kept_adopt(jit, entry))
		return true;
	requests_remember(jit, entry);
	region_scan_block(jit, entry, &block);
	if (!emit_block(jit, &block))
		return false;
	if (cache_install_block(jit, &block))
		return true;
	if (block.slot_count)
		slots_give_back(jit, block.first_slot, block.slot_count);
	return false;
}

/* The interpreter's turn at a block that has no code, in a run without a first tier. */
static void interpret_cold(struct jit *jit, struct cpu *cpu, struct block_entry *entry)
{
	if (!entry) {
		reference_run_block(cpu);
		return;
	}
	uint32_t heat = heat_of(entry) + 1;

	atomic_fetch_sub_explicit(&entry->countdown, 1, memory_order_relaxed);
	if (wants_adoption(heat) && (cache_adopt(jit, entry) || kept_adopt(jit, entry)))
		return;
	if (atomic_load_explicit(&entry->countdown, memory_order_relaxed) <= 0)
		hot(jit, entry);
	reference_run_block(cpu);
}

/* Code for where the processor stands; or NULL after the interpreter's turn, because there is none or it is not worth
 * making yet. */
static const void *find_or_make_code(struct jit *jit, struct cpu *cpu, bool jumped)
{
	struct block_entry *entry;

	jit->activity = JIT_COLD;
	if (debug_splits_at(cpu, cpu->pc)) { /* this instruction only: behind it is code again */
		if (!debug_stops(cpu))
			reference_step(cpu);
		return NULL;
	}
	if (!translatable(jit, cpu)) {
		reference_run_block(cpu);
		return NULL;
	}
	entry = table_find(jit, cpu->pc, current_offset(cpu), cpu_user_mode(cpu));
	if (!entry || !entry->translation) {
		if (jit->options.tiers == TIERS_SECOND) {
			interpret_cold(jit, cpu, current_entry(jit, cpu));
			return NULL;
		}
		if (is_new(jit, cpu) || !(entry = current_entry(jit, cpu)) || !jit_translate(jit, entry)) {
			jit->activity = JIT_COLD;
			reference_run_block(cpu);
			return NULL;
		}
	}
	jit->activity = JIT_DISPATCHING;
	entry->jumped_to |= jumped;
	fill_jump_cache(jit, cpu, entry);
	return entry_code(jit, entry);
}

static void run(struct jit *jit, struct cpu *cpu)
{
	/* Translated code was left just now for an address that the jump cache did not have. */
	bool jumped = false;

	if (jit->options.exit_times)
		away_begins(jit, EXIT_DISPATCH);
	while (cpu->budget > 0 && !cpu->attention) {
		jit->activity = JIT_DISPATCHING;
		requests_collect(jit);
		if (reclaim_needed(jit))
			reclaim_tidy(jit);
		const void *code = code_at_hand(jit, cpu);
		if (!code) {
			code = find_or_make_code(jit, cpu, jumped);
			jumped = false;
			if (!code)
				continue;
		}
		enter(jit, cpu, code);
		enum exit_reason reason = cpu->exit_reason;
		jumped = reason == EXIT_INDIRECT;
		if (jit->journal && reason == EXIT_AFTER)
			journal_name_writer(jit, cpu->pc - 4);
		if (reason == EXIT_INTERPRET) {	     /* of a region */
			cpu_resume_at(cpu, cpu->pc); /* perhaps in another page than where it was entered */
			slow_note(jit, cpu, current_offset(cpu));
			jit->helpers.interpret(cpu);
			continue;
		}
		uint32_t slot = leave(jit, cpu);
		if (reason == EXIT_HEAD)
			reason = leave_head(jit, cpu);
		if (reason == EXIT_BUDGET) {
			jit->activity = JIT_REST;
			reference_run(cpu);
		} else if (reason == EXIT_HOT) {
			struct block_entry *entry = current_entry(jit, cpu);

			if (entry)
				hot(jit, entry);
		} else if (reason != EXIT_AFTER && cpu->budget > 0 && !cpu->attention &&
			   translatable(jit, cpu)) {
			struct block_entry *target =
			    table_find(jit, cpu->pc, current_offset(cpu), cpu_user_mode(cpu));

			if (!target || !target->translation)
				continue;
			if (slot != NO_SLOT) {
				cache_link(jit, slot, target);
			} else if (jumped) {
				target->jumped_to = true;
				fill_jump_cache(jit, cpu, target);
			}
		}
	}
	if (jit->options.exit_times)
		away_ends(jit);
}

void jit_run(struct jit *jit, struct cpu *cpu)
{
	uint64_t translated = jit->statistics.translated_cycles;
	int64_t before = cpu->budget;

	jit->running = cpu;
	if (jit->asked_count)
		requests_resume(jit);
	if (jit->options.tiers == TIERS_SECOND && !jit->options.threshold &&
	    jit->interpreted_cycles < WARM_UP_CYCLES && !kept_any(jit)) {
		jit->activity = JIT_COLD;
		reference_run(cpu); /* not even counting what is hot */
	} else {
		run(jit, cpu);
	}
	jit->activity = JIT_OUTSIDE;
	jit->running = NULL;
	translated = jit->statistics.translated_cycles - translated;
	jit->interpreted_cycles += (uint64_t)(before - cpu->budget) - translated;
}

enum jit_activity jit_activity(const struct jit *jit)
{
	return (enum jit_activity)jit->activity;
}

bool jit_owns_code(const struct jit *jit, const void *pc)
{
	return (uintptr_t)pc - (uintptr_t)jit->code.executable < jit->code.size;
}

void jit_statistics(const struct jit *jit, struct jit_statistics *statistics)
{
	*statistics = jit->statistics;
	reclaim_statistics(jit, statistics);
	compiler_statistics(jit->compiler, statistics);
	kept_statistics(jit, statistics);
}

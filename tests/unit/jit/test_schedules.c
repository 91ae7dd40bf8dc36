/* Compile threads under forced schedules: a seed says when each goes on, up to where, and when the machine takes what is done;
 * meanwhile the guest and its host overwrite code, code is evicted, forgotten, split, kept on disk and loaded from there, the
 * machine is set back and ends. Whatever the order, the guest must be where the reference interpreter is.
 *
 *     test_jit_schedules [FIRST [COUNT]]	seeds */
#include "tests/unit/runtime/vm_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/instructions.h"
#include "turns.h"

#define FUNCTIONS	8u
#define FUNCTION_OFFSET 0x10000u
#define FUNCTION_SIZE	128u
#define CHANGING_WORD	1u /* of a function: an immediate */
#define DEFAULT_SEEDS	40u
#define STEPS		60u /* of a machine between two things that are done to it */

static uint64_t first_seed = 1, seed_count = DEFAULT_SEEDS;

#define MAIN_WORDS 19u

/* Calls all functions in turn; after every eighth round it changes a word of one of them. */
static void main_words(uint32_t *words)
{
	const uint32_t loop[MAIN_WORDS] = {
	    MIPS_WORD(LUI, ['t'] = 16, ['U'] = 0x8001), /* s0: the functions */
	    MIPS_WORD(LUI, ['t'] = 17, ['U'] = 0x8002), /* s1: data */
	    ADDIU(18, 18, 1),				/* 2: s2: rounds */
	    MIPS_WORD(ADDU, ['d'] = 25, ['s'] = 16, ['t'] = 0),
	    ADDIU(19, 0, FUNCTIONS),
	    MIPS_WORD(JALR, ['s'] = 25, ['d'] = 31), /* 5: */
	    ADDIU(19, 19, -1),
	    BNEZ(19, -3),
	    ADDIU(25, 25, FUNCTION_SIZE),
	    MIPS_WORD(ANDI, ['t'] = 8, ['s'] = 18, ['u'] = 7),
	    BNEZ(8, -9),
	    MIPS_WORD(ANDI, ['t'] = 9, ['s'] = 18, ['u'] = 8 * (FUNCTIONS - 1)),
	    MIPS_WORD(SLL, ['d'] = 9, ['t'] = 9, ['a'] = 4), /* (rounds / 8) * FUNCTION_SIZE */
	    MIPS_WORD(ADDU, ['d'] = 9, ['s'] = 9, ['t'] = 16),
	    LOAD(10, 9, 4 * CHANGING_WORD),
	    ADDIU(10, 10, 1),
	    STORE(10, 9, 4 * CHANGING_WORD),
	    MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -16),
	    0,
	};

	memcpy(words, loop, sizeof(loop));
}

static void function_words(unsigned number, uint32_t *words)
{
	const uint32_t function[] = {
	    ADDIU(2, 0, 2 + (int)number % 5),
	    ADDIU(20 + (int)number % 3, 20, (int)number), /* 1: the word that changes */
	    MIPS_WORD(XOR, ['d'] = 11, ['s'] = 20, ['t'] = 21),
	    STORE(11, 17, 8 * (int)number),
	    LOAD(12, 17, 8 * (int)((number + 3) % FUNCTIONS)),
	    MIPS_WORD(ADDU, ['d'] = 13, ['s'] = 13, ['t'] = 12),
	    BNEZ(2, -6),
	    ADDIU(2, 2, -1),
	    MIPS_WORD(JR, ['s'] = 31),
	    0,
	};

	memset(words, 0, FUNCTION_SIZE);
	memcpy(words, function, sizeof(function));
}

/* A machine whose code is translated under a schedule, and what it is compared with. */
struct race {
	struct chooser chooser;
	struct turns *turns;
	struct vm_fixture *scheduled, *reference;
	struct vm_snapshot *snapshots[2];
	uint64_t cycle, saved_at;
};

/* All seeds together, so that none of the cases is missing. */
static uint64_t counts[HAPPENINGS][COMPILE_STEPS];
static struct jit_statistics sum;

static void put_word(struct race *race, uint32_t offset, uint32_t word)
{
	memory_write_word(&race->scheduled->vm->memory, offset, word);
	memory_write_word(&race->reference->vm->memory, offset, word);
}

static void choose_options(struct race *race, struct jit_options *options, const char *cache)
{
	static const size_t sizes[] = {64u << 20, 24u << 10, 64u << 10, 128u << 10};

	options->schedule = turns_schedule(race->turns);
	options->threads = 1 + choose(&race->chooser, 2);
	options->tiers = one_in(&race->chooser, 3) ? TIERS_SECOND : TIERS_AUTO;
	options->threshold = 1 + choose(&race->chooser, 40);
	options->region_instructions = 8 + choose(&race->chooser, 40);
	options->regions_per_module = 1 + choose(&race->chooser, 3);
	options->code_bytes = sizes[choose(&race->chooser, COUNT(sizes))];
	options->cache_directory = cache;
	options->cache_bytes = 8u << 20;
}

static void start(struct race *race, uint64_t seed, const char *cache)
{
	*race = (struct race){.chooser = {.state = seed * 1000003},
			      .turns = turns_new(seed),
			      .scheduled = vm_fixture_new(ENGINE_JIT),
			      .reference = vm_fixture_new(ENGINE_REFERENCE)};
	choose_options(race, &race->scheduled->jit, cache);
	struct vm_fixture *both[] = {race->scheduled, race->reference};
	uint32_t loop[MAIN_WORDS];
	main_words(loop);
	for (unsigned i = 0; i < 2; i++) {
		elf_add_segment(&both[i]->image, ENTRY, loop, MAIN_WORDS);
		vm_fixture_start(both[i], DEVICES BOARD);
	}
	turns_watch(race->turns, race->scheduled->vm->jit);
	for (unsigned function = 0; function < FUNCTIONS; function++) {
		uint32_t words[FUNCTION_SIZE / 4];

		function_words(function, words);
		for (uint32_t i = 0; i < COUNT(words); i++)
			put_word(race, FUNCTION_OFFSET + FUNCTION_SIZE * function + 4 * i, words[i]);
	}
}

static void overwrite(struct race *race)
{
	uint32_t function = choose(&race->chooser, FUNCTIONS), word = choose(&race->chooser, 9);
	uint32_t offset = FUNCTION_OFFSET + FUNCTION_SIZE * function + 4 * word;

	if (word == CHANGING_WORD || one_in(&race->chooser, 2))
		put_word(race, FUNCTION_OFFSET + FUNCTION_SIZE * function + 4 * CHANGING_WORD,
			 ADDIU(20, 20, (int)choose(&race->chooser, 1000)));
	else /* the same bytes, but written */
		put_word(race, offset, memory_read_word(&race->reference->vm->memory, offset));
}

static void save_or_set_back(struct race *race)
{
	if (!race->snapshots[0]) {
		race->snapshots[0] = vm_snapshot(race->scheduled->vm);
		race->snapshots[1] = vm_snapshot(race->reference->vm);
		race->saved_at = race->cycle;
		return;
	}
	turns_happens(race->turns, HAPPENED_RESTORED);
	vm_restore(race->scheduled->vm, race->snapshots[0]);
	vm_restore(race->reference->vm, race->snapshots[1]);
	race->cycle = race->saved_at;
	vm_snapshot_free(race->snapshots[0]);
	vm_snapshot_free(race->snapshots[1]);
	race->snapshots[0] = race->snapshots[1] = NULL;
}

/* Something that is done to the machine from outside. */
static void interfere(struct race *race)
{
	struct jit *jit = race->scheduled->vm->jit;
	struct error warning;

	switch (choose(&race->chooser, 12)) {
	case 0:
	case 1:
	case 2:
		overwrite(race);
		break;
	case 3:
		save_or_set_back(race);
		break;
	case 4:
		turns_happens(race->turns, HAPPENED_FLUSHED);
		jit_flush(jit);
		break;
	case 5:
		turns_happens(race->turns, HAPPENED_SPLIT);
		jit_split(jit, 0x80000000u + FUNCTION_OFFSET +
				   FUNCTION_SIZE * choose(&race->chooser, FUNCTIONS) +
				   4 * choose(&race->chooser, 9));
		break;
	case 6:
		turns_happens(race->turns, HAPPENED_KEPT);
		jit_keep(jit, &warning);
		assert_string_equal(warning.text, "");
		break;
	case 7:
		if (one_in(&race->chooser, 4))
			jit_settle(jit);
		break;
	default:
		break;
	}
}

static void run(struct race *race, uint64_t seed)
{
	char where[512];

	race->cycle += 1 + choose(&race->chooser, one_in(&race->chooser, 4) ? 3000 : 600);
	enum vm_state state = vm_run(race->scheduled->vm, race->cycle);
	assert_int_equal(vm_run(race->reference->vm, race->cycle), state);
	if (!vm_equal(race->scheduled->vm, race->reference->vm, where, sizeof(where)))
		fail_msg("seed %d, cycle %d: %s", (int)seed, (int)race->cycle, where);
}

static struct jit_statistics end(struct race *race)
{
	struct jit_statistics figures;

	jit_statistics(race->scheduled->vm->jit, &figures);
	assert_string_equal(figures.backend_error, "");
	if (race->snapshots[0]) {
		vm_snapshot_free(race->snapshots[0]);
		vm_snapshot_free(race->snapshots[1]);
	}
	turns_happens(race->turns, HAPPENED_ENDED);
	turns_count(race->turns, counts);
	vm_fixture_free(race->scheduled);
	vm_fixture_free(race->reference);
	turns_free(race->turns);
	return figures;
}

static struct jit_statistics run_seed(uint64_t seed, const char *cache)
{
	struct race race;

	start(&race, seed, cache);
	/* Some end early, while something is being compiled. */
	for (unsigned left = 1 + choose(&race.chooser, STEPS); left; left--) {
		run(&race, seed);
		interfere(&race);
	}
	return end(&race);
}

static void add_up(const struct jit_statistics *figures)
{
	sum.regions += figures->regions;
	sum.discarded += figures->discarded;
	sum.failed += figures->failed;
	sum.kept_loaded += figures->kept_loaded;
	sum.kept_stored += figures->kept_stored;
}

/* Every second seed with code that is kept on disk, of which the run before has left some. */
static void schedules(void **state)
{
	struct vm_fixture *place = vm_fixture_new(ENGINE_REFERENCE);

	(void)state;
	for (uint64_t seed = first_seed; seed < first_seed + seed_count; seed++) {
		char cache[64];

		snprintf(cache, sizeof(cache), "%s/%d", place->directory, (int)(seed / 16));
		struct jit_statistics figures = run_seed(seed, seed % 2 ? cache : NULL);
		add_up(&figures);
	}
	vm_fixture_free(place);
}

/* All that can happen has happened at all times; only with the default seeds. */
static void all_happened(void **state)
{
	(void)state;
	for (unsigned what = HAPPENED_NOTHING + 1; what < HAPPENINGS; what++) {
		print_message("%-12s", happening_names[what]);
		for (unsigned step = 0; step < COMPILE_STEPS; step++)
			print_message("%8d", (int)counts[what][step]);
		print_message("\n");
	}
	if (first_seed != 1 || seed_count < DEFAULT_SEEDS)
		return;
	for (unsigned what = HAPPENED_NOTHING + 1; what < HAPPENINGS; what++)
		for (unsigned step = COMPILE_STEP_COMPILE; step < COMPILE_STEPS; step++)
			if (!counts[what][step])
				fail_msg("never %s while a thread was at step %u", happening_names[what],
					 step);
	assert_true(sum.regions > 0 && sum.discarded > 0 && sum.kept_loaded > 0 && sum.kept_stored > 0);
	assert_true(sum.failed > 0); /* no room in code memory */
}

/* A schedule is a function of its seed. */
static void repeatable(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 4; seed++) {
		struct jit_statistics once = run_seed(seed, NULL), again = run_seed(seed, NULL);

		assert_int_equal(once.regions, again.regions);
		assert_int_equal(once.entries, again.entries);
		assert_int_equal(once.discarded, again.discarded);
		assert_int_equal(once.invalidated, again.invalidated);
		assert_int_equal(once.evictions, again.evictions);
		assert_int_equal(once.translated_cycles, again.translated_cycles);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(schedules),
	    cmocka_unit_test(all_happened),
	    cmocka_unit_test(repeatable),
	};

	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		seed_count = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Whatever goes wrong with the second tier, the guest goes on: with the code that there is, or the first tier's, and always where
 * the reference interpreter is. */
#include "tests/unit/runtime/vm_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "failing_backend.h"
#include "jit/jit_internal.h"
#include "jit/schedule.h"
#include "tests/unit/instructions.h"

#define LOOPS	     12
#define PATIENCE_MS  50 /* of the end of a run, where a thread does not end */
#define LAST_CYCLE   40000u
#define STEP_CYCLES  1777u
#define ALL_THE_TIME 1000

/* --- what is asked of the host, by jit/: the linker's --wrap --- */

static atomic_uint thread_failures; /* threads that cannot be started from now on */
static _Thread_local bool compiles; /* this is a compile thread */
static atomic_bool no_memory;	    /* for compile threads */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
			  void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
			  void *argument)
{
	if (atomic_load(&thread_failures) > 0) {
		atomic_fetch_sub(&thread_failures, 1);
		return EAGAIN;
	}
	return __real_pthread_create(thread, attributes, start, argument);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return compiles && atomic_load(&no_memory) ? NULL : __real_malloc(size);
}

/* --- a schedule that holds nobody --- */

static atomic_int compile_nice;

static void reach(void *context, enum compile_step step)
{
	(void)context;
	compiles = true;
	if (step == COMPILE_STEP_COMPILE)
		atomic_store(&compile_nice, getpriority(PRIO_PROCESS, 0));
}

static bool collect(void *context, unsigned threads)
{
	(void)context, (void)threads;
	return true;
}

static void open_or_close(void *context, bool open)
{
	(void)context, (void)open;
}

static struct compile_schedule schedule = {.reach = reach, .collect = collect, .open = open_or_close};

/* --- a guest with some loops, one after the other --- */

struct pair {
	struct vm_fixture *translating, *reference;
};

static void guest_words(uint32_t *words)
{
	for (unsigned i = 0; i < LOOPS; i++) {
		const uint32_t loop[] = {
		    ADDIU(8, 0, 20 + (int)i),
		    ADDIU(9, 9, (int)i),
		    MIPS_WORD(XOR, ['d'] = 10, ['s'] = 10, ['t'] = 9),
		    BNEZ(8, -3),
		    ADDIU(8, 8, -1),
		};

		memcpy(words + COUNT(loop) * i, loop, sizeof(loop));
	}
	words[5 * LOOPS] = MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -5 * LOOPS - 1);
	words[5 * LOOPS + 1] = 0;
}

/* Where regions are kept, and the threshold; else none, and a low one. */
static const char *cache;
static uint32_t threshold;

static void pair_start(struct pair *pair, unsigned threads, enum jit_tiers tiers)
{
	uint32_t words[5 * LOOPS + 2];

	atomic_store(&compile_nice, 0);
	guest_words(words);
	pair->translating = vm_fixture_new(ENGINE_JIT);
	pair->reference = vm_fixture_new(ENGINE_REFERENCE);
	pair->translating->jit.schedule = &schedule;
	pair->translating->jit.backend_path = FAILING_BACKEND_PATH;
	pair->translating->jit.threads = threads;
	pair->translating->jit.tiers = tiers;
	pair->translating->jit.threshold = threshold ? threshold : 10;
	pair->translating->jit.cache_directory = cache;
	pair->translating->jit.cache_bytes = 8u << 20;
	pair->translating->jit.region_instructions = 10;
	pair->translating->jit.regions_per_module = 1;
	for (unsigned i = 0; i < 2; i++) {
		struct vm_fixture *fixture = i ? pair->reference : pair->translating;

		elf_add_segment(&fixture->image, ENTRY, words, COUNT(words));
		vm_fixture_start(fixture, DEVICES BOARD);
	}
}

static void run_to(struct pair *pair, uint64_t cycle)
{
	vm_fixture_run_both(pair->translating, pair->reference, cycle);
}

static struct jit_statistics statistics(const struct pair *pair)
{
	struct jit_statistics figures;

	jit_statistics(pair->translating->vm->jit, &figures);
	return figures;
}

static void run(struct pair *pair)
{
	for (uint64_t cycle = STEP_CYCLES; cycle < LAST_CYCLE; cycle += STEP_CYCLES)
		run_to(pair, cycle);
}

static void pair_free(struct pair *pair)
{
	vm_fixture_free(pair->translating);
	vm_fixture_free(pair->reference);
}

static struct failing_backend *failing;

static void fail_with(enum failure failure, int at)
{
	atomic_store(&failing->failure, (int)failure);
	atomic_store(&failing->at, at);
	atomic_store(&failing->begun, 0);
}

/* --- the tests; each with compile threads and without --- */

static void no_backend(void **state)
{
	static const struct {
		const char *path;
		enum failure failure;
		const char *reason;
	} cases[] = {
	    {"/nonexistent/backend.so", FAILS_NOT, "nonexistent"},
	    {"/dev/null", FAILS_NOT, "/dev/null"},
	    {"libm.so.6", FAILS_NOT, BACKEND_SYMBOL},
	    {FAILING_BACKEND_PATH, FAILS_VERSION, "another version"},
	    {FAILING_BACKEND_PATH, FAILS_LAYOUT, "another version"},
	    {FAILING_BACKEND_PATH, FAILS_CREATE, "no back end today"},
	    {FAILING_BACKEND_PATH, FAILS_THREAD, "no thread today"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned threads = 0; threads < 3; threads++) {
			struct pair pair;

			fail_with(cases[i].failure, 1);
			pair_start(&pair, threads, TIERS_AUTO);
			pair.translating->vm->jit->options.backend_path = cases[i].path;
			run(&pair);
			jit_settle(pair.translating->vm->jit);
			struct jit_statistics figures = statistics(&pair);
			if (!strstr(figures.backend_error, cases[i].reason))
				fail_msg("'%s' does not say %s", figures.backend_error, cases[i].reason);
			assert_int_equal(figures.regions, 0);
			assert_true(figures.translated_cycles > LAST_CYCLE / 2);
			pair_free(&pair);
		}
}

/* Errors of LLVM's: what failed is not asked for again, all else is. */
static void errors(void **state)
{
	(void)state;
	for (unsigned threads = 0; threads < 3; threads++) {
		struct pair pair;

		fail_with(FAILS_WITH_ERROR, 3);
		pair_start(&pair, threads, TIERS_AUTO);
		run(&pair);
		jit_settle(pair.translating->vm->jit);
		struct jit_statistics figures = statistics(&pair);
		assert_string_equal(figures.backend_error, "");
		assert_int_equal(figures.regions, 2);
		assert_in_range(figures.failed, 1, 10 * LOOPS);
		assert_int_equal(figures.failed, figures.discarded);
		pair_free(&pair);
	}
}

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* What would end the process. The regions made before stay in use. */
static void crashes(void **state)
{
	static const enum failure failures[] = {FAILS_BY_ABORT, FAILS_BY_FAULT, FAILS_BY_DIVISION,
						FAILS_BY_STACK};

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++)
		for (unsigned threads = 0; threads < 3; threads++) {
			struct pair pair;

			if (failures[i] == FAILS_BY_STACK && (threads == 0 || SANITIZED))
				continue; /* the machine's own thread has no second one; the sanitizer sees it first */
			fail_with(failures[i], 3);
			pair_start(&pair, threads, TIERS_AUTO);
			run(&pair);
			jit_settle(pair.translating->vm->jit);
			run_to(&pair, 2 * LAST_CYCLE);
			struct jit_statistics figures = statistics(&pair);
			if (!strstr(figures.backend_error, "the compiler failed"))
				fail_msg("failure %d: '%s'", (int)failures[i], figures.backend_error);
			assert_in_range(figures.regions, 1, 3); /* another thread's may still have come */
			assert_true(figures.translated_cycles > LAST_CYCLE);
			pair_free(&pair);
		}
}

/* No memory while regions are lifted, or their results taken over. */
static void out_of_memory(void **state)
{
	struct pair pair;

	(void)state;
	fail_with(FAILS_NOT, 1);
	pair_start(&pair, 1, TIERS_AUTO);
	run_to(&pair, 2000);
	jit_settle(pair.translating->vm->jit);
	uint64_t before = statistics(&pair).regions;
	assert_true(before > 0);
	atomic_store(&no_memory, true);
	run(&pair);
	jit_settle(pair.translating->vm->jit);
	atomic_store(&no_memory, false);
	run_to(&pair, 2 * LAST_CYCLE);
	struct jit_statistics figures = statistics(&pair);
	assert_non_null(strstr(figures.backend_error, "the compiler failed"));
	assert_int_equal(figures.regions, before);
	pair_free(&pair);
}

/* EAGAIN: without any thread there is no second tier; one of two is enough. */
static void no_thread(void **state)
{
	struct pair pair;

	(void)state;
	fail_with(FAILS_NOT, 1);
	atomic_store(&thread_failures, ALL_THE_TIME);
	pair_start(&pair, 2, TIERS_AUTO);
	run(&pair);
	jit_settle(pair.translating->vm->jit);
	struct jit_statistics figures = statistics(&pair);
	assert_non_null(strstr(figures.backend_error, "cannot start a compile thread"));
	assert_int_equal(figures.regions, 0);
	assert_null(pair.translating->vm->jit->pending);
	assert_true(figures.translated_cycles > LAST_CYCLE / 2);
	pair_free(&pair);

	atomic_store(&thread_failures, 0);
	pair_start(&pair, 2, TIERS_AUTO);
	run_to(&pair, 500);
	atomic_store(&thread_failures, ALL_THE_TIME);
	run(&pair);
	jit_settle(pair.translating->vm->jit);
	atomic_store(&thread_failures, 0);
	run_to(&pair, LAST_CYCLE);
	assert_string_equal(statistics(&pair).backend_error, "");
	assert_true(statistics(&pair).regions > 2);
	pair_free(&pair);
}

/* What stays for the sake of a thread. */
static struct jit *left_alone[3];

/* A compilation that does not end: the guest goes on, is set back, and the machine ends. */
static void never_ends(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads < 3; threads++) {
		struct pair pair;
		struct error warning;

		fail_with(FAILS_TO_END, 2);
		schedule.patience_ms = PATIENCE_MS;
		pair_start(&pair, threads, TIERS_AUTO);
		struct vm_snapshot *at_start[] = {vm_snapshot(pair.translating->vm),
						  vm_snapshot(pair.reference->vm)};
		run(&pair);
		while (atomic_load(&failing->begun) < 2)
			; /* the thread is still at its first */
		vm_restore(pair.translating->vm, at_start[0]);
		vm_restore(pair.reference->vm, at_start[1]);
		run(&pair);
		jit_keep(pair.translating->vm->jit, &warning);
		run_to(&pair, 2 * LAST_CYCLE);
		struct jit_statistics figures = statistics(&pair);
		assert_int_equal(figures.flushes, 1);
		assert_in_range(figures.regions, 0, 1);
		assert_true(figures.translated_cycles > LAST_CYCLE);
		vm_snapshot_free(at_start[0]);
		vm_snapshot_free(at_start[1]);
		left_alone[threads - 1] = pair.translating->vm->jit;
		pair_free(&pair);
	}
	schedule.patience_ms = 0;
	fail_with(FAILS_NOT, 1); /* they end after all, and find what they use */
}

/* What was asked for and not compiled in time is compiled by the next run, without waiting until it is hot again, and used by the one
 * after. */
static void left_to_the_next_run(void **state)
{
	struct vm_fixture *place = vm_fixture_new(ENGINE_REFERENCE);
	struct jit_statistics figures;
	struct error warning;
	struct pair pair;
	char directory[64];

	(void)state;
	snprintf(directory, sizeof(directory), "%s/cache", place->directory);
	cache = directory;
	fail_with(FAILS_TO_END, 1);
	schedule.patience_ms = PATIENCE_MS;
	pair_start(&pair, 1, TIERS_AUTO);
	run(&pair);
	jit_keep(pair.translating->vm->jit, &warning);
	assert_string_equal(warning.text, "");
	figures = statistics(&pair);
	assert_int_equal(figures.regions, 0);
	assert_in_range(figures.kept_stored, LOOPS / 2, 10 * LOOPS);
	uint64_t asked = figures.kept_stored, compiled = 0;
	left_alone[2] = pair.translating->vm->jit;
	pair_free(&pair);

	schedule.patience_ms = 0;
	threshold = INT32_MAX;
	fail_with(FAILS_NOT, 1);
	for (unsigned round = 0; round < 2; round++) {
		pair_start(&pair, 1, TIERS_AUTO);
		run(&pair);
		jit_settle(pair.translating->vm->jit);
		run_to(&pair, 2 * LAST_CYCLE);
		jit_keep(pair.translating->vm->jit, &warning);
		figures = statistics(&pair);
		/* One may be a part of another: then it is not wanted any more. */
		if (round == 0) {
			assert_int_equal(figures.kept_loaded, 0);
			assert_in_range(figures.kept_missed, LOOPS / 2, asked);
			assert_int_equal(figures.kept_stored, figures.kept_missed);
			compiled = figures.regions;
			assert_int_equal(compiled, figures.kept_missed);
		} else {
			assert_in_range(figures.kept_loaded, LOOPS / 2, compiled);
			assert_in_range(figures.kept_missed, 0, asked - compiled);
		}
		pair_free(&pair);
	}
	cache = NULL;
	threshold = 0;
	vm_fixture_free(place);
}

/* On a busy host the guest comes first. */
static void priority(void **state)
{
	struct pair pair;

	(void)state;
	fail_with(FAILS_NOT, 1);
	pair_start(&pair, 1, TIERS_AUTO);
	run(&pair);
	jit_settle(pair.translating->vm->jit);
	assert_true(statistics(&pair).regions > 0);
	int own = getpriority(PRIO_PROCESS, 0);
	assert_int_equal(atomic_load(&compile_nice), own + 5 > 19 ? 19 : own + 5);
	pair_free(&pair);
}

/* The same states with any number of compile threads, and regions in all of them. */
static void any_number_of_threads(void **state)
{
	(void)state;
	for (unsigned threads = 0; threads < 5; threads++)
		for (unsigned kind = 0; kind < 2; kind++) {
			struct pair pair;

			fail_with(FAILS_NOT, 1);
			pair_start(&pair, threads, kind ? TIERS_SECOND : TIERS_AUTO);
			run(&pair);
			jit_settle(pair.translating->vm->jit);
			run_to(&pair, 2 * LAST_CYCLE);
			assert_true(statistics(&pair).regions > LOOPS / 2);
			assert_string_equal(statistics(&pair).backend_error, "");
			pair_free(&pair);
		}
}

/* For the leak checker: what a compilation had when it was broken off is lost, as is what dlopen had when it failed. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:compile_guard_call\nleak:_dl_map_object_deps\n";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_backend),
	    cmocka_unit_test(errors),
	    cmocka_unit_test(crashes),
	    cmocka_unit_test(out_of_memory),
	    cmocka_unit_test(no_thread),
	    cmocka_unit_test(priority),
	    cmocka_unit_test(never_ends),
	    cmocka_unit_test(any_number_of_threads),
	    cmocka_unit_test(left_to_the_next_run),
	};

	void *object = dlopen(FAILING_BACKEND_PATH, RTLD_NOW | RTLD_LOCAL);

	failing = object ? dlsym(object, FAILING_BACKEND_SYMBOL) : NULL;
	if (!failing)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

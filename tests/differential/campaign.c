// Campaigns: kernels by number on several engines.
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential/difference.h"

// Of all processes of a campaign together.
struct totals {
	uint64_t programs; // compared with every engine
	uint64_t wild;	   // left out since they do not end in order
	uint64_t unusable; // register 0 was written in the original
	uint64_t differences;
	struct figures base, engines[ENGINES_MAX];
	uint64_t hash_count;
	uint64_t hashes[]; // of the programs, to count the distinct ones
};

static uint64_t hash_of(const struct program *program)
{
	const uint32_t *table = program->table, *words = program->words;
	uint64_t hash = UINT64_C(0xCBF29CE484222325);

	for (unsigned i = 0; i < PROGRAM_SIZE / 4; i++)
		hash = (hash ^ table[i]) * UINT64_C(0x100000001B3);
	for (unsigned i = 0; i < program->count; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x100000001B3);
	return hash;
}

static void count(uint64_t *counter, uint64_t by)
{
	__atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

static void count_programs(struct totals *totals, const struct kernel *kernel, unsigned programs)
{
	uint64_t at = __atomic_fetch_add(&totals->hash_count, programs, __ATOMIC_RELAXED);

	count(&totals->programs, programs);
	for (unsigned i = 0; i < programs; i++)
		totals->hashes[at + i] = hash_of(&kernel->programs[i]);
}

// Runs a kernel up to the first program that does not end in order. Returns how many programs are done with.
static unsigned compare_part(const struct settings *settings, uint64_t number, struct kernel *kernel,
			     unsigned first, struct totals *totals)
{
	unsigned done, compared;
	bool differed = false;
	struct outcome base;

	differ_run(settings->base, number, kernel, NULL, &base, &totals->base);
	// A program may have got at the driver, which then goes on after the last one.
	done = compared = base.code_count < kernel->running ? base.code_count : kernel->running;
	if (base.end != END_OFF && base.code_count > kernel->running)
		printf("kernel %llu, from program %u on: does not end\n", (unsigned long long)number, first);
	if (base.end != END_OFF && done < kernel->running) {
		count(&totals->wild, 1);
		done++;
	}
	if (base.end == END_BROKEN) {
		printf("%s: %s\n", engine_name(settings->base), base.lines);
		exit(2);
	}
	for (unsigned i = 0; i < settings->engine_count; i++) {
		struct pair pair = {settings->base, settings->engines[i], number, kernel, false};
		struct outcome other, *right = &base, again;
		struct kernel part = *kernel;
		char where[512];
		int index;

		// On the original, only what ends.
		if (!pair.engine && base.end != END_OFF) {
			if (compared == 0)
				continue;
			part.running = compared;
			differ_run(settings->base, number, &part, NULL, &again, NULL);
			right = &again;
		}
		differ_run(pair.engine, number, &part, right, &other, &totals->engines[i]);
		if (!outcome_same(&other, right, where, sizeof(where), &index)) {
			unsigned good = other.code_count < compared ? other.code_count : compared;

			pair.ended_there = other.end != END_OFF && index == (int)other.code_count;

			if (index >= 0 && (unsigned)index < good)
				good = (unsigned)index;
			if (difference_explain(settings, &pair, &part, first, index, where)) {
				count(&totals->differences, 1);
			} else {
				count(&totals->unusable, 1);
			}
			// What comes after may only follow from it.
			differed = true;
			compared = good;
			done = index >= 0 ? good + 1 : done;
		}
		outcome_free(&other);
		if (right == &again)
			outcome_free(&again);
		if (differed)
			break;
	}
	outcome_free(&base);
	count_programs(totals, kernel, compared);
	return done;
}

static void compare_kernel(const struct settings *settings, uint64_t number, struct totals *totals)
{
	struct kernel whole;

	differ_generate(settings, number, &whole);
	for (unsigned first = 0; first < whole.count;) {
		struct kernel part = kernel_part(&whole, first, whole.running - first);

		first += compare_part(settings, number, &part, first, totals);
		if (settings->stop && __atomic_load_n(&totals->differences, __ATOMIC_RELAXED))
			break;
	}
	kernel_free(&whole);
}

static void work(const struct settings *settings, unsigned job, struct totals *totals)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	for (uint64_t number = settings->from + job; number <= settings->to; number += settings->jobs) {
		if (settings->seconds > 0 &&
		    (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e9 > settings->seconds)
			break;
		compare_kernel(settings, number, totals);
		if (settings->stop && __atomic_load_n(&totals->differences, __ATOMIC_RELAXED))
			break;
	}
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t count_distinct(struct totals *totals)
{
	uint64_t distinct = 0;

	qsort(totals->hashes, totals->hash_count, sizeof(uint64_t), by_value);
	for (uint64_t i = 0; i < totals->hash_count; i++)
		distinct += i == 0 || totals->hashes[i] != totals->hashes[i - 1];
	return distinct;
}

static void print_figures(const char *name, const struct figures *figures, const struct totals *totals)
{
	double seconds = (double)figures->ns / 1e9;

	printf("%-12s %8.1f s", name, seconds);
	if (seconds > 0)
		printf(", %8.0f programs/s", (double)totals->programs / seconds);
	if (figures->executed)
		printf(", %7.1f million cycles", (double)figures->executed / 1e6);
	if (figures->translated)
		printf(", %4.1f %% by the engine itself",
		       100 * (double)figures->translated / (double)figures->executed);
	printf("\n");
}

// Whether the engines under test ran what they have to themselves. The original leaves nothing to others.
static bool have_their_share(const struct settings *settings, const struct totals *totals)
{
	bool enough = true;

	for (unsigned i = 0; i < settings->engine_count; i++) {
		const struct figures *figures = &totals->engines[i];

		if (!settings->engines[i] || 100 * figures->translated >= settings->share * figures->executed)
			continue;
		printf("%s ran less than %u %% itself\n", differ_engine_name(settings->engines[i]),
		       settings->share);
		enough = false;
	}
	return enough;
}

int campaign(const struct settings *settings)
{
	uint64_t most = (settings->to - settings->from + 1) * settings->programs;
	size_t size = sizeof(struct totals) + most * sizeof(uint64_t);
	struct totals *totals =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	bool failed = false;

	if (totals == MAP_FAILED)
		abort();
	for (unsigned job = 0; job < settings->jobs; job++) {
		pid_t child = settings->jobs > 1 ? fork() : 0;

		if (child < 0)
			abort();
		if (child > 0)
			continue;
		work(settings, job, totals);
		if (settings->jobs > 1)
			_exit(0);
	}
	for (int status; wait(&status) > 0;) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		printf("a process failed: status %x\n", (unsigned)status);
		failed = true;
	}
	printf("%llu programs compared, %llu of them distinct, in %.1f s; %llu differences\n",
	       (unsigned long long)totals->programs, (unsigned long long)count_distinct(totals),
	       (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e9, (unsigned long long)totals->differences);
	printf("%llu left out that do not end in order, %llu that write register 0 in the original\n",
	       (unsigned long long)totals->wild, (unsigned long long)totals->unusable);
	print_figures(engine_name(settings->base), &totals->base, totals);
	for (unsigned i = 0; i < settings->engine_count; i++)
		print_figures(differ_engine_name(settings->engines[i]), &totals->engines[i], totals);
	return !have_their_share(settings, totals) || failed || totals->differences || totals->programs == 0;
}

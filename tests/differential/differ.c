// Runs random programs on several engines and compares all that can be seen of them.
//
//   differ campaign [options]       kernels of programs, by number; differences are shrunk and saved
//   differ replay [options] FILE... programs from text files
//   differ coverage [options]       what the programs exercise; fails on empty cells that are not explained
//   differ seed [options] KERNEL N  program N of a kernel alone
//
//   --target=NAME     what they run on (mips161), see target.h
//   --defined         only what the architecture defines
//   --brief           short programs
//   --engines=LIST    what to compare with the base; "original" stands for System/161's own simulator
//   --base=NAME       what is right (reference)
//   --from=N --to=N   kernels of a campaign
//   --programs=N      in a kernel
//   --jobs=N          processes
//   --seconds=N       start no further kernel after that much CPU time of a process
//   --stop            end with the first difference
//   --as-is           do not shrink programs that differ
//   --explained=FILE  why some cells of the table are empty
//   --keep=FOLDER     where programs that differ are saved

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential/coverage.h"
#include "tests/differential/machine.h"
#include "tests/differential/shrink.h"

#define ENGINES_MAX 8
#define JOBS_MAX    64

struct settings {
	const char *target;
	struct style style;
	const struct engine *base;
	const struct engine *engines[ENGINES_MAX]; // NULL: the original
	unsigned engine_count;
	uint64_t from, to;
	unsigned programs, jobs;
	double seconds;
	bool stop, as_is;
	const char *keep, *explained;
	char **words; // what is no option
	int word_count;
};

// Of one engine: cycles, and CPU time.
struct figures {
	uint64_t executed, translated, ns;
};

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

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static const char *name_of(const struct engine *engine)
{
	return engine ? engine_name(engine) : "original";
}

static void run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		const struct outcome *expected, struct outcome *outcome, struct figures *figures)
{
	// The original is another process.
	clockid_t clock = engine ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
	uint64_t before = clock_ns(clock);

	if (engine)
		machine_run(engine, number, kernel, expected, outcome);
	else
		original_run(kernel, outcome);
	if (!figures)
		return;
	__atomic_fetch_add(&figures->ns, clock_ns(clock) - before, __ATOMIC_RELAXED);
	__atomic_fetch_add(&figures->executed, outcome->executed, __ATOMIC_RELAXED);
	__atomic_fetch_add(&figures->translated, outcome->translated, __ATOMIC_RELAXED);
}

// --- One difference ---

struct pair {
	const struct engine *base, *engine;
	uint64_t number;
	const struct kernel *whole;
};

// A kernel like another, with only this program.
static struct kernel alone(const struct kernel *kernel, struct program *program)
{
	return (struct kernel){
	    .target = kernel->target, .style = kernel->style, .count = 1, .running = 1, .programs = program};
}

static bool kernel_differs(const struct pair *pair, const struct kernel *kernel, char *where, size_t size)
{
	struct outcome base, other;
	int program;

	run(pair->base, pair->number, kernel, NULL, &base, NULL);
	run(pair->engine, pair->number, kernel, &base, &other, NULL);
	bool same = outcome_same(&other, &base, where, size, &program);
	// The original's simulator is no measure for what does not end.
	if (!pair->engine && base.end != END_OFF)
		same = true;
	outcome_free(&base);
	outcome_free(&other);
	return !same;
}

static bool program_differs(void *context, const struct program *program)
{
	const struct pair *pair = context;
	struct program copy = *program;
	struct kernel kernel = alone(pair->whole, &copy);
	char where[512];

	return kernel_differs(pair, &kernel, where, sizeof(where));
}

static void save(const struct settings *settings, const struct pair *pair, const struct program *program,
		 unsigned index)
{
	char path[4096];
	FILE *file;

	mkdir(settings->keep, 0777);
	snprintf(path, sizeof(path), "%s/seed%llu-program%u-%s.program", settings->keep,
		 (unsigned long long)pair->number, index, name_of(pair->engine));
	file = fopen(path, "w");
	if (!file) {
		printf("  %s: %s\n", path, strerror(errno));
		return;
	}
	kernel_write_text(pair->whole, program, file);
	fclose(file);
	printf("  shortened to %s\n", path);
}

// Finds the shortest run of programs up to the guilty one that still differs.
static void find_company(const struct pair *pair, const struct kernel *kernel, unsigned index, unsigned first)
{
	for (unsigned back = 1; back <= index; back *= 2) {
		unsigned from = back < index ? index - back : 0;
		struct kernel part = *kernel;
		char where[512];

		part.programs += from;
		part.running = index - from + 1;
		if (back == index || kernel_differs(pair, &part, where, sizeof(where))) {
			printf("  only after others: generate --only=%u,%u %llu %u\n", first + from,
			       first + index, (unsigned long long)pair->number, kernel->count);
			return;
		}
	}
	printf("  only in the whole kernel\n");
}

// Whether the last program of a kernel differs only since the original has written register 0. Tracing is slow, so the
// program alone and with few others come first.
static bool register_0_written(const struct kernel *kernel)
{
	for (unsigned running = 1; running < kernel->running; running *= 16) {
		struct kernel part = *kernel;

		part.programs += kernel->running - running;
		part.running = running;
		if (original_wrote_register_0(&part))
			return true;
	}
	return original_wrote_register_0(kernel);
}

// Reports a difference in the part of a kernel that starts with program `first`; false if it does not count.
static bool explain(const struct settings *settings, const struct pair *pair, const struct kernel *kernel,
		    unsigned first, int index, const char *where)
{
	struct program program;
	struct kernel part = *kernel;

	if (index < 0 || index >= (int)kernel->running)
		index = (int)kernel->running - 1;
	part.running = (unsigned)index + 1;
	if (!pair->engine && register_0_written(&part)) {
		printf("kernel %llu: the original has written register 0 in program %u\n",
		       (unsigned long long)pair->number, first + (unsigned)index);
		return false;
	}
	printf("kernel %llu, program %u, %s: %s\n", (unsigned long long)pair->number, first + (unsigned)index,
	       name_of(pair->engine), where);
	fflush(stdout);
	if (settings->as_is)
		return true;
	program = kernel->programs[index];
	if (program_differs((void *)(uintptr_t)pair, &program)) {
		program_shrink(&program, kernel->target->cpu, program_differs, (void *)(uintptr_t)pair);
		save(settings, pair, &program, first + (unsigned)index);
	} else {
		find_company(pair, kernel, (unsigned)index, first);
	}
	fflush(stdout);
	return true;
}

// --- Campaigns ---

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

	run(settings->base, number, kernel, NULL, &base, &totals->base);
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
		struct pair pair = {settings->base, settings->engines[i], number, kernel};
		struct outcome other, *right = &base, again;
		struct kernel part = *kernel;
		char where[512];
		int index;

		// On the original, only what ends.
		if (!pair.engine && base.end != END_OFF) {
			if (compared == 0)
				continue;
			part.running = compared;
			run(settings->base, number, &part, NULL, &again, NULL);
			right = &again;
		}
		run(pair.engine, number, &part, right, &other, &totals->engines[i]);
		if (!outcome_same(&other, right, where, sizeof(where), &index)) {
			unsigned good = other.code_count < compared ? other.code_count : compared;

			if (index >= 0 && (unsigned)index < good)
				good = (unsigned)index;
			if (explain(settings, &pair, &part, first, index, where)) {
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

static void generate(const struct settings *settings, uint64_t number, struct kernel *kernel)
{
	kernel_generate(kernel, target_find(settings->target, number), &settings->style, number,
			settings->programs);
}

static void compare_kernel(const struct settings *settings, uint64_t number, struct totals *totals)
{
	struct kernel whole;

	generate(settings, number, &whole);
	for (unsigned first = 0; first < whole.count;) {
		struct kernel part = whole;

		part.programs += first;
		part.running -= first;
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

static int campaign(const struct settings *settings)
{
	uint64_t most = (settings->to - settings->from + 1) * settings->programs;
	size_t size = sizeof(struct totals) + most * sizeof(uint64_t);
	struct totals *totals =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t start = now_ns();
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
	       (double)(now_ns() - start) / 1e9, (unsigned long long)totals->differences);
	printf("%llu left out that do not end in order, %llu that write register 0 in the original\n",
	       (unsigned long long)totals->wild, (unsigned long long)totals->unusable);
	print_figures(engine_name(settings->base), &totals->base, totals);
	for (unsigned i = 0; i < settings->engine_count; i++)
		print_figures(name_of(settings->engines[i]), &totals->engines[i], totals);
	return failed || totals->differences || totals->programs == 0;
}

// --- Coverage ---

static void watch_kernels(const struct settings *settings, unsigned job, struct coverage *coverage)
{
	for (uint64_t number = settings->from + job; number <= settings->to; number += settings->jobs) {
		struct kernel whole;

		generate(settings, number, &whole);
		for (unsigned first = 0; first < whole.count;) {
			struct kernel part = whole;

			part.programs += first;
			part.running -= first;
			first += coverage_watch(coverage, &part) + 1; // one that does not end counts too
		}
		kernel_free(&whole);
	}
}

static int watch_coverage(const struct settings *settings)
{
	struct coverage *coverage = coverage_new(target_find(settings->target, 0));
	FILE *results[JOBS_MAX];
	bool failed = false;

	for (unsigned job = 0; job < settings->jobs; job++) {
		int ends[2];

		if (settings->jobs == 1) {
			watch_kernels(settings, job, coverage);
			break;
		}
		if (pipe(ends) != 0)
			abort();
		if (fork() == 0) {
			FILE *result = fdopen(ends[1], "w");

			watch_kernels(settings, job, coverage);
			coverage_write(coverage, result);
			_exit(fclose(result) != 0);
		}
		close(ends[1]);
		results[job] = fdopen(ends[0], "r");
	}
	for (unsigned job = 0; settings->jobs > 1 && job < settings->jobs; job++) {
		failed |= !coverage_read(coverage, results[job]);
		fclose(results[job]);
	}
	while (wait(NULL) > 0)
		;
	coverage_print(coverage, stdout);
	FILE *explained = settings->explained ? fopen(settings->explained, "r") : NULL;
	failed |= coverage_check(coverage, explained, stdout) != 0;
	if (explained)
		fclose(explained);
	coverage_free(coverage);
	return failed;
}

// --- Single programs ---

static int compare_single(const struct settings *settings, const char *name, const struct kernel *kernel,
			  uint64_t number)
{
	struct outcome base;
	int bad = 0;

	run(settings->base, number, kernel, NULL, &base, NULL);
	printf("%s, %s: %s", name, engine_name(settings->base), end_name(base.end));
	for (unsigned i = 0; i < base.code_count; i++)
		printf(", digest %08x", base.codes[i]);
	printf("\n%s", base.lines ? base.lines : "");
	for (unsigned i = 0; i < settings->engine_count; i++) {
		struct outcome other;
		char where[512];
		int index;

		run(settings->engines[i], number, kernel, NULL, &other, NULL);
		bool same = outcome_same(&other, &base, where, sizeof(where), &index);
		printf("%s, %s: %s\n", name, name_of(settings->engines[i]), same ? "same" : where);
		bad |= !same;
		outcome_free(&other);
	}
	outcome_free(&base);
	return bad;
}

static int replay(const struct settings *settings)
{
	int bad = settings->word_count == 0;

	for (int i = 0; i < settings->word_count; i++) {
		FILE *file = fopen(settings->words[i], "r");
		struct kernel kernel;

		if (!file || !kernel_read_text(&kernel, file)) {
			fprintf(stderr, "%s: not a program\n", settings->words[i]);
			return 2;
		}
		fclose(file);
		bad |= compare_single(settings, settings->words[i], &kernel, 1);
		kernel_free(&kernel);
	}
	return bad;
}

static int seed(const struct settings *settings)
{
	struct kernel kernel;
	char name[64];

	if (settings->word_count != 2)
		return 2;
	uint64_t number = strtoull(settings->words[0], NULL, 10);
	unsigned index = (unsigned)strtoul(settings->words[1], NULL, 10);
	if (index >= settings->programs)
		return 2;
	generate(settings, number, &kernel);
	snprintf(name, sizeof(name), "kernel %llu, program %u", (unsigned long long)number, index);
	kernel_write_text(&kernel, &kernel.programs[index], stdout);
	struct kernel single = alone(&kernel, &kernel.programs[index]);
	int bad = compare_single(settings, name, &single, number);
	kernel_free(&kernel);
	return bad;
}

// --- The command line ---

static bool add_engines(struct settings *settings, char *list)
{
	settings->engine_count = 0;
	for (char *name; (name = strsep(&list, ","));) {
		bool original = strcmp(name, "original") == 0;
		const struct engine *engine = original ? NULL : engine_find(name);

		if (settings->engine_count == ENGINES_MAX || (!original && !engine)) {
			fprintf(stderr, "%s: engines are original %s\n", name, engine_names());
			return false;
		}
		if (original && !original_exists()) {
			fprintf(stderr, "JIT161_ORIGINAL names no program\n");
			return false;
		}
		settings->engines[settings->engine_count++] = engine;
	}
	return true;
}

static bool parse_option(struct settings *settings, char *option)
{
	char *value = strchr(option, '=');

	if (strcmp(option, "--stop") == 0) {
		settings->stop = true;
		return true;
	}
	if (strcmp(option, "--as-is") == 0) {
		settings->as_is = true;
		return true;
	}
	if (strcmp(option, "--defined") == 0) {
		settings->style.defined = true;
		return true;
	}
	if (strcmp(option, "--brief") == 0) {
		settings->style.brief = true;
		return true;
	}
	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(option, "--engines") == 0)
		return add_engines(settings, value);
	if (strcmp(option, "--target") == 0)
		settings->target = value;
	else if (strcmp(option, "--base") == 0)
		settings->base = engine_find(value);
	else if (strcmp(option, "--from") == 0)
		settings->from = strtoull(value, NULL, 10);
	else if (strcmp(option, "--to") == 0)
		settings->to = strtoull(value, NULL, 10);
	else if (strcmp(option, "--programs") == 0)
		settings->programs = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--jobs") == 0)
		settings->jobs = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--seconds") == 0)
		settings->seconds = strtod(value, NULL);
	else if (strcmp(option, "--explained") == 0)
		settings->explained = value;
	else if (strcmp(option, "--keep") == 0)
		settings->keep = value;
	else
		return false;
	return target_find(settings->target, 0) && settings->base && settings->jobs > 0 &&
	       settings->jobs <= JOBS_MAX && settings->programs > 0 &&
	       settings->programs <= KERNEL_PROGRAMS_MAX;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: differ campaign | replay | seed [options] [FILE... | KERNEL N]; see differ.c\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct settings settings = {
	    .target = "mips161",
	    .base = engine_find("reference"),
	    .engines = {engine_find("tier2")},
	    .engine_count = 1,
	    .from = 1,
	    .to = 1,
	    .programs = 500,
	    .jobs = 1,
	    .keep = "differences",
	};
	int at = 2;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
		if (!parse_option(&settings, argv[at]))
			return usage();
	settings.words = argv + at;
	settings.word_count = argc - at;
	if (argc < 2 || settings.to < settings.from)
		return usage();
	if (strcmp(argv[1], "campaign") == 0)
		return campaign(&settings);
	if (strcmp(argv[1], "coverage") == 0)
		return watch_coverage(&settings);
	if (strcmp(argv[1], "replay") == 0)
		return replay(&settings);
	if (strcmp(argv[1], "seed") == 0)
		return seed(&settings);
	return usage();
}

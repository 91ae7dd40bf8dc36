// What the parts of differ have in common: the command line, and a run on one engine.
#ifndef TESTS_DIFFERENTIAL_DIFFER_H
#define TESTS_DIFFERENTIAL_DIFFER_H

#include <time.h>

#include "tests/differential/machine.h"

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
	unsigned share; // percent of the cycles that each engine has to run itself
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

// An engine, or NULL for the original. Adds to `figures` unless it is NULL; stops at the first program whose digest is not
// that of `expected`, unless that is NULL.
void differ_run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		const struct outcome *expected, struct outcome *outcome, struct figures *figures);
const char *differ_engine_name(const struct engine *engine);
// Kernel `number` of a campaign.
void differ_generate(const struct settings *settings, uint64_t number, struct kernel *kernel);
// A kernel like another, with only this program.
struct kernel differ_alone(const struct kernel *kernel, struct program *program);

uint64_t clock_ns(clockid_t clock);

// The commands, see differ.c; they return the exit status.
int campaign(const struct settings *settings);	     // campaign.c
int watch_coverage(const struct settings *settings); // watch.c
int replay(const struct settings *settings);	     // replay.c
int seed(const struct settings *settings);

#endif

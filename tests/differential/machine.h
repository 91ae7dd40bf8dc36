// Runs a kernel of random programs and says all that can be compared of it: on one of our engines in this process,
// or on the original System/161 as a process of its own.
#ifndef TESTS_DIFFERENTIAL_MACHINE_H
#define TESTS_DIFFERENTIAL_MACHINE_H

#include "tests/differential/kernel.h"

struct vm;

// A run takes a few thousand cycles; a program that takes longer ran wild.
#define MACHINE_CYCLES_PER_PROGRAM 400000

enum end {
	END_OFF,     // powered off in order
	END_STOPPED, // a programming error of the guest stopped it
	END_IDLE,    // waits for ever
	END_LIMIT,   // ran wild
	END_BROKEN,  // no run at all: `lines` says why
};

struct outcome {
	enum end end;
	uint32_t *codes; // a digest for each program that came to its end
	unsigned code_count;
	char *lines; // all else that it printed
	size_t line_bytes;
	uint64_t console; // digest of what it printed on its console
	const struct target *target;
	uint32_t digits;		// of a digest that is not complete
	uint64_t executed, translated;	// cycles; 0 from the original
	struct vm *vm;			// of our engines: the machine as it ended
	const struct outcome *expected; // while it runs: ends it at the first digest that differs
};

// How to run: names of engines and what they stand for are in machine.c. The kernel's number decides what the name
// leaves open, such as thresholds and sizes of regions.
struct engine;
const struct engine *engine_find(const char *name);
const char *engine_name(const struct engine *engine);
const char *engine_names(void);
bool engine_translates(const struct engine *engine);

// With `expected`, only up to the first program that has another digest.
void machine_run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		 const struct outcome *expected, struct outcome *outcome);
// A machine that has not run yet, for those who want to watch.
struct vm *machine_new(const struct engine *engine, const struct kernel *kernel, struct outcome *outcome);

// The original: environment variables JIT161_ORIGINAL, and JIT161_FAST_CLOCK for a library that keeps it from waiting
// for the wall clock.
bool original_exists(void);
void original_run(const struct kernel *kernel, struct outcome *outcome);
// In the original register 0 can be written, and keeps the value: then nothing can be compared.
bool original_wrote_register_0(const struct kernel *kernel);

void outcome_free(struct outcome *outcome);
// The first difference: what, and in which program if that is known, else -1. False if there is one.
bool outcome_same(const struct outcome *a, const struct outcome *b, char *where, size_t size, int *program);
const char *end_name(enum end end);

#endif

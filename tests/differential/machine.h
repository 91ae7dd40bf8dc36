// Runs a kernel of random programs on one of our engines, in this process, and says all that can be compared of it.
#ifndef TESTS_DIFFERENTIAL_MACHINE_H
#define TESTS_DIFFERENTIAL_MACHINE_H

#include "tests/differential/kernel.h"
#include "tests/differential/outcome.h"

// A run takes a few thousand cycles; a program that takes longer ran wild.
#define MACHINE_CYCLES_PER_PROGRAM 400000

// How to run: names of engines and what they stand for are in machine.c. The kernel's number decides what the name
// leaves open, such as thresholds and sizes of regions.
struct engine;
const struct engine *engine_find(const char *name);
const char *engine_name(const struct engine *engine);
const char *engine_names(void);

// With `expected`, only up to the first program that has another digest.
void machine_run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		 const struct outcome *expected, struct outcome *outcome);
// A machine that has not run yet, for those who want to watch.
struct vm *machine_new(const struct engine *engine, const struct kernel *kernel, struct outcome *outcome);

#endif

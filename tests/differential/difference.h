// What to do with a kernel that differs: find the program, make it smaller, save it.
#ifndef TESTS_DIFFERENTIAL_DIFFERENCE_H
#define TESTS_DIFFERENTIAL_DIFFERENCE_H

#include "tests/differential/differ.h"

// Kernel `whole`, number `number` of a campaign, on two engines; NULL for the original.
struct pair {
	const struct engine *base, *engine;
	uint64_t number;
	const struct kernel *whole;
	bool ended_there; // the engine ran nothing after the program that differs
};

// Reports a difference in the part of a kernel that starts with program `first`; false if it does not count, since the
// original has written register 0. `index` counts from there; outside of it stands for the last one.
bool difference_explain(const struct settings *settings, const struct pair *pair, const struct kernel *kernel,
			unsigned first, int index, const char *where);

#endif

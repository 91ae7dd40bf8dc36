// Runs a kernel of random programs on the original System/161, as a process of its own.
#ifndef TESTS_DIFFERENTIAL_ORIGINAL_H
#define TESTS_DIFFERENTIAL_ORIGINAL_H

#include "tests/differential/kernel.h"
#include "tests/differential/outcome.h"

// Environment variables: JIT161_ORIGINAL, and JIT161_FAST_CLOCK for a library that keeps it from waiting
// for the wall clock.
bool original_exists(void);
void original_run(const struct kernel *kernel, struct outcome *outcome);
// In the original register 0 can be written, and keeps the value: then nothing can be compared.
bool original_wrote_register_0(const struct kernel *kernel);

#endif

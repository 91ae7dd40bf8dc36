// What random programs have exercised: operation, place in the block, and how the instruction was left.
//
// Watches the reference interpreter execute a kernel cycle by cycle; the interpreter knows nothing of it.
#ifndef TESTS_DIFFERENTIAL_COVERAGE_H
#define TESTS_DIFFERENTIAL_COVERAGE_H

#include "tests/differential/kernel.h"

struct coverage;
struct coverage *coverage_new(const struct target *target);
void coverage_free(struct coverage *coverage);

// Runs a kernel, its programs up to the first that does not end. Returns how many came to an end.
unsigned coverage_watch(struct coverage *coverage, const struct kernel *kernel);
// Adds what another process has counted.
void coverage_write(const struct coverage *coverage, FILE *file);
bool coverage_read(struct coverage *coverage, FILE *file);

void coverage_print(const struct coverage *coverage, FILE *file);
// Lists the empty cells that should not be: `explained` has lines "operation place exit  reason", each word a name or
// *, and says why some are. Explanations of cells that are not empty are listed too. Returns the number of both.
unsigned coverage_check(const struct coverage *coverage, FILE *explained, FILE *file);

#endif

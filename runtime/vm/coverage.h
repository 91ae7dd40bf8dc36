/* Which lines of the kernel were executed how often, as an lcov tracefile (geninfo(1), "FILES"). Instructions are counted by
 * the reference interpreter (vm_options.coverage); the line table of the kernel's file says which lines they are of. */
#ifndef JIT161_RUNTIME_VM_COVERAGE_H
#define JIT161_RUNTIME_VM_COVERAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "runtime/core/error.h"

struct vm;
struct symbols;

/* The count of a line is that of its instruction which was executed most often, added up over the functions that it was
 * compiled into; that of a function is its first instruction's. False: the kernel's file has no line table, or nothing was
 * counted. `file` is the caller's. */
bool vm_write_coverage(const struct vm *vm, struct symbols *symbols, FILE *file, struct error *error);

#endif

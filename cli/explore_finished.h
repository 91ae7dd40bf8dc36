/* The blocks of a run from start to end. */
#ifndef JIT161_CLI_EXPLORE_FINISHED_H
#define JIT161_CLI_EXPLORE_FINISHED_H

#include "cli/explore.h"
#include "runtime/cpu/observe.h"

/* Has each instruction that an observed machine executes counted, for exact executions. */
struct observer explore_counter(struct address_counts *counts);

/* Runs the machine to its end and takes its blocks. `exact`: `counts` are those of all instructions; else they are still empty, and
 * get samples if the machine may have regions, which do not count executions. They must stay. */
void explore_finished(struct exploration *exploration, struct address_counts *counts, bool exact,
		      bool regions);

#endif

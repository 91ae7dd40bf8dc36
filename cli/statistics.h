/* Reports of a finished run: the summary that `jit161 run` prints and the JSON of --stats. */
#ifndef JIT161_CLI_STATISTICS_H
#define JIT161_CLI_STATISTICS_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/streams.h"
#include "runtime/vm/diagnosis.h"
#include "runtime/vm/lockstep.h"
#include "runtime/vm/vm.h"

void statistics_summary(struct streams *streams, struct vm *vm, const struct run_options *options,
			const struct lockstep_report *lockstep, double real_seconds);

/* Writes the JSON to a file, "-" for standard output. */
bool statistics_write(const char *path, struct vm *vm, const struct run_options *options,
		      const struct diagnosis *diagnosis, int exit_status, double real_seconds,
		      struct error *error);

#endif

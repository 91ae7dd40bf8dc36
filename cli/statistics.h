/* Reports of a finished run: the summary that `jit161 run` prints and the JSON of --stats. */
#ifndef JIT161_CLI_STATISTICS_H
#define JIT161_CLI_STATISTICS_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "runtime/vm/diagnosis.h"
#include "runtime/vm/lockstep.h"
#include "runtime/vm/sandbox.h"
#include "runtime/vm/vm.h"

void statistics_summary(struct streams *streams, struct vm *vm, const struct run_options *options,
			const struct lockstep_report *lockstep, double real_seconds);

/* Writes the JSON of --stats. `progress` may be NULL. */
bool statistics_write(struct output_file *output, struct vm *vm, const struct run_options *options,
		      const struct diagnosis *diagnosis, const struct sandbox *sandbox, int exit_status,
		      double real_seconds, const struct progress *progress, struct error *error);

#endif

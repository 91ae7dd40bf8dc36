/* How fast a run got on: host time, executed cycles and CPU time, about every 2 ms; of a long run less often. For --stats, from
 * which bench/run computes rates. Where samples lie depends on the host, and the guest cannot see it. */
#ifndef JIT161_CLI_PROGRESS_H
#define JIT161_CLI_PROGRESS_H

#include <cjson/cJSON.h>

#include "runtime/vm/vm.h"

struct progress;

/* From now on. */
struct progress *progress_new(void);
void progress_free(struct progress *progress);
/* vm_run to the machine's end or next stop, looking at it now and then. */
enum vm_state progress_run(struct progress *progress, struct vm *vm);
/* An array of [seconds, cycles, CPU seconds of the machine's thread]. */
cJSON *progress_json(const struct progress *progress);

#endif

/* The report on a machine that stopped: why, what the processors and devices were doing, the kernel's threads. As text on the
 * message stream, and as JSON for --stats. */
#ifndef JIT161_CLI_REPORT_H
#define JIT161_CLI_REPORT_H

#include <cjson/cJSON.h>

#include "cli/streams.h"
#include "runtime/vm/diagnosis.h"

void report_print(struct streams *streams, struct vm *vm, const struct diagnosis *diagnosis);

/* The same as an object, which the caller owns. */
cJSON *report_json(struct vm *vm, const struct diagnosis *diagnosis);

#endif

/* The sandbox of a run: what it needs of the host is gathered from its parts. */
#ifndef JIT161_CLI_CONFINE_H
#define JIT161_CLI_CONFINE_H

#include "cli/debugger.h"
#include "cli/options.h"
#include "cli/streams.h"
#include "runtime/vm/sandbox.h"

/* Confines the process, unless it must not be, and says so where that is news. The machine is loaded, and everything that
 * the run has to open by name is open. `drop_in`: called as sys161, which says nothing that was not asked for. */
struct sandbox confine(const struct run_options *options, const struct vm *vm,
		       const struct debugger *debugger, struct streams *streams, bool drop_in);

#endif

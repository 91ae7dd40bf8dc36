/* A debugger on a socket and the machine it debugs: who waits for whom, and the original's messages (System/161 reference,
 * section 5.8). */
#ifndef JIT161_CLI_DEBUGGER_H
#define JIT161_CLI_DEBUGGER_H

#include "cli/options.h"
#include "cli/streams.h"
#include "runtime/vm/vm.h"

struct debugger;

/* Listens where the options say. NULL: not at all; `error->text` is empty if that was asked for or has been said, else the
 * program is to end. */
struct debugger *debugger_open(const struct run_options *options, bool drop_in, struct streams *streams,
			       struct error *error);
void debugger_close(struct debugger *debugger);

/* Adds what closing it takes: removing its socket, if that is in the folder for sockets. Elsewhere it is left behind, and
 * removed by the next one who wants its name. `debugger` may be NULL. */
void debugger_host_needs(const struct debugger *debugger, struct host_needs *needs);

/* Readable while a client, or somebody who wants to be one, waits for an answer. */
int debugger_descriptor(const struct debugger *debugger);

/* Makes it the debugger of a machine that is built. For `reader` and `kernel` see gdb_describe_kernel. */
void debugger_attach(struct debugger *debugger, struct vm *vm, const char *reader, int kernel);

enum debugger_wish {
	DEBUGGER_RUN,	      /* the machine goes on */
	DEBUGGER_KILL,	      /* the program ends */
	DEBUGGER_INTERRUPTED, /* vm_interrupt was called meanwhile */
};

/* Serves a stop (vm_run returned VM_STOPPED) until the machine may go on; with `wait`, before its first instruction. */
enum debugger_wish debugger_serve(struct debugger *debugger, bool wait);
/* The machine has ended. */
void debugger_finish(struct debugger *debugger, int status);

#endif

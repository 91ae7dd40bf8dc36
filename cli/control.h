/* The control socket of a running machine (--control), from which `jit161 top` and `jit161 dump --live` read: a client writes the
 * line "status" and gets one line of JSON, or "blocks" and gets what cli/live_wire.h says. A thread of its own answers, "status"
 * with what the machine's thread has published last, so that nothing waits for a client; for "blocks" the machine's thread takes
 * down what there is when it comes by. No client changes what the guest does, nor takes more than a tenth of the machine's time. */
#ifndef JIT161_CLI_CONTROL_H
#define JIT161_CLI_CONTROL_H

#include "runtime/vm/vm.h"

struct control;

/* Listens at a path; NULL: error. */
struct control *control_open(const char *path, struct error *error);
/* The machine may be visited from now on. Before the process is confined. */
void control_attach(struct control *control, struct vm *vm, struct console_input *console);
/* Starts to answer: after the process was confined, so that the thread is. `kernel`: its file, open for reading, or -1; `path`:
 * its name; `reader`: path of libjit161-symbols.so. */
void control_start(struct control *control, int kernel, const char *path, const char *reader);
void control_close(struct control *control); /* NULL: nothing */

/* As vm_run without a limit; publishes on the way, about a thousand times a second of the host's time. */
enum vm_state control_run(struct control *control, struct vm *vm);

#endif

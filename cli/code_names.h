/* Names of translated code for tools of the host: perf's map file, and gdb's JIT interface. Nothing is done unless asked for. */
#ifndef JIT161_CLI_CODE_NAMES_H
#define JIT161_CLI_CODE_NAMES_H

#include "jit/jit.h"
#include "runtime/core/error.h"

struct code_names;

/* `perf`: writes /tmp/perf-PID.map (Linux, tools/perf/Documentation/jit-interface.txt), which is made here, so before the
 * sandbox. `gdb`: registers symbol files (gdb manual, "JIT Compilation Interface"). `kernel` is a file descriptor of the guest's
 * kernel or -1, `reader` the path of what reads its symbols. NULL: the file cannot be made. Ends with the jit. */
struct code_names *code_names_new(struct jit *jit, bool perf, bool gdb, int kernel, const char *reader,
				  struct error *error);
/* Writes what is left to be written. */
void code_names_free(struct code_names *names);

/* gdb_symbols.c: one piece of code. Registers it, and takes it back. The process's list of them is gdb's to find, so it is one
 * for all machines. */
struct gdb_symbols;
struct gdb_symbols *gdb_symbols_register(const char *name, const void *code, size_t size);
void gdb_symbols_unregister(struct gdb_symbols *symbols);

#endif

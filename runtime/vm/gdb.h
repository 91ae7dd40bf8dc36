/* A gdb remote protocol stub for a machine: what stock gdb needs to debug it, without a socket. Whoever owns the connection
 * passes bytes in and out, and runs the machine whenever gdb_state says so. System/161 reference, section 5.8, and the GDB
 * manual, appendix E; docs/manual.md says what is supported. Used by cli/. */
#ifndef JIT161_RUNTIME_VM_GDB_H
#define JIT161_RUNTIME_VM_GDB_H

#include "runtime/vm/gdb_packet.h"
#include "runtime/vm/vm.h"

struct gdb;

enum gdb_state {
	GDB_STOPPED,  /* the client has the machine */
	GDB_RUNNING,  /* it is to run */
	GDB_DETACHED, /* it is to run without the client: close the connection */
	GDB_KILLED,   /* the program is to end */
};

/* The machine, built and loaded, must outlive the stub. */
struct gdb *gdb_new(struct vm *vm, const struct gdb_output *output);
void gdb_free(struct gdb *gdb);

/* For what `monitor` says of the kernel: its open file, and the path of the shared object that reads it (symbols.h). Both
 * are the caller's, who keeps them. */
void gdb_describe_kernel(struct gdb *gdb, const char *reader, int kernel);

/* A client is there, the machine stopped for it. */
void gdb_connected(struct gdb *gdb);
/* It has gone, with or without a word: its breakpoints are gone too. */
void gdb_disconnected(struct gdb *gdb);

/* Bytes from the client. Between runs of the machine only. */
void gdb_input(struct gdb *gdb, const void *bytes, size_t size);
enum gdb_state gdb_state(const struct gdb *gdb);

/* vm_run came back with VM_STOPPED: the client is told. Not for STOP_OUTSIDE. */
void gdb_stopped(struct gdb *gdb);
/* The machine has ended, and with it the session. */
void gdb_exited(struct gdb *gdb, int status);

#endif

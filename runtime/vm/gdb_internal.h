/* Shared by the files of the gdb stub. */
#ifndef JIT161_RUNTIME_VM_GDB_INTERNAL_H
#define JIT161_RUNTIME_VM_GDB_INTERNAL_H

#include "runtime/vm/gdb.h"
#include "runtime/vm/vm_internal.h"

/* The original's numbers of threads: processor 0 is thread 10. */
#define FIRST_THREAD 10u

#define SIGNAL_INTERRUPT 2
#define SIGNAL_TRAP	 5

struct gdb {
	struct vm *vm;
	struct gdb_link link;
	enum gdb_state state;
	unsigned selected;   /* the processor that registers and memory are of: Hg, or the one that stopped */
	unsigned continued;  /* the one that a plain `s` steps: Hc */
	bool reports_points; /* the client understands swbreak and hwbreak */
	struct vm_stop stop; /* why the machine is stopped */
	int signal;
	const char *reader; /* gdb_describe_kernel; NULL: nothing is known */
	int kernel;
};

static inline struct cpu *gdb_cpu(const struct gdb *gdb)
{
	return &gdb->vm->cpus[gdb->selected];
}

void gdb_reply(struct gdb *gdb, const char *text);

/* --- gdb_registers.c --- */

/* g, G, p, P: with everything after the letter. */
void gdb_read_registers(struct gdb *gdb);
void gdb_write_registers(struct gdb *gdb, const char *arguments);
void gdb_read_register(struct gdb *gdb, const char *arguments);
void gdb_write_register(struct gdb *gdb, const char *arguments);
/* The description of the registers, as XML. The caller frees it. */
char *gdb_target_description(const struct gdb *gdb);

/* --- gdb_memory.c --- */

/* m, M, X. */
void gdb_read_memory(struct gdb *gdb, const char *arguments);
void gdb_write_memory(struct gdb *gdb, const char *arguments, size_t size, bool binary);
/* Bytes of RAM or ROM at a virtual address as the selected processor's TLB has it, without a trace; returns how many there
 * are up to the first page that is not mapped, or mapped to a device. */
size_t gdb_peek(const struct gdb *gdb, uint32_t va, uint8_t *bytes, size_t size);

/* --- gdb_monitor.c --- */

/* qRcmd: with the command in hexadecimal. */
void gdb_monitor(struct gdb *gdb, const char *arguments);

#endif

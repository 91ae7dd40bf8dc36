/* What plugins see (plugins/plugin.h): the reference interpreter tells it while cpu.tracing has CPU_OBSERVED. No other engine knows
 * of it, so that translated code is the same whether or not there are plugins. */
#ifndef JIT161_RUNTIME_CPU_OBSERVE_H
#define JIT161_RUNTIME_CPU_OBSERVE_H

#include "plugins/plugin.h"
#include "runtime/cpu/cpu.h"

#define PLUGINS_MAX   8
#define OBSERVED_CPUS 32 /* as many as a machine has at most (section 2.6) */

struct observer {
	unsigned count;
	struct jit161_plugin plugins[PLUGINS_MAX];
	/* The block that each processor is in; 0 instructions: none yet. */
	struct observed_block {
		uint32_t start, instructions, next;
		bool user, slot; /* slot: the next instruction is the last */
	} blocks[OBSERVED_CPUS];
};

/* An instruction before it is executed. */
struct observed {
	uint32_t pc, word, physical; /* of the instruction */
	const struct op_info *op;
	bool user, access, device;
	uint32_t va, va_physical, value;
	uint64_t exceptions, stalls, sc_succeeded;
};
void observe_before(const struct cpu *cpu, uint32_t word, struct observed *seen);
void observe_after(const struct cpu *cpu, const struct observed *seen);
void observe_exception(const struct cpu *cpu, unsigned code, uint32_t bad_vaddr);
void observe_tlb_write(const struct cpu *cpu, unsigned index);

/* The machine has ended: what blocks there still are, and the plugins' own ends. Once. */
void observe_finish(struct observer *observer);

#endif

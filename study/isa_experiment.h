/* Popek and Goldberg's classes by experiment: every instruction of a processor model is executed by the reference
 * interpreter, in user and kernel mode, under varied configurations of the processor's resources, and what traps, what
 * changes and what its results depend on is written down. Of the instruction table only encodings are used, none of
 * what it claims, so that the two can be compared (isa_verdict.h).
 *
 * Words, after "Formal Requirements for Virtualizable Third Generation Architectures" (CACM 17:7, 1974):
 *   program state   what an instruction computes with and its results: general registers, HI, LO, the LL link, memory as
 *                   the program sees it, where it goes on; and the registers of coprocessor 0 that only pass values
 *                   from one privileged instruction to another (Index, EntryLo, PageMask, EPC, ...)
 *   resources       what decides mode, accessible memory, interrupts, time and whether the processor runs at all:
 *                   Status, Cause, the ASID, the TLB, Count, Compare, Wired, HWREna, ...
 *   configuration   a mode and a value for each resource, one of them the base
 *   memory trap     an exception about an address; the definitions leave states that memory-trap aside
 *
 * EntryHi.VPN is neither: on MIPS-161 every look-up leaves its page there (docs/quirks.md), it decides nothing, and user
 * mode cannot read it. Which instructions do that is noted apart. */
#ifndef JIT161_STUDY_ISA_EXPERIMENT_H
#define JIT161_STUDY_ISA_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/insn.h"
#include "runtime/cpu/model.h"

enum isa_mode {
	ISA_KERNEL,
	ISA_USER,
	ISA_MODES
};

/* What can be varied, bits of `depends`. The names are isa_dimension_names. */
enum isa_dimension {
	ISA_DIMENSION_MODE,
	ISA_DIMENSION_STATUS,
	ISA_DIMENSION_CU0,
	ISA_DIMENSION_CAUSE,
	ISA_DIMENSION_ASID,
	ISA_DIMENSION_TLB,
	ISA_DIMENSION_PLACE, /* the physical pages that code and data lie in */
	ISA_DIMENSION_COUNT,
	ISA_DIMENSION_COMPARE,
	ISA_DIMENSION_RANDOM,
	ISA_DIMENSION_WIRED,
	ISA_DIMENSION_HWRENA,
	ISA_DIMENSION_INTCTL,
	ISA_DIMENSION_EBASE,
	ISA_DIMENSION_CONFIG,
	ISA_DIMENSION_SEVERAL, /* seen only where several were varied at once */
	ISA_DIMENSIONS
};
extern const char *const isa_dimension_names[ISA_DIMENSIONS];

/* Configurations that let user mode do what is else the kernel's. */
enum {
	ISA_GRANT_CU0 = 1 << 0,	   /* Status.CU0 */
	ISA_GRANT_HWRENA = 1 << 1, /* any bit of HWREna */
	ISA_GRANTS = 1 << 2	   /* number of combinations */
};

/* What was seen of one instruction. Index of arrays by mode: enum isa_mode. */
struct isa_observation {
	bool tried;
	uint64_t executions;
	uint64_t ran[ISA_MODES];     /* without an exception */
	uint64_t trapped[ISA_MODES]; /* other than memory traps */
	uint64_t memory_traps[ISA_MODES];
	uint32_t codes[ISA_MODES];   /* bit n: exception code n, other than memory traps */
	bool user_ran[ISA_GRANTS];   /* in user mode, by what the configuration grants */
	bool only_kernel;	     /* a state that traps in user mode without CU0 and runs in kernel mode */
	bool only_kernel_by_address; /* a state that memory-traps in user mode and runs in kernel mode */
	uint32_t changes[ISA_MODES]; /* bit n: resource n of isa_resource_name */
	uint32_t depends;	     /* bit n: enum isa_dimension; of the results of runs without trap */
	bool leaves_lookup;	     /* ran and changed EntryHi.VPN and nothing that isa_resource_name has */
};

/* The name of a resource, NULL beyond the last. */
const char *isa_resource_name(unsigned number);

struct isa_experiment {
	const struct cpu_model *model;
	unsigned configurations[ISA_MODES];
	uint64_t executions;
	struct isa_observation observations[MIPS_OP_COUNT];
};

/* Some 10^6 executions, about a second. NULL if there is no memory. The result is freed with free(). */
struct isa_experiment *isa_experiment_run(const struct cpu_model *model);

#endif

/* CPU models: what differs between the processors jit161 emulates, as parameters. */
#ifndef JIT161_RUNTIME_CPU_MODEL_H
#define JIT161_RUNTIME_CPU_MODEL_H

#include "frontend/lift.h"

/* The privileged architecture: how exceptions are entered and left, what the TLB and CP0 look like, how memory
 * is accessed. Parameters of one kind are parameters below. */
enum cpu_family {
	/* System/161's: KU/IE stack with RFE, single TLB entries, fetching looks ahead, all accesses are of words
	 * (System/161 reference, section 1). */
	FAMILY_MIPS161,
	/* MIPS32 release 2: EXL and ERL with ERET, TLB entries of two pages with page masks, Count at half rate
	 * (MIPS32 Architecture For Programmers, volume III; Malta reference, section 14). */
	FAMILY_MIPS32,
};

struct cpu_model {
	const char *name;
	enum cpu_family family;
	struct lift_model lift; /* instruction set, byte order, interlock: what translation needs */
	uint32_t status_reset;
	/* User mode: status & status_user_mask == status_user. Interrupts are possible: status &
	 * status_interrupt_mask == 1, which is IE. */
	uint32_t status_user_mask, status_user, status_interrupt_mask;
	unsigned tlb_entries;
	/* EntryHi.ASID moved this far to the left is what struct cpu keeps: clear of the bits that misaligned
	 * addresses set in the tags of the soft TLB. */
	unsigned asid_shift;
};

/* The processor of System/161 (reference, section 1). */
extern const struct cpu_model cpu_model_mips161;

/* The model of a MIPS32 processor by its name, "24Kf" or "34Kf"; NULL if there is none. */
const struct cpu_model *cpu_model_mips32(const char *name, bool big_endian);

#endif

/* Backtraces of guest stacks: frame by frame, and through exception frames into what was interrupted. Never fails on a bad
 * stack: it ends there and says why. */
#ifndef JIT161_RUNTIME_VM_UNWIND_H
#define JIT161_RUNTIME_VM_UNWIND_H

#include "runtime/vm/prologue.h"

#define MAX_FRAMES 48

struct unwind_registers {
	uint32_t pc;
	uint32_t gpr[32];
	uint32_t known; /* bit n: gpr[n] is right */
	bool exact;	/* pc is where execution stands, not a return address */

	/* Of a processor: where the last exception came from, which a handler that has saved nothing yet will return to. */
	bool at_vector; /* it is at an exception vector */
	uint32_t epc, cause, bad_vaddr;
};

struct frame {
	uint32_t pc; /* of the instruction, or of the call */
	uint32_t sp;
	bool
	    interrupted; /* execution stopped here for an exception, which the frames before this one handle */
	bool has_cause;	 /* the next two are known */
	uint32_t cause, bad_vaddr;
};

struct backtrace {
	struct frame frames[MAX_FRAMES];
	unsigned count;
	const char *end; /* why there are no more */
};

void unwind(struct symbols *symbols, const struct guest_reader *reader, const struct mips_isa *isa,
	    const struct unwind_registers *from, struct backtrace *backtrace);

#endif

/* Lockstep: an engine as shipped against the reference interpreter. The engine runs for a pseudo-random
 * stretch of cycles, then the reference runs to the same cycle from the engine's input log with its output
 * muted, and both machines are compared whole. On a difference both go back to the last equal point and the
 * first differing cycle is found by bisection. */
#ifndef JIT161_RUNTIME_VM_LOCKSTEP_H
#define JIT161_RUNTIME_VM_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/error.h"
#include "runtime/vm/vm.h"

struct lockstep_options {
	uint32_t seed;
	uint32_t longest; /* cycles in a stretch at most; lengths are spread evenly over magnitudes */
};

struct lockstep_report {
	enum vm_state state; /* how the machine ended */
	uint64_t comparisons;
	uint64_t translated_cycles; /* by the engine, replays for bisection not counted */
	bool differs;
	bool vanished;	 /* the difference did not come again when replayed from the last equal point */
	char where[512]; /* the first difference: what, engine's / reference's value */
	uint64_t cycle;	 /* executed cycles before the differing one; equal states up to here */
	uint32_t pc;	 /* of the instruction executed then */
	uint32_t word;	 /* that instruction */
	unsigned cpu;
};

/* Runs a configured and loaded machine to its end or the first difference. False: the second machine could
 * not be made. Disks are written to their images at the end if all went well. */
bool lockstep_run(struct vm *vm, const struct vm_options *options, const struct lockstep_options *how,
		  struct lockstep_report *report, struct error *error);

/* Describes the differing instruction and the translated code that contains it on the message stream. */
void lockstep_explain(const struct lockstep_report *report, struct vm *vm);

#endif

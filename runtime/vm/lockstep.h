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

/* An instruction that the reference was about to execute. */
struct lockstep_step {
	uint32_t pc;
	uint32_t word;
	uint32_t offset; /* where it lies in RAM, or NO_FRAME */
	bool user;
};

/* The engine may have executed several of the last instructions as one piece of code: the guilty one is among them. */
#define LOCKSTEP_STEPS 8

struct lockstep_report {
	enum vm_state state; /* how the machine ended */
	uint64_t comparisons;
	uint64_t
	    own_cycles; /* executed by translated or decoded code, the rest by the reference interpreter */
	bool differs;
	bool vanished;	 /* the difference did not come again when replayed from the last equal point */
	char where[512]; /* the first difference: what, engine's / reference's value */
	uint64_t cycle;	 /* executed cycles before the differing one; equal states up to here */
	struct lockstep_step steps[LOCKSTEP_STEPS]; /* up to the differing one, which comes last */
	unsigned step_count;
	unsigned cpu;
};

/* Runs a configured and loaded machine to its end or the first difference. False: the second machine could
 * not be made. Disks are written to their images at the end if all went well. */
bool lockstep_run(struct vm *vm, const struct vm_options *options, const struct lockstep_options *how,
		  struct lockstep_report *report, struct error *error);

/* Describes the differing instruction and those before it on the message stream, and dumps the translated code that
 * contains them. */
void lockstep_explain(const struct lockstep_report *report, struct vm *vm);

#endif

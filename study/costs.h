/* What sensitive operations cost under each technique, in the manner of Adams and Agesen, "A Comparison of Software and
 * Hardware Techniques for x86 Virtualization" (ASPLOS 2006), section 6.3: nanobenchmarks. Used by `jit161 costs`. */
#ifndef JIT161_STUDY_COSTS_H
#define JIT161_STUDY_COSTS_H

#include "study/cost_programs.h"
#include "study/host_counter.h"
#include "study/technique.h"

#define COST_ROUNDS_MIN 6 /* fewer have no interval that holds the median with 95 % */
#define COST_ROUNDS_MAX 101
#define COST_ROUNDS	15

/* Per operation. */
struct cost_estimate {
	double median;
	double low, high; /* the median lies in between with a confidence of at least 95 % */
};

/* Of `count` measurements, at least COST_ROUNDS_MIN of them, which it sorts: the interval is that of the sign test, between two of
 * them, and supposes nothing about how they are distributed. */
struct cost_estimate cost_estimate(double *values, unsigned count);

struct cost {
	bool ok;
	char problem[256];
	struct cost_estimate ns;	   /* of the machine thread's CPU time */
	struct cost_estimate instructions; /* of the host; all 0 if they cannot be counted */
	char uncounted[64];		   /* why they were not counted by steps, if they should have been */
	double translated; /* share of the guest's cycles that ran in translated code, with the operation */
	double exits, host_traps; /* from translated code, for one operation */
	double exceptions
	    [2]; /* of the guest and interrupts, for one operation: in the loop without it, and with it */
	uint64_t state[2]; /* digests of the machine without and with the operation after COST_WARM_CYCLES */
};

struct cost_options {
	const char *backend_path; /* libjit161-llvm.so */
	unsigned rounds;
	double seconds; /* that one measurement of one loop takes */
	const struct host_counter *counter;
	bool steps; /* count the host's instructions by single steps (study/host_steps.h) instead */
};

/* Guest cycles before the first measurement: by then all code is translated. */
#define COST_WARM_CYCLES 20000

/* Measures one operation. The two programs take turns, so that what else the host does meets both. */
void cost_measure(enum cost_machine machine, const struct cost_operation *operation,
		  const struct technique *technique, const struct cost_options *options, struct cost *cost);

/* A machine with one of the two programs loaded; NULL: error. */
struct vm *cost_vm(enum cost_machine machine, const struct cost_operation *operation, bool with,
		   const struct vm_options *options, struct error *error);

#endif

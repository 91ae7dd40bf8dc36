/* One run of a guest under one technique, in a process of its own: so that times are its own, disk images stay as they are, and
 * nothing is left over. The guest gets no input, and idle time is jumped over. */
#ifndef JIT161_STUDY_MEASURE_H
#define JIT161_STUDY_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "jit/jit.h"
#include "runtime/vm/vm.h"
#include "study/technique.h"

/* The machine and what it runs. */
struct guest {
	const struct malta_options *board; /* NULL: System/161, described by the rest */
	const char *config;
	const char *const *overrides;
	unsigned override_count;
	const char *kernel, *arguments;
	enum vm_timing timing;
	struct vm_turns turns;
	uint32_t max_ram;
	uint64_t start_time; /* as in vm_options, but not 0: all runs need the same */
	uint64_t limit;
};

/* Where the machine's thread spends its CPU time. */
enum spent {
	SPENT_TRANSLATED, /* in translated code */
	SPENT_HELPERS, /* in what translated code calls: soft TLB misses, devices, policies `call` and `trap` */
	SPENT_INTERPRETING, /* JIT_INTERPRETING, or all of an interpreter's run */
	SPENT_COLD,
	SPENT_REST,
	SPENT_TRANSLATING,
	SPENT_DISPATCHING,
	SPENT_MACHINE, /* devices, events, the run loop */
	SPENT_KINDS
};
extern const char *const spent_names[SPENT_KINDS];
extern const char *const spent_titles[SPENT_KINDS];

struct progress {
	double seconds;	 /* since the process began */
	uint64_t cycles; /* executed by then */
};
#define PROGRESS_MAX 512

struct measurement {
	bool ok;
	char problem[256]; /* if not: why */

	enum vm_state end;
	struct vm_digest digest;
	uint64_t console_digest, console_bytes;
	uint64_t text_digest; /* of console output without newlines and carriage returns */
	char figures[1024];   /* the original's lines at power-off */

	double seconds;		   /* wall time from the start of the process to the end of the guest */
	double cpu_seconds;	   /* of all its threads by then */
	uint64_t guest_cycles;	   /* executed by all processors */
	uint64_t reference_cycles; /* of them by the plain interpreter; engine interp */
	bool translates;
	struct jit_statistics jit;	/* if it translates */
	uint64_t spent_ns[SPENT_KINDS]; /* CPU time of the machine's thread, by samples */
	unsigned progress_count;
	struct progress progress[PROGRESS_MAX];
};

struct measure_options {
	const char *backend_path;    /* libjit161-llvm.so */
	const char *cache_directory; /* where regions are kept for techniques that are warm */
	bool fill;		/* this run keeps its regions there for later ones; its times say nothing */
	struct jit_options jit; /* what the technique does not decide */
	unsigned timeout;	/* seconds of wall time after which the run is ended; 0: none */
};

/* Runs the guest; false if it could not be run to an end, with `problem`. */
bool measure(const struct guest *guest, const struct technique *technique,
	     const struct measure_options *options, struct measurement *result);

#endif

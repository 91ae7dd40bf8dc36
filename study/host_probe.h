/* The counterexample at hand: which sensitive instructions of the host trap in user mode, tried in child processes. */
#ifndef JIT161_STUDY_HOST_PROBE_H
#define JIT161_STUDY_HOST_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum probe_end {
	PROBE_RAN,	 /* no trap, no effect either: silently ignored, or it told what it is not to tell */
	PROBE_TOOK,	 /* no trap, and the privileged effect took place */
	PROBE_SIGNAL,	 /* the child got a signal */
	PROBE_NOT_TRIED, /* no process could be made */
};

struct host_probe {
	const char *instruction;
	const char *attempt; /* what it tries, or what it shows */
	bool reads;	     /* it only shows something: PROBE_RAN means that it did */
	enum probe_end end;
	int signal;	/* with PROBE_SIGNAL */
	uint64_t value; /* what a reading one returned; POPF: EFLAGS after it */
};

#define HOST_PROBES_MAX 8
/* Tries each; returns their number, 0 on a host that is not x86-64. */
unsigned host_probe(struct host_probe probes[HOST_PROBES_MAX]);

/* EFLAGS.IF. */
#define HOST_INTERRUPT_FLAG 0x200u

#endif

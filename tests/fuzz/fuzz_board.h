/* For random register traffic: a machine without processors around a bus, which checks what devices hand it. */
#ifndef JIT161_TESTS_FUZZ_BOARD_H
#define JIT161_TESTS_FUZZ_BOARD_H

#include "devices/lamebus/lamebus_internal.h"
#include "fuzz.h"

/* What was reached, over all machines; shared with the child. */
struct progress {
	volatile uint64_t machine, accesses, allowed, hangs, events, polls, replicas, powered_off, overflows;
	volatile uint64_t disk, console, emufs, net; /* transfers in both directions */
};

struct board {
	struct machine_services services;
	struct event_queue events;
	struct input_gate inputs;
	struct device_statistics statistics;
	struct trace trace;
	struct bus *bus;
	struct progress *progress;
	struct chooser guest; /* what the guest and time do: a replica does the same */
	bool enabled[LAMEBUS_MAX_CPUS];
	bool profiling;
	uint32_t
	    spared; /* slots that have a rest from random accesses, so that what they do comes to an end */
	uint64_t dumps;
};

/* At the machine's start time, without a bus. Freed by free(). */
struct board *board_new(struct progress *progress, uint64_t seed);

/* Reads a text to its end. */
void board_read(const char *text);

/* Ends the process. */
_Noreturn void fail(const char *what);

#endif

/* What a machine did lately, noted every 16 ms of virtual time, at its polls: so that a report on a machine
 * that stopped can say whether it had been getting anywhere. Depends on the guest alone, not on the engine. Never compared and
 * never part of a snapshot. */
#ifndef JIT161_RUNTIME_VM_HISTORY_H
#define JIT161_RUNTIME_VM_HISTORY_H

#include "runtime/vm/vm.h"

#define HISTORY_SAMPLES 64
#define HISTORY_NS	16000000 /* virtual time between samples */
#define HISTORY_CPUS	32
#define HISTORY_SLOTS	32
#define HISTORY_OUTPUT	4096

/* Counters from the machine's start. */
struct activity {
	uint64_t syscalls, interrupts, tlb_exceptions, other_exceptions; /* of all processors */
	uint64_t user_cycles;
	uint64_t console_written, console_read, disk, emufs, network;
	uint64_t accesses[HISTORY_SLOTS]; /* to the registers of each slot's device */
};

struct sample {
	uint64_t now;	   /* virtual time, ns */
	uint64_t executed; /* cycles */
	uint32_t raised;   /* bit n: slot n raised its interrupt line */
	struct activity activity;
	struct {
		uint32_t pc, status;
		bool running, user;
		uint64_t interrupts;
	} cpus[HISTORY_CPUS];
};

struct vm_history {
	uint64_t next;	/* virtual time of the next one, ns */
	uint64_t count; /* of samples so far */
	struct sample samples[HISTORY_SAMPLES];
	uint64_t written; /* characters of output so far */
	char output[HISTORY_OUTPUT];
};

struct vm_history *history_new(void);
void history_free(struct vm_history *history);

/* Takes a sample. */
void history_note(struct vm_history *history, const struct vm *vm);
/* The run loop polls the outside. */
static inline void history_poll(struct vm_history *history, const struct vm *vm)
{
	if (vm->events.now < history->next)
		return;
	history_note(history, vm);
	history->next = vm->events.now + HISTORY_NS;
}

static inline void history_console(struct vm_history *history, uint8_t character)
{
	history->output[history->written++ % HISTORY_OUTPUT] = (char)character;
}

/* How many samples there are, and the n-th of them, the oldest first. */
unsigned history_samples(const struct vm_history *history);
const struct sample *history_sample(const struct vm_history *history, unsigned n);

#endif

/* Shared by the files of runtime/vm. */
#ifndef JIT161_RUNTIME_VM_VM_INTERNAL_H
#define JIT161_RUNTIME_VM_VM_INTERNAL_H

#include "runtime/vm/vm.h"

/* A stop that cannot go on: prints the original's text (section 5.7). */
void vm_hang(struct vm *vm, const char *text);

/* A kind of machine: what its processors call, and its devices as the run loop, snapshots and lockstep see them.
 * system161.c, malta.c. */
struct machine_class {
	struct machine_hooks hooks;
	bool
	    exact; /* runs end exactly at events, whatever vm_options.timing says; power-off ends the run at once */
	uint32_t window; /* cycles between looks at the outside, at each of which a run ends */

	/* Makes the devices of a second machine, and `add_processors`. */
	bool (*replicate)(struct vm *vm, const struct vm *primary, struct error *error);
	void (*free)(struct vm *vm);
	void (*event)(struct vm *vm, const struct event *event);
	void (*poll)(struct vm *vm);
	bool (*has_live_input)(const struct vm *vm);
	bool (*wait_input)(struct vm *vm, uint64_t timeout);
	void *(*snapshot)(const struct vm *vm);
	void (*restore)(struct vm *vm, const void *snapshot);
	void (*free_snapshot)(void *snapshot);
	bool (*equal)(const struct vm *a, const struct vm *b, char *where, size_t size);
	uint64_t (*digest)(const struct vm *vm);	    /* of what `equal` compares */
	bool (*commit)(struct vm *vm, struct error *error); /* writes to the host what was held back */
	void (*dump)(struct vm *vm);			    /* the devices, on the message stream */
};
extern const struct machine_class system161_class, malta_class;

/* Memory and processors. */
bool vm_add_processors(struct vm *vm, const struct cpu_model *model, unsigned count, uint32_t ram_size,
		       const struct memory_map *map, struct error *error);

/* The clock as the instruction being executed sees it. */
static inline void vm_set_now(struct vm *vm, const struct cpu *cpu)
{
	vm->events.now = vm->slice_end_ns - vm->ns_per_cycle * (uint64_t)cpu->budget;
}

/* Gives a processor `cycles` to execute; it has `before` cycles of this run behind it. */
void vm_open_slice(struct vm *vm, struct cpu *cpu, uint64_t before, uint64_t cycles);
/* Takes back what was not used. */
void vm_close_slice(struct vm *vm, struct cpu *cpu);
/* Executes a processor's slice by the engine of this run. */
void vm_run_slice(struct vm *vm, struct cpu *cpu);
/* Whether only the reference interpreter will do: it traces, counts calls and instructions, and tells plugins. */
bool vm_is_interpreted(const struct vm *vm);
/* The rest of a machine cycle in which processor `from` did something the others may notice. Those in `open` have a slice
 * already. False: one of them met a debugger's point. */
bool vm_finish_cycle(struct vm *vm, unsigned from, uint32_t open);
/* Whether the debugger's step of this processor is done with the cycle it has just executed; then notes the stop. */
bool vm_step_is_done(struct vm *vm, const struct cpu *cpu);

/* Rounds (round.c). Starts one, of `left` cycles at most, or goes on with the one under way. Returns its length in machine
 * cycles when it is over, 0 where a debugger stopped it. */
uint64_t vm_run_round(struct vm *vm, uint64_t left);
/* Takes note of a processor that the one at work woke or started. */
void vm_round_wakes(struct vm *vm, const struct cpu *cpu);
/* Machine cycles of the round under way that a processor has been counted for. */
uint64_t vm_round_cycles(const struct vm *vm, unsigned number);
static inline bool vm_has_rounds(const struct vm *vm)
{
	return vm->options.turns.quantum > 1;
}

/* Processors that stand still (still.c). Whether one does. */
bool vm_stands_still(const struct vm *vm, const struct cpu *cpu);
/* `cycles` of one that does have passed. */
void vm_stand_still(struct vm *vm, struct cpu *cpu, uint64_t cycles);
/* Those that run and stand still, if vm_run_beside_still can do the rest; else 0. */
uint32_t vm_still(const struct vm *vm);
/* Executes up to `limit` machine cycles, in which `still` stand still and another one runs, or none. Returns how many. */
uint64_t vm_run_beside_still(struct vm *vm, uint32_t still, uint64_t limit);
/* While the other one runs: it is about to change something that may get this one out of its loop. */
void vm_still_ends(struct vm *vm, unsigned number);
/* Likewise: brings them up to date, for who shows them. */
void vm_still_update(struct vm *vm);
void vm_still_init(struct vm *vm);

/* Ends the current slice after the instruction being executed. */
void vm_end_slice(struct vm *vm);

/* What machines' hooks have in common. */
void vm_hook_stopped(struct cpu *cpu);
void vm_hook_hang(struct cpu *cpu, const char *text);
void vm_hook_message(struct cpu *cpu, const char *text);
bool vm_hook_stops_at_break(struct cpu *cpu);

/* Makes the engines ask about accesses to what is under watch, if that has changed. */
void vm_apply_watches(struct vm *vm);
/* Whether a stop for the debugger is to be served rather than passed over. */
bool vm_debugger_serves(const struct vm *vm);

/* Events of the machine's own, beside those of slots. */
enum {
	EVENT_DEVICE_PROFILE = 32,
	EVENT_DEVICE_METER = 33,
};

/* The doom counter and the watchdog (guard.c). */
void vm_guard_start(struct vm *vm);
bool vm_doom(struct vm *vm);
void vm_watch(struct vm *vm); /* at the end of a run */

/* The profile (profile.c). `low` to `high` is what the kernel's executable segments span, low > high if nothing. */
void vm_profile_start(struct vm *vm, uint32_t low, uint32_t high);
void vm_profile_sample(struct vm *vm);
bool vm_profiling(const struct vm *vm);
void vm_set_profiling(struct vm *vm, bool on);
void vm_clear_profile(struct vm *vm);
void vm_profile_free(struct vm *vm);

/* Coverage (coverage.c): likewise. */
void vm_coverage_start(struct vm *vm, uint32_t low, uint32_t high);
void vm_coverage_free(struct vm *vm);

/* The meter (meter.c). */
void vm_meter_event(struct vm *vm, uint64_t argument);
void vm_meter_poll(struct vm *vm);
bool vm_meter_connected(const struct vm *vm);

/* Chooses for a new run whether processors trace, and brings their flags up to date. */
void vm_trace_run(struct vm *vm);

/* Brings the processors' flags up to date. */
void vm_update_tracing(struct vm *vm);

/* Takes note of a processor that went to sleep or woke up. */
void vm_update_running(struct vm *vm, struct cpu *cpu);

#endif

/* A machine: processors, memory, bus and clock put together, and the loop that runs them. Everything hangs
 * off `struct vm`; several can live in one process. A machine never prints and never exits: output goes
 * through vm_output, and vm_run says why it came back. Used by cli/ and the tests. */
#ifndef JIT161_RUNTIME_VM_VM_H
#define JIT161_RUNTIME_VM_VM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/core/bus.h"
#include "runtime/core/error.h"
#include "runtime/core/random.h"
#include "runtime/cpu/cpu.h"

struct bus;
struct malta;
struct machine_class;
struct console_input;
struct meter_socket;
struct jit;
struct jit_options;
struct threaded;
struct debug;
struct observer;

#define VM_MAX_CPUS    32
#define VM_MAX_RAM     0x1FC00000u /* the boot ROM is next: 508 MiB */
#define VM_MAX_QUANTUM 50000	   /* no run is longer */

/* Where a machine's output goes. */
struct vm_output {
	void *context;
	void (*console)(void *context, uint8_t character);
	void (*message)(void *context, const char *text); /* a line without prefix and newline */
	/* Shows what was written so far: called now and then, and before anybody waits. NULL: not wanted. */
	void (*flush)(void *context);
	/* Text of a trace, as struct trace has it (runtime/core/trace.h). NULL: traces are not wanted. */
	void (*trace)(void *context, int source, const char *text);
};

enum vm_engine {
	ENGINE_REFERENCE,
	ENGINE_INTERP,
	ENGINE_JIT
};

/* How runs end: by the original's rules and with its jitter, or exactly at the next event. */
enum vm_timing {
	TIMING_SYSTEM161,
	TIMING_IDEAL
};

/* The outside of a debugger, as the run loop sees it. No function changes the machine. */
struct vm_debugger {
	void *context;
	bool
	    never_wait; /* -X: while nobody is connected, stops for the debugger are passed over or end the run */
	bool (*connected)(void *context);
	bool (*pending)(void *context); /* something has come in, or somebody wants to connect */
	void (*wait)(void *context, uint64_t timeout); /* for that, ns at most */
};

/* Somebody who looks at the machine while it runs or waits. Looking changes nothing. */
struct vm_visitor {
	atomic_bool wanted;	      /* set by any thread that wants the call below */
	void (*visit)(void *context); /* on the machine's thread, between runs; takes `wanted` back */
	void *context;
};

/* How processors that run at the same time take turns: runtime/vm/round.c. */
struct vm_turns {
	uint32_t quantum; /* cycles of a turn, at most VM_MAX_QUANTUM; 0 or 1: one, as the original */
	bool vary; /* each round's turns have a length of their own, 1 to `quantum`, chosen by the seed */
	uint32_t seed;
};

struct vm_options {
	enum vm_engine engine;
	enum vm_timing timing;
	const struct jit_options *jit; /* with ENGINE_JIT */
	struct vm_output output;
	struct console_input *console;	    /* NULL: no keyboard */
	const struct vm_debugger *debugger; /* NULL: none, as with never_wait and nobody connected */
	struct vm_visitor *visitor;	    /* NULL: none */
	bool wall_clock;     /* wait for the wall clock while idle with live input; never changes results */
	uint64_t start_time; /* seconds since 1970 that the clock starts from; 0: the host's time */
	uint64_t limit;	     /* virtual time after which the run ends, ns; 0: none */
	struct vm_turns turns;
	uint32_t
	    max_ram; /* bytes that the configuration may ask for, up to VM_MAX_RAM; 0: as the original, 16 MiB */
	struct observer *observer; /* plugins: the plain interpreter runs, and tells them; NULL: none */

	/* System/161 only. */
	uint32_t trace_flags; /* what is traced from the start: enum trace_flag */
	uint32_t doom;	      /* the machine ends before this many disk writes, 0: never (section 5.2, -D) */
	uint32_t watchdog;    /* seconds of virtual time, 0: none (section 5.2, -Z) */
	bool profile;	      /* count samples and calls of the kernel (section 5.10) */
	bool coverage;	      /* count the kernel's instructions: runtime/vm/coverage.h */
};

/* Why vm_run came back. */
enum vm_state {
	VM_RUNNING,	 /* the limit of executed cycles was reached */
	VM_POWERED_OFF,	 /* in order */
	VM_HUNG,	 /* a programming error of the guest stopped it (System/161 reference, section 5.7) */
	VM_IDLE_FOREVER, /* all processors wait, no event is pending and no input can come */
	VM_INTERRUPTED,	 /* vm_interrupt was called */
	VM_DOOMED,	 /* the doom counter ran out */
	VM_NO_PROGRESS,	 /* the watchdog stopped it */
	VM_LIMIT,	 /* the limit of virtual time was reached */
	VM_STOPPED,	 /* for the debugger: vm->stop says why */
};

/* Why the machine stopped for the debugger. */
enum vm_stop_reason {
	STOP_NONE,
	STOP_POINT,   /* at a breakpoint or watchpoint: vm->debug->hit_point */
	STOP_STEP,    /* the step is done */
	STOP_BREAK,   /* a BREAK in the kernel */
	STOP_REQUEST, /* the trace card, or ^G on the console */
	STOP_HANG,    /* a programming error of the guest; it can go on as if the access had succeeded */
	STOP_OUTSIDE, /* vm_debugger.pending */
};

struct vm_stop {
	enum vm_stop_reason reason;
	unsigned cpu; /* the processor it is about */
};

/* One processor's step: at least one instruction, and on as long as its pc is in [low, high). */
struct vm_step {
	bool active;
	bool begun; /* it has executed an instruction */
	unsigned cpu;
	uint32_t low, high;
};

/* Figures of the shutdown lines that belong to the machine (section 5.5). */
struct vm_totals {
	uint64_t run;	   /* cycles of all runs, executed or skipped */
	uint64_t idle;	   /* global-idle */
	uint64_t executed; /* machine cycles in which some processor could execute */
};

enum vm_phase {
	PHASE_START,
	PHASE_EXECUTE,
	PHASE_END,
	PHASE_IDLE,
	PHASE_FINISHED
};

/* A client of the meter (section 5.9). */
#define VM_METER_CLIENTS 8
struct meter_client {
	bool connected;
	uint32_t interval;   /* ns */
	uint32_t generation; /* of clients with this number */
};

/* A round of turns that are longer than a cycle: runtime/vm/round.c. */
struct round_state {
	struct random_state random; /* of lengths that vary */
	uint32_t length;	    /* cycles; 0: no round is under way */
	uint32_t turn;		    /* the processor whose turn it is */
	uint32_t at;		    /* cycles of the round that it has behind it */
	uint32_t reached;	    /* by the processor that came furthest so far */
	uint32_t
	    from[VM_MAX_CPUS]; /* where each one's turn starts; not at 0 if it was woken within the round */
	uint64_t count;	       /* of rounds that are over */
};

/* Processors that stand still while another one executes its slice: runtime/vm/still.c. */
struct vm_still {
	uint32_t mask;	 /* bit n: processor n stands still and is not up to date */
	uint32_t mover;	 /* the one that executes */
	uint64_t slice;	 /* of all, cycles */
	uint64_t cycles; /* in which processors have stood still so far, in all */
	uint32_t start[VM_MAX_CPUS];
	uint8_t place[VM_MAX_CPUS]; /* in the loop, when the slice began */
};

/* The run loop's own state (section 6.4); plain data, so that a machine can be paused at any cycle. */
struct run_state {
	uint32_t phase;	 /* enum vm_phase */
	uint32_t result; /* enum vm_state once the phase is PHASE_FINISHED */
	uint64_t base;	 /* V: virtual time at the start of the run, ns */
	uint64_t length; /* g */
	uint64_t done;	 /* i */
	uint64_t window; /* W */
	uint64_t slop;	 /* ns */
	uint32_t
	    turn; /* stopped within a machine cycle: the first processor that has not had its turn, else 0 */
	struct round_state round;
	uint32_t at_break;   /* bit n: processor n has stopped at a BREAK in this cycle */
	bool power_off;	     /* dispatched */
	bool stop;	     /* end the run after this cycle */
	bool hang;	     /* lethal stop pending */
	bool debugger;	     /* stop for the debugger pending */
	bool stop_requested; /* a trace card asked for a stop at some time: exit status 1 */
	bool profiled;	     /* there is a profile */
	bool profiling;	     /* it is switched on */
	bool doomed;	     /* the doom counter ran out in this cycle */
	uint32_t doom;	     /* disk writes left, 0: not counted */
	bool cautioned;	     /* the watchdog has said so once */
	uint64_t progress;   /* virtual time that the watchdog counts from, ns */
	uint64_t retired;    /* instructions of user mode when it looked last */
	struct meter_client meter[VM_METER_CLIENTS];
};

struct vm {
	struct vm_options options;
	struct memory memory;
	struct event_queue events;
	struct input_gate inputs;
	struct input_log *log; /* owned, unless this is a replica; NULL: inputs are not kept */
	bool keeps_inputs;     /* vm_keep_inputs was called */
	struct device_statistics statistics;
	struct machine_services services;
	const struct machine_class *class; /* what kind of machine: vm_internal.h */
	struct bus *bus;		   /* System/161's devices */
	struct malta *malta;		   /* or Malta's */
	uint32_t ns_per_cycle;
	unsigned cpu_count;
	struct cpu *cpus;
	struct cpu *current;	   /* the one executing, NULL between slices */
	uint32_t running;	   /* bit n: processor n is running */
	struct threaded *threaded; /* not with ENGINE_REFERENCE */
	struct jit *jit;	   /* with ENGINE_JIT */
	bool mute;		   /* replicas print nothing */
	struct trace trace;	   /* its flags are always 0 in replicas */
	bool traced_run; /* processors trace in this run, whatever becomes of the flags (section 5.6) */
	struct meter_socket *meter; /* the caller's to set and to close; NULL: no meter. System/161 only */
	struct execution_counts *counts; /* NULL: not asked for, there is no code, or a replica; owned */
	struct profile *profile;	 /* NULL: not asked for, there is no code to profile, or a replica */

	struct run_state run;
	struct vm_totals totals;
	struct vm_still still;
	uint64_t slice_end_ns;	    /* virtual time at which the current slice is used up */
	uint64_t start;		    /* virtual time at which the machine started, ns */
	uint64_t limit;		    /* virtual time at which the run ends, ns; UINT64_MAX: never */
	struct vm_history *history; /* what it did lately; runtime/vm/history.h */
	char hang_text[128];	    /* what vm_hang was told last */

	struct vm_stop stop; /* with VM_STOPPED; taken back when the machine goes on */
	struct vm_step step;
	struct debug *debug;	  /* NULL until a breakpoint is set; owned */
	uint64_t debugger_polled; /* host time, ns */
	uint64_t output_flushed;  /* host time, ns */

	volatile bool interrupted; /* set from a signal handler */
};

#define NS_PER_CYCLE 40 /* System/161: 25 MHz, section 1.1 */

/* Cycles that the reference interpreter did: with the engine `interp` those that the threaded one left to it. */
uint64_t vm_reference_cycles(const struct vm *vm);

/* A machine without hardware yet; vm_configure and vm_load complete it. */
struct vm *vm_new(const struct vm_options *options, struct error *error);
void vm_free(struct vm *vm);

/* Reads a sys161.conf and builds the hardware. */
bool vm_configure(struct vm *vm, const char *path, const char *const *overrides, unsigned override_count,
		  struct error *error);

/* Loads a kernel with its argument string, the words joined by blanks (section 4). */
bool vm_load(struct vm *vm, const char *path, const char *arguments, struct error *error);

/* A Malta board with one bare program: docs/manual.md. */
struct malta_options {
	const char *kernel;	  /* path of an ELF file */
	const char *command_line; /* the second of the program's arguments */
	const char *cpu;	  /* "24Kf" or "34Kf" */
	uint32_t ram_size;	  /* bytes, whole pages, at most MALTA_MAX_RAM */
	enum malta_endian {
		MALTA_ENDIAN_OF_KERNEL,
		MALTA_LITTLE,
		MALTA_BIG
	} endian;
};
#define MALTA_MIN_RAM 0x00100000u
#define MALTA_MAX_RAM 0x10000000u

/* Builds a Malta board and loads the program: instead of vm_configure and vm_load. */
bool vm_build_malta(struct vm *vm, const struct malta_options *options, struct error *error);

/* Whether a machine that is idle for ever got there because an exception found no handler: the program had not
 * cleared Status.BEV yet. */
bool vm_stuck_in_rom(const struct vm *vm);

/* Adds the files that the machine and its engine open while they run. Once it is loaded. */
void vm_host_needs(const struct vm *vm, struct host_needs *needs);

/* All that comes in from outside is to be kept in memory until the machine is freed, so that replicas, or the machine itself
 * after it was set back, can run with the same inputs. Before the first run. Without this nothing is kept while the machine
 * runs, however long that is. */
void vm_keep_inputs(struct vm *vm);

/* A second machine in the same state that replays the first one's inputs and prints nothing. The first must
 * have been configured and loaded and not yet run. */
struct vm *vm_new_replica(struct vm *primary, const struct vm_options *options, struct error *error);

/* Lets the visitor in, if one wants to look. Between runs. */
static inline void vm_let_in(const struct vm *vm)
{
	struct vm_visitor *visitor = vm->options.visitor;

	if (visitor && atomic_load_explicit(&visitor->wanted, memory_order_acquire))
		visitor->visit(visitor->context);
}

/* Runs until the machine ends or `executed` cycles have been executed in all. */
enum vm_state vm_run(struct vm *vm, uint64_t executed);

/* --- for debuggers (debugger.c), between runs --- */

/* Sets or takes out a breakpoint or watchpoint; false: too many, too long, or not there. The same one can be set several
 * times and counts once. `kind` is an enum debug_kind. */
bool vm_set_point(struct vm *vm, unsigned kind, uint32_t address, uint32_t length);
bool vm_clear_point(struct vm *vm, unsigned kind, uint32_t address, uint32_t length);
/* Takes out all, and forgets where code was made to end. */
void vm_clear_points(struct vm *vm);
/* The debugger lets one processor go on, which its points are about from now on, while those that were in force when it last
 * let all go on (-1) stay in force for the others. */
void vm_resume_for(struct vm *vm, int only);
/* Makes the next vm_run stop when a processor has made a step. */
void vm_step(struct vm *vm, unsigned cpu, uint32_t low, uint32_t high);
/* The machine's own text about a part of it, on the message stream. */
void vm_dump_tlb(struct vm *vm, unsigned cpu);
void vm_dump_devices(struct vm *vm);

/* Makes vm_run return soon. Callable from a signal handler. */
void vm_interrupt(struct vm *vm);

/* Writes the machine's state to the message stream, in the original's form. */
void vm_dump(struct vm *vm);

/* Instructions retired in each mode, and cycles of user mode that retired none: of all processors, or of one.
 * Translated code takes its stalls for instructions. */
struct vm_retired {
	uint64_t kernel, user, user_lost;
};
struct vm_retired vm_retired(const struct vm *vm);

/* Writes the profile as gmon.out (section 5.10) and says how long it is; nothing if there is none. `file` is the caller's, who
 * flushes it; `path` is its name in messages. */
bool vm_write_profile(struct vm *vm, FILE *file, const char *path, struct error *error);

/* The line that names the flags that are on. */
void vm_trace_message(struct vm *vm);
/* What devices trace when the machine is put away. */
void vm_trace_closing(struct vm *vm);

/* A formatted line for the message stream. */
void vm_message(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The lines the original prints at power-off (section 5.5), without the two elapsed times. */
void vm_shutdown_lines(struct vm *vm);

/* Everything a machine's future depends on, host side excluded. */
struct vm_snapshot;
struct vm_snapshot *vm_snapshot(struct vm *vm);
void vm_snapshot_retake(struct vm_snapshot *snapshot, struct vm *vm); /* of the same machine, in its place */
void vm_restore(struct vm *vm, const struct vm_snapshot *snapshot);
void vm_snapshot_free(struct vm_snapshot *snapshot);

/* Compares the guest-visible state of two machines; on the first difference describes it and returns false.
 */
bool vm_equal(const struct vm *a, const struct vm *b, char *where, size_t size);

/* Digests of what vm_equal compares, by parts, so that machines of different processes can be compared, and what differs
 * be named. */
struct vm_digest {
	uint64_t processors, memory, devices, clock;
};
struct vm_digest vm_digest(const struct vm *vm);

#endif

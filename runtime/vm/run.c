/* The run loop: System/161 reference, section 6.4, step by step, made resumable so that a machine can be
 * paused at any executed cycle without a trace. */
#include "runtime/core/host_clock.h"
#include "runtime/vm/vm_internal.h"

#include <string.h>

#include "jit/jit.h"
#include "runtime/cpu/debug.h"
#include "runtime/cpu/threaded.h"
#include "runtime/vm/history.h"

#define LONGEST_RUN  125000   /* cycles, when no event is near */
#define NEAR_NS	     5000000  /* an event nearer than this ends the run */
#define MAX_AHEAD_NS 10000000 /* how far virtual time may run ahead of the wall clock while idle */
#define DEBUGGER_NS  5000000  /* host time between looks at the debugger's socket */
#define FLUSH_NS     2000000  /* host time that the guest's output waits at most while it runs */

static void flush_output(struct vm *vm)
{
	if (vm->options.output.flush)
		vm->options.output.flush(vm->options.output.context);
}

/* A guest that prints lets a window pass for each character: a system call for each would cost more than all else. */
static void flush_now_and_then(struct vm *vm)
{
	uint64_t now = host_ns();

	if (now - vm->output_flushed < FLUSH_NS)
		return;
	vm->output_flushed = now;
	flush_output(vm);
}

static void dispatch_due(struct vm *vm)
{
	struct event event;

	while (event_take_due(&vm->events, &event))
		vm->class->event(vm, &event);
	if (vm->events.overflow) { /* the original dies of it */
		vm->events.overflow = false;
		vm_hang(vm, "Too many pending hardware interrupts");
	}
}

/* A debugger's point or step stops the machine within a machine cycle: it is processor `cpu`'s turn. */
static void stop_at_turn(struct vm *vm, unsigned cpu)
{
	/* If nobody before it can run, the cycle has not begun. */
	vm->run.turn = vm->running & ((1u << cpu) - 1) ? cpu : 0;
}

static bool met_point(struct vm *vm)
{
	if (!vm->debug || !vm->debug->hit)
		return false;
	vm->debug->hit = false;
	vm->stop = (struct vm_stop){vm->debug->by_other ? STOP_STEP : STOP_POINT, vm->debug->hit_cpu};
	return true;
}

/* Looks for the debugger now and then. */
static void poll_debugger(struct vm *vm)
{
	const struct vm_debugger *debugger = vm->options.debugger;

	if (!debugger)
		return;
	uint64_t now = host_ns();
	if (now - vm->debugger_polled < DEBUGGER_NS)
		return;
	vm->debugger_polled = now;
	if (debugger->pending(debugger->context) && vm->stop.reason == STOP_NONE)
		vm->stop = (struct vm_stop){STOP_OUTSIDE, 0};
}

/* Step 1. */
static void start_run(struct vm *vm)
{
	struct event_queue *events = &vm->events;
	uint64_t now = vm->run.base;

	events->marked = false;
	events->stop = false;
	vm->run.stop = false;
	vm_trace_run(vm);
	if (vm->run.window == 0)
		vm->run.window = vm->class->window;
	if (vm->options.timing == TIMING_IDEAL || vm->class->exact) {
		/* A run ends at the cycle of its event; anything sooner stops it. */
		vm->run.length = vm->run.window;
		if (events->count) {
			uint64_t distance = events->events[0].due > now ? events->events[0].due - now : 0;
			uint64_t cycles = (distance + vm->ns_per_cycle - 1) / vm->ns_per_cycle;

			if (cycles < vm->run.length)
				vm->run.length = cycles;
		}
		events->marked = true;
	} else if (events->count == 0 || events->events[0].due >= now + NEAR_NS) {
		vm->run.length = LONGEST_RUN;
	} else if (events->events[0].due <= now) {
		vm->run.length = 0;
	} else {
		events->marked = true;
		vm->run.length = (events->events[0].due - now + vm->ns_per_cycle - 1) / vm->ns_per_cycle;
	}
	if (vm->run.length > vm->run.window)
		vm->run.length = vm->run.window;
	vm->run.done = 0;
	vm->run.phase = PHASE_EXECUTE;
}

void vm_open_slice(struct vm *vm, struct cpu *cpu, uint64_t before, uint64_t cycles)
{
	cpu->active_end += cycles;
	cpu->budget = (int64_t)cycles;
	cpu->attention = 0;
	vm->current = cpu;
	vm->slice_end_ns = vm->run.base + vm->ns_per_cycle * (before + cycles);
}

void vm_close_slice(struct vm *vm, struct cpu *cpu)
{
	cpu->active_end -= (uint64_t)cpu->budget;
	cpu->budget = 0;
	vm->current = NULL;
	if (cpu_active(cpu) == cpu->timer_deadline)
		cpu_timer_match(cpu);
}

static void step_one(struct vm *vm, struct cpu *cpu)
{
	vm_open_slice(vm, cpu, vm->run.done, 1);
	reference_step(cpu);
	vm_close_slice(vm, cpu);
}

bool vm_finish_cycle(struct vm *vm, unsigned from, uint32_t open)
{
	uint64_t end = vm->slice_end_ns;

	for (unsigned i = from + 1; i < vm->cpu_count; i++) {
		struct cpu *cpu = &vm->cpus[i];

		if (cpu->run_state != CPU_RUNNING)
			continue;
		if (debug_stops(cpu)) {
			vm->run.turn = i;
			return false;
		}
		if (open >> i & 1) {
			vm->current = cpu;
			reference_step(cpu);
		} else {
			step_one(vm, cpu); /* woken just now: it still runs in this cycle */
			vm->slice_end_ns = end;
		}
	}
	return true;
}

bool vm_step_is_done(struct vm *vm, const struct cpu *cpu)
{
	struct vm_step *step = &vm->step;

	step->begun = true;
	/* A branch and its delay slot are one step. */
	if (cpu->jump_pending || cpu->pc - step->low < step->high - step->low)
		return false;
	step->active = false;
	vm->stop = (struct vm_stop){STOP_STEP, cpu->number};
	return true;
}

static bool several_run(const struct vm *vm)
{
	return vm->running & (vm->running - 1);
}

/* Whether one processor goes on alone as the debugger sees it, while others run too. */
static bool goes_alone(const struct vm *vm)
{
	return vm->debug && vm->debug->only >= 0 && several_run(vm);
}

/* One machine cycle, or the rest of one that was stopped in the middle, in which each turn may be the last for now.
 * Returns 1 if the cycle is complete. */
static uint64_t run_by_turns(struct vm *vm)
{
	struct vm_step *step = &vm->step;

	for (unsigned i = vm->run.turn; i < vm->cpu_count; i++) {
		struct cpu *cpu = &vm->cpus[i];
		bool stepping = step->active && step->cpu == i;

		if (cpu->run_state != CPU_RUNNING)
			continue;
		if (!(stepping && !step->begun) && debug_stops(cpu)) {
			stop_at_turn(vm, i);
			return 0;
		}
		step_one(vm, cpu);
		bool done = stepping && vm_step_is_done(vm, cpu);
		if (vm->debug && vm->debug->only == (int)i) {
			/* It stops right where it steps to, before the others can meet what the debugger has taken out
			 * for it. */
			vm->debug->only_moved = true;
			done |= !done && debug_stands_at_breakpoint(cpu) && debug_stops(cpu);
		}
		if (done && i + 1 < vm->cpu_count && vm->running >> (i + 1)) {
			vm->run.turn = i + 1;
			return 0;
		}
		if (done)
			break;
	}
	vm->run.turn = 0;
	return 1;
}

bool vm_is_interpreted(const struct vm *vm)
{
	return vm->traced_run || vm->profile || vm->counts || vm->cpus[0].observer;
}

/* Several processors step in turn, cycle by cycle, until one does something the run loop has to look at. */
static uint64_t run_together(struct vm *vm, uint64_t limit)
{
	uint32_t open = vm->running;
	struct cpu *together[VM_MAX_CPUS];
	unsigned count = 0;
	uint64_t slice = limit;

	for (uint32_t left = open; left; left &= left - 1) {
		struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];
		uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

		together[count++] = cpu;
		if (to_match < slice)
			slice = to_match;
	}
	for (unsigned i = 0; i < count; i++)
		vm_open_slice(vm, together[i], vm->run.done, slice);
	uint64_t used = vm->threaded && !vm_is_interpreted(vm)
			    ? threaded_run_in_turn(together, count, slice, &vm->current)
			    : reference_run_in_turn(together, count, slice, &vm->current);
	if (used < slice && vm->debug && vm->debug->hit) {
		stop_at_turn(vm, vm->current->number);
	} else if (used < slice) {
		vm->run.done += used;
		bool whole = vm_finish_cycle(vm, vm->current->number, open);
		vm->run.done -= used;
		used += whole;
	}
	for (unsigned i = 0; i < count; i++)
		vm_close_slice(vm, together[i]);
	return used;
}

void vm_run_slice(struct vm *vm, struct cpu *cpu)
{
	if (vm_is_interpreted(vm))
		reference_run(cpu);
	else if (vm->jit && !(vm->debug && vm->debug->direct_loads))
		jit_run(vm->jit, cpu);
	else if (vm->threaded)
		threaded_run(cpu);
	else
		reference_run(cpu);
}

/* The only running processor uses the whole budget: nothing but its own doing can wake another. Returns
 * cycles. */
static uint64_t run_alone(struct vm *vm, struct cpu *cpu, uint64_t limit)
{
	uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);
	uint64_t slice = limit < to_match ? limit : to_match;

	vm_open_slice(vm, cpu, vm->run.done, slice);
	vm_run_slice(vm, cpu);
	uint64_t used = slice - (uint64_t)cpu->budget;
	vm_close_slice(vm, cpu);

	/* One with a higher number that was woken or started still runs in this same cycle. */
	if (vm->running & ~(1u << cpu->number)) {
		vm->run.done += used - 1;
		bool whole = vm_finish_cycle(vm, cpu->number, 0);
		vm->run.done -= used - 1;
		used -= !whole;
	}
	return used;
}

static bool debugger_connected(const struct vm *vm)
{
	const struct vm_debugger *debugger = vm->options.debugger;

	return debugger && debugger->connected(debugger->context);
}

/* Cycles of this run before the limit of virtual time. */
static uint64_t cycles_to_limit(const struct vm *vm)
{
	uint64_t now = vm->run.base + vm->ns_per_cycle * vm->run.done;

	return now < vm->limit ? (vm->limit - now + vm->ns_per_cycle - 1) / vm->ns_per_cycle : 0;
}

static bool at_limit(const struct vm *vm)
{
	return vm->limit != UINT64_MAX && cycles_to_limit(vm) == 0;
}

/* Whether somebody outside could act, so that virtual time must not run ahead of the wall clock. */
static bool has_live_outside(const struct vm *vm)
{
	return vm->options.wall_clock && !vm->inputs.replay &&
	       (vm->class->has_live_input(vm) || debugger_connected(vm));
}

/* Whether the limit comes before anything else can happen while all processors wait. */
static bool limit_is_next(const struct vm *vm)
{
	uint64_t due = vm->events.count ? vm->events.events[0].due : UINT64_MAX;

	return vm->limit != UINT64_MAX && due >= vm->limit && (due != UINT64_MAX || has_live_outside(vm));
}

/* At least one machine cycle, up to `left`, but no more than `limited` where it can be told beforehand. Returns 0 if a debugger
 * stopped it in the middle of a cycle or a round. */
static uint64_t execute_some(struct vm *vm, uint64_t left, uint64_t limited)
{
	if (vm->run.turn)
		return run_by_turns(vm);
	if (vm->run.round.length || (vm_has_rounds(vm) && several_run(vm)))
		return vm_run_round(vm, left); /* whole, so that pauses change nothing */
	if (vm->step.active || goes_alone(vm))
		return run_by_turns(vm);
	uint32_t still = vm_still(vm);
	if (still)
		return vm_run_beside_still(vm, still, limited);
	if (several_run(vm))
		return run_together(vm, limited);
	return vm->running ? run_alone(vm, &vm->cpus[__builtin_ctz(vm->running)], limited) : 1;
}

/* Step 2. Returns false if one of the limits came first, or a stop for the debugger. */
static bool execute(struct vm *vm, uint64_t executed_limit)
{
	struct run_state *run = &vm->run;

	/* A cycle or a round that a debugger stopped in the middle is completed first. */
	while (run->turn || run->round.length ||
	       (run->done < run->length && !run->stop && !vm->events.stop)) {
		uint64_t left = run->length - run->done;

		if (vm->totals.executed >= executed_limit)
			return false;
		if (vm->limit != UINT64_MAX && vm->running) {
			uint64_t to_limit = cycles_to_limit(vm);

			if (to_limit == 0)
				return false;
			left = left < to_limit ? left : to_limit;
		}
		uint64_t to_pause = executed_limit - vm->totals.executed;
		uint64_t cycles = execute_some(vm, left, left < to_pause ? left : to_pause);
		run->done += cycles;
		vm->totals.executed += cycles;
		if (!vm->running && !run->round.length) {
			if (cpu_timer_runs_on(&vm->cpus[0])) {
				run->length = run->done; /* its match may come before the run's end would */
			} else if (!run->stop && !vm->events.stop) {
				vm->totals.idle += run->length - run->done;
				run->done = run->length;
			}
		}
		if (met_point(vm) || vm->stop.reason != STOP_NONE)
			return false;
	}
	run->phase = PHASE_END;
	if (run->doomed) { /* at once: nothing is dispatched any more */
		run->result = VM_DOOMED;
		run->phase = PHASE_FINISHED;
	}
	return true;
}

/* A stop for the debugger that is not lethal. */
static void serve_request(struct vm *vm)
{
	if (!vm->run.debugger)
		return;
	vm->run.debugger = false;
	if (vm_debugger_serves(vm))
		vm->stop = (struct vm_stop){STOP_REQUEST, 0};
	else
		vm_message(vm, "Not waiting for debugger...");
}

/* Steps 3 to 5. */
static void end_run(struct vm *vm)
{
	/* The cycle of a BREAK that only some processors stopped at is part of no run (section 5.8). */
	if (vm->run.at_break && vm->run.at_break != (uint32_t)((UINT64_C(1) << vm->cpu_count) - 1))
		vm->run.done--;
	vm->totals.run += vm->run.done;
	vm->run.base += vm->ns_per_cycle * vm->run.done;
	vm->events.now = vm->run.base;
	vm->events.marked = false;
	vm->run.window -= vm->run.done;
	if (vm->run.window == 0)
		history_poll(vm->history, vm); /* before events wake anybody */
	dispatch_due(vm);
	vm_watch(vm);
	if (vm->run.window == 0) {
		flush_now_and_then(vm);
		vm->class->poll(vm);
	}
	vm->run.phase = PHASE_IDLE;
	if (vm->run.hang && !vm_debugger_serves(vm)) {
		vm->run.result = vm->run.result == VM_NO_PROGRESS ? VM_NO_PROGRESS : VM_HUNG;
		vm->run.phase = PHASE_FINISHED;
		return;
	}
	serve_request(vm);
	if (vm->run.hang)
		vm->stop = (struct vm_stop){STOP_HANG, 0};
	else if (vm->run.at_break)
		vm->stop = (struct vm_stop){STOP_BREAK, (unsigned)__builtin_ctz(vm->run.at_break)};
	vm->run.hang = false;
	vm->run.at_break = 0;
	if (!vm->running)
		trace_device(&vm->trace, TRACE_INTERRUPT, "Waiting for interrupt");
	poll_debugger(vm);
}

/* The same wait goes on after a visit, so that the guest's time does not show that there was one. */
static bool wait_through_visits(struct vm *vm, uint64_t ns)
{
	const struct vm_visitor *visitor = vm->options.visitor;
	uint64_t now = host_ns(), until = now + ns;

	for (;;) {
		bool came = vm->class->wait_input(vm, until - now);

		if (!visitor || !atomic_load_explicit(&visitor->wanted, memory_order_acquire))
			return came;
		vm_let_in(vm);
		now = host_ns();
		if (now > until)
			now = until;
	}
}

/* Waits for input and the debugger; true if there is any. The latter's news stop the machine. */
static bool wait_outside(struct vm *vm, uint64_t ns)
{
	const struct vm_debugger *debugger = vm->options.debugger;
	bool came = false;

	if (vm->class->has_live_input(vm))
		came = wait_through_visits(vm, ns);
	else
		debugger->wait(debugger->context, ns);
	if (debugger && debugger->pending(debugger->context))
		vm->stop = (struct vm_stop){STOP_OUTSIDE, 0};
	return came;
}

/* The guest sees input at the virtual time that has passed meanwhile. */
static void wake_for_input(struct vm *vm, uint64_t waited)
{
	vm->events.now = vm->run.base + waited;
	vm->class->poll(vm); /* first, as the original does: the meter shows what is accounted */
	vm->totals.idle += (waited + vm->run.slop) / vm->ns_per_cycle;
	vm->run.slop = (waited + vm->run.slop) % vm->ns_per_cycle;
	vm->run.base += waited;
}

/* While somebody outside could act, virtual time does not run ahead of the wall clock. Returns true if input
 * came, or a debugger: then nothing has happened. */
static bool wait_for_input(struct vm *vm, uint64_t ns)
{
	flush_output(vm);
	uint64_t before = host_ns();
	bool came = wait_outside(vm, ns);
	uint64_t waited = host_ns() - before;

	if (vm->stop.reason != STOP_NONE)
		return true;
	if (waited > ns)
		waited = ns;
	if (came) {
		input_gate_record(&vm->inputs, vm->run.base + waited, INPUT_WAKE, 0, &vm->run.base,
				  sizeof(vm->run.base));
		wake_for_input(vm, waited);
		serve_request(vm);
	}
	return came;
}

/* A replica wakes when the machine that it follows did. False: that one did not in this wait. */
static bool replay_wake(struct vm *vm)
{
	struct input_record record;

	if (!input_log_read(vm->inputs.log, vm->inputs.position, &record) || record.kind != INPUT_WAKE ||
	    record.size != sizeof(vm->run.base) ||
	    memcmp(record.payload, &vm->run.base, sizeof(vm->run.base)) != 0)
		return false;
	vm->inputs.position++;
	wake_for_input(vm, record.stamp - vm->run.base);
	return true;
}

/* Cycles until a processor's own timer can wake it, if it goes on while they wait. */
static uint64_t to_wakeup(const struct vm *vm)
{
	uint64_t nearest = UINT64_MAX;

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

		if (cpu->run_state == CPU_WAITING && cpu->timer_deadline != UINT64_MAX &&
		    cpu_timer_can_wake(cpu) && to_match < nearest)
			nearest = to_match;
	}
	return nearest;
}

/* The jump of a machine whose processors' timers go on while they wait. No device there can wake them. */
static bool idle_jump_to_timer(struct vm *vm)
{
	uint64_t cycles = to_wakeup(vm);

	if (cycles == UINT64_MAX)
		return false;
	if (vm->limit != UINT64_MAX && cycles > cycles_to_limit(vm))
		cycles = cycles_to_limit(vm);
	if (vm->options.wall_clock && (vm->class->has_live_input(vm) || debugger_connected(vm)) &&
	    cycles * vm->ns_per_cycle > MAX_AHEAD_NS) {
		flush_output(vm);
		wait_outside(vm, cycles * vm->ns_per_cycle);
		if (vm->stop.reason != STOP_NONE)
			return true; /* the jump is made when the machine goes on */
	}
	vm->totals.idle += cycles;
	vm->run.base += cycles * vm->ns_per_cycle;
	vm->events.now = vm->run.base;
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		cpu_waited(&vm->cpus[i], cycles);
		vm_update_running(vm, &vm->cpus[i]);
	}
	vm->class->poll(vm);
	return true;
}

/* The limit comes before anything else. */
static void wait_until_limit(struct vm *vm)
{
	if (vm->limit <= vm->run.base)
		return;
	vm->totals.idle += (vm->limit - vm->run.base) / vm->ns_per_cycle;
	vm->run.base = vm->limit;
	vm->events.now = vm->run.base;
}

/* Step 6, one jump. Returns false if nothing can ever wake the machine. */
static bool idle_jump(struct vm *vm)
{
	if (cpu_timer_runs_on(&vm->cpus[0]))
		return idle_jump_to_timer(vm);
	if (vm->inputs.replay && replay_wake(vm))
		return true;
	if (has_live_outside(vm)) {
		uint64_t due = vm->events.count ? vm->events.events[0].due : vm->run.base + 1000000000u;
		if (limit_is_next(vm))
			due = vm->limit;
		uint64_t ahead = due > vm->run.base ? due - vm->run.base : 0;

		if ((ahead > MAX_AHEAD_NS || !vm->events.count) &&
		    (wait_for_input(vm, ahead) || (!vm->events.count && vm->limit == UINT64_MAX)))
			return true;
	}
	if (limit_is_next(vm)) {
		wait_until_limit(vm);
		return true;
	}
	if (vm->events.count == 0 || vm->events.events[0].due >= EVENT_END_OF_TIME)
		return false;

	uint64_t jump = vm->events.events[0].due - vm->run.base;
	uint64_t advance =
	    jump + vm->run.slop; /* the slop is added and kept: up to 39 ns late, as in the original */
	if (vm->options.timing == TIMING_IDEAL)
		advance = jump;
	vm->totals.idle += advance / vm->ns_per_cycle;
	vm->run.slop = advance % vm->ns_per_cycle;
	vm->run.base += advance;
	vm->events.now = vm->run.base;
	dispatch_due(vm);
	poll_debugger(vm);
	return true;
}

/* Nothing can wake the machine; but whoever debugs it may look at it. False if nobody does. */
static bool wait_for_debugger(struct vm *vm)
{
	const struct vm_debugger *debugger = vm->options.debugger;

	if (!debugger_connected(vm))
		return false;
	debugger->wait(debugger->context, 1000000000u);
	if (debugger->pending(debugger->context))
		vm->stop = (struct vm_stop){STOP_OUTSIDE, 0};
	return true;
}

static enum vm_state run_until(struct vm *vm, uint64_t executed_limit)
{
	vm->stop.reason = STOP_NONE;
	vm_apply_watches(vm);
	for (;;) {
		vm_let_in(vm);
		if (vm->interrupted) {
			vm->interrupted = false;
			return VM_INTERRUPTED;
		}
		if (vm->stop.reason != STOP_NONE) {
			vm->step.active = false;
			return VM_STOPPED;
		}
		switch ((enum vm_phase)vm->run.phase) {
		case PHASE_START:
			start_run(vm);
			break;
		case PHASE_EXECUTE:
			if (!execute(vm, executed_limit) && vm->stop.reason == STOP_NONE)
				return at_limit(vm) ? VM_LIMIT : VM_RUNNING;
			break;
		case PHASE_END:
			end_run(vm);
			break;
		case PHASE_IDLE:
			/* Power-off ends the loop only when a processor runs again; it wakes them by raising
			 * line 31, unless the guest has masked that. */
			if (!vm->running && at_limit(vm))
				return VM_LIMIT;
			if (vm->run.hang) { /* by an event: the original would idle on */
				vm->run.phase = PHASE_FINISHED;
				vm->run.result = VM_HUNG;
			} else if (vm->running) {
				vm->run.phase = vm->run.power_off ? PHASE_FINISHED : PHASE_START;
				vm->run.result = VM_POWERED_OFF;
			} else if (!idle_jump(vm) && !wait_for_debugger(vm)) {
				vm->run.phase = PHASE_FINISHED;
				vm->run.result = vm->run.power_off ? VM_POWERED_OFF : VM_IDLE_FOREVER;
			}
			break;
		case PHASE_FINISHED:
			return (enum vm_state)vm->run.result;
		}
	}
}

/* What came in while the machine was built is needed by replicas only, which cannot be made from now on. A log would grow for as
 * long as the machine runs. */
static void stop_keeping_inputs(struct vm *vm)
{
	input_log_free(vm->log);
	vm->log = NULL;
	vm->inputs.log = NULL;
}

enum vm_state vm_run(struct vm *vm, uint64_t executed_limit)
{
	if (vm->log && !vm->keeps_inputs)
		stop_keeping_inputs(vm);
	enum vm_state state = run_until(vm, executed_limit);

	flush_output(vm);
	return state;
}

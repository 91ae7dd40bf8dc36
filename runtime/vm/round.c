/* Turns of more than one cycle (--quantum). While several processors run, time goes by in rounds: in ascending order each
 * executes the same machine cycles, all of the round's, before the next one does. So a round is one serial execution, that of
 * its turns one after the other, and whoever looks at memory or devices sees what the turns before have done, all of it.
 *
 * A processor's clock, and its timer, are those of the cycle it executes: they go back to the round's start at each
 * change of turns. Events, host input and the ends of runs, which a store may ask for, come between rounds, where all
 * processors have reached the same cycle. One that is woken or started goes on at the cycle in which that
 * happened, if its turn is still to come, else with the next round. In rounds of one cycle this is the original's order.
 *
 * Where only one processor runs there are no rounds. Where a debugger stops the machine within a round, the round goes on from
 * there later. */
#include "runtime/cpu/debug.h"
#include "runtime/vm/vm_internal.h"

#include <string.h>

/* Cycles of the run that the processor at work has behind it, the one it is in not among them. */
static uint64_t current_cycle(const struct vm *vm)
{
	return (vm->slice_end_ns - vm->run.base) / vm->ns_per_cycle - (uint64_t)vm->current->budget;
}

void vm_round_wakes(struct vm *vm, const struct cpu *cpu)
{
	struct round_state *round = &vm->run.round;

	if (vm->current && cpu->number > round->turn)
		round->from[cpu->number] = (uint32_t)(current_cycle(vm) - vm->run.done);
}

uint64_t vm_round_cycles(const struct vm *vm, unsigned number)
{
	const struct round_state *round = &vm->run.round;

	if (number != round->turn)
		return number < round->turn ? round->length : 0;
	return vm->current ? current_cycle(vm) + 1 - vm->run.done : round->at;
}

static void begin(struct vm *vm, uint64_t left)
{
	struct round_state *round = &vm->run.round;
	uint32_t length = vm->options.turns.quantum;

	if (vm->options.turns.vary)
		length = 1 + random_next(&round->random) % length;
	round->length = length < left ? length : (uint32_t)left;
	round->turn = round->at = round->reached = 0;
	memset(round->from, 0, sizeof(round->from));
}

/* One cycle that may be the last before the debugger is served. */
static void step(struct vm *vm, struct cpu *cpu, bool is_step)
{
	struct round_state *round = &vm->run.round;

	if (!(is_step && !vm->step.begun) && debug_stops(cpu))
		return;
	vm_open_slice(vm, cpu, vm->run.done + round->at, 1);
	reference_step(cpu);
	vm_close_slice(vm, cpu);
	round->at++;
	bool done = is_step && vm_step_is_done(vm, cpu);
	if (vm->debug && vm->debug->only == (int)cpu->number) {
		/* As for turns of one cycle: before the others can meet what was taken out for it. */
		vm->debug->only_moved = true;
		if (!done && debug_stands_at_breakpoint(cpu))
			debug_stops(cpu);
	}
}

/* Executes cycles of the processor whose turn it is: up to the end of the round, or to where something is to be looked at. */
static void execute(struct vm *vm, struct cpu *cpu)
{
	struct round_state *round = &vm->run.round;
	uint64_t slice = round->length - round->at, to_match = cpu->timer_deadline - cpu_active(cpu);
	bool is_step = vm->step.active && vm->step.cpu == cpu->number, hung = vm->run.hang;

	if (is_step || (vm->debug && vm->debug->only == (int)cpu->number)) {
		step(vm, cpu, is_step);
	} else {
		if (to_match < slice)
			slice = to_match;
		vm_open_slice(vm, cpu, vm->run.done + round->at, slice);
		if (vm_stands_still(vm, cpu))
			vm_stand_still(vm, cpu, slice);
		else
			vm_run_slice(vm, cpu);
		round->at += (uint32_t)(slice - (uint64_t)cpu->budget);
		vm_close_slice(vm, cpu);
	}
	/* Who stops the machine has no more to do in this round. */
	if ((vm->run.hang && !hung) || vm->run.at_break >> cpu->number & 1)
		round->at = round->length;
	if (round->at > round->reached)
		round->reached = round->at;
}

uint64_t vm_run_round(struct vm *vm, uint64_t left)
{
	struct round_state *round = &vm->run.round;

	if (round->length == 0)
		begin(vm, left);
	while (round->turn < vm->cpu_count && !vm->run.doomed) {
		struct cpu *cpu = &vm->cpus[round->turn];

		if (cpu->run_state != CPU_RUNNING || round->at >= round->length) {
			round->turn++;
			round->at = round->turn < vm->cpu_count ? round->from[round->turn] : 0;
			continue;
		}
		execute(vm, cpu);
		if ((vm->debug && vm->debug->hit) || vm->stop.reason != STOP_NONE)
			return 0;
	}
	/* When all have gone to sleep the machine is idle from the cycle of the last one on. */
	uint64_t cycles = vm->running ? round->length : round->reached;
	round->length = 0;
	round->count++;
	return cycles;
}

#define _GNU_SOURCE
#include "runtime/vm/lockstep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "jit/jit.h"
#include "runtime/core/random.h"
#include "runtime/vm/vm_internal.h"

struct lockstep {
	struct vm *engine, *reference;
	struct random_state random;
	uint32_t longest;
	struct lockstep_report *report;
};

/* A length whose order of magnitude is as likely as any other: short ones catch state, long ones speed. */
static uint64_t stretch(struct lockstep *lockstep)
{
	unsigned bits = 1;

	while (bits < 32 && lockstep->longest >> bits)
		bits++;
	uint64_t bound = UINT64_C(1) << (1 + random_next(&lockstep->random) % bits);
	uint64_t length = 1 + random_next(&lockstep->random) % bound;
	return length < lockstep->longest ? length : lockstep->longest;
}

static bool equal(struct lockstep *lockstep, enum vm_state engine, enum vm_state reference)
{
	struct lockstep_report *report = lockstep->report;

	report->comparisons++;
	if (lockstep->reference->inputs.diverged) {
		snprintf(report->where, sizeof(report->where),
			 "the reference asks for an input the engine did not have");
		return false;
	}
	if (engine != reference) {
		snprintf(report->where, sizeof(report->where), "end of the run: %d / %d", engine, reference);
		return false;
	}
	return vm_equal(lockstep->engine, lockstep->reference, report->where, sizeof(report->where));
}

/* Runs both machines from the equal point to a cycle and compares. */
static bool replay(struct lockstep *lockstep, const struct vm_snapshot *engine,
		   const struct vm_snapshot *reference, uint64_t cycle)
{
	vm_restore(lockstep->engine, engine);
	vm_restore(lockstep->reference, reference);
	enum vm_state engine_state = vm_run(lockstep->engine, cycle);
	enum vm_state reference_state = vm_run(lockstep->reference, cycle);
	return equal(lockstep, engine_state, reference_state);
}

/* Lets the reference execute up to the differing cycle again and notes its last instructions. */
static void trace_steps(struct lockstep *lockstep, const struct vm_snapshot *start)
{
	struct lockstep_report *report = lockstep->report;
	struct vm *vm = lockstep->reference;

	vm_restore(vm, start);
	report->step_count = 0;
	uint64_t first = vm->totals.executed + LOCKSTEP_STEPS <= report->cycle + 1
			     ? report->cycle + 1 - LOCKSTEP_STEPS
			     : vm->totals.executed;
	for (uint64_t cycle = first; cycle <= report->cycle; cycle++) {
		struct lockstep_step *step = &report->steps[report->step_count++];

		vm_run(vm, cycle);
		report->cpu = vm->running ? (unsigned)__builtin_ctz(vm->running) : 0;
		const struct cpu *cpu = &vm->cpus[report->cpu];
		*step = (struct lockstep_step){.pc = cpu->pc, .offset = NO_FRAME, .user = cpu_user_mode(cpu)};
		if (cpu_code_frame(cpu) != NO_FRAME) {
			step->offset = cpu_code_frame(cpu) | (cpu->pc & ~PAGE_MASK);
			step->word = memory_read_word(&vm->memory, step->offset);
		}
	}
}

/* Finds the first cycle after which the machines differ. The engine replays from its own log, muted. */
static void bisect(struct lockstep *lockstep, const struct vm_snapshot *engine,
		   const struct vm_snapshot *reference, uint64_t equal_at, uint64_t differs_at)
{
	struct lockstep_report *report = lockstep->report;

	lockstep->engine->mute = true;
	lockstep->engine->inputs.replay = true;
	if (replay(lockstep, engine, reference, differs_at)) {
		/* Regions are installed at other moments now; the difference needs the ones before. */
		report->vanished = true;
	} else {
		while (differs_at - equal_at > 1) {
			uint64_t middle = equal_at + (differs_at - equal_at) / 2;

			if (replay(lockstep, engine, reference, middle))
				equal_at = middle;
			else
				differs_at = middle;
		}
	}
	report->cycle = equal_at;

	trace_steps(lockstep, reference);
	if (!report->vanished)
		replay(lockstep, engine, reference, differs_at);
	lockstep->engine->mute = false;
}

bool lockstep_run(struct vm *vm, const struct vm_options *options, const struct lockstep_options *how,
		  struct lockstep_report *report, struct error *error)
{
	struct vm_options plain = *options;
	struct lockstep lockstep = {.engine = vm, .longest = how->longest, .report = report};

	memset(report, 0, sizeof(*report));
	random_seed(&lockstep.random, how->seed);
	plain.engine = ENGINE_REFERENCE;
	plain.console = NULL;
	lockstep.reference = vm_new_replica(vm, &plain, error);
	if (!lockstep.reference)
		return false;

	struct vm_snapshot *engine = vm_snapshot(vm), *reference = vm_snapshot(lockstep.reference);
	report->state = VM_RUNNING;
	for (unsigned since = 0; report->state == VM_RUNNING && !report->differs; since++) {
		uint64_t equal_at = vm->totals.executed;
		uint64_t limit = equal_at + stretch(&lockstep);

		report->state = vm_run(vm, limit);
		if (report->state == VM_INTERRUPTED)
			break;
		/* The engine may have ended before the limit; the reference must end at the same place. */
		enum vm_state other = vm_run(lockstep.reference, limit);
		if (!equal(&lockstep, report->state, other)) {
			report->differs = true;
			bisect(&lockstep, engine, reference, equal_at, limit);
			break;
		}
		vm_snapshot_retake(engine, vm);
		vm_snapshot_retake(reference, lockstep.reference);
	}
	if (vm->jit) {
		struct jit_statistics statistics;

		jit_statistics(vm->jit, &statistics);
		report->own_cycles = statistics.translated_cycles + vm->still.cycles;
	}
	if (vm->options.engine == ENGINE_INTERP) {
		for (unsigned i = 0; i < vm->cpu_count; i++)
			report->own_cycles += cpu_cycles_run(&vm->cpus[i]);
		report->own_cycles -= vm_reference_cycles(vm);
	}
	vm_snapshot_free(engine);
	vm_snapshot_free(reference);
	vm_free(lockstep.reference);
	return report->differs || vm->class->commit(vm, error);
}

static void dump_lines(struct vm *vm, char *text)
{
	for (char *line; (line = strsep(&text, "\n"));)
		vm_message(vm, "%s", line);
}

/* The regions that the steps lie in, each once. */
static void dump_guilty(const struct lockstep_report *report, struct vm *vm)
{
	struct jit_dump_options options = {.stages = DUMP_ALL};
	uint32_t dumped[LOCKSTEP_STEPS];
	unsigned count = 0;

	for (unsigned i = report->step_count; vm->jit && i-- > 0;) {
		const struct lockstep_step *step = &report->steps[i];
		uint32_t head_va, head_pa;
		struct error error;
		char *text = NULL;
		size_t size;
		bool again = false;

		if (!jit_find_region(vm->jit, step->offset, step->user, &head_va, &head_pa))
			continue;
		for (unsigned k = 0; k < count; k++)
			again |= dumped[k] == head_pa;
		if (again)
			continue;
		dumped[count++] = head_pa;
		FILE *file = open_memstream(&text, &size);
		if (!file)
			return;
		bool ok = jit_dump(vm->jit, head_va, head_pa, step->user, &options, file, &error);
		fclose(file);
		vm_message(vm, "lockstep: %08x is in the region of %08x", step->pc, head_va);
		if (ok)
			dump_lines(vm, text);
		else
			vm_message(vm, "%s", error.text);
		free(text);
	}
	if (count == 0)
		vm_message(vm, "lockstep: no translated code contains these instructions");
}

void lockstep_explain(const struct lockstep_report *report, struct vm *vm)
{
	vm_message(vm,
		   "lockstep: equal up to executed cycle %" PRIu64 "; cpu %u executes, the last differing:",
		   report->cycle, report->cpu);
	for (unsigned i = 0; i < report->step_count; i++) {
		const struct lockstep_step *step = &report->steps[i];
		struct insn insn;
		char text[96];

		mips_decode(vm->cpus[0].model->lift.isa, step->word, &insn);
		mips_disassemble(&insn, step->pc, text, sizeof(text));
		vm_message(vm, "lockstep:   %s %08x: %s", step->user ? "user" : "kernel", step->pc, text);
	}
	if (report->vanished)
		vm_message(vm,
			   "lockstep: replayed from the last equal point the machines agree; the difference "
			   "depends on when code was installed (--compile-threads=0 makes that repeatable)");
	dump_guilty(report, vm);
}

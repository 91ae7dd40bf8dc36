#include "runtime/vm/lockstep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "devices/lamebus/lamebus.h"
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

	/* The reference at the last equal cycle shows the instruction. */
	vm_restore(lockstep->reference, reference);
	vm_run(lockstep->reference, equal_at);
	const struct vm *vm = lockstep->reference;
	report->cpu = vm->running ? (unsigned)__builtin_ctz(vm->running) : 0;
	report->pc = vm->cpus[report->cpu].pc;
	if (vm->cpus[report->cpu].pc_frame != NO_FRAME)
		report->word =
		    memory_read_word(&vm->memory, vm->cpus[report->cpu].pc_frame | (report->pc & ~PAGE_MASK));
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
		report->translated_cycles = statistics.translated_cycles;
	}
	vm_snapshot_free(engine);
	vm_snapshot_free(reference);
	vm_free(lockstep.reference);
	return report->differs || bus_commit_disks(vm->bus, error);
}

void lockstep_explain(const struct lockstep_report *report, struct vm *vm)
{
	struct insn insn;
	char text[96];

	mips_decode(vm->cpus[0].model->lift.isa, report->word, &insn);
	mips_disassemble(&insn, report->pc, text, sizeof(text));
	vm_message(vm, "lockstep: equal up to executed cycle %" PRIu64 "; then cpu %u executes %08x: %s",
		   report->cycle, report->cpu, report->pc, text);
	if (report->vanished)
		vm_message(vm,
			   "lockstep: replayed from the last equal point the machines agree; the difference "
			   "depends on when code was installed (--compile-threads=0 makes that repeatable)");
}

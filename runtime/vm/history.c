#include "runtime/vm/history.h"

#include <stdlib.h>
#include <string.h>

#include "devices/lamebus/lamebus.h"
#include "runtime/core/host_pages.h"

struct vm_history *history_new(void)
{
	struct vm_history *history = host_pages_new(sizeof(*history));

	if (!history)
		abort();
	host_pages_make(history, sizeof(*history));
	return history;
}

void history_free(struct vm_history *history)
{
	host_pages_free(history, sizeof(*history));
}

static void count_activity(const struct vm *vm, struct activity *activity)
{
	const struct device_statistics *devices = &vm->statistics;

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		const uint64_t *counts = cpu->history.counts;
		uint64_t kernel, user;

		cpu_mode_cycles(cpu, &kernel, &user);
		activity->user_cycles += user;
		activity->syscalls += counts[RECORDED_SYSCALL];
		activity->interrupts += counts[RECORDED_INTERRUPT];
		activity->tlb_exceptions += counts[RECORDED_TLB];
		activity->other_exceptions += counts[RECORDED_OTHER];
	}
	activity->console_written = devices->console_writes;
	activity->console_read = devices->console_reads;
	activity->disk = (uint64_t)devices->disk_reads + devices->disk_writes;
	activity->emufs = (uint64_t)devices->emufs_reads + devices->emufs_writes + devices->emufs_others;
	activity->network = (uint64_t)devices->net_reads + devices->net_writes;
	for (unsigned slot = 0; vm->bus && slot < HISTORY_SLOTS; slot++)
		activity->accesses[slot] = bus_accesses(vm->bus, slot);
}

void history_note(struct vm_history *history, const struct vm *vm)
{
	struct sample *sample = &history->samples[history->count++ % HISTORY_SAMPLES];

	sample->now = vm->events.now;
	sample->executed = vm->totals.executed;
	sample->raised = vm->bus ? bus_raised_lines(vm->bus) : 0;
	memset(&sample->activity, 0, sizeof(sample->activity));
	count_activity(vm, &sample->activity);
	for (unsigned i = 0; i < vm->cpu_count && i < HISTORY_CPUS; i++) {
		const struct cpu *cpu = &vm->cpus[i];

		sample->cpus[i].pc = cpu->pc;
		sample->cpus[i].status = cpu->status;
		sample->cpus[i].running = cpu->run_state == CPU_RUNNING;
		sample->cpus[i].user = cpu_user_mode(cpu);
		sample->cpus[i].interrupts = cpu->history.counts[RECORDED_INTERRUPT];
	}
}

unsigned history_samples(const struct vm_history *history)
{
	return history->count < HISTORY_SAMPLES ? (unsigned)history->count : HISTORY_SAMPLES;
}

const struct sample *history_sample(const struct vm_history *history, unsigned n)
{
	return &history->samples[(history->count - history_samples(history) + n) % HISTORY_SAMPLES];
}

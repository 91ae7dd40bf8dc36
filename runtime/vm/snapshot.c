/* Snapshots of a machine and comparison of two: what lockstep stands on. */
#include "runtime/vm/vm_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jit/jit.h"
#include "runtime/core/digest.h"
#include "runtime/cpu/threaded.h"

#define GUEST_STATE_SIZE offsetof(struct cpu, number) /* the plain part of struct cpu */

struct vm_snapshot {
	uint8_t *ram;
	uint32_t ram_size;
	struct event_queue events;
	struct run_state run;
	struct vm_totals totals;
	struct device_statistics statistics;
	size_t input_position;
	uint32_t running;
	unsigned cpu_count;
	const struct machine_class *class;
	void *devices;
	uint8_t *cpus; /* cpu_count times GUEST_STATE_SIZE */
};

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		abort();
	return memory;
}

struct vm_snapshot *vm_snapshot(struct vm *vm)
{
	struct vm_snapshot *snapshot = allocate(sizeof(*snapshot));

	snapshot->ram_size = vm->memory.ram_size;
	snapshot->ram = allocate(vm->memory.ram_size);
	memcpy(snapshot->ram, vm->memory.ram, vm->memory.ram_size);
	snapshot->class = vm->class;
	snapshot->devices = NULL;
	snapshot->cpus = allocate(vm->cpu_count * GUEST_STATE_SIZE);
	vm_snapshot_retake(snapshot, vm);
	return snapshot;
}

void vm_snapshot_retake(struct vm_snapshot *snapshot, struct vm *vm)
{
	/* Reading is much cheaper than writing, and few pages have changed. */
	for (uint32_t offset = 0; offset < snapshot->ram_size; offset += PAGE_SIZE)
		if (memcmp(snapshot->ram + offset, vm->memory.ram + offset, PAGE_SIZE) != 0)
			memcpy(snapshot->ram + offset, vm->memory.ram + offset, PAGE_SIZE);
	snapshot->events = vm->events;
	snapshot->run = vm->run;
	snapshot->totals = vm->totals;
	snapshot->statistics = vm->statistics;
	snapshot->input_position = vm->inputs.replay ? vm->inputs.position : input_log_end(vm->log);
	snapshot->running = vm->running;
	snapshot->cpu_count = vm->cpu_count;
	if (snapshot->devices)
		snapshot->class->free_snapshot(snapshot->devices);
	snapshot->devices = vm->class->snapshot(vm);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		memcpy(snapshot->cpus + i * GUEST_STATE_SIZE, &vm->cpus[i], GUEST_STATE_SIZE);
}

void vm_restore(struct vm *vm, const struct vm_snapshot *snapshot)
{
	memcpy(vm->memory.ram, snapshot->ram, snapshot->ram_size);
	vm->events = snapshot->events;
	vm->run = snapshot->run;
	vm->totals = snapshot->totals;
	vm->statistics = snapshot->statistics;
	vm->inputs.position = snapshot->input_position;
	vm->running = snapshot->running;
	vm->class->restore(vm, snapshot->devices);
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		memcpy(&vm->cpus[i], snapshot->cpus + i * GUEST_STATE_SIZE, GUEST_STATE_SIZE);
		soft_tlb_clear(&vm->cpus[i]);
	}
	if (vm->threaded)
		threaded_flush(vm->threaded);
	if (vm->jit)
		jit_flush(vm->jit);
}

void vm_snapshot_free(struct vm_snapshot *snapshot)
{
	if (!snapshot)
		return;
	snapshot->class->free_snapshot(snapshot->devices);
	free(snapshot->ram);
	free(snapshot->cpus);
	free(snapshot);
}

static bool differ(char *where, size_t size, const char *what, uint64_t a, uint64_t b)
{
	snprintf(where, size, "%s: 0x%llx / 0x%llx", what, (unsigned long long)a, (unsigned long long)b);
	return false;
}

/* A stamp counts only while it lies ahead. */
static uint64_t stall_left(const struct cpu *cpu, uint64_t ready)
{
	return ready > cpu_active(cpu) ? ready - cpu_active(cpu) : 0;
}

static bool cpus_equal(const struct cpu *a, const struct cpu *b, char *where, size_t size)
{
	char text[256];
	uint64_t kernel_a, user_a, kernel_b, user_b;

	if (!fields_equal(cpu_fields, a, b, text, sizeof(text))) {
		snprintf(where, size, "cpu %u: %s", a->number, text);
		return false;
	}
	if ((a->lookup_va ^ b->lookup_va) & ENTRY_HI_VPN)
		return differ(where, size, "EntryHi.VPN", a->lookup_va & ENTRY_HI_VPN,
			      b->lookup_va & ENTRY_HI_VPN);
	if (cpu_active(a) != cpu_active(b))
		return differ(where, size, "active cycles", cpu_active(a), cpu_active(b));
	if (stall_left(a, a->hi_ready) != stall_left(b, b->hi_ready))
		return differ(where, size, "HI interlock", stall_left(a, a->hi_ready),
			      stall_left(b, b->hi_ready));
	if (stall_left(a, a->lo_ready) != stall_left(b, b->lo_ready))
		return differ(where, size, "LO interlock", stall_left(a, a->lo_ready),
			      stall_left(b, b->lo_ready));
	cpu_mode_cycles(a, &kernel_a, &user_a);
	cpu_mode_cycles(b, &kernel_b, &user_b);
	if (kernel_a != kernel_b)
		return differ(where, size, "kernel cycles", kernel_a, kernel_b);
	if (user_a != user_b)
		return differ(where, size, "user cycles", user_a, user_b);
	return true;
}

static bool memory_equal(const struct memory *a, const struct memory *b, char *where, size_t size)
{
	if (memcmp(a->ram, b->ram, a->ram_size) == 0)
		return true;
	for (uint32_t offset = 0; offset < a->ram_size; offset += 4) {
		uint32_t in_a = memory_read_word(a, offset), in_b = memory_read_word(b, offset);

		if (in_a != in_b) {
			snprintf(where, size, "RAM at 0x%08x: 0x%08x / 0x%08x", offset, in_a, in_b);
			return false;
		}
	}
	return true;
}

bool vm_equal(const struct vm *a, const struct vm *b, char *where, size_t size)
{
	if (a->totals.executed != b->totals.executed)
		return differ(where, size, "executed cycles", a->totals.executed, b->totals.executed);
	for (unsigned i = 0; i < a->cpu_count; i++)
		if (!cpus_equal(&a->cpus[i], &b->cpus[i], where, size))
			return false;
	if (a->totals.run != b->totals.run)
		return differ(where, size, "run cycles", a->totals.run, b->totals.run);
	if (a->totals.idle != b->totals.idle)
		return differ(where, size, "idle cycles", a->totals.idle, b->totals.idle);
	if (a->run.base != b->run.base)
		return differ(where, size, "virtual time", a->run.base, b->run.base);
	if (a->run.done != b->run.done || a->run.length != b->run.length)
		return differ(where, size, "place in the run", a->run.done, b->run.done);
	if (a->events.count != b->events.count ||
	    memcmp(a->events.events, b->events.events, a->events.count * sizeof(struct event)) != 0)
		return differ(where, size, "event queue length", a->events.count, b->events.count);
	if (memcmp(&a->events.random, &b->events.random, sizeof(a->events.random)) != 0)
		return differ(where, size, "random generator", a->events.random.position,
			      b->events.random.position);
	if (memcmp(&a->statistics, &b->statistics, sizeof(a->statistics)) != 0) {
		snprintf(where, size, "device statistics");
		return false;
	}
	return a->class->equal(a, b, where, size) && memory_equal(&a->memory, &b->memory, where, size);
}

/* The parts of cpus_equal. */
static uint64_t cpu_digest(const struct cpu *cpu, uint64_t digest)
{
	uint64_t kernel, user;

	cpu_mode_cycles(cpu, &kernel, &user);
	digest = fields_digest(cpu_fields, cpu, digest);
	digest = digest_number(digest, cpu->lookup_va & ENTRY_HI_VPN);
	digest = digest_number(digest, cpu_active(cpu));
	digest = digest_number(digest, stall_left(cpu, cpu->hi_ready));
	digest = digest_number(digest, stall_left(cpu, cpu->lo_ready));
	digest = digest_number(digest, kernel);
	return digest_number(digest, user);
}

struct vm_digest vm_digest(const struct vm *vm)
{
	struct vm_digest digest = {DIGEST_START, DIGEST_START, vm->class->digest(vm), DIGEST_START};
	const uint64_t clock[] = {vm->totals.executed, vm->totals.run, vm->totals.idle,
				  vm->run.base,	       vm->run.done,   vm->run.length};

	for (unsigned i = 0; i < vm->cpu_count; i++)
		digest.processors = cpu_digest(&vm->cpus[i], digest.processors);
	digest.memory = digest_bytes(digest.memory, vm->memory.ram, vm->memory.ram_size);
	digest.devices = digest_bytes(digest.devices, &vm->statistics, sizeof(vm->statistics));
	digest.clock = digest_bytes(digest.clock, clock, sizeof(clock));
	digest.clock =
	    digest_bytes(digest.clock, vm->events.events, vm->events.count * sizeof(vm->events.events[0]));
	digest.clock = digest_bytes(digest.clock, &vm->events.random, sizeof(vm->events.random));
	return digest;
}

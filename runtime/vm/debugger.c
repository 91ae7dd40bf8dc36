/* What a debugger does to a machine: breakpoints, watchpoints, steps. runtime/cpu/debug.h says how points work. */
#include "runtime/vm/vm_internal.h"

#include <stdlib.h>
#include <string.h>

#include "jit/jit.h"
#include "runtime/cpu/debug.h"
#include "runtime/cpu/threaded.h"

#define DIRECT_MASK 0x1FFFFFFFu

bool vm_debugger_serves(const struct vm *vm)
{
	const struct vm_debugger *debugger = vm->options.debugger;

	return debugger && (!debugger->never_wait || debugger->connected(debugger->context));
}

bool vm_hook_stops_at_break(struct cpu *cpu)
{
	struct vm *vm = cpu->machine;

	if (!vm_debugger_serves(vm))
		return false;
	vm->run.at_break |= 1u << cpu->number;
	vm->run.stop = true;
	cpu->attention = 1;
	return true;
}

static bool is_breakpoint(unsigned kind)
{
	return kind < DEBUG_WRITE;
}

/* Makes all engines end code before an address. */
static void split(struct vm *vm, uint32_t va)
{
	struct debug *debug = vm->debug;
	unsigned word = (va & ~PAGE_MASK) / 4;

	if (debug_find_split(debug, va))
		return;
	debug->splits[debug->split_count++] = va;
	if (vm->jit)
		jit_split(vm->jit, va);
	if (!(debug->split_words[word / 32] >> word % 32 & 1) && vm->threaded)
		threaded_flush(vm->threaded);
	debug->split_words[word / 32] |= 1u << word % 32;
}

/* The RAM that a directly mapped address names, if it is RAM. */
static bool direct_offset(const struct vm *vm, uint32_t va, uint32_t *offset)
{
	*offset = va & DIRECT_MASK;
	return va >> 30 == 2 && *offset < vm->memory.ram_size;
}

static void watch(struct vm *vm, const struct debug_point *point)
{
	uint32_t offset;

	for (uint32_t at = 0; at < point->length; at++) {
		uint32_t va = point->address + at;

		if (direct_offset(vm, va, &offset)) {
			memory_mark_code(&vm->memory, offset >> CODE_GRANULE_SHIFT, CODE_WATCHED, true);
			vm->debug->direct_loads |= point->kind != DEBUG_WRITE;
		} else if (at == 0 || (va & ~PAGE_MASK) == 0) {
			for (unsigned cpu = 0; cpu < vm->cpu_count; cpu++)
				soft_tlb_drop(&vm->cpus[cpu], va);
		}
	}
}

static void watch_all(struct vm *vm, const struct debug_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (!is_breakpoint(set->points[i].kind))
			watch(vm, &set->points[i]);
}

void vm_apply_watches(struct vm *vm)
{
	struct debug *debug = vm->debug;

	if (!debug || !debug->watches_changed)
		return;
	for (uint32_t granule = 0; granule < vm->memory.ram_size >> CODE_GRANULE_SHIFT; granule++)
		memory_mark_code(&vm->memory, granule, CODE_WATCHED, false);
	debug->direct_loads = false;
	watch_all(vm, &debug->points);
	if (debug->only >= 0)
		watch_all(vm, &debug->others);
	debug->watching = debug->points.watches || (debug->only >= 0 && debug->others.watches);
	debug->watches_changed = false;
}

static struct debug_point *find(struct vm *vm, unsigned kind, uint32_t address, uint32_t length)
{
	for (unsigned i = 0; vm->debug && i < vm->debug->points.count; i++) {
		struct debug_point *point = &vm->debug->points.points[i];

		if (point->kind == kind && point->address == address &&
		    (is_breakpoint(kind) || point->length == length))
			return point;
	}
	return NULL;
}

bool vm_set_point(struct vm *vm, unsigned kind, uint32_t address, uint32_t length)
{
	if (kind >= DEBUG_KINDS ||
	    (is_breakpoint(kind) ? address & 3 : length == 0 || length > DEBUG_MAX_LENGTH))
		return false;
	if (find(vm, kind, address, length))
		return true;
	if (!vm->debug) {
		vm->debug = calloc(1, sizeof(*vm->debug));
		if (!vm->debug)
			abort();
		vm->debug->only = -1;
		for (unsigned i = 0; i < vm->cpu_count; i++)
			vm->cpus[i].debug = vm->debug;
	}
	struct debug *debug = vm->debug;
	struct debug_set *set = &debug->points;
	if (set->count == DEBUG_MAX_POINTS || (is_breakpoint(kind) && debug->split_count == DEBUG_MAX_SPLITS))
		return false;
	set->points[set->count++] =
	    (struct debug_point){.kind = (uint8_t)kind, .address = address, .length = length};
	if (is_breakpoint(kind)) {
		split(vm, address);
	} else {
		set->watches++;
		debug->watches_changed = true;
	}
	return true;
}

bool vm_clear_point(struct vm *vm, unsigned kind, uint32_t address, uint32_t length)
{
	struct debug_point *point = find(vm, kind, address, length);

	if (!point)
		return false;
	*point = vm->debug->points.points[--vm->debug->points.count];
	if (!is_breakpoint(kind)) {
		vm->debug->points.watches--;
		vm->debug->watches_changed = true;
	}
	return true;
}

void vm_clear_points(struct vm *vm)
{
	struct debug *debug = vm->debug;

	if (!debug)
		return;
	debug->points.count = debug->points.watches = 0;
	debug->only = -1;
	debug->watches_changed = true;
	vm_apply_watches(vm);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		vm->cpus[i].debug = NULL;
	free(debug);
	vm->debug = NULL;
	if (vm->threaded)
		threaded_flush(
		    vm->threaded); /* what was left to the reference interpreter need not be any more */
}

void vm_resume_for(struct vm *vm, int only)
{
	struct debug *debug = vm->debug;

	if (!debug)
		return;
	if (only < 0)
		debug->others = debug->points;
	debug->watches_changed |= debug->points.watches || debug->others.watches;
	debug->only = only;
	debug->only_moved = false;
}

void vm_step(struct vm *vm, unsigned cpu, uint32_t low, uint32_t high)
{
	vm->step = (struct vm_step){.active = true, .cpu = cpu, .low = low, .high = high};
}

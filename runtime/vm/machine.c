/* Building a machine, and what its parts ask of it. */
#include "runtime/vm/vm_internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/lamebus/lamebus.h"
#include "jit/jit.h"
#include "runtime/core/host_pages.h"
#include "runtime/cpu/threaded.h"
#include "runtime/vm/history.h"

#define START_OFFSET_RANGE 10000000 /* ns; section 6.2 */

void vm_message(struct vm *vm, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (vm->mute)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	vm->options.output.message(vm->options.output.context, text);
}

void vm_end_slice(struct vm *vm)
{
	if (vm->current)
		vm->current->attention = 1;
}

void vm_hang(struct vm *vm, const char *text)
{
	snprintf(vm->hang_text, sizeof(vm->hang_text), "%s", text);
	vm_message(vm, "%s", text);
	vm_message(vm, "You did something the hardware didn't like.");
	vm_message(vm, "In real life the machine would hang for no apparent reason,");
	vm_message(vm, "or maybe start to act strangely.");
	vm->run.hang = true;
	vm->run.stop = true;
	vm_end_slice(vm);
}

/* --- what devices ask (struct machine_services) --- */

static void console_write(void *context, uint8_t character)
{
	struct vm *vm = context;

	history_console(vm->history, character);
	if (!vm->mute)
		vm->options.output.console(vm->options.output.context, character);
}

static void message(void *context, const char *text)
{
	vm_message(context, "%s", text);
}

static void hang(void *context, const char *text)
{
	vm_hang(context, text);
}

static void debugger_stop(void *context)
{
	struct vm *vm = context;

	vm->run.stop_requested = true;
	vm->run.debugger = true;
	vm->run.stop = true;
	vm_end_slice(vm);
}

static void dump(void *context)
{
	vm_dump(context);
}

static void debugger_key(void *context)
{
	struct vm *vm = context;

	vm->run.debugger = true;
}

/* Processors look at their flags only in runs that began with some of them on. */
void vm_update_tracing(struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpu_count; i++)
		vm->cpus[i].tracing = (vm->traced_run ? vm->trace.flags & TRACE_PROCESSOR : 0) |
				      (vm->counts ? CPU_COUNTS : 0) |
				      (vm->cpus[i].observer ? CPU_OBSERVED : 0);
}

void vm_trace_message(struct vm *vm)
{
	char text[128] = "Tracing enabled: ";

	for (const struct trace_letter *row = trace_letters; row->name; row++) {
		if (vm->trace.flags & row->flag) {
			strcat(text, row->name);
			strcat(text, " ");
		}
	}
	vm_message(vm, "%s", text);
}

void vm_trace_closing(struct vm *vm)
{
	if (vm->bus)
		bus_trace_closing(vm->bus);
}

void vm_trace_run(struct vm *vm)
{
	bool traced = vm->trace.flags & TRACE_PROCESSOR;

	if (traced == vm->traced_run)
		return;
	vm->traced_run = traced;
	vm_update_tracing(vm);
}

static bool trace_flag(void *context, char letter, bool on)
{
	struct vm *vm = context;
	uint32_t flag = trace_flag_of(letter);

	if (flag && vm->trace.write) {
		vm->trace.flags = on ? vm->trace.flags | flag : vm->trace.flags & ~flag;
		vm_update_tracing(vm);
	}
	return flag != 0;
}

static bool doom(void *context)
{
	return vm_doom(context);
}

static bool profiling(void *context)
{
	return vm_profiling(context);
}

static void set_profiling(void *context, bool on)
{
	vm_set_profiling(context, on);
}

static void clear_profile(void *context)
{
	vm_clear_profile(context);
}

void vm_update_running(struct vm *vm, struct cpu *cpu)
{
	uint32_t bit = 1u << cpu->number;

	if (cpu->run_state == CPU_RUNNING) {
		if (vm->run.round.length && !(vm->running & bit))
			vm_round_wakes(vm, cpu);
		vm->running |= bit;
	} else {
		vm->running &= ~bit;
	}
	vm_end_slice(vm);
}

static void set_lines(void *context, unsigned number, bool lamebus, bool interprocessor)
{
	struct vm *vm = context;
	struct cpu *cpu = &vm->cpus[number];

	if (!lamebus && !interprocessor)
		vm_still_ends(vm, number);
	if (cpu_set_lines(cpu, (lamebus ? CAUSE_LAMEBUS : 0) | (interprocessor ? CAUSE_IPI : 0)))
		vm_update_running(vm, cpu);
}

/* What a kernel needs of a processor's tables: it runs everywhere in it, user programs and other processors may not. */
static void make_tables(struct cpu *cpu)
{
	host_pages_make(cpu, offsetof(struct cpu, jump_cache[1]));
}

static void cpu_start(void *context, unsigned number, uint32_t entry, uint32_t stack, uint32_t argument)
{
	struct vm *vm = context;
	struct cpu *cpu = &vm->cpus[number];

	vm_still_ends(vm, number);
	cpu->restarted = true;
	const char *problem = cpu_set_entry(cpu, entry);

	if (problem)
		vm_hang(vm, problem);
	if (vm->jit)
		make_tables(cpu);
	cpu->gpr[29] = stack;
	cpu->gpr[4] = argument;
	cpu->run_state = CPU_RUNNING;
	vm_update_running(vm, cpu);
}

static void cpu_stop(void *context, unsigned number)
{
	struct vm *vm = context;

	vm->cpus[number].run_state = CPU_DISABLED;
	vm_update_running(vm, &vm->cpus[number]);
}

static void power_off(void *context)
{
	struct vm *vm = context;

	vm->run.power_off = true;
	if (vm->class->exact) {
		vm->run.stop = true;
		vm_end_slice(vm);
	}
}

/* --- what processors ask (struct machine_hooks), whatever the machine --- */

void vm_hook_stopped(struct cpu *cpu)
{
	vm_update_running(cpu->machine, cpu);
}

void vm_hook_hang(struct cpu *cpu, const char *text)
{
	vm_hang(cpu->machine, text);
}

void vm_hook_message(struct cpu *cpu, const char *text)
{
	vm_message(cpu->machine, "%s", text);
}

/* --- building --- */

static struct vm *allocate(const struct vm_options *options)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		abort();
	vm->options = *options;
	vm->run.window = 0;
	event_queue_init(&vm->events);
	vm->events.jitter = options->timing == TIMING_SYSTEM161;
	vm->events.now = random_next(&vm->events.random) % START_OFFSET_RANGE;
	vm->start = vm->events.now;
	vm->limit = options->limit ? vm->start + options->limit : UINT64_MAX;
	vm->history = history_new();
	random_seed(&vm->run.round.random, options->turns.seed);
	vm->services = (struct machine_services){
	    .context = vm,
	    .events = &vm->events,
	    .inputs = &vm->inputs,
	    .statistics = &vm->statistics,
	    .trace = &vm->trace,
	    .console_write = console_write,
	    .message = message,
	    .hang = hang,
	    .debugger_stop = debugger_stop,
	    .debugger_key = debugger_key,
	    .dump = dump,
	    .trace_flag = trace_flag,
	    .doom = doom,
	    .profiling = profiling,
	    .set_profiling = set_profiling,
	    .clear_profile = clear_profile,
	    .set_lines = set_lines,
	    .cpu_start = cpu_start,
	    .cpu_stop = cpu_stop,
	    .power_off = power_off,
	};
	return vm;
}

bool vm_add_processors(struct vm *vm, const struct cpu_model *model, unsigned count, uint32_t ram_size,
		       const struct memory_map *map, struct error *error)
{
	if (!memory_init(&vm->memory, ram_size, map, error))
		return false;
	vm->cpu_count = count;
	vm->cpus = host_pages_new(count * sizeof(struct cpu));
	if (!vm->cpus)
		abort();
	make_tables(&vm->cpus[0]);
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		cpu_init(&vm->cpus[i], i, model, &vm->memory);
		vm->cpus[i].machine = vm;
		vm->cpus[i].hooks = &vm->class->hooks;
		vm->cpus[i].bus = vm->bus;
		vm->cpus[i].trace = &vm->trace;
		vm->cpus[i].observer = vm->mute ? NULL : vm->options.observer;
	}
	vm_still_init(vm);
	vm_update_tracing(vm);
	vm->cpus[0].run_state = CPU_RUNNING;
	vm->running = 1;
	vm->run.base = vm->events.now;
	/* With the translator it executes several processors in turn. */
	if (vm->options.engine != ENGINE_REFERENCE)
		vm->threaded = threaded_new(&vm->memory, vm->cpus, vm->cpu_count);
	if (vm->options.engine == ENGINE_JIT) {
		vm->jit = jit_new(vm->options.jit, &vm->memory, vm->cpus, vm->cpu_count, error);
		if (!vm->jit)
			return false;
	}
	return true;
}

struct vm *vm_new(const struct vm_options *options, struct error *error)
{
	(void)error;
	struct vm *vm = allocate(options);

	vm->log = input_log_new();
	vm->inputs.log = vm->log;
	if (options->output.trace)
		vm->trace = (struct trace){.flags = options->trace_flags,
					   .context = options->output.context,
					   .write = options->output.trace};
	return vm;
}

void vm_keep_inputs(struct vm *vm)
{
	vm->keeps_inputs = true;
}

struct vm *vm_new_replica(struct vm *primary, const struct vm_options *options, struct error *error)
{
	if (!primary->log) {
		error_set(error, "A machine that has run without keeping its inputs cannot be replicated");
		return NULL;
	}
	struct vm *vm = allocate(options);

	vm_keep_inputs(primary);
	vm->mute = true;
	vm->inputs.log = primary->log;
	vm->inputs.replay = true;
	vm->class = primary->class;
	vm->ns_per_cycle = primary->ns_per_cycle;
	if (!vm->class->replicate(vm, primary, error)) {
		vm_free(vm);
		return NULL;
	}
	struct vm_snapshot *start = vm_snapshot(primary);
	vm_restore(vm, start);
	vm_snapshot_free(start);
	return vm;
}

uint64_t vm_reference_cycles(const struct vm *vm)
{
	uint64_t cycles = 0;

	if (vm->threaded)
		return threaded_reference_cycles(vm->threaded);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		cycles += cpu_cycles_run(&vm->cpus[i]);
	return cycles;
}

void vm_host_needs(const struct vm *vm, struct host_needs *needs)
{
	if (vm->bus)
		bus_host_needs(vm->bus, needs);
	if (vm->jit)
		jit_host_needs(vm->jit, needs);
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	jit_free(vm->jit);
	threaded_free(vm->threaded);
	free(vm->debug);
	vm_profile_free(vm);
	vm_coverage_free(vm);
	if (vm->class)
		vm->class->free(vm);
	memory_free(&vm->memory);
	host_pages_free(vm->cpus, vm->cpu_count * sizeof(struct cpu));
	history_free(vm->history);
	input_log_free(vm->log);
	free(vm);
}

void vm_interrupt(struct vm *vm)
{
	vm->interrupted = true;
}

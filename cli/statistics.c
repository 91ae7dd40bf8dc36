#include "cli/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/json.h"
#include "devices/lamebus/lamebus.h"
#include "cli/report.h"
#include "runtime/vm/vm.h"

static const char *engine_name(const struct run_options *options)
{
	switch (options->engine) {
	case RUN_JIT:
		return "jit";
	case RUN_INTERP:
		return "interp";
	case RUN_REFERENCE:
		return "reference";
	default:
		return "lockstep";
	}
}

static const char *policy_name(const struct run_options *options)
{
	return jit_sensitive_names[options->jit.sensitive];
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Resident, at most, in bytes. */
static uint64_t peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss << 10;
}

/* Instructions-and-stalls of all processors: what an engine had to execute. */
static uint64_t guest_cycles(const struct vm *vm)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < vm->cpu_count; i++)
		cycles += cpu_cycles_run(&vm->cpus[i]);
	return cycles;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static uint64_t metadata_bytes(const struct jit_metadata *metadata)
{
	return metadata->entries + metadata->translations + metadata->links + metadata->watches;
}

void statistics_summary(struct streams *streams, struct vm *vm, const struct run_options *options,
			const struct lockstep_report *lockstep, double real_seconds)
{
	uint64_t cycles = guest_cycles(vm);
	double cpu = cpu_seconds();

	streams_message(streams, "--- jit161: engine %s, sensitive instructions %s", engine_name(options),
			vm->jit ? policy_name(options) : "emulated");
	streams_message(
	    streams, "    %" PRIu64 " guest cycles executed in %.3f s (%.1f guest MIPS), %.3f s CPU time",
	    cycles, real_seconds, real_seconds > 0 ? (double)cycles / real_seconds / 1e6 : 0, cpu);
	if (vm->still.cycles)
		streams_message(streams, "    %" PRIu64 " cycles of halted processors passed over",
				vm->still.cycles);
	if (options->turns.vary)
		streams_message(streams, "    turns of 1 to %u cycles, seed %u: %" PRIu64 " rounds",
				options->turns.quantum, options->turns.seed, vm->run.round.count);
	else if (options->turns.quantum > 1)
		streams_message(streams, "    turns of %u cycles: %" PRIu64 " rounds", options->turns.quantum,
				vm->run.round.count);
	if (options->engine == RUN_LOCKSTEP)
		streams_message(
		    streams, "    lockstep: %" PRIu64 " comparisons, no difference; %.1f %% of cycles %s%s",
		    lockstep->comparisons, percent(lockstep->own_cycles, cycles),
		    vm->jit ? "translated" : "in decoded code",
		    percent(lockstep->own_cycles, cycles) < 90 ? " (under 90 %: counts as not tested)" : "");
	else if (options->engine == RUN_INTERP)
		streams_message(
		    streams, "    %.1f %% of cycles in decoded code, the rest by the reference interpreter",
		    100 - percent(vm_reference_cycles(vm), cycles));
	if (!vm->jit)
		return;

	struct jit_statistics jit;
	jit_statistics(vm->jit, &jit);
	streams_message(streams,
			"    %.1f %% of cycles in translated code; %" PRIu64 " entries from the dispatcher",
			percent(jit.translated_cycles, cycles - vm->still.cycles), jit.entries);
	streams_message(streams,
			"    first tier: %" PRIu64 " blocks, %" PRIu64 " guest instructions, %" PRIu64
			" bytes of code",
			jit.stencil_blocks, jit.stencil_instructions, jit.stencil_code_bytes);
	streams_message(streams,
			"    second tier: %" PRIu64 " regions of %" PRIu64 " blocks, %" PRIu64
			" guest instructions, %" PRIu64 " bytes of code; used at %" PRIu64
			" more places; %" PRIu64 " of both invalidated",
			jit.regions, jit.blocks, jit.guest_instructions, jit.code_bytes, jit.adopted,
			jit.invalidated);
	streams_message(streams,
			"    cache: %.1f bytes of code and %.1f of metadata for a guest instruction; %" PRIu64
			" KiB of %" PRIu64 " taken, %" PRIu64 " evictions",
			ratio(jit.live_code_bytes, jit.live_instructions),
			ratio(metadata_bytes(&jit.metadata), jit.live_instructions), jit.taken_bytes >> 10,
			jit.budget_bytes >> 10, jit.evictions);
	streams_message(streams,
			"    exits to the runtime: %" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64
			" %s, %" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64 " %s",
			jit.exits[0], jit_exit_names[0], jit.exits[1], jit_exit_names[1], jit.exits[2],
			jit_exit_names[2], jit.exits[3], jit_exit_names[3], jit.exits[4], jit_exit_names[4],
			jit.exits[5], jit_exit_names[5], jit.exits[6], jit_exit_names[6]);
	if (options->jit.exit_times)
		streams_message(
		    streams,
		    "    seconds until translated code went on: %.3f %s, %.3f %s, %.3f %s, %.3f %s, "
		    "%.3f %s, %.3f %s, %.3f %s",
		    (double)jit.exit_ns[0] / 1e9, jit_exit_names[0], (double)jit.exit_ns[1] / 1e9,
		    jit_exit_names[1], (double)jit.exit_ns[2] / 1e9, jit_exit_names[2],
		    (double)jit.exit_ns[3] / 1e9, jit_exit_names[3], (double)jit.exit_ns[4] / 1e9,
		    jit_exit_names[4], (double)jit.exit_ns[5] / 1e9, jit_exit_names[5],
		    (double)jit.exit_ns[6] / 1e9, jit_exit_names[6]);
	if (options->jit.sensitive == SENSITIVE_TRAP)
		streams_message(streams,
				"    %" PRIu64 " sensitive instructions trapped to the host and back",
				jit.host_traps);
	streams_message(streams, "    %.3f s of CPU time spent compiling", (double)jit.compile_ns / 1e9);
	if (jit.kept)
		streams_message(streams,
				"    kept from earlier runs: %" PRIu64 " regions used, %" PRIu64
				" wanted but missing; %" PRIu64 " stored for later ones",
				jit.kept_loaded, jit.kept_missed, jit.kept_stored);
	if (jit.backend_error[0])
		streams_message(streams, "    no translation: %s", jit.backend_error);
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value); /* cJSON's own numbers are doubles */
	cJSON_AddRawToObject(object, name, text);
}

static cJSON *cpus_json(struct vm *vm)
{
	cJSON *cpus = cJSON_CreateArray();

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		cJSON *object = cJSON_CreateObject();
		uint64_t kernel, user;

		cpu_mode_cycles(cpu, &kernel, &user);
		add_number(object, "kernel_cycles", kernel);
		add_number(object, "user_cycles", user);
		add_number(object, "idle_cycles", vm->totals.executed - kernel - user);
		add_number(object, "kernel_faults", cpu->kernel_faults);
		add_number(object, "user_faults", cpu->user_faults);
		add_number(object, "interrupts", cpu->interrupts);
		add_number(object, "exceptions", cpu->exceptions);
		add_number(object, "ll", cpu->ll_count);
		add_number(object, "sc_succeeded", cpu->sc_succeeded);
		add_number(object, "sc_failed", cpu->sc_failed);
		add_number(object, "sync", cpu->sync_count);
		cJSON_AddItemToArray(cpus, object);
	}
	return cpus;
}

static cJSON *devices_json(const struct device_statistics *devices)
{
	cJSON *object = cJSON_CreateObject();

	add_number(object, "disk_reads", devices->disk_reads);
	add_number(object, "disk_writes", devices->disk_writes);
	add_number(object, "console_reads", devices->console_reads);
	add_number(object, "console_writes", devices->console_writes);
	add_number(object, "emufs_reads", devices->emufs_reads);
	add_number(object, "emufs_writes", devices->emufs_writes);
	add_number(object, "emufs_others", devices->emufs_others);
	add_number(object, "net_reads", devices->net_reads);
	add_number(object, "net_writes", devices->net_writes);
	return object;
}

static cJSON *cache_json(const struct jit_statistics *jit)
{
	cJSON *object = cJSON_CreateObject(), *parts = cJSON_CreateObject(), *second = cJSON_CreateObject();
	uint64_t metadata = metadata_bytes(&jit->metadata);

	add_number(object, "budget_bytes", jit->budget_bytes);
	add_number(object, "taken_bytes", jit->taken_bytes);
	add_number(object, "guest_instructions", jit->live_instructions);
	add_number(object, "code_bytes", jit->live_code_bytes);
	add_number(object, "metadata_bytes", metadata);
	add_number(parts, "entries", jit->metadata.entries);
	add_number(parts, "translations", jit->metadata.translations);
	add_number(parts, "links", jit->metadata.links);
	add_number(parts, "watches", jit->metadata.watches);
	cJSON_AddItemToObject(object, "metadata", parts);
	cJSON_AddNumberToObject(object, "code_bytes_per_instruction",
				ratio(jit->live_code_bytes, jit->live_instructions));
	cJSON_AddNumberToObject(object, "metadata_bytes_per_instruction",
				ratio(metadata, jit->live_instructions));
	add_number(second, "guest_instructions", jit->live_region_instructions);
	add_number(second, "code_bytes", jit->live_region_code_bytes);
	cJSON_AddNumberToObject(second, "code_bytes_per_instruction",
				ratio(jit->live_region_code_bytes, jit->live_region_instructions));
	cJSON_AddItemToObject(object, "second_tier", second);
	add_number(object, "evictions", jit->evictions);
	add_number(object, "evicted", jit->evicted);
	add_number(object, "reclaimed_bytes", jit->reclaimed_bytes);
	return object;
}

/* The persistent translation cache. */
static cJSON *kept_json(const struct jit_statistics *jit)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddBoolToObject(object, "on", jit->kept);
	add_number(object, "records", jit->kept_records);
	add_number(object, "loaded", jit->kept_loaded);
	add_number(object, "missed", jit->kept_missed);
	add_number(object, "stored", jit->kept_stored);
	add_number(object, "stored_bytes", jit->kept_bytes);
	add_number(object, "refused", jit->kept_refused);
	return object;
}

/* Each device of System/161's bus, with what its kind counts. */
static cJSON *slots_json(const struct bus *bus)
{
	cJSON *slots = cJSON_CreateArray();

	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		const char *keyword;
		const struct device_statistics *counts = bus_slot_statistics(bus, slot, &keyword);
		cJSON *object;

		if (!counts)
			continue;
		object = cJSON_CreateObject();
		add_number(object, "slot", slot);
		cJSON_AddStringToObject(object, "device", keyword);
		if (strcmp(keyword, "disk") == 0) {
			add_number(object, "reads", counts->disk_reads);
			add_number(object, "writes", counts->disk_writes);
		} else if (strcmp(keyword, "serial") == 0) {
			add_number(object, "reads", counts->console_reads);
			add_number(object, "writes", counts->console_writes);
		} else if (strcmp(keyword, "emufs") == 0) {
			add_number(object, "reads", counts->emufs_reads);
			add_number(object, "writes", counts->emufs_writes);
			add_number(object, "others", counts->emufs_others);
		} else if (strcmp(keyword, "nic") == 0) {
			add_number(object, "reads", counts->net_reads);
			add_number(object, "writes", counts->net_writes);
		}
		cJSON_AddItemToArray(slots, object);
	}
	return slots;
}

static cJSON *exit_seconds_json(const struct jit_statistics *jit)
{
	cJSON *object = cJSON_CreateObject();

	for (unsigned i = 0; i < sizeof(jit->exit_ns) / sizeof(jit->exit_ns[0]); i++)
		cJSON_AddNumberToObject(object, jit_exit_names[i], (double)jit->exit_ns[i] / 1e9);
	return object;
}

static cJSON *jit_json(const struct vm *vm)
{
	cJSON *object = cJSON_CreateObject(), *exits = cJSON_CreateObject(), *first = cJSON_CreateObject();
	struct jit_statistics jit;

	jit_statistics(vm->jit, &jit);
	add_number(object, "translated_cycles", jit.translated_cycles);
	add_number(object, "entries", jit.entries);
	for (unsigned i = 0; i < sizeof(jit.exits) / sizeof(jit.exits[0]); i++)
		add_number(exits, jit_exit_names[i], jit.exits[i]);
	cJSON_AddItemToObject(object, "exits", exits);
	if (vm->options.jit->exit_times)
		cJSON_AddItemToObject(object, "exit_seconds", exit_seconds_json(&jit));
	add_number(object, "host_traps", jit.host_traps);
	add_number(first, "blocks", jit.stencil_blocks);
	add_number(first, "guest_instructions", jit.stencil_instructions);
	add_number(first, "code_bytes", jit.stencil_code_bytes);
	add_number(first, "unknown_shapes", jit.unknown_shapes);
	cJSON_AddItemToObject(object, "first_tier", first);
	add_number(object, "regions", jit.regions);
	add_number(object, "blocks", jit.blocks);
	add_number(object, "guest_instructions", jit.guest_instructions);
	add_number(object, "code_bytes", jit.code_bytes);
	add_number(object, "discarded", jit.discarded);
	add_number(object, "failed", jit.failed);
	add_number(object, "invalidated", jit.invalidated);
	add_number(object, "adopted", jit.adopted);
	add_number(object, "flushes", jit.flushes);
	cJSON_AddItemToObject(object, "cache", cache_json(&jit));
	cJSON_AddItemToObject(object, "kept", kept_json(&jit));
	cJSON_AddNumberToObject(object, "compile_cpu_seconds", (double)jit.compile_ns / 1e9);
	return object;
}

static cJSON *sandbox_json(const struct sandbox *sandbox)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddBoolToObject(object, "files", sandbox->files);
	cJSON_AddBoolToObject(object, "calls", sandbox->calls);
	return object;
}

static cJSON *turns_json(const struct vm_turns *turns, uint64_t rounds)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "quantum", turns->quantum);
	if (turns->vary)
		cJSON_AddNumberToObject(object, "seed", turns->seed);
	add_number(object, "rounds", rounds);
	return object;
}

bool statistics_write(struct output_file *output, struct vm *vm, const struct run_options *options,
		      const struct diagnosis *diagnosis, const struct sandbox *sandbox, int exit_status,
		      double real_seconds, const struct progress *progress, struct error *error)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "cause", diagnosis->cause);
	cJSON_AddStringToObject(root, "ended_by", run_end_names[diagnosis->end]);
	cJSON_AddNumberToObject(root, "exit_status", exit_status);
	cJSON_AddBoolToObject(root, "stop_requested", vm->run.stop_requested);
	cJSON_AddStringToObject(root, "engine", engine_name(options));
	cJSON_AddStringToObject(root, "sensitive", policy_name(options));
	cJSON_AddItemToObject(root, "turns", turns_json(&options->turns, vm->run.round.count));
	cJSON_AddItemToObject(root, "sandbox", sandbox_json(sandbox));
	add_number(root, "cycles", vm->totals.run + vm->totals.idle);
	add_number(root, "run_cycles", vm->totals.run);
	add_number(root, "global_idle_cycles", vm->totals.idle);
	add_number(root, "executed_cycles", vm->totals.executed);
	add_number(root, "halted_cycles", vm->still.cycles);
	add_number(root, "virtual_ns", vm->run.base);
	cJSON_AddNumberToObject(root, "real_seconds", real_seconds);
	cJSON_AddNumberToObject(root, "cpu_seconds", cpu_seconds());
	add_number(root, "peak_memory_bytes", peak_memory());
	if (progress)
		cJSON_AddItemToObject(root, "progress", progress_json(progress));
	cJSON_AddItemToObject(root, "cpus", cpus_json(vm));
	cJSON_AddItemToObject(root, "devices", devices_json(&vm->statistics));
	if (vm->bus)
		cJSON_AddItemToObject(root, "slots", slots_json(vm->bus));
	if (vm->options.engine == ENGINE_INTERP)
		add_number(root, "reference_cycles", vm_reference_cycles(vm));
	if (vm->jit)
		cJSON_AddItemToObject(root, "jit", jit_json(vm));
	if (diagnosis->complete)
		cJSON_AddItemToObject(root, "report", report_json(vm, diagnosis));

	if (!json_print(root, output_file_begin(output)) || !output_file_end(output)) {
		error_set(error, "Cannot write statistics to %s: %s", output->path, strerror(errno));
		return error_hint(error, "Make room on the file system, or choose another file.");
	}
	return true;
}

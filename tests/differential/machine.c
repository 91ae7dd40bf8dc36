#include "tests/differential/machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jit/jit.h"
#include "runtime/vm/vm.h"

// --- Engines ---

struct engine {
	const char *name;
	enum vm_engine engine;
	void (*configure)(struct jit_options *options, struct numbers *numbers);
};

#define PICK(numbers, array) ((array)[numbers_below(numbers, sizeof(array) / sizeof((array)[0]))])

// Accesses that are not fast end the second tier's turn at a block, so that it would run less of it: few kernels are run as shipped.
static void take_for_slow(struct jit_options *options, struct numbers *numbers)
{
	static const uint8_t exits[] = {0, 0, 0, 0, 0, 1, 1, 64};

	options->slow_exits = PICK(numbers, exits);
}

static void translate_at_once(struct jit_options *options, struct numbers *numbers)
{
	options->tiers = TIERS_SECOND;
	options->threads = 0;
	options->threshold = 1;
	take_for_slow(options, numbers);
}

static void first_tier(struct jit_options *options, struct numbers *numbers)
{
	options->tiers = TIERS_FIRST;
	if (numbers_below(numbers, 4) == 0)
		options->sensitive = SENSITIVE_CALL;
	if (numbers_below(numbers, 10) != 0)
		options->threshold = 1;
}

// Both, with regions compiled at once.
static void both_tiers(struct jit_options *options, struct numbers *numbers)
{
	static const uint16_t thresholds[] = {2, 4, 8, 20};

	options->tiers = TIERS_AUTO;
	options->threads = 0;
	options->threshold = PICK(numbers, thresholds);
	take_for_slow(options, numbers);
}

// As tier 2 is meant to be tested: nine kernels of ten translate at once, sizes and policies vary.
static void vary(struct jit_options *options, struct numbers *numbers)
{
	static const uint16_t sizes[] = {3, 20, 200, 200, 400};
	static const uint16_t thresholds[] = {2, 3, 5, 9};

	translate_at_once(options, numbers);
	options->region_instructions = PICK(numbers, sizes);
	if (numbers_below(numbers, 4) == 0)
		options->sensitive = SENSITIVE_CALL;
	if (numbers_below(numbers, 10) == 0)
		options->threshold = PICK(numbers, thresholds);
}

static void call(struct jit_options *options, struct numbers *numbers)
{
	translate_at_once(options, numbers);
	options->sensitive = SENSITIVE_CALL;
}

static void large(struct jit_options *options, struct numbers *numbers)
{
	translate_at_once(options, numbers);
	options->threshold = 2;
	options->region_instructions = 400;
}

static void background(struct jit_options *options, struct numbers *numbers)
{
	translate_at_once(options, numbers);
	options->threads = 1;
}

// Memory for a few dozen blocks, so that code is evicted all the time; with regions, of which few fit, in all tiers.
static void small(struct jit_options *options, struct numbers *numbers)
{
	static const size_t sizes[] = {20u << 10, 32u << 10, 64u << 10};
	static const uint16_t thresholds[] = {1, 2, 4, 20};

	options->tiers = numbers_below(numbers, 8) == 0 ? TIERS_AUTO : TIERS_FIRST;
	options->threads = numbers_below(numbers, 2);
	options->threshold = PICK(numbers, thresholds);
	options->code_bytes = PICK(numbers, sizes);
	options->region_instructions = 20;
}

static void small_regions(struct jit_options *options, struct numbers *numbers)
{
	translate_at_once(options, numbers);
	options->code_bytes = 96u << 10;
	options->region_instructions = 40;
}

static const struct engine engines[] = {
    {"reference", ENGINE_REFERENCE, NULL},
    {"interp", ENGINE_INTERP, NULL},
    {"tier1", ENGINE_JIT, first_tier},
    {"tiers", ENGINE_JIT, both_tiers},
    {"tier2", ENGINE_JIT, vary},
    {"translated", ENGINE_JIT, translate_at_once},
    {"call", ENGINE_JIT, call},
    {"regions", ENGINE_JIT, large},
    {"background", ENGINE_JIT, background}, // not repeatable
    {"small", ENGINE_JIT, small},
    {"small-regions", ENGINE_JIT, small_regions},
    {"jit", ENGINE_JIT, NULL}, // as shipped
};

const struct engine *engine_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i].name, name) == 0)
			return &engines[i];
	return NULL;
}

const char *engine_name(const struct engine *engine)
{
	return engine->name;
}

const char *engine_names(void)
{
	return "reference interp tier1 tiers tier2 translated call regions background small small-regions "
	       "jit";
}

// --- Our engines ---

// Stops at the first digest that is not the expected one.
static void compare_last(struct outcome *outcome, unsigned before)
{
	const struct outcome *expected = outcome->expected;

	if (expected && outcome->code_count > before &&
	    (before >= expected->code_count || outcome->codes[before] != expected->codes[before]))
		vm_interrupt(outcome->vm);
}

static void console(void *context, uint8_t character)
{
	struct outcome *outcome = context;
	unsigned before = outcome->code_count;

	if (!outcome->target->cpu) {
		outcome_add_console(outcome, character);
		return;
	}
	// On Malta: lines of eight digits.
	if (character != '\n') {
		outcome->digits = outcome->digits << 4 |
				  (uint32_t)(character <= '9' ? character - '0' : character - 'a' + 10);
		return;
	}
	outcome_add_code(outcome, outcome->digits);
	compare_last(outcome, before);
}

static void message(void *context, const char *text)
{
	struct outcome *outcome = context;
	unsigned before = outcome->code_count;

	outcome_add_line(outcome, text);
	compare_last(outcome, before);
}

// A file without a name, and a name for it.
static FILE *open_unnamed(char *path, size_t size)
{
	int descriptor = memfd_create("kernel", MFD_CLOEXEC);
	FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");

	if (!file)
		abort();
	snprintf(path, size, "/proc/self/fd/%d", descriptor);
	return file;
}

static const char *backend_path(void)
{
	static char path[4096]; // of this program, like its name
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, BACKEND_NAME);
	return path;
}

static bool load(struct vm *vm, const struct kernel *kernel, const char *elf_path, const char *conf_path,
		 struct error *error)
{
	struct malta_options malta = {.kernel = elf_path,
				      .command_line = "",
				      .cpu = kernel->target->cpu,
				      .ram_size = kernel_ram_size(kernel)};

	if (kernel->target->cpu)
		return vm_build_malta(vm, &malta, error);
	return vm_configure(vm, conf_path, NULL, 0, error) && vm_load(vm, elf_path, "", error);
}

static struct vm *build(const struct engine *engine, struct jit_options *jit, const struct kernel *kernel,
			struct outcome *outcome)
{
	struct vm_options options = {
	    .engine = engine->engine,
	    .timing = TIMING_SYSTEM161,
	    .jit = jit,
	    .output = {.context = outcome, .console = console, .message = message},
	    .start_time = 1000000000,
	};
	char elf_path[64], conf_path[64];
	FILE *elf = open_unnamed(elf_path, sizeof(elf_path));
	FILE *conf = open_unnamed(conf_path, sizeof(conf_path));
	struct error error = {0};
	struct vm *vm;

	if (!kernel_write_elf(kernel, elf) || !kernel_write_conf(kernel, conf) || fflush(elf) || fflush(conf))
		abort();
	vm = vm_new(&options, &error);
	if (!vm || !load(vm, kernel, elf_path, conf_path, &error)) {
		outcome_add_line(outcome, error.text);
		outcome->end = END_BROKEN;
		if (vm)
			vm_free(vm);
		vm = NULL;
	}
	fclose(elf);
	fclose(conf);
	return vm;
}

struct vm *machine_new(const struct engine *engine, const struct kernel *kernel, struct outcome *outcome)
{
	struct jit_options jit = jit_default_options();

	*outcome = (struct outcome){.target = kernel->target};
	jit.backend_path = backend_path();
	outcome->vm = build(engine, &jit, kernel, outcome);
	return outcome->vm;
}

// A program that takes too long ran wild, or does not let the driver end. At certain cycles, not after a time, so that all engines agree.
static enum vm_state run_to_end(struct vm *vm, const struct outcome *outcome, unsigned programs)
{
	for (uint64_t limit = MACHINE_CYCLES_PER_PROGRAM;; limit += MACHINE_CYCLES_PER_PROGRAM) {
		unsigned before = outcome->code_count;
		enum vm_state state = vm_run(vm, limit);

		if (state != VM_RUNNING || outcome->code_count == before || before > programs)
			return state;
	}
}

void machine_run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		 const struct outcome *expected, struct outcome *outcome)
{
	struct numbers numbers = {number};
	struct jit_options jit = jit_default_options();
	struct jit_statistics statistics;
	struct vm *vm;

	*outcome = (struct outcome){.target = kernel->target, .expected = expected};
	jit.backend_path = backend_path();
	if (engine->configure)
		engine->configure(&jit, &numbers);
	vm = outcome->vm = build(engine, &jit, kernel, outcome);
	if (!vm)
		return;
	switch (run_to_end(vm, outcome, kernel->running)) {
	case VM_POWERED_OFF:
		vm_shutdown_lines(vm);
		outcome_add_format(
		    outcome, "Elapsed virtual time: %" PRIu64 ".%09" PRIu64 " seconds (%u mhz)",
		    vm->run.base / 1000000000, vm->run.base % 1000000000, 1000 / vm->ns_per_cycle);
		break;
	case VM_HUNG:
		outcome_add_line(outcome, "Exiting instead of waiting for debugger...");
		outcome->end = END_STOPPED;
		break;
	case VM_IDLE_FOREVER:
		outcome->end = END_IDLE;
		break;
	default:
		outcome->end = END_LIMIT;
	}
	outcome->expected = NULL;
	outcome->executed = vm->totals.executed - vm->still.cycles; /* nobody executed those */
	if (vm->options.engine == ENGINE_INTERP)
		outcome->translated = outcome->executed - vm_reference_cycles(vm);
	if (!vm->jit)
		return;
	jit_statistics(vm->jit, &statistics);
	outcome->translated = statistics.translated_cycles;
	if (statistics.backend_error[0]) {
		outcome_add_line(outcome, statistics.backend_error);
		outcome->end = END_BROKEN;
	}
}

#include "tests/differential/machine.h"

#include <inttypes.h>
#include <stdarg.h>
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

static void translate_at_once(struct jit_options *options, struct numbers *numbers)
{
	(void)numbers;
	options->tiers = TIERS_SECOND;
	options->threads = 0;
	options->threshold = 1;
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

bool engine_translates(const struct engine *engine)
{
	return engine->engine == ENGINE_JIT;
}

// --- What a run says ---

static void add_code(struct outcome *outcome, uint32_t code)
{
	if ((outcome->code_count & (outcome->code_count - 1)) == 0) {
		unsigned room = outcome->code_count ? outcome->code_count * 2 : 1;

		outcome->codes = realloc(outcome->codes, room * sizeof(*outcome->codes));
		if (!outcome->codes)
			abort();
	}
	outcome->codes[outcome->code_count++] = code;
}

// A line that ends or explains a run; those with digests are digests.
static void add_line(struct outcome *outcome, const char *text)
{
	size_t length = strlen(text);
	unsigned code;

	if (sscanf(text, "trace: code %u (", &code) == 1) {
		add_code(outcome, code);
		return;
	}
	outcome->lines = realloc(outcome->lines, outcome->line_bytes + length + 2);
	if (!outcome->lines)
		abort();
	memcpy(outcome->lines + outcome->line_bytes, text, length);
	outcome->line_bytes += length;
	outcome->lines[outcome->line_bytes++] = '\n';
	outcome->lines[outcome->line_bytes] = '\0';
}

// What the guest prints on its console counts as a digest, but for newlines: the original adds some of its own.
static void add_console(struct outcome *outcome, uint8_t character)
{
	if (character == '\n')
		return;
	outcome->console = (outcome->console ^ character) * UINT64_C(0x100000001B3) + 1;
}

static void __attribute__((format(printf, 2, 3))) add_format(struct outcome *outcome, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_line(outcome, text);
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->codes);
	free(outcome->lines);
	if (outcome->vm)
		vm_free(outcome->vm);
	*outcome = (struct outcome){0};
}

const char *end_name(enum end end)
{
	static const char *const names[] = {"powered off", "stopped", "idle for ever", "ran wild", "no run"};

	return names[end];
}

static void first_differing_line(const char *a, const char *b, char *where, size_t size)
{
	a = a ? a : "";
	b = b ? b : "";
	while (*a || *b) {
		int length_a = (int)strcspn(a, "\n"), length_b = (int)strcspn(b, "\n");

		if (length_a != length_b || memcmp(a, b, (size_t)length_a) != 0) {
			snprintf(where, size, "'%.*s' / '%.*s'", length_a, a, length_b, b);
			return;
		}
		a += length_a + (a[length_a] == '\n');
		b += length_b + (b[length_b] == '\n');
	}
}

bool outcome_same(const struct outcome *a, const struct outcome *b, char *where, size_t size, int *program)
{
	unsigned least = a->code_count < b->code_count ? a->code_count : b->code_count;

	for (unsigned i = 0; i < least; i++) {
		if (a->codes[i] == b->codes[i])
			continue;
		*program = (int)i;
		snprintf(where, size, "digest %08x / %08x", a->codes[i], b->codes[i]);
		return false;
	}
	*program = a->code_count != b->code_count || a->end != END_OFF ? (int)least : -1;
	if (a->code_count != b->code_count || a->end != b->end) {
		snprintf(where, size, "%u programs, %s / %u programs, %s", a->code_count, end_name(a->end),
			 b->code_count, end_name(b->end));
		return false;
	}
	if (a->console != b->console) {
		snprintf(where, size, "console output");
		return false;
	}
	if (a->line_bytes != b->line_bytes ||
	    (a->line_bytes && memcmp(a->lines, b->lines, a->line_bytes) != 0)) {
		first_differing_line(a->lines, b->lines, where, size);
		return false;
	}
	return !a->vm || !b->vm || vm_equal(a->vm, b->vm, where, size);
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
		add_console(outcome, character);
		return;
	}
	// On Malta: lines of eight digits.
	if (character != '\n') {
		outcome->digits = outcome->digits << 4 |
				  (uint32_t)(character <= '9' ? character - '0' : character - 'a' + 10);
		return;
	}
	add_code(outcome, outcome->digits);
	compare_last(outcome, before);
}

static void message(void *context, const char *text)
{
	struct outcome *outcome = context;
	unsigned before = outcome->code_count;

	add_line(outcome, text);
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
		add_line(outcome, error.text);
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
		add_format(outcome, "Elapsed virtual time: %" PRIu64 ".%09" PRIu64 " seconds (%u mhz)",
			   vm->run.base / 1000000000, vm->run.base % 1000000000, 1000 / vm->ns_per_cycle);
		break;
	case VM_HUNG:
		add_line(outcome, "Exiting instead of waiting for debugger...");
		outcome->end = END_STOPPED;
		break;
	case VM_IDLE_FOREVER:
		outcome->end = END_IDLE;
		break;
	default:
		outcome->end = END_LIMIT;
	}
	outcome->expected = NULL;
	outcome->executed = vm->totals.executed;
	if (vm->options.engine == ENGINE_INTERP)
		outcome->translated = outcome->executed - vm_reference_cycles(vm);
	if (!vm->jit)
		return;
	jit_statistics(vm->jit, &statistics);
	outcome->translated = statistics.translated_cycles;
	if (statistics.backend_error[0]) {
		add_line(outcome, statistics.backend_error);
		outcome->end = END_BROKEN;
	}
}

// --- The original ---

// Lines that no two runs have in common, or that are about the simulator.
static bool says_nothing(const char *line)
{
	return strstr(line, "compiled") || strstr(line, "Elapsed real") || strncmp(line, "---", 3) == 0;
}

bool original_exists(void)
{
	return getenv("JIT161_ORIGINAL");
}

// Starts it with `options`; the reader gets its messages, a file `out` what the guest prints.
static FILE *original_start(const struct kernel *kernel, const char *options, unsigned seconds, char *folder,
			    size_t size)
{
	const char *program = getenv("JIT161_ORIGINAL"), *clock = getenv("JIT161_FAST_CLOCK");
	char path[128], command[1024];
	FILE *file;
	bool ok;

	snprintf(folder, size, "/tmp/differ-XXXXXX");
	if (!mkdtemp(folder))
		return NULL;
	snprintf(path, sizeof(path), "%s/elf", folder);
	file = fopen(path, "w");
	ok = file && kernel_write_elf(kernel, file);
	ok &= file && fclose(file) == 0;
	snprintf(path, sizeof(path), "%s/conf", folder);
	file = fopen(path, "w");
	ok &= file && kernel_write_conf(kernel, file);
	ok &= file && fclose(file) == 0;
	if (!ok)
		return NULL;
	// Line by line, so that what a killed run printed is not lost.
	snprintf(
	    command, sizeof(command),
	    "cd %s && LD_PRELOAD=%s timeout -k 1 %u stdbuf -oL -eL %s -X %s -c conf elf 2>&1 >out </dev/null",
	    folder, clock ? clock : "", seconds, program, options);
	return popen(command, "r");
}

static int original_finish(FILE *output, const char *folder)
{
	static const char *const names[] = {"elf", "conf", "out"};
	int status = output ? pclose(output) : -1;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	return status;
}

void original_run(const struct kernel *kernel, struct outcome *outcome)
{
	char folder[64], line[4096];
	FILE *output = original_start(kernel, "", 10 + kernel->running / 50, folder, sizeof(folder));

	*outcome = (struct outcome){0};
	while (output && fgets(line, sizeof(line), output)) {
		const char *text = strncmp(line, "sys161: ", 8) == 0 ? line + 8 : line;

		line[strcspn(line, "\n")] = '\0';
		if (!says_nothing(text))
			add_line(outcome, text);
	}
	snprintf(line, sizeof(line), "%s/out", folder);
	FILE *console_output = fopen(line, "r");
	for (int c; console_output && (c = fgetc(console_output)) != EOF;)
		add_console(outcome, (uint8_t)c);
	if (console_output)
		fclose(console_output);
	int status = original_finish(output, folder);
	if (status == 0)
		outcome->end = END_OFF;
	else if (outcome->lines && strstr(outcome->lines, "Exiting instead of waiting"))
		outcome->end = END_STOPPED;
	else
		outcome->end = outcome->code_count ? END_LIMIT : END_BROKEN;
}

// Whether a line of its instruction trace shows that register 0 is not 0: the driver's instructions that use it.
static bool shows_register_0(const char *line)
{
	const char *at;

	if ((at = strstr(line, "sll $z0, $z0, 0: 0x")))
		return at[19] != '0';
	if ((at = strstr(line, "mtc0 $z0, ")) && (at = strstr(at, ": 0x")))
		return at[4] != '0';
	if (strstr(line, "bne ") && (at = strstr(line, ", $z0")) && (at = strstr(at, ": 0!=")))
		return at[5] != '0';
	return false;
}

bool original_wrote_register_0(const struct kernel *kernel)
{
	char folder[64], line[4096];
	FILE *output = original_start(kernel, "-tku", 120, folder, sizeof(folder));
	bool found = false;

	while (output && !found && fgets(line, sizeof(line), output))
		found = shows_register_0(line);
	original_finish(output, folder);
	return found;
}

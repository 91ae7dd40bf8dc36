/* `jit161 dump`: translated code at every stage, from a kernel file, or of the blocks that a run executed most. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/explore.h"
#include "cli/explore_finished.h"
#include "cli/live.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "devices/lamebus/lamebus.h"
#include "jit/jit.h"
#include "runtime/core/error.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

static const char usage_text[] =
    "Usage: jit161 dump [options] [run options] KERNEL [ARGUMENTS...]\n"
    "       jit161 dump --live=SOCKET [options]\n"
    "  --at=ADDRESS|SYMBOL  where to look; default: the kernel's entry point. May be given several times\n"
    "  --function=NAME      all blocks of a function\n"
    "  --all                all blocks of the kernel's code; with --hot, all that were executed\n"
    "  --stages=LETTERS     s guest source, g guest assembly, t host assembly of the first tier, i IR, p IR "
    "after each "
    "pass,\n"
    "                       o optimised IR, l LLVM IR, L optimised LLVM IR, h host assembly of the second "
    "tier; "
    "default: gtiolLh\n"
    "  --passes=LIST        only these passes of the IR, such as fold,dead_stores; none; all\n"
    "  --block              the one basic block instead of the region around it\n"
    "  --hot=N              run the guest to its end first and show the N blocks that took most; with "
    "--stages also\n"
    "                       their code. The guest gets no input, and its disks are not written\n"
    "  --tiers=1|auto       with --hot, the code that the guest is run by: the first tier, which counts all "
    "executions "
    "(the\n"
    "                       default), or both, to see what becomes part of a region. Regions count none: "
    "then "
    "shares are\n"
    "                       by samples of the guest's time, and a region's executions estimated\n"
    "  --counts             with --hot, have the plain interpreter run the guest as well and count every "
    "instruction\n"
    "  --live=SOCKET        ask the running machine that was started with --control=SOCKET instead: its "
    "hottest "
    "blocks,\n"
    "                       those of --at and --function, --all or --hot=N of them. One stage more: r the "
    "code that "
    "runs\n"
    "  --json=FILE          write all of that as data instead; - is standard output\n"
    "  --html=FILE          write a page to look at it instead\n"
    "  --details=N          with --json or --html, blocks that are shown with their stages; default: 40\n"
    "  Then options of `jit161 run`, such as --region=N, --sensitive=POLICY, --machine=malta; with --hot "
    "also -c, --limit.\n";

#define MAX_PLACES	64
#define MAX_HOT		1000
#define DEFAULT_DETAILS 40
#define MAX_DETAILS	100000
#define DATA_STAGES                                                                                          \
	(DUMP_GUEST | DUMP_FIRST | DUMP_IR | DUMP_PASSES | DUMP_LLVM | DUMP_LLVM_OPTIMISED | DUMP_HOST |     \
	 DUMP_RUNNING)
#define DUMP_RAM     0x01000000u /* bytes */
#define DEFAULT_LIVE 20u	 /* blocks */

struct dump_options {
	const char *places[MAX_PLACES];
	unsigned place_count;
	bool stages_given;
	bool functions[MAX_PLACES]; /* which of the places are functions */
	bool all, source, both_tiers, counts;
	const char *live; /* control socket of a running machine, or NULL */
	const char *json, *html;
	unsigned details, skipped_passes;
	unsigned hot; /* 0: do not run */
	struct jit_dump_options jit_dump;
	struct run_options run;
};

/* The letters of stages; `s` is ours, since code does not know its source. */
static bool parse_stages(struct dump_options *options, const char *letters)
{
	char rest[64];
	size_t length = 0;

	options->source = false;
	for (; *letters; letters++) {
		if (*letters == 's')
			options->source = true;
		else if (length + 1 < sizeof(rest))
			rest[length++] = *letters;
	}
	rest[length] = '\0';
	options->jit_dump.stages = 0;
	return length == 0 ? options->source : jit_dump_stages(rest, &options->jit_dump.stages);
}

static bool parse_count(const char *text, unsigned long most, unsigned *count)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*count = (unsigned)value;
	return end != text && !*end && *text != '-' && value <= most;
}

/* One of our own options; `ok`: with a value that makes sense. False: it is none. */
static bool own_option(struct dump_options *options, const char *word, bool *ok)
{
	*ok = true;
	if (strncmp(word, "--at=", 5) == 0 && options->place_count < MAX_PLACES) {
		options->places[options->place_count++] = word + 5;
	} else if (strncmp(word, "--stages=", 9) == 0) {
		options->stages_given = true;
		*ok = parse_stages(options, word + 9);
	} else if (strcmp(word, "--block") == 0) {
		options->jit_dump.single_block = true;
	} else if (strncmp(word, "--hot=", 6) == 0) {
		*ok = parse_count(word + 6, MAX_HOT, &options->hot) && options->hot >= 1;
	} else if (strncmp(word, "--function=", 11) == 0 && options->place_count < MAX_PLACES) {
		options->functions[options->place_count] = true;
		options->places[options->place_count++] = word + 11;
	} else if (strcmp(word, "--all") == 0) {
		options->all = true;
	} else if (strncmp(word, "--passes=", 9) == 0) {
		*ok = jit_dump_passes(word + 9, &options->run.jit.skipped_passes);
		options->skipped_passes = options->run.jit.skipped_passes;
	} else if (strncmp(word, "--tiers=", 8) == 0) {
		options->both_tiers = strcmp(word + 8, "auto") == 0;
		*ok = options->both_tiers || strcmp(word + 8, "1") == 0;
	} else if (strcmp(word, "--counts") == 0) {
		options->counts = true;
	} else if (strncmp(word, "--live=", 7) == 0 && word[7]) {
		options->live = word + 7;
	} else if (strncmp(word, "--json=", 7) == 0 && word[7]) {
		options->json = word + 7;
	} else if (strncmp(word, "--html=", 7) == 0 && word[7]) {
		options->html = word + 7;
	} else if (strncmp(word, "--details=", 10) == 0) {
		*ok = parse_count(word + 10, MAX_DETAILS, &options->details);
	} else {
		return false;
	}
	return true;
}

/* Takes our options from among the long ones that come first and leaves the others, which are those of `jit161 run`. */
static bool parse(struct dump_options *options, int argc, char **argv, struct error *error)
{
	int kept = 1, at = 1;
	bool ok = true;

	options->jit_dump.stages = DUMP_ALL;
	options->details = DEFAULT_DETAILS;
	error->text[0] = '\0';
	for (; at < argc && strncmp(argv[at], "--", 2) == 0 && ok; at++)
		if (!own_option(options, argv[at], &ok))
			argv[kept++] = argv[at];
	if (!ok)
		return false;
	if ((options->json || options->html) && !options->stages_given)
		options->jit_dump.stages = DATA_STAGES;
	if (options->live)
		return kept == 1 && at == argc && !options->counts; /* the machine has its options */
	if (options->counts && !options->hot)
		return false;
	while (at < argc)
		argv[kept++] = argv[at++];
	argv[kept] = NULL;
	if (!options_parse(&options->run, kept, argv, false, error))
		return false;
	options->run.jit.threads = 0;
	options->run.jit.skipped_passes = options->skipped_passes;
	options->run.jit.journal = options->hot != 0;
	if (options->hot && !options->both_tiers)
		options->run.jit.tiers = TIERS_FIRST; /* its code counts every execution */
	return true;
}

static void print_message(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "jit161 dump: %s\n", text);
}

static void ignore_message(void *context, const char *text)
{
	(void)context;
	(void)text;
}

static void ignore_console(void *context, uint8_t character)
{
	(void)context;
	(void)character;
}

static int complain(const struct error *error)
{
	fprintf(stderr, "jit161 dump: %s\n", error->text);
	if (error->hint[0])
		fprintf(stderr, "jit161 dump: %s\n", error->hint);
	return EXIT_ERROR;
}

/* `observer`: the plain interpreter runs, and tells it; NULL: the translator. */
static struct vm *build(const struct dump_options *options, struct observer *observer, struct error *error)
{
	const struct run_options *run = &options->run;
	struct vm_options machine = {
	    .engine = observer ? ENGINE_REFERENCE : ENGINE_JIT,
	    .observer = observer,
	    .jit = &run->jit,
	    .timing = run->timing,
	    .turns = run->turns,
	    .max_ram = run->max_ram,
	    .output = {.message = options->hot ? ignore_message : print_message, .console = ignore_console},
	    .start_time = run->start_time,
	    .limit = run->limit};
	struct vm *vm = vm_new(&machine, error);
	bool ok = vm;

	if (ok && run->malta)
		ok = vm_build_malta(vm, &run->board, error);
	else if (ok)
		ok = (options->hot ? vm_configure(vm, run->config, run->overrides, run->override_count, error)
				   : bare_machine(vm, DUMP_RAM, error)) &&
		     vm_load(vm, run->kernel, run->arguments, error);
	if (!ok) {
		vm_free(vm);
		return NULL;
	}
	if (vm && vm->bus)
		bus_isolate_disks(vm->bus);
	return vm;
}

static bool find_place(struct symbols *symbols, const char *place, uint32_t *va)
{
	char *end;
	unsigned long value = strtoul(place, &end, 0);

	if (*place && !*end && value <= UINT32_MAX) {
		*va = (uint32_t)value;
		return true;
	}
	return symbols_address(symbols, place, va);
}

static void print_source_line(void *context, uint32_t guest, const char *line)
{
	(void)guest;
	fprintf(context, "%s\n", line);
}

static struct exploration exploration_of(struct vm *vm, const struct dump_options *options,
					 struct symbols *symbols)
{
	const char *kernel = options->run.kernel, *slash = strrchr(kernel, '/');

	return (struct exploration){.vm = vm,
				    .symbols = symbols,
				    .guest = slash ? slash + 1 : kernel,
				    .details = options->details,
				    .dump = options->jit_dump};
}

static bool print_stages(struct exploration *exploration, const struct dump_options *options,
			 const struct explored_block *block, struct error *error)
{
	struct inspection inspection = {0};
	bool ok = true;

	if (options->source && !block->jit.user) {
		printf("\n=== guest source\n");
		explore_source(exploration->symbols, &block->cut, 1, print_source_line, stdout);
	}
	if (options->jit_dump.stages)
		ok = explore_inspect(exploration, block, &inspection, error);
	inspection_print(&inspection, stdout);
	inspection_free(&inspection);
	return ok;
}

static bool check_place(const struct vm *vm, uint32_t va, struct error *error)
{
	if (!(va & 3) && va >> 30 == 2 && (va & 0x1FFFFFFF) < vm->memory.ram_size)
		return true;
	error_set(error, "0x%08x is not the address of kernel code", va);
	return error_hint(error, "Kernel code has word-aligned addresses from 0x80000000 to 0xbfffffff.");
}

static bool dump_place(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		       const char *place, struct error *error)
{
	uint32_t va = vm->cpus[0].pc;

	if (place && !find_place(symbols, place, &va)) {
		error_set(error, "There is no symbol %s in %s", place, options->run.kernel);
		return error_hint(error, "Give an address such as 0x80000200, or the name of a function.");
	}
	if (!check_place(vm, va, error))
		return false;
	printf("region around %08x%s%s\n", va, place ? " " : "", place ? place : "");
	struct exploration exploration = exploration_of(vm, options, symbols);

	explore_add(&exploration, va);
	bool ok = print_stages(&exploration, options, &exploration.blocks[0], error);
	explore_free(&exploration);
	return ok;
}

/* The blocks that the options name, without a run. */
static bool find_offline(struct exploration *exploration, const struct dump_options *options,
			 struct error *error)
{
	bool ok = true;

	if (options->all)
		return explore_add_code(exploration, NULL, error);
	for (unsigned i = 0; ok && i < options->place_count; i++) {
		uint32_t va = 0;

		if (options->functions[i])
			ok = explore_add_code(exploration, options->places[i], error);
		else if (!find_place(exploration->symbols, options->places[i], &va))
			ok = error_set(error, "There is no symbol %s in %s", options->places[i],
				       options->run.kernel);
		else if ((ok = check_place(exploration->vm, va, error)))
			explore_add(exploration, va);
	}
	if (options->place_count == 0)
		explore_add(exploration, exploration->vm->cpus[0].pc);
	return ok;
}

static bool write_data(struct exploration *exploration, const char *path, const char *option,
		       bool (*write)(struct exploration *, FILE *, struct error *), struct error *error)
{
	struct output_file output;
	FILE *file;

	if (!path)
		return true;
	file = output_file_create(&output, path);
	if (file && !write(exploration, file, error)) {
		output_file_end(&output);
		return false;
	}
	return output_file_close(&output, option, error);
}

static bool write_all_data(struct exploration *exploration, const struct dump_options *options,
			   struct error *error)
{
	return write_data(exploration, options->json, "json", explore_json, error) &&
	       write_data(exploration, options->html, "html", explore_html, error);
}

static bool dump_data(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		      struct error *error)
{
	struct exploration exploration = exploration_of(vm, options, symbols);
	bool ok = find_offline(&exploration, options, error) && write_all_data(&exploration, options, error);

	explore_free(&exploration);
	return ok;
}

/* The blocks that a run executed most, as data or as text, then with their code if stages were asked for. */
static bool dump_executed(struct exploration *exploration, const struct dump_options *options,
			  struct error *error)
{
	unsigned most = options->hot;
	bool ok = true;

	if (options->all || most == 0 || most > exploration->count)
		most = exploration->count;
	if (options->json || options->html) {
		exploration->count = most;
		return write_all_data(exploration, options, error);
	}
	explore_print(exploration, most, stdout);
	for (unsigned i = 0; options->stages_given && ok && i < most; i++) {
		const struct explored_block *block = &exploration->blocks[i];

		printf("\n%u: block %08x%s\n", i + 1, block->jit.va, block->jit.user ? " of user mode" : "");
		ok = print_stages(exploration, options, block, error);
	}
	return ok;
}

/* Has the plain interpreter run the guest, to count; before our machine is there, since they have the same disks. */
static bool count_exactly(const struct dump_options *options, struct address_counts *counts,
			  struct error *error)
{
	struct observer observer = explore_counter(counts);
	struct vm *vm = build(options, &observer, error);

	if (!vm)
		return false;
	vm_run(vm, UINT64_MAX);
	vm_free(vm);
	return true;
}

/* What a whole run executed. */
static bool dump_hot(struct dump_options *options, struct symbols *symbols, struct error *error)
{
	struct address_counts counts = {0};
	bool ok = !options->counts || count_exactly(options, &counts, error);
	struct vm *vm = ok ? build(options, NULL, error) : NULL;

	ok = vm;
	if (ok) {
		struct exploration exploration = exploration_of(vm, options, symbols);

		explore_finished(&exploration, &counts, options->counts, options->both_tiers);
		ok = dump_executed(&exploration, options, error);
		explore_free(&exploration);
	}
	vm_free(vm);
	address_counts_free(&counts);
	return ok;
}

/* Offline, as text. */
static bool dump_code(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		      struct error *error)
{
	struct exploration exploration = exploration_of(vm, options, symbols);
	bool ok = find_offline(&exploration, options, error);

	exploration.dump.single_block = true;
	for (unsigned i = 0; ok && i < exploration.count; i++) {
		uint32_t va = exploration.blocks[i].jit.va;
		struct place place = symbols_function(symbols, va);

		printf("%sblock %08x %s", i ? "\n" : "", va, place.function ? place.function : "");
		if (place.function && va != place.start)
			printf("+0x%x", va - place.start);
		putchar('\n');
		ok = print_stages(&exploration, options, &exploration.blocks[i], error);
	}
	explore_free(&exploration);
	return ok;
}

static bool names_functions(const struct dump_options *options)
{
	for (unsigned i = 0; i < options->place_count; i++)
		if (options->functions[i])
			return true;
	return false;
}

/* Whether a block is at one of the places that the options name. */
static bool is_named(const struct exploration *exploration, const struct dump_options *options,
		     const uint32_t *addresses, const struct explored_block *block)
{
	uint32_t va = block->jit.va;
	struct place place = {0};

	if (!block->jit.user)
		place = symbols_function(exploration->symbols, va);
	for (unsigned i = 0; i < options->place_count; i++) {
		if (options->functions[i] ? place.function && strcmp(place.function, options->places[i]) == 0
					  : addresses[i] >= va && addresses[i] - va < 4 * block->cut.words)
			return true;
	}
	return false;
}

/* Leaves the blocks that the options name, if they name some. */
static bool choose_named(struct exploration *exploration, const struct dump_options *options,
			 struct error *error)
{
	uint32_t addresses[MAX_PLACES] = {0};
	unsigned kept = 0;

	if (options->place_count == 0 || options->all)
		return true;
	for (unsigned i = 0; i < options->place_count; i++)
		if (!options->functions[i] &&
		    !find_place(exploration->symbols, options->places[i], &addresses[i]))
			return error_set(error, "There is no symbol %s in the machine's kernel",
					 options->places[i]);
	for (unsigned i = 0; i < exploration->count; i++)
		if (is_named(exploration, options, addresses, &exploration->blocks[i]))
			exploration->blocks[kept++] = exploration->blocks[i];
	exploration->count = kept;
	if (kept == 0) {
		error_set(error, "The machine has no code there at the moment");
		return error_hint(error, "Without --at and --function the hottest blocks are shown.");
	}
	return true;
}

/* The machine's own blocks, as they are now. */
static bool dump_live(struct dump_options *options, struct error *error)
{
	char *reader = options_library_path(SYMBOLS_LIBRARY);
	char *backend = options_library_path(BACKEND_LIBRARY);
	struct jit_options jit = jit_default_options();
	struct vm_options machine = {.engine = ENGINE_JIT,
				     .output = {.message = ignore_message, .console = ignore_console}};
	struct live_machine live;
	struct symbols *symbols = NULL;
	struct vm *vm = NULL;
	bool ok = live_ask(&live, options->live, error);

	if (ok) {
		jit.threads = 0;
		jit.skipped_passes = options->skipped_passes;
		jit.backend_path = backend;
		symbols = symbols_open(reader, live.kernel_file);
		vm = live_build(&live, &jit, &machine, error);
		ok = vm;
	}
	if (ok) {
		struct exploration exploration = {.vm = vm,
						  .symbols = symbols,
						  .guest = live.head.kernel,
						  .details = options->details,
						  .dump = options->jit_dump};

		if (options->place_count > 0)
			options->stages_given = true; /* that is what one asks for by name */
		else if (!options->hot && !options->all && !options->json && !options->html)
			options->hot = DEFAULT_LIVE;
		live_explore(&live, &exploration);
		ok =
		    choose_named(&exploration, options, error) && dump_executed(&exploration, options, error);
		explore_free(&exploration);
	}
	vm_free(vm);
	symbols_close(symbols);
	live_free(&live);
	free(backend);
	free(reader);
	return ok;
}

/* What the kernel's file has at the places that the options name. */
static bool dump_offline(struct dump_options *options, struct symbols *symbols, struct error *error)
{
	struct vm *vm = build(options, NULL, error);
	bool ok = vm;

	if (ok && (options->json || options->html))
		ok = dump_data(vm, options, symbols, error);
	else if (ok && (options->all || names_functions(options)))
		ok = dump_code(vm, options, symbols, error);
	else
		for (unsigned i = 0; ok && (i < options->place_count || i == 0); i++)
			ok = dump_place(vm, options, symbols,
					options->place_count ? options->places[i] : NULL, error);
	vm_free(vm);
	return ok;
}

static bool dump(struct dump_options *options, struct error *error)
{
	char *reader = options_library_path(SYMBOLS_LIBRARY);
	char *backend = options_library_path(BACKEND_LIBRARY);
	int kernel = open(options->run.kernel, O_RDONLY | O_CLOEXEC);
	struct symbols *symbols = symbols_open(reader, kernel);
	bool ok;

	options->run.jit.backend_path = backend;
	ok = (options->hot ? dump_hot : dump_offline)(options, symbols, error);
	symbols_close(symbols);
	if (kernel >= 0)
		close(kernel);
	free(backend);
	free(reader);
	return ok;
}

int command_dump(int argc, char **argv)
{
	struct dump_options options = {0};
	struct error error;
	int status;

	if (parse(&options, argc, argv, &error)) {
		status = (options.live ? dump_live : dump)(&options, &error) ? EXIT_NORMAL : complain(&error);
	} else if (error.text[0]) {
		status = complain(&error);
	} else {
		fputs(usage_text, stderr);
		status = EXIT_ERROR;
	}
	options_free(&options.run);
	return status;
}

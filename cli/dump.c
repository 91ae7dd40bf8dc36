/* `jit161 dump`: translated code at every stage, from a kernel file, or of the blocks that a run executed most. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/explore.h"
#include "cli/hot_blocks.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "devices/lamebus/lamebus.h"
#include "jit/jit.h"
#include "runtime/core/error.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

static const char usage_text[] =
    "Usage: jit161 dump [options] [run options] KERNEL [ARGUMENTS...]\n"
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
    "                       default), or both, to see what becomes part of a region\n"
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
	(DUMP_GUEST | DUMP_FIRST | DUMP_IR | DUMP_PASSES | DUMP_LLVM | DUMP_LLVM_OPTIMISED | DUMP_HOST)
#define DUMP_RAM_SIZE "ramsize=16M"

struct dump_options {
	const char *places[MAX_PLACES];
	unsigned place_count;
	bool stages_given;
	bool functions[MAX_PLACES]; /* which of the places are functions */
	bool all, source, both_tiers;
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
	if ((options->json || options->html) && !options->stages_given)
		options->jit_dump.stages = DATA_STAGES;
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

/* A configuration only to hold a kernel's bytes. */
static bool configure_any(struct vm *vm, struct error *error)
{
	static const char config[] = "31 mainboard " DUMP_RAM_SIZE "\n";
	char path[] = "/tmp/jit161-dump-XXXXXX";
	int fd = mkstemp(path);
	bool ok = fd >= 0 && write(fd, config, sizeof(config) - 1) == (ssize_t)sizeof(config) - 1;

	if (fd >= 0)
		close(fd);
	if (!ok)
		error_set(error, "Cannot write a temporary file: %s", path);
	ok = ok && vm_configure(vm, path, NULL, 0, error);
	unlink(path);
	return ok;
}

static struct vm *build(const struct dump_options *options, struct error *error)
{
	const struct run_options *run = &options->run;
	struct vm_options machine = {
	    .engine = ENGINE_JIT,
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
				   : configure_any(vm, error)) &&
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

static bool print_stages(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
			 uint32_t va, uint32_t pa, bool user, struct error *error)
{
	if (options->source && !user) {
		struct inspected_block block = jit_cut_block(vm->jit, va, pa, user);

		printf("\n=== guest source\n");
		explore_source(symbols, &block, 1, print_source_line, stdout);
	}
	return options->jit_dump.stages == 0 ||
	       jit_dump(vm->jit, va, pa, user, &options->jit_dump, stdout, error);
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
	return print_stages(vm, options, symbols, va, va & 0x1FFFFFFF, false, error);
}

/* The blocks that a whole run executed most, and their code if stages were asked for. */
static bool dump_hot(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		     struct error *error)
{
	struct hot_blocks hot;
	bool ok = true;

	vm_run(vm, UINT64_MAX);
	hot_blocks_find(&hot, vm->jit);
	hot_blocks_print(&hot, options->hot, symbols, stdout);
	for (unsigned i = 0; options->stages_given && ok && i < options->hot && i < hot.count; i++) {
		const struct jit_block *block = &hot.blocks[i];

		printf("\n%u: block %08x%s\n", i + 1, block->va, block->user ? " of user mode" : "");
		ok = print_stages(vm, options, symbols, block->va, block->pa, block->user, error);
	}
	hot_blocks_free(&hot);
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

/* The blocks of a run that is over, the hottest first. */
static void find_executed(struct exploration *exploration, const struct dump_options *options)
{
	struct hot_blocks hot;

	hot_blocks_find(&hot, exploration->vm->jit);
	exploration->count = hot.count;
	if (!options->all && exploration->count > options->hot)
		exploration->count = options->hot;
	exploration->blocks = calloc(exploration->count + 1u, sizeof(*exploration->blocks));
	if (!exploration->blocks)
		abort();
	for (unsigned i = 0; i < exploration->count; i++) {
		const struct jit_block *block = &hot.blocks[i];

		exploration->blocks[i] = (struct explored_block){
		    .jit = *block,
		    .share = hot_block_share(&hot, i),
		    .cut = jit_cut_block(exploration->vm->jit, block->va, block->pa, block->user)};
	}
	exploration->ran = true;
	exploration->instructions = hot.instructions;
	hot_blocks_free(&hot);
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

static bool dump_data(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		      struct error *error)
{
	const char *slash = strrchr(options->run.kernel, '/');
	struct exploration exploration = {.vm = vm,
					  .symbols = symbols,
					  .guest = slash ? slash + 1 : options->run.kernel,
					  .details = options->details,
					  .dump = options->jit_dump};
	bool ok = true;

	if (options->hot) {
		vm_run(vm, UINT64_MAX);
		find_executed(&exploration, options);
	} else {
		ok = find_offline(&exploration, options, error);
	}
	ok = ok && write_data(&exploration, options->json, "json", explore_json, error) &&
	     write_data(&exploration, options->html, "html", explore_html, error);
	explore_free(&exploration);
	return ok;
}

/* Offline, as text. */
static bool dump_code(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		      struct error *error)
{
	struct dump_options blocks = *options;
	struct exploration exploration = {.vm = vm, .symbols = symbols};
	bool ok = find_offline(&exploration, options, error);

	blocks.jit_dump.single_block = true;
	for (unsigned i = 0; ok && i < exploration.count; i++) {
		uint32_t va = exploration.blocks[i].jit.va;
		struct place place = symbols_function(symbols, va);

		printf("%sblock %08x %s", i ? "\n" : "", va, place.function ? place.function : "");
		if (place.function && va != place.start)
			printf("+0x%x", va - place.start);
		putchar('\n');
		ok = print_stages(vm, &blocks, symbols, va, va & 0x1FFFFFFF, false, error);
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

static bool dump(struct dump_options *options, struct error *error)
{
	char *reader = options_library_path(SYMBOLS_LIBRARY);
	char *backend = options_library_path(BACKEND_LIBRARY);
	int kernel = open(options->run.kernel, O_RDONLY | O_CLOEXEC);
	struct symbols *symbols = symbols_open(reader, kernel);
	struct vm *vm;
	bool ok;

	options->run.jit.backend_path = backend;
	vm = build(options, error);
	ok = vm;
	if (ok && (options->json || options->html))
		ok = dump_data(vm, options, symbols, error);
	else if (ok && !options->hot && (options->all || names_functions(options)))
		ok = dump_code(vm, options, symbols, error);
	else if (ok && options->hot)
		ok = dump_hot(vm, options, symbols, error);
	else
		for (unsigned i = 0; ok && (i < options->place_count || i == 0); i++)
			ok = dump_place(vm, options, symbols,
					options->place_count ? options->places[i] : NULL, error);
	vm_free(vm);
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
		status = dump(&options, &error) ? EXIT_NORMAL : complain(&error);
	} else if (error.text[0]) {
		status = complain(&error);
	} else {
		fputs(usage_text, stderr);
		status = EXIT_ERROR;
	}
	options_free(&options.run);
	return status;
}

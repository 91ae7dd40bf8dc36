/* `jit161 dump`: translated code at every stage, from a kernel file, or of the blocks that a run executed most. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/hot_blocks.h"
#include "cli/options.h"
#include "devices/lamebus/lamebus.h"
#include "jit/jit.h"
#include "runtime/core/error.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

static const char usage_text[] =
    "Usage: jit161 dump [options] [run options] KERNEL [ARGUMENTS...]\n"
    "  --at=ADDRESS|SYMBOL  where to look; default: the kernel's entry point. May be given several times\n"
    "  --stages=LETTERS     g guest assembly, t host assembly of the first tier, i IR, o optimised IR, l "
    "LLVM IR,\n"
    "                       L optimised LLVM IR, h host assembly of the second tier; default: all\n"
    "  --block              the one basic block instead of the region around it\n"
    "  --hot=N              run the guest to its end first and show the N blocks that took most; with "
    "--stages also\n"
    "                       their code. The guest gets no input, and its disks are not written\n"
    "  Then options of `jit161 run`, such as --region=N, --sensitive=POLICY, --machine=malta; with --hot "
    "also -c, --limit.\n";

#define MAX_PLACES    64
#define MAX_HOT	      1000
#define DUMP_RAM_SIZE "ramsize=16M"

struct dump_options {
	const char *places[MAX_PLACES];
	unsigned place_count;
	bool stages_given;
	unsigned hot; /* 0: do not run */
	struct jit_dump_options jit_dump;
	struct run_options run;
};

/* One of our own options; `ok`: with a value that makes sense. False: it is none. */
static bool own_option(struct dump_options *options, const char *word, bool *ok)
{
	char *end;

	*ok = true;
	if (strncmp(word, "--at=", 5) == 0 && options->place_count < MAX_PLACES) {
		options->places[options->place_count++] = word + 5;
	} else if (strncmp(word, "--stages=", 9) == 0) {
		options->stages_given = true;
		*ok = jit_dump_stages(word + 9, &options->jit_dump.stages);
	} else if (strcmp(word, "--block") == 0) {
		options->jit_dump.single_block = true;
	} else if (strncmp(word, "--hot=", 6) == 0) {
		options->hot = (unsigned)strtoul(word + 6, &end, 10);
		*ok = end != word + 6 && !*end && options->hot >= 1 && options->hot <= MAX_HOT;
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
	if (options->hot)
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

static bool dump_place(struct vm *vm, const struct dump_options *options, struct symbols *symbols,
		       const char *place, struct error *error)
{
	uint32_t va = vm->cpus[0].pc;

	if (place && !find_place(symbols, place, &va)) {
		error_set(error, "There is no symbol %s in %s", place, options->run.kernel);
		return error_hint(error, "Give an address such as 0x80000200, or the name of a function.");
	}
	if ((va & 3) || va >> 30 != 2 || (va & 0x1FFFFFFF) >= vm->memory.ram_size) {
		error_set(error, "0x%08x is not the address of kernel code", va);
		return error_hint(error,
				  "Kernel code has word-aligned addresses from 0x80000000 to 0xbfffffff.");
	}
	printf("region around %08x%s%s\n", va, place ? " " : "", place ? place : "");
	return jit_dump(vm->jit, va, va & 0x1FFFFFFF, false, &options->jit_dump, stdout, error);
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
		ok = jit_dump(vm->jit, block->va, block->pa, block->user, &options->jit_dump, stdout, error);
	}
	hot_blocks_free(&hot);
	return ok;
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
	if (ok && options->hot)
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

/* `jit161 dump`: translated code at every stage, from a kernel file. */
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <libelf.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/options.h"
#include "jit/jit.h"
#include "runtime/core/error.h"
#include "runtime/vm/vm.h"

static const char usage_text[] =
    "Usage: jit161 dump [options] KERNEL\n"
    "  --at=ADDRESS|SYMBOL  where to look; default: the kernel's entry point. May be given several times\n"
    "  --stages=LETTERS     g guest assembly, i IR, o optimised IR, l LLVM IR, L optimised LLVM IR, h host "
    "assembly;\n"
    "                       default: all\n"
    "  --block              the one basic block instead of the region around it\n"
    "  --region=N           guest instructions in the region at most\n"
    "  --sensitive=inline|call|trap\n";

#define MAX_PLACES    64
#define DUMP_RAM_SIZE "ramsize=16M"

struct dump_options {
	const char *places[MAX_PLACES];
	unsigned place_count;
	struct jit_dump_options jit_dump;
	struct jit_options jit;
	const char *kernel;
};

static bool parse(struct dump_options *options, int argc, char **argv)
{
	options->jit_dump.stages = DUMP_ALL;
	options->jit = jit_default_options();
	options->jit.threads = 0;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		char *end;

		if (strncmp(word, "--at=", 5) == 0 && options->place_count < MAX_PLACES) {
			options->places[options->place_count++] = word + 5;
		} else if (strncmp(word, "--stages=", 9) == 0) {
			if (!jit_dump_stages(word + 9, &options->jit_dump.stages))
				return false;
		} else if (strcmp(word, "--block") == 0) {
			options->jit_dump.single_block = true;
		} else if (strncmp(word, "--region=", 9) == 0) {
			unsigned long n = strtoul(word + 9, &end, 0);
			if (*end || end == word + 9 || n == 0 || n > 2000)
				return false;
			options->jit.region_instructions = (unsigned)n;
		} else if (strncmp(word, "--sensitive=", 12) == 0) {
			unsigned policy = 0;

			while (policy < SENSITIVE_POLICIES &&
			       strcmp(word + 12, jit_sensitive_names[policy]) != 0)
				policy++;
			if (policy == SENSITIVE_POLICIES)
				return false;
			options->jit.sensitive = (enum sensitive_policy)policy;
		} else if (word[0] == '-' || options->kernel) {
			return false;
		} else {
			options->kernel = word;
		}
	}
	return options->kernel != NULL;
}

/* The value of a symbol of the kernel, from its symbol table. */
static bool find_symbol(const char *path, const char *name, uint32_t *address)
{
	bool found = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = NULL;

	if (fd >= 0 && elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	for (Elf_Scn *section = NULL; elf && !found && (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB ||
		    header.sh_entsize == 0 || !(data = elf_getdata(section, NULL)))
			continue;
		for (int i = 0; i < (int)(header.sh_size / header.sh_entsize) && !found; i++) {
			GElf_Sym symbol;
			const char *text;

			if (gelf_getsym(data, i, &symbol) &&
			    (text = elf_strptr(elf, header.sh_link, symbol.st_name)) &&
			    strcmp(text, name) == 0) {
				*address = (uint32_t)symbol.st_value;
				found = true;
			}
		}
	}
	if (elf)
		elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}

static bool find_place(const struct dump_options *options, const char *place, uint32_t *va)
{
	char *end;
	unsigned long value = strtoul(place, &end, 0);

	if (*place && !*end && value <= UINT32_MAX) {
		*va = (uint32_t)value;
		return true;
	}
	return find_symbol(options->kernel, place, va);
}

static void print_message(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "jit161 dump: %s\n", text);
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

/* A machine only to hold the kernel's bytes; it never runs. */
static struct vm *load(const struct dump_options *options, struct error *error)
{
	static const char config[] = "31 mainboard " DUMP_RAM_SIZE "\n";
	struct vm_options machine = {.engine = ENGINE_JIT,
				     .jit = &options->jit,
				     .output = {.message = print_message, .console = ignore_console}};
	char path[] = "/tmp/jit161-dump-XXXXXX";
	int fd = mkstemp(path);
	bool ok = fd >= 0 && write(fd, config, sizeof(config) - 1) == (ssize_t)sizeof(config) - 1;
	struct vm *vm = NULL;

	if (!ok)
		error_set(error, "Cannot write a temporary file: %s", path);
	if (ok)
		vm = vm_new(&machine, error);
	if (fd >= 0)
		close(fd);
	ok = vm && vm_configure(vm, path, NULL, 0, error) && vm_load(vm, options->kernel, "", error);
	unlink(path);
	if (!ok) {
		vm_free(vm);
		return NULL;
	}
	return vm;
}

static bool dump_place(struct vm *vm, const struct dump_options *options, const char *place,
		       struct error *error)
{
	uint32_t va = vm->cpus[0].pc;

	if (place && !find_place(options, place, &va)) {
		error_set(error, "There is no symbol %s in %s", place, options->kernel);
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

int command_dump(int argc, char **argv)
{
	struct dump_options options = {0};
	struct error error;
	char *backend;

	if (!parse(&options, argc, argv)) {
		fputs(usage_text, stderr);
		return EXIT_ERROR;
	}
	backend = options_library_path(BACKEND_LIBRARY);
	options.jit.backend_path = backend;

	struct vm *vm = load(&options, &error);
	bool ok = vm != NULL;
	for (unsigned i = 0; ok && (i < options.place_count || i == 0); i++)
		ok = dump_place(vm, &options, options.place_count ? options.places[i] : NULL, &error);
	vm_free(vm);
	free(backend);
	return ok ? EXIT_NORMAL : complain(&error);
}

// Writes a kernel of random programs, and for System/161 the configuration of the machine that it runs on.
//
//   generate [options] -o NAME SEED COUNT   programs SEED * 2^20 ... ; NAME.elf, NAME.conf
//   generate [options] -o NAME FILE         one program from a text file
//
//   --target=NAME  target.h; with a number for SEED "mips32" is one of several
//   --defined   only what the architecture defines
//   --brief     short programs
//   --only=N    only program N of the kernel, where it lies in the whole; --only=N,M: from N to M
//   --nop=I,J,...  words of the program that become NOPs
//   --dump      dump the machine at the end
//   --text      NAME.txt: the program as text (with --only or FILE)
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/kernel.h"

struct arguments {
	const char *name, *words[2], *target, *nops;
	unsigned word_count;
	long only, last;
	struct style style;
	bool dump, text;
};

static void parse_range(struct arguments *arguments, const char *text)
{
	char *end;

	arguments->only = arguments->last = strtol(text, &end, 10);
	if (*end == ',')
		arguments->last = strtol(end + 1, NULL, 10);
}

static bool parse(struct arguments *arguments, int argc, char **argv)
{
	*arguments = (struct arguments){.only = -1, .last = -1, .target = "mips161", .nops = ""};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			arguments->name = argv[++i];
		else if (strncmp(argv[i], "--only=", 7) == 0)
			parse_range(arguments, argv[i] + 7);
		else if (strncmp(argv[i], "--target=", 9) == 0)
			arguments->target = argv[i] + 9;
		else if (strncmp(argv[i], "--nop=", 6) == 0)
			arguments->nops = argv[i] + 6;
		else if (strcmp(argv[i], "--defined") == 0)
			arguments->style.defined = true;
		else if (strcmp(argv[i], "--brief") == 0)
			arguments->style.brief = true;
		else if (strcmp(argv[i], "--dump") == 0)
			arguments->dump = true;
		else if (strcmp(argv[i], "--text") == 0)
			arguments->text = true;
		else if (argv[i][0] != '-' && arguments->word_count < 2)
			arguments->words[arguments->word_count++] = argv[i];
		else
			return false;
	}
	return arguments->name && arguments->word_count > 0;
}

static FILE *open_output(const char *name, const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", name, suffix);
	file = fopen(path, "w");
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	return file;
}

static bool load(struct kernel *kernel, const char *path)
{
	FILE *file = fopen(path, "r");
	bool ok;

	if (!file)
		return false;
	ok = kernel_read_text(kernel, file);
	fclose(file);
	return ok;
}

static void drop_words(struct program *program, const char *list)
{
	for (char *end; *list; list = *end ? end + 1 : end) {
		unsigned long index = strtoul(list, &end, 10);

		if (end == list)
			return;
		if (index < program->count)
			program->words[index] = 0;
	}
}

static void make(struct kernel *kernel, const struct arguments *arguments)
{
	unsigned long count = strtoul(arguments->words[1], NULL, 10);
	uint64_t seed = strtoull(arguments->words[0], NULL, 10);
	const struct target *target = target_find(arguments->target, seed);

	if (!target) {
		fprintf(stderr, "%s: targets are %s\n", arguments->target, target_names());
		exit(2);
	}
	if (count == 0 || count > KERNEL_PROGRAMS_MAX || arguments->only > arguments->last ||
	    arguments->last >= (long)count) {
		fprintf(stderr, "a kernel has 1 to %d programs\n", KERNEL_PROGRAMS_MAX);
		exit(2);
	}
	kernel_generate(kernel, target, &arguments->style, seed, (unsigned)count);
	if (arguments->only < 0)
		return;
	kernel->running = (unsigned)(arguments->last - arguments->only + 1);
	memmove(kernel->programs, kernel->programs + arguments->only,
		kernel->running * sizeof(struct program));
	drop_words(&kernel->programs[kernel->running - 1], arguments->nops);
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct kernel kernel;

	if (!parse(&arguments, argc, argv)) {
		fprintf(stderr, "usage: %s [options] -o NAME SEED COUNT | FILE; see generate.c\n", argv[0]);
		return 2;
	}
	if (arguments.word_count == 1) {
		if (!load(&kernel, arguments.words[0])) {
			fprintf(stderr, "%s: not a program\n", arguments.words[0]);
			return 2;
		}
	} else {
		make(&kernel, &arguments);
	}
	kernel.dump = arguments.dump;

	FILE *elf = open_output(arguments.name, ".elf");
	bool ok = kernel_write_elf(&kernel, elf);
	ok &= fclose(elf) == 0;
	if (!kernel.target->cpu) {
		FILE *conf = open_output(arguments.name, ".conf");
		ok &= kernel_write_conf(&kernel, conf);
		ok &= fclose(conf) == 0;
	}
	if (arguments.text && kernel.running == 1) {
		FILE *text = open_output(arguments.name, ".txt");
		kernel_write_text(&kernel, kernel.programs, text);
		ok &= fclose(text) == 0;
	}
	kernel_free(&kernel);
	return ok ? 0 : 2;
}

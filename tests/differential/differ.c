// Runs random programs on several engines and compares all that can be seen of them.
//
//   differ campaign [options]       kernels of programs, by number; differences are shrunk and saved
//   differ replay [options] FILE... programs from text files
//   differ coverage [options]       what the programs exercise; fails on empty cells that are not explained
//   differ seed [options] KERNEL N  program N of a kernel alone
//
//   --target=NAME     what they run on (mips161), see target.h
//   --defined         only what the architecture defines
//   --brief           short programs
//   --engines=LIST    what to compare with the base; "original" stands for System/161's own simulator
//   --base=NAME       what is right (reference)
//   --from=N --to=N   kernels of a campaign
//   --programs=N      in a kernel
//   --jobs=N          processes
//   --share=N         fail if an engine left more than 100 - N percent of the cycles to the reference interpreter
//   --seconds=N       start no further kernel after that much CPU time of a process
//   --stop            end with the first difference
//   --as-is           do not shrink programs that differ
//   --explained=FILE  why some cells of the table are empty
//   --keep=FOLDER     where programs that differ are saved
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/differ.h"
#include "tests/differential/original.h"

static bool add_engines(struct settings *settings, char *list)
{
	settings->engine_count = 0;
	for (char *name; (name = strsep(&list, ","));) {
		bool original = strcmp(name, "original") == 0;
		const struct engine *engine = original ? NULL : engine_find(name);

		if (settings->engine_count == ENGINES_MAX || (!original && !engine)) {
			fprintf(stderr, "%s: engines are original %s\n", name, engine_names());
			return false;
		}
		if (original && !original_exists()) {
			fprintf(stderr, "JIT161_ORIGINAL names no program\n");
			return false;
		}
		settings->engines[settings->engine_count++] = engine;
	}
	return true;
}

static bool parse_option(struct settings *settings, char *option)
{
	char *value = strchr(option, '=');

	if (strcmp(option, "--stop") == 0) {
		settings->stop = true;
		return true;
	}
	if (strcmp(option, "--as-is") == 0) {
		settings->as_is = true;
		return true;
	}
	if (strcmp(option, "--defined") == 0) {
		settings->style.defined = true;
		return true;
	}
	if (strcmp(option, "--brief") == 0) {
		settings->style.brief = true;
		return true;
	}
	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(option, "--engines") == 0)
		return add_engines(settings, value);
	if (strcmp(option, "--target") == 0)
		settings->target = value;
	else if (strcmp(option, "--base") == 0)
		settings->base = engine_find(value);
	else if (strcmp(option, "--from") == 0)
		settings->from = strtoull(value, NULL, 10);
	else if (strcmp(option, "--to") == 0)
		settings->to = strtoull(value, NULL, 10);
	else if (strcmp(option, "--programs") == 0)
		settings->programs = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--jobs") == 0)
		settings->jobs = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--share") == 0)
		settings->share = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--seconds") == 0)
		settings->seconds = strtod(value, NULL);
	else if (strcmp(option, "--explained") == 0)
		settings->explained = value;
	else if (strcmp(option, "--keep") == 0)
		settings->keep = value;
	else
		return false;
	return target_find(settings->target, 0) && settings->base && settings->jobs > 0 &&
	       settings->jobs <= JOBS_MAX && settings->programs > 0 &&
	       settings->programs <= KERNEL_PROGRAMS_MAX;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: differ campaign | replay | seed [options] [FILE... | KERNEL N]; see differ.c\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct settings settings = {
	    .target = "mips161",
	    .base = engine_find("reference"),
	    .engines = {engine_find("tier2")},
	    .engine_count = 1,
	    .from = 1,
	    .to = 1,
	    .programs = 500,
	    .jobs = 1,
	    .keep = "differences",
	};
	int at = 2;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
		if (!parse_option(&settings, argv[at]))
			return usage();
	settings.words = argv + at;
	settings.word_count = argc - at;
	if (argc < 2 || settings.to < settings.from)
		return usage();
	if (strcmp(argv[1], "campaign") == 0)
		return campaign(&settings);
	if (strcmp(argv[1], "coverage") == 0)
		return watch_coverage(&settings);
	if (strcmp(argv[1], "replay") == 0)
		return replay(&settings);
	if (strcmp(argv[1], "seed") == 0)
		return seed(&settings);
	return usage();
}

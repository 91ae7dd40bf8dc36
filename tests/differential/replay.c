// One program again, by number or from a file.
#include <stdlib.h>

#include "tests/differential/differ.h"

static int compare_single(const struct settings *settings, const char *name, const struct kernel *kernel,
			  uint64_t number)
{
	struct outcome base;
	int bad = 0;

	differ_run(settings->base, number, kernel, NULL, &base, NULL);
	printf("%s, %s: %s", name, engine_name(settings->base), end_name(base.end));
	for (unsigned i = 0; i < base.code_count; i++)
		printf(", digest %08x", base.codes[i]);
	printf("\n%s", base.lines ? base.lines : "");
	for (unsigned i = 0; i < settings->engine_count; i++) {
		struct outcome other;
		char where[512];
		int index;

		differ_run(settings->engines[i], number, kernel, NULL, &other, NULL);
		bool same = outcome_same(&other, &base, where, sizeof(where), &index);
		printf("%s, %s: %s\n", name, differ_engine_name(settings->engines[i]), same ? "same" : where);
		bad |= !same;
		outcome_free(&other);
	}
	outcome_free(&base);
	return bad;
}

int replay(const struct settings *settings)
{
	int bad = settings->word_count == 0;

	for (int i = 0; i < settings->word_count; i++) {
		FILE *file = fopen(settings->words[i], "r");
		struct kernel kernel;

		if (!file || !kernel_read_text(&kernel, file)) {
			fprintf(stderr, "%s: not a program\n", settings->words[i]);
			return 2;
		}
		fclose(file);
		bad |= compare_single(settings, settings->words[i], &kernel, 1);
		kernel_free(&kernel);
	}
	return bad;
}

int seed(const struct settings *settings)
{
	struct kernel kernel;
	char name[64];

	if (settings->word_count != 2)
		return 2;
	uint64_t number = strtoull(settings->words[0], NULL, 10);
	unsigned index = (unsigned)strtoul(settings->words[1], NULL, 10);
	if (index >= settings->programs)
		return 2;
	differ_generate(settings, number, &kernel);
	snprintf(name, sizeof(name), "kernel %llu, program %u", (unsigned long long)number, index);
	kernel_write_text(&kernel, &kernel.programs[index], stdout);
	struct kernel single = differ_alone(&kernel, &kernel.programs[index]);
	int bad = compare_single(settings, name, &single, number);
	kernel_free(&kernel);
	return bad;
}

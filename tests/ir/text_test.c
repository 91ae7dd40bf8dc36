#include "tests/ir/text_test.h"

#include <stdlib.h>
#include <string.h>

#define SEPARATOR "\n====\n"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static char *print(const struct ir_region *region)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	ir_print(region, file);
	fclose(file);
	return text;
}

char *text_test_print(const struct ir_region *region, struct error *error)
{
	char *text = print(region), *again;
	struct ir_region parsed;
	bool same;

	if (!ir_parse(text, &parsed, error)) {
		free(text);
		return NULL;
	}
	again = print(&parsed);
	ir_region_free(&parsed);
	same = strcmp(text, again) == 0;
	free(again);
	if (same)
		return text;
	free(text);
	error_set(error, "the output does not parse back to itself");
	return NULL;
}

char *text_test_error(const struct error *error)
{
	size_t size = strlen(error->text) + sizeof("error: \n");
	char *text = malloc(size);

	if (!text)
		abort();
	snprintf(text, size, "error: %s\n", error->text);
	return text;
}

int text_test_main(int argc, char **argv, char *(*run)(const char *input))
{
	bool show = argc == 3 && strcmp(argv[1], "--show") == 0;
	char *text, *expected, *output;
	int status = 0;

	if (argc != 2 && !show) {
		fprintf(stderr, "usage: %s [--show] FILE\n", argv[0]);
		return 2;
	}
	text = read_file(argv[argc - 1]);
	if (!text) {
		fprintf(stderr, "%s: cannot be read\n", argv[argc - 1]);
		return 2;
	}
	expected = strstr(text, SEPARATOR);
	if (expected) {
		expected[1] = '\0';
		expected += strlen(SEPARATOR);
	} else {
		expected = text + strlen(text);
	}
	output = run(text);
	if (show) {
		fputs(output, stdout);
	} else if (strcmp(output, expected) != 0) {
		printf("%s: expected\n%s---- but got\n%s", argv[1], expected, output);
		status = 1;
	}
	free(output);
	free(text);
	return status;
}

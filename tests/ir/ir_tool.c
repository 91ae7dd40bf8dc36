/* Runs one IR text test (text_test.h): parse, verify, passes, verify, print.
 *
 *     # Comments, and one line that names the passes (of ir_passes; nothing: only parse and verify):
 *     # run: forward_state dead_stores
 *     region ...
 *     ====
 *     the output, or one line `error: ` with the message of the parser or the verifier
 *
 * Every text that is printed is also parsed and printed again. */
#include "tests/ir/text_test.h"

#include <stdlib.h>
#include <string.h>

/* The passes that `# run:` names, applied to the region. */
static bool run_passes(const char *input, struct ir_region *region, struct error *error)
{
	static const char key[] = "# run:";
	const char *line = strstr(input, key);
	char names[256];
	char *state = NULL;

	if (!line)
		return error_set(error, "no line '# run:'");
	snprintf(names, sizeof(names), "%.*s", (int)strcspn(line, "\n") - (int)strlen(key),
		 line + strlen(key));
	for (char *name = strtok_r(names, " ", &state); name; name = strtok_r(NULL, " ", &state)) {
		const struct ir_pass *pass = ir_passes;

		while (pass->name && strcmp(pass->name, name) != 0)
			pass++;
		if (!pass->name)
			return error_set(error, "no pass '%s'", name);
		for (unsigned i = 0; i < region->count; i++)
			pass->run(&region->blocks[i]);
		if (!ir_verify(region, error))
			return false;
	}
	return true;
}

static char *run(const char *input)
{
	struct ir_region region;
	struct error error;
	char *output = NULL;

	if (!ir_parse(input, &region, &error))
		return text_test_error(&error);
	if (ir_verify(&region, &error) && run_passes(input, &region, &error)) {
		output = text_test_print(&region, &error);
	}
	ir_region_free(&region);
	return output ? output : text_test_error(&error);
}

int main(int argc, char **argv)
{
	return text_test_main(argc, argv, run);
}

/* Checks that a document names every operation, state register, helper and pass of the IR, in backquotes. */
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

static bool check(const char *text, const char *kind, const char *name)
{
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "`%s`", name);
	if (strstr(text, quoted))
		return true;
	printf("%s %s is missing\n", kind, quoted);
	return false;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *text = NULL;
	bool good = true;

	if (!file || getdelim(&text, &(size_t){0}, '\0', file) < 0) {
		fprintf(stderr, "usage: ir_names DOCUMENT\n");
		return 2;
	}
	fclose(file);
	for (unsigned i = 0; i < IR_OP_COUNT; i++)
		good &= check(text, "operation", ir_op_info[i].name);
	for (unsigned i = 0; i < IR_STATE_COUNT; i++)
		good &= check(text, "state register", ir_state_info[i].name);
	for (unsigned i = 0; i < IR_HELPER_COUNT; i++)
		good &= check(text, "helper", ir_helper_info[i].name);
	for (const struct ir_pass *pass = ir_passes; pass->name; pass++)
		good &= check(text, "pass", pass->name);
	free(text);
	return good ? 0 : 1;
}

/* `jit161 isa`: the instruction table, and whether the processors can be virtualised. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/isa.h"
#include "frontend/classify.h"
#include "frontend/encode.h"
#include "study/isa_verdict.h"

static const char usage_text[] =
    "Usage: jit161 isa [options]\n"
    "  Lists the instruction table.\n"
    "  --model=mips161|mips32r2   one of the processors; default: both\n"
    "  --virtualisable            Popek and Goldberg's classes by experiment, compared with the table, and "
    "the verdict\n"
    "  --claim=MNEMONIC=CLASSES   with it: put a claim beside the experiment in place of the table's; "
    "CLASSES is\n"
    "                             innocuous, or some of privileged,control,behaviour\n"
    "  --json                     as JSON\n";

static const struct isa_processor processors[] = {
    {"mips161", "MIPS-161", "System/161's processor", &cpu_model_mips161},
    {"mips32r2", "MIPS32R2", "MIPS32 release 2, 24Kf", NULL},
};
#define PROCESSORS (sizeof(processors) / sizeof(processors[0]))
_Static_assert(PROCESSORS <= ISA_PROCESSORS_MAX, "room for all");

struct isa_options {
	bool virtualisable, json;
	const char *model;
	uint8_t claims[MIPS_OP_COUNT];
};

/* "MNEMONIC=CLASSES" in place of the table's claim. */
static bool claim(const char *text, uint8_t claims[MIPS_OP_COUNT])
{
	static const struct {
		const char *word;
		unsigned class;
	} words[] = {{"innocuous", 0},
		     {"privileged", MIPS_CLASS_PRIVILEGED},
		     {"control", MIPS_CLASS_CONTROL},
		     {"behaviour", MIPS_CLASS_BEHAVIOUR}};
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : 0;
	unsigned op = 0, classes = 0;

	while (op < MIPS_OP_RESERVED && (strncmp(mips_op_info[op].mnemonic, text, length) != 0 ||
					 strlen(mips_op_info[op].mnemonic) != length))
		op++;
	if (!equals || op == MIPS_OP_RESERVED)
		return false;
	for (const char *at = equals + 1;; at++) {
		unsigned i = 0;

		length = strcspn(at, ",");
		while (i < 4 && (strlen(words[i].word) != length || strncmp(words[i].word, at, length) != 0))
			i++;
		if (i == 4)
			return false;
		classes |= words[i].class;
		at += length;
		if (!*at)
			break;
	}
	claims[op] = (uint8_t)classes;
	return true;
}

static bool parse(struct isa_options *options, int argc, char **argv)
{
	isa_table_classes(options->claims);
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "--virtualisable") == 0 || strcmp(word, "--virtualizable") == 0)
			options->virtualisable = true;
		else if (strcmp(word, "--json") == 0)
			options->json = true;
		else if (strncmp(word, "--model=", 8) == 0)
			options->model = word + 8;
		else if (strncmp(word, "--claim=", 8) != 0 || !claim(word + 8, options->claims))
			return false;
	}
	if (!options->model)
		return true;
	for (unsigned i = 0; i < PROCESSORS; i++)
		if (strcmp(processors[i].key, options->model) == 0)
			return true;
	return false;
}

static const struct cpu_model *model_of(const struct isa_processor *processor)
{
	return processor->model ? processor->model : cpu_model_mips32("24Kf", true);
}

/* The experiments that the options ask for. False: no memory. */
static bool study(const struct isa_options *options, struct isa_study *studies, unsigned *count)
{
	*count = 0;
	for (unsigned i = 0; i < PROCESSORS; i++) {
		struct isa_study *one = &studies[*count];

		if (options->model && strcmp(options->model, processors[i].key) != 0)
			continue;
		one->processor = &processors[i];
		one->isa = model_of(&processors[i])->lift.isa;
		one->experiment =
		    options->virtualisable ? isa_experiment_run(model_of(&processors[i])) : NULL;
		if (options->virtualisable && !one->experiment)
			return false;
		if (one->experiment)
			one->difference_count =
			    isa_disagreements(one->experiment, options->claims, one->differences);
		++*count;
	}
	return true;
}

static void print_table(const struct isa_study *study)
{
	unsigned count = 0;

	printf("%s (%s)\n\n  %-9s %-32s %-9s %s\n", study->processor->name, study->processor->about,
	       "mnemonic", "encoding", "operands", "class");
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		if (!mips_encoding_for(study->isa, op))
			continue;
		printf("  %-9s %s %-9s %s\n", mips_op_info[op].mnemonic, mips_op_info[op].pattern,
		       mips_op_info[op].operands, mips_op_class_name(op));
		count++;
	}
	printf("\n  %u instructions. Letters of an encoding are fields: frontend/mips.def explains them.\n\n",
	       count);
}

int command_isa(int argc, char **argv)
{
	static struct isa_study studies[ISA_PROCESSORS_MAX];
	struct isa_options options = {0};
	struct host_probe probes[HOST_PROBES_MAX];
	unsigned count, probe_count = 0;
	int status = EXIT_NORMAL;

	if (!parse(&options, argc, argv)) {
		fputs(usage_text, stderr);
		return EXIT_ERROR;
	}
	if (!study(&options, studies, &count)) {
		fputs("jit161 isa: there is no memory for the experiment\n", stderr);
		return EXIT_ERROR;
	}
	if (options.virtualisable)
		probe_count = host_probe(probes);
	if (options.json) {
		isa_print_json(studies, count, options.claims, probes, probe_count);
	} else {
		for (unsigned i = 0; i < count; i++) {
			if (options.virtualisable)
				isa_print_study(&studies[i]);
			else
				print_table(&studies[i]);
		}
		if (options.virtualisable)
			isa_print_probes(probes, probe_count);
	}
	for (unsigned i = 0; i < count; i++) {
		if (studies[i].difference_count)
			status = EXIT_CRASH;
		free(studies[i].experiment);
	}
	return status;
}

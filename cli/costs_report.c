/* The tables of `jit161 costs`, and its JSON. */
#include <inttypes.h>
#include <string.h>

#include "cli/costs.h"
#include "cli/json.h"
#include "cli/output_file.h"

#define CELL 12 /* columns */

static void print_cell(FILE *file, const struct cost *cost, const struct cost_estimate *estimate,
		       bool differs)
{
	char text[32];
	int digits = estimate->median < 99.95 ? 1 : 0, width;

	if (!cost->ok)
		snprintf(text, sizeof(text), "failed");
	else
		snprintf(text, sizeof(text), "%.*f \u00b1%.*f%s", digits, estimate->median, digits,
			 (estimate->high - estimate->low) / 2, differs ? "!" : "");
	width = (int)strlen(text) - (cost->ok ? 1 : 0); /* the sign has two bytes */
	fprintf(file, " %*s%s", width > CELL ? 0 : CELL - width, "", text);
}

/* Of one operation under one technique; a count by steps is no estimate. */
static void print_instructions(const struct cost_report *report, const struct cost *cost, bool differs,
			       FILE *file)
{
	if (!report->steps || !cost->ok)
		print_cell(file, cost, &cost->instructions, differs);
	else if (cost->uncounted[0])
		fprintf(file, " %*s", CELL, "?");
	else
		fprintf(file, " %*.1f%s", CELL - differs, cost->instructions.median, differs ? "!" : "");
}

static void print_title(const struct cost_report *report, const struct cost_table *table, bool instructions,
			FILE *file)
{
	const char *machine = cost_machine_titles[table->machine];

	if (instructions && report->steps)
		fprintf(file, "%s: host instructions per operation, user mode, counted by single steps\n\n",
			machine);
	else
		fprintf(file,
			"%s: %s per operation, median of %u \u00b1 half of what holds it with 95 %% "
			"confidence\n\n",
			machine,
			!instructions		 ? "ns"
			: report->counter.kernel ? "host instructions"
						 : "host instructions, user mode",
			report->rounds);
}

static void print_table(const struct cost_report *report, const struct cost_table *table, bool instructions,
			FILE *file)
{
	int group = -1;

	print_title(report, table, instructions, file);
	fprintf(file, "%-20s", "");
	for (unsigned n = 0; n < report->technique_count; n++)
		fprintf(file, " %*s", CELL, report->techniques[n].name);
	fputc('\n', file);
	for (unsigned i = 0; i < table->count; i++) {
		const struct cost_operation *operation = &table->operations[i];

		if ((int)operation->group != group)
			fprintf(file, "  %s\n", cost_group_titles[operation->group]);
		group = (int)operation->group;
		fprintf(file, "%-20s", operation->name);
		for (unsigned n = 0; n < report->technique_count; n++) {
			const struct cost *cost = &table->costs[n][i];

			if (instructions)
				print_instructions(report, cost, table->differs[n][i], file);
			else
				print_cell(file, cost, &cost->ns, table->differs[n][i]);
		}
		fputc('\n', file);
	}
	fputc('\n', file);
}

static void print_problems(const struct cost_report *report, const struct cost_table *table, FILE *file)
{
	for (unsigned n = 0; n < report->technique_count; n++)
		for (unsigned i = 0; i < table->count; i++) {
			if (table->differs[n][i])
				fprintf(file, "%s, %s: another state than %s\n", table->operations[i].name,
					report->techniques[n].name, report->techniques[0].name);
			if (table->costs[n][i].uncounted[0])
				fprintf(file, "%s, %s: host instructions were not counted: %s\n",
					table->operations[i].name, report->techniques[n].name,
					table->costs[n][i].uncounted);
			if (!table->costs[n][i].ok)
				fprintf(file, "%s, %s: %s\n", table->operations[i].name,
					report->techniques[n].name, table->costs[n][i].problem);
		}
}

void costs_print(const struct cost_report *report, FILE *file)
{
	for (unsigned i = 0; i < COST_MACHINES; i++) {
		const struct cost_table *table = &report->tables[i];

		if (!table->count)
			continue;
		print_table(report, table, false, file);
		if (report->steps || report->counter.fd >= 0)
			print_table(report, table, true, file);
		print_problems(report, table, file);
	}
	if (report->counter.fd < 0 && !report->steps)
		fprintf(file, "Host instructions were not counted: %s.\n", report->counter.problem);
	if (report->same)
		fprintf(file,
			"All techniques were in the same state after %d guest cycles of each program.\n",
			COST_WARM_CYCLES);
}

/* --- JSON --- */

static void add_estimate(cJSON *object, const char *name, const struct cost_estimate *estimate)
{
	cJSON *values = cJSON_AddObjectToObject(object, name);

	cJSON_AddNumberToObject(values, "median", estimate->median);
	cJSON_AddNumberToObject(values, "low", estimate->low);
	cJSON_AddNumberToObject(values, "high", estimate->high);
}

static cJSON *cost_json(const struct cost_report *report, const struct cost_table *table, unsigned technique,
			unsigned operation)
{
	const struct cost *cost = &table->costs[technique][operation];
	cJSON *object = cJSON_CreateObject();
	char text[40];

	if (!cost->ok) {
		cJSON_AddStringToObject(object, "problem", cost->problem);
		return object;
	}
	add_estimate(object, "ns", &cost->ns);
	if ((report->steps && !cost->uncounted[0]) || report->counter.fd >= 0)
		add_estimate(object, "host_instructions", &cost->instructions);
	if (report->techniques[technique].kind->engine == ENGINE_JIT) {
		cJSON_AddNumberToObject(object, "translated", cost->translated);
		cJSON_AddNumberToObject(object, "exits", cost->exits);
		cJSON_AddNumberToObject(object, "host_traps", cost->host_traps);
	}
	snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, cost->state[0], cost->state[1]);
	cJSON_AddStringToObject(object, "state", text);
	return object;
}

static cJSON *table_json(const struct cost_report *report, const struct cost_table *table)
{
	cJSON *object = cJSON_CreateObject(), *operations;

	cJSON_AddStringToObject(object, "machine", cost_machine_names[table->machine]);
	operations = cJSON_AddArrayToObject(object, "operations");
	for (unsigned i = 0; i < table->count; i++) {
		cJSON *operation = cJSON_CreateObject(), *techniques;

		cJSON_AddStringToObject(operation, "name", table->operations[i].name);
		cJSON_AddStringToObject(operation, "title", table->operations[i].title);
		cJSON_AddStringToObject(operation, "group", cost_group_titles[table->operations[i].group]);
		techniques = cJSON_AddObjectToObject(operation, "techniques");
		for (unsigned n = 0; n < report->technique_count; n++)
			cJSON_AddItemToObject(techniques, report->techniques[n].name,
					      cost_json(report, table, n, i));
		cJSON_AddItemToArray(operations, operation);
	}
	return object;
}

bool costs_write_json(const struct cost_report *report, const char *path, struct error *error)
{
	struct output_file output;
	cJSON *root = cJSON_CreateObject(), *machines;

	cJSON_AddNumberToObject(root, "rounds", report->rounds);
	cJSON_AddNumberToObject(root, "sample_seconds", report->seconds);
	cJSON_AddNumberToObject(root, "confidence", 0.95);
	cJSON_AddBoolToObject(root, "same_state", report->same);
	if (report->counter.fd < 0 && !report->steps)
		cJSON_AddStringToObject(root, "host_instructions_problem", report->counter.problem);
	else
		cJSON_AddBoolToObject(root, "host_instructions_of_kernel", report->counter.kernel);
	if (report->steps)
		cJSON_AddStringToObject(root, "host_instructions_by", "single steps");
	machines = cJSON_AddArrayToObject(root, "machines");
	for (unsigned i = 0; i < COST_MACHINES; i++)
		if (report->tables[i].count)
			cJSON_AddItemToArray(machines, table_json(report, &report->tables[i]));
	json_print(root, output_file_create(&output, path));
	return output_file_close(&output, "json", error);
}

/* `jit161 costs`: what each sensitive operation costs under each technique. */
#include "cli/costs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/options.h"

#define TECHNIQUES	"reference,interp,tier1,tier1:call,tier1:trap,tier2,tier2:call,tier2:trap"
#define DEFAULT_SECONDS 0.001

static const char usage_text[] =
    "Usage: jit161 costs [options]\n"
    "  Measures what each sensitive operation costs under each technique, by "
    "small programs that do it again and "
    "again.\n"
    "  --machine=system161|malta  one of them; default: both\n"
    "  --techniques=LIST          with commas between; default:\n"
    "                             " TECHNIQUES "\n"
    "  --operations=LIST          only those whose names begin so: mtc0,tlb\n"
    "  --rounds=N                 measurements of each, from 6; default: 15\n"
    "  --sample=MILLISECONDS      how long one takes; default: 1\n"
    "  --instructions=auto|steps|off  count the host's: by its counter, else by single steps,\n"
    "                             which see user mode only; by steps; not at all\n"
    "  --json=FILE                all figures; - for standard output\n"
    "  --svg=FILE                 a plot\n"
    "  --html=FILE                one page with plots and tables\n";

struct costs_options {
	const char *techniques, *operations, *json, *svg, *html;
	unsigned rounds;
	double seconds;
	bool machines[COST_MACHINES];
	bool steps, uncounted; /* --instructions */
};

static bool parse_machine(struct costs_options *options, const char *name)
{
	bool found = false;

	for (unsigned i = 0; i < COST_MACHINES; i++) {
		options->machines[i] = strcmp(name, cost_machine_names[i]) == 0;
		found |= options->machines[i];
	}
	return found;
}

static bool parse_number(const char *text, double least, double most, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && !*end && *value >= least && *value <= most;
}

static bool parse_option(struct costs_options *options, const char *word)
{
	double number;

	if (strncmp(word, "--machine=", 10) == 0)
		return parse_machine(options, word + 10);
	if (strncmp(word, "--techniques=", 13) == 0)
		return *(options->techniques = word + 13);
	if (strncmp(word, "--operations=", 13) == 0)
		return *(options->operations = word + 13);
	if (strncmp(word, "--instructions=", 15) == 0) {
		options->steps = strcmp(word + 15, "steps") == 0;
		options->uncounted = strcmp(word + 15, "off") == 0;
		return options->steps || options->uncounted || strcmp(word + 15, "auto") == 0;
	}
	if (strncmp(word, "--json=", 7) == 0)
		return *(options->json = word + 7);
	if (strncmp(word, "--svg=", 6) == 0)
		return *(options->svg = word + 6);
	if (strncmp(word, "--html=", 7) == 0)
		return *(options->html = word + 7);
	if (strncmp(word, "--rounds=", 9) == 0) {
		if (!parse_number(word + 9, COST_ROUNDS_MIN, COST_ROUNDS_MAX, &number))
			return false;
		options->rounds = (unsigned)number;
		return true;
	}
	if (strncmp(word, "--sample=", 9) == 0) {
		if (!parse_number(word + 9, 0.01, 10000, &number))
			return false;
		options->seconds = number / 1000;
		return true;
	}
	return false;
}

static int complain(const struct error *error)
{
	fprintf(stderr, "jit161 costs: %s\n", error->text);
	if (error->hint[0])
		fprintf(stderr, "jit161 costs: %s\n", error->hint);
	return EXIT_ERROR;
}

static bool choose_techniques(struct cost_report *report, const char *list, struct error *error)
{
	char *copy = strdup(list), *rest = copy;
	bool ok = copy;

	for (char *word; ok && (word = strsep(&rest, ","));) {
		ok = report->technique_count < COSTS_TECHNIQUES_MAX &&
		     technique_parse(&report->techniques[report->technique_count], word);
		if (!ok) {
			error_set(error, "There is no technique `%s', or too many are listed", word);
			error_hint(error, "See jit161 compare --help. Policies are for those that translate: "
					  "tier1:call.");
		}
		report->technique_count++;
	}
	free(copy);
	return ok;
}

/* Whether a name begins with one of the list's words. */
static bool is_listed(const char *list, const char *name)
{
	while (list) {
		size_t length = strcspn(list, ",");

		if (length && strncmp(list, name, length) == 0)
			return true;
		list = list[length] ? list + length + 1 : NULL;
	}
	return false;
}

static bool choose_operations(struct cost_report *report, const struct costs_options *options,
			      struct error *error)
{
	unsigned all = 0;

	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_table *table = &report->tables[machine];
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		table->machine = machine;
		for (unsigned i = 0; options->machines[machine] && i < count; i++)
			if (!options->operations || is_listed(options->operations, operations[i].name))
				table->operations[table->count++] = operations[i];
		all += table->count;
	}
	if (!all) {
		error_set(error, "No operation begins with one of `%s'", options->operations);
		return error_hint(error, "Without --operations all are measured and named.");
	}
	return true;
}

static void measure_all(struct cost_report *report, const struct cost_options *how)
{
	bool talk = isatty(STDERR_FILENO);

	report->same = true;
	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_table *table = &report->tables[machine];

		for (unsigned i = 0; i < table->count; i++)
			for (unsigned n = 0; n < report->technique_count; n++) {
				struct cost *cost = &table->costs[n][i], *first = &table->costs[0][i];

				if (talk)
					fprintf(stderr, "\r%-10s %-20s %-14s", cost_machine_names[machine],
						table->operations[i].name, report->techniques[n].name);
				cost_measure(machine, &table->operations[i], &report->techniques[n], how,
					     cost);
				table->differs[n][i] =
				    cost->ok && first->ok &&
				    memcmp(cost->state, first->state, sizeof(cost->state)) != 0;
				report->same &= cost->ok && !table->differs[n][i];
			}
	}
	if (talk)
		fprintf(stderr, "\r%50s\r", "");
}

static int report_all(const struct cost_report *report, const struct costs_options *options)
{
	struct error error;

	if (!options->json || strcmp(options->json, "-") != 0)
		costs_print(report, stdout);
	if ((options->json && !costs_write_json(report, options->json, &error)) ||
	    (options->svg && !costs_write_plot(report, options->svg, false, &error)) ||
	    (options->html && !costs_write_plot(report, options->html, true, &error)))
		return complain(&error);
	return report->same ? EXIT_NORMAL : EXIT_CRASH;
}

int command_costs(int argc, char **argv)
{
	static struct cost_report report;
	struct costs_options options = {.techniques = TECHNIQUES,
					.rounds = COST_ROUNDS,
					.seconds = DEFAULT_SECONDS,
					.machines = {true, true}};
	struct cost_options how;
	struct error error;
	char *backend;
	int status;

	for (int i = 1; i < argc; i++)
		if (!parse_option(&options, argv[i])) {
			fputs(usage_text, stderr);
			return EXIT_ERROR;
		}
	if (!choose_techniques(&report, options.techniques, &error) ||
	    !choose_operations(&report, &options, &error))
		return complain(&error);
	backend = options_library_path(BACKEND_LIBRARY);
	report.counter.fd = -1;
	snprintf(report.counter.problem, sizeof(report.counter.problem), "not asked for");
	if (!options.uncounted && !options.steps)
		host_counter_open(&report.counter);
	report.steps = options.steps || (!options.uncounted && report.counter.fd < 0);
	report.rounds = options.rounds;
	report.seconds = options.seconds;
	how = (struct cost_options){.backend_path = backend,
				    .rounds = options.rounds,
				    .seconds = options.seconds,
				    .counter = &report.counter,
				    .steps = report.steps};
	measure_all(&report, &how);
	status = report_all(&report, &options);
	host_counter_close(&report.counter);
	free(backend);
	return status;
}

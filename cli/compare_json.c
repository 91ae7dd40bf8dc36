/* `jit161 compare --json`. */
#include <inttypes.h>

#include "cli/compare.h"
#include "cli/json.h"
#include "cli/output_file.h"
#include "jit/llvm/backend.h"

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value); /* cJSON's own numbers are doubles */
	cJSON_AddRawToObject(object, name, text);
}

static void add_digest(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	cJSON_AddStringToObject(object, name, text);
}

static void add_spread(cJSON *object, const char *name, const struct spread *spread)
{
	cJSON *values = cJSON_AddObjectToObject(object, name);

	cJSON_AddNumberToObject(values, "median", spread->median);
	cJSON_AddNumberToObject(values, "least", spread->least);
	cJSON_AddNumberToObject(values, "largest", spread->largest);
}

static cJSON *run_json(const struct measurement *run, bool external)
{
	cJSON *object = cJSON_CreateObject(), *state;

	if (!run->ok) {
		cJSON_AddStringToObject(object, "problem", run->problem);
		return object;
	}
	if (!external)
		cJSON_AddStringToObject(object, "end", compare_end(run));
	cJSON_AddNumberToObject(object, "wall_seconds", run->seconds);
	cJSON_AddNumberToObject(object, "cpu_seconds", run->cpu_seconds);
	add_number(object, "guest_cycles", run->guest_cycles);
	if (external)
		return object;
	state = cJSON_AddObjectToObject(object, "state");
	add_digest(state, "processors", run->digest.processors);
	add_digest(state, "memory", run->digest.memory);
	add_digest(state, "devices", run->digest.devices);
	add_digest(state, "clock", run->digest.clock);
	add_digest(state, "console", run->console_digest);
	cJSON_AddStringToObject(state, "figures", run->figures);
	return object;
}

static void add_typical(cJSON *object, const struct measurement *run)
{
	cJSON *exits, *split, *points;

	if (run->translates) {
		exits = cJSON_AddObjectToObject(object, "exits_per_million_cycles");
		for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++)
			cJSON_AddNumberToObject(exits, jit_exit_names[reason],
						compare_per_million(run, run->jit.exits[reason]));
		cJSON_AddNumberToObject(exits, "host traps", compare_per_million(run, run->jit.host_traps));
		cJSON_AddNumberToObject(object, "code_bytes", compare_code_bytes(run));
		cJSON_AddNumberToObject(object, "expansion", compare_expansion(run));
		add_number(object, "translated_cycles", run->jit.translated_cycles);
		add_number(object, "regions", run->jit.regions);
		add_number(object, "regions_kept_before", run->jit.kept_loaded);
	}
	split = cJSON_AddObjectToObject(object, "time_split");
	for (unsigned kind = 0; kind < SPENT_KINDS; kind++)
		cJSON_AddNumberToObject(split, spent_names[kind], compare_spent(run, kind));
	points = cJSON_AddArrayToObject(object, "progress");
	for (unsigned i = 0; i < run->progress_count; i++) {
		cJSON *point = cJSON_CreateArray();
		double cycles = (double)run->progress[i].cycles;

		cJSON_AddItemToArray(point, cJSON_CreateNumber(run->progress[i].seconds));
		cJSON_AddItemToArray(point, cJSON_CreateNumber(cycles));
		cJSON_AddItemToArray(points, point);
	}
}

static cJSON *technique_json(const struct comparison *comparison, const struct compared *compared)
{
	cJSON *object = cJSON_CreateObject(), *runs;
	const struct compared *base = compare_base(comparison);
	struct break_even point;

	cJSON_AddStringToObject(object, "name", compared->name);
	cJSON_AddStringToObject(object, "title", compared->title);
	if (compared->difference[0])
		cJSON_AddStringToObject(object, "difference", compared->difference);
	if (compared->typical) {
		add_spread(object, "wall_seconds", &compared->seconds);
		add_spread(object, "cpu_seconds", &compared->cpu_seconds);
		add_spread(object, "guest_mips", &compared->mips);
		add_spread(object, "guest_mips_second_half", &compared->steady_mips);
		add_spread(object, "compile_cpu_seconds", &compared->compile_seconds);
		if (!compared->external)
			add_typical(object, compared->typical);
	}
	if (compared->typical && base->typical && compared != base && !compared->external &&
	    break_even(compared->typical, base->typical, &point)) {
		cJSON *even = cJSON_AddObjectToObject(object, "break_even");

		cJSON_AddStringToObject(even, "with", base->name);
		cJSON_AddNumberToObject(even, "cycles", point.cycles);
		cJSON_AddNumberToObject(even, "seconds", point.seconds);
	}
	runs = cJSON_AddArrayToObject(object, "runs");
	for (unsigned i = 0; i < compared->count; i++)
		cJSON_AddItemToArray(runs, run_json(&compared->runs[i], compared->external));
	return object;
}

static cJSON *comparison_json(const struct comparison *comparison)
{
	cJSON *root = cJSON_CreateObject(), *techniques;

	cJSON_AddStringToObject(root, "guest", comparison->title);
	add_number(root, "rounds", comparison->rounds);
	cJSON_AddBoolToObject(root, "same_state", comparison->same);
	techniques = cJSON_AddArrayToObject(root, "techniques");
	for (unsigned i = 0; i < comparison->count; i++)
		cJSON_AddItemToArray(techniques, technique_json(comparison, &comparison->techniques[i]));
	return root;
}

static cJSON *times_json(const struct comparison *comparison)
{
	cJSON *object = cJSON_CreateObject();

	for (unsigned i = 0; i < comparison->count; i++) {
		struct compare_times times;
		cJSON *row;

		if (!compare_times(comparison, i, &times))
			continue;
		row = cJSON_AddObjectToObject(object, comparison->techniques[i].name);
		cJSON_AddNumberToObject(row, "guest_cycles", times.cycles);
		cJSON_AddNumberToObject(row, "wall_seconds", times.seconds);
		cJSON_AddNumberToObject(row, "cpu_seconds", times.cpu_seconds);
	}
	return object;
}

bool compare_write_json(const struct comparison *comparison, const char *path, struct error *error)
{
	struct output_file output;
	cJSON *root = comparison_json(comparison);

	if (comparison->under) {
		cJSON *under = comparison_json(comparison->under);

		cJSON_AddItemToObject(under, "times_as_much", times_json(comparison));
		cJSON_AddItemToObject(root, "under_monitor", under);
	}
	json_print(root, output_file_create(&output, path));
	return output_file_close(&output, "json", error);
}

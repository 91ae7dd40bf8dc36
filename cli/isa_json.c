/* `jit161 isa --json`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/isa.h"
#include "cli/json.h"
#include "frontend/encode.h"

static cJSON *classes_json(unsigned classes)
{
	cJSON *array = cJSON_CreateArray();

	if (classes & MIPS_CLASS_PRIVILEGED)
		cJSON_AddItemToArray(array, cJSON_CreateString("privileged"));
	if (classes & MIPS_CLASS_CONTROL)
		cJSON_AddItemToArray(array, cJSON_CreateString("control-sensitive"));
	if (classes & MIPS_CLASS_BEHAVIOUR)
		cJSON_AddItemToArray(array, cJSON_CreateString("behaviour-sensitive"));
	return array;
}

/* What isa_changes_text and isa_depends_text write, as an array. */
static cJSON *words_json(char *text)
{
	cJSON *array = cJSON_CreateArray();
	char *rest = text;

	for (char *word; (word = strsep(&rest, ","));)
		if (strcmp(word, "-") != 0)
			cJSON_AddItemToArray(array, cJSON_CreateString(word + strspn(word, " ")));
	return array;
}

static cJSON *observed_json(const struct isa_observation *seen)
{
	cJSON *object = cJSON_CreateObject();
	char text[256];

	isa_user_behaviour(seen, text, sizeof(text));
	cJSON_AddStringToObject(object, "user", text);
	isa_kernel_behaviour(seen, text, sizeof(text));
	cJSON_AddStringToObject(object, "kernel", text);
	cJSON_AddItemToObject(object, "classes", classes_json(isa_observed_classes(seen)));
	isa_changes_text(seen, text, sizeof(text));
	cJSON_AddItemToObject(object, "changes", words_json(text));
	isa_depends_text(seen, text, sizeof(text));
	cJSON_AddItemToObject(object, "shows", words_json(text));
	cJSON_AddNumberToObject(object, "executions", (double)seen->executions);
	cJSON_AddBoolToObject(object, "address_error_in_user_mode_only", seen->only_kernel_by_address);
	cJSON_AddBoolToObject(object, "leaves_page_in_entry_hi", seen->leaves_lookup);
	return object;
}

static cJSON *instructions_json(const struct isa_study *study, const uint8_t claims[MIPS_OP_COUNT])
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		cJSON *object;

		if (!mips_encoding_for(study->isa, op))
			continue;
		object = cJSON_CreateObject();
		cJSON_AddStringToObject(object, "mnemonic", mips_op_info[op].mnemonic);
		cJSON_AddStringToObject(object, "encoding", mips_op_info[op].pattern);
		cJSON_AddStringToObject(object, "operands", mips_op_info[op].operands);
		cJSON_AddItemToObject(object, "claimed", classes_json(claims[op]));
		if (study->experiment)
			cJSON_AddItemToObject(object, "observed",
					      observed_json(&study->experiment->observations[op]));
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static void add_verdict(cJSON *object, const struct isa_study *study)
{
	cJSON *differences = cJSON_CreateArray(), *violations = cJSON_CreateArray();
	bool lasting = false;

	for (unsigned i = 0; i < study->difference_count; i++)
		cJSON_AddItemToArray(differences,
				     cJSON_CreateString(mips_op_info[study->differences[i].op].mnemonic));
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		if (isa_violates(&study->experiment->observations[op]))
			cJSON_AddItemToArray(violations, cJSON_CreateString(mips_op_info[op].mnemonic));
		lasting |= isa_violates_without_grants(&study->experiment->observations[op]);
	}
	cJSON_AddNumberToObject(object, "executions", (double)study->experiment->executions);
	cJSON_AddItemToObject(object, "differences", differences);
	cJSON_AddBoolToObject(object, "virtualisable", cJSON_GetArraySize(violations) == 0);
	cJSON_AddBoolToObject(object, "virtualisable_with_cu0_and_hwrena_clear", !lasting);
	cJSON_AddItemToObject(object, "sensitive_unprivileged", violations);
}

static cJSON *probes_json(const struct host_probe *probes, unsigned count)
{
	static const char *const ends[] = {[PROBE_RAN] = "no trap",
					   [PROBE_TOOK] = "no trap, took effect",
					   [PROBE_SIGNAL] = "traps",
					   [PROBE_NOT_TRIED] = "not tried"};
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < count; i++) {
		cJSON *object = cJSON_CreateObject();
		char text[24];

		cJSON_AddStringToObject(object, "instruction", probes[i].instruction);
		cJSON_AddStringToObject(object, "attempt", probes[i].attempt);
		cJSON_AddStringToObject(object, "outcome", ends[probes[i].end]);
		if (probes[i].end == PROBE_SIGNAL)
			cJSON_AddNumberToObject(object, "signal", probes[i].signal);
		if (probes[i].end == PROBE_RAN || probes[i].end == PROBE_TOOK) {
			snprintf(text, sizeof(text), "0x%" PRIx64, probes[i].value);
			cJSON_AddStringToObject(object, probes[i].reads ? "shows" : "flags_after", text);
		}
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

void isa_print_json(const struct isa_study *studies, unsigned count, const uint8_t claims[MIPS_OP_COUNT],
		    const struct host_probe *probes, unsigned probe_count)
{
	cJSON *root = cJSON_CreateObject(), *processors = cJSON_CreateArray();

	for (unsigned i = 0; i < count; i++) {
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "name", studies[i].processor->name);
		if (studies[i].experiment)
			add_verdict(object, &studies[i]);
		cJSON_AddItemToObject(object, "instructions", instructions_json(&studies[i], claims));
		cJSON_AddItemToArray(processors, object);
	}
	cJSON_AddItemToObject(root, "processors", processors);
	if (probe_count)
		cJSON_AddItemToObject(root, "host", probes_json(probes, probe_count));
	json_print(root, stdout);
}

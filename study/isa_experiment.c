/* Executes and observes. */
#include "study/isa_experiment.h"

#include <stdlib.h>
#include <string.h>

#include "frontend/encode.h"
#include "study/isa_experiment_internal.h"

/* --- what is observed --- */

static const struct field resources[] = {
    FIELD(struct cpu, status),
    FIELD(struct cpu, cause),
    FIELD(struct cpu, asid),
    FIELD_ARRAY(struct cpu, tlb_hi),
    FIELD_ARRAY(struct cpu, tlb_lo),
    FIELD_ARRAY(struct cpu, tlb_lo1),
    FIELD_ARRAY(struct cpu, tlb_page_mask),
    FIELD(struct cpu, count_base),
    FIELD(struct cpu, compare),
    FIELD(struct cpu, compare_written),
    FIELD(struct cpu, wired),
    FIELD(struct cpu, hwr_enable),
    FIELD(struct cpu, interrupt_control),
    FIELD(struct cpu, exception_base),
    FIELD(struct cpu, config),
    FIELD(struct cpu, run_state),
};
#define RESOURCES (sizeof(resources) / sizeof(resources[0]))

/* The architecture's names of them; the TLB's arrays are one. */
static const char *const resource_names[] = {
    "Status",  "Cause",	  "ASID",  "TLB",    "TLB",    "TLB",	"TLB",	  "Count",
    "Compare", "Compare", "Wired", "HWREna", "IntCtl", "EBase", "Config", "whether it runs"};
_Static_assert(sizeof(resource_names) / sizeof(resource_names[0]) == RESOURCES, "one name each");

const char *isa_resource_name(unsigned number)
{
	return number < RESOURCES ? resource_names[number] : NULL;
}

static const struct field results[] = {
    FIELD_ARRAY(struct cpu, gpr), FIELD(struct cpu, hi),	 FIELD(struct cpu, lo),
    FIELD(struct cpu, pc),	  FIELD(struct cpu, next_pc),	 FIELD(struct cpu, jump_pending),
    FIELD(struct cpu, ll_active), FIELD(struct cpu, ll_address), FIELD(struct cpu, ll_value),
    FIELD(struct cpu, index),	  FIELD(struct cpu, entry_lo),	 FIELD(struct cpu, entry_lo1),
    FIELD(struct cpu, page_mask), FIELD(struct cpu, context),	 FIELD(struct cpu, bad_vaddr),
    FIELD(struct cpu, epc),	  FIELD(struct cpu, error_epc),
};
#define RESULTS (sizeof(results) / sizeof(results[0]))

/* The results of one execution. */
struct outcome {
	enum {
		OUTCOME_RAN,
		OUTCOME_TRAP,
		OUTCOME_MEMORY_TRAP,
		OUTCOME_HANG /* undefined, and the machine stops */
	} kind;
	unsigned code; /* of the exception */
	uint32_t changes;
	bool lookup_changed;
	unsigned result_bytes;
	unsigned char result[320 + 3 * WINDOW_BYTES];
};

struct experiment {
	struct isa_experiment *report;
	struct memory memory;
	struct cpu cpu;
	bool hung;
	unsigned configuration_count;
	struct configuration configurations[MAX_CONFIGURATIONS];
	struct outcome outcomes[MAX_CONFIGURATIONS];
};

/* --- a processor on its own --- */

static bool no_bus_load(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	(void)cpu, (void)offset, (void)size, (void)value;
	return false;
}

static bool no_bus_store(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	(void)cpu, (void)offset, (void)size, (void)value;
	return false;
}

static void stopped(struct cpu *cpu)
{
	(void)cpu;
}

static void hang(struct cpu *cpu, const char *text)
{
	struct experiment *experiment = cpu->machine;

	(void)text;
	experiment->hung = true;
}

static void message(struct cpu *cpu, const char *text)
{
	(void)cpu, (void)text;
}

static const struct machine_hooks hooks = {.bus_load = no_bus_load,
					   .bus_load_quietly = no_bus_load,
					   .bus_store = no_bus_store,
					   .stopped = stopped,
					   .hang = hang,
					   .message = message};

/* --- one execution --- */

static bool is_memory_trap(unsigned code)
{
	return code >= EXCEPTION_MOD && code <= EXCEPTION_DBE;
}

/* Where the program's addresses lead: physical, each the middle of a window. */
#define WINDOWS 3
static void find_windows(const struct configuration *configuration, uint32_t windows[WINDOWS])
{
	windows[0] = configuration->data_page + DATA_AT % PAGE_SIZE;
	windows[1] = configuration->code_page + CODE_TARGET % PAGE_SIZE;
	windows[2] = DIRECT_DATA;
	for (unsigned i = 0; i < WINDOWS; i++)
		windows[i] = (windows[i] & ~31u) - 16;
}

static void take(struct outcome *outcome, const void *from, size_t size)
{
	memcpy(outcome->result + outcome->result_bytes, from, size);
	outcome->result_bytes += (unsigned)size;
}

static void take_results(const struct experiment *experiment, const struct configuration *configuration,
			 struct outcome *outcome)
{
	uint32_t windows[WINDOWS];

	find_windows(configuration, windows);
	outcome->result_bytes = 0;
	for (unsigned i = 0; i < RESULTS; i++)
		take(outcome, (const char *)&experiment->cpu + results[i].offset,
		     results[i].size * results[i].count);
	for (unsigned i = 0; i < WINDOWS; i++)
		take(outcome, experiment->memory.ram + windows[i], WINDOW_BYTES);
}

/* `number` of the program state; the word is in its place. */
static void execute(struct experiment *experiment, const struct configuration *configuration, unsigned number,
		    struct outcome *outcome)
{
	struct cpu *cpu = &experiment->cpu;
	uint32_t windows[WINDOWS];
	uint64_t exceptions;

	memcpy(cpu, configuration->state, CPU_STATE_SIZE);
	isa_program_state(cpu, number);
	find_windows(configuration, windows);
	for (unsigned i = 0; i < WINDOWS; i++)
		for (unsigned byte = 0; byte < WINDOW_BYTES; byte++)
			experiment->memory.ram[windows[i] + byte] = (uint8_t)(0x81 + 37 * byte);
	cpu->ll_value =
	    memory_read_word(&experiment->memory, DIRECT_DATA); /* so that SC succeeds, if linked */
	cpu->pc = CODE_PC;
	cpu->next_pc = CODE_PC + 4;
	cpu->pc_frame = cpu->next_frame = configuration->code_page;
	cpu->exception_pc = CODE_PC;
	cpu->active_end++;
	cpu->budget = 1;
	cpu->attention = 0;
	exceptions = cpu->exceptions;
	experiment->hung = false;

	reference_step(cpu);

	outcome->kind = OUTCOME_RAN;
	outcome->code = cpu->cause >> CAUSE_CODE_SHIFT & 31;
	if (experiment->hung)
		outcome->kind = OUTCOME_HANG;
	else if (cpu->exceptions != exceptions)
		outcome->kind = is_memory_trap(outcome->code) ? OUTCOME_MEMORY_TRAP : OUTCOME_TRAP;
	outcome->changes = 0;
	for (unsigned i = 0; i < RESOURCES; i++)
		if (memcmp((const char *)cpu + resources[i].offset,
			   configuration->state + resources[i].offset,
			   resources[i].size * resources[i].count) != 0)
			outcome->changes |= 1u << i;
	outcome->lookup_changed = cpu->lookup_va != LOOKUP_PAGE;
	take_results(experiment, configuration, outcome);
}

/* --- what it means --- */

static bool differ(const struct outcome *a, const struct outcome *b)
{
	return a->kind == OUTCOME_RAN && b->kind == OUTCOME_RAN &&
	       memcmp(a->result, b->result, a->result_bytes) != 0;
}

static void note(struct isa_observation *seen, const struct configuration *configuration,
		 const struct outcome *outcome)
{
	enum isa_mode mode = configuration->mode;

	seen->executions++;
	switch (outcome->kind) {
	case OUTCOME_RAN:
		seen->ran[mode]++;
		seen->changes[mode] |= outcome->changes;
		if (mode == ISA_USER)
			seen->user_ran[configuration->grants] = true;
		if (outcome->lookup_changed && !outcome->changes)
			seen->leaves_lookup = true;
		break;
	case OUTCOME_TRAP:
		seen->trapped[mode]++;
		seen->codes[mode] |= 1u << outcome->code;
		break;
	case OUTCOME_MEMORY_TRAP:
		seen->memory_traps[mode]++;
		break;
	case OUTCOME_HANG:
		break;
	}
}

/* One word in one program state under all configurations. */
static void compare_outcomes(struct experiment *experiment, struct isa_observation *seen)
{
	const struct outcome *outcomes = experiment->outcomes, *any = NULL;
	const struct outcome *kernel = &outcomes[ISA_KERNEL], *user = &outcomes[ISA_USER];

	if (kernel->kind == OUTCOME_RAN && user->kind == OUTCOME_TRAP)
		seen->only_kernel = true;
	if (kernel->kind == OUTCOME_RAN && user->kind == OUTCOME_MEMORY_TRAP)
		seen->only_kernel_by_address = true;
	if (differ(kernel, user))
		seen->depends |= 1u << ISA_DIMENSION_MODE;
	for (unsigned i = 0; i < experiment->configuration_count; i++) {
		const struct configuration *configuration = &experiment->configurations[i];
		const struct outcome *base = &outcomes[configuration->mode];

		if (!any && outcomes[i].kind == OUTCOME_RAN)
			any = &outcomes[i];
		if (configuration->dimension != ISA_DIMENSION_SEVERAL && differ(&outcomes[i], base))
			seen->depends |= 1u << configuration->dimension;
		else if (any && differ(&outcomes[i], any) && !seen->depends)
			seen->depends |= 1u << ISA_DIMENSION_SEVERAL;
	}
}

static void try_word(struct experiment *experiment, struct isa_observation *seen, uint32_t word)
{
	const uint32_t pages[] = {CODE_PAGE, OTHER_CODE_PAGE};

	for (unsigned i = 0; i < 2; i++)
		memory_write_word(&experiment->memory, pages[i] + CODE_PC % PAGE_SIZE, word);
	for (unsigned number = 0; number < isa_program_states(); number++) {
		for (unsigned i = 0; i < experiment->configuration_count; i++) {
			execute(experiment, &experiment->configurations[i], number, &experiment->outcomes[i]);
			note(seen, &experiment->configurations[i], &experiment->outcomes[i]);
		}
		compare_outcomes(experiment, seen);
	}
}

static void run(struct experiment *experiment, const struct cpu_model *model)
{
	struct isa_experiment *report = experiment->report;
	struct cpu *cpu = &experiment->cpu;

	cpu_init(cpu, 0, model, &experiment->memory);
	cpu->hooks = &hooks;
	cpu->machine = experiment;
	experiment->configuration_count = isa_configurations(cpu, experiment->configurations);
	for (unsigned i = 0; i < experiment->configuration_count; i++)
		report->configurations[experiment->configurations[i].mode]++;
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		struct isa_observation *seen = &report->observations[op];
		uint32_t words[MAX_WORDS];
		unsigned count = isa_words(model, op, words);

		seen->tried = count != 0;
		for (unsigned i = 0; i < count; i++)
			try_word(experiment, seen, words[i]);
		report->executions += seen->executions;
	}
}

struct isa_experiment *isa_experiment_run(const struct cpu_model *model)
{
	struct experiment *experiment = calloc(1, sizeof(*experiment));
	struct isa_experiment *report = calloc(1, sizeof(*report));
	struct memory_map map = memory_map_system161;
	struct error error;

	map.big_endian = model->lift.big_endian;
	if (!experiment || !report || !memory_init(&experiment->memory, EXPERIMENT_RAM, &map, &error)) {
		free(experiment);
		free(report);
		return NULL;
	}
	report->model = model;
	experiment->report = report;
	run(experiment, model);
	memory_free(&experiment->memory);
	free(experiment);
	return report;
}

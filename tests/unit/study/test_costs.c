/* The programs of `jit161 costs` do what their names say, the same under all engines, and intervals are those of the sign test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jit/inspect.h"
#include "study/costs.h"

#define CLOSE(a, b) assert_true((a) - (b) < 1e-9 && (b) - (a) < 1e-9)

static void intervals(void **state)
{
	double values[COST_ROUNDS_MAX];
	struct cost_estimate estimate;
	/* Of n values the k-th from each end, for n = 6, 15 and 101: tables of the sign test. */
	static const unsigned cases[][2] = {{6, 1}, {8, 1}, {9, 2}, {15, 4}, {100, 40}, {101, 41}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned count = cases[i][0];

		for (unsigned n = 0; n < count; n++)
			values[n] =
			    (n * 7 + 3) % count + 1; /* 1 to count in some order, for counts without 7 */
		estimate = cost_estimate(values, count);
		CLOSE(estimate.median, (count + 1) / 2.0);
		CLOSE(estimate.low, cases[i][1]);
		CLOSE(estimate.high, count + 1 - cases[i][1]);
	}
}

/* --- the programs --- */

static const struct technique *technique(const char *name)
{
	static struct technique parsed;

	assert_true(technique_parse(&parsed, name));
	return &parsed;
}

static struct cost measure(enum cost_machine machine, const struct cost_operation *operation,
			   const char *name)
{
	static const struct host_counter none = {.fd = -1};
	struct cost_options options = {
	    .backend_path = BACKEND_PATH, .rounds = COST_ROUNDS_MIN, .seconds = 0.00001, .counter = &none};
	struct cost cost;

	cost_measure(machine, operation, technique(name), &options, &cost);
	if (!cost.ok)
		fail_msg("%s on %s, %s: %s", operation->name, cost_machine_names[machine], name,
			 cost.problem);
	return cost;
}

/* How many exceptions of which kind one operation has to raise. */
static unsigned exceptions_of(const char *name)
{
	static const char *const raising[] = {"system call", "interrupt", "tlb refill", "page fault",
					      "first write"};

	for (unsigned i = 0; i < sizeof(raising) / sizeof(raising[0]); i++)
		if (strcmp(name, raising[i]) == 0)
			return 1;
	return 0;
}

static void programs_do_it(void **state)
{
	(void)state;
	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		assert_true(count > 35);
		for (unsigned i = 0; i < count; i++) {
			struct cost cost = measure(machine, &operations[i], "reference");
			double expected = exceptions_of(operations[i].name);

			assert_true(cost.exceptions[0] == 0);
			if (operations[i].by_exceptions) /* nearly each, as some pages are there by chance */
				assert_true(cost.exceptions[1] > 0.95 && cost.exceptions[1] <= 1);
			else /* but for what was begun when a measurement ended */
				assert_true(cost.exceptions[1] > expected - 0.02 &&
					    cost.exceptions[1] < expected + 0.02);
			assert_true(cost.state[0] != cost.state[1]);
		}
	}
}

static void techniques_agree(void **state)
{
	static const char *const names[] = {"interp", "tier1", "tier1:call", "tier1:trap", "tier2"};

	(void)state;
	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		for (unsigned i = 0; i < count; i++) {
			struct cost reference;

			if (operations[i].group < COST_TLB && i % 4) /* some of the registers */
				continue;
			reference = measure(machine, &operations[i], "reference");
			for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
				struct cost cost;

				if (strstr(names[n], "trap") && i % 3) /* they take long */
					continue;
				cost = measure(machine, &operations[i], names[n]);
				assert_memory_equal(cost.state, reference.state, sizeof(cost.state));
				if (strncmp(names[n], "tier", 4) == 0)
					assert_true(cost.translated > 0.05);
				if (strcmp(names[n], "tier1:trap") == 0 && operations[i].group != COST_DEVICE)
					assert_true(cost.host_traps > 0.9);
			}
		}
	}
}

/* --- the host's instructions by single steps --- */

static void ignore_character(void *context, uint8_t character)
{
	(void)context;
	(void)character;
}

static void ignore_text(void *context, const char *text)
{
	(void)context;
	(void)text;
}

/* Host instructions of the first tier for the first MFC0 of the program's loop, what is aside left out, as dumps show them. */
static unsigned dumped_instructions(enum cost_machine machine, const struct cost_operation *operation)
{
	struct jit_options jit = jit_default_options();
	struct vm_options options = {.engine = ENGINE_JIT,
				     .timing = TIMING_IDEAL,
				     .jit = &jit,
				     .output = {.console = ignore_character, .message = ignore_text},
				     .start_time = 1};
	const struct jit_dump_options how = {.stages = DUMP_FIRST, .single_block = true};
	struct error error = {.text = ""};
	struct jit_block blocks[64], *loop = &blocks[0];
	struct inspection inspection;
	const struct listing *listing;
	uint32_t mfc0 = LISTING_NO_GUEST;
	unsigned count, instructions = 0;
	struct vm *vm;

	jit.tiers = TIERS_FIRST;
	jit.backend_path = BACKEND_PATH;
	vm = cost_vm(machine, operation, true, &options, &error);
	assert_non_null(vm);
	assert_int_equal(vm_run(vm, COST_WARM_CYCLES), VM_RUNNING);
	count = jit_blocks(vm->jit, blocks, 64);
	for (unsigned i = 0; i < count && i < 64; i++)
		if (blocks[i].executions > loop->executions)
			loop = &blocks[i];
	if (!jit_inspect(vm->jit, loop->va, loop->pa, loop->user, &how, &inspection, &error))
		fail_msg("%s", error.text);
	listing = &inspection.listings[0];
	for (unsigned i = 0; i < listing->count; i++) {
		const char *text = listing_text(listing, i);

		if (strstr(text, "aside:"))
			break;
		if (strstr(text, "  mfc0") && mfc0 == LISTING_NO_GUEST)
			mfc0 = listing->lines[i].guest;
		else if (mfc0 != LISTING_NO_GUEST && listing->lines[i].guest == mfc0 &&
			 !strstr(text, "  mfc0"))
			instructions++;
	}
	assert_true(mfc0 != LISTING_NO_GUEST);
	inspection_free(&inspection);
	vm_free(vm);
	return instructions;
}

static void steps_are_what_dumps_show(void **state)
{
	static const struct host_counter none = {.fd = -1};
	struct cost_operation operations[COST_OPERATIONS_MAX];
	unsigned count = cost_operations(COST_SYSTEM161, operations), compared = 0, dumped;
	struct cost_options options = {.backend_path = BACKEND_PATH,
				       .rounds = COST_ROUNDS_MIN,
				       .seconds = 0.00001,
				       .counter = &none,
				       .steps = true};

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		const char *name = operations[i].name;
		struct cost cost, call, reference;

		if (strncmp(name, "mfc0 ", 5) != 0 || strcmp(name, "mfc0 Random") == 0) /* which is a call */
			continue;
		cost_measure(COST_SYSTEM161, &operations[i], technique("tier1"), &options, &cost);
		assert_true(cost.ok);
		if (cost.uncounted[0]) {
			print_message("not counted: %s\n", cost.uncounted);
			skip();
		}
		dumped = dumped_instructions(COST_SYSTEM161, &operations[i]);
		if (cost.instructions.median != dumped)
			fail_msg("%s: %.3f by steps, the dump has %u", name, cost.instructions.median,
				 dumped);
		compared++;
		if (compared > 1)
			continue;
		cost_measure(COST_SYSTEM161, &operations[i], technique("tier1:call"), &options, &call);
		cost_measure(COST_SYSTEM161, &operations[i], technique("reference"), &options, &reference);
		assert_true(call.instructions.median > cost.instructions.median + 10);
		assert_true(reference.instructions.median > call.instructions.median);
	}
	assert_true(compared >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(intervals),
	    cmocka_unit_test(programs_do_it),
	    cmocka_unit_test(techniques_agree),
	    cmocka_unit_test(steps_are_what_dumps_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

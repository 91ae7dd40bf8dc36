/* The programs of `jit161 costs` do what their names say, the same under all engines, and intervals are those of the sign test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(intervals),
	    cmocka_unit_test(programs_do_it),
	    cmocka_unit_test(techniques_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

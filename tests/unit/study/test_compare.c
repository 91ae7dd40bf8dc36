/* Comparing runs: medians, break-even, and that no difference is missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "study/comparison.h"

#define CLOSE(a, b) assert_true((a) - (b) < 1e-9 && (b) - (a) < 1e-9)

static void techniques_by_name(void **state)
{
	static const char *const wrong[] = {
	    "", "tier3", "tier", "tier11", "interp:call", "reference:inline", "both:", "both:no"};
	struct technique technique;

	(void)state;
	assert_true(technique_parse(&technique, "tier1"));
	assert_int_equal(technique.kind->tiers, TIERS_FIRST);
	assert_int_equal(technique.sensitive, SENSITIVE_INLINE);
	assert_true(technique_parse(&technique, "both:trap"));
	assert_int_equal(technique.sensitive, SENSITIVE_TRAP);
	assert_string_equal(technique.name, "both:trap");
	assert_true(technique_parse(&technique, "tier2:inline"));
	assert_string_equal(technique.name, "tier2");
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(technique_parse(&technique, wrong[i]));
}

static void medians(void **state)
{
	double odd[] = {5, 1, 3}, even[] = {8, 2, 4, 6};
	struct spread spread = spread_of(odd, 3);

	(void)state;
	CLOSE(spread.median, 3);
	CLOSE(spread.least, 1);
	CLOSE(spread.largest, 5);
	spread = spread_of(even, 4);
	CLOSE(spread.median, 5);
	CLOSE(spread_of(even, 0).median, 0);
}

/* A run at `rate` cycles a second that starts after `delay` seconds. */
static struct measurement steady_run(double delay, double rate, uint64_t cycles)
{
	struct measurement run = {.ok = true, .guest_cycles = cycles, .progress_count = 2};

	run.progress[0] = (struct progress){delay, 0};
	run.progress[1] = (struct progress){delay + (double)cycles / rate, cycles};
	run.seconds = run.progress[1].seconds;
	return run;
}

static void break_even_points(void **state)
{
	struct measurement slow = steady_run(0, 1000, 10000), fast = steady_run(2, 4000, 10000);
	struct measurement late = steady_run(20, 4000, 10000);
	struct break_even point;

	(void)state;
	CLOSE(progress_at(&slow, 2500), 2.5);
	CLOSE(progress_at(&fast, 0), 2);
	CLOSE(progress_at(&fast, 20000), 4.5);
	/* cycles/1000 = 2 + cycles/4000 at 2666.7; by a thousandth of the run */
	assert_true(break_even(&fast, &slow, &point));
	assert_true(point.cycles > 2660 && point.cycles <= 2680);
	assert_true(point.seconds > 2.66 && point.seconds < 2.68);
	assert_false(break_even(&slow, &fast, &point));
	assert_false(break_even(&late, &slow, &point));
	assert_false(break_even(&slow, &slow, &point));
}

/* Two rounds of two techniques; the last run is changed. */
static struct measurement runs[2][2];
static struct compared techniques[2];

static bool compare_with(void (*change)(struct measurement *run))
{
	memset(techniques, 0, sizeof(techniques));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(technique_parse(&techniques[i].technique, i ? "both" : "interp"));
		techniques[i].name = techniques[i].technique.name;
		techniques[i].runs = runs[i];
		techniques[i].count = 2;
		for (unsigned n = 0; n < 2; n++)
			runs[i][n] = steady_run(0.1 * n, 1000 * (i + 1), 5000);
	}
	if (change)
		change(&runs[1][1]);
	return compare_runs(techniques, 2);
}

static void change_end(struct measurement *run)
{
	run->end = VM_HUNG;
}
static void change_cycles(struct measurement *run)
{
	run->guest_cycles++;
}
static void change_processors(struct measurement *run)
{
	run->digest.processors ^= 1;
}
static void change_memory(struct measurement *run)
{
	run->digest.memory ^= 1;
}
static void change_devices(struct measurement *run)
{
	run->digest.devices ^= 1;
}
static void change_clock(struct measurement *run)
{
	run->digest.clock ^= 1;
}
static void change_console(struct measurement *run)
{
	run->console_digest ^= 1;
}
static void change_figures(struct measurement *run)
{
	strcpy(run->figures, "1 cycle");
}
static void change_ok(struct measurement *run)
{
	run->ok = false;
	strcpy(run->problem, "fell over");
}

static void differences(void **state)
{
	static const struct {
		void (*change)(struct measurement *run);
		const char *text;
	} cases[] = {{change_end, "how the guest ended"},
		     {change_cycles, "cycles"},
		     {change_processors, "processors"},
		     {change_memory, "memory"},
		     {change_devices, "devices"},
		     {change_clock, "clock"},
		     {change_console, "console"},
		     {change_figures, "figures"},
		     {change_ok, "fell over"}};

	(void)state;
	assert_true(compare_with(NULL));
	CLOSE(techniques[0].seconds.median, 5.05);
	CLOSE(techniques[1].steady_mips.median, 2000 / 1e6);
	assert_ptr_equal(techniques[0].typical, &runs[0][0]);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(compare_with(cases[i].change));
		assert_string_equal(techniques[0].difference, "");
		assert_non_null(strstr(techniques[1].difference, cases[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(techniques_by_name),
	    cmocka_unit_test(medians),
	    cmocka_unit_test(break_even_points),
	    cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

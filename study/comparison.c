#include "study/comparison.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRID 1000 /* places at which two runs are compared */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct spread spread_of(double *values, unsigned count)
{
	if (count == 0)
		return (struct spread){0};
	qsort(values, count, sizeof(*values), by_value);
	return (struct spread){.median = count % 2 ? values[count / 2]
						   : (values[count / 2 - 1] + values[count / 2]) / 2,
			       .least = values[0],
			       .largest = values[count - 1]};
}

double progress_at(const struct measurement *run, double cycles)
{
	const struct progress *points = run->progress;
	unsigned i = 1;

	if (run->progress_count == 0)
		return 0;
	while (i < run->progress_count && (double)points[i].cycles < cycles)
		i++;
	if (i == run->progress_count)
		return points[i - 1].seconds;
	double width = (double)(points[i].cycles - points[i - 1].cycles);
	double part = width > 0 ? (cycles - (double)points[i - 1].cycles) / width : 1;
	return points[i - 1].seconds + (part > 0 ? part : 0) * (points[i].seconds - points[i - 1].seconds);
}

bool break_even(const struct measurement *run, const struct measurement *other, struct break_even *point)
{
	double total = (double)run->guest_cycles;

	if (progress_at(run, total) >= progress_at(other, total))
		return false;
	int at = GRID;
	while (at > 0 &&
	       progress_at(run, total * (at - 1) / GRID) < progress_at(other, total * (at - 1) / GRID))
		at--;
	point->cycles = total * at / GRID;
	point->seconds = progress_at(run, point->cycles);
	return true;
}

/* The speed over the second half of the guest's cycles: after start and most of the compiling. */
static double steady_mips(const struct measurement *run)
{
	double total = (double)run->guest_cycles;
	double seconds = progress_at(run, total) - progress_at(run, total / 2);

	return seconds > 0 ? total / 2 / seconds / 1e6 : 0;
}

static const char *differs(const struct measurement *a, const struct measurement *b)
{
	if (a->end != b->end)
		return "how the guest ended";
	if (a->guest_cycles != b->guest_cycles || a->digest.clock != b->digest.clock)
		return "cycles or the clock";
	if (a->digest.processors != b->digest.processors)
		return "the processors";
	if (a->digest.memory != b->digest.memory)
		return "memory";
	if (a->digest.devices != b->digest.devices)
		return "devices or disks";
	if (a->console_digest != b->console_digest || a->console_bytes != b->console_bytes)
		return "console output";
	return strcmp(a->figures, b->figures) == 0 ? NULL : "the figures at power-off";
}

/* Whether each line of our figures is in what another program wrote. */
static bool has_figures(const struct measurement *run, const char *figures)
{
	char line[256];

	for (; *figures; figures += strcspn(figures, "\n") + 1) {
		snprintf(line, sizeof(line), "%.*s\n", (int)strcspn(figures, "\n"), figures);
		if (!strstr(run->figures, line))
			return false;
	}
	return true;
}

/* The same of another program's run. */
static const char *external_differs(const struct measurement *ours, const struct measurement *run)
{
	if (ours->text_digest != run->text_digest)
		return "console output";
	return has_figures(run, ours->figures) ? NULL : "the figures at power-off";
}

/* The run whose wall time is closest to the median's from below. */
static const struct measurement *typical(const struct compared *compared)
{
	const struct measurement *best = NULL;

	for (unsigned i = 0; i < compared->count; i++) {
		const struct measurement *run = &compared->runs[i];

		if (run->ok && run->seconds <= compared->seconds.median &&
		    (!best || run->seconds > best->seconds))
			best = run;
	}
	return best;
}

enum figure {
	FIGURE_SECONDS,
	FIGURE_CPU,
	FIGURE_MIPS,
	FIGURE_STEADY,
	FIGURE_COMPILE
};

static double figure_of(const struct measurement *run, enum figure figure)
{
	switch (figure) {
	case FIGURE_SECONDS:
		return run->seconds;
	case FIGURE_CPU:
		return run->cpu_seconds;
	case FIGURE_MIPS:
		return run->seconds > 0 ? (double)run->guest_cycles / run->seconds / 1e6 : 0;
	case FIGURE_STEADY:
		return steady_mips(run);
	default:
		return (double)run->jit.compile_ns / 1e9;
	}
}

static struct spread spread_over(const struct compared *compared, enum figure figure)
{
	double values[COMPARISON_ROUNDS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < compared->count; i++)
		if (compared->runs[i].ok)
			values[count++] = figure_of(&compared->runs[i], figure);
	return spread_of(values, count);
}

bool compare_runs(struct compared *techniques, unsigned count)
{
	const struct measurement *first = NULL;
	bool same = true;

	for (unsigned i = 0; i < count; i++) {
		struct compared *compared = &techniques[i];

		for (unsigned n = 0; n < compared->count && compared->external && first; n++)
			if (!compared->external->native)
				compared->runs[n].guest_cycles = first->guest_cycles; /* it does not tell */
		compared->seconds = spread_over(compared, FIGURE_SECONDS);
		compared->cpu_seconds = spread_over(compared, FIGURE_CPU);
		compared->mips = spread_over(compared, FIGURE_MIPS);
		compared->steady_mips = spread_over(compared, FIGURE_STEADY);
		compared->compile_seconds = spread_over(compared, FIGURE_COMPILE);
		compared->typical = typical(compared);
		for (unsigned n = 0; n < compared->count && !compared->difference[0]; n++) {
			const struct measurement *run = &compared->runs[n];
			const char *what = NULL;

			if (!run->ok) {
				snprintf(compared->difference, sizeof(compared->difference), "%.150s",
					 run->problem);
				continue;
			}
			if (!first)
				first = run;
			if (!compared->external)
				what = differs(first, run);
			else if (!compared->external->native)
				what = external_differs(first, run);
			if (what)
				snprintf(compared->difference, sizeof(compared->difference),
					 "differs in %s from %s", what, techniques[0].name);
		}
		same &= !compared->difference[0];
	}
	return same;
}

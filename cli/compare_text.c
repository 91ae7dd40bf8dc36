/* The tables of `jit161 compare`, and what the other forms show, too. */
#include <inttypes.h>

#include "cli/compare.h"
#include "jit/llvm/backend.h"

double compare_code_bytes(const struct measurement *run)
{
	return (double)(run->jit.code_bytes + run->jit.stencil_code_bytes);
}

double compare_expansion(const struct measurement *run)
{
	double guest = 4 * (double)(run->jit.guest_instructions + run->jit.stencil_instructions);

	return guest > 0 ? compare_code_bytes(run) / guest : 0;
}

double compare_per_million(const struct measurement *run, uint64_t count)
{
	return run->guest_cycles ? (double)count * 1e6 / (double)run->guest_cycles : 0;
}

double compare_spent(const struct measurement *run, enum spent spent)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < SPENT_KINDS; i++)
		all += run->spent_ns[i];
	return all ? (double)run->spent_ns[spent] / (double)all : 0;
}

const char *compare_end(const struct measurement *run)
{
	switch (run->end) {
	case VM_POWERED_OFF:
		return "power-off";
	case VM_HUNG:
		return "hang";
	case VM_IDLE_FOREVER:
		return "idle for ever";
	case VM_LIMIT:
		return "limit";
	default:
		return "ended early";
	}
}

const struct compared *compare_base(const struct comparison *comparison)
{
	for (unsigned i = 0; i < comparison->count; i++)
		if (!comparison->techniques[i].external &&
		    comparison->techniques[i].technique.kind->engine == ENGINE_INTERP)
			return &comparison->techniques[i];
	return &comparison->techniques[0];
}

static const struct measurement *first_run(const struct comparison *comparison)
{
	for (unsigned i = 0; i < comparison->count; i++)
		if (comparison->techniques[i].typical)
			return comparison->techniques[i].typical;
	return NULL;
}

static double fastest(const struct comparison *comparison)
{
	double best = 0;

	for (unsigned i = 0; i < comparison->count; i++) {
		double seconds = comparison->techniques[i].seconds.median;

		if (comparison->techniques[i].typical && (best == 0 || seconds < best))
			best = seconds;
	}
	return best;
}

static void print_speed(const struct comparison *comparison, FILE *file)
{
	double best = fastest(comparison);

	fprintf(file, "  %-14s %9s %17s %6s %8s %8s %9s %9s\n", "", "wall s", "(least-largest)", "times",
		"CPU s", "MIPS", "2nd half", "compiling");
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];

		if (!compared->typical) {
			fprintf(file, "  %-14s %s\n", compared->name, compared->difference);
			continue;
		}
		fprintf(file, "  %-14s %9.3f %8.3f-%-8.3f %6.1f %8.3f %8.1f %9.1f %9.3f\n", compared->name,
			compared->seconds.median, compared->seconds.least, compared->seconds.largest,
			compared->seconds.median / best, compared->cpu_seconds.median, compared->mips.median,
			compared->steady_mips.median, compared->compile_seconds.median);
	}
}

static void print_code(const struct comparison *comparison, FILE *file)
{
	fprintf(file,
		"\n  %-14s %9s %9s   exits from translated code, and host traps, per million guest cycles\n",
		"translated", "code KiB", "expansion");
	fprintf(file, "  %-14s %9s %9s", "", "", "");
	for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
		fprintf(file, " %9s", jit_exit_names[i]);
	fprintf(file, " %9s\n", "traps");
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct measurement *run = comparison->techniques[i].typical;

		if (!run || !run->translates)
			continue;
		fprintf(file, "  %-14s %9.0f %9.1f", comparison->techniques[i].name,
			compare_code_bytes(run) / 1024, compare_expansion(run));
		for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++)
			fprintf(file, " %9.1f", compare_per_million(run, run->jit.exits[reason]));
		fprintf(file, " %9.1f\n", compare_per_million(run, run->jit.host_traps));
	}
}

static void print_time(const struct comparison *comparison, FILE *file)
{
	fprintf(file, "\n  %-14s", "% of the time");
	for (unsigned kind = 0; kind < SPENT_KINDS; kind++)
		fprintf(file, " %11s", spent_names[kind]);
	fprintf(file, "\n");
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct measurement *run = comparison->techniques[i].typical;

		if (!run || comparison->techniques[i].external)
			continue;
		fprintf(file, "  %-14s", comparison->techniques[i].name);
		for (unsigned kind = 0; kind < SPENT_KINDS; kind++)
			fprintf(file, " %11.1f", 100 * compare_spent(run, kind));
		fprintf(file, "\n");
	}
}

static void print_break_even(const struct comparison *comparison, FILE *file)
{
	const struct compared *base = compare_base(comparison);
	bool any = false;

	for (unsigned i = 0; base->typical && i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];
		struct break_even point;

		if (!compared->typical || !compared->typical->translates || compared == base)
			continue;
		if (!any)
			fprintf(file, "\n  Ahead of %s for good:\n", base->name);
		any = true;
		if (break_even(compared->typical, base->typical, &point))
			fprintf(file, "  %-14s from %.3g guest cycles on, after %.0f ms\n", compared->name,
				point.cycles, point.seconds * 1000);
		else
			fprintf(file, "  %-14s not within this run\n", compared->name);
	}
}

static void print_one(const struct comparison *comparison, FILE *file)
{
	const struct measurement *run = first_run(comparison);

	if (run)
		fprintf(file, "%s: %" PRIu64 " guest cycles, to %s; medians of %u round%s\n\n",
			comparison->title, run->guest_cycles, compare_end(run), comparison->rounds,
			comparison->rounds == 1 ? "" : "s");
	print_speed(comparison, file);
	if (run) {
		print_code(comparison, file);
		print_time(comparison, file);
		print_break_even(comparison, file);
	}
	if (comparison->same) {
		fprintf(file, "\n  All runs ended in the same state: processors, memory, devices, disks, "
			      "clock, console "
			      "output.\n");
		for (unsigned i = 0; i < comparison->count; i++)
			if (comparison->techniques[i].external && !comparison->techniques[i].external->native)
				fprintf(file, "  Of %s: console output and figures.\n",
					comparison->techniques[i].name);
		return;
	}
	fprintf(file, "\n  NOT all runs ended in the same state:\n");
	for (unsigned i = 0; i < comparison->count; i++)
		if (comparison->techniques[i].difference[0])
			fprintf(file, "    %s: %s\n", comparison->techniques[i].name,
				comparison->techniques[i].difference);
}

bool compare_times(const struct comparison *alone, unsigned number, struct compare_times *times)
{
	const struct compared *one = &alone->techniques[number], *other = &alone->under->techniques[number];

	if (!one->typical || !other->typical || is_native(one) || !one->typical->guest_cycles)
		return false;
	*times = (struct compare_times){
	    (double)other->typical->guest_cycles / (double)one->typical->guest_cycles,
	    other->seconds.median / one->seconds.median, other->cpu_seconds.median / one->cpu_seconds.median};
	return true;
}

void compare_print(const struct comparison *comparison, FILE *file)
{
	print_one(comparison, file);
	if (!comparison->under)
		return;
	fputc('\n', file);
	print_one(comparison->under, file);
	fprintf(file, "\n  Times as much as %s:\n  %-14s %14s %9s %9s\n", comparison->title, "",
		"guest cycles", "wall s", "CPU s");
	for (unsigned i = 0; i < comparison->count; i++) {
		struct compare_times times;

		if (compare_times(comparison, i, &times))
			fprintf(file, "  %-14s %14.2f %9.2f %9.2f\n", comparison->techniques[i].name,
				times.cycles, times.seconds, times.cpu_seconds);
	}
}

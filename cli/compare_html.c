/* `jit161 compare --html`. */

#include "cli/compare.h"
#include "cli/output_file.h"
#include "cli/page.h"
#include "cli/svg.h"
#include "jit/llvm/backend.h"

#define START_SHARE 0.02 /* of the fastest run's time: where the logarithmic axis starts */

static void paragraph(FILE *file, const char *class, const char *text)
{
	fprintf(file, "<p class=\"%s\">", class);
	html_text(file, text);
	fputs("</p>\n", file);
}

static void write_table(const struct comparison *comparison, FILE *file)
{
	fputs("<table><tr><th></th><th>wall s</th><th>least to largest</th><th>CPU s</th><th>guest MIPS</th>"
	      "<th>second half</th><th>compiling, CPU s</th><th>code KiB</th><th>expansion</th></tr>\n",
	      file);
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];
		const struct measurement *run = compared->typical;

		fputs("<tr><td title=\"", file);
		html_text(file, compared->title);
		fputs("\">", file);
		html_text(file, compared->name);
		fputs("</td>", file);
		if (!run) {
			fputs("<td colspan=\"8\" class=\"wrong\">", file);
			html_text(file, compared->difference);
			fputs("</td></tr>\n", file);
			continue;
		}
		fprintf(
		    file,
		    "<td>%.3f</td><td>%.3f to %.3f</td><td>%.3f</td><td>%.1f</td><td>%.1f</td><td>%.3f</td>",
		    compared->seconds.median, compared->seconds.least, compared->seconds.largest,
		    compared->cpu_seconds.median, compared->mips.median, compared->steady_mips.median,
		    compared->compile_seconds.median);
		if (run->translates)
			fprintf(file, "<td>%.0f</td><td>%.1f</td></tr>\n", compare_code_bytes(run) / 1024,
				compare_expansion(run));
		else
			fputs("<td>-</td><td>-</td></tr>\n", file);
	}
	fputs("</table>\n", file);
}

/* Progress of every technique's typical run, up to `seconds`; with logarithmic axes from `start` on. */
static void write_progress(const struct comparison *comparison, FILE *file, double start, double seconds)
{
	static struct svg_point points[COMPARE_TECHNIQUES_MAX][PROGRESS_MAX];
	struct svg_line lines[COMPARE_TECHNIQUES_MAX];
	struct svg_point marks[COMPARE_TECHNIQUES_MAX];
	const struct compared *base = compare_base(comparison);
	char mark_title[80];
	struct svg_axis x = {"seconds since the process began", start, seconds, start > 0};
	struct svg_axis y = {"million guest cycles", 0, 1e-6, start > 0};
	struct break_even even;
	unsigned count = 0;

	snprintf(mark_title, sizeof(mark_title), "break-even with %s", base->name);
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct measurement *run = comparison->techniques[i].typical;

		if (!run || comparison->techniques[i].external)
			continue;
		for (unsigned n = 0; n < run->progress_count; n++)
			points[count][n] = (struct svg_point){run->progress[n].seconds,
							      (double)run->progress[n].cycles / 1e6};
		if ((double)run->guest_cycles / 1e6 > y.high)
			y.high = (double)run->guest_cycles / 1e6;
		lines[count] = (struct svg_line){.name = comparison->techniques[i].name,
						 .colour = i,
						 .count = run->progress_count,
						 .points = points[count]};
		if (run->translates && base->typical && run != base->typical &&
		    break_even(run, base->typical, &even)) {
			marks[count] = (struct svg_point){even.seconds, even.cycles / 1e6};
			lines[count].mark = &marks[count];
			lines[count].mark_title = mark_title;
		}
		count++;
	}
	if (y.logarithmic)
		y.low = y.high / 10000;
	svg_lines(file, &x, &y, lines, count);
}

static void write_time(const struct comparison *comparison, FILE *file)
{
	double parts[COMPARE_TECHNIQUES_MAX][SPENT_KINDS + 1];
	const char *titles[SPENT_KINDS + 1];
	struct svg_bar bars[COMPARE_TECHNIQUES_MAX];
	unsigned count = 0;
	double all, compiling;

	for (unsigned kind = 0; kind < SPENT_KINDS; kind++)
		titles[kind] = spent_titles[kind];
	titles[SPENT_KINDS] = "compiling (second tier, beside)";
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct measurement *run = comparison->techniques[i].typical;

		if (!run || comparison->techniques[i].external)
			continue;
		compiling = (double)run->jit.compile_ns;
		all = compiling;
		for (unsigned kind = 0; kind < SPENT_KINDS; kind++)
			all += (double)run->spent_ns[kind];
		for (unsigned kind = 0; kind < SPENT_KINDS && all > 0; kind++)
			parts[count][kind] = 100 * (double)run->spent_ns[kind] / all;
		parts[count][SPENT_KINDS] = all > 0 ? 100 * compiling / all : 0;
		bars[count] = (struct svg_bar){comparison->techniques[i].name, parts[count]};
		count++;
	}
	svg_bars(file, bars, count, titles, SPENT_KINDS + 1, " %");
}

static void write_exits(const struct comparison *comparison, FILE *file)
{
	const char *names[EXIT_REASON_COUNT + 1];
	double parts[COMPARE_TECHNIQUES_MAX][EXIT_REASON_COUNT + 1];
	struct svg_bar bars[COMPARE_TECHNIQUES_MAX];
	unsigned count = 0;

	for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++)
		names[reason] = jit_exit_names[reason];
	names[EXIT_REASON_COUNT] = "host traps";
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct measurement *run = comparison->techniques[i].typical;

		if (!run || !run->translates)
			continue;
		for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++)
			parts[count][reason] = compare_per_million(run, run->jit.exits[reason]);
		parts[count][EXIT_REASON_COUNT] = compare_per_million(run, run->jit.host_traps);
		bars[count] = (struct svg_bar){comparison->techniques[i].name, parts[count]};
		count++;
	}
	if (count)
		svg_bars(file, bars, count, names, EXIT_REASON_COUNT + 1, "");
	else
		paragraph(file, "", "None of the techniques translates.");
}

static void write_break_even(const struct comparison *comparison, FILE *file)
{
	const struct compared *base = compare_base(comparison);

	fputs("<ul>\n", file);
	for (unsigned i = 0; base->typical && i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];
		struct break_even point;

		if (!compared->typical || !compared->typical->translates || compared == base)
			continue;
		fputs("<li>", file);
		html_text(file, compared->name);
		if (break_even(compared->typical, base->typical, &point))
			fprintf(file,
				": ahead of %s for good from %.3g guest cycles on, after %.0f ms</li>\n",
				base->name, point.cycles, point.seconds * 1000);
		else
			fprintf(file, ": not ahead of %s for good within this run</li>\n", base->name);
	}
	fputs("</ul>\n", file);
}

static void write_state(const struct comparison *comparison, FILE *file)
{
	if (comparison->same) {
		paragraph(
		    file, "",
		    "All runs ended in the same state: processors, memory, devices, disks, clock, console "
		    "output.");
		return;
	}
	paragraph(file, "wrong", "Not all runs ended in the same state.");
	for (unsigned i = 0; i < comparison->count; i++)
		if (comparison->techniques[i].difference[0]) {
			paragraph(file, "wrong", comparison->techniques[i].name);
			paragraph(file, "", comparison->techniques[i].difference);
		}
}

/* How many times as much each technique takes under the monitor. */
static void write_times(const struct comparison *comparison, FILE *file)
{
	static const char *const parts[] = {"guest cycles", "wall time", "CPU time"};
	enum {
		PARTS = sizeof(parts) / sizeof(parts[0])
	};
	const char *rows[COMPARE_TECHNIQUES_MAX];
	struct svg_dot dots[COMPARE_TECHNIQUES_MAX * PARTS];
	struct svg_axis axis = {"times as much as alone", 1, 10, true};
	unsigned count = 0;

	fputs("<table><tr><th></th><th>guest cycles</th><th>wall s</th><th>CPU s</th></tr>\n", file);
	for (unsigned i = 0; i < comparison->count; i++) {
		struct compare_times times;

		if (!compare_times(comparison, i, &times))
			continue;
		fputs("<tr><td>", file);
		html_text(file, comparison->techniques[i].name);
		fprintf(file, "</td><td>%.2f</td><td>%.2f</td><td>%.2f</td></tr>\n", times.cycles,
			times.seconds, times.cpu_seconds);
		for (unsigned part = 0; part < PARTS; part++) {
			double value = (double[]){times.cycles, times.seconds, times.cpu_seconds}[part];

			dots[count * PARTS + part] = (struct svg_dot){count, part, value, value, value};
			while (value > axis.high)
				axis.high *= 10;
			while (value < axis.low && value > 0)
				axis.low /= 10;
		}
		rows[count++] = comparison->techniques[i].name;
	}
	fputs("</table>\n", file);
	if (count)
		svg_dots(file, comparison->under->title, &axis, rows, count, parts, PARTS, dots,
			 count * PARTS);
}

static void write_guest(const struct comparison *comparison, FILE *file)
{
	double fastest = 0, slowest = 0;

	for (unsigned i = 0; i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];

		if (!compared->typical)
			continue;
		if (fastest == 0 || compared->typical->seconds < fastest)
			fastest = compared->typical->seconds;
		if (compared->typical->seconds > slowest)
			slowest = compared->typical->seconds;
	}
	write_state(comparison, file);
	fprintf(file, "<p>Medians of %u round%s.</p>\n", comparison->rounds,
		comparison->rounds == 1 ? "" : "s");
	write_table(comparison, file);
	if (slowest == 0)
		return;
	fputs("<h2>Progress</h2>\n<p>A ring is where a technique gets ahead for good.</p>\n", file);
	write_progress(comparison, file, 0, fastest * 3 < slowest ? fastest * 3 : slowest);
	fputs("<h2>Start-up and steady state: the same, logarithmic</h2>\n", file);
	write_progress(comparison, file, fastest * START_SHARE, slowest);
	fputs("<h2>Break-even</h2>\n", file);
	write_break_even(comparison, file);
	fputs("<h2>Where CPU time goes</h2>\n", file);
	write_time(comparison, file);
	fputs("<h2>Exits from translated code, per million guest cycles</h2>\n", file);
	write_exits(comparison, file);
}

static void write_page(const struct comparison *comparison, FILE *file)
{
	char title[440];

	snprintf(title, sizeof(title), "%.400s: one guest, %u techniques", comparison->title,
		 comparison->count);
	page_start(file, title);
	write_guest(comparison, file);
	if (comparison->under) {
		fputs("<h1>Under a monitor: ", file);
		html_text(file, comparison->under->title);
		fputs("</h1>\n", file);
		write_times(comparison, file);
		write_guest(comparison->under, file);
	}
	page_end(file);
}

bool compare_write_html(const struct comparison *comparison, const char *path, struct error *error)
{
	struct output_file output;
	FILE *file = output_file_create(&output, path);

	if (file)
		write_page(comparison, file);
	return output_file_close(&output, "html", error);
}

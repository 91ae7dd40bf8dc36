/* `jit161 costs --svg` and `--html`. */
#include <math.h>

#include "cli/costs.h"
#include "cli/output_file.h"
#include "cli/page.h"
#include "cli/svg.h"

#define LEAST_NS 0.1 /* where the axis begins: less is nothing */

static void plot_table(const struct cost_report *report, const struct cost_table *table, FILE *file)
{
	struct svg_dot dots[COSTS_TECHNIQUES_MAX * COST_OPERATIONS_MAX];
	const char *names[COST_OPERATIONS_MAX], *techniques[COSTS_TECHNIQUES_MAX];
	struct svg_axis axis = {"ns for one operation", LEAST_NS, 10, true};
	unsigned count = 0;

	for (unsigned n = 0; n < report->technique_count; n++) {
		techniques[n] = report->techniques[n].name;
		for (unsigned i = 0; i < table->count; i++) {
			const struct cost *cost = &table->costs[n][i];

			names[i] = table->operations[i].name;
			if (!cost->ok)
				continue;
			dots[count++] = (struct svg_dot){i, n, cost->ns.median, cost->ns.low, cost->ns.high};
			while (cost->ns.high > axis.high)
				axis.high *= 10;
		}
	}
	svg_dots(file, cost_machine_titles[table->machine], &axis, names, table->count, techniques,
		 report->technique_count, dots, count);
}

static void write_table(const struct cost_report *report, const struct cost_table *table, FILE *file)
{
	fputs("<table><tr><th></th>", file);
	for (unsigned n = 0; n < report->technique_count; n++) {
		fputs("<th>", file);
		html_text(file, report->techniques[n].name);
		fputs("</th>", file);
	}
	fputs("</tr>\n", file);
	for (unsigned i = 0; i < table->count; i++) {
		fputs("<tr><td title=\"", file);
		html_text(file, table->operations[i].title);
		fputs("\">", file);
		html_text(file, table->operations[i].name);
		fputs("</td>", file);
		for (unsigned n = 0; n < report->technique_count; n++) {
			const struct cost *cost = &table->costs[n][i];

			if (cost->ok)
				fprintf(file, "<td title=\"%.2f to %.2f\">%.1f</td>", cost->ns.low,
					cost->ns.high, cost->ns.median);
			else
				fputs("<td class=\"wrong\">failed</td>", file);
		}
		fputs("</tr>\n", file);
	}
	fputs("</table>\n", file);
}

static void write_page(const struct cost_report *report, FILE *file)
{
	page_start(file, "What sensitive operations cost");
	fprintf(
	    file,
	    "<p>Nanoseconds for one operation: the difference of a loop with it and a loop without it. "
	    "Medians of %u measurements; bars, and what a pointer shows, are intervals of 95 %% confidence. "
	    "</p>\n",
	    report->rounds);
	for (unsigned i = 0; i < COST_MACHINES; i++) {
		if (!report->tables[i].count)
			continue;
		fprintf(file, "<h2>%s</h2>\n", cost_machine_titles[i]);
		plot_table(report, &report->tables[i], file);
		write_table(report, &report->tables[i], file);
	}
	page_end(file);
}

/* One picture has one root: the machines' plots below each other would need offsets, so each has its own element in it. */
static void write_picture(const struct cost_report *report, FILE *file)
{
	unsigned height = 0, y = 0;

	for (unsigned i = 0; i < COST_MACHINES; i++)
		if (report->tables[i].count)
			height += svg_dots_height(report->tables[i].count);
	svg_file_start(file, height);
	for (unsigned i = 0; i < COST_MACHINES; i++) {
		if (!report->tables[i].count)
			continue;
		fprintf(file, "<g transform=\"translate(0 %u)\">\n", y);
		plot_table(report, &report->tables[i], file);
		fputs("</g>\n", file);
		y += svg_dots_height(report->tables[i].count);
	}
	fputs("</svg>\n", file);
}

bool costs_write_plot(const struct cost_report *report, const char *path, bool page, struct error *error)
{
	struct output_file output;
	FILE *file = output_file_create(&output, path);

	if (file && page)
		write_page(report, file);
	else if (file)
		write_picture(report, file);
	return output_file_close(&output, page ? "html" : "svg", error);
}

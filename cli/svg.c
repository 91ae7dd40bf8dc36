#include "cli/svg.h"

#include <math.h>
#include <string.h>

#define WIDTH	   960
#define HEIGHT	   420
#define LEFT	   90
#define RIGHT	   150 /* room for the lines' names */
#define TOP	   20
#define BOTTOM	   60
#define BAR	   26
#define BAR_PITCH  38
#define NAME_WIDTH 130
#define LEGEND	   24
#define DOT_PITCH  24 /* between rows of dots */
#define DOTS_TOP   76 /* heading and legend above them */
#define DOTS_LEFT  190
#define DOTS_RIGHT 30

void html_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

/* Okabe and Ito's colours, which can be told apart by everyone, and two more. */
const char *svg_colour(unsigned number)
{
	static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
					      "#56b4e9", "#7a5195", "#888888", "#b0a000"};

	return colours[number % (sizeof(colours) / sizeof(colours[0]))];
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* The common logarithm, digit by digit; as fine as a plot can show. The mathematical library has a better one, but to be loaded
 * for it at every start of every program it is too large. */
static double decades(double number)
{
	double result = 0;

	if (!(number > 0 && number < 1e300))
		return 0; /* no place on an axis */
	for (double digit = 1; digit > 1e-6; digit /= 10) {
		for (; number >= 10; number /= 10)
			result += digit;
		for (; number < 1; number *= 10)
			result -= digit;
		double square = number * number, fourth = square * square;
		number = fourth * fourth * square;
	}
	return result;
}

/* The smallest power of ten that is no less than `number`, which may have been one before it was rounded. */
static double power_of_ten(double number)
{
	double power = 1;

	for (; power * 10 <= number * 1.000001; power *= 10)
		;
	for (; power * 0.999999 > number; power /= 10)
		;
	return power * 1.000001 < number ? power * 10 : power;
}

static double place(const struct svg_axis *axis, double value)
{
	if (!axis->logarithmic)
		return (value - axis->low) / (axis->high - axis->low);
	return decades(value / axis->low) / decades(axis->high / axis->low);
}

static double plot_x(const struct svg_axis *axis, double value)
{
	return LEFT + place(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double plot_y(const struct svg_axis *axis, double value)
{
	return HEIGHT - BOTTOM - place(axis, value) * (HEIGHT - TOP - BOTTOM);
}

/* The distance between ticks: 1, 2 or 5 times a power of ten, some five of them. */
static double tick_step(const struct svg_axis *axis)
{
	double rough = (axis->high - axis->low) / 5, power = power_of_ten(rough) / 10;
	double step = rough / power;

	return (step < 1.5 ? 1 : step < 3.5 ? 2 : step < 7.5 ? 5 : 10) * power;
}

static void tick(FILE *file, const struct svg_axis *axis, double value, bool horizontal)
{
	if (horizontal) {
		double x = plot_x(axis, value);

		fprintf(file, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", x, x, TOP,
			HEIGHT - BOTTOM);
		fprintf(file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", x,
			HEIGHT - BOTTOM + 20, value);
	} else {
		double y = plot_y(axis, value);

		fprintf(file, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
			WIDTH - RIGHT, y, y);
		fprintf(file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 8, y + 5,
			value);
	}
}

static void draw_axis(FILE *file, const struct svg_axis *axis, bool horizontal)
{
	if (axis->logarithmic) {
		for (double value = power_of_ten(axis->low); value <= axis->high * 1.0001; value *= 10)
			tick(file, axis, value, horizontal);
	} else {
		double step = tick_step(axis);

		for (double n = ceil(axis->low / step - 1e-9); n * step <= axis->high + step * 1e-6; n++)
			tick(file, axis, n * step + 0.0, horizontal);
	}
	if (horizontal)
		fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
			HEIGHT - 12);
	else
		fprintf(file, "<text transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">",
			(TOP + HEIGHT - BOTTOM) / 2);
	html_text(file, axis->label);
	fputs("</text>\n", file);
}

static bool inside(const struct svg_axis *x, const struct svg_axis *y, const struct svg_point *point)
{
	return point->x >= x->low && point->x <= x->high && point->y >= y->low && point->y <= y->high;
}

void svg_lines(FILE *file, const struct svg_axis *x, const struct svg_axis *y, const struct svg_line *lines,
	       unsigned count)
{
	fprintf(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
	draw_axis(file, x, true);
	draw_axis(file, y, false);
	for (unsigned i = 0; i < count; i++) {
		const char *colour = svg_colour(lines[i].colour);

		fprintf(file, "<g><title>");
		html_text(file, lines[i].name);
		fprintf(file, "</title><polyline fill=\"none\" stroke=\"%s\" stroke-width=\"3\" points=\"",
			colour);
		for (unsigned n = 0; n < lines[i].count; n++)
			if (inside(x, y, &lines[i].points[n]))
				fprintf(file, "%.1f,%.1f ", plot_x(x, lines[i].points[n].x),
					plot_y(y, lines[i].points[n].y));
		fprintf(file,
			"\"/>\n<rect x=\"%d\" y=\"%u\" width=\"14\" height=\"14\" fill=\"%s\"/><text "
			"x=\"%d\" y=\"%u\">",
			WIDTH - RIGHT + 14, TOP + i * LEGEND, colour, WIDTH - RIGHT + 34,
			TOP + 12 + i * LEGEND);
		html_text(file, lines[i].name);
		fputs("</text>", file);
		if (lines[i].mark && inside(x, y, lines[i].mark)) {
			fprintf(file,
				"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"7\" fill=\"none\" stroke=\"%s\" "
				"stroke-width=\"3\"><title>",
				plot_x(x, lines[i].mark->x), plot_y(y, lines[i].mark->y), colour);
			html_text(file, lines[i].mark_title);
			fputs("</title></circle>", file);
		}
		fputs("</g>\n", file);
	}
	fputs("</svg>\n", file);
}

static double sum(const struct svg_bar *bar, unsigned parts)
{
	double all = 0;

	for (unsigned i = 0; i < parts; i++)
		all += bar->parts[i];
	return all;
}

static void draw_bar(FILE *file, const struct svg_bar *bar, unsigned y, double scale,
		     const char *const *parts, unsigned part_count, const char *unit)
{
	double x = NAME_WIDTH;

	fprintf(file, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", NAME_WIDTH - 8, y + BAR - 7);
	html_text(file, bar->name);
	fputs("</text>\n", file);
	for (unsigned i = 0; i < part_count; i++) {
		double width = bar->parts[i] * scale;

		if (bar->parts[i] <= 0)
			continue;
		fprintf(file, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>", x,
			y, width, BAR, svg_colour(i));
		html_text(file, bar->name);
		fputs(": ", file);
		html_text(file, parts[i]);
		fprintf(file, " %.4g%s</title></rect>\n", bar->parts[i], unit);
		x += width;
	}
	fprintf(file, "<text x=\"%.1f\" y=\"%u\">%.4g%s</text>\n", x + 6, y + BAR - 7, sum(bar, part_count),
		unit);
}

void svg_bars(FILE *file, const struct svg_bar *bars, unsigned count, const char *const *parts,
	      unsigned part_count, const char *unit)
{
	unsigned columns = 3, rows = (part_count + columns - 1) / columns;
	unsigned height = count * BAR_PITCH + 20 + rows * LEGEND;
	double most = 0;

	for (unsigned i = 0; i < count; i++)
		most = larger(most, sum(&bars[i], part_count));
	fprintf(file, "<svg viewBox=\"0 0 %d %u\" role=\"img\">\n", WIDTH, height);
	for (unsigned i = 0; i < count; i++)
		draw_bar(file, &bars[i], i * BAR_PITCH + 6, most > 0 ? (WIDTH - NAME_WIDTH - 110) / most : 0,
			 parts, part_count, unit);
	for (unsigned i = 0; i < part_count; i++) {
		unsigned x = NAME_WIDTH + i % columns * 275,
			 y = count * BAR_PITCH + 16 + i / columns * LEGEND;

		fprintf(file,
			"<rect x=\"%u\" y=\"%u\" width=\"14\" height=\"14\" fill=\"%s\"/><text x=\"%u\" "
			"y=\"%u\">",
			x, y, svg_colour(i), x + 20, y + 12);
		html_text(file, parts[i]);
		fputs("</text>\n", file);
	}
	fputs("</svg>\n", file);
}

unsigned svg_dots_height(unsigned row_count)
{
	return DOTS_TOP + row_count * DOT_PITCH + BOTTOM;
}

static double dot_x(const struct svg_axis *axis, double value)
{
	return DOTS_LEFT + place(axis, larger(value, axis->low)) * (WIDTH - DOTS_LEFT - DOTS_RIGHT);
}

static void draw_dots_axis(FILE *file, const struct svg_axis *axis, unsigned bottom)
{
	for (double value = axis->low; value <= axis->high * 1.0001; value *= 10) {
		double x = dot_x(axis, value);

		fprintf(file,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%u\"/><text x=\"%.1f\" "
			"y=\"%u\" text-anchor=\"middle\">%g</text>\n",
			x, x, DOTS_TOP - 6, bottom, x, bottom + 20, value);
	}
	fprintf(file, "<text x=\"%d\" y=\"%u\" text-anchor=\"middle\">", (DOTS_LEFT + WIDTH - DOTS_RIGHT) / 2,
		bottom + 42);
	html_text(file, axis->label);
	fputs("</text>\n", file);
}

static void draw_dot(FILE *file, const struct svg_axis *axis, const struct svg_dot *dot, const char *row,
		     const char *part)
{
	const char *colour = svg_colour(dot->part);
	unsigned y = DOTS_TOP + dot->row * DOT_PITCH + DOT_PITCH / 2;

	fprintf(file, "<g stroke=\"%s\" fill=\"%s\"><title>", colour, colour);
	html_text(file, row);
	fputs(", ", file);
	html_text(file, part);
	fprintf(file,
		": %.4g (%.4g to %.4g)</title><line x1=\"%.1f\" x2=\"%.1f\" y1=\"%u\" y2=\"%u\" "
		"stroke-width=\"2\"/><circle cx=\"%.1f\" cy=\"%u\" r=\"5\" fill-opacity=\"0.7\"/></g>\n",
		dot->value, dot->low, dot->high, dot_x(axis, dot->low), dot_x(axis, dot->high), y, y,
		dot_x(axis, dot->value), y);
}

void svg_dots(FILE *file, const char *heading, const struct svg_axis *axis, const char *const *rows,
	      unsigned row_count, const char *const *parts, unsigned part_count, const struct svg_dot *dots,
	      unsigned count)
{
	unsigned height = svg_dots_height(row_count), columns = (part_count + 1) / 2;

	fprintf(file, "<svg viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\">\n", WIDTH, height,
		WIDTH, height);
	fprintf(file, "<text x=\"8\" y=\"18\" font-weight=\"bold\">");
	html_text(file, heading);
	fputs("</text>\n", file);
	for (unsigned i = 0; i < part_count; i++) {
		unsigned x = DOTS_LEFT + i % columns * ((WIDTH - DOTS_LEFT) / columns),
			 y = 26 + i / columns * 20;

		fprintf(file, "<circle cx=\"%u\" cy=\"%u\" r=\"5\" fill=\"%s\"/><text x=\"%u\" y=\"%u\">", x,
			y + 7, svg_colour(i), x + 12, y + 12);
		html_text(file, parts[i]);
		fputs("</text>\n", file);
	}
	draw_dots_axis(file, axis, DOTS_TOP + row_count * DOT_PITCH);
	for (unsigned i = 0; i < row_count; i++) {
		fprintf(file, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", DOTS_LEFT - 12,
			DOTS_TOP + i * DOT_PITCH + DOT_PITCH / 2 + 5);
		html_text(file, rows[i]);
		fputs("</text>\n", file);
	}
	for (unsigned i = 0; i < count; i++)
		draw_dot(file, axis, &dots[i], rows[dots[i].row], parts[dots[i].part]);
	fputs("</svg>\n", file);
}

void svg_file_start(FILE *file, unsigned height)
{
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" "
		"font-family=\"sans-serif\" font-size=\"15\">\n<style>.grid { stroke: #8884; }</style>\n"
		"<rect width=\"%d\" height=\"%u\" fill=\"#fff\"/>\n",
		WIDTH, height, WIDTH, height, WIDTH, height);
}

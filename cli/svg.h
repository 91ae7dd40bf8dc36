/* Plots as SVG, written straight into a page: lines over two axes, and stacked bars. No scripts: what a pointer shows are
 * <title> elements. */
#ifndef JIT161_CLI_SVG_H
#define JIT161_CLI_SVG_H

#include <stdbool.h>
#include <stdio.h>

/* Text with what HTML and SVG take for markup escaped. */
void html_text(FILE *file, const char *text);

/* The colour of the n-th series; they begin anew after some. A constant string. */
const char *svg_colour(unsigned number);

struct svg_axis {
	const char *label;
	double low, high; /* low < high; logarithmic: both above 0 */
	bool logarithmic;
};

struct svg_point {
	double x, y;
};

struct svg_line {
	const char *name;
	unsigned colour, count;
	const struct svg_point *points; /* what lies outside the axes is cut off */
	const struct svg_point *mark;	/* NULL: none */
	const char *mark_title;
};

/* Width 960. */
void svg_lines(FILE *file, const struct svg_axis *x, const struct svg_axis *y, const struct svg_line *lines,
	       unsigned count);

struct svg_bar {
	const char *name;
	const double *parts; /* one for each part's name */
};

/* Horizontal bars of stacked parts, with a legend. `unit` follows the numbers. */
void svg_bars(FILE *file, const struct svg_bar *bars, unsigned count, const char *const *parts,
	      unsigned part_count, const char *unit);

/* A dot for a part of a row, and the interval it may lie in. */
struct svg_dot {
	unsigned row, part;
	double value, low, high;
};

/* A row for each name, dots in it by the axis, which is logarithmic: what is below its low end is drawn there. With a heading, and
 * a legend of the parts. */
void svg_dots(FILE *file, const char *heading, const struct svg_axis *axis, const char *const *rows,
	      unsigned row_count, const char *const *parts, unsigned part_count, const struct svg_dot *dots,
	      unsigned count);
/* How high that is. */
unsigned svg_dots_height(unsigned row_count);

/* The start of a file with one picture of this height; "</svg>" ends it. */
void svg_file_start(FILE *file, unsigned height);

#endif

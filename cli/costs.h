/* Shared by the files of `jit161 costs`: costs.c (options and measurements), costs_report.c (table and JSON), costs_plot.c. */
#ifndef JIT161_CLI_COSTS_H
#define JIT161_CLI_COSTS_H

#include <stdio.h>

#include "runtime/core/error.h"
#include "study/costs.h"

#define COSTS_TECHNIQUES_MAX 12

/* One machine's. */
struct cost_table {
	enum cost_machine machine;
	unsigned count; /* 0: not asked for */
	struct cost_operation operations[COST_OPERATIONS_MAX];
	struct cost costs[COSTS_TECHNIQUES_MAX][COST_OPERATIONS_MAX];
	bool differs[COSTS_TECHNIQUES_MAX]
		    [COST_OPERATIONS_MAX]; /* from the first technique's state after the same cycles */
};

struct cost_report {
	unsigned technique_count, rounds;
	double seconds;
	struct technique techniques[COSTS_TECHNIQUES_MAX];
	struct host_counter counter;
	bool steps; /* the host's instructions are counted by single steps, as there is no such counter */
	bool same;  /* nothing failed, and all techniques ended in the same states */
	struct cost_table tables[COST_MACHINES];
};

void costs_print(const struct cost_report *report, FILE *file);
bool costs_write_json(const struct cost_report *report, const char *path, struct error *error);
/* An SVG file, or a page with plots and tables if `page`. No scripts, no network. */
bool costs_write_plot(const struct cost_report *report, const char *path, bool page, struct error *error);

#endif

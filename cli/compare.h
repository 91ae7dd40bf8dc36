/* Shared by the files of `jit161 compare`: compare.c (options and runs), compare_text.c, compare_json.c, compare_html.c. */
#ifndef JIT161_CLI_COMPARE_H
#define JIT161_CLI_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "runtime/core/error.h"
#include "study/comparison.h"

#define COMPARE_TECHNIQUES_MAX 16

struct comparison {
	const char *title; /* the guest, as on the command line */
	unsigned rounds, count;
	bool same; /* all ended in the same state */
	struct compared techniques[COMPARE_TECHNIQUES_MAX];
	/* The same techniques in the same order, with the guest under a monitor (--monitor); NULL: not asked for. */
	const struct comparison *under;
};

/* How many times as much a technique takes with the monitor. */
struct compare_times {
	double cycles, seconds, cpu_seconds;
};
/* False: there is no such figure. */
bool compare_times(const struct comparison *comparison, unsigned technique, struct compare_times *times);

/* What the pages and tables show of one run. */
double
compare_expansion(const struct measurement *run); /* bytes of host code for one of guest code; 0: none */
double compare_code_bytes(const struct measurement *run);
double compare_per_million(const struct measurement *run, uint64_t count); /* guest cycles */
double compare_spent(const struct measurement *run,
		     enum spent spent);			/* share of the machine thread's time */
const char *compare_end(const struct measurement *run); /* "power-off", "limit", ... */
/* The technique that break-even is about: the first interpreter but the plain one, else the first technique. */
const struct compared *compare_base(const struct comparison *comparison);

void compare_print(const struct comparison *comparison, FILE *file);
bool compare_write_json(const struct comparison *comparison, const char *path, struct error *error);
/* One page that needs nothing else: no scripts, no network. */
bool compare_write_html(const struct comparison *comparison, const char *path, struct error *error);

#endif

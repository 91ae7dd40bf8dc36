/* What many measurements say: medians and spreads, which techniques ended in another state, and from where on one is ahead of
 * another. */
#ifndef JIT161_STUDY_COMPARISON_H
#define JIT161_STUDY_COMPARISON_H

#include "study/external.h"
#include "study/measure.h"

#define COMPARISON_ROUNDS_MAX 101

/* Of one figure over all rounds. */
struct spread {
	double median, least, largest;
};
struct spread spread_of(double *values, unsigned count); /* sorts them; all 0 if there are none */

struct compared {
	const char *name, *title;
	struct technique technique;	 /* of ours; */
	const struct external *external; /* else another program. Only its output and figures are compared */
	unsigned count;			 /* rounds measured so far */
	struct measurement *runs;	 /* one for each round */
	const struct measurement *typical; /* the run with the median wall time; NULL: none ended */
	struct spread seconds, cpu_seconds, mips, steady_mips, compile_seconds;
	char difference
	    [160]; /* to the first technique, or from round to round; empty: none. Or why a run failed */
};

static inline bool is_native(const struct compared *compared)
{
	return compared->external && compared->external->native;
}

/* Fills what derives from the runs, for all techniques. True if all runs of all techniques ended in the same state. */
bool compare_runs(struct compared *techniques, unsigned count);

/* When a guest cycle was executed: interpolated; seconds since the process began. */
double progress_at(const struct measurement *run, double cycles);

/* From where on `run` is ahead of `other` for good, in guest cycles and seconds. False: never. Both ran the same guest. */
struct break_even {
	double cycles, seconds;
};
bool break_even(const struct measurement *run, const struct measurement *other, struct break_even *point);

#endif

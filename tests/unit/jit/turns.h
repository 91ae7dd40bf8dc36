/* A schedule (jit/schedule.h) that lets one thread run at a time: the machine's, or one that a seed chose, up to its next
 * step. So a run with compile threads is as repeatable as one without. And it counts what happened to the machine while a
 * thread was held at a step, since that is what schedules are forced for. */
#ifndef JIT161_TESTS_UNIT_JIT_TURNS_H
#define JIT161_TESTS_UNIT_JIT_TURNS_H

#include <stdint.h>

#include "jit/jit_internal.h"
#include "jit/schedule.h"
#include "tests/fuzz/fuzz.h"

enum happening {
	HAPPENED_NOTHING,
	HAPPENED_OVERWRITTEN, /* bytes of code that is installed, linked or requested */
	HAPPENED_STALE,	      /* bytes of a region that a compile thread is at */
	HAPPENED_EVICTED,
	HAPPENED_ADOPTED, /* another place got the code of equal bytes */
	HAPPENED_LOADED,  /* a kept region */
	HAPPENED_FLUSHED,
	HAPPENED_RESTORED, /* from a snapshot */
	HAPPENED_SPLIT,	   /* for a debugger */
	HAPPENED_KEPT,	   /* what there is was written down */
	HAPPENED_ENDED,	   /* the machine */
	HAPPENINGS
};
extern const char *const happening_names[HAPPENINGS];

struct turns;
struct turns *turns_new(uint64_t seed);
void turns_free(struct turns *turns);
struct compile_schedule *turns_schedule(struct turns *turns);
/* The machine whose counters are looked at; from vm_new on. */
void turns_watch(struct turns *turns, const struct jit *jit);
/* Something is being done to the machine between runs. */
void turns_happens(struct turns *turns, enum happening what);
/* How often each of these happened while a thread was held at each step; adds to them. */
void turns_count(const struct turns *turns, uint64_t counts[HAPPENINGS][COMPILE_STEPS]);

#endif

#include "turns.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_HELD 8
#define HOLDING	 12 /* a thread with work goes on one time of so many */

const char *const happening_names[HAPPENINGS] = {"nothing",  "overwritten", "stale",   "evicted",
						 "adopted",  "loaded",	    "flushed", "restored",
						 "split up", "kept",	    "ended"};

struct held {
	enum compile_step step;
	bool goes_on;
};

struct turns {
	struct compile_schedule schedule;
	struct chooser chooser;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct held *held[MAX_HELD]; /* the threads at a step, in the order they came */
	unsigned held_count;
	bool open;
	const struct jit *jit;
	struct jit_statistics before;
	unsigned stale_before;
	uint64_t counts[HAPPENINGS][COMPILE_STEPS];
};

static void reach(void *context, enum compile_step step)
{
	struct turns *turns = context;
	struct held own = {.step = step};

	pthread_mutex_lock(&turns->lock);
	if (!turns->open) {
		turns->held[turns->held_count++] = &own;
		pthread_cond_broadcast(&turns->changed);
		while (!own.goes_on)
			pthread_cond_wait(&turns->changed, &turns->lock);
	}
	pthread_mutex_unlock(&turns->lock);
}

/* With the lock. */
static void let_go(struct turns *turns, unsigned number)
{
	turns->held[number]->goes_on = true;
	turns->held_count--;
	for (unsigned i = number; i < turns->held_count; i++)
		turns->held[i] = turns->held[i + 1];
	pthread_cond_broadcast(&turns->changed);
}

/* With the lock. */
static void count(struct turns *turns, enum happening what)
{
	for (unsigned i = 0; i < turns->held_count; i++)
		turns->counts[what][turns->held[i]->step]++;
}

/* What the machine did since the last time, while the same threads were held. */
static void look(struct turns *turns)
{
	const struct jit_statistics *now = &turns->jit->statistics, *before = &turns->before;
	unsigned stale = 0;

	for (const struct region *region = turns->jit->pending; region; region = region->next)
		stale += region->stale;
	if (now->invalidated != before->invalidated)
		count(turns, HAPPENED_OVERWRITTEN);
	if (stale > turns->stale_before)
		count(turns, HAPPENED_STALE);
	if (now->evictions != before->evictions)
		count(turns, HAPPENED_EVICTED);
	if (now->adopted != before->adopted)
		count(turns, HAPPENED_ADOPTED);
	if (now->kept_loaded != before->kept_loaded)
		count(turns, HAPPENED_LOADED);
	turns->before = *now;
	turns->stale_before = stale;
}

/* With the lock: all threads are at a step. */
static void settle(struct turns *turns, unsigned threads)
{
	while (turns->held_count < threads)
		pthread_cond_wait(&turns->changed, &turns->lock);
}

static bool collect(void *context, unsigned threads)
{
	struct turns *turns = context;
	bool now = true;

	pthread_mutex_lock(&turns->lock);
	if (!turns->open) {
		settle(turns, threads);
		look(turns);
		for (unsigned turn = choose(&turns->chooser, 8); threads && turn > 4; turn--) {
			unsigned number = choose(&turns->chooser, threads);

			if (turns->held[number]->step != COMPILE_STEP_TAKE &&
			    !one_in(&turns->chooser, HOLDING))
				continue; /* so that much happens meanwhile */
			let_go(turns, number);
			settle(turns, threads);
		}
		now = choose(&turns->chooser, 3) == 0;
	}
	pthread_mutex_unlock(&turns->lock);
	return now;
}

static void set_open(void *context, bool open)
{
	struct turns *turns = context;

	pthread_mutex_lock(&turns->lock);
	turns->open = open;
	while (open && turns->held_count)
		let_go(turns, 0);
	pthread_mutex_unlock(&turns->lock);
}

struct turns *turns_new(uint64_t seed)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (!turns)
		abort();
	turns->chooser.state = seed;
	pthread_mutex_init(&turns->lock, NULL);
	pthread_cond_init(&turns->changed, NULL);
	turns->schedule =
	    (struct compile_schedule){.context = turns, .reach = reach, .collect = collect, .open = set_open};
	return turns;
}

void turns_free(struct turns *turns)
{
	pthread_mutex_destroy(&turns->lock);
	pthread_cond_destroy(&turns->changed);
	free(turns);
}

struct compile_schedule *turns_schedule(struct turns *turns)
{
	return &turns->schedule;
}

void turns_watch(struct turns *turns, const struct jit *jit)
{
	turns->jit = jit;
	turns->before = jit->statistics;
}

void turns_happens(struct turns *turns, enum happening what)
{
	pthread_mutex_lock(&turns->lock);
	count(turns, what);
	pthread_mutex_unlock(&turns->lock);
}

void turns_count(const struct turns *turns, uint64_t counts[HAPPENINGS][COMPILE_STEPS])
{
	for (unsigned what = 0; what < HAPPENINGS; what++)
		for (unsigned step = 0; step < COMPILE_STEPS; step++)
			counts[what][step] += turns->counts[what][step];
}

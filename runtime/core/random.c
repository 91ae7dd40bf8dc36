#include "runtime/core/random.h"

#define RANDOM_SEPARATION 3   /* the recurrence is r(i) = r(i-3) + r(i-31) */
#define RANDOM_DISCARDED  310 /* raw values thrown away after seeding */

static uint32_t next_raw(struct random_state *random)
{
	uint32_t oldest = random->position;
	uint32_t separated = (oldest + RANDOM_DEGREE - RANDOM_SEPARATION) % RANDOM_DEGREE;
	uint32_t value = random->history[oldest] + random->history[separated];

	random->history[oldest] = value;
	random->position = (oldest + 1) % RANDOM_DEGREE;
	return value;
}

void random_seed(struct random_state *random, uint32_t seed)
{
	int32_t value = (int32_t)(seed ? seed : 1);

	for (int i = 0; i < RANDOM_DEGREE; i++) {
		random->history[i] = (uint32_t)value;
		/* Schrage's form of 16807 x mod (2^31 - 1); division truncates towards zero. */
		value = (int32_t)(16807 * (int64_t)(value % 127773) - 2836 * (int64_t)(value / 127773));
		if (value < 0)
			value += 2147483647;
	}
	/* r(31..33) repeat r(0..2): the first three sums then start from r(31) = r(0). */
	uint32_t rotated[RANDOM_DEGREE];
	for (int i = 0; i < RANDOM_DEGREE; i++)
		rotated[i] = random->history[(i + RANDOM_SEPARATION) % RANDOM_DEGREE];
	for (int i = 0; i < RANDOM_DEGREE; i++)
		random->history[i] = rotated[i];
	random->position = 0;
	for (int i = 0; i < RANDOM_DISCARDED; i++)
		next_raw(random);
}

uint32_t random_next(struct random_state *random)
{
	return next_raw(random) >> 1;
}

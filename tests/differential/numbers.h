// A generator of numbers: splitmix64. The same on every host.
#ifndef TESTS_DIFFERENTIAL_NUMBERS_H
#define TESTS_DIFFERENTIAL_NUMBERS_H

#include <stdint.h>

struct numbers {
	uint64_t state;
};

static inline uint64_t numbers_next(struct numbers *numbers)
{
	uint64_t value = numbers->state += UINT64_C(0x9E3779B97F4A7C15);

	value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
	return value ^ value >> 31;
}

// Below `bound`.
static inline uint32_t numbers_below(struct numbers *numbers, uint32_t bound)
{
	return (uint32_t)((numbers_next(numbers) >> 32) * bound >> 32);
}

#endif

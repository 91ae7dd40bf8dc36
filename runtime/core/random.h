/* The generator behind the original's event jitter and its random device: the C library's random() of the
 * host the original runs on (glibc, TYPE_3), as a value that belongs to one machine. System/161 reference,
 * section 6.2. */
#ifndef JIT161_RUNTIME_CORE_RANDOM_H
#define JIT161_RUNTIME_CORE_RANDOM_H

#include <stdint.h>

#define RANDOM_DEGREE 31

/* Plain data: may be copied and compared. */
struct random_state {
	uint32_t history[RANDOM_DEGREE]; /* the last 31 raw values, oldest at `position` */
	uint32_t position;
};

/* Starts the sequence of `seed`; seed 0 gives that of seed 1. */
void random_seed(struct random_state *random, uint32_t seed);

/* The next value, 0 to 2^31 - 1. */
uint32_t random_next(struct random_state *random);

#endif

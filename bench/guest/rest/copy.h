/* What the copy programs share: source and destination lie in one array, at a distance to choose. */
#ifndef BENCH_GUEST_REST_COPY_H
#define BENCH_GUEST_REST_COPY_H

#include "bench/guest/bench.h"
#include "bench/guest/runtime/memory.h"

/* Numbers that do not depend on the byte order, in every 61st byte. */
static inline void copy_fill(uint8_t *bytes, size_t size)
{
	uint32_t random = 61;

	for (size_t i = 0; i < size; i += 61)
		bytes[i] = (uint8_t)bench_random(&random);
}

static inline uint32_t copy_checksum(const uint8_t *bytes, size_t size)
{
	uint32_t checksum = 0;

	for (size_t i = 0; i < size; i += 61)
		checksum = bench_mix(checksum, bytes[i]);
	return checksum;
}

#endif

/* Copies of 4 to 64 bytes at all alignments, as programs make them most of the time. */
#include "bench/guest/rest/copy.h"

BENCH("copy-small", 45);

#define SIZE 8192u

static uint8_t from[SIZE], to[SIZE];

uint32_t bench_run(uint32_t rounds)
{
	uint32_t random = 4;

	copy_fill(from, SIZE);
	for (uint32_t round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < 2000; i++) {
			uint32_t number = bench_random(&random);
			uint32_t source = number & 4095, target = number >> 12 & 4095;

			memory_copy(to + target, from + source, 4 + (number >> 24) % 61);
		}
	}
	return copy_checksum(to, SIZE);
}

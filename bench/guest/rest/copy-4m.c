/* Aligned copies within 4 MiB, a quarter a round, over a distance of 5 MiB and 64 KiB. */
#include "bench/guest/rest/copy.h"

BENCH("copy-4m", 24);

#define PAGE	 4096u
#define SIZE	 0x400000u
#define DISTANCE 0x510000u

static uint32_t array[(DISTANCE + SIZE) / 4];

uint32_t bench_run(uint32_t rounds)
{
	uint8_t *from = (uint8_t *)array, *to = (uint8_t *)array + DISTANCE;
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t offset = round % 4 * (SIZE / 4);

		for (uint32_t i = 0; i < SIZE / 4; i += PAGE)
			from[offset + i + round % PAGE] = (uint8_t)(i / PAGE + round);
		memory_copy(to + offset, from + offset, SIZE / 4);
		checksum = bench_mix(checksum, to[offset + 3 * PAGE + round % PAGE]);
	}
	for (uint32_t i = 0; i < SIZE; i += 997)
		checksum = bench_mix(checksum, to[i]);
	return checksum;
}

/* Copies of 16 KiB whose source is 1, 2 or 3 bytes off: unaligned loads, aligned stores. */
#include "bench/guest/rest/copy.h"

BENCH("copy-unaligned", 500);

#define SIZE 16384u

static uint8_t from[SIZE + 4] __attribute__((aligned(8))), to[SIZE + 4] __attribute__((aligned(8)));

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	copy_fill(from, sizeof(from));
	for (uint32_t round = 0; round < rounds; round++) {
		memory_copy(to, from + 1 + round % 3, SIZE);
		checksum = bench_mix(checksum, to[(61 * round) % SIZE]);
		from[(61 * round + 7) % SIZE]++;
	}
	return bench_mix(checksum, copy_checksum(to, SIZE));
}

/* A word in each of 512 pages, in turn and in a random order: more than any TLB here holds, so that nearly every
 * access is refilled. */
#include "bench/guest/bench.h"

BENCH("tlb", 30);

#define PAGES 512u

static uint32_t memory[PAGES][1024] __attribute__((aligned(4096)));

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 512;

	for (uint32_t round = 0; round < rounds; round++) {
		for (unsigned page = 0; page < PAGES; page++)
			memory[page][round % 1024] += page;
		for (unsigned i = 0; i < PAGES; i++) {
			uint32_t page = bench_random(&random) >> 23;

			checksum += memory[page][(round + page) % 1024]++;
		}
		checksum = bench_mix(checksum, round);
	}
	return checksum;
}

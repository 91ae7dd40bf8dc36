/* Page faults: pages are touched for the first time, so the kernel finds and clears frames for them; then they are
 * given back. */
#include "bench/guest/bench.h"
#include "bench/guest/runtime/calls.h"

BENCH("faults", 20);

#define PAGES 64u

static uint32_t memory[PAGES][1024] __attribute__((aligned(4096)));

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		for (unsigned page = 0; page < PAGES; page++) {
			checksum += memory[page][round % 1024]; /* 0 */
			memory[page][(round * 5 + page) % 1024] = page * round;
		}
		for (unsigned page = 0; page < PAGES; page++)
			checksum = bench_mix(checksum, memory[page][(round * 5 + page) % 1024]);
		call_unmap(memory, PAGES);
	}
	return checksum;
}

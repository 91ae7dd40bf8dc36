/* Four processes with address spaces of their own take turns; each works a little on its own memory. */
#include "bench/guest/bench.h"
#include "bench/guest/runtime/calls.h"

BENCH("switches", 1);

#define PROCESSES 4u
#define PAGES	  4u

static uint32_t memory[PAGES][1024]; /* at the same addresses in each */

uint32_t bench_run(uint32_t rounds)
{
	uint32_t self = call_spawn(PROCESSES), sum = self;

	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 1000; i++) {
			for (unsigned page = 0; page < PAGES; page++) {
				memory[page][i % 1024] += sum ^ i;
				sum = bench_mix(sum, memory[page][self * 8]);
			}
			call_yield();
		}
	}
	return call_join(sum); /* process 0 comes back with the sum of all */
}

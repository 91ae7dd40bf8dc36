/* System calls that do next to nothing. */
#include "bench/guest/bench.h"
#include "bench/guest/runtime/calls.h"

BENCH("syscalls", 40);

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 1000; i++)
			checksum = call_add(checksum, i ^ round);
		checksum = bench_mix(checksum, round);
	}
	return checksum;
}

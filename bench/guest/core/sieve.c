/* The sieve of Eratosthenes over the odd numbers below 131072, one byte each. */
#include "bench/guest/bench.h"

BENCH("sieve", 12);

#define SIZE 65536u

static uint8_t composite[SIZE]; /* element i stands for 2 i + 1 */

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t primes = 1, last = 2, limit = SIZE - round % 64;

		for (uint32_t i = 0; i < limit; i++)
			composite[i] = 0;
		for (uint32_t i = 1; i < limit; i++) {
			if (composite[i])
				continue;
			primes++;
			last = 2 * i + 1;
			for (uint32_t j = i + last; j < limit; j += last)
				composite[j] = 1;
		}
		checksum = bench_mix(checksum, primes + last);
	}
	return checksum;
}

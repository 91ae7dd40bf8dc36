/* 64-bit arithmetic: products, quotients and remainders, in the guest by pairs of registers and by division in
 * software (runtime/wide.c). */
#include "bench/guest/bench.h"

BENCH("wide", 20);

static uint64_t multiply_modulo(uint64_t a, uint64_t b, uint32_t modulus)
{
	return a % modulus * (b % modulus) % modulus;
}

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state ^ *state >> 29;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;
	uint64_t state = 1;

	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < 1000; i++) {
			uint64_t a = next(&state), b = next(&state);

			sum += a * b ^ (a >> 7 | b << 3);
		}
		for (unsigned i = 0; i < 120; i++) {
			uint64_t a = next(&state), b = next(&state) >> i % 50 | 1;

			sum += a / b + a % b;
			sum ^= (uint64_t)((int64_t)a / ((int64_t)b >> 3 | 1));
			sum += multiply_modulo(a, b, (uint32_t)b | 1);
		}
		checksum = bench_mix(checksum, (uint32_t)sum);
		checksum = bench_mix(checksum, (uint32_t)(sum >> 32));
	}
	return checksum;
}

/* Integer arithmetic in registers: Collatz sequences, greatest common divisors, bit counts and reversals. */
#include "bench/guest/bench.h"

BENCH("integer", 34);

static uint32_t collatz_length(uint32_t n)
{
	uint32_t length = 0;

	for (; n != 1; length++)
		n = n & 1 ? 3 * n + 1 : n >> 1;
	return length;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint32_t bit_count(uint32_t x)
{
	x -= x >> 1 & 0x55555555;
	x = (x & 0x33333333) + (x >> 2 & 0x33333333);
	x = (x + (x >> 4)) & 0x0F0F0F0F;
	return x * 0x01010101 >> 24;
}

static uint32_t bit_reverse(uint32_t x)
{
	x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
	x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
	x = (x & 0x0F0F0F0F) << 4 | (x >> 4 & 0x0F0F0F0F);
	x = (x & 0x00FF00FF) << 8 | (x >> 8 & 0x00FF00FF);
	return x << 16 | x >> 16;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 161;

	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t sum = 0;

		for (uint32_t n = 1; n <= 500; n++)
			sum += collatz_length(n + round);
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t a = bench_random(&random);

			sum += common_divisor(a, bench_random(&random));
		}
		for (uint32_t i = 0; i < 4000; i++)
			sum += bit_count(bit_reverse(sum) ^ i);
		checksum = bench_mix(checksum, sum);
	}
	return checksum;
}

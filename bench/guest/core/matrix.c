/* Products of integer matrices, 48 by 48, of 32-bit and of 16-bit elements. */
#include "bench/guest/bench.h"

BENCH("matrix", 12);

#define SIZE 48u

static int32_t a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];
static int16_t small_a[SIZE][SIZE], small_b[SIZE][SIZE];

static void multiply(void)
{
	for (unsigned i = 0; i < SIZE; i++) {
		for (unsigned j = 0; j < SIZE; j++) {
			uint32_t sum = 0;

			for (unsigned k = 0; k < SIZE; k++)
				sum += (uint32_t)a[i][k] * (uint32_t)b[k][j];
			product[i][j] = (int32_t)sum;
		}
	}
}

static uint32_t multiply_small(void)
{
	uint32_t trace = 0;

	for (unsigned i = 0; i < SIZE; i++) {
		for (unsigned j = 0; j < SIZE; j++) {
			int32_t sum = 0;

			for (unsigned k = 0; k < SIZE; k++)
				sum += small_a[i][k] * small_b[j][k] >> 8;
			trace = bench_mix(trace, (uint32_t)sum);
		}
	}
	return trace;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 48;

	for (unsigned i = 0; i < SIZE; i++) {
		for (unsigned j = 0; j < SIZE; j++) {
			a[i][j] = (int32_t)bench_random(&random);
			b[i][j] = (int32_t)bench_random(&random);
			small_a[i][j] = (int16_t)a[i][j];
			small_b[i][j] = (int16_t)b[i][j];
		}
	}
	for (uint32_t round = 0; round < rounds; round++) {
		multiply();
		for (unsigned i = 0; i < SIZE; i++)
			a[i][round % SIZE] = product[i][i];
		small_a[round % SIZE][0] = (int16_t)product[0][0];
		checksum = bench_mix(checksum, (uint32_t)product[1][SIZE - 1]);
		checksum = bench_mix(checksum, multiply_small());
	}
	return checksum;
}

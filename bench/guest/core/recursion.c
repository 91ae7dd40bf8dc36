/* Calls and returns: Fibonacci and Ackermann numbers, the towers of Hanoi, eight queens. */
#include "bench/guest/bench.h"

BENCH("recursion", 20);

#define NOT_INLINE __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))

static uint32_t pegs[3];

NOT_INLINE static uint32_t fibonacci(uint32_t n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

NOT_INLINE static uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

NOT_INLINE static void hanoi(uint32_t height, unsigned from, unsigned to)
{
	if (height == 0)
		return;
	hanoi(height - 1, from, 3 - from - to);
	pegs[from] -= height;
	pegs[to] += height;
	hanoi(height - 1, 3 - from - to, to);
}

/* Solutions with the columns and diagonals in the masks taken. */
NOT_INLINE static uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t found = 0;

	if (columns == all)
		return 1;
	for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
		uint32_t place = free & -free;

		found += queens(all, columns | place, (left | place) << 1, (right | place) >> 1);
	}
	return found;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		pegs[0] = 0;
		for (uint32_t i = 1; i <= 13; i++)
			pegs[0] += i;
		hanoi(13, 0, 2);
		checksum = bench_mix(checksum, pegs[0] + pegs[2]);
		checksum = bench_mix(checksum, fibonacci(18 + round % 2));
		checksum = bench_mix(checksum, ackermann(2, 60 + round % 8));
		checksum = bench_mix(checksum, queens(0xFF, 0, 0, 0));
	}
	return checksum;
}

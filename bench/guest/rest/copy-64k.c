/* Aligned copies of 64 KiB, back and forth. */
#include "bench/guest/rest/copy.h"

BENCH("copy-64k", 220);

#define SIZE 65536u

static uint32_t array[2 * SIZE / 4 + 64];

uint32_t bench_run(uint32_t rounds)
{
	uint8_t *a = (uint8_t *)array, *b = (uint8_t *)array + SIZE + 256;

	copy_fill(a, SIZE);
	for (uint32_t round = 0; round < rounds; round++) {
		a[round % SIZE] ^= 0x55;
		memory_copy(b, a, SIZE);
		b[(round * 7) % SIZE]++;
		memory_copy(a, b, SIZE);
	}
	return copy_checksum(b, SIZE);
}

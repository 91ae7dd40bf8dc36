/* Words at odd addresses: loads and stores by pairs of LWL, LWR and SWL, SWR. */
#include "bench/guest/bench.h"

BENCH("unaligned", 280);

#define COUNT 1024u

struct unaligned_word {
	uint32_t value;
} __attribute__((packed, may_alias));

static uint8_t source[4 * COUNT + 8] __attribute__((aligned(8))),
    target[4 * COUNT + 8] __attribute__((aligned(8)));

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 77;

	for (unsigned i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)bench_random(&random);
	for (uint32_t round = 0; round < rounds; round++) {
		const struct unaligned_word *from = (const struct unaligned_word *)(source + 1 + round % 3);
		struct unaligned_word *to = (struct unaligned_word *)(target + 3);

		/* Exclusive or works byte by byte, so the byte order does not matter. */
		for (unsigned i = 0; i < COUNT; i++)
			to[i].value ^= from[i].value;
		checksum = bench_mix(checksum, target[3 + (17 * round) % (4 * COUNT)]);
	}
	return checksum;
}

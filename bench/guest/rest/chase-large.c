/* Follows a random cycle through 4 MiB: every load waits for the one before it. */
#include "bench/guest/bench.h"

BENCH("chase-large", 1);

#define COUNT 65536u
#define STEPS 65536u

struct node {
	struct node *next;
	uint32_t value;
	uint32_t padding[14];
};

static struct node nodes[COUNT];
static uint32_t order[COUNT];

/* One cycle through all nodes (Sattolo's shuffle). */
static void link_nodes(void)
{
	uint32_t random = COUNT;

	for (uint32_t i = 0; i < COUNT; i++)
		order[i] = i;
	for (uint32_t i = COUNT - 1; i > 0; i--) {
		uint32_t other = bench_random(&random) % i, kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		nodes[order[i]].next = &nodes[order[(i + 1) % COUNT]];
		nodes[order[i]].value = i * 3;
	}
}

uint32_t bench_run(uint32_t rounds)
{
	const struct node *node = nodes;
	uint32_t checksum = 0;

	link_nodes();
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < STEPS; i++)
			node = node->next;
		checksum = bench_mix(checksum, node->value);
	}
	return checksum;
}

/* A treap (a search tree that is a heap of random priorities): insertion, search and removal with rotations. */
#include "bench/guest/bench.h"

BENCH("tree", 7);

#define COUNT 2048u

struct node {
	uint32_t key, priority, value;
	struct node *left, *right;
};

static struct node nodes[COUNT], *free_nodes;

static struct node *rotate_left(struct node *node)
{
	struct node *right = node->right;

	node->right = right->left;
	right->left = node;
	return right;
}

static struct node *rotate_right(struct node *node)
{
	struct node *left = node->left;

	node->left = left->right;
	left->right = node;
	return left;
}

static struct node *insert(struct node *tree, uint32_t key, uint32_t priority)
{
	if (!tree) {
		struct node *node = free_nodes;

		free_nodes = node->left;
		*node = (struct node){.key = key, .priority = priority, .value = 1};
		return node;
	}
	if (key == tree->key) {
		tree->value++;
	} else if (key < tree->key) {
		tree->left = insert(tree->left, key, priority);
		if (tree->left->priority > tree->priority)
			return rotate_right(tree);
	} else {
		tree->right = insert(tree->right, key, priority);
		if (tree->right->priority > tree->priority)
			return rotate_left(tree);
	}
	return tree;
}

static const struct node *find(const struct node *tree, uint32_t key)
{
	while (tree && tree->key != key)
		tree = key < tree->key ? tree->left : tree->right;
	return tree;
}

static struct node *removed(struct node *tree, uint32_t key)
{
	if (!tree)
		return NULL;
	if (key < tree->key) {
		tree->left = removed(tree->left, key);
	} else if (key > tree->key) {
		tree->right = removed(tree->right, key);
	} else if (!tree->left || !tree->right) {
		struct node *child = tree->left ? tree->left : tree->right;

		tree->left = free_nodes;
		free_nodes = tree;
		return child;
	} else if (tree->left->priority > tree->right->priority) {
		tree = rotate_right(tree);
		tree->right = removed(tree->right, key);
	} else {
		tree = rotate_left(tree);
		tree->left = removed(tree->left, key);
	}
	return tree;
}

static uint32_t sum_in_order(const struct node *tree, uint32_t sum)
{
	if (!tree)
		return sum;
	sum = sum_in_order(tree->left, sum);
	sum = bench_mix(sum, tree->key + tree->value);
	return sum_in_order(tree->right, sum);
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 2048;
	struct node *tree = NULL;

	for (unsigned i = 0; i < COUNT; i++)
		nodes[i].left = i + 1 < COUNT ? &nodes[i + 1] : NULL;
	free_nodes = nodes;
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t first = random, found = 0;

		for (unsigned i = 0; i < COUNT; i++) {
			uint32_t key = bench_random(&random) >> 18;

			tree = insert(tree, key, bench_random(&random));
		}
		for (uint32_t key = 0; key < 1u << 14; key += 5) {
			const struct node *node = find(tree, key);

			found += node ? node->value : 0;
		}
		checksum = bench_mix(checksum, sum_in_order(tree, found));
		random = first;
		for (unsigned i = 0; i < COUNT; i++) {
			tree = removed(tree, bench_random(&random) >> 18);
			bench_random(&random);
		}
	}
	return checksum;
}

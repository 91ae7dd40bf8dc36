#include "devices/host/overlay.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A tree of three levels with 256 branches each; the leaves are sectors. Nodes and leaves are counted by the
 * pointers to them and copied before a change if there is more than one. */
#define LEVELS	 3
#define BRANCHES 256u
#define SECTORS	 (1u << 24)

struct leaf {
	uint32_t references;
	uint64_t hash; /* of the sector's number and contents */
	uint8_t data[SECTOR_SIZE];
};

struct node {
	uint32_t references;
	void *below[BRANCHES]; /* nodes, or leaves on the lowest level */
};

struct overlay {
	struct node *root; /* NULL if empty */
	uint64_t digest;   /* sum of the leaves' hashes */
};

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

static unsigned branch(uint32_t sector, unsigned level)
{
	return sector >> (8 * (LEVELS - 1 - level)) & (BRANCHES - 1);
}

static void *retain(void *counted)
{
	if (counted)
		++*(uint32_t *)counted; /* `references` comes first in both */
	return counted;
}

static void release(void *counted, unsigned level)
{
	if (!counted || --*(uint32_t *)counted > 0)
		return;
	if (level < LEVELS)
		for (unsigned i = 0; i < BRANCHES; i++)
			release(((struct node *)counted)->below[i], level + 1);
	free(counted);
}

/* A node of one's own in place of a missing or shared one. */
static struct node *own_node(struct node *node, unsigned level)
{
	struct node *copy;

	if (node && node->references == 1)
		return node;
	copy = allocate(sizeof(*copy));
	copy->references = 1;
	if (node) {
		for (unsigned i = 0; i < BRANCHES; i++)
			copy->below[i] = retain(node->below[i]);
		release(node, level);
	}
	return copy;
}

static uint64_t hash_sector(uint32_t sector, const uint8_t *data)
{
	uint64_t hash = 0x9e3779b97f4a7c15u * (sector + 1u);

	for (size_t i = 0; i < SECTOR_SIZE; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash;
}

struct overlay *overlay_new(void)
{
	return allocate(sizeof(struct overlay));
}

struct overlay *overlay_copy(const struct overlay *overlay)
{
	struct overlay *copy = overlay_new();

	copy->root = retain(overlay->root);
	copy->digest = overlay->digest;
	return copy;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	release(overlay->root, 0);
	free(overlay);
}

static const struct leaf *find(const struct overlay *overlay, uint32_t sector)
{
	const void *at = overlay->root;

	for (unsigned level = 0; at && level < LEVELS; level++)
		at = ((const struct node *)at)->below[branch(sector, level)];
	return at;
}

const uint8_t *overlay_read(const struct overlay *overlay, uint32_t sector)
{
	const struct leaf *leaf = find(overlay, sector);

	return leaf ? leaf->data : NULL;
}

void overlay_write(struct overlay *overlay, uint32_t sector, const uint8_t *data)
{
	struct node *node = overlay->root = own_node(overlay->root, 0);
	struct leaf **slot, *leaf;

	for (unsigned level = 1; level < LEVELS; level++) {
		void **below = &node->below[branch(sector, level - 1)];

		*below = own_node(*below, level);
		node = *below;
	}
	slot = (struct leaf **)&node->below[branch(sector, LEVELS - 1)];
	if (*slot)
		overlay->digest -= (*slot)->hash;
	if (!*slot || (*slot)->references > 1) {
		release(*slot, LEVELS);
		*slot = allocate(sizeof(struct leaf));
		(*slot)->references = 1;
	}
	leaf = *slot;
	memcpy(leaf->data, data, SECTOR_SIZE);
	leaf->hash = hash_sector(sector, data);
	overlay->digest += leaf->hash;
}

uint64_t overlay_digest(const struct overlay *overlay)
{
	return overlay->digest;
}

bool overlay_next(const struct overlay *overlay, uint32_t *sector)
{
	uint32_t at = *sector;

	while (at < SECTORS) {
		const void *below = overlay->root;
		unsigned level;

		for (level = 0; below && level < LEVELS; level++)
			below = ((const struct node *)below)->below[branch(at, level)];
		if (below) {
			*sector = at;
			return true;
		}
		/* Nothing below this branch: on to the next one. With no root at all, to the end. */
		if (level == 0)
			return false;
		uint32_t span = 1u << (8 * (LEVELS - level));
		at = (at / span + 1) * span;
	}
	return false;
}

bool overlay_difference(const struct overlay *a, const struct overlay *b, uint32_t *sector)
{
	uint32_t in_a = 0, in_b = 0;

	for (;;) {
		bool more_a = overlay_next(a, &in_a), more_b = overlay_next(b, &in_b);

		if (!more_a && !more_b)
			return false;
		if (!more_a || !more_b || in_a != in_b) {
			*sector = !more_b || (more_a && in_a < in_b) ? in_a : in_b;
			return true;
		}
		if (memcmp(overlay_read(a, in_a), overlay_read(b, in_b), SECTOR_SIZE) != 0) {
			*sector = in_a;
			return true;
		}
		in_a++;
		in_b++;
	}
}

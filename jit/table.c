/* The block table: entries by {virtual address, RAM offset, mode}, in buckets that grow with their number. */
#include "jit/jit_internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 1024u

bool table_init(struct jit *jit)
{
	jit->bucket_count = FIRST_BUCKETS;
	jit->buckets = calloc(jit->bucket_count, sizeof(*jit->buckets));
	jit->meetings = calloc(MEETINGS, sizeof(*jit->meetings));
	void *entries = code_memory_table(&jit->code, table_span());
	pool_init_at(&jit->entries, entries, sizeof(struct block_entry), MAX_ENTRIES);
	return jit->buckets && jit->meetings && entries;
}

size_t table_span(void)
{
	return pool_span(sizeof(struct block_entry), MAX_ENTRIES);
}

void table_free(struct jit *jit)
{
	free(jit->buckets);
	free(jit->meetings);
	pool_destroy(&jit->entries);
}

static uint32_t hash(uint32_t va, uint32_t pa, bool user)
{
	uint32_t mixed = (va >> 2) * 0x9E3779B1u ^ (pa >> 2) * 0x85EBCA6Bu ^ user;

	return mixed ^ mixed >> 15;
}

static uint32_t *bucket(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	return &jit->buckets[hash(va, pa, user) & (jit->bucket_count - 1)];
}

uint16_t *table_meetings(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	return &jit->meetings[hash(va, pa, user) & (MEETINGS - 1)];
}

struct block_entry *table_find(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	for (uint32_t number = *bucket(jit, va, pa, user); number;) {
		struct block_entry *entry = entry_at(jit, number);

		if (entry->va == va && entry->pa == pa && entry->user == user)
			return entry;
		number = entry->next;
	}
	return NULL;
}

void table_count_again(const struct jit *jit, struct block_entry *entry)
{
	uint64_t executions = (uint64_t)jit_threshold(jit) << watch_losses(jit, entry->pa);

	if (jit->options.tiers == TIERS_FIRST || executions > INT32_MAX)
		executions = INT32_MAX;
	atomic_store_explicit(&entry->counted, (int)executions, memory_order_relaxed);
	atomic_store_explicit(&entry->countdown, (int)executions, memory_order_relaxed);
}

static void put(struct jit *jit, uint32_t number)
{
	struct block_entry *entry = entry_at(jit, number);
	uint32_t *head = bucket(jit, entry->va, entry->pa, entry->user);

	entry->next = *head;
	*head = number;
}

/* Puts all entries into so many buckets. */
static void rehash(struct jit *jit, uint32_t bucket_count)
{
	uint32_t *buckets = realloc(jit->buckets, bucket_count * sizeof(*buckets));

	if (!buckets)
		abort();
	memset(buckets, 0, bucket_count * sizeof(*buckets));
	jit->buckets = buckets;
	jit->bucket_count = bucket_count;
	for (uint32_t number = 1; number <= jit->entries.made; number++)
		if (entry_at(jit, number)->used)
			put(jit, number);
}

struct block_entry *table_entry(struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	struct block_entry *entry = table_find(jit, va, pa, user);

	if (entry)
		return entry;
	uint32_t number = pool_take(&jit->entries);
	if (!number)
		return NULL;
	if (number > jit->bucket_count)
		rehash(jit, 2 * jit->bucket_count);
	entry = entry_at(jit, number);
	entry->va = va;
	entry->pa = pa;
	entry->user = user;
	entry->used = true;
	table_count_again(jit, entry);
	put(jit, number);
	return entry;
}

static bool can_go(const struct block_entry *entry)
{
	return entry->used && !entry->translation && !entry->requested && entry->headed == 0;
}

void table_forget(struct jit *jit, struct block_entry *entry)
{
	uint32_t number = pool_number(&jit->entries, entry);
	uint32_t *at = bucket(jit, entry->va, entry->pa, entry->user);

	if (!can_go(entry))
		return;
	while (*at != number)
		at = &entry_at(jit, *at)->next;
	*at = entry->next;
	pool_give_back(&jit->entries, number);
}

void table_sweep(struct jit *jit)
{
	for (uint32_t number = 1; number <= jit->entries.made; number++) {
		if (can_go(entry_at(jit, number)))
			pool_give_back(&jit->entries, number);
	}
	rehash(jit, jit->bucket_count);
}

void table_reset(struct jit *jit)
{
	pool_reset(&jit->entries);
	memset(jit->buckets, 0, jit->bucket_count * sizeof(*jit->buckets));
}

/* The budget of translated code. All of it, of both tiers, lies in code memory; when that is used up, the oldest objects are
 * evicted: chunks of first tier blocks and what LLVM made of a region. One that was in use since it was last looked at
 * gets another turn. Chunks that hold little that is alive go before there is need, so that a guest that makes code for ever
 * does not use up the budget.
 *
 * Everything here is done on the machine's thread between two stays in translated code, so that nothing that goes is being
 * executed. What compile threads work on has no code yet; they take their memory themselves (code_memory is locked). */
#include "jit/jit_internal.h"

#include <stdlib.h>

#define CHUNK_SIZE	((size_t)64 << 10)
#define CHUNKS_AT_LEAST 16u /* a small budget has smaller chunks */
#define BUSY_EXECUTIONS                                                                                      \
	64u /* of a block, on average, between two looks at its chunk: it is worth another turn */
#define MAX_SPARED	8u   /* objects in a row */
#define LIVE_DIVISOR	4u   /* a chunk goes when less than this part is alive */
#define SWEPT_AT_ONCE	2u   /* objects looked at for each new chunk */
#define RESERVE_DIVISOR 2u   /* compile threads are left no more than this part of the budget */
#define BYTES_AWAITED	160u /* of code memory, for a guest instruction that is being compiled */
#define MODULE_BYTES	((size_t)4 * CODE_PAGE_SIZE)
#define LOW_DIVISOR	16u /* a pool is short when less than this part of it is free */

static size_t whole_pages(size_t size)
{
	return (size + CODE_PAGE_SIZE - 1) / CODE_PAGE_SIZE * CODE_PAGE_SIZE;
}

/* --- objects --- */

static void put_newest(struct jit *jit, struct code_object *object)
{
	object->older = jit->newest;
	object->newer = NULL;
	if (jit->newest)
		jit->newest->newer = object;
	else
		jit->oldest = object;
	jit->newest = object;
}

static void take_out(struct jit *jit, struct code_object *object)
{
	if (jit->sweep == object)
		jit->sweep = object->newer;
	if (object->newer)
		object->newer->older = object->older;
	else
		jit->newest = object->older;
	if (object->older)
		object->older->newer = object->newer;
	else
		jit->oldest = object->newer;
}

/* Gives an object's memory back once nothing is left in it. */
static void free_if_empty(struct jit *jit, struct code_object *object)
{
	if (object->count > 0 || object->due)
		return;
	code_memory_release(&jit->code, &object->run);
	jit->statistics.reclaimed_bytes += whole_pages(object->run.size);
	if (jit->chunk == object)
		jit->chunk = NULL;
	if (object->listed)
		take_out(jit, object);
	free(object);
}

void reclaim_add(struct jit *jit, struct code_object *object, uint32_t number, size_t size)
{
	struct translation *translation = translation_at(jit, number);

	if (!object->listed) {
		put_newest(jit, object);
		object->listed = true;
	}
	translation->object = object;
	translation->next = object->first;
	if (object->first)
		translation_at(jit, object->first)->previous = number;
	object->first = number;
	object->count++;
	object->live += size;
}

void reclaim_collected(struct jit *jit, struct code_object *object)
{
	object->due = false;
	free_if_empty(jit, object);
}

static size_t size_of(const struct translation *translation)
{
	return translation->tier == 1 ? (size_t)translation->block.size * BLOCK_ALIGNMENT : 0;
}

/* Removes a translation from its object and altogether. */
static void drop(struct jit *jit, uint32_t number)
{
	struct translation *translation = translation_at(jit, number);
	struct code_object *object = translation->object;

	if (translation->next)
		translation_at(jit, translation->next)->previous = translation->previous;
	if (translation->previous)
		translation_at(jit, translation->previous)->next = translation->next;
	else
		object->first = translation->next;
	object->count--;
	object->live -= size_of(translation);
	cache_remove(jit, number);
}

static void free_dead(struct jit *jit)
{
	while (jit->dead) {
		uint32_t number = jit->dead;
		struct code_object *object = translation_at(jit, number)->object;

		jit->dead = translation_at(jit, number)->next_dead;
		drop(jit, number);
		if (object->count == 0 && object == jit->chunk)
			object->filled = 0; /* begins anew */
		else
			free_if_empty(jit, object);
	}
}

/* --- eviction --- */

static uint64_t heat_of_chunk(const struct jit *jit, const struct code_object *chunk)
{
	uint64_t heat = 0;

	for (uint32_t number = chunk->first; number;) {
		const struct translation *block = translation_at(jit, number);
		const struct block_entry *entry = table_find(jit, block->va, block->pa, block->user);

		if (entry)
			heat += heat_of(entry);
		number = block->next;
	}
	return heat;
}

/* Whether an object was in use since the last time this was asked. Regions do not count; their links are taken back, so that
 * who comes again comes by the dispatcher. */
static bool was_busy(struct jit *jit, struct code_object *object)
{
	if (object->chunk) {
		uint64_t heat = heat_of_chunk(jit, object), before = object->heat;

		object->heat = heat;
		return heat > before && heat - before >= (uint64_t)BUSY_EXECUTIONS * object->count;
	}
	bool entered = object->entered;
	object->entered = false;
	for (uint32_t number = object->first; number; number = translation_at(jit, number)->next) {
		slots_unlink_incoming(jit, translation_at(jit, number));
		cache_clear_jump_caches(jit, translation_at(jit, number));
	}
	return entered;
}

static void evict(struct jit *jit, struct code_object *object)
{
	jit->statistics.evictions++;
	jit->statistics.evicted += object->count;
	while (object->first) {
		const struct translation *translation = translation_at(jit, object->first);

		for (unsigned i = 0; i < translation->instance_count; i++)
			journal_note(jit, LOSS_EVICTED, object->first, translation_instances(translation)[i],
				     0);
		drop(jit, object->first);
	}
	free_if_empty(jit, object);
}

/* Evicts an old object, if possible one that is not in use. False if there is none. */
static bool evict_one(struct jit *jit)
{
	free_dead(jit); /* they must not go twice */
	for (unsigned i = 0; i < MAX_SPARED && jit->oldest && was_busy(jit, jit->oldest); i++) {
		struct code_object *object = jit->oldest;

		take_out(jit, object);
		put_newest(jit, object);
	}
	if (!jit->oldest)
		return false;
	evict(jit, jit->oldest);
	return true;
}

/* What is left for the compile threads. */
static size_t reserve(const struct jit *jit)
{
	size_t bytes =
	    jit->waiting_instructions ? (size_t)jit->waiting_instructions * BYTES_AWAITED + MODULE_BYTES : 0;

	return bytes < jit->code.size / RESERVE_DIVISOR ? bytes : jit->code.size / RESERVE_DIVISOR;
}

static bool make_room(struct jit *jit, size_t size)
{
	while (!code_memory_has_room(&jit->code, size, reserve(jit)))
		if (!evict_one(jit))
			return code_memory_has_room(&jit->code, size, 0);
	return true;
}

void reclaim_reserve(struct jit *jit)
{
	make_room(jit, MODULE_BYTES);
}

void reclaim_all(struct jit *jit)
{
	uint64_t evictions = jit->statistics.evictions, evicted = jit->statistics.evicted;

	free_dead(jit);
	while (jit->oldest)
		evict(jit, jit->oldest);
	jit->statistics.evictions = evictions;
	jit->statistics.evicted = evicted;
}

/* --- chunks --- */

/* Looks at some objects in turn, and gives up those that are mostly gone. */
static void sweep(struct jit *jit)
{
	for (unsigned i = 0; i < SWEPT_AT_ONCE; i++) {
		struct code_object *object = jit->sweep ? jit->sweep : jit->oldest;

		if (!object)
			return;
		jit->sweep = object->newer;
		if (object->chunk && object != jit->chunk && object->live < object->filled / LIVE_DIVISOR)
			evict(jit, object);
	}
}

static size_t chunk_size(const struct jit *jit, size_t wanted)
{
	size_t size = jit->code.size / CHUNKS_AT_LEAST / CODE_PAGE_SIZE * CODE_PAGE_SIZE;

	if (size > CHUNK_SIZE)
		size = CHUNK_SIZE;
	if (size < wanted)
		size = whole_pages(wanted);
	return size;
}

static bool open_chunk(struct jit *jit, size_t wanted)
{
	size_t size = chunk_size(jit, wanted);
	struct code_object *chunk;

	free_dead(jit);
	sweep(jit);
	if (!make_room(jit, size))
		return false;
	uint8_t *start = code_memory_allocate(&jit->code, size, CODE_PAGE_SIZE);
	if (!start)
		return false; /* a compile thread was faster */
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		abort();
	chunk->chunk = true;
	chunk->run = (struct code_run){start, size};
	if (jit->chunk && jit->chunk->count == 0)
		free_if_empty(jit, jit->chunk);
	jit->chunk = chunk;
	put_newest(jit, chunk);
	chunk->listed = true;
	return true;
}

uint8_t *reclaim_allocate_block(struct jit *jit, size_t size)
{
	size = (size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
	if ((!jit->chunk || size > jit->chunk->run.size - jit->chunk->filled) && !open_chunk(jit, size))
		return NULL;
	uint8_t *result = jit->chunk->run.start + jit->chunk->filled;
	jit->chunk->filled += size;
	return result;
}

/* --- records --- */

static bool is_short(const struct pool *pool)
{
	return pool_room(pool) < pool->limit / LOW_DIVISOR;
}

static bool slots_are_short(const struct jit *jit)
{
	return jit->slot_limit - jit->slots_used < jit->slot_limit / LOW_DIVISOR;
}

bool reclaim_needed(const struct jit *jit)
{
	return jit->dead || is_short(&jit->entries) || is_short(&jit->translations) || is_short(&jit->uses) ||
	       slots_are_short(jit);
}

void reclaim_tidy(struct jit *jit)
{
	free_dead(jit);
	while ((is_short(&jit->translations) || is_short(&jit->uses) || slots_are_short(jit)) &&
	       evict_one(jit))
		;
	if (!is_short(&jit->entries))
		return;
	table_sweep(jit);
	/* Else the next sweep would be soon. */
	while (pool_room(&jit->entries) < jit->entries.limit / 2 && evict_one(jit))
		table_sweep(jit);
}

/* --- figures --- */

static void count_code(const struct jit *jit, struct jit_statistics *statistics)
{
	uint64_t blocks = 0, block_instructions = 0;

	for (const struct code_object *object = jit->oldest; object; object = object->newer) {
		if (!object->chunk)
			statistics->live_region_code_bytes += object->bytes;
		for (uint32_t number = object->first; number;) {
			const struct translation *translation = translation_at(jit, number);

			blocks += size_of(translation);
			if (translation->tier == 1)
				block_instructions += translation->block.instructions;
			else
				statistics->live_region_instructions += translation->region->instructions;
			if (translation->instance_count > 1)
				statistics->metadata.translations +=
				    translation->instance_count * sizeof(uint32_t);
			number = translation->next;
		}
		statistics->metadata.translations += sizeof(*object);
	}
	statistics->live_code_bytes = blocks + statistics->live_region_code_bytes;
	statistics->live_instructions = block_instructions + statistics->live_region_instructions;
}

static size_t pool_bytes(const struct pool *pool)
{
	return (size_t)pool->count * pool->size;
}

void reclaim_statistics(const struct jit *jit, struct jit_statistics *statistics)
{
	struct jit_metadata *metadata = &statistics->metadata;

	*metadata = (struct jit_metadata){0};
	statistics->live_region_code_bytes = statistics->live_region_instructions = 0;
	count_code(jit, statistics);
	statistics->budget_bytes = jit->code.size;
	statistics->taken_bytes = code_memory_used((struct code_memory *)&jit->code);
	metadata->entries = pool_bytes(&jit->entries) + jit->bucket_count * sizeof(*jit->buckets) +
			    MEETINGS * sizeof(*jit->meetings);
	metadata->translations +=
	    pool_bytes(&jit->translations) + jit->region_bytes + ADDRESS_BUCKETS * sizeof(*jit->addresses);
	metadata->links = (size_t)jit->slots_used * (sizeof(struct slot_use) + sizeof(void *));
	metadata->watches =
	    pool_bytes(&jit->uses) + jit->watched * (sizeof(*jit->granules) + sizeof(*jit->losses));
}

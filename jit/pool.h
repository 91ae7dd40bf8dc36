/* Things of one size, known by number. They never move; numbers start at 1, so that 0 can say "none". For the many small
 * records of the translation cache, whose references to each other are numbers of 32 bits. */
#ifndef JIT161_JIT_POOL_H
#define JIT161_JIT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
	uint8_t *items;
	bool placed;	/* the items are where somebody else keeps them */
	uint32_t size;	/* bytes of an item, at least 4 */
	uint32_t limit; /* items at most */
	uint32_t made;	/* numbers up to this have been in use */
	uint32_t count; /* in use */
	uint32_t free;	/* the first number to use again; each free item starts with the next */
};

/* Bytes of so many items of that size. */
static inline size_t pool_span(size_t size, uint32_t limit)
{
	return ((size_t)limit + 1) * size;
}

/* Reserves the addresses; the host's memory is taken as items are. */
bool pool_init(struct pool *pool, size_t size, uint32_t limit);
/* The same in memory of the caller's, pool_span bytes, all zero. */
void pool_init_at(struct pool *pool, void *items, size_t size, uint32_t limit);
void pool_destroy(struct pool *pool);
/* A number whose item is all zero; 0 if the limit is reached. */
uint32_t pool_take(struct pool *pool);
void pool_give_back(struct pool *pool, uint32_t number);
/* Forgets all items. */
void pool_reset(struct pool *pool);

static inline void *pool_at(const struct pool *pool, uint32_t number)
{
	return pool->items + (size_t)number * pool->size;
}

static inline uint32_t pool_number(const struct pool *pool, const void *item)
{
	return (uint32_t)((size_t)((const uint8_t *)item - pool->items) / pool->size);
}

static inline uint32_t pool_room(const struct pool *pool)
{
	return pool->limit - pool->count;
}

#endif

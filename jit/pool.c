#include "jit/pool.h"

#include <string.h>

#include "runtime/core/host_pages.h"

bool pool_init(struct pool *pool, size_t size, uint32_t limit)
{
	*pool = (struct pool){
	    .items = host_pages_new(pool_span(size, limit)), .size = (uint32_t)size, .limit = limit};
	return pool->items;
}

void pool_init_at(struct pool *pool, void *items, size_t size, uint32_t limit)
{
	*pool = (struct pool){.items = items, .placed = true, .size = (uint32_t)size, .limit = limit};
}

void pool_destroy(struct pool *pool)
{
	if (!pool->placed)
		host_pages_free(pool->items, pool_span(pool->size, pool->limit));
	*pool = (struct pool){0};
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t number = pool->free;

	if (number) {
		memcpy(&pool->free, pool_at(pool, number), sizeof(pool->free));
		memset(pool_at(pool, number), 0,
		       sizeof(pool->free)); /* the rest is zero since it was given back */
	} else if (pool->made < pool->limit) {
		number = ++pool->made;
	} else {
		return 0;
	}
	pool->count++;
	return number;
}

void pool_give_back(struct pool *pool, uint32_t number)
{
	memset(pool_at(pool, number), 0, pool->size);
	memcpy(pool_at(pool, number), &pool->free, sizeof(pool->free));
	pool->free = number;
	pool->count--;
}

void pool_reset(struct pool *pool)
{
	memset(pool->items, 0, ((size_t)pool->made + 1) * pool->size);
	pool->made = pool->count = pool->free = 0;
}

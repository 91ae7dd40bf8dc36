/* A cache simulator: an instruction and a data cache, both by physical address, with least-recently-used replacement and allocation on
 * stores. Devices are not cached.
 *
 *     --plugin=cache.so[,SIZE[,LINE[,WAYS]]]    of each, in bytes; default: 16384,16,4 */
#include "plugins/plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct line {
	uint32_t tag;  /* address / line size */
	uint64_t used; /* when, counted in accesses; 0: empty */
};

struct cache {
	struct line *lines; /* sets of `ways` */
	uint64_t accesses, misses;
};

struct caches {
	const struct jit161_host *host;
	uint32_t size, line, ways, sets;
	struct cache code, data;
};

static void look_up(const struct caches *caches, struct cache *cache, uint32_t address)
{
	uint32_t tag = address / caches->line;
	struct line *set = &cache->lines[(size_t)(tag % caches->sets) * caches->ways], *oldest = set;

	cache->accesses++;
	for (unsigned i = 0; i < caches->ways; i++) {
		if (set[i].used && set[i].tag == tag) {
			set[i].used = cache->accesses;
			return;
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	cache->misses++;
	*oldest = (struct line){tag, cache->accesses};
}

static void instruction(void *context, const struct jit161_instruction *seen)
{
	struct caches *caches = context;

	look_up(caches, &caches->code, seen->physical);
}

static void access_memory(void *context, const struct jit161_access *seen)
{
	struct caches *caches = context;

	if (!seen->device)
		look_up(caches, &caches->data, seen->physical);
}

static void say(const struct caches *caches, const char *name, const struct cache *cache)
{
	char line[160];

	snprintf(line, sizeof(line), "cache: %s: %" PRIu64 " accesses, %" PRIu64 " misses (%.3f %%)", name,
		 cache->accesses, cache->misses,
		 cache->accesses ? 100.0 * (double)cache->misses / (double)cache->accesses : 0);
	caches->host->say(caches->host, line);
}

static void finish(void *context)
{
	struct caches *caches = context;

	say(caches, "instructions", &caches->code);
	say(caches, "data", &caches->data);
	free(caches->code.lines);
	free(caches->data.lines);
	free(caches);
}

static bool power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

bool jit161_plugin_start(const struct jit161_host *host, struct jit161_plugin *plugin)
{
	struct caches *caches = calloc(1, sizeof(*caches));
	uint32_t size = 16384, line = 16, ways = 4;

	if (!caches)
		return false;
	if (*host->arguments)
		(void)sscanf(host->arguments, "%" SCNu32 ",%" SCNu32 ",%" SCNu32, &size, &line, &ways);
	*caches = (struct caches){.host = host, .size = size, .line = line, .ways = ways};
	if (host->version != JIT161_PLUGIN_VERSION || !power_of_two(size) || !power_of_two(line) ||
	    line < 4 || !power_of_two(ways) || line > size / ways || size > 1u << 26) {
		host->say(host,
			  "cache: size, line and ways are powers of two, and at least one set of lines fits");
		free(caches);
		return false;
	}
	caches->sets = size / line / ways;
	caches->code.lines = calloc(size / line, sizeof(struct line));
	caches->data.lines = calloc(size / line, sizeof(struct line));
	if (!caches->code.lines || !caches->data.lines)
		abort();
	*plugin = (struct jit161_plugin){
	    .context = caches, .instruction = instruction, .access = access_memory, .finish = finish};
	return true;
}

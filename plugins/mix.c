/* An instruction-mix counter: how often each instruction was executed, by mode; blocks, accesses, exceptions, TLB writes.
 *
 *     --plugin=mix.so[,N]      the N most frequent instructions, default: 20 */
#include "plugins/plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 512 /* a table of names by hash; there are some 200 */
#define CODES 32

struct mix {
	const struct jit161_host *host;
	unsigned show;
	struct entry {
		const char *name;
		uint64_t count[2]; /* [user] */
	} entries[NAMES];
	uint64_t instructions[2], blocks, in_blocks, loads, stores, device_loads, device_stores, tlb_writes;
	uint64_t exceptions[CODES];
};

static struct entry *find(struct mix *mix, const char *name)
{
	unsigned hash = 0;

	for (const char *c = name; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	for (unsigned i = 0;; i++) {
		struct entry *entry = &mix->entries[(hash + i) % NAMES];

		if (!entry->name)
			entry->name = name;
		if (strcmp(entry->name, name) == 0)
			return entry;
	}
}

static void instruction(void *context, const struct jit161_instruction *seen)
{
	struct mix *mix = context;

	mix->instructions[seen->user]++;
	find(mix, mix->host->mnemonic(mix->host, seen->word))->count[seen->user]++;
}

static void block(void *context, const struct jit161_block *seen)
{
	struct mix *mix = context;

	mix->blocks++;
	mix->in_blocks += seen->instructions;
}

static void access_memory(void *context, const struct jit161_access *seen)
{
	struct mix *mix = context;

	*(seen->device	? seen->store ? &mix->device_stores : &mix->device_loads
	  : seen->store ? &mix->stores
			: &mix->loads) += 1;
}

static void exception(void *context, const struct jit161_exception *seen)
{
	struct mix *mix = context;

	mix->exceptions[seen->code % CODES]++;
}

static void tlb_write(void *context, const struct jit161_tlb_write *seen)
{
	struct mix *mix = context;

	(void)seen;
	mix->tlb_writes++;
}

static int by_count(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	uint64_t x = a->count[0] + a->count[1], y = b->count[0] + b->count[1];

	return x != y		    ? (x < y) - (x > y)
	       : a->name && b->name ? strcmp(a->name, b->name)
				    : !a->name - !b->name;
}

static void finish(void *context)
{
	struct mix *mix = context;
	char line[160];

#define SAY(...) (snprintf(line, sizeof(line), __VA_ARGS__), mix->host->say(mix->host, line))
	SAY("mix: %" PRIu64 " instructions: %" PRIu64 " kernel, %" PRIu64 " user; %" PRIu64
	    " blocks with %" PRIu64,
	    mix->instructions[0] + mix->instructions[1], mix->instructions[0], mix->instructions[1],
	    mix->blocks, mix->in_blocks);
	SAY("mix: %" PRIu64 " loads, %" PRIu64 " stores; devices: %" PRIu64 " loads, %" PRIu64
	    " stores; %" PRIu64 " TLB writes",
	    mix->loads, mix->stores, mix->device_loads, mix->device_stores, mix->tlb_writes);
	for (unsigned code = 0; code < CODES; code++)
		if (mix->exceptions[code])
			SAY("mix: exception %u: %" PRIu64, code, mix->exceptions[code]);
	qsort(mix->entries, NAMES, sizeof(mix->entries[0]), by_count);
	for (unsigned i = 0; i < mix->show && i < NAMES && mix->entries[i].name; i++)
		SAY("mix: %-8s %12" PRIu64 " kernel %12" PRIu64 " user", mix->entries[i].name,
		    mix->entries[i].count[0], mix->entries[i].count[1]);
#undef SAY
	free(mix);
}

bool jit161_plugin_start(const struct jit161_host *host, struct jit161_plugin *plugin)
{
	struct mix *mix;
	char *end;
	unsigned long show = *host->arguments ? strtoul(host->arguments, &end, 10) : 20;

	if (host->version != JIT161_PLUGIN_VERSION ||
	    (*host->arguments && (*end || end == host->arguments))) {
		host->say(host, "mix: its argument is a number");
		return false;
	}
	mix = calloc(1, sizeof(*mix));
	if (!mix)
		return false;
	mix->host = host;
	mix->show = show < NAMES ? (unsigned)show : NAMES;
	*plugin = (struct jit161_plugin){.context = mix,
					 .instruction = instruction,
					 .block = block,
					 .access = access_memory,
					 .exception = exception,
					 .tlb_write = tlb_write,
					 .finish = finish};
	return true;
}

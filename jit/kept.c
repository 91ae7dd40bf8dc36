#include "jit/kept.h"
#include "runtime/cpu/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef JIT161_PLANT_BUGS
#define KEEPS_NOTHING true
#else
#define KEEPS_NOTHING false
#endif

#define WRITE_AT_ONCE ((uint64_t)8 << 20) /* bytes that may wait for the run's end */

/* All that code of this machine depends on, but guest bytes and addresses. */
static bool make_key(struct jit *jit, struct store_key *key, struct error *error)
{
	const struct cpu_model *model = jit->cpus[0].model;
	bool inlined = jit->options.sensitive == SENSITIVE_INLINE;
	struct {
		struct build_id program, backend;
		uint32_t ram_size, code_map_offset, region_instructions, policy, looks_ahead, big_endian;
	} parts;

	if (KEEPS_NOTHING)
		return error_set(error, "translated code is not kept in a build with planted bugs");
	memset(&parts, 0, sizeof(parts));
	if (!build_id_of_file("/proc/self/exe", &parts.program, error) ||
	    !build_id_of_file(jit->options.backend_path, &parts.backend, error))
		return false;
	jit->kept_backend = parts.backend;
	parts.ram_size = jit->memory->ram_size;
	parts.code_map_offset = jit->memory->code_map_offset;
	parts.region_instructions = jit->options.region_instructions;
	parts.policy = inlined; /* calls and traps are the same code: what it calls differs */
	parts.looks_ahead = model->lift.fetch_looks_ahead;
	parts.big_endian = model->lift.big_endian;
	memset(key, 0, sizeof(*key));
	key->hash = store_hash(model->name, strlen(model->name), host_processor_hash());
	key->hash = store_hash(&parts, sizeof(parts), key->hash);
	snprintf(key->title, sizeof(key->title), "%s, %s endian, %u KiB of RAM, %s, regions of %u",
		 model->name, model->lift.big_endian ? "big" : "little", parts.ram_size >> 10,
		 inlined ? "inline" : "call", jit->options.region_instructions);
	return true;
}

void kept_open(struct jit *jit)
{
	const struct jit_options *options = &jit->options;
	struct store_options how = {
	    .directory = options->cache_directory, .limit = options->cache_bytes, .label = options->guest};
	struct store_key key;
	struct error *error = &jit->kept_error;

	*error = (struct error){0};
	if (!how.directory || options->tiers == TIERS_FIRST || !make_key(jit, &key, error))
		return;
	jit->store = store_open(&how, &key, error);
}

void kept_close(struct jit *jit)
{
	store_close(jit->store);
	jit->store = NULL;
}

bool kept_any(const struct jit *jit)
{
	return jit->store && store_figures(jit->store).records > 0;
}

/* Whether the bytes are those of the guest, and it asks no more of accesses than is known of them here. */
static bool same_content(const struct jit *jit, const struct region *region)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		if (memcmp(jit->memory->ram + block->pa, region->content + block->content,
			   4u * block->words) != 0 ||
		    block->accesses < slow_known_of(jit, block, 0))
			return false;
	}
	return true;
}

/* Makes the code of a region from a record that of the places it belongs to. False if there is no room. */
static bool install(struct jit *jit, struct region *region)
{
	if (!cache_add(jit, region)) {
		region_free(region);
		return false;
	}
	reclaim_reserve(jit);
	region->compiled = compiler_place(jit, region);
	if (!region->compiled) {
		cache_discard(jit, region);
		return false;
	}
	struct code_object *object = region->object;
	cache_install(jit, region);
	reclaim_collected(jit, object);
	return true;
}

/* The region of one record, if its bytes are those of the guest. */
static struct region *load(struct jit *jit, uint32_t at, const struct block_entry *entry,
			   enum record_kind kind)
{
	struct ir_mode mode = {
	    .user = entry->user, .mapped = entry->user, .big_endian = jit->memory->map.big_endian};
	struct region *region = NULL;
	uint32_t size;
	void *bytes = store_read(jit->store, at, &size);

	if (!bytes)
		return NULL;
	region = record_region(bytes, size, kind, mode, entry->pa, jit->memory->ram_size);
	free(bytes);
	if (!region || region->blocks[0].va != entry->va) {
		store_refuse(jit->store, at);
	} else if (same_content(jit, region)) {
		return region;
	}
	if (region)
		region_free(region);
	return NULL;
}

/* The next record of an address whose head has the guest's bytes; `at` as store_next has it. */
static bool next_record(const struct jit *jit, const struct block_entry *entry, enum record_kind kind,
			uint32_t *at)
{
	const struct store_name *name;
	uint32_t word, space = record_space(entry->user, kind);

	memcpy(&word, jit->memory->ram + entry->pa, sizeof(word));
	while ((name = store_next(jit->store, entry->va, space, word, at)))
		if (name->head_size <= jit->memory->ram_size - entry->pa && name->head_size <= PAGE_SIZE &&
		    store_hash(jit->memory->ram + entry->pa, name->head_size, 0) == name->head_hash)
			return true;
	return false;
}

static bool adopt(struct jit *jit, const struct block_entry *entry)
{
	uint32_t at = 0;

	while (next_record(jit, entry, RECORD_REGION, &at)) {
		struct region *region = load(jit, at, entry, RECORD_REGION);

		if (!region)
			continue;
		if (!install(jit, region))
			return false;
		jit->statistics.kept_loaded++;
		if (entry->translation)
			return true;
	}
	return false;
}

/* Where code has to end for a debugger is not known to records. */
static bool is_split(const struct jit *jit)
{
	return jit->cpus[0].debug && jit->cpus[0].debug->split_count;
}

bool kept_adopt(struct jit *jit, struct block_entry *entry)
{
	bool requested = entry->requested, done;

	if (!jit->store || is_split(jit))
		return false;
	entry->requested = true; /* it stays, whatever has to make room */
	done = adopt(jit, entry);
	entry->requested = requested;
	return done;
}

struct region *kept_request(struct jit *jit, const struct block_entry *entry)
{
	struct region *region = NULL;
	uint32_t at = 0;

	if (!jit->store || is_split(jit))
		return NULL;
	/* Each run that asked in vain has added one. */
	while (next_record(jit, entry, RECORD_REQUEST, &at)) {
		struct region *next = load(jit, at, entry, RECORD_REQUEST), *less = next;

		if (next && (!region || next->tries > region->tries)) {
			less = region;
			region = next;
		}
		if (less)
			region_free(less);
	}
	return region;
}

static void write_down(struct jit *jit)
{
	struct error error;

	if (!store_write(jit->store, &error) && !jit->kept_error.text[0])
		jit->kept_error = error;
}

static void add(struct jit *jit, const struct region *region, enum record_kind kind)
{
	struct store_name name = record_name(region, kind);
	uint32_t size;
	void *bytes = record_make(region, kind, &size);

	store_add(jit->store, &name, bytes, size);
	if (store_waiting(jit->store) >= WRITE_AT_ONCE)
		write_down(jit);
}

void kept_add(struct jit *jit, const struct region *region)
{
	if (jit->store && compiler_matches(jit->compiler))
		add(jit, region, RECORD_REGION);
}

void kept_add_request(struct jit *jit, const struct region *region)
{
	if (jit->store)
		add(jit, region, RECORD_REQUEST);
}

void kept_write(struct jit *jit)
{
	if (jit->store)
		write_down(jit);
}

void kept_statistics(const struct jit *jit, struct jit_statistics *statistics)
{
	statistics->kept = jit->store != NULL;
	if (!jit->store)
		return;
	struct store_figures figures = store_figures(jit->store);
	statistics->kept_records = figures.records;
	statistics->kept_stored = figures.stored;
	statistics->kept_bytes = figures.bytes;
	statistics->kept_refused = figures.refused;
}

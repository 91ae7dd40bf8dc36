/* The translation cache: which addresses have code, which slots lead where, and which bytes of RAM code was
 * made from.
 *
 * * An instance of a region is watched for as long as anything leads from there to the code, a pending one
 * from before its bytes are copied: its granules are marked in the code map and the page loses write
 * permission in every soft TLB, so that whoever writes there reports it. */
#include "jit/jit_internal.h"
#include "runtime/core/planted.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TABLE_FULL	  (BLOCK_TABLE_SIZE / 4 * 3)
#define MAX_INVALIDATIONS 8

static void *reserve(size_t size)
{
	/* Large and mostly untouched. */
	void *memory =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

bool cache_init(struct jit *jit, struct error *error)
{
	size_t granules = jit->memory->ram_size >> CODE_GRANULE_SHIFT;

	jit->table = reserve(BLOCK_TABLE_SIZE * sizeof(*jit->table));
	jit->slots = reserve(MAX_SLOTS * sizeof(*jit->slots));
	jit->slot_uses = reserve(MAX_SLOTS * sizeof(*jit->slot_uses));
	jit->addresses = calloc(ADDRESS_BUCKETS, sizeof(*jit->addresses));
	jit->granules = calloc(granules, sizeof(*jit->granules));
	if (!jit->table || !jit->slots || !jit->slot_uses || !jit->granules || !jit->addresses)
		return error_set(error, "Cannot allocate the translation cache");
	return true;
}

static unsigned hash(uint32_t va, uint32_t pa, bool user)
{
	uint32_t mixed = (va >> 2) * 0x9E3779B1u ^ (pa >> 2) * 0x85EBCA6Bu ^ user;

	return (mixed ^ mixed >> 15) & (BLOCK_TABLE_SIZE - 1);
}

static struct block_entry *probe(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	struct block_entry *entry = &jit->table[hash(va, pa, user)];

	while (entry->used && (entry->va != va || entry->pa != pa || entry->user != user))
		entry = entry + 1 == jit->table + BLOCK_TABLE_SIZE ? jit->table : entry + 1;
	return entry;
}

const struct block_entry *cache_find(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	const struct block_entry *entry = probe(jit, va, pa, user);

	return entry->used ? entry : NULL;
}

void cache_count_again(const struct jit *jit, struct block_entry *entry)
{
	uint64_t executions = (uint64_t)jit_threshold(jit) << entry->invalidations;

	if (jit->options.tiers == TIERS_FIRST || executions > INT32_MAX)
		executions = INT32_MAX;
	atomic_store_explicit(&entry->counted, (int)executions, memory_order_relaxed);
	atomic_store_explicit(&entry->countdown, (int)executions, memory_order_relaxed);
}

struct block_entry *cache_entry(struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	struct block_entry *entry = probe(jit, va, pa, user);

	if (entry->used)
		return entry;
	if (jit->table_used == TABLE_FULL)
		return NULL;
	*entry = (struct block_entry){.va = va, .pa = pa, .user = user, .used = true};
	cache_count_again(jit, entry);
	jit->table_used++;
	return entry;
}

static uint32_t block_first(const struct scanned_block *block, uint32_t distance)
{
	return (block->pa + distance) >> CODE_GRANULE_SHIFT;
}

static uint32_t block_last(const struct scanned_block *block, uint32_t distance)
{
	return (block->pa + distance + 4u * block->words - 1) >> CODE_GRANULE_SHIFT;
}

/* Registers an instance in the code map. */
static void watch(struct jit *jit, struct region *region, uint32_t distance)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		for (uint32_t granule = block_first(block, distance); granule <= block_last(block, distance);
		     granule++) {
			struct granule_use *use = jit->granules[granule];

			/* Its uses of one granule are made one after another, so the newest tells. */
			if (use && use->region == region && use->distance == distance)
				continue;
			use = malloc(sizeof(*use));
			if (!use)
				abort();
			*use = (struct granule_use){
			    .region = region, .distance = distance, .next = jit->granules[granule]};
			jit->granules[granule] = use;
			memory_mark_code(jit->memory, granule, CODE_TRANSLATED, true);
			if (planted(BUG_CODE_MAP))
				break;
		}
		for (unsigned cpu = 0; cpu < jit->cpu_count && !planted(BUG_PROTECT); cpu++)
			soft_tlb_protect(&jit->cpus[cpu], (block->pa + distance) & PAGE_MASK);
	}
	if (region->instance_count == region->instance_capacity) {
		bool own = region->instances == &region->own_instance;

		region->instance_capacity = region->instance_capacity ? region->instance_capacity * 2 : 4;
		region->instances =
		    realloc(own ? NULL : region->instances, region->instance_capacity * sizeof(uint32_t));
		if (!region->instances)
			abort();
		if (own)
			region->instances[0] = region->own_instance;
	}
	region->instances[region->instance_count++] = distance;
}

static void unwatch(struct jit *jit, struct region *region, uint32_t distance)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		for (uint32_t granule = block_first(block, distance); granule <= block_last(block, distance);
		     granule++) {
			struct granule_use **at = &jit->granules[granule];

			while (*at) {
				struct granule_use *use = *at;

				if (use->region == region && use->distance == distance) {
					*at = use->next;
					free(use);
				} else {
					at = &use->next;
				}
			}
			memory_mark_code(jit->memory, granule, CODE_TRANSLATED, jit->granules[granule]);
		}
	}
	for (unsigned i = 0; i < region->instance_count; i++)
		if (region->instances[i] == distance)
			region->instances[i] = region->instances[--region->instance_count];
}

static bool has_instance(const struct region *region, uint32_t distance)
{
	for (unsigned i = 0; i < region->instance_count; i++)
		if (region->instances[i] == distance)
			return true;
	return false;
}

void cache_add(struct jit *jit, struct region *region)
{
	region->pending = true;
	watch(jit, region, 0);
	region->next = jit->regions;
	jit->regions = region;
}

static void drop_from_list(struct jit *jit, const struct region *region)
{
	struct region **at = &jit->regions;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
}

static void unlink_slot(struct jit *jit, uint32_t slot)
{
	jit->slots[slot] = (void *)(uintptr_t)jit->common.address[STENCIL_STUB];
	jit->slot_uses[slot].target = NULL;
}

/* Takes an address's code out of the jump caches. */
static void clear_jump_caches(struct jit *jit, uint32_t va, bool user)
{
	for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++) {
		struct jump_cache_entry *entry = &jit->cpus[cpu].jump_cache[user][jump_cache_index(va)];

		if (entry->va == va)
			entry->va = JUMP_CACHE_EMPTY;
	}
}

/* Takes back all links to a region. */
static void unlink_incoming(struct jit *jit, struct region *region)
{
	for (unsigned i = 0; i < region->incoming_count; i++)
		if (jit->slot_uses[region->incoming[i]].target == region)
			unlink_slot(jit, region->incoming[i]);
	region->incoming_count = 0;
}

/* Enters an instance's code into the table. */
static void set_entries(struct jit *jit, struct region *region, uint32_t distance)
{
	for (unsigned i = 0; i < region->entry_count; i++) {
		const struct region_entry *own = &region->entries[i];
		struct block_entry *entry = cache_entry(jit, own->va, own->pa + distance, region->mode.user);

		if (!entry)
			continue;
		if (entry->code) {
			/* Of two of a kind the older one stays. */
			if (entry->region->tier >= region->tier)
				continue;
			unlink_incoming(jit, entry->region);
			clear_jump_caches(jit, own->va, region->mode.user);
		}
		entry->code = own->code;
		entry->region = region;
	}
}

static void clear_entries(struct jit *jit, struct region *region, uint32_t distance)
{
	for (unsigned i = 0; i < region->entry_count; i++) {
		const struct region_entry *own = &region->entries[i];
		struct block_entry *entry = probe(jit, own->va, own->pa + distance, region->mode.user);

		if (!planted(BUG_JUMP_CACHE))
			clear_jump_caches(jit, own->va, region->mode.user);
		if (!entry->used || entry->region != region)
			continue;
		entry->code = NULL;
		entry->region = NULL;
		if (entry->invalidations < MAX_INVALIDATIONS)
			entry->invalidations++;
		cache_count_again(jit, entry);
	}
}

static unsigned address_bucket(uint32_t va)
{
	return (va >> 2) * 0x9E3779B1u >> 20 & (ADDRESS_BUCKETS - 1);
}

void cache_install(struct jit *jit, struct region *region)
{
	region->pending = false;
	for (uint32_t i = 0; i < region->slot_count; i++) {
		jit->slot_uses[region->first_slot + i].source = region;
		unlink_slot(jit, region->first_slot + i);
	}
	if (region->tier == 1) {
		jit->statistics.stencil_blocks++;
		jit->statistics.stencil_instructions += region->instructions;
		set_entries(jit, region, 0);
		return;
	}
	for (unsigned i = 0; i < region->ir.count; i++)
		jit->statistics.guest_instructions += region->ir.blocks[i].guest_count;
	for (unsigned i = 0; i < region->entry_count; i++) {
		const struct region_entry *entry = &region->entries[i];
		struct address_use **bucket = &jit->addresses[address_bucket(entry->va)];
		struct address_use *use = malloc(sizeof(*use));

		if (!use)
			abort();
		*use =
		    (struct address_use){.va = entry->va, .pa = entry->pa, .region = region, .next = *bucket};
		*bucket = use;
	}
	set_entries(jit, region, 0);
	jit->statistics.regions++;
	jit->statistics.blocks += region->ir.count;
	ir_region_free(&region->ir);
	free(region->pages);
	region->pages = NULL;
}

static bool same_bytes(const struct jit *jit, const struct region *region, uint32_t distance)
{
	const uint8_t *ram = jit->memory->ram;

	if (!region->content && region->instance_count == 0)
		return false;
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		const void *content = region->content ? (const void *)(region->content + block->content)
						      : ram + (uint32_t)(block->pa + region->instances[0]);

		if (memcmp(ram + (uint32_t)(block->pa + distance), content, 4u * block->words) != 0)
			return false;
	}
	return true;
}

/* Makes a region serve another place, and with it all that its exits are linked to. */
static bool attach(struct jit *jit, struct region *region, uint32_t distance)
{
	if (has_instance(region, distance))
		return true;
	if (region->retired)
		return false;
	if (!same_bytes(jit, region, distance) && !planted(BUG_CONTENT))
		return false;
	watch(jit, region, distance);
	set_entries(jit, region, distance);
	jit->statistics.adopted++;
	for (uint32_t slot = region->first_slot; slot < region->first_slot + region->slot_count; slot++) {
		const struct slot_use *use = &jit->slot_uses[slot];

		if (use->target && !attach(jit, use->target, distance + use->shift))
			unlink_slot(jit, slot);
	}
	return true;
}

bool cache_adopt(struct jit *jit, struct block_entry *entry)
{
	for (struct address_use *use = jit->addresses[address_bucket(entry->va)]; use; use = use->next) {
		if (use->va != entry->va || use->region->mode.user != entry->user ||
		    (!entry->user && use->pa != entry->pa))
			continue;
		if (attach(jit, use->region, entry->pa - use->pa) && entry->code)
			return true;
	}
	return false;
}

bool cache_awaits(const struct jit *jit, const struct block_entry *entry)
{
	for (const struct region *region = jit->regions; region; region = region->next)
		if (region->pending && !region->stale && region->mode.user == entry->user &&
		    region->blocks[0].va == entry->va)
			return true;
	return false;
}

void cache_link(struct jit *jit, uint32_t slot, const struct block_entry *target)
{
	struct slot_use *use = &jit->slot_uses[slot];
	struct region *source = use->source, *region = target->region;
	uint32_t from = 0, to = 0;

	/* Slots lead to the same page in user mode, and the kernel's code has one place only. */
	if (target->user) {
		from = (target->pa & PAGE_MASK) - (source->blocks[0].pa & PAGE_MASK);
		to = (target->pa & PAGE_MASK) - (region->blocks[0].pa & PAGE_MASK);
	}
	for (unsigned i = 0; i < source->instance_count; i++)
		if (!attach(jit, region, source->instances[i] + (to - from)))
			return;
	if (region->incoming_count == region->incoming_capacity) {
		region->incoming_capacity = region->incoming_capacity ? region->incoming_capacity * 2 : 8;
		region->incoming = realloc(region->incoming, region->incoming_capacity * sizeof(uint32_t));
		if (!region->incoming)
			abort();
	}
	region->incoming[region->incoming_count++] = slot;
	use->target = region;
	use->shift = to - from;
	jit->slots[slot] = (void *)(uintptr_t)target->code;
}

static void clear_all_jump_caches(struct jit *jit)
{
	for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++)
		for (unsigned mode = 0; mode < 2; mode++)
			for (unsigned i = 0; i < JUMP_CACHE_SIZE; i++)
				jit->cpus[cpu].jump_cache[mode][i].va = JUMP_CACHE_EMPTY;
}

/* Takes a place away from an installed region: nothing may lead from there to its code any more. The region
 * stays, for when the same bytes come back. */
static void detach(struct jit *jit, struct region *region, uint32_t distance)
{
	if (!planted(BUG_UNLINK))
		unlink_incoming(jit, region);
	clear_entries(jit, region, distance);
	unwatch(jit, region, distance);
	jit->statistics.invalidated++;
	jit->invalidated = true;
}

void cache_discard(struct jit *jit, struct region *region)
{
	while (region->instance_count)
		unwatch(jit, region, region->instances[0]);
	drop_from_list(jit, region);
	region_free(region);
}

static bool use_overlaps(const struct granule_use *use, uint32_t offset, uint32_t size)
{
	for (unsigned i = 0; i < use->region->block_count; i++) {
		const struct scanned_block *block = &use->region->blocks[i];
		uint32_t start = block->pa + use->distance;

		if (offset < start + 4u * block->words && start < offset + size)
			return true;
	}
	return false;
}

bool cache_overlaps(const struct jit *jit, uint32_t offset, uint32_t size)
{
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++)
		for (const struct granule_use *use = jit->granules[granule]; use; use = use->next)
			if (use_overlaps(use, offset, size))
				return true;
	return false;
}

void cache_code_written(void *context, uint32_t offset, uint32_t size)
{
	struct jit *jit = context;
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++) {
		for (struct granule_use *use = jit->granules[granule], *next; use; use = next) {
			next = use->next; /* an instance has one use in a granule: detaching frees no other */
			if (!use_overlaps(use, offset, size))
				continue;
			if (use->region->pending)
				use->region->stale = true;
			else
				detach(jit, use->region, use->distance);
		}
	}
}

static bool runs_over(const struct region *region, uint32_t va)
{
	for (unsigned i = 0; i < region->block_count; i++)
		if (va - region->blocks[i].va < 4u * region->blocks[i].words)
			return true;
	return false;
}

void jit_split(struct jit *jit, uint32_t va)
{
	for (struct region *region = jit->regions; region; region = region->next) {
		if (!runs_over(region, va))
			continue;
		if (region->pending) {
			region->stale = true;
			continue;
		}
		region->retired = true;
		while (region->instance_count)
			detach(jit, region, region->instances[0]);
	}
}

static void free_all_regions(struct jit *jit)
{
	while (jit->regions)
		cache_discard(jit, jit->regions);
	for (unsigned i = 0; jit->addresses && i < ADDRESS_BUCKETS; i++) {
		while (jit->addresses[i]) {
			struct address_use *use = jit->addresses[i];

			jit->addresses[i] = use->next;
			free(use);
		}
	}
}

void jit_flush(struct jit *jit)
{
	struct region *done;

	compiler_wait(jit->compiler);
	while ((done = compiler_collect(jit->compiler)))
		; /* they are in `regions` and go with the rest */
	free_all_regions(jit);
	memset(jit->table, 0, BLOCK_TABLE_SIZE * sizeof(*jit->table));
	jit->table_used = 0;
	jit->slots_used = 0;
	jit->waiting_instructions = 0;
	clear_all_jump_caches(jit);
	code_memory_reset(&jit->code);
	emitter_reset(jit->emitter);
	jit->statistics.flushes++;
	jit->invalidated = true;
}

void cache_free(struct jit *jit)
{
	free_all_regions(jit);
	free(jit->granules);
	free(jit->addresses);
	if (jit->table)
		munmap(jit->table, BLOCK_TABLE_SIZE * sizeof(*jit->table));
	if (jit->slots)
		munmap(jit->slots, MAX_SLOTS * sizeof(*jit->slots));
	if (jit->slot_uses)
		munmap(jit->slot_uses, MAX_SLOTS * sizeof(*jit->slot_uses));
}

/* The translation cache: which addresses have code, which slots lead where, and which bytes of RAM code was
 * made from.
 *
 * A region is watched from before its bytes are copied until it dies: its granules are marked in the code map
 * and the page loses write permission in every soft TLB, so that whoever writes there reports it. */
#include "jit/jit_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TABLE_FULL (BLOCK_TABLE_SIZE / 4 * 3)

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
	jit->slot_regions = reserve(MAX_SLOTS * sizeof(*jit->slot_regions));
	jit->granules = calloc(granules, sizeof(*jit->granules));
	if (!jit->table || !jit->slots || !jit->slot_regions || !jit->granules)
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

struct block_entry *cache_entry(struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	struct block_entry *entry = probe(jit, va, pa, user);

	if (entry->used)
		return entry;
	if (jit->table_used == TABLE_FULL)
		return NULL;
	*entry = (struct block_entry){.va = va, .pa = pa, .user = user, .used = true};
	jit->table_used++;
	return entry;
}

bool cache_page_has_code(const struct memory *memory, uint32_t frame)
{
	const uint8_t *granules = memory->ram + memory->code_map_offset + (frame >> CODE_GRANULE_SHIFT);

	for (unsigned i = 0; i < PAGE_SIZE >> CODE_GRANULE_SHIFT; i++)
		if (granules[i])
			return true;
	return false;
}

static uint8_t *granule_mark(const struct jit *jit, uint32_t granule)
{
	return jit->memory->ram + jit->memory->code_map_offset + granule;
}

void cache_watch(struct jit *jit, struct region *region)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		uint32_t first = block->pa >> CODE_GRANULE_SHIFT;
		uint32_t last = (block->pa + 4u * block->words - 1) >> CODE_GRANULE_SHIFT;

		for (uint32_t granule = first; granule <= last; granule++) {
			if (jit->granules[granule] && jit->granules[granule]->region == region)
				continue;
			struct granule_use *use = malloc(sizeof(*use));
			if (!use)
				abort();
			*use = (struct granule_use){.region = region, .next = jit->granules[granule]};
			jit->granules[granule] = use;
			*granule_mark(jit, granule) = 1;
		}
		for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++)
			soft_tlb_protect(&jit->cpus[cpu], block->pa & PAGE_MASK);
	}
	region->next = jit->regions;
	jit->regions = region;
}

static void unwatch(struct jit *jit, struct region *region)
{
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		uint32_t first = block->pa >> CODE_GRANULE_SHIFT;
		uint32_t last = (block->pa + 4u * block->words - 1) >> CODE_GRANULE_SHIFT;

		for (uint32_t granule = first; granule <= last; granule++) {
			struct granule_use **at = &jit->granules[granule];

			while (*at) {
				struct granule_use *use = *at;

				if (use->region == region) {
					*at = use->next;
					free(use);
				} else {
					at = &use->next;
				}
			}
			*granule_mark(jit, granule) = jit->granules[granule] != NULL;
		}
	}
}

static void drop_from_list(struct jit *jit, const struct region *region)
{
	struct region **at = &jit->regions;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
}

/* All slots of a region lead to the stub. */
static void reset_slots(struct jit *jit, const struct region *region, struct region *owner)
{
	struct backend *backend;
	const struct backend_interface *interface = compiler_backend(jit->compiler, &backend);
	const void *stub = interface->stub(backend);

	for (uint32_t i = 0; i < region->slot_count; i++) {
		jit->slots[region->first_slot + i] = (void *)(uintptr_t)stub;
		jit->slot_regions[region->first_slot + i] = owner;
	}
}

void cache_install(struct jit *jit, struct region *region)
{
	region->state = REGION_INSTALLED;
	reset_slots(jit, region, region);
	for (unsigned i = 0; i < region->ir.count; i++) {
		const struct ir_block *block = &region->ir.blocks[i];

		if (!region->entries[i])
			continue;
		struct block_entry *entry = cache_entry(jit, block->va, block->pa, region->mode.user);
		if (!entry || entry->code) /* another region has it already; that one stays */
			continue;
		entry->code = region->entries[i];
		entry->region = region;
		jit->statistics.blocks++;
	}
	for (unsigned i = 0; i < region->ir.count; i++)
		jit->statistics.guest_instructions += region->ir.blocks[i].guest_count;
	jit->statistics.regions++;
	free(region->pages);
	region->pages = NULL;
}

void cache_link(struct jit *jit, uint32_t slot, const struct block_entry *target)
{
	struct region *region = target->region;

	if (region->incoming_count == region->incoming_capacity) {
		region->incoming_capacity = region->incoming_capacity ? region->incoming_capacity * 2 : 8;
		region->incoming = realloc(region->incoming, region->incoming_capacity * sizeof(uint32_t));
		if (!region->incoming)
			abort();
	}
	region->incoming[region->incoming_count++] = slot;
	jit->slots[slot] = (void *)(uintptr_t)target->code;
}

static void clear_jump_caches(struct jit *jit)
{
	for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++)
		for (unsigned mode = 0; mode < 2; mode++)
			for (unsigned i = 0; i < JUMP_CACHE_SIZE; i++)
				jit->cpus[cpu].jump_cache[mode][i].va = JUMP_CACHE_EMPTY;
}

/* Makes sure nothing leads to an installed region any more. */
static void uninstall(struct jit *jit, struct region *region)
{
	struct backend *backend;
	const void *stub = compiler_backend(jit->compiler, &backend)->stub(backend);

	for (unsigned i = 0; i < region->incoming_count; i++)
		jit->slots[region->incoming[i]] = (void *)(uintptr_t)stub;
	for (unsigned i = 0; i < region->ir.count; i++) {
		const struct ir_block *block = &region->ir.blocks[i];

		if (!region->entries[i])
			continue;
		struct block_entry *entry = probe(jit, block->va, block->pa, region->mode.user);
		if (!entry->used || entry->region != region)
			continue;
		entry->code = NULL;
		entry->region = NULL;
		entry->heat = 0;
		if (entry->invalidations < 8)
			entry->invalidations++;
	}
	region->state = REGION_DEAD;
	reset_slots(jit, region, NULL);
	clear_jump_caches(jit);
	jit->statistics.invalidated++;
	jit->invalidated = true;
}

void cache_discard(struct jit *jit, struct region *region)
{
	unwatch(jit, region);
	drop_from_list(jit, region);
	region_free(region);
}

static bool block_overlaps(const struct scanned_block *block, uint32_t offset, uint32_t size)
{
	return offset < block->pa + 4u * block->words && block->pa < offset + size;
}

static bool region_overlaps(const struct region *region, uint32_t offset, uint32_t size)
{
	for (unsigned i = 0; i < region->block_count; i++)
		if (block_overlaps(&region->blocks[i], offset, size))
			return true;
	return false;
}

bool cache_overlaps(const struct jit *jit, uint32_t offset, uint32_t size)
{
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++)
		for (const struct granule_use *use = jit->granules[granule]; use; use = use->next)
			if (region_overlaps(use->region, offset, size))
				return true;
	return false;
}

void cache_code_written(void *context, uint32_t offset, uint32_t size)
{
	struct jit *jit = context;
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++) {
		for (struct granule_use *use = jit->granules[granule], *next; use; use = next) {
			struct region *region = use->region;

			next = use->next;
			if (!region_overlaps(region, offset, size))
				continue;
			if (region->state == REGION_PENDING) {
				region->stale = true;
				continue;
			}
			uninstall(jit, region);
			cache_discard(jit, region); /* frees `use`; `next` belongs to another region */
		}
	}
}

static void free_all_regions(struct jit *jit)
{
	while (jit->regions)
		cache_discard(jit, jit->regions);
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
	clear_jump_caches(jit);
	code_memory_reset(&jit->code);
	jit->statistics.flushes++;
	jit->invalidated = true;
}

void cache_free(struct jit *jit)
{
	free_all_regions(jit);
	free(jit->granules);
	if (jit->table)
		munmap(jit->table, BLOCK_TABLE_SIZE * sizeof(*jit->table));
	if (jit->slots)
		munmap(jit->slots, MAX_SLOTS * sizeof(*jit->slots));
	if (jit->slot_regions)
		munmap(jit->slot_regions, MAX_SLOTS * sizeof(*jit->slot_regions));
}

/* The translation cache: which translation serves which places in RAM, and which of its exits lead to which others. */
#include "jit/jit_internal.h"
#include "runtime/core/planted.h"

#include <stdlib.h>
#include <string.h>

bool cache_init(struct jit *jit, struct error *error)
{
	jit->addresses = calloc(ADDRESS_BUCKETS, sizeof(*jit->addresses));
	if (!jit->addresses || !pool_init(&jit->translations, sizeof(struct translation), MAX_TRANSLATIONS) ||
	    !table_init(jit) || !watch_init(jit) || !slots_init(jit))
		return error_set(error, "Cannot allocate the translation cache");
	return true;
}

unsigned translation_block_count(const struct translation *translation)
{
	return translation->tier == 1 ? 1 : translation->region->block_count;
}

struct scanned_block translation_block(const struct translation *translation, unsigned index)
{
	if (translation->tier == 2)
		return translation->region->blocks[index];
	return (struct scanned_block){
	    .va = translation->va, .pa = translation->pa, .words = translation->block.words};
}

static unsigned entry_count(const struct translation *translation)
{
	return translation->tier == 1 ? 1 : translation->region->entry_count;
}

static struct region_entry entry_of(const struct jit *jit, const struct translation *translation,
				    unsigned index)
{
	if (translation->tier == 2)
		return translation->region->entries[index];
	return (struct region_entry){translation->va, translation->pa,
				     jit->code.executable + translation->block.code};
}

uint32_t cache_slot_target(const struct jit *jit, uint32_t slot)
{
	const struct translation *source = translation_at(jit, jit->slot_uses[slot].source);
	const uint32_t *targets = source->tier == 1 ? source->block.targets : source->region->slot_targets;

	return targets[slot - source->first_slot];
}

/* --- instances --- */

bool translation_has_instance(const struct translation *translation, uint32_t distance)
{
	const uint32_t *instances = translation_instances(translation);

	for (unsigned i = 0; i < translation->instance_count; i++)
		if (instances[i] == distance)
			return true;
	return false;
}

/* The array of more than one has room for the next power of two. */
static void add_instance(struct jit *jit, uint32_t number, uint32_t distance)
{
	struct translation *translation = translation_at(jit, number);
	uint32_t count = translation->instance_count;

	if (count == 0) {
		translation->instance = distance;
	} else if ((count & (count - 1)) == 0) {
		uint32_t first = translation->instance;
		uint32_t *instances = realloc(count == 1 ? NULL : translation->instances,
					      (size_t)2 * count * sizeof(*instances));

		if (!instances)
			abort();
		if (count == 1)
			instances[0] = first;
		translation->instances = instances;
	}
	if (count > 0)
		translation->instances[count] = distance;
	translation->instance_count++;
	watch_add(jit, number, distance);
}

static void remove_instance(struct jit *jit, uint32_t number, uint32_t distance)
{
	struct translation *translation = translation_at(jit, number);

	if (!translation_has_instance(translation, distance))
		return;
	watch_remove(jit, number, distance);
	if (translation->instance_count == 1) {
		translation->instance_count = 0;
		return;
	}
	uint32_t *instances = translation->instances;
	uint32_t last = --translation->instance_count;
	for (uint32_t i = 0; i < last; i++)
		if (instances[i] == distance)
			instances[i] = instances[last];
	if (last == 1) {
		translation->instance = instances[0];
		free(instances);
	}
}

/* --- reachability --- */

static void clear_jump_caches(struct jit *jit, uint32_t va, bool user)
{
	for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++) {
		struct jump_cache_entry *entry = &jit->cpus[cpu].jump_cache[user][jump_cache_index(va)];

		if (entry->va == va)
			entry->va = JUMP_CACHE_EMPTY;
	}
}

void cache_clear_jump_caches(struct jit *jit, const struct translation *translation)
{
	for (unsigned i = 0; i < entry_count(translation); i++)
		clear_jump_caches(jit, entry_of(jit, translation, i).va, translation->user);
}

void cache_clear_all_jump_caches(struct jit *jit)
{
	for (unsigned cpu = 0; cpu < jit->cpu_count; cpu++)
		for (unsigned mode = 0; mode < 2; mode++)
			for (unsigned i = 0; i < JUMP_CACHE_SIZE; i++)
				jit->cpus[cpu].jump_cache[mode][i].va = JUMP_CACHE_EMPTY;
}

/* A block of the first tier without a place is of no use any more: nobody would recognise its bytes. It goes when no
 * translated code is under way, since that may be its own. */
static void bury(struct jit *jit, uint32_t number)
{
	struct translation *translation = translation_at(jit, number);

	if (translation->tier == 2 || translation->instance_count > 0 || translation->dead)
		return;
	translation->dead = true;
	translation->next_dead = jit->dead;
	jit->dead = number;
}

/* Makes way for code of the second tier at one place. */
static void replace(struct jit *jit, struct block_entry *entry, uint32_t head)
{
	uint32_t number = entry->translation;
	struct translation *old = translation_at(jit, number);

	journal_note(jit, LOSS_REPLACED, number, entry->pa - old->pa, head);
	slots_unlink_incoming(jit, old);
	clear_jump_caches(jit, entry->va, entry->user);
	remove_instance(jit, number, entry->pa - old->pa);
	bury(jit, number);
}

/* Enters an instance's code into the table. */
static void set_entries(struct jit *jit, uint32_t number, uint32_t distance)
{
	const struct translation *translation = translation_at(jit, number);

	for (unsigned i = 0; i < entry_count(translation); i++) {
		struct region_entry own = entry_of(jit, translation, i);
		struct block_entry *entry = table_entry(jit, own.va, own.pa + distance, translation->user);

		if (!entry)
			continue;
		if (entry->translation) {
			/* Of two of a kind the older one stays. */
			if (translation_at(jit, entry->translation)->tier >= translation->tier)
				continue;
			replace(jit, entry, translation->va);
		}
		entry->translation = number;
		entry->code = (uint32_t)((const uint8_t *)own.code - jit->code.executable);
	}
}

static void clear_entries(struct jit *jit, uint32_t number, uint32_t distance)
{
	const struct translation *translation = translation_at(jit, number);

	for (unsigned i = 0; i < entry_count(translation); i++) {
		struct region_entry own = entry_of(jit, translation, i);
		struct block_entry *entry = table_find(jit, own.va, own.pa + distance, translation->user);

		if (!planted(BUG_JUMP_CACHE))
			clear_jump_caches(jit, own.va, translation->user);
		if (!entry || entry->translation != number)
			continue;
		entry->translation = 0;
		*table_meetings(jit, entry->va, entry->pa, entry->user) = 0;
		table_count_again(jit, entry);
		table_forget(jit, entry);
	}
}

void cache_detach(struct jit *jit, uint32_t number, uint32_t distance)
{
	if (!planted(BUG_UNLINK))
		slots_unlink_incoming(jit, translation_at(jit, number));
	clear_entries(jit, number, distance);
	remove_instance(jit, number, distance);
	if (!planted(BUG_UNLINK) && !planted(BUG_JUMP_CACHE))
		bury(jit, number);
	jit->statistics.invalidated++;
	jit->invalidated = true;
}

/* --- coming and going --- */

static uint32_t new_translation(struct jit *jit, uint8_t tier, bool user, uint32_t va, uint32_t pa)
{
	uint32_t number = watch_has_room(jit) ? pool_take(&jit->translations) : 0;

	if (number) {
		struct translation *translation = translation_at(jit, number);

		translation->tier = tier;
		translation->user = user;
		translation->va = va;
		translation->pa = pa;
	}
	return number;
}

bool cache_add(struct jit *jit, struct region *region)
{
	uint32_t first_slot = slots_take(jit, region->slot_count), number = 0;

	if (first_slot)
		number =
		    new_translation(jit, 2, region->mode.user, region->blocks[0].va, region->blocks[0].pa);
	if (!number) {
		if (first_slot)
			slots_give_back(jit, first_slot, region->slot_count);
		return false;
	}
	struct translation *translation = translation_at(jit, number);
	translation->pending = true;
	translation->region = region;
	translation->first_slot = region->first_slot = first_slot;
	translation->slot_count = (uint16_t)region->slot_count;
	region->translation = number;
	region->next = jit->pending;
	jit->pending = region;
	add_instance(jit, number, 0);
	return true;
}

static void no_longer_pending(struct jit *jit, struct region *region)
{
	struct region **at = &jit->pending;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
	translation_at(jit, region->translation)->pending = false;
}

static struct address_use **address_bucket(const struct jit *jit, uint32_t va)
{
	return &jit->addresses[(va >> 2) * 0x9E3779B1u >> 16 & (ADDRESS_BUCKETS - 1)];
}

static void register_addresses(struct jit *jit, const struct region *region)
{
	for (unsigned i = 0; i < region->entry_count; i++) {
		const struct region_entry *entry = &region->entries[i];
		struct address_use **first = address_bucket(jit, entry->va), *use = malloc(sizeof(*use));

		if (!use)
			abort();
		*use = (struct address_use){
		    .va = entry->va, .pa = entry->pa, .translation = region->translation, .next = *first};
		*first = use;
	}
}

static void forget_addresses(struct jit *jit, const struct region *region)
{
	for (unsigned i = 0; i < region->entry_count; i++) {
		struct address_use **at = address_bucket(jit, region->entries[i].va);

		while (*at) {
			struct address_use *use = *at;

			if (use->translation == region->translation) {
				*at = use->next;
				free(use);
			} else {
				at = &use->next;
			}
		}
	}
}

void cache_install(struct jit *jit, struct region *region)
{
	no_longer_pending(jit, region);
	slots_own(jit, region->translation);
	region->instructions = region->instructions_lifted;
	ir_region_free(&region->ir);
	code_image_free(&region->image);
	free(region->image_entries);
	region->image_entries = NULL;
	register_addresses(jit, region);
	jit->region_bytes += region_size(region);
	reclaim_add(jit, region->object, region->translation, 0);
	set_entries(jit, region->translation, 0);
	journal_code(jit, region->translation, true);
	jit->statistics.regions++;
	jit->statistics.blocks += region->blocks_lifted;
	jit->statistics.guest_instructions += region->instructions;
}

bool cache_install_block(struct jit *jit, const struct emitted_block *block)
{
	uint32_t number = new_translation(jit, 1, block->mode.user, block->scanned.va, block->scanned.pa);
	struct translation *translation = translation_at(jit, number);

	if (!number)
		return false;
	translation->first_slot = block->first_slot;
	translation->slot_count = (uint16_t)block->slot_count;
	translation->block.code = (uint32_t)(block->code - jit->code.writable);
	translation->block.targets[0] = block->targets[0];
	translation->block.targets[1] = block->targets[1];
	translation->block.words = (uint8_t)block->scanned.words;
	translation->block.instructions = (uint8_t)block->instructions;
	translation->block.size = (uint16_t)((block->size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT);
	slots_own(jit, number);
	add_instance(jit, number, 0);
	reclaim_add(jit, jit->chunk, number, block->size);
	set_entries(jit, number, 0);
	journal_code(jit, number, true);
	jit->statistics.stencil_blocks++;
	jit->statistics.stencil_instructions += block->instructions;
	jit->statistics.stencil_code_bytes += block->size;
	return true;
}

void cache_discard(struct jit *jit, struct region *region)
{
	uint32_t number = region->translation;
	struct translation *translation = translation_at(jit, number);

	no_longer_pending(jit, region);
	remove_instance(jit, number, 0);
	slots_give_back(jit, translation->first_slot, translation->slot_count);
	pool_give_back(&jit->translations, number);
	region_free(region);
}

void cache_remove(struct jit *jit, uint32_t number)
{
	struct translation *translation = translation_at(jit, number);

	journal_code(jit, number, false);
	slots_unlink_incoming(jit, translation);
	while (translation->instance_count) {
		uint32_t distance = translation_instances(translation)[0];

		clear_entries(jit, number, distance);
		remove_instance(jit, number, distance);
	}
	if (translation->slot_count)
		slots_give_back(jit, translation->first_slot, translation->slot_count);
	if (translation->tier == 2) {
		cache_clear_jump_caches(jit, translation);
		forget_addresses(jit, translation->region);
		jit->region_bytes -= region_size(translation->region);
		region_free(translation->region);
	}
	pool_give_back(&jit->translations, number);
}

/* --- other places --- */

static bool same_bytes(const struct jit *jit, const struct translation *translation, uint32_t distance)
{
	const uint8_t *ram = jit->memory->ram;

	if (translation->tier == 1)
		return translation->instance_count > 0 &&
		       memcmp(ram + (uint32_t)(translation->pa + distance),
			      ram + (uint32_t)(translation->pa + translation_instances(translation)[0]),
			      4u * translation->block.words) == 0;
	for (unsigned i = 0; i < translation->region->block_count; i++) {
		const struct scanned_block *block = &translation->region->blocks[i];

		if (memcmp(ram + (uint32_t)(block->pa + distance),
			   translation->region->content + block->content, 4u * block->words) != 0 ||
		    block->accesses < slow_known_of(jit, block, distance))
			return false;
	}
	return true;
}

/* How much further than the source's the instance of a target lies that the source's exits lead to: those of user code
 * to the same page, and the kernel's code has one place only. */
static uint32_t shift_of(const struct translation *source, const struct translation *target)
{
	return target->user ? (source->pa & PAGE_MASK) - (target->pa & PAGE_MASK) : 0;
}

/* Makes a translation serve another place, and with it all that its exits are linked to. */
static bool attach(struct jit *jit, uint32_t number, uint32_t distance)
{
	struct translation *translation = translation_at(jit, number);

	if (translation_has_instance(translation, distance))
		return true;
	if (translation->retired || !watch_has_room(jit) ||
	    (!same_bytes(jit, translation, distance) && !planted(BUG_CONTENT)))
		return false;
	add_instance(jit, number, distance);
	set_entries(jit, number, distance);
	jit->statistics.adopted++;
	for (uint32_t slot = translation->first_slot;
	     slot < translation->first_slot + translation->slot_count; slot++) {
		uint32_t target = jit->slot_uses[slot].target;

		if (target &&
		    !attach(jit, target, distance + shift_of(translation, translation_at(jit, target))))
			slot_unlink(jit, slot);
	}
	/* A region that came with a target may have taken its place. */
	return translation_has_instance(translation, distance);
}

bool cache_adopt(struct jit *jit, struct block_entry *entry)
{
	for (struct address_use *use = *address_bucket(jit, entry->va); use; use = use->next) {
		if (use->va != entry->va || translation_at(jit, use->translation)->user != entry->user ||
		    (!entry->user && use->pa != entry->pa))
			continue;
		if (attach(jit, use->translation, entry->pa - use->pa) && entry->translation)
			return true;
	}
	return false;
}

bool cache_awaits(const struct jit *jit, const struct block_entry *entry)
{
	for (const struct region *region = jit->pending; region; region = region->next)
		if (!region->stale && region->mode.user == entry->user && region->blocks[0].va == entry->va)
			return true;
	return false;
}

void cache_link(struct jit *jit, uint32_t slot, const struct block_entry *target)
{
	uint32_t number = target->translation;
	const struct translation *source = translation_at(jit, jit->slot_uses[slot].source);
	const struct translation *to = translation_at(jit, number);
	uint32_t shift = shift_of(source, to);

	if (source->tier == 0 || source->instance_count == 0)
		return; /* gone since it was left */
	for (unsigned i = 0; i < source->instance_count; i++)
		if (!attach(jit, number, translation_instances(source)[i] + shift))
			return;
	/* What came with it may have replaced either. */
	for (unsigned i = 0; i < source->instance_count; i++)
		if (!translation_has_instance(to, translation_instances(source)[i] + shift))
			return;
	if (target->translation != number || source->instance_count == 0)
		return;
	slot_link(jit, slot, number, entry_code(jit, target));
	to->object->entered = true;
}

/* --- places where code has to end --- */

static bool runs_over(const struct translation *translation, uint32_t va)
{
	for (unsigned i = 0; i < translation_block_count(translation); i++) {
		struct scanned_block block = translation_block(translation, i);

		if (va - block.va < 4u * block.words)
			return true;
	}
	return false;
}

void jit_split(struct jit *jit, uint32_t va)
{
	for (uint32_t number = 1; number <= jit->translations.made; number++) {
		struct translation *translation = translation_at(jit, number);

		if (translation->tier == 0 || translation->dead || !runs_over(translation, va))
			continue;
		if (translation->pending) {
			translation->region->stale = true;
			continue;
		}
		translation->retired = true;
		while (translation->instance_count) {
			journal_note(jit, LOSS_SPLIT, number, translation_instances(translation)[0], va);
			cache_detach(jit, number, translation_instances(translation)[0]);
		}
	}
}

/* --- all of it --- */

void cache_give_up_pending(struct jit *jit)
{
	while (jit->pending) {
		struct region *region = jit->pending;

		if (region->object)
			reclaim_collected(jit, region->object);
		cache_discard(jit, region);
	}
}

void cache_free(struct jit *jit)
{
	if (jit->translations.items) {
		cache_give_up_pending(jit);
		reclaim_all(jit);
	}
	free(jit->addresses);
	pool_destroy(&jit->translations);
	table_free(jit);
	watch_free(jit);
	slots_free(jit);
}

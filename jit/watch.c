/* Which bytes of RAM code was made from. An instance of a translation is watched for as long as anything leads from there
 * to the code, a pending one from before its bytes are copied: its granules are marked in the code map and the page
 * loses write permission in every soft TLB, so that whoever writes there reports it.
 *
 * What is overwritten before it has paid for its translation is a loss, and granules remember theirs: the more there were,
 * the longer the interpreter has what comes there next. */
#include "jit/jit_internal.h"
#include "runtime/core/host_pages.h"
#include "runtime/core/planted.h"

#include <stdlib.h>

#define PAID_AFTER 64u /* executions of a block: interpreting it so often costs as much as translating it */
#define INSTANCE_USES                                                                                        \
	1024u /* uses of an instance at most: some blocks of 64 words in two or three granules each */

static size_t granule_count(const struct jit *jit)
{
	return jit->memory->ram_size >> CODE_GRANULE_SHIFT;
}

bool watch_init(struct jit *jit)
{
	size_t granules = granule_count(jit);

	jit->granules = host_pages_new(granules * sizeof(*jit->granules));
	jit->losses = host_pages_new(granules * sizeof(*jit->losses));
	return jit->granules && jit->losses && pool_init(&jit->uses, sizeof(struct granule_use), MAX_USES);
}

void watch_free(struct jit *jit)
{
	host_pages_free(jit->granules, granule_count(jit) * sizeof(*jit->granules));
	host_pages_free(jit->losses, granule_count(jit) * sizeof(*jit->losses));
	pool_destroy(&jit->uses);
}

bool watch_has_room(const struct jit *jit)
{
	return pool_room(&jit->uses) >= INSTANCE_USES;
}

static struct granule_use *use_at(const struct jit *jit, uint32_t number)
{
	return pool_at(&jit->uses, number);
}

static uint32_t block_first(const struct scanned_block *block, uint32_t distance)
{
	return (block->pa + distance) >> CODE_GRANULE_SHIFT;
}

static uint32_t block_last(const struct scanned_block *block, uint32_t distance)
{
	return (block->pa + distance + 4u * block->words - 1) >> CODE_GRANULE_SHIFT;
}

void watch_add(struct jit *jit, uint32_t translation, uint32_t distance)
{
	const struct translation *of = translation_at(jit, translation);

	for (unsigned i = 0; i < translation_block_count(of); i++) {
		struct scanned_block block = translation_block(of, i);
		uint32_t frames[2] = {(block.pa + distance) & PAGE_MASK,
				      (block.pa + distance + 4u * block.words - 1) & PAGE_MASK};
		bool writable[2];

		for (unsigned k = 0; k < 2; k++) /* two if a delay slot lies in the next page */
			writable[k] = !memory_page_has_code(jit->memory, frames[k]);
		for (uint32_t granule = block_first(&block, distance);
		     granule <= block_last(&block, distance); granule++) {
			uint32_t number = jit->granules[granule];

			/* Its uses of one granule are made one after another, so the newest tells. */
			if (number && use_at(jit, number)->translation == translation &&
			    use_at(jit, number)->distance == distance)
				continue;
			number = pool_take(&jit->uses);
			if (!number)
				abort(); /* watch_has_room was to be asked */
			*use_at(jit, number) = (struct granule_use){
			    .next = jit->granules[granule], .translation = translation, .distance = distance};
			jit->watched += !jit->granules[granule];
			jit->granules[granule] = number;
			memory_mark_code(jit->memory, granule, CODE_TRANSLATED, true);
			if (planted(BUG_CODE_MAP))
				break;
		}
		for (unsigned k = 0; k < 2; k++)
			for (unsigned cpu = 0; cpu < jit->cpu_count && writable[k] && !planted(BUG_PROTECT);
			     cpu++)
				soft_tlb_protect(&jit->cpus[cpu], frames[k]);
	}
}

void watch_remove(struct jit *jit, uint32_t translation, uint32_t distance)
{
	const struct translation *of = translation_at(jit, translation);

	for (unsigned i = 0; i < translation_block_count(of); i++) {
		struct scanned_block block = translation_block(of, i);

		for (uint32_t granule = block_first(&block, distance);
		     granule <= block_last(&block, distance); granule++) {
			uint32_t *at = &jit->granules[granule];
			bool watched = *at;

			while (*at) {
				uint32_t number = *at;
				struct granule_use *use = use_at(jit, number);

				if (use->translation == translation && use->distance == distance) {
					*at = use->next;
					pool_give_back(&jit->uses, number);
				} else {
					at = &use->next;
				}
			}
			jit->watched -= watched && !jit->granules[granule];
			memory_mark_code(jit->memory, granule, CODE_TRANSLATED, jit->granules[granule]);
		}
	}
}

static bool use_overlaps(const struct jit *jit, const struct granule_use *use, uint32_t offset, uint32_t size)
{
	const struct translation *of = translation_at(jit, use->translation);

	for (unsigned i = 0; i < translation_block_count(of); i++) {
		struct scanned_block block = translation_block(of, i);
		uint32_t start = block.pa + use->distance;

		if (offset < start + 4u * block.words && start < offset + size)
			return true;
	}
	return false;
}

bool cache_overlaps(const struct jit *jit, uint32_t offset, uint32_t size)
{
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++)
		for (uint32_t use = jit->granules[granule]; use; use = use_at(jit, use)->next)
			if (use_overlaps(jit, use_at(jit, use), offset, size))
				return true;
	return false;
}

/* Whether a translation that is about to be lost at a place has been executed too seldom there to be worth it. */
static bool is_loss(const struct jit *jit, const struct translation *translation, uint32_t distance)
{
	const struct block_entry *entry =
	    table_find(jit, translation->va, translation->pa + distance, translation->user);

	return translation->tier == 2 || !entry || heat_of(entry) < PAID_AFTER;
}

static void remember_loss(struct jit *jit, uint32_t granule, bool loss)
{
	uint8_t *losses = &jit->losses[granule];

	if (loss && *losses < MAX_LOSSES)
		++*losses;
	else if (!loss && *losses > 0)
		--*losses;
}

void cache_code_written(void *context, uint32_t offset, uint32_t size)
{
	struct jit *jit = context;
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++) {
		bool any = false, loss = true;

		for (uint32_t number = jit->granules[granule], next; number; number = next) {
			struct granule_use use = *use_at(jit, number);
			struct translation *of = translation_at(jit, use.translation);

			next = use.next; /* an instance has one use in a granule: detaching frees no other */
			if (!use_overlaps(jit, &use, offset, size))
				continue;
			any = true;
			if (of->pending) {
				of->region->stale = true;
				continue;
			}
			bool lost = is_loss(jit, of, use.distance);
			uint32_t start = (of->pa + use.distance) >> CODE_GRANULE_SHIFT;

			loss &= lost;
			if (start != granule) /* where it will be looked for */
				remember_loss(jit, start, lost);
			journal_note(jit, LOSS_WRITTEN, use.translation, use.distance, offset);
			cache_detach(jit, use.translation, use.distance);
		}
		if (any)
			remember_loss(jit, granule, loss);
	}
}

/* Whether a region has the instruction at a RAM offset in a block that asks more of its accesses than is known now. */
static bool leaves_at(const struct jit *jit, const struct granule_use *use, uint32_t offset)
{
	const struct translation *of = translation_at(jit, use->translation);

	for (unsigned i = 0; of->tier == 2 && i < of->region->block_count; i++) {
		const struct scanned_block *block = &of->region->blocks[i];

		if (offset - (block->pa + use->distance) < 4u * block->words &&
		    block->accesses < slow_known_of(jit, block, use->distance))
			return true;
	}
	return false;
}

void cache_drop_regions(struct jit *jit, uint32_t offset)
{
	for (uint32_t number = jit->granules[offset >> CODE_GRANULE_SHIFT], next; number; number = next) {
		struct granule_use use = *use_at(jit, number);
		struct translation *of = translation_at(jit, use.translation);

		next = use.next;
		if (!leaves_at(jit, &use, offset))
			continue;
		if (of->pending) {
			of->region->stale = true;
			continue;
		}
		journal_note(jit, LOSS_SLOW, use.translation, use.distance, offset);
		cache_detach(jit, use.translation, use.distance);
	}
}

/* A region as a record, or the request for one that was not compiled in time, which ends after the content:
 *
 *   struct record	the sizes of what follows, all of it of words
 *   blocks		struct record_block
 *   content		the blocks' bytes as they lie in RAM
 *   entries		struct record_entry
 *   slot targets	virtual addresses
 *   sites, image	jit/code_image.h; the image is filled up to a word
 *
 * RAM offsets are not in it: user code may lie anywhere, and the kernel's follow from its addresses. */
#include "jit/kept.h"

#include <stdlib.h>
#include <string.h>

#define RUN_UNIT  1048576u
#define SLOT_SIZE 4u /* a delay slot may lie behind a page that is not mapped */

struct record {
	uint32_t block_count, content_words, entry_count, slot_count, site_count, image_size, code_size;
	uint32_t instructions; /* of a request: how many runs have asked for it */
	uint32_t run_units;    /* of a request: run_cycles, in units of RUN_UNIT */
	uint32_t blocks_lifted;
};

struct record_block {
	uint32_t va;
	uint16_t words, flags;
	uint16_t copy, next_copy; /* see struct ir_block; of a request */
	uint32_t next_va;
};
#define RECORD_ENTRY	1u
#define RECORD_NEXT	2u
#define RECORD_SLOW	4u /* see enum ir_accesses */
#define RECORD_SWITCHES 8u
#define RECORD_CASE	16u
#define RECORD_APART	32u

struct record_entry {
	uint32_t va, offset; /* in the image */
};

static uint16_t flags_of(const struct scanned_block *block)
{
	return (uint16_t)((block->entry ? RECORD_ENTRY : 0) | (block->next ? RECORD_NEXT : 0) |
			  (block->switches ? RECORD_SWITCHES : 0) | (block->is_case ? RECORD_CASE : 0) |
			  (block->accesses == IR_SLOW	 ? RECORD_SLOW
			   : block->accesses == IR_APART ? RECORD_APART
							 : 0));
}

static enum ir_accesses accesses_of(uint16_t flags)
{
	return flags & RECORD_SLOW ? IR_SLOW : flags & RECORD_APART ? IR_APART : IR_TOGETHER;
}

static uint32_t content_words(const struct region *region)
{
	const struct scanned_block *last = &region->blocks[region->block_count - 1];

	return last->content + last->words;
}

uint32_t record_space(bool user, enum record_kind kind)
{
	return user + 2u * (kind == RECORD_REQUEST);
}

struct store_name record_name(const struct region *region, enum record_kind kind)
{
	const struct scanned_block *head = &region->blocks[0];
	struct store_name name = {.va = head->va,
				  .space = record_space(region->mode.user, kind),
				  .first_word = region->content[0],
				  .head_size = 4u * head->words,
				  .head_hash = store_hash(region->content, 4u * head->words, 0)};

	name.identity = kind == RECORD_REGION ? 0 : 1u + region->tries;
	for (unsigned i = 0; i < region->block_count; i++) {
		uint32_t place[3] = {region->blocks[i].va, region->blocks[i].words,
				     flags_of(&region->blocks[i])};

		name.identity = store_hash(place, sizeof(place), name.identity);
	}
	name.identity = store_hash(region->content, 4u * content_words(region), name.identity);
	return name;
}

static uint32_t image_words(uint32_t size)
{
	return (size + 3) / 4;
}

static uint64_t record_size(const struct record *record)
{
	return sizeof(*record) + (uint64_t)record->block_count * sizeof(struct record_block) +
	       4ull * record->content_words + (uint64_t)record->entry_count * sizeof(struct record_entry) +
	       4ull * record->slot_count + (uint64_t)record->site_count * sizeof(struct image_site) +
	       4ull * image_words(record->image_size);
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	if (size > 0) /* a list that is empty may be NULL */
		memcpy(at, bytes, size);
	return at + size;
}

void *record_make(const struct region *region, enum record_kind kind, uint32_t *size)
{
	struct record record = {.block_count = region->block_count, .content_words = content_words(region)};
	uint8_t *bytes, *at;

	if (kind == RECORD_REGION) {
		record.entry_count = region->entry_count;
		record.slot_count = region->slot_count;
		record.site_count = region->image.site_count;
		record.image_size = region->image.size;
		record.code_size = region->image.code_size;
		record.instructions = region->instructions_lifted;
		record.blocks_lifted = region->blocks_lifted;
	} else {
		record.instructions = region->tries;
		uint64_t units = region->run_cycles / RUN_UNIT;
		record.run_units = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
	}

	*size = (uint32_t)record_size(&record);
	bytes = at = calloc(1, *size);
	if (!bytes)
		abort();
	at = put(at, &record, sizeof(record));
	for (unsigned i = 0; i < region->block_count; i++)
		at = put(at,
			 &(struct record_block){.va = region->blocks[i].va,
						.words = region->blocks[i].words,
						.flags = flags_of(&region->blocks[i]),
						.copy = region->blocks[i].copy,
						.next_copy = region->blocks[i].next_copy,
						.next_va = region->blocks[i].next_va},
			 sizeof(struct record_block));
	at = put(at, region->content, 4u * record.content_words);
	for (unsigned i = 0; i < record.entry_count; i++)
		at = put(at, &(struct record_entry){region->entries[i].va, region->image_entries[i]},
			 sizeof(struct record_entry));
	at = put(at, region->slot_targets, 4u * record.slot_count);
	at = put(at, region->image.sites, record.site_count * sizeof(struct image_site));
	put(at, region->image.bytes, record.image_size);
	return bytes;
}

/* --- back --- */

static void *take(const uint8_t **at, size_t size)
{
	void *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, *at, size);
	*at += size;
	return copy;
}

static bool sizes_are_possible(const struct record *record, uint32_t size)
{
	return record->block_count >= 1 && record->block_count <= MAX_REGION_BLOCKS &&
	       record->content_words <= record->block_count * (BLOCK_INSTRUCTIONS + 1) &&
	       record_size(record) == size;
}

static bool is_compiled(const struct record *record)
{
	return record->entry_count >= 1 && record->entry_count <= record->block_count &&
	       record->slot_count == 2 * record->block_count &&
	       record->blocks_lifted <= record->block_count &&
	       record->instructions <= record->content_words && record->site_count <= record->image_size;
}

/* Where a block of a region lies in RAM; false if it cannot be one. */
static bool locate(const struct region *region, const struct record_block *block, uint32_t pa,
		   uint32_t ram_size, uint32_t *place)
{
	uint32_t head = region->blocks[0].va;

	if ((block->va & 3) || block->words == 0 || block->words > BLOCK_INSTRUCTIONS + 1 ||
	    (block->va & ~PAGE_MASK) + 4 * block->words > PAGE_SIZE + (region->mode.mapped ? 0 : SLOT_SIZE))
		return false;
	if (region->mode.mapped) {
		*place = (pa & PAGE_MASK) | (block->va & ~PAGE_MASK);
		return block->va >> 31 == 0 && ((block->va ^ head) & PAGE_MASK) == 0 && *place < ram_size;
	}
	*place = block->va & 0x1FFFFFFF;
	return block->va >> 30 == 2 && *place < ram_size && 4 * block->words <= ram_size - *place;
}

static bool take_blocks(struct region *region, const struct record *record, const uint8_t **at, uint32_t pa,
			uint32_t ram_size)
{
	uint32_t words = 0;
	unsigned cases = 0;

	region->blocks = calloc(record->block_count, sizeof(*region->blocks));
	if (!region->blocks)
		abort();
	region->block_count = record->block_count;
	for (unsigned i = 0; i < record->block_count; i++, *at += sizeof(struct record_block)) {
		struct record_block block;
		uint32_t place;

		memcpy(&block, *at, sizeof(block));
		if (i == 0)
			region->blocks[0].va = block.va;
		bool entry = block.flags & RECORD_ENTRY, goes_on = block.flags & RECORD_NEXT;
		bool switches = block.flags & RECORD_SWITCHES, is_case = block.flags & RECORD_CASE;
		cases += is_case;
		if ((block.copy && (switches || is_case)) || cases > IR_MAX_CASES || (switches && goes_on))
			return false;
		if (!locate(region, &block, pa, ram_size, &place) || ((i == 0 || entry) && block.copy) ||
		    (block.next_va & 3) || (!goes_on && (block.next_va || block.next_copy)))
			return false;
		region->blocks[i] = (struct scanned_block){.va = block.va,
							   .pa = place,
							   .words = block.words,
							   .content = words,
							   .entry = entry,
							   .accesses = accesses_of(block.flags),
							   .copy = block.copy,
							   .next = goes_on,
							   .next_copy = block.next_copy,
							   .next_va = block.next_va,
							   .switches = switches,
							   .is_case = is_case};
		words += block.words;
	}
	return region->blocks[0].pa == pa && words == record->content_words;
}

static bool take_entries(struct region *region, const struct record *record, const uint8_t **at)
{
	region->entries = calloc(record->entry_count, sizeof(*region->entries));
	region->image_entries = calloc(record->entry_count, sizeof(*region->image_entries));
	if (!region->entries || !region->image_entries)
		abort();
	region->entry_count = record->entry_count;
	for (unsigned i = 0; i < record->entry_count; i++, *at += sizeof(struct record_entry)) {
		struct record_entry entry;
		bool found = false;

		memcpy(&entry, *at, sizeof(entry));
		for (unsigned k = 0; k < region->block_count && !found; k++) {
			found = region->blocks[k].va == entry.va;
			region->entries[i] =
			    (struct region_entry){.va = entry.va, .pa = region->blocks[k].pa};
		}
		region->image_entries[i] = entry.offset;
		if (!found || entry.offset >= record->code_size)
			return false;
	}
	return true;
}

static bool targets_are_possible(const struct region *region)
{
	for (unsigned i = 0; i < region->slot_count; i++)
		if (region->slot_targets[i] != NO_TARGET && region->slot_targets[i] & 3)
			return false;
	return true;
}

/* The blocks and their bytes; `at` is behind them then. */
static struct region *take_request(const uint8_t **at, uint32_t size, struct record *record,
				   struct ir_mode mode, uint32_t pa, uint32_t ram_size)
{
	struct region *region = calloc(1, sizeof(*region));

	if (!region)
		abort();
	region->mode = mode;
	if (size < sizeof(*record))
		goto bad;
	memcpy(record, *at, sizeof(*record));
	*at += sizeof(*record);
	if (!sizes_are_possible(record, size) || !take_blocks(region, record, at, pa, ram_size))
		goto bad;
	region->content = take(at, 4u * record->content_words);
	region->slot_count = 2 * record->block_count;
	return region;
bad:
	region_free(region);
	return NULL;
}

struct region *record_region(const void *bytes, uint32_t size, enum record_kind kind, struct ir_mode mode,
			     uint32_t pa, uint32_t ram_size)
{
	const uint8_t *at = bytes;
	struct record record;
	struct region *region = take_request(&at, size, &record, mode, pa, ram_size);

	if (!region)
		return NULL;
	if (kind == RECORD_REQUEST) {
		region->instructions = record.content_words;
		region->tries = (uint8_t)record.instructions;
		region->run_cycles = (uint64_t)record.run_units * RUN_UNIT;
		return region;
	}
	if (!is_compiled(&record) || !take_entries(region, &record, &at))
		goto bad;
	region->slot_targets = take(&at, 4u * record.slot_count);
	region->image.site_count = record.site_count;
	region->image.sites = take(&at, record.site_count * sizeof(struct image_site));
	region->image.size = record.image_size;
	region->image.code_size = record.code_size;
	region->image.bytes = take(&at, record.image_size);
	if (!code_image_sound(&region->image) || !targets_are_possible(region))
		goto bad;
	region->instructions_lifted = record.instructions;
	region->blocks_lifted = record.blocks_lifted;
	return region;
bad:
	region_free(region);
	return NULL;
}

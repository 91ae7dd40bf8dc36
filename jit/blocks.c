/* What has code at the moment, for those who look at a finished run. */
#include "jit/jit_internal.h"

const char *const jit_fate_names[JIT_FATES] = {
    [FATE_REGION] = "in a region",
    [FATE_COLD] = "not executed often enough",
    [FATE_FIRST_ONLY] = "only the first tier was asked for",
    [FATE_INTERPRETER] = "begins with what the interpreter does",
    [FATE_WAITING] = "being compiled",
    [FATE_REFUSED] = "could not be compiled",
    [FATE_DEAR] = "hot, but compiling would not have paid",
};

static enum jit_fate fate_of(const struct jit *jit, const struct block_entry *entry,
			     const struct translation *translation)
{
	if (translation->tier == 2)
		return FATE_REGION;
	if (translation->block.instructions == 0)
		return FATE_INTERPRETER;
	if (jit->options.tiers == TIERS_FIRST)
		return FATE_FIRST_ONLY;
	if (entry->requested)
		return entry->headed || cache_awaits(jit, entry) || jit->pending ? FATE_WAITING
										 : FATE_REFUSED;
	return heat_of(entry) < jit_threshold(jit) ? FATE_COLD : FATE_DEAR;
}

static void find_links(const struct jit *jit, const struct translation *translation, struct jit_block *block)
{
	for (uint32_t slot = translation->incoming; slot; slot = jit->slot_uses[slot].next)
		block->incoming++;
	if (translation->tier != 1)
		return;
	block->link_count = translation->slot_count;
	for (unsigned i = 0; i < translation->slot_count && i < 2; i++)
		block->links[i] = (struct jit_link){translation->block.targets[i],
						    jit->slot_uses[translation->first_slot + i].target != 0};
}

unsigned jit_blocks(const struct jit *jit, struct jit_block *blocks, unsigned room)
{
	unsigned count = 0;

	for (uint32_t number = 1; number <= jit->entries.made; number++) {
		const struct block_entry *entry = entry_at(jit, number);
		const struct translation *translation;
		struct jit_block block;

		if (!entry->used || !entry->translation)
			continue;
		if (count++ >= room)
			continue;
		translation = translation_at(jit, entry->translation);
		block = (struct jit_block){.va = entry->va,
					   .pa = entry->pa,
					   .user = entry->user,
					   .executions = heat_of(entry),
					   .tier = translation->tier,
					   .head = translation->va,
					   .code = entry->code,
					   .fate = fate_of(jit, entry, translation),
					   .wanted = jit_threshold(jit)};
		if (translation->tier == 1) {
			block.instructions = translation->block.instructions;
			block.code_bytes = translation->block.size * BLOCK_ALIGNMENT;
		} else {
			block.instructions = translation->region->instructions;
			block.code_bytes = (unsigned)translation->object->bytes;
		}
		find_links(jit, translation, &block);
		blocks[count - 1] = block;
	}
	return count;
}

const uint8_t *jit_block_code(const struct jit *jit, const struct jit_block *block, size_t *size)
{
	const struct block_entry *entry = table_find(jit, block->va, block->pa, block->user);
	const struct translation *translation;

	*size = 0;
	if (!entry || !entry->translation)
		return NULL;
	translation = translation_at(jit, entry->translation);
	return translation_code(jit, translation, size);
}

void jit_code_pages(const struct jit *jit, void (*tell)(void *context, uint32_t offset), void *context)
{
	const uint32_t granules = PAGE_SIZE >> CODE_GRANULE_SHIFT;

	for (uint32_t page = 0; page < jit->memory->ram_size; page += PAGE_SIZE) {
		bool used = false;

		for (uint32_t i = 0; i < granules && !used; i++)
			used = jit->granules[(page >> CODE_GRANULE_SHIFT) + i] != 0;
		if (used)
			tell(context, page);
	}
}

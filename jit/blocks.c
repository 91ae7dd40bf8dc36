/* What the first tier has at the moment, for those who look at a finished run. */
#include "jit/jit_internal.h"

unsigned jit_blocks(const struct jit *jit, struct jit_block *blocks, unsigned room)
{
	unsigned count = 0;

	for (uint32_t number = 1; number <= jit->entries.made; number++) {
		const struct block_entry *entry = entry_at(jit, number);
		const struct translation *translation;

		if (!entry->used || !entry->translation)
			continue;
		translation = translation_at(jit, entry->translation);
		if (translation->tier != 1)
			continue;
		if (count < room)
			blocks[count] =
			    (struct jit_block){.va = entry->va,
					       .pa = entry->pa,
					       .user = entry->user,
					       .instructions = translation->block.instructions,
					       .code_bytes = translation->block.size * BLOCK_ALIGNMENT,
					       .executions = heat_of(entry)};
		count++;
	}
	return count;
}

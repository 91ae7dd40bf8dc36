/* What comes before and after the back end: a region's blocks are lifted, and its image is put into code memory. On compile
 * threads, and for what is kept on disk and for dumps on the machine's; of the machine only what never changes is
 * read. */
#include <stdlib.h>

#include "frontend/lift.h"
#include "jit/jit_internal.h"

/* The head may be one that cannot be translated; what remains must be reachable. */
static bool has_entry(struct ir_region *ir)
{
	struct ir_block *own = NULL;

	for (unsigned i = ir->count; i-- > 0;) {
		if (ir->blocks[i].entry)
			return true;
		if (ir->blocks[i].copy == 0)
			own = &ir->blocks[i];
	}
	if (own)
		own->entry = true;
	return own;
}

bool compiler_lift(const struct jit *jit, struct region *region, bool optimise)
{
	struct lift_options options = {.sensitive_inline = jit->options.sensitive == SENSITIVE_INLINE,
				       .ram_size = jit->ram_size};

	ir_region_init(&region->ir, region->mode);
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		uint32_t words[BLOCK_INSTRUCTIONS + 1];

		/* Only the bytes that are watched. */
		options.max_instructions = block->words;
		for (unsigned k = 0; k < block->words; k++)
			words[k] =
			    memory_word_order(region->content[block->content + k], region->mode.big_endian);
		bool last_page = (block->pa & PAGE_MASK) + PAGE_SIZE >= jit->ram_size;
		if (!lift_block(&region->ir, &jit->model->lift, &options, block->va, block->pa, words,
				block->words, last_page))
			continue;
		struct ir_block *lifted = &region->ir.blocks[region->ir.count - 1];
		lifted->entry = block->entry;
		lifted->accesses = block->accesses;
		lifted->copy = block->copy;
		lifted->next = block->next;
		lifted->next_va = block->next_va;
		lifted->next_copy = block->next_copy;
		lifted->switches = block->switches && lifted->insns[lifted->count - 1].op == IR_JUMP_INDIRECT;
		lifted->is_case = block->is_case;
	}
	if (!has_entry(&region->ir))
		return false;
	if (optimise)
		ir_optimise(&region->ir, jit->options.skipped_passes);
	return true;
}

void region_find_slot_targets(struct region *region)
{
	free(region->slot_targets);
	region->slot_targets = malloc(region->slot_count * sizeof(uint32_t));
	if (!region->slot_targets)
		abort();
	for (uint32_t i = 0; i < region->slot_count; i++)
		region->slot_targets[i] = NO_TARGET;
	for (unsigned i = 0; i < region->ir.count; i++) {
		const struct ir_block *block = &region->ir.blocks[i];
		const struct ir_insn *end = &block->insns[block->count - 1];

		if (end->op == IR_JUMP || end->op == IR_BRANCH)
			region->slot_targets[2 * i] = end->targets[0];
		if (end->op == IR_BRANCH)
			region->slot_targets[2 * i + 1] = end->targets[1];
	}
}

void region_find_entries(struct region *region, const uint32_t *offsets)
{
	free(region->entries);
	free(region->image_entries);
	region->entries = malloc(region->ir.count * sizeof(*region->entries));
	region->image_entries = malloc(region->ir.count * sizeof(*region->image_entries));
	region->entry_count = 0;
	if (!region->entries || !region->image_entries)
		abort();
	for (unsigned i = 0; i < region->ir.count; i++) {
		if (offsets[i] == NO_ENTRY)
			continue;
		region->image_entries[region->entry_count] = offsets[i];
		region->entries[region->entry_count++] =
		    (struct region_entry){region->ir.blocks[i].va, region->ir.blocks[i].pa, NULL};
	}
}

bool compiler_place(const struct jit *jit, struct region *region)
{
	struct code_object *object = calloc(1, sizeof(*object));
	struct code_memory *memory = (struct code_memory *)&jit->code; /* locked by itself */

	if (!object)
		abort();
	struct image_places places = {jit->common.thunk_table, jit->slots, region->first_slot};
	uint8_t *code = code_image_install(&region->image, memory, &places, &object->run);
	if (!code) {
		free(object);
		return false;
	}
	object->bytes = region->image.code_size;
	object->due = true;
	region->object = object;
	for (unsigned i = 0; i < region->entry_count; i++)
		region->entries[i].code = code_memory_executable(memory, code + region->image_entries[i]);
	return true;
}

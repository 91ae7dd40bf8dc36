/* Choosing regions: from a hot block along static jumps, branches and the returns of calls, through blocks
 * that are warm themselves, up to the size the options allow. Runs on the machine's thread and copies the
 * bytes, so that the compile thread never sees guest memory. */
#include "frontend/decode.h"
#include "jit/jit_internal.h"
#include "runtime/cpu/debug.h"

#include <stdlib.h>
#include <string.h>

#define WARM_DIVISOR 8 /* a block belongs to a region from this part of the threshold on */

/* Ends a block without a jump: executed by the interpreter. */
static bool ends_block(const struct insn *insn)
{
	switch ((enum mips_op)insn->op) {
	case MIPS_OP_SYSCALL:
	case MIPS_OP_BREAK:
	case MIPS_OP_RFE:
	case MIPS_OP_ERET:
	case MIPS_OP_RESERVED:
	case MIPS_OP_COP_UNUSABLE:
	case MIPS_OP_COP0_RESERVED:
		return true;
	default:
		return false;
	}
}

static void add_target(struct scanned_block *block, uint32_t va)
{
	block->targets[block->target_count++] = va;
}

static void branch_targets(struct scanned_block *block, const struct insn *insn, uint32_t va)
{
	uint32_t flags = mips_op_info[insn->op].flags;

	if (flags & MIPS_FLAG_BRANCH) {
		if (!(flags & MIPS_FLAG_LINK))
			add_target(block, insn_branch_target(insn, va));
		add_target(block, va + 8);
	} else if (flags & MIPS_FLAG_LINK) {
		add_target(block, va + 8); /* where the call returns to */
	} else if (!(flags & MIPS_FLAG_INDIRECT)) {
		add_target(block, insn_jump_target(insn, va));
	}
}

/* The block at an address: up to and with the jump that ends it, within its page. Where the next page is certain to be the
 * next in RAM too, a jump at the end of a page has its delay slot there. */
static void scan(const struct jit *jit, struct scanned_block *block, uint32_t va, uint32_t pa)
{
	const struct mips_isa *isa = jit->cpus[0].model->lift.isa;
	unsigned to_page_end = (PAGE_SIZE - (pa & ~PAGE_MASK)) / 4, slot_end = to_page_end;

	if (va >> 30 == 2 && pa + 4 * to_page_end < jit->memory->ram_size)
		slot_end++;
	*block = (struct scanned_block){.va = va, .pa = pa};
	for (unsigned i = 0; i < to_page_end && i < BLOCK_INSTRUCTIONS; i++) {
		uint32_t word = memory_read_word(jit->memory, pa + 4 * i);
		struct insn insn;

		if (i && debug_ends_code(&jit->cpus[0], va + 4 * i, word))
			break;
		mips_decode(isa, word, &insn);
		block->words = (uint16_t)(i + 1);
		if (insn_has_delay_slot(&insn)) {
			if (i + 1 < slot_end) /* else the lifter leaves the branch to the interpreter */
				block->words++;
			branch_targets(block, &insn, va + 4 * i);
			return;
		}
		if (ends_block(&insn))
			return;
	}
	add_target(block, va + 4u * block->words);
}

/* Where a target's bytes are, if that is known without a look-up. */
static bool target_offset(const struct jit *jit, const struct region *region,
			  const struct scanned_block *from, uint32_t va, uint32_t *pa)
{
	if (region->mode.mapped) {
		if ((va ^ from->va) & PAGE_MASK)
			return false;
		*pa = (from->pa & PAGE_MASK) | (va & ~PAGE_MASK);
		return true;
	}
	if (va >> 30 != 2)
		return false;
	*pa = va & 0x1FFFFFFF;
	return *pa < jit->memory->ram_size;
}

/* Whether a debugger may stop there. */
static bool may_stop(const struct jit *jit, uint32_t va, uint32_t pa)
{
	return debug_ends_code(&jit->cpus[0], va, memory_read_word(jit->memory, pa));
}

static struct scanned_block *find_block(struct region *region, uint32_t va)
{
	for (unsigned i = 0; i < region->block_count; i++)
		if (region->blocks[i].va == va)
			return &region->blocks[i];
	return NULL;
}

static bool is_warm(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	const struct block_entry *entry = table_find(jit, va, pa, user);

	return entry && heat_of(entry) >= (jit_threshold(jit) + WARM_DIVISOR - 1) / WARM_DIVISOR &&
	       (!entry->translation || translation_at(jit, entry->translation)->tier == 1);
}

/* Marks what may be entered from outside: the head, loop heads, returns of calls. */
static void mark_entries(const struct jit *jit, struct region *region)
{
	const struct mips_isa *isa = jit->cpus[0].model->lift.isa;

	region->blocks[0].entry = true;
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		bool call = false;

		if (block->words >= 2) {
			struct insn insn;
			mips_decode(isa, memory_read_word(jit->memory, block->pa + 4u * (block->words - 2u)),
				    &insn);
			call = insn_has_delay_slot(&insn) && (mips_op_info[insn.op].flags & MIPS_FLAG_LINK);
		}
		for (unsigned k = 0; k < block->target_count; k++) {
			struct scanned_block *target = find_block(region, block->targets[k]);

			if (target && (target->va <= block->va || call))
				target->entry = true;
		}
	}
}

/* The blocks' bytes, to recognise them elsewhere. */
static void copy_content(const struct jit *jit, struct region *region)
{
	unsigned words = 0;

	for (unsigned i = 0; i < region->block_count; i++) {
		region->blocks[i].content = words;
		words += region->blocks[i].words;
	}
	region->content = malloc(words * sizeof(uint32_t));
	if (!region->content)
		abort();
	for (unsigned i = 0; i < region->block_count; i++)
		memcpy(region->content + region->blocks[i].content, jit->memory->ram + region->blocks[i].pa,
		       4u * region->blocks[i].words);
}

struct region *region_discover(struct jit *jit, const struct block_entry *head, bool all)
{
	struct region *region = calloc(1, sizeof(*region));
	unsigned instructions = 0;

	if (!region)
		abort();
	region->blocks = calloc(MAX_REGION_BLOCKS, sizeof(*region->blocks));
	if (!region->blocks)
		abort();
	region->mode = (struct ir_mode){
	    .user = head->user, .mapped = head->user, .big_endian = jit->memory->map.big_endian};
	scan(jit, &region->blocks[0], head->va, head->pa);
	region->block_count = 1;
	instructions = region->blocks[0].words;

	/* Breadth first: what is near the hot block comes before what is far. */
	for (unsigned i = 0; i < region->block_count; i++) {
		struct scanned_block from = region->blocks[i];

		for (unsigned k = 0; k < from.target_count; k++) {
			uint32_t va = from.targets[k], pa;
			struct scanned_block next;

			if (region->block_count == MAX_REGION_BLOCKS || find_block(region, va) ||
			    !target_offset(jit, region, &from, va, &pa) || may_stop(jit, va, pa) ||
			    (!all && !is_warm(jit, va, pa, head->user)))
				continue;
			scan(jit, &next, va, pa);
			if (instructions + next.words > jit->options.region_instructions)
				continue;
			region->blocks[region->block_count++] = next;
			instructions += next.words;
		}
	}
	region->instructions = instructions;
	mark_entries(jit, region);
	copy_content(jit, region);
	region->slot_count = 2 * region->block_count;
	region->blocks = realloc(region->blocks, region->block_count * sizeof(*region->blocks));
	if (!region->blocks)
		abort();
	return region;
}

void region_scan_block(const struct jit *jit, const struct block_entry *head, struct emitted_block *block)
{
	*block = (struct emitted_block){
	    .mode = {.user = head->user, .mapped = head->user, .big_endian = jit->memory->map.big_endian},
	    .countdown = &head->countdown};
	scan(jit, &block->scanned, head->va, head->pa);
}

void region_free(struct region *region)
{
	if (region->compiled || region->ir.blocks)
		ir_region_free(&region->ir);
	code_image_free(&region->image);
	free(region->image_entries);
	free(region->content);
	free(region->blocks);
	free(region->entries);
	free(region->slot_targets);
	free(region);
}

size_t region_size(const struct region *region)
{
	size_t words = 0;

	for (unsigned i = 0; i < region->block_count; i++)
		words += region->blocks[i].words;
	return sizeof(*region) + region->block_count * sizeof(*region->blocks) + words * sizeof(uint32_t) +
	       region->entry_count * (sizeof(*region->entries) + sizeof(struct address_use)) +
	       region->slot_count * sizeof(uint32_t);
}

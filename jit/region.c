/* Choosing regions: from a hot block along static jumps, branches and the returns of calls, through blocks
 * that are warm themselves, up to the size the options allow; and to what indirect jumps select. Then small
 * functions that are called are put in, once for each call, so that such a call and its return stay inside. Runs on
 * the machine's thread and copies the bytes, so that the compile thread never sees guest memory. */
#include "frontend/decode.h"
#include "jit/jit_internal.h"
#include "runtime/cpu/debug.h"

#include <stdlib.h>
#include <string.h>

#define WARM_DIVISOR 8 /* a block belongs to a region from this part of the threshold on */

/* Functions that are put in where they are called. */
#define MAX_CALLEE_INSTRUCTIONS 40u  /* warm ones of a function */
#define MAX_COPIED_INSTRUCTIONS 160u /* of all copies of a region */
#define MAX_CALL_DEPTH		3u   /* calls within calls */
#define MAX_COPIES		32u

/* What an indirect jump that is no call or return selects: a `switch`. The code near it that indirect jumps were seen to go to
 * and that is somewhat warm: of many cases each is executed rarely. */
#define CASES_DISTANCE	   8192u /* bytes from the jump */
#define CASES_WARM_DIVISOR 64u
#define MAX_CASE_EDGES	   256u /* of all such jumps to all cases */

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

/* What a jump that links is as a call: one that can come back to the block behind it. */
static void note_call(struct scanned_block *block, const struct insn *insn, uint32_t va)
{
	bool indirect = mips_op_info[insn->op].flags & MIPS_FLAG_INDIRECT;

	block->calls = true;
	block->callee_known = !indirect;
	if (!indirect)
		block->callee = mips_op_info[insn->op].flags & MIPS_FLAG_BRANCH ? insn_branch_target(insn, va)
										: insn_jump_target(insn, va);
	else if (insn_link_register(insn) == 31) /* else it is no call of a function */
		block->callee_register = insn->rs;
}

static void branch_targets(struct scanned_block *block, const struct insn *insn, uint32_t va)
{
	uint32_t flags = mips_op_info[insn->op].flags;

	if (flags & MIPS_FLAG_LINK)
		note_call(block, insn, va);
	block->returns = (flags & MIPS_FLAG_INDIRECT) && !(flags & MIPS_FLAG_LINK) && insn->rs == 31;
	block->switches = (flags & MIPS_FLAG_INDIRECT) && !(flags & MIPS_FLAG_LINK) && insn->rs != 31;
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
static void scan_words(const struct jit *jit, struct scanned_block *block, uint32_t va, uint32_t pa)
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

static void scan(const struct jit *jit, struct scanned_block *block, uint32_t va, uint32_t pa)
{
	scan_words(jit, block, va, pa);
	block->accesses = slow_known_of(jit, block, 0);
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

static struct scanned_block *find_block(struct region *region, uint32_t va, unsigned copy)
{
	for (unsigned i = 0; i < region->block_count; i++)
		if (region->blocks[i].va == va && region->blocks[i].copy == copy)
			return &region->blocks[i];
	return NULL;
}

/* For a copy of a function, code that a region has already is as good as any. */
static bool is_warm(const struct jit *jit, uint32_t va, uint32_t pa, bool user, bool copy)
{
	const struct block_entry *entry = table_find(jit, va, pa, user);

	if (!entry)
		return false;
	if (entry->translation && translation_at(jit, entry->translation)->tier == 2)
		return copy;
	return (copy && entry->in_region) ||
	       heat_of(entry) >= (jit_threshold(jit) + WARM_DIVISOR - 1) / WARM_DIVISOR;
}

/* Adds what a block of the region may go on to, in the same copy, while that is less than `limit` instructions. */
static void add_targets(const struct jit *jit, struct region *region, unsigned index, bool all,
			unsigned *instructions, unsigned limit)
{
	struct scanned_block from = region->blocks[index];

	for (unsigned k = 0; k < from.target_count; k++) {
		uint32_t va = from.targets[k], pa;
		struct scanned_block next;

		if (region->block_count == MAX_REGION_BLOCKS || find_block(region, va, from.copy) ||
		    !target_offset(jit, region, &from, va, &pa) || may_stop(jit, va, pa) ||
		    (!all && !is_warm(jit, va, pa, region->mode.user, from.copy > 0)))
			continue;
		scan(jit, &next, va, pa);
		if (*instructions + next.words > limit)
			continue;
		next.copy = from.copy;
		region->blocks[region->block_count++] = next;
		*instructions += next.words;
	}
}

/* --- indirect jumps that select --- */

/* Whether a call returns there. */
static bool is_returned_to(const struct jit *jit, uint32_t pa)
{
	struct insn insn;

	if (pa % PAGE_SIZE < 8)
		return false;
	mips_decode(jit->cpus[0].model->lift.isa, memory_read_word(jit->memory, pa - 8), &insn);
	return mips_op_info[insn.op].flags & MIPS_FLAG_LINK;
}

static bool is_case(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	const struct block_entry *entry = table_find(jit, va, pa, user);

	return entry && entry->jumped_to &&
	       heat_of(entry) >= (jit_threshold(jit) + CASES_WARM_DIVISOR - 1) / CASES_WARM_DIVISOR &&
	       !(entry->translation && translation_at(jit, entry->translation)->tier == 2) &&
	       !is_returned_to(jit, pa) && !may_stop(jit, va, pa);
}

static unsigned count_cases(const struct region *region)
{
	unsigned cases = 0;

	for (unsigned i = 0; i < region->block_count; i++)
		cases += region->blocks[i].is_case;
	return cases;
}

/* Adds what the indirect jump at the end of a block may select. */
static void add_cases(const struct jit *jit, struct region *region, unsigned index, unsigned *instructions)
{
	struct scanned_block from = region->blocks[index];
	uint32_t jump = from.va + 4u * from.words, first = jump - CASES_DISTANCE;
	unsigned cases = count_cases(region);

	for (uint32_t va = first; va != jump + CASES_DISTANCE && cases < IR_MAX_CASES; va += 4) {
		struct scanned_block *known = find_block(region, va, 0), block;
		uint32_t pa;

		if (!target_offset(jit, region, &from, va, &pa) || !is_case(jit, va, pa, region->mode.user))
			continue;
		if (known) {
			cases += !known->is_case;
			known->is_case = true;
			continue;
		}
		scan(jit, &block, va, pa);
		if (region->block_count == MAX_REGION_BLOCKS ||
		    *instructions + block.words > jit->options.region_instructions)
			continue;
		block.is_case = true;
		region->blocks[region->block_count++] = block;
		*instructions += block.words;
		cases++;
	}
}

/* Too many ways from too many jumps cost more to compile than they are worth, and each jump has a table from the first case to
 * the last: then some of them leave the region. */
static void limit_case_edges(struct region *region)
{
	unsigned cases = count_cases(region), edges = 0;
	uint32_t first = UINT32_MAX, last = 0, bytes = 0;

	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		if (block->is_case && block->va < first)
			first = block->va;
		if (block->is_case && block->va > last)
			last = block->va;
	}

	for (unsigned i = 0; i < region->block_count; i++) {
		struct scanned_block *block = &region->blocks[i];

		if (!block->switches)
			continue;
		edges += cases;
		block->switches =
		    cases && !block->copy && edges <= MAX_CASE_EDGES && last - first <= IR_CASES_SPAN - bytes;
		if (block->switches)
			bytes += last - first;
	}
}

/* --- functions that are called --- */

/* The functions that are put into a region, by the numbers of their copies; 0 is the region itself. */
struct inlining {
	const struct jit *jit;
	struct region *region;
	struct inlined {
		unsigned parent; /* the copy that the call is in */
		uint32_t callee;
	} copies[MAX_COPIES];
	unsigned count, instructions;
};

/* Where a call goes to: what a register holds now is the best guess there is. */
static bool find_callee(const struct inlining *inlining, const struct scanned_block *call, uint32_t *va,
			uint32_t *pa)
{
	const struct jit *jit = inlining->jit;
	const struct cpu *cpu = jit->running ? jit->running : &jit->cpus[0];

	*va = call->callee_known ? call->callee : cpu->gpr[call->callee_register];
	return *va % 4 == 0 && target_offset(jit, inlining->region, call, *va, pa) &&
	       !may_stop(jit, *va, *pa) && is_warm(jit, *va, *pa, inlining->region->mode.user, true);
}

/* Whether a function may be put in once more within the calls that lead to `copy`: not too deep, and not within itself. */
static bool may_nest(const struct inlining *inlining, unsigned copy, uint32_t callee)
{
	unsigned depth = 0;

	for (; copy; copy = inlining->copies[copy].parent) {
		if (inlining->copies[copy].callee == callee || ++depth == MAX_CALL_DEPTH)
			return false;
	}
	return true;
}

/* Adds a copy of the function that the block calls; takes it back if it turns out too large, or not to return. */
static void add_copy(struct inlining *inlining, unsigned call)
{
	const struct jit *jit = inlining->jit;
	struct region *region = inlining->region;
	struct scanned_block *caller = &region->blocks[call];
	unsigned first = region->block_count, number = inlining->count, instructions,
		 limit = MAX_CALLEE_INSTRUCTIONS;
	bool returns = false;
	uint32_t va, pa;

	if (number == MAX_COPIES || first == MAX_REGION_BLOCKS || !find_callee(inlining, caller, &va, &pa) ||
	    !may_nest(inlining, caller->copy, va))
		return;
	if (limit > MAX_COPIED_INSTRUCTIONS - inlining->instructions)
		limit = MAX_COPIED_INSTRUCTIONS - inlining->instructions;
	scan(jit, &region->blocks[first], va, pa);
	region->blocks[first].copy = (uint16_t)number;
	region->block_count++;
	instructions = region->blocks[first].words;
	/* Everything that is warm has to fit: the limit is far, and what is too much shows after the next block. */
	for (unsigned i = first; i < region->block_count && instructions <= limit; i++)
		add_targets(jit, region, i, false, &instructions, UINT32_MAX);
	for (unsigned i = first; i < region->block_count; i++)
		returns |= region->blocks[i].returns;
	if (!returns || instructions > limit || region->block_count == MAX_REGION_BLOCKS) {
		region->block_count = first;
		return;
	}
	caller->next = true;
	caller->next_va = va;
	caller->next_copy = (uint16_t)number;
	for (unsigned i = first; i < region->block_count; i++) {
		struct scanned_block *block = &region->blocks[i];

		if (!block->returns)
			continue;
		block->next = true;
		block->next_va = caller->targets[0];
		block->next_copy = caller->copy;
	}
	inlining->copies[number] = (struct inlined){caller->copy, va};
	inlining->count++;
	inlining->instructions += instructions;
}

static void inline_calls(const struct jit *jit, struct region *region)
{
	struct inlining inlining = {.jit = jit, .region = region, .count = 1};

	for (unsigned i = 0; i < region->block_count; i++)
		if (region->blocks[i].calls)
			add_copy(&inlining, i);
	region->instructions += inlining.instructions;
}

/* Whether a call comes back without leaving the region, unless something rare happens. Guessing wrong is none. */
static bool comes_back(const struct region *region, const struct scanned_block *call)
{
	if (!call->next || !call->callee_known)
		return false;
	for (unsigned i = 0; i < region->block_count; i++)
		if (region->blocks[i].copy == call->next_copy && region->blocks[i].calls &&
		    !comes_back(region, &region->blocks[i]))
			return false;
	return true;
}

/* Marks what may be entered from outside: the head, loop heads, returns of calls. */
static void mark_entries(struct region *region)
{
	region->blocks[0].entry = true;
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		bool returned_to = block->calls && !comes_back(region, block);

		for (unsigned k = 0; k < block->target_count && block->copy == 0; k++) {
			struct scanned_block *target = find_block(region, block->targets[k], 0);

			if (target && (returned_to || target->va <= block->va))
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
		add_targets(jit, region, i, all, &instructions, jit->options.region_instructions);
		if (region->blocks[i].switches && !all)
			add_cases(jit, region, i, &instructions);
	}
	region->instructions = instructions;
	if (!all)
		inline_calls(jit, region);
	limit_case_edges(region);
	mark_entries(region);
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

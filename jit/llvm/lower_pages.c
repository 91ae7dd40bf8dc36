/* Pages that loops keep: user code that goes through memory stays in a page for long. For the registers that most accesses in a
 * region's loops start from, the region has the page that the last such access was in, as values: an access to the same
 * page needs no look at the soft TLB.
 *
 * What the soft TLB allowed stays allowed until a helper is called or the region is left, since only the runtime changes it;
 * the ASID does not change in user mode. */
#include "jit/llvm/lower_internal.h"

#include "runtime/core/planted.h"
#include "runtime/cpu/cpu.h"

#define NO_PAGE	 0x00000800u /* equals no address without its lower bits */
#define MAX_WALK 4u	     /* additions from a register to an address */
#define SHARE	 8u	     /* a page is kept for a register that has this part of what loops access */

/* The register whose value an address is made from, or IR_STATE_COUNT. Of a sum the first operand's goes. */
static enum ir_state base_of(const struct ir_block *block, ir_value address)
{
	const struct ir_insn *insn = &block->insns[address];

	for (unsigned i = 0; i < MAX_WALK && insn->op == IR_ADD; i++) {
		const struct ir_insn *first = &block->insns[insn->operands[0]];

		insn = first->op == IR_ADD || first->op == IR_GET ? first : &block->insns[insn->operands[1]];
	}
	return insn->op == IR_GET && insn->state <= IR_STATE_RA ? (enum ir_state)insn->state : IR_STATE_COUNT;
}

static bool is_access(const struct ir_insn *insn)
{
	return !insn->dead && (insn->op == IR_LOAD || insn->op == IR_STORE || insn->op == IR_STORE_LEFT ||
			       insn->op == IR_STORE_RIGHT);
}

void choose_pages(struct lowering *lowering, const unsigned *depths)
{
	const struct ir_region *region = lowering->region;
	uint64_t uses[IR_STATE_COUNT] = {0}, all = 0;
	state_set stores = 0;

	lowering->page_count = 0;
	if (!region->mode.user)
		return;
	for (unsigned i = 0; i < region->count; i++) {
		const struct ir_block *block = &region->blocks[i];

		for (unsigned j = 0; j < block->count && block->accesses != IR_SLOW; j++) {
			if (!is_access(&block->insns[j]))
				continue;
			enum ir_state base = base_of(block, block->insns[j].operands[0]);
			uint64_t weight = depths[i] ? loop_weight(depths[i]) : 0;
			all += weight;
			if (base == IR_STATE_COUNT)
				continue;
			uses[base] += weight;
			/* Wherever it is: what stores uses the page as well. */
			if (block->insns[j].op != IR_LOAD)
				stores |= (state_set)1 << base;
		}
	}
	while (lowering->page_count < MAX_PAGES) {
		unsigned most = 0;

		for (unsigned state = 1; state < IR_STATE_COUNT; state++)
			if (uses[state] > uses[most])
				most = state;
		if (uses[most] == 0 || uses[most] < all / SHARE)
			break;
		lowering->pages[lowering->page_count++] =
		    (struct kept_page){.base = (enum ir_state)most, .stores = stores >> most & 1};
		uses[most] = 0;
	}
}

void make_page_variables(struct lowering *lowering)
{
	for (unsigned i = 0; i < lowering->page_count; i++) {
		lowering->pages[i].va = LLVMBuildAlloca(lowering->builder, lowering->types->i32, "page");
		lowering->pages[i].addend =
		    LLVMBuildAlloca(lowering->builder, lowering->types->i64, "addend");
	}
}

void forget_pages(struct lowering *lowering)
{
	for (unsigned i = 0; i < lowering->page_count; i++)
		LLVMBuildStore(lowering->builder, const32(lowering, NO_PAGE), lowering->pages[i].va);
}

const struct kept_page *kept_page_of(const struct lowering *lowering, ir_value address)
{
	enum ir_state base = base_of(lowering->block, address);

	for (unsigned i = 0; i < lowering->page_count; i++)
		if (lowering->pages[i].base == base)
			return &lowering->pages[i];
	return NULL;
}

LLVMValueRef is_in_other_page(struct lowering *lowering, const struct kept_page *page, LLVMValueRef va,
			      unsigned size)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef looked_at = LLVMBuildAnd(builder, va, const32(lowering, PAGE_MASK | (size - 1)), "");

	return LLVMBuildICmp(builder, LLVMIntNE, looked_at,
			     LLVMBuildLoad2(builder, lowering->types->i32, page->va, ""), "");
}

/* From here on the page of `va` is kept; but not if stores need it and `writable` is false (NULL: it is certain to be). */
static void keep_page(struct lowering *lowering, const struct kept_page *page, LLVMValueRef va,
		      LLVMValueRef addend, LLVMValueRef writable)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef kept = LLVMBuildAnd(builder, va, const32(lowering, PAGE_MASK), "");

	if (writable && !planted(BUG_KEPT_PAGE))
		kept = LLVMBuildSelect(builder, writable, kept, const32(lowering, NO_PAGE), "");
	LLVMBuildStore(builder, kept, page->va);
	LLVMBuildStore(builder, addend, page->addend);
}

LLVMValueRef soft_tlb_tag(struct lowering *lowering, LLVMValueRef entry, bool store)
{
	size_t offset =
	    store ? offsetof(struct soft_tlb_entry, write_tag) : offsetof(struct soft_tlb_entry, read_tag);

	return LLVMBuildLoad2(lowering->builder, lowering->types->i32,
			      build_offset(lowering->builder, lowering->types, entry, offset), "");
}

LLVMValueRef use_entry(struct lowering *lowering, const struct kept_page *page, LLVMValueRef va,
		       LLVMValueRef entry, bool store)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef at =
	    build_offset(builder, lowering->types, entry, offsetof(struct soft_tlb_entry, addend));
	LLVMValueRef addend = LLVMBuildLoad2(builder, lowering->types->i64, at, ""), writable = NULL;

	if (!page)
		return addend;
	if (page->stores && !store)
		writable = LLVMBuildICmp(builder, LLVMIntEQ, soft_tlb_tag(lowering, entry, false),
					 soft_tlb_tag(lowering, entry, true), "");
	keep_page(lowering, page, va, addend, writable);
	return addend;
}

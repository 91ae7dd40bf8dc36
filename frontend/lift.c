// Lifting a basic block: where it ends, branches and their delay slots, page ends, and the HI/LO interlock.
//
// Everything that the original does at a certain instruction is attached to that instruction: jump targets
// are looked up by the jump, before its delay slot; the next page is looked up by the instruction two words
// before it (System/161 reference, section 1.5). What cannot be told beforehand is left to the interpreter:
// the block then ends with an exit before the instruction, or a branch takes its delay slot with it. Where fetching
// does not look ahead, none of that is needed: whoever leaves for another page finds out what is there.
#include "frontend/lift_internal.h"

#include "frontend/classify.h"
#include "frontend/decode.h"
#include "runtime/core/planted.h"

#define PAGE_SIZE   4096u
#define PAGE_OFFSET 0xFFFu
// Fetching the instruction here looks up the next page.
#define CROSSING_OFFSET 0xFF8u
#define LAST_OFFSET	0xFFCu

enum certainty {
	NEVER,
	SOMETIMES,
	ALWAYS
};

// A branch or jump, as far as it is known at translation.
struct branch {
	enum mips_op op; // of a likely branch, the ordinary one
	bool likely;
	enum certainty taken;
	bool indirect;
	bool link;
	uint32_t target; // unless indirect
	ir_value condition;
	ir_value indirect_target;
};

static bool same_page(uint32_t a, uint32_t b)
{
	return (a ^ b) / PAGE_SIZE == 0;
}

static bool direct_mapped(uint32_t va)
{
	return va >> 30 == 2; // kseg0, kseg1
}

// Whether code of the region's mode can be at this address.
static bool in_segment(const struct lifter *lifter, uint32_t va)
{
	if (lifter->mode.user)
		return va < 0x80000000;
	return direct_mapped(va) != lifter->mode.mapped;
}

// Whether translated code may jump to a known address. A jump to the last word of a page looks up the page
// after it while its delay slot is fetched.
static bool can_jump_to(const struct lifter *lifter, uint32_t target)
{
	uint32_t ram_size = lifter->options->ram_size;

	if (!in_segment(lifter, target))
		return false;
	if (lifter->mode.mapped)
		return !lifter->model->fetch_looks_ahead || (target & PAGE_OFFSET) != LAST_OFFSET;
	return ram_size == 0 || (target & 0x1FFFFFFF) + 4 < ram_size;
}

// Whether the page after `va` is certain to be there, or can be probed.
static bool can_cross(const struct lifter *lifter, uint32_t va)
{
	if (!in_segment(lifter, (va | PAGE_OFFSET) + 1))
		return false;
	return lifter->mode.mapped || !lifter->last_page;
}

static uint16_t hilo_registers(const struct insn *insn)
{
	const struct op_info *info = &mips_op_info[insn->op];

	return (info->reads | info->writes) & (MIPS_REG_HI | MIPS_REG_LO);
}

static enum mips_op ordinary_branch(enum mips_op op)
{
	switch (op) {
	case MIPS_OP_BEQL:
		return MIPS_OP_BEQ;
	case MIPS_OP_BNEL:
		return MIPS_OP_BNE;
	case MIPS_OP_BLEZL:
		return MIPS_OP_BLEZ;
	case MIPS_OP_BGTZL:
		return MIPS_OP_BGTZ;
	case MIPS_OP_BLTZL:
		return MIPS_OP_BLTZ;
	case MIPS_OP_BGEZL:
		return MIPS_OP_BGEZ;
	case MIPS_OP_BLTZALL:
		return MIPS_OP_BLTZAL;
	case MIPS_OP_BGEZALL:
		return MIPS_OP_BGEZAL;
	default:
		return op;
	}
}

static enum certainty branch_taken(const struct lifter *lifter, enum mips_op op, const struct insn *insn,
				   uint32_t link)
{
	switch (op) {
	case MIPS_OP_BEQ:
		return insn->rs == insn->rt ? ALWAYS : SOMETIMES;
	case MIPS_OP_BNE:
		return insn->rs == insn->rt ? NEVER : SOMETIMES;
	case MIPS_OP_BLEZ:
	case MIPS_OP_BGEZ:
		return insn->rs == 0 ? ALWAYS : SOMETIMES;
	case MIPS_OP_BGTZ:
	case MIPS_OP_BLTZ:
		return insn->rs == 0 ? NEVER : SOMETIMES;
	case MIPS_OP_BGEZAL: // the link is written before the test
	case MIPS_OP_BLTZAL:
		if (insn->rs != 0 && (insn->rs != 31 || !lifter->model->links_first))
			return SOMETIMES;
		return (insn->rs == 31 && link >> 31) == (op == MIPS_OP_BLTZAL) ? ALWAYS : NEVER;
	default:
		return ALWAYS;
	}
}

// False if this is not a branch that the lifter knows.
static bool recognise_branch(const struct lifter *lifter, const struct insn *insn, uint32_t va,
			     struct branch *branch)
{
	uint32_t flags = mips_op_info[insn->op].flags;
	enum mips_op op = ordinary_branch(insn->op);

	if (!(flags & MIPS_FLAG_DELAY) || (flags & MIPS_FLAG_COP1))
		return false;
	*branch = (struct branch){
	    .op = op,
	    .likely = flags & MIPS_FLAG_LIKELY,
	    .taken = branch_taken(lifter, op, insn, va + 8),
	    .indirect = flags & MIPS_FLAG_INDIRECT,
	    .link = flags & MIPS_FLAG_LINK,
	    .target = flags & MIPS_FLAG_JUMP ? insn_jump_target(insn, va) : insn_branch_target(insn, va),
	    .condition = IR_NO_VALUE,
	    .indirect_target = IR_NO_VALUE,
	};
	return true;
}

// Whether a branch at `va` can be translated, given the instruction in its delay slot. If that leaves, the branch is
// executed anew, so it must not have written a register that it reads.
static bool can_branch(const struct lifter *lifter, const struct branch *branch, const struct insn *slot,
		       uint32_t va)
{
	const struct insn *insn = &lifter->insn;
	uint32_t offset = va & PAGE_OFFSET;

	if (branch->taken == NEVER)
		return lifter->model->slot_needs_jump && !branch->likely;
	if (branch->link && !lifter->model->links_first && insn->rs == insn_link_register(insn))
		return false;
	if (!slot || (offset == LAST_OFFSET && lifter->mode.mapped)) // its slot may be anywhere
		return false;
	if ((mips_op_info[slot->op].flags & MIPS_FLAG_DELAY) || !lift_op_stays(lifter, slot) ||
	    !lift_op_known(lifter, slot))
		return false;
	if (lifter->model->fetch_looks_ahead && offset + 4 == CROSSING_OFFSET && branch->taken == SOMETIMES &&
	    !can_cross(lifter, va))
		return false;
	return branch->indirect || can_jump_to(lifter, branch->target);
}

// HI/LO interlock (System/161 reference, section 1.7).

// The cycle in which the instruction can start that would start at `cycle`.
static uint16_t cycle_after_stall(const struct lifter *lifter, const struct insn *insn, uint16_t cycle)
{
	uint16_t registers = hilo_registers(insn);

	if (!lifter->model->hilo_interlock || planted(BUG_HILO_STATIC))
		return cycle;
	if ((registers & MIPS_REG_HI) && lifter->hi_ready > cycle)
		cycle = lifter->hi_ready;
	if ((registers & MIPS_REG_LO) && lifter->lo_ready > cycle)
		cycle = lifter->lo_ready;
	return cycle;
}

// What ran before the block is not known: its first instruction waits a cycle if that is needed. Never more,
// as the block before it took at least one. In the last two words of a mapped page the waiting cycle may
// fault, which is the interpreter's.
static void test_stall(struct lifter *lifter)
{
	static const struct {
		uint16_t registers;
		enum ir_state ready;
	} tests[] = {{MIPS_REG_HI, IR_STATE_HI_READY}, {MIPS_REG_LO, IR_STATE_LO_READY}};
	uint16_t registers = hilo_registers(&lifter->insn);
	struct ir_block *block = lifter->block;
	ir_value active, busy = IR_NO_VALUE;

	if (!lifter->model->hilo_interlock || registers == 0 || planted(BUG_HILO_TEST))
		return;
	active = ir_active(block, lifter->time);
	for (unsigned i = 0; i < 2; i++) {
		ir_value is_busy;

		if (!(registers & tests[i].registers))
			continue;
		is_busy = ir_binary(block, IR_ULT, IR_I64, active, ir_get(block, tests[i].ready));
		busy = busy == IR_NO_VALUE ? is_busy : ir_binary(block, IR_OR, IR_I1, busy, is_busy);
	}
	if (lifter->mode.mapped && (lifter->va & PAGE_OFFSET) >= CROSSING_OFFSET) {
		ir_exit_if(block, busy, lifter->time);
		return;
	}
	ir_stall(block, busy, lifter->time);
	if (lifter->mode.mapped && lifter->model->lookup_sets_entry_hi)
		lift_looked_up(lifter, ir_select(block, IR_I32, busy, lift_parameter(lifter, lifter->va + 4),
						 ir_get(block, IR_STATE_LOOKUP_VA)));
}

// Tells what comes after the block, or takes the place of its next instruction, when the registers that the
// previous instruction used are ready.
static void stamp(struct lifter *lifter)
{
	struct ir_block *block = lifter->block;
	ir_value ready;

	if (!lifter->model->hilo_interlock || lifter->previous_hilo == 0 || planted(BUG_HILO_STAMP))
		return;
	ready = ir_active(block, lifter->previous_time);
	ready = ir_binary(block, IR_ADD, IR_I64, ready, ir_const(block, IR_I64, 2));
	if (lifter->previous_hilo & MIPS_REG_HI)
		ir_set(block, IR_STATE_HI_READY, ready);
	if (lifter->previous_hilo & MIPS_REG_LO)
		ir_set(block, IR_STATE_LO_READY, ready);
}

// Moves on to the next instruction after `lifter->insn` has been lifted.
static void advance(struct lifter *lifter)
{
	uint16_t registers = hilo_registers(&lifter->insn);
	uint16_t ready = lifter->time.cycle + 2;

	if (registers & MIPS_REG_HI)
		lifter->hi_ready = ready;
	if (registers & MIPS_REG_LO)
		lifter->lo_ready = ready;
	lifter->previous_hilo = registers;
	lifter->previous_time = lifter->time;
	lifter->block->guest_count = lifter->time.index + 1;
	lifter->block->cost = lifter->time.cycle + 1;
	lifter->time.index++;
	lifter->time.cycle++;
	lifter->block->current = lifter->time.index;
	lifter->va += 4;
}

// Page ends: the next page is looked up before anything else of the instruction. A block that starts with
// the last word comes after that look-up, but has to make sure that it still holds.
static void probe_next_page(struct lifter *lifter)
{
	uint32_t offset = lifter->va & PAGE_OFFSET;
	ir_value next;

	if (!lifter->mode.mapped || !lifter->model->fetch_looks_ahead || planted(BUG_PAGE_END))
		return;
	if (offset == LAST_OFFSET && lifter->time.index == 0) {
		ir_probe(lifter->block, lift_parameter(lifter, lifter->va + 4), lifter->time);
	} else if (offset == CROSSING_OFFSET) {
		stamp(lifter); // a failing look-up takes no cycle of the interlock
		next = lift_parameter(lifter, lifter->va + 8);
		ir_probe(lifter->block, next, lifter->time);
		lift_looked_up(lifter, next);
	}
}

// Branches. All that depends on registers happens before the delay slot.

static ir_value branch_condition(struct lifter *lifter, enum mips_op op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);
	ir_value b =
	    op == MIPS_OP_BEQ || op == MIPS_OP_BNE ? lift_gpr(lifter, insn->rt) : lift_const(lifter, 0);
	enum ir_op compare;
	bool swap = false;

	switch (op) {
	case MIPS_OP_BEQ:
		compare = IR_EQ;
		break;
	case MIPS_OP_BNE:
		compare = IR_NE;
		break;
	case MIPS_OP_BLEZ:
		compare = planted(BUG_COMPARE) ? IR_SLT : IR_SLE;
		break;
	case MIPS_OP_BGTZ:
		compare = IR_SLT;
		swap = true;
		break;
	case MIPS_OP_BGEZ:
	case MIPS_OP_BGEZAL:
		compare = IR_SLE;
		swap = true;
		break;
	default: // BLTZ, BLTZAL
		compare = IR_SLT;
		break;
	}
	return ir_binary(lifter->block, compare, IR_I32, swap ? b : a, swap ? a : b);
}

static ir_value differs(struct lifter *lifter, ir_value value, uint32_t mask, uint32_t from)
{
	struct ir_block *block = lifter->block;
	ir_value bits = ir_binary(block, IR_AND, IR_I32, value, lift_const(lifter, mask));

	return ir_binary(block, IR_NE, IR_I32, bits, lift_const(lifter, from));
}

// 1 if an indirect jump has to be left to the interpreter.
static ir_value bad_target(struct lifter *lifter, ir_value target)
{
	uint32_t low_bits = planted(BUG_JUMP_TARGET) ? 0 : 3;
	struct ir_block *block = lifter->block;
	uint32_t ram_size = lifter->options->ram_size;
	ir_value bad, last;

	if (!lifter->mode.mapped && ram_size == 0)
		return differs(lifter, target, 0xC0000003, 0x80000000);
	if (!lifter->mode.mapped) {
		// Only the segment that the block is in, so that one comparison does.
		uint32_t base = lifter->va & 0xE0000000;
		ir_value offset = ir_binary(block, IR_SUB, IR_I32, target, lift_parameter(lifter, base));

		bad = differs(lifter, target, low_bits, 0);
		last = ir_binary(block, IR_ULT, IR_I32, lift_parameter(lifter, ram_size - 5), offset);
		return ir_binary(block, IR_OR, IR_I1, bad, last);
	}
	bad = differs(lifter, target, (lifter->mode.user ? 0x80000000 : 0) | low_bits, 0);
	if (lifter->model->fetch_looks_ahead) {
		last = ir_binary(block, IR_AND, IR_I32, target, lift_const(lifter, LAST_OFFSET));
		last = ir_binary(block, IR_EQ, IR_I32, last, lift_const(lifter, LAST_OFFSET));
		bad = ir_binary(block, IR_OR, IR_I1, bad, last);
	}
	if (!lifter->mode.user) {
		ir_value segment = ir_binary(block, IR_SHR, IR_I32, target, lift_const(lifter, 30));
		ir_value direct = ir_binary(block, IR_EQ, IR_I32, segment, lift_const(lifter, 2));

		bad = ir_binary(block, IR_OR, IR_I1, bad, direct);
	}
	return bad;
}

// The look-up of the target that a taken branch makes in mapped code. If it is not taken and its delay slot
// is where the next page is looked up, that comes instead; it is probed here since the slot cannot leave
// for it without its branch.
static void look_up_target(struct lifter *lifter, const struct branch *branch)
{
	struct ir_block *block = lifter->block;
	bool same = !branch->indirect && same_page(branch->target, lifter->va);
	bool slot_crosses = ((lifter->va + 4) & PAGE_OFFSET) == CROSSING_OFFSET;
	ir_value target, otherwise;

	if (!lifter->mode.mapped || !lifter->model->fetch_looks_ahead)
		return;
	target = branch->indirect ? branch->indirect_target : lift_parameter(lifter, branch->target);
	if (branch->taken == ALWAYS) {
		if (!same)
			ir_probe(block, target, lifter->time);
		lift_looked_up(lifter, target);
		return;
	}
	if (!same)
		ir_probe(
		    block,
		    ir_select(block, IR_I32, branch->condition, target, lift_parameter(lifter, lifter->va)),
		    lifter->time);
	if (slot_crosses) {
		otherwise = lift_parameter(lifter, lifter->va + 12);
		ir_probe(block, otherwise, lifter->time);
	} else {
		otherwise = ir_get(block, IR_STATE_LOOKUP_VA);
	}
	lift_looked_up(lifter, ir_select(block, IR_I32, branch->condition, target, otherwise));
}

// The branch itself, up to its delay slot. System/161 writes the link first: JALR with one register for both jumps
// to it, and BLTZAL of register 31 tests it (System/161 reference, section 1.4). A likely branch that is not taken,
// and so skips its slot, is left to the interpreter: loops end so once.
static void lift_branch(struct lifter *lifter, struct branch *branch)
{
	struct ir_block *block = lifter->block;
	const struct insn *insn = &lifter->insn;
	uint32_t link = lifter->va + (planted(BUG_LINK) ? 4 : 8);

	if (branch->link && lifter->model->links_first)
		lift_set_gpr(lifter, insn_link_register(insn), lift_parameter(lifter, link));
	if (branch->taken == NEVER)
		return;
	if (branch->indirect) {
		branch->indirect_target = lift_gpr(lifter, insn->rs);
		ir_exit_if(block, bad_target(lifter, branch->indirect_target), lifter->time);
	} else if (branch->taken == SOMETIMES) {
		branch->condition = branch_condition(lifter, branch->op);
	}
	if (branch->likely && branch->taken == SOMETIMES) {
		ir_exit_if(block,
			   ir_binary(block, IR_XOR, IR_I1, branch->condition, ir_const(block, IR_I1, 1)),
			   lifter->time);
		branch->taken = ALWAYS;
	}
	if (branch->link && !lifter->model->links_first)
		lift_set_gpr(lifter, insn_link_register(insn), lift_parameter(lifter, link));
	look_up_target(lifter, branch);

	if (branch->link && branch->taken == ALWAYS && insn_link_register(insn) == 31) {
		block->hint = IR_HINT_CALL;
		block->link_va = link;
	} else if (insn->op == MIPS_OP_JR && insn->rs == 31) {
		block->hint = IR_HINT_RETURN;
	}
}

static void end_with_branch(struct lifter *lifter, const struct branch *branch, uint32_t otherwise)
{
	if (branch->indirect)
		ir_jump_indirect(lifter->block, branch->indirect_target);
	else if (branch->taken == ALWAYS)
		ir_jump(lifter->block, branch->target);
	else
		ir_branch(lifter->block, branch->condition, branch->target, otherwise);
}

static void lift_delay_slot(struct lifter *lifter, const struct insn *slot)
{
	lifter->insn = *slot;
	lifter->time.delay_slot = true;
	lift_op(lifter);
	advance(lifter);
	lifter->time.delay_slot = false;
}

// Whether `lifter->insn` can be translated where it stands.
static bool can_lift(const struct lifter *lifter, const struct branch *branch, const struct insn *slot,
		     uint16_t cycle)
{
	uint32_t offset = lifter->va & PAGE_OFFSET;

	if (branch ? !can_branch(lifter, branch, slot, lifter->va) : !lift_op_known(lifter, &lifter->insn))
		return false;
	if (!lifter->model->fetch_looks_ahead)
		return true;
	if (offset >= CROSSING_OFFSET && !can_cross(lifter, lifter->va))
		return false;
	// A look-up that fails takes the place of the stalled cycle, not of the one after it.
	return !(lifter->mode.mapped && offset == CROSSING_OFFSET && cycle != lifter->time.cycle);
}

// Lifts instructions up to the end of the block; false if that is before the first.
static bool lift_instructions(struct lifter *lifter, const uint32_t *words, unsigned word_count)
{
	const struct mips_isa *isa = lifter->model->isa;
	unsigned limit = lifter->options->max_instructions;
	// A delay slot may lie behind the page, no other instruction.
	unsigned page_words = (PAGE_SIZE - (lifter->va & PAGE_OFFSET)) / 4;

	for (;;) {
		unsigned index = lifter->time.index;
		bool has_slot = index + 1 < word_count;
		struct branch branch = {.taken = NEVER};
		struct insn slot = {0};
		bool is_branch, ends;
		uint16_t cycle;

		if (index == word_count || index == page_words || (index > 0 && index >= limit)) {
			stamp(lifter);
			ir_jump(lifter->block, lifter->va);
			return true;
		}
		mips_decode(isa, words[index], &lifter->insn);
		if (has_slot)
			mips_decode(isa, words[index + 1], &slot);
		is_branch = recognise_branch(lifter, &lifter->insn, lifter->va, &branch);
		ends = is_branch && branch.taken != NEVER;
		if (ends && index > 0 && index + 2 > limit) {
			stamp(lifter);
			ir_jump(lifter->block, lifter->va);
			return true;
		}
		cycle = cycle_after_stall(lifter, &lifter->insn, lifter->time.cycle);
		if (!can_lift(lifter, is_branch ? &branch : NULL, has_slot ? &slot : NULL, cycle)) {
			if (index == 0)
				return false;
			stamp(lifter);
			ir_exit(lifter->block, lifter->time);
			return true;
		}

		probe_next_page(lifter);
		if (index == 0)
			test_stall(lifter);
		else if (cycle != lifter->time.cycle && lifter->mode.mapped) // it fetches both words anew
			lift_looked_up(lifter, lift_parameter(lifter, lifter->va + 4));
		lifter->time.cycle = cycle;
		if (is_branch)
			lift_branch(lifter, &branch);
		else
			lift_op(lifter);
		advance(lifter);
		if (ends) {
			lift_delay_slot(lifter, &slot);
			stamp(lifter);
			end_with_branch(lifter, &branch, lifter->va);
			return true;
		}
	}
}

bool lift_block(struct ir_region *region, const struct lift_model *model, const struct lift_options *options,
		uint32_t va, uint32_t pa, const uint32_t *words, unsigned word_count, bool last_page)
{
	struct lifter lifter = {
	    .model = model, .options = options, .mode = region->mode, .last_page = last_page, .va = va};

	if (word_count == 0 || va % 4 != 0 || !in_segment(&lifter, va))
		return false;
	lifter.block = ir_block_add(region, va, pa);
	if (lift_instructions(&lifter, words, word_count))
		return true;
	ir_block_drop(region);
	return false;
}

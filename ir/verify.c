/* The verifier: every rule of op.def and ir.h, each with its own message. Needs nothing of the region but
 * that its arrays are in place, so that it can be asked about anything. */
#include "ir/ir_internal.h"

#include <stdarg.h>

#define PAGE_SIZE 4096u

/* What is being checked, for the message. */
struct place {
	const struct ir_region *region;
	const struct ir_block *block;
	unsigned index;
	struct error *error;
};

static bool wrong_block(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool wrong_insn(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool wrong_block(const struct place *place, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(place->error, "block va=%08x: %s", (unsigned)place->block->va, text);
}

static bool wrong_insn(const struct place *place, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(place->error, "block va=%08x, operation %u (%s): %s", (unsigned)place->block->va,
			 place->index, ir_op_info[place->block->insns[place->index].op].name, text);
}

/* The types an operation's T may be. */
static bool type_fits(const struct ir_insn *insn)
{
	enum ir_type type = insn->type;

	switch (insn->op) {
	case IR_CONST:
	case IR_SELECT:
		return type != IR_NONE;
	case IR_ADD:
	case IR_SUB:
	case IR_MUL:
	case IR_SDIV:
	case IR_UDIV:
	case IR_SREM:
	case IR_UREM:
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		return ir_type_is_integer(type) && type != IR_I1;
	case IR_ZEXT:
	case IR_SEXT:
	case IR_TRUNC:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
	case IR_EQ:
	case IR_NE:
	case IR_SLT:
	case IR_SLE:
	case IR_ULT:
		return ir_type_is_integer(type);
	case IR_LOAD:
	case IR_STORE:
		return ir_type_is_integer(type) && type != IR_I1;
	case IR_STORE_LEFT:
	case IR_STORE_RIGHT:
		return type == IR_I32;
	case IR_ACTIVE:
		return type == IR_I64;
	case IR_GET:
	case IR_SET:
		return type == ir_state_info[insn->state].type;
	case IR_CALL:
		return type == ir_helper_info[insn->state].result;
	default:
		return type == IR_NONE;
	}
}

/* The type that operand i must have, given the shape; IR_NONE: any integer. */
static enum ir_type operand_type(const struct ir_insn *insn, unsigned i)
{
	switch (ir_op_shape[insn->op].operands) {
	case IR_OPERANDS_T:
	case IR_OPERANDS_TT:
	case IR_OPERANDS_AA: /* a comparison's type is its operands' */
		return insn->type;
	case IR_OPERANDS_B:
		return IR_I1;
	case IR_OPERANDS_BTT:
		return i == 0 ? IR_I1 : (enum ir_type)insn->type;
	case IR_OPERANDS_ADDRESS_T:
		return i == 0 ? IR_I32 : (enum ir_type)insn->type;
	case IR_OPERANDS_ADDRESS:
	case IR_OPERANDS_HELPER:
		return IR_I32;
	default:
		return IR_NONE;
	}
}

static bool verify_operands(const struct place *place, const struct ir_insn *insn)
{
	const struct ir_block *block = place->block;
	unsigned count = ir_operand_count(insn);

	for (unsigned i = 0; i < 3; i++) {
		ir_value value = insn->operands[i];
		enum ir_type wanted, got;

		if (i >= count) {
			if (value != IR_NO_VALUE)
				return wrong_insn(place, "takes %u operands", count);
			continue;
		}
		if (value == IR_NO_VALUE)
			return wrong_insn(place, "takes %u operands", count);
		if (value >= place->index)
			return wrong_insn(place, "operand %%%u is used before its definition", value);
		if (block->insns[value].dead)
			return wrong_insn(place, "operand %%%u has been removed", value);
		got = ir_type_of(block, value);
		if (got == IR_NONE)
			return wrong_insn(place, "operand %%%u has no value", value);
		wanted = operand_type(insn, i);
		if (wanted == IR_NONE && !ir_type_is_integer(got))
			return wrong_insn(place, "operand %%%u is no integer", value);
		if (wanted != IR_NONE && got != wanted)
			return wrong_insn(place, "operand %%%u is %s, not %s", value, ir_type_name(got),
					  ir_type_name(wanted));
	}
	if (insn->op == IR_ZEXT || insn->op == IR_SEXT) {
		if (ir_type_bits(ir_type_of(block, insn->operands[0])) >= ir_type_bits(insn->type))
			return wrong_insn(place, "does not widen");
	} else if (insn->op == IR_TRUNC) {
		if (ir_type_bits(ir_type_of(block, insn->operands[0])) <= ir_type_bits(insn->type))
			return wrong_insn(place, "does not narrow");
	}
	return true;
}

static bool verify_fields(const struct place *place, const struct ir_insn *insn)
{
	unsigned targets = insn->op == IR_BRANCH ? 2 : insn->op == IR_JUMP ? 1 : 0;

	if (!type_fits(insn))
		return wrong_insn(place, "type %s does not fit", ir_type_name(insn->type));
	if (insn->op == IR_CONST) {
		if (insn->immediate & ~ir_type_mask(insn->type))
			return wrong_insn(place, "constant %#llx does not fit %s",
					  (unsigned long long)insn->immediate, ir_type_name(insn->type));
	} else if (insn->op != IR_CALL && insn->immediate != 0) {
		return wrong_insn(place, "has an immediate");
	}
	for (unsigned i = 0; i < 2; i++) {
		if (i < targets && insn->targets[i] % 4 != 0)
			return wrong_insn(place, "target %08x is not word aligned",
					  (unsigned)insn->targets[i]);
		if (i >= targets && insn->targets[i] != 0)
			return wrong_insn(place, "takes %u targets", targets);
	}
	return true;
}

/* The timed operation before; NULL at the first. */
static bool verify_order(const struct place *place, struct ir_time time, const struct ir_time *last)
{
	if (!last)
		return true;
	if (time.index < last->index)
		return wrong_insn(place, "instruction %u after instruction %u", time.index, last->index);
	if (time.index == last->index) {
		if (time.cycle != last->cycle)
			return wrong_insn(place, "instruction %u has two cycles", time.index);
		if (time.delay_slot != last->delay_slot)
			return wrong_insn(place, "instruction %u is half in a delay slot", time.index);
	}
	if (time.cycle - last->cycle < time.index - last->index)
		return wrong_insn(place, "cycle %u is too early after cycle %u", time.cycle, last->cycle);
	return true;
}

static bool verify_time(const struct place *place, const struct ir_insn *insn, const struct ir_time *last)
{
	const struct ir_block *block = place->block;
	struct ir_time time = insn->time;

	if (!ir_op_info[insn->op].timed) {
		if (time.index || time.cycle || time.delay_slot)
			return wrong_insn(place, "carries a time");
		return true;
	}
	if (insn->op == IR_EXIT && (time.index != block->guest_count || time.cycle != block->cost))
		return wrong_insn(place, "is not at the end of the block's instructions and cycles");
	if (insn->op != IR_EXIT && time.index >= block->guest_count)
		return wrong_insn(place, "instruction %u of %u", time.index, block->guest_count);
	if (time.cycle < time.index)
		return wrong_insn(place, "cycle %u comes before instruction %u can start", time.cycle,
				  time.index);
	if (block->cost - time.cycle < block->guest_count - time.index)
		return wrong_insn(place, "cycle %u leaves too few for the rest of the block", time.cycle);
	if (time.delay_slot && (time.index == 0 || time.index + 1 != block->guest_count))
		return wrong_insn(place, "a delay slot is the block's last instruction and not its first");
	return verify_order(place, time, last);
}

static bool verify_hint(const struct place *place, const struct ir_insn *end)
{
	const struct ir_block *block = place->block;

	switch (block->hint) {
	case IR_HINT_NONE:
		break;
	case IR_HINT_CALL:
		if (end->op != IR_JUMP && end->op != IR_JUMP_INDIRECT && end->op != IR_BRANCH)
			return wrong_block(place, "a call has to end in a jump");
		if (block->link_va % 4 != 0)
			return wrong_block(place, "link %08x is not word aligned", (unsigned)block->link_va);
		return true;
	case IR_HINT_RETURN:
		if (end->op != IR_JUMP_INDIRECT)
			return wrong_block(place, "a return has to end in an indirect jump");
		break;
	default:
		return wrong_block(place, "unknown hint");
	}
	if (block->link_va != 0)
		return wrong_block(place, "has a link without being a call");
	return true;
}

static bool verify_block(struct place *place)
{
	const struct ir_block *block = place->block;
	const struct ir_insn *end = NULL;
	const struct ir_time *last = NULL;
	bool only_values = true;

	if (block->va % 4 != 0 || block->pa % 4 != 0)
		return wrong_block(place, "is not word aligned");
	if (block->va % PAGE_SIZE != block->pa % PAGE_SIZE)
		return wrong_block(place, "pa=%08x has another page offset", (unsigned)block->pa);
	if (block->guest_count == 0)
		return wrong_block(place, "holds no guest instruction");
	/* Where nothing is mapped the last instruction, a delay slot, may. */
	if (block->va % PAGE_SIZE + block->guest_count * 4u >
	    PAGE_SIZE + (place->region->mode.mapped ? 0 : 4))
		return wrong_block(place, "%u instructions reach into another page", block->guest_count);
	if (block->cost < block->guest_count)
		return wrong_block(place, "%u instructions cannot cost %u cycles", block->guest_count,
				   block->cost);
	if (ir_block_find(place->region, block->va, block->copy) != block)
		return wrong_block(place, "occurs twice");
	if (block->entry && block->copy)
		return wrong_block(place, "a copy cannot be entered from outside");
	if (block->next ? block->next_va % 4 != 0 : block->next_va != 0 || block->next_copy != 0)
		return wrong_block(place, "what comes next is not word aligned");
	if (block->copy && (block->switches || block->is_case))
		return wrong_block(place, "a copy neither selects cases nor is one");
	if (block->switches && block->next)
		return wrong_block(place, "has one way to go on and cases");

	for (unsigned i = 0; i < block->count; i++) {
		const struct ir_insn *insn = &block->insns[i];

		if (insn->dead)
			continue;
		place->index = i;
		if (insn->op >= IR_OP_COUNT || insn->type > IR_F64)
			return wrong_block(place, "operation %u is unknown", i);
		if (insn->state >= (insn->op == IR_CALL			       ? IR_HELPER_COUNT
				    : insn->op == IR_GET || insn->op == IR_SET ? IR_STATE_COUNT
									       : 1))
			return wrong_insn(place, "names no state or helper");
		if (end)
			return wrong_insn(place, "comes after the end of the block");
		if (!verify_fields(place, insn) || !verify_operands(place, insn) ||
		    !verify_time(place, insn, last))
			return false;
		if (insn->op == IR_STALL && (!only_values || insn->time.cycle != 0))
			return wrong_insn(place, "comes after the block has begun");
		only_values &= ir_op_info[insn->op].effect <= IR_EFFECT_READ;
		if (ir_op_info[insn->op].timed)
			last = &insn->time;
		if (ir_op_info[insn->op].effect == IR_EFFECT_END)
			end = insn;
	}
	if (!end)
		return wrong_block(place, "has no end");
	if (block->switches && end->op != IR_JUMP_INDIRECT)
		return wrong_block(place, "selects cases without an indirect jump");
	return verify_hint(place, end);
}

bool ir_verify(const struct ir_region *region, struct error *error)
{
	struct place place = {.region = region, .error = error};
	unsigned cases = 0;

	if (region->mode.user && !region->mode.mapped)
		return error_set(error, "region: user mode is always mapped");
	for (unsigned i = 0; i < region->count; i++) {
		place.block = &region->blocks[i];
		if (!verify_block(&place))
			return false;
		cases += region->blocks[i].is_case;
	}
	return cases <= IR_MAX_CASES || error_set(error, "region: %u blocks are cases", cases);
}

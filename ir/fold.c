/* Folding: operations whose value is known or equals an earlier one.
 *
 * Needs: a verified block. Leaves: a verified block in which no pure operation has only constant operands
 * (undefined cases excepted: division by zero, shifts beyond the width), constants stand on the right of
 * commutative operations, and comparisons of 0-or-1 values against 0 are gone from branches and selects.
 * Operations that lost their users stay for dead_stores. One walk, no tables. */
#include "ir/ir_internal.h"

static const struct ir_insn *definition(const struct ir_block *block, ir_value value)
{
	return &block->insns[value];
}

static bool is_const(const struct ir_block *block, ir_value value)
{
	return definition(block, value)->op == IR_CONST;
}

static bool is_const_of(const struct ir_block *block, ir_value value, uint64_t constant)
{
	return is_const(block, value) && definition(block, value)->immediate == constant;
}

static int64_t sign_extend(uint64_t value, enum ir_type type)
{
	unsigned shift = 64 - ir_type_bits(type);

	return (int64_t)(value << shift) >> shift;
}

static void make_const(struct ir_insn *insn, enum ir_type type, uint64_t value)
{
	*insn = ir_insn_make(IR_CONST, type);
	insn->immediate = value & ir_type_mask(type);
}

/* Value of a binary operation on constants; false where it is undefined. */
static bool evaluate(enum ir_op op, enum ir_type type, uint64_t a, uint64_t b, uint64_t *result)
{
	int64_t signed_a = sign_extend(a, type), signed_b = sign_extend(b, type);
	unsigned bits = ir_type_bits(type);

	switch (op) {
	case IR_ADD:
		*result = a + b;
		return true;
	case IR_SUB:
		*result = a - b;
		return true;
	case IR_MUL:
		*result = a * b;
		return true;
	case IR_SDIV:
	case IR_SREM:
		if (b == 0 || (signed_b == -1 && a == (uint64_t)1 << (bits - 1)))
			return false;
		*result = (uint64_t)(op == IR_SDIV ? signed_a / signed_b : signed_a % signed_b);
		return true;
	case IR_UDIV:
	case IR_UREM:
		if (b == 0)
			return false;
		*result = op == IR_UDIV ? a / b : a % b;
		return true;
	case IR_AND:
		*result = a & b;
		return true;
	case IR_OR:
		*result = a | b;
		return true;
	case IR_XOR:
		*result = a ^ b;
		return true;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		if (b >= bits)
			return false;
		*result = op == IR_SHL ? a << b : op == IR_SHR ? a >> b : (uint64_t)(signed_a >> b);
		return true;
	case IR_EQ:
		*result = a == b;
		return true;
	case IR_NE:
		*result = a != b;
		return true;
	case IR_SLT:
		*result = signed_a < signed_b;
		return true;
	case IR_SLE:
		*result = signed_a <= signed_b;
		return true;
	case IR_ULT:
		*result = a < b;
		return true;
	default:
		return false;
	}
}

static bool commutes(enum ir_op op)
{
	return op == IR_ADD || op == IR_MUL || op == IR_AND || op == IR_OR || op == IR_XOR || op == IR_EQ ||
	       op == IR_NE;
}

/* Both operands are the same value. */
static bool fold_same(struct ir_block *block, ir_value value, struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_SUB:
	case IR_XOR:
		make_const(insn, insn->type, 0);
		return true;
	case IR_AND:
	case IR_OR:
		ir_replace(block, value, insn->operands[0]);
		return true;
	case IR_EQ:
	case IR_SLE:
		make_const(insn, IR_I1, 1);
		return true;
	case IR_NE:
	case IR_SLT:
	case IR_ULT:
		make_const(insn, IR_I1, 0);
		return true;
	default:
		return false;
	}
}

/* The right operand is the constant b. */
static void fold_right(struct ir_block *block, ir_value value, struct ir_insn *insn, uint64_t b)
{
	const struct ir_insn *a = definition(block, insn->operands[0]);
	uint64_t mask = ir_type_mask(insn->type);
	bool same = false, zero = false;

	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_XOR:
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		same = b == 0;
		break;
	case IR_MUL:
		same = b == 1;
		zero = b == 0;
		break;
	case IR_SDIV:
	case IR_UDIV:
		same = b == 1;
		break;
	case IR_SREM:
	case IR_UREM:
		zero = b == 1;
		break;
	case IR_AND:
		same = b == mask;
		zero = b == 0;
		break;
	case IR_OR:
		same = b == 0;
		if (b == mask)
			make_const(insn, insn->type, mask);
		break;
	case IR_ULT:
		if (b == 0)
			make_const(insn, IR_I1, 0);
		break;
	case IR_NE: /* what SLT leaves in a register, tested by BNE */
		if (b == 0 && a->op == IR_ZEXT && ir_type_of(block, a->operands[0]) == IR_I1)
			ir_replace(block, value, a->operands[0]);
		else
			same = b == 0 && insn->type == IR_I1;
		break;
	case IR_EQ:
		same = b == 1 && insn->type == IR_I1;
		break;
	default:
		break;
	}
	if (same)
		ir_replace(block, value, insn->operands[0]);
	else if (zero)
		make_const(insn, insn->type, 0);
}

static void fold_binary(struct ir_block *block, ir_value value, struct ir_insn *insn)
{
	enum ir_type result = ir_op_shape[insn->op].result == IR_RESULT_I1 ? IR_I1 : insn->type;
	bool left, right;
	uint64_t a, b, folded;

	if (commutes(insn->op) && is_const(block, insn->operands[0])) {
		ir_value swap = insn->operands[0];

		insn->operands[0] = insn->operands[1];
		insn->operands[1] = swap;
	}
	left = is_const(block, insn->operands[0]);
	right = is_const(block, insn->operands[1]);
	a = definition(block, insn->operands[0])->immediate;
	b = definition(block, insn->operands[1])->immediate;

	if (left && right) {
		if (evaluate(insn->op, insn->type, a, b, &folded))
			make_const(insn, result, folded);
		return;
	}
	if (insn->operands[0] == insn->operands[1] && fold_same(block, value, insn))
		return;
	if (right)
		fold_right(block, value, insn, b);
}

static void fold_convert(struct ir_block *block, ir_value value, struct ir_insn *insn)
{
	const struct ir_insn *a = definition(block, insn->operands[0]);
	enum ir_type from = ir_type_of(block, insn->operands[0]);

	if (a->op == IR_CONST) {
		uint64_t constant = a->immediate;

		if (insn->op == IR_SEXT)
			constant = (uint64_t)sign_extend(constant, from);
		make_const(insn, insn->type, constant);
		return;
	}
	if (insn->op == IR_TRUNC) {
		enum ir_type inner;

		if (a->op == IR_TRUNC) {
			insn->operands[0] = a->operands[0];
			return;
		}
		if (a->op != IR_ZEXT && a->op != IR_SEXT)
			return;
		inner = ir_type_of(block, a->operands[0]);
		if (inner == insn->type) {
			ir_replace(block, value, a->operands[0]);
			return;
		}
		/* Still an extension if something of it is left, else a narrower truncation. */
		if (ir_type_bits(inner) < ir_type_bits(insn->type))
			insn->op = a->op;
		insn->operands[0] = a->operands[0];
	} else if (a->op == insn->op || (insn->op == IR_SEXT && a->op == IR_ZEXT)) {
		insn->op = a->op;
		insn->operands[0] = a->operands[0];
	}
}

/* If the condition is `0-or-1 value == 0`: that value, to be used the other way round. */
static bool inverted(const struct ir_block *block, ir_value condition, ir_value *value)
{
	const struct ir_insn *compare = definition(block, condition);
	const struct ir_insn *extended;

	if (compare->op != IR_EQ || !is_const_of(block, compare->operands[1], 0))
		return false;
	if (compare->type == IR_I1) {
		*value = compare->operands[0];
		return true;
	}
	extended = definition(block, compare->operands[0]);
	if (extended->op != IR_ZEXT || ir_type_of(block, extended->operands[0]) != IR_I1)
		return false;
	*value = extended->operands[0];
	return true;
}

static void fold_select(struct ir_block *block, ir_value value, struct ir_insn *insn)
{
	ir_value condition;

	if (inverted(block, insn->operands[0], &condition)) {
		ir_value swap = insn->operands[1];

		insn->operands[0] = condition;
		insn->operands[1] = insn->operands[2];
		insn->operands[2] = swap;
	}
	if (is_const(block, insn->operands[0]))
		ir_replace(block, value, insn->operands[is_const_of(block, insn->operands[0], 1) ? 1 : 2]);
	else if (insn->operands[1] == insn->operands[2])
		ir_replace(block, value, insn->operands[1]);
	else if (insn->type == IR_I1 && is_const_of(block, insn->operands[1], 1) &&
		 is_const_of(block, insn->operands[2], 0))
		ir_replace(block, value, insn->operands[0]);
}

static void fold_branch(struct ir_block *block, struct ir_insn *insn)
{
	ir_value condition;
	uint32_t target;

	if (inverted(block, insn->operands[0], &condition)) {
		target = insn->targets[0];
		insn->operands[0] = condition;
		insn->targets[0] = insn->targets[1];
		insn->targets[1] = target;
	}
	if (insn->targets[0] == insn->targets[1])
		target = insn->targets[0];
	else if (is_const(block, insn->operands[0]))
		target = insn->targets[is_const_of(block, insn->operands[0], 1) ? 0 : 1];
	else
		return;
	*insn = ir_insn_make(IR_JUMP, IR_NONE);
	insn->targets[0] = target;
}

void ir_fold(struct ir_block *block)
{
	for (unsigned i = 0; i < block->count; i++) {
		struct ir_insn *insn = &block->insns[i];
		ir_value value = (ir_value)i;

		if (insn->dead)
			continue;
		ir_resolve_operands(block, insn);
		switch (ir_op_shape[insn->op].operands) {
		case IR_OPERANDS_TT:
		case IR_OPERANDS_AA:
			fold_binary(block, value, insn);
			break;
		case IR_OPERANDS_A:
			fold_convert(block, value, insn);
			break;
		case IR_OPERANDS_BTT:
			fold_select(block, value, insn);
			break;
		default:
			if (insn->op == IR_BRANCH)
				fold_branch(block, insn);
			else if ((insn->op == IR_EXIT_IF || insn->op == IR_STALL) &&
				 is_const_of(block, insn->operands[0], 0))
				insn->dead = true;
			break;
		}
	}
}

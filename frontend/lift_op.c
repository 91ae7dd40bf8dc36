// Single instructions as IR: a table of what each does, and the shapes that they share.
#include "frontend/lift_internal.h"

#include "frontend/classify.h"
#include "runtime/core/planted.h"

// Widths of memory accesses and how MFC0 and MTC0 differ are arguments of the shapes in the table.
struct rule {
	void (*lift)(struct lifter *lifter, unsigned argument);
	uint8_t argument;
};

ir_value lift_const(struct lifter *lifter, uint32_t value)
{
	return ir_const(lifter->block, IR_I32, value);
}

ir_value lift_parameter(struct lifter *lifter, uint32_t value)
{
	return ir_parameter(lifter->block, value);
}

ir_value lift_gpr(struct lifter *lifter, unsigned number)
{
	return number ? ir_get(lifter->block, ir_state_gpr(number)) : lift_const(lifter, 0);
}

void lift_set_gpr(struct lifter *lifter, unsigned number, ir_value value)
{
	if (number)
		ir_set(lifter->block, ir_state_gpr(number), value);
}

void lift_looked_up(struct lifter *lifter, ir_value address)
{
	if (lifter->model->lookup_sets_entry_hi)
		ir_set(lifter->block, IR_STATE_LOOKUP_VA, address);
}

static ir_value binary(struct lifter *lifter, enum ir_op op, ir_value a, ir_value b)
{
	return ir_binary(lifter->block, op, IR_I32, a, b);
}

static ir_value binary_const(struct lifter *lifter, enum ir_op op, ir_value a, uint32_t b)
{
	return binary(lifter, op, a, lift_const(lifter, b));
}

static ir_value binary_parameter(struct lifter *lifter, enum ir_op op, ir_value a, uint32_t b)
{
	return binary(lifter, op, a, lift_parameter(lifter, b));
}

// Arithmetic and logic. The argument is the IR operation.

static void register_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);

	lift_set_gpr(lifter, insn->rd, binary(lifter, op, a, lift_gpr(lifter, insn->rt)));
}

static void nor_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);
	ir_value either = binary(lifter, IR_OR, a, lift_gpr(lifter, insn->rt));

	(void)unused;
	lift_set_gpr(lifter, insn->rd, binary_const(lifter, IR_XOR, either, UINT32_MAX));
}

static void immediate_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);

	lift_set_gpr(lifter, insn->rt, binary_parameter(lifter, op, a, (uint32_t)insn->imm));
}

static void upper_op(struct lifter *lifter, unsigned unused)
{
	(void)unused;
	lift_set_gpr(lifter, lifter->insn.rt, lift_parameter(lifter, (uint32_t)lifter->insn.imm));
}

static void compare_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);
	ir_value less = binary(lifter, op, a, lift_gpr(lifter, insn->rt));

	lift_set_gpr(lifter, insn->rd, ir_unary(lifter->block, IR_ZEXT, IR_I32, less));
}

static void compare_immediate_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs);
	ir_value less = binary_parameter(lifter, op, a, (uint32_t)insn->imm);

	lift_set_gpr(lifter, insn->rt, ir_unary(lifter->block, IR_ZEXT, IR_I32, less));
}

static void shift_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;

	lift_set_gpr(lifter, insn->rd, binary_const(lifter, op, lift_gpr(lifter, insn->rt), insn->sa));
}

// By 0 to 31: `amount` is a value below 32.
static ir_value rotated(struct lifter *lifter, ir_value value, ir_value amount)
{
	ir_value other =
	    binary_const(lifter, IR_AND, binary(lifter, IR_SUB, lift_const(lifter, 0), amount), 31);

	return binary(lifter, IR_OR, binary(lifter, IR_SHR, value, amount),
		      binary(lifter, IR_SHL, value, other));
}

static void rotate_op(struct lifter *lifter, unsigned variable)
{
	const struct insn *insn = &lifter->insn;
	ir_value amount = variable ? binary_const(lifter, IR_AND, lift_gpr(lifter, insn->rs), 31)
				   : lift_const(lifter, insn->sa);

	lift_set_gpr(lifter, insn->rd, rotated(lifter, lift_gpr(lifter, insn->rt), amount));
}

// MOVZ, MOVN: the argument compares rt with 0.
static void move_if_op(struct lifter *lifter, unsigned compare)
{
	const struct insn *insn = &lifter->insn;
	ir_value condition = binary_const(lifter, compare, lift_gpr(lifter, insn->rt), 0);
	ir_value moved = lift_gpr(lifter, insn->rs);

	lift_set_gpr(lifter, insn->rd,
		     ir_select(lifter->block, IR_I32, condition, moved, lift_gpr(lifter, insn->rd)));
}

// Leading zeros, by halves: while the upper part is empty, what is below moves up and counts. CLO inverts first.
static void count_leading_op(struct lifter *lifter, unsigned ones)
{
	const struct insn *insn = &lifter->insn;
	struct ir_block *block = lifter->block;
	ir_value value = lift_gpr(lifter, insn->rs), count = lift_const(lifter, 0);

	if (ones)
		value = binary_const(lifter, IR_XOR, value, UINT32_MAX);
	for (unsigned step = 16; step; step /= 2) {
		ir_value empty = binary_const(lifter, IR_ULT, value, 1u << (32 - step));
		ir_value more =
		    ir_select(block, IR_I32, empty, lift_const(lifter, step), lift_const(lifter, 0));

		value = binary(lifter, IR_SHL, value, more);
		count = binary(lifter, IR_ADD, count, more);
	}
	// Only 0 still has no bit at the top.
	value = binary_const(lifter, IR_XOR, binary_const(lifter, IR_SHR, value, 31), 1);
	lift_set_gpr(lifter, insn->rd, binary(lifter, IR_ADD, count, value));
}

static uint32_t low_bits(unsigned size)
{
	return size == 32 ? UINT32_MAX : (1u << size) - 1;
}

static void extract_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	ir_value field = binary_const(lifter, IR_SHR, lift_gpr(lifter, insn->rs), insn_field_pos(insn));

	(void)unused;
	lift_set_gpr(lifter, insn->rt,
		     binary_parameter(lifter, IR_AND, field, low_bits(insn_field_size(insn))));
}

static void insert_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	uint32_t mask = low_bits(insn_field_size(insn)) << insn_field_pos(insn);
	ir_value field = binary_const(lifter, IR_SHL, lift_gpr(lifter, insn->rs), insn_field_pos(insn));
	ir_value kept = binary_parameter(lifter, IR_AND, lift_gpr(lifter, insn->rt), ~mask);

	(void)unused;
	lift_set_gpr(lifter, insn->rt,
		     binary(lifter, IR_OR, kept, binary_parameter(lifter, IR_AND, field, mask)));
}

// SEB, SEH: the argument is the type.
static void extend_op(struct lifter *lifter, unsigned type)
{
	const struct insn *insn = &lifter->insn;
	ir_value low = ir_unary(lifter->block, IR_TRUNC, type, lift_gpr(lifter, insn->rt));

	lift_set_gpr(lifter, insn->rd, ir_unary(lifter->block, IR_SEXT, IR_I32, low));
}

static void swap_in_halves_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	ir_value value = lift_gpr(lifter, insn->rt);
	ir_value up = binary_const(lifter, IR_SHL, binary_const(lifter, IR_AND, value, 0x00FF00FF), 8);
	ir_value down = binary_const(lifter, IR_AND, binary_const(lifter, IR_SHR, value, 8), 0x00FF00FF);

	(void)unused;
	lift_set_gpr(lifter, insn->rd, binary(lifter, IR_OR, up, down));
}

static void shift_variable_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value amount = binary_const(lifter, IR_AND, lift_gpr(lifter, insn->rs), 31);

	lift_set_gpr(lifter, insn->rd, binary(lifter, op, lift_gpr(lifter, insn->rt), amount));
}

// Additions and subtractions that trap on signed overflow: the result's sign is neither operand's (ADD), or
// the operands' signs differ and the result's is not the first's (SUB).
static ir_value trapping(struct lifter *lifter, enum ir_op op, ir_value a, ir_value b)
{
	ir_value result = binary(lifter, op, a, b);
	bool is_add = op == IR_ADD || planted(BUG_OVERFLOW);
	ir_value first = binary(lifter, IR_XOR, a, is_add ? result : b);
	ir_value second = binary(lifter, IR_XOR, is_add ? b : a, result);
	ir_value signs = binary(lifter, IR_AND, first, second);

	ir_exit_if(lifter->block, binary_const(lifter, IR_SLT, signs, 0), lifter->time);
	return result;
}

static void trapping_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs), b = lift_gpr(lifter, insn->rt);

	lift_set_gpr(lifter, insn->rd, trapping(lifter, op, a, b));
}

static void trapping_immediate_op(struct lifter *lifter, unsigned op)
{
	const struct insn *insn = &lifter->insn;
	ir_value a = lift_gpr(lifter, insn->rs), b = lift_parameter(lifter, (uint32_t)insn->imm);

	lift_set_gpr(lifter, insn->rt, trapping(lifter, op, a, b));
}

// HI and LO. The argument is the state, the extension or whether the division is signed.

static void move_from_op(struct lifter *lifter, unsigned state)
{
	lift_set_gpr(lifter, lifter->insn.rd, ir_get(lifter->block, state));
}

static void move_to_op(struct lifter *lifter, unsigned state)
{
	ir_set(lifter->block, state, lift_gpr(lifter, lifter->insn.rs));
}

static void multiply_op(struct lifter *lifter, unsigned extend)
{
	struct ir_block *block = lifter->block;
	ir_value a = ir_unary(block, extend, IR_I64, lift_gpr(lifter, lifter->insn.rs));
	ir_value b = ir_unary(block, extend, IR_I64, lift_gpr(lifter, lifter->insn.rt));
	ir_value product = ir_binary(block, IR_MUL, IR_I64, a, b);
	ir_value high = ir_binary(block, IR_SHR, IR_I64, product, ir_const(block, IR_I64, 32));

	ir_set(block, IR_STATE_LO, ir_unary(block, IR_TRUNC, IR_I32, product));
	ir_set(block, IR_STATE_HI, ir_unary(block, IR_TRUNC, IR_I32, high));
}

// MADD and its like: HI and LO as one number, plus or minus the product.
static void accumulate(struct lifter *lifter, enum ir_op extend, enum ir_op op)
{
	struct ir_block *block = lifter->block;
	ir_value half = ir_const(block, IR_I64, 32);
	ir_value a = ir_unary(block, extend, IR_I64, lift_gpr(lifter, lifter->insn.rs));
	ir_value b = ir_unary(block, extend, IR_I64, lift_gpr(lifter, lifter->insn.rt));
	ir_value high = ir_unary(block, IR_ZEXT, IR_I64, ir_get(block, IR_STATE_HI));
	ir_value low = ir_unary(block, IR_ZEXT, IR_I64, ir_get(block, IR_STATE_LO));
	ir_value sum = ir_binary(block, IR_OR, IR_I64, ir_binary(block, IR_SHL, IR_I64, high, half), low);

	sum = ir_binary(block, op, IR_I64, sum, ir_binary(block, IR_MUL, IR_I64, a, b));
	ir_set(block, IR_STATE_LO, ir_unary(block, IR_TRUNC, IR_I32, sum));
	sum = ir_binary(block, IR_SHR, IR_I64, sum, half);
	ir_set(block, IR_STATE_HI, ir_unary(block, IR_TRUNC, IR_I32, sum));
}

static void multiply_add_op(struct lifter *lifter, unsigned extend)
{
	accumulate(lifter, extend, IR_ADD);
}

static void multiply_subtract_op(struct lifter *lifter, unsigned extend)
{
	accumulate(lifter, extend, IR_SUB);
}

// LO after a division of `a` by zero.
static ir_value zero_quotient(struct lifter *lifter, ir_value a, bool is_signed)
{
	ir_value sign;

	if (!is_signed)
		return lift_const(lifter, UINT32_MAX);
	sign = binary_const(lifter, IR_SAR, a, 31);
	if (lifter->model->division == LIFT_DIVISION_SATURATES)
		return binary_const(lifter, IR_OR, sign, INT32_MAX);
	return binary_const(lifter, IR_SUB, binary_const(lifter, IR_AND, sign, 2), 1);
}

// What IR leaves undefined is divided by 1 instead; 0x80000000 / -1 then has its result already.
static void divide_op(struct lifter *lifter, unsigned is_signed)
{
	struct ir_block *block = lifter->block;
	ir_value a = lift_gpr(lifter, lifter->insn.rs), b = lift_gpr(lifter, lifter->insn.rt);
	ir_value by_zero = binary_const(lifter, IR_EQ, b, 0);
	ir_value undefined = by_zero;
	ir_value divisor, quotient, remainder;

	if (is_signed) {
		ir_value least = binary_const(lifter, IR_EQ, a, 0x80000000);
		ir_value minus_one = binary_const(lifter, IR_EQ, b, UINT32_MAX);
		ir_value overflow = ir_binary(block, IR_AND, IR_I1, least, minus_one);

		undefined = ir_binary(block, IR_OR, IR_I1, by_zero, overflow);
	}
	divisor = ir_select(block, IR_I32, undefined, lift_const(lifter, 1), b);
	quotient = binary(lifter, is_signed ? IR_SDIV : IR_UDIV, a, divisor);
	remainder = binary(lifter, is_signed ? IR_SREM : IR_UREM, a, divisor);
	if (lifter->model->division != LIFT_DIVISION_BY_ONE)
		quotient = ir_select(block, IR_I32, by_zero, zero_quotient(lifter, a, is_signed), quotient);
	if (lifter->model->division == LIFT_DIVISION_KEEPS_DIVIDEND)
		remainder = ir_select(block, IR_I32, by_zero, a, remainder);
	ir_set(block, IR_STATE_LO, quotient);
	ir_set(block, IR_STATE_HI, remainder);
}

// Memory. The argument is the type, or for the unaligned ones whether it is the left half.

static ir_value effective_address(struct lifter *lifter)
{
	return binary_parameter(lifter, IR_ADD, lift_gpr(lifter, lifter->insn.rs),
				(uint32_t)lifter->insn.imm);
}

// In kernel mode the access itself knows whether it was a look-up. All memory traffic is of whole words
// (System/161 reference, section 1.10).
static void accessed(struct lifter *lifter, ir_value address, bool whole_word)
{
	if (!lifter->mode.user || !lifter->model->lookup_sets_entry_hi)
		return;
	lift_looked_up(lifter, whole_word ? address : binary_const(lifter, IR_AND, address, ~3u));
}

static void load_op(struct lifter *lifter, unsigned type)
{
	const struct insn *insn = &lifter->insn;
	ir_value address = effective_address(lifter);
	ir_value value = ir_load(lifter->block, type, address, lifter->time);
	bool is_signed = mips_op_info[insn->op].flags & MIPS_FLAG_SEXT;

	is_signed &= !(planted(BUG_SIGN_EXTENSION) && type == IR_I16);
	accessed(lifter, address, type == IR_I32);
	if (type != IR_I32)
		value = ir_unary(lifter->block, is_signed ? IR_SEXT : IR_ZEXT, IR_I32, value);
	lift_set_gpr(lifter, insn->rt, value);
}

static void store_op(struct lifter *lifter, unsigned type)
{
	ir_value address = effective_address(lifter);
	ir_value value = lift_gpr(lifter, lifter->insn.rt);

	if (type != IR_I32)
		value = ir_unary(lifter->block, IR_TRUNC, type, value);
	ir_store(lifter->block, IR_STORE, type, address, value, lifter->time);
	accessed(lifter, address, type == IR_I32);
}

// LWL shifts the word up and keeps the register below it; LWR the other way. The shift is 8 times the bytes
// of the word that are not the register's.
static void load_unaligned_op(struct lifter *lifter, unsigned left)
{
	const struct insn *insn = &lifter->insn;
	ir_value address = effective_address(lifter);
	ir_value aligned = binary_const(lifter, IR_AND, address, ~3u);
	ir_value word = ir_load(lifter->block, IR_I32, aligned, lifter->time);
	enum ir_op shift = left ? IR_SHL : IR_SHR;
	ir_value amount, hole, kept;

	accessed(lifter, aligned, true);
	amount = binary_const(lifter, IR_SHL, binary_const(lifter, IR_AND, address, 3), 3);
	if ((bool)left != lifter->mode.big_endian)
		amount = binary_const(lifter, IR_XOR, amount, 24);
	hole = binary(lifter, shift, lift_const(lifter, UINT32_MAX), amount);
	hole = binary_const(lifter, IR_XOR, hole, UINT32_MAX);
	kept = binary(lifter, IR_AND, lift_gpr(lifter, insn->rt), hole);
	lift_set_gpr(lifter, insn->rt, binary(lifter, IR_OR, binary(lifter, shift, word, amount), kept));
}

static void store_unaligned_op(struct lifter *lifter, unsigned left)
{
	ir_value address = effective_address(lifter);

	ir_store(lifter->block, left ? IR_STORE_LEFT : IR_STORE_RIGHT, IR_I32, address,
		 lift_gpr(lifter, lifter->insn.rt), lifter->time);
	accessed(lifter, address, false);
}

static void load_linked_op(struct lifter *lifter, unsigned unused)
{
	struct ir_block *block = lifter->block;
	ir_value address = effective_address(lifter);
	ir_value value = ir_call(block, IR_HELPER_LOAD_LINKED, 0, address, IR_NO_VALUE, lifter->time);

	(void)unused;
	accessed(lifter, address, true);
	lift_set_gpr(lifter, lifter->insn.rt, value);
}

static void store_conditional_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	struct ir_block *block = lifter->block;
	bool reports = lifter->mode.mapped && lifter->model->lookup_sets_entry_hi;
	ir_value address = effective_address(lifter), looked_up;
	ir_value result = ir_call(block, IR_HELPER_STORE_CONDITIONAL, reports, address,
				  lift_gpr(lifter, insn->rt), lifter->time);

	(void)unused;
	if (reports) {
		// Without a link there is no access, and so no look-up.
		looked_up = binary_const(lifter, IR_AND, result, 2);
		looked_up = ir_binary(block, IR_NE, IR_I32, looked_up, lift_const(lifter, 0));
		lift_looked_up(
		    lifter, ir_select(block, IR_I32, looked_up, address, ir_get(block, IR_STATE_LOOKUP_VA)));
		result = binary_const(lifter, IR_AND, result, 1);
	}
	lift_set_gpr(lifter, insn->rt, result);
}

static void sync_op(struct lifter *lifter, unsigned unused)
{
	struct ir_block *block = lifter->block;
	ir_value count = ir_get(block, IR_STATE_SYNC_COUNT);

	(void)unused;
	count = ir_binary(block, IR_ADD, IR_I64, count, ir_const(block, IR_I64, 1));
	ir_set(block, IR_STATE_SYNC_COUNT, count);
}

// Conditional traps: the interpreter takes those whose condition holds. The argument says which comparison of rs with
// rt or the immediate it is.
enum trap_condition {
	TRAP_EQUAL,
	TRAP_LESS,
	TRAP_LESS_UNSIGNED,
	TRAP_CONDITION = 3,
	TRAP_NOT = 4,
	TRAP_IMMEDIATE = 8,
};

static void trap_op(struct lifter *lifter, unsigned condition)
{
	static const enum ir_op compares[] = {IR_EQ, IR_SLT, IR_ULT};
	const struct insn *insn = &lifter->insn;
	struct ir_block *block = lifter->block;
	ir_value a = lift_gpr(lifter, insn->rs);
	ir_value b =
	    condition & TRAP_IMMEDIATE ? lift_const(lifter, (uint32_t)insn->imm) : lift_gpr(lifter, insn->rt);
	ir_value holds = binary(lifter, compares[condition & TRAP_CONDITION], a, b);

	if (condition & TRAP_NOT)
		holds = ir_binary(block, IR_XOR, IR_I1, holds, ir_const(block, IR_I1, 1));
	ir_exit_if(block, holds, lifter->time);
}

// Coprocessor 0.

static const struct lift_cp0 *cp0_register(const struct lifter *lifter, const struct insn *insn)
{
	return &lifter->model->cp0[LIFT_CP0_INDEX(insn->rd, insn->sel)];
}

static void nothing_op(struct lifter *lifter, unsigned unused)
{
	(void)lifter;
	(void)unused;
}

static void helper_op(struct lifter *lifter, unsigned helper)
{
	ir_call(lifter->block, helper, 0, IR_NO_VALUE, IR_NO_VALUE, lifter->time);
}

static ir_value read_entry_hi(struct lifter *lifter)
{
	ir_value page = binary_const(lifter, IR_AND, ir_get(lifter->block, IR_STATE_LOOKUP_VA), 0xFFFFF000);

	return binary(lifter, IR_OR, page, ir_get(lifter->block, IR_STATE_ASID));
}

static ir_value read_count(struct lifter *lifter)
{
	struct ir_block *block = lifter->block;
	ir_value active = ir_active(block, lifter->time);
	ir_value base = ir_get(block, IR_STATE_COUNT_BASE);

	return ir_unary(block, IR_TRUNC, IR_I32, ir_binary(block, IR_SUB, IR_I64, active, base));
}

static void move_from_cp0_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	const struct lift_cp0 *cp0 = cp0_register(lifter, insn);
	ir_value value;

	(void)unused;
	switch (lifter->options->sensitive_inline ? cp0->read : LIFT_CP0_HELPER) {
	case LIFT_CP0_CONSTANT:
		value = lift_parameter(lifter, cp0->value);
		break;
	case LIFT_CP0_STATE:
		value = ir_get(lifter->block, cp0->state);
		break;
	case LIFT_CP0_ENTRY_HI:
		value = read_entry_hi(lifter);
		break;
	case LIFT_CP0_COUNT:
		value = read_count(lifter);
		break;
	default:
		value = ir_call(lifter->block, IR_HELPER_CP0_READ, LIFT_CP0_INDEX(insn->rd, insn->sel),
				IR_NO_VALUE, IR_NO_VALUE, lifter->time);
		break;
	}
	lift_set_gpr(lifter, insn->rt, value);
}

static void move_to_cp0_op(struct lifter *lifter, unsigned unused)
{
	const struct insn *insn = &lifter->insn;
	const struct lift_cp0 *cp0 = cp0_register(lifter, insn);
	unsigned access = lifter->options->sensitive_inline ? cp0->write : LIFT_CP0_HELPER;
	ir_value value;

	(void)unused;
	if (access == LIFT_CP0_IGNORED)
		return;
	value = lift_gpr(lifter, insn->rt);
	switch (access) {
	case LIFT_CP0_STATE:
		ir_set(lifter->block, cp0->state, binary_const(lifter, IR_AND, value, cp0->mask));
		break;
	case LIFT_CP0_ENTRY_HI:
		ir_set(lifter->block, IR_STATE_ASID, binary_const(lifter, IR_AND, value, cp0->mask & 0xFFF));
		ir_set(lifter->block, IR_STATE_LOOKUP_VA,
		       binary_const(lifter, IR_AND, value, cp0->mask & 0xFFFFF000));
		break;
	default:
		ir_call(lifter->block, IR_HELPER_CP0_WRITE, LIFT_CP0_INDEX(insn->rd, insn->sel), value,
			IR_NO_VALUE, lifter->time);
		break;
	}
}

// Whatever makes the processor wait, or wakes it, is the interpreter's.
static void wait_op(struct lifter *lifter, unsigned unused)
{
	ir_value lines =
	    binary_const(lifter, IR_AND, ir_get(lifter->block, IR_STATE_CAUSE), lifter->model->wait_passes);

	(void)unused;
	ir_exit_if(lifter->block, binary_const(lifter, IR_EQ, lines, 0), lifter->time);
}

// DI, EI: the argument is the new IE. The register gets Status as it was.
static void interrupt_enable_op(struct lifter *lifter, unsigned enable)
{
	ir_value status = ir_get(lifter->block, IR_STATE_STATUS);
	ir_value changed = binary_const(lifter, enable ? IR_OR : IR_AND, status, enable ? 1 : ~1u);

	lift_set_gpr(lifter, lifter->insn.rt, status);
	ir_call(lifter->block, IR_HELPER_CP0_WRITE, LIFT_CP0_INDEX(12, 0), changed, IR_NO_VALUE,
		lifter->time);
}

static const struct rule rules[MIPS_OP_COUNT] = {
    [MIPS_OP_ADD] = {trapping_op, IR_ADD},
    [MIPS_OP_ADDI] = {trapping_immediate_op, IR_ADD},
    [MIPS_OP_SUB] = {trapping_op, IR_SUB},
    [MIPS_OP_ADDU] = {register_op, IR_ADD},
    [MIPS_OP_SUBU] = {register_op, IR_SUB},
    [MIPS_OP_AND] = {register_op, IR_AND},
    [MIPS_OP_OR] = {register_op, IR_OR},
    [MIPS_OP_XOR] = {register_op, IR_XOR},
    [MIPS_OP_NOR] = {nor_op, 0},
    [MIPS_OP_SLT] = {compare_op, IR_SLT},
    [MIPS_OP_SLTU] = {compare_op, IR_ULT},
    [MIPS_OP_ADDIU] = {immediate_op, IR_ADD},
    [MIPS_OP_ANDI] = {immediate_op, IR_AND},
    [MIPS_OP_ORI] = {immediate_op, IR_OR},
    [MIPS_OP_XORI] = {immediate_op, IR_XOR},
    [MIPS_OP_SLTI] = {compare_immediate_op, IR_SLT},
    [MIPS_OP_SLTIU] = {compare_immediate_op, IR_ULT},
    [MIPS_OP_LUI] = {upper_op, 0},
    [MIPS_OP_SLL] = {shift_op, IR_SHL},
    [MIPS_OP_SRL] = {shift_op, IR_SHR},
    [MIPS_OP_SRA] = {shift_op, IR_SAR},
    [MIPS_OP_SLLV] = {shift_variable_op, IR_SHL},
    [MIPS_OP_SRLV] = {shift_variable_op, IR_SHR},
    [MIPS_OP_SRAV] = {shift_variable_op, IR_SAR},
    [MIPS_OP_ROTR] = {rotate_op, false},
    [MIPS_OP_ROTRV] = {rotate_op, true},
    [MIPS_OP_MOVZ] = {move_if_op, IR_EQ},
    [MIPS_OP_MOVN] = {move_if_op, IR_NE},
    [MIPS_OP_CLZ] = {count_leading_op, false},
    [MIPS_OP_CLO] = {count_leading_op, true},
    [MIPS_OP_EXT] = {extract_op, 0},
    [MIPS_OP_INS] = {insert_op, 0},
    [MIPS_OP_SEB] = {extend_op, IR_I8},
    [MIPS_OP_SEH] = {extend_op, IR_I16},
    [MIPS_OP_WSBH] = {swap_in_halves_op, 0},
    [MIPS_OP_MUL] = {register_op, IR_MUL},
    [MIPS_OP_MADD] = {multiply_add_op, IR_SEXT},
    [MIPS_OP_MADDU] = {multiply_add_op, IR_ZEXT},
    [MIPS_OP_MSUB] = {multiply_subtract_op, IR_SEXT},
    [MIPS_OP_MSUBU] = {multiply_subtract_op, IR_ZEXT},
    [MIPS_OP_MFHI] = {move_from_op, IR_STATE_HI},
    [MIPS_OP_MTHI] = {move_to_op, IR_STATE_HI},
    [MIPS_OP_MFLO] = {move_from_op, IR_STATE_LO},
    [MIPS_OP_MTLO] = {move_to_op, IR_STATE_LO},
    [MIPS_OP_MULT] = {multiply_op, IR_SEXT},
    [MIPS_OP_MULTU] = {multiply_op, IR_ZEXT},
    [MIPS_OP_DIV] = {divide_op, true},
    [MIPS_OP_DIVU] = {divide_op, false},
    [MIPS_OP_LB] = {load_op, IR_I8},
    [MIPS_OP_LBU] = {load_op, IR_I8},
    [MIPS_OP_LH] = {load_op, IR_I16},
    [MIPS_OP_LHU] = {load_op, IR_I16},
    [MIPS_OP_LW] = {load_op, IR_I32},
    [MIPS_OP_LWL] = {load_unaligned_op, true},
    [MIPS_OP_LWR] = {load_unaligned_op, false},
    [MIPS_OP_SB] = {store_op, IR_I8},
    [MIPS_OP_SH] = {store_op, IR_I16},
    [MIPS_OP_SW] = {store_op, IR_I32},
    [MIPS_OP_SWL] = {store_unaligned_op, true},
    [MIPS_OP_SWR] = {store_unaligned_op, false},
    [MIPS_OP_LL] = {load_linked_op, 0},
    [MIPS_OP_SC] = {store_conditional_op, 0},
    [MIPS_OP_SYNC] = {sync_op, 0},
    [MIPS_OP_PREF] = {nothing_op, 0},
    [MIPS_OP_SYNCI] = {nothing_op, 0}, // code that was written is noticed
    [MIPS_OP_TEQ] = {trap_op, TRAP_EQUAL},
    [MIPS_OP_TNE] = {trap_op, TRAP_EQUAL | TRAP_NOT},
    [MIPS_OP_TLT] = {trap_op, TRAP_LESS},
    [MIPS_OP_TGE] = {trap_op, TRAP_LESS | TRAP_NOT},
    [MIPS_OP_TLTU] = {trap_op, TRAP_LESS_UNSIGNED},
    [MIPS_OP_TGEU] = {trap_op, TRAP_LESS_UNSIGNED | TRAP_NOT},
    [MIPS_OP_TEQI] = {trap_op, TRAP_EQUAL | TRAP_IMMEDIATE},
    [MIPS_OP_TNEI] = {trap_op, TRAP_EQUAL | TRAP_NOT | TRAP_IMMEDIATE},
    [MIPS_OP_TLTI] = {trap_op, TRAP_LESS | TRAP_IMMEDIATE},
    [MIPS_OP_TGEI] = {trap_op, TRAP_LESS | TRAP_NOT | TRAP_IMMEDIATE},
    [MIPS_OP_TLTIU] = {trap_op, TRAP_LESS_UNSIGNED | TRAP_IMMEDIATE},
    [MIPS_OP_TGEIU] = {trap_op, TRAP_LESS_UNSIGNED | TRAP_NOT | TRAP_IMMEDIATE},
    [MIPS_OP_DI] = {interrupt_enable_op, false},
    [MIPS_OP_EI] = {interrupt_enable_op, true},
    [MIPS_OP_CACHE] = {nothing_op, 0},
    [MIPS_OP_MFC0] = {move_from_cp0_op, 0},
    [MIPS_OP_MTC0] = {move_to_cp0_op, 0},
    [MIPS_OP_TLBR] = {helper_op, IR_HELPER_TLB_READ},
    [MIPS_OP_TLBWI] = {helper_op, IR_HELPER_TLB_WRITE_INDEX},
    [MIPS_OP_TLBWR] = {helper_op, IR_HELPER_TLB_WRITE_RANDOM},
    [MIPS_OP_TLBP] = {helper_op, IR_HELPER_TLB_PROBE},
    [MIPS_OP_WAIT] = {wait_op, 0},
};

bool lift_op_known(const struct lifter *lifter, const struct insn *insn)
{
	if (!rules[insn->op].lift)
		return false;
	if (lifter->mode.user && mips_op_is_privileged(insn->op))
		return false;
	// Kernel code that runs mapped sees its own changes to the TLB and to EntryHi; it is rare.
	if (lifter->mode.mapped && (mips_op_info[insn->op].flags & MIPS_FLAG_SERIAL))
		return false;
	switch (insn->op) {
	case MIPS_OP_CACHE:
		return lifter->model->cache_nops >> insn->rt & 1;
	case MIPS_OP_WAIT:
		return lifter->model->wait_passes != 0;
	case MIPS_OP_MFC0:
		return cp0_register(lifter, insn)->read != LIFT_CP0_RESERVED;
	case MIPS_OP_MTC0:
		return cp0_register(lifter, insn)->write != LIFT_CP0_RESERVED;
	default:
		return true;
	}
}

// A delay slot can be left before its branch, not after it: helpers that may stop the machine do not belong there.
bool lift_op_stays(const struct lifter *lifter, const struct insn *insn)
{
	if (insn->op == MIPS_OP_MTC0)
		return lifter->options->sensitive_inline &&
		       cp0_register(lifter, insn)->write != LIFT_CP0_HELPER;
	return insn->op == MIPS_OP_MFC0 || !mips_op_is_privileged(insn->op);
}

// Only computes a value for register 0: all NOPs are of this kind.
static bool has_no_effect(const struct insn *insn)
{
	const struct op_info *info = &mips_op_info[insn->op];

	if (info->traps != 0 || info->flags != 0)
		return false;
	return (info->writes == MIPS_REG_RD && insn->rd == 0) ||
	       (info->writes == MIPS_REG_RT && insn->rt == 0);
}

void lift_op(struct lifter *lifter)
{
	const struct rule *rule = &rules[lifter->insn.op];

	if (!has_no_effect(&lifter->insn))
		rule->lift(lifter, rule->argument);
}

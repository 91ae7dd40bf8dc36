/* The tables that come from op.def, state.def and helper.def. */
#include "ir/ir_internal.h"

#include <assert.h>

#define OPERAND_COUNT_NONE	0
#define OPERAND_COUNT_A		1
#define OPERAND_COUNT_AA	2
#define OPERAND_COUNT_B		1
#define OPERAND_COUNT_BTT	3
#define OPERAND_COUNT_T		1
#define OPERAND_COUNT_TT	2
#define OPERAND_COUNT_ADDRESS	1
#define OPERAND_COUNT_ADDRESS_T 2
#define OPERAND_COUNT_HELPER	0
#define TIMED			true
#define UNTIMED			false
#define CACHED			true
#define MEMORY			false

const struct ir_op_info ir_op_info[IR_OP_COUNT] = {
#define IR_OP(name, text, result, operands, effect, time, description)                                       \
	[IR_##name] = {text, IR_EFFECT_##effect, time, OPERAND_COUNT_##operands, description},
#include "ir/op.def"
#undef IR_OP
};

const struct ir_op_shape ir_op_shape[IR_OP_COUNT] = {
#define IR_OP(name, text, result, operands, effect, time, description)                                       \
	[IR_##name] = {IR_RESULT_##result, IR_OPERANDS_##operands},
#include "ir/op.def"
#undef IR_OP
};

const struct ir_state_info ir_state_info[IR_STATE_COUNT] = {
#define IR_STATE(name, text, type, cached) [IR_STATE_##name] = {text, IR_##type, cached},
#include "ir/state.def"
#undef IR_STATE
};

const struct ir_helper_info ir_helper_info[IR_HELPER_COUNT] = {
#define IR_HELPER(name, text, operands, result, description)                                                 \
	[IR_HELPER_##name] = {text, operands, IR_##result, description},
#include "ir/helper.def"
#undef IR_HELPER
};

static_assert(IR_STATE_RA - IR_STATE_AT == 30, "the general registers are 31 states in order");
static_assert(IR_OP_COUNT <= UINT8_MAX && IR_STATE_COUNT <= UINT8_MAX, "they fit struct ir_insn");

const struct ir_pass ir_passes[] = {
    {"forward_state", ir_forward_state, "state read after it was read or written: the known value"},
    {"fold", ir_fold, "constants, algebraic identities, copies"},
    {"dead_stores", ir_dead_stores, "state overwritten before anybody can see it; unused values"},
    {NULL, NULL, NULL}};

void ir_run_pass(struct ir_region *region, const struct ir_pass *pass)
{
	for (unsigned i = 0; i < region->count; i++)
		pass->run(&region->blocks[i]);
}

void ir_optimise(struct ir_region *region, unsigned skipped)
{
	for (unsigned i = 0; ir_passes[i].name; i++)
		if (!(skipped >> i & 1))
			ir_run_pass(region, &ir_passes[i]);
}

static const struct {
	const char *name;
	uint8_t bits;
	bool integer;
} types[] = {[IR_NONE] = {"none", 0, false}, [IR_I1] = {"i1", 1, true},	   [IR_I8] = {"i8", 8, true},
	     [IR_I16] = {"i16", 16, true},   [IR_I32] = {"i32", 32, true}, [IR_I64] = {"i64", 64, true},
	     [IR_F32] = {"f32", 32, false},  [IR_F64] = {"f64", 64, false}};

const char *ir_type_name(enum ir_type type)
{
	return types[type].name;
}

unsigned ir_type_bits(enum ir_type type)
{
	return types[type].bits;
}

bool ir_type_is_integer(enum ir_type type)
{
	return types[type].integer;
}

uint64_t ir_type_mask(enum ir_type type)
{
	unsigned bits = types[type].bits;

	return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

bool ir_op_shows_type(enum ir_op op)
{
	if (op == IR_SET)
		return false; /* the state says it */
	switch (ir_op_shape[op].operands) {
	case IR_OPERANDS_AA:
	case IR_OPERANDS_BTT:
	case IR_OPERANDS_T:
	case IR_OPERANDS_TT:
	case IR_OPERANDS_ADDRESS_T:
		return true;
	default:
		return ir_op_shape[op].result == IR_RESULT_T;
	}
}

unsigned ir_operand_count(const struct ir_insn *insn)
{
	return insn->op == IR_CALL ? ir_helper_info[insn->state].operand_count
				   : ir_op_info[insn->op].operand_count;
}

enum ir_type ir_type_of(const struct ir_block *block, ir_value value)
{
	const struct ir_insn *insn = &block->insns[value];

	switch (ir_op_shape[insn->op].result) {
	case IR_RESULT_T:
		return insn->type;
	case IR_RESULT_I1:
		return IR_I1;
	default:
		return IR_NONE;
	}
}

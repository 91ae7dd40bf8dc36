/* Inside ir/: the shapes of the operations as op.def writes them, and what the passes share. */
#ifndef JIT161_IR_IR_INTERNAL_H
#define JIT161_IR_IR_INTERNAL_H

#include "ir/ir.h"

/* The most operations one block can hold. */
#define IR_BLOCK_LIMIT (UINT16_MAX - 1)

/* The columns `result` and `operands` of op.def. */
enum ir_result {
	IR_RESULT_NONE,
	IR_RESULT_T,
	IR_RESULT_I1
};

enum ir_operands {
	IR_OPERANDS_NONE,
	IR_OPERANDS_A,
	IR_OPERANDS_AA,
	IR_OPERANDS_B,
	IR_OPERANDS_BTT,
	IR_OPERANDS_T,
	IR_OPERANDS_TT,
	IR_OPERANDS_ADDRESS,
	IR_OPERANDS_ADDRESS_T,
	IR_OPERANDS_HELPER
};

struct ir_op_shape {
	uint8_t result;	  /* enum ir_result */
	uint8_t operands; /* enum ir_operands */
};

extern const struct ir_op_shape ir_op_shape[IR_OP_COUNT];

/* True if the type is written after the operation's name: add.i32, eq.i32, store.i32. */
bool ir_op_shows_type(enum ir_op op);

/* Value operands of this operation. */
unsigned ir_operand_count(const struct ir_insn *insn);

/* The largest value of an integer type; of the bit pattern for the others. */
uint64_t ir_type_mask(enum ir_type type);
unsigned ir_type_bits(enum ir_type type);
bool ir_type_is_integer(enum ir_type type);

/* An operation without operands, targets and time. */
struct ir_insn ir_insn_make(enum ir_op op, enum ir_type type);
/* Appends an operation; its index is the value. */
ir_value ir_insn_append(struct ir_block *block, struct ir_insn insn);

/* Passes remove an operation whose value equals an earlier one by making it dead with that value as its
 * operand; later operands are resolved as the pass reaches them, so that no table is needed. */
void ir_replace(struct ir_block *block, ir_value old, ir_value with);
void ir_resolve_operands(struct ir_block *block, struct ir_insn *insn);

#endif

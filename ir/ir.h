/* The intermediate representation: what one guest basic block does, as typed operations on values, guest
 * state and guest memory. A region is a set of blocks that refer to each other by virtual address. The IR
 * knows no machine, no host and no LLVM. Made by frontend/lift, consumed by jit/; tests write it as text.
 *
 * Values are numbered by the operation that makes them and live within their block only; what lives longer
 * goes through guest state. */
#ifndef JIT161_IR_IR_H
#define JIT161_IR_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/core/error.h"

enum ir_type {
	IR_NONE,
	IR_I1,
	IR_I8,
	IR_I16,
	IR_I32,
	IR_I64,
	IR_F32,
	IR_F64
};

enum ir_op {
#define IR_OP(name, text, result, operands, effect, time, description) IR_##name,
#include "ir/op.def"
#undef IR_OP
	IR_OP_COUNT
};

enum ir_state {
#define IR_STATE(name, text, type, cached) IR_STATE_##name,
#include "ir/state.def"
#undef IR_STATE
	IR_STATE_COUNT
};

enum ir_helper {
#define IR_HELPER(name, text, operands, result, description) IR_HELPER_##name,
#include "ir/helper.def"
#undef IR_HELPER
	IR_HELPER_COUNT
};

/* Guest general register 1..31 as a state; register 0 is the constant 0 and has none. */
static inline enum ir_state ir_state_gpr(unsigned number)
{
	return (enum ir_state)(IR_STATE_AT + number - 1);
}

enum ir_effect {
	IR_EFFECT_PURE,
	IR_EFFECT_READ,
	IR_EFFECT_WRITE,
	IR_EFFECT_MEMORY,
	IR_EFFECT_EXIT,
	IR_EFFECT_END
};

struct ir_op_info {
	const char *name;
	enum ir_effect effect;
	bool timed;
	uint8_t operand_count; /* CALL: see the helper */
	const char *description;
};

struct ir_state_info {
	const char *name;
	enum ir_type type;
	bool cached;
};

struct ir_helper_info {
	const char *name;
	uint8_t operand_count;
	enum ir_type result;
	const char *description;
};

extern const struct ir_op_info ir_op_info[IR_OP_COUNT];
extern const struct ir_state_info ir_state_info[IR_STATE_COUNT];
extern const struct ir_helper_info ir_helper_info[IR_HELPER_COUNT];

typedef uint16_t ir_value; /* index of the defining operation in its block */
#define IR_NO_VALUE UINT16_MAX

/* Where in its block a timed operation stands. */
struct ir_time {
	uint16_t index; /* guest instruction, from 0 */
	uint16_t
	    cycle; /* cycles from the start of the block to the start of the instruction, stalls included */
	bool delay_slot; /* the instruction is in the delay slot of the one before it */
};

struct ir_insn {
	uint8_t op;    /* enum ir_op */
	uint8_t type;  /* enum ir_type: the T of op.def */
	uint8_t state; /* GET, SET: enum ir_state; CALL: enum ir_helper */
	bool dead;     /* removed by a pass; skipped by everybody, never printed */
	bool
	    parameter; /* CONST: comes from an instruction's fields or address, so that others of its kind differ */
	uint16_t guest; /* the guest instruction it was made for; what ends the block counts as one more */
	ir_value operands[3];
	struct ir_time time;
	uint64_t immediate;  /* CONST: the value, zero-extended; CALL: fixed argument */
	uint32_t targets[2]; /* JUMP, BRANCH */
};

/* What a jump means to the guest's calling convention, for return prediction. */
enum ir_jump_hint {
	IR_HINT_NONE,
	IR_HINT_CALL,
	IR_HINT_RETURN
};

/* How a block's accesses are made; each needs less of the guest than the one before, and is slower. */
enum ir_accesses {
	IR_TOGETHER, /* those at constants from the same value may be tested together */
	IR_APART,    /* each is tested by itself: some are often in another page, or outside of RAM */
	IR_SLOW,     /* and what does not pass calls the runtime: devices, missing pages */
};

struct ir_block {
	uint32_t va, pa;      /* of the first guest instruction */
	uint16_t guest_count; /* guest instructions, the delay slot included */
	uint16_t cost;	      /* cycles from start to end, stalls included */
	uint16_t current;     /* the guest instruction that operations are being appended for */
	bool entry;	      /* control may enter from outside the region */
	enum ir_accesses accesses;
	enum ir_jump_hint hint;
	uint32_t link_va; /* with IR_HINT_CALL: where the call returns to */
	/* Blocks of functions that calls of the region go into are in it once for each such call, as copies; 0 is the
	 * region's own. Jumps lead to the same copy but for those to next_va, if next is set: they lead to copy next_copy.
	 * An indirect jump with a next goes there in most cases. */
	uint16_t copy, next_copy;
	bool next;
	uint32_t next_va;
	/* The region's own indirect jumps that select among blocks, and blocks that they select: IR_MAX_CASES at most. */
	bool switches, is_case;
	struct ir_insn *insns;
	uint16_t count, capacity;
};

#define IR_MAX_CASES  64u
#define IR_CASES_SPAN 65536u /* bytes from the first to the last, so that there can be a table */

/* Addressing mode that all blocks of a region share; part of the translation's key. */
struct ir_mode {
	bool user;   /* user mode: addresses from 0x80000000 up are errors */
	bool mapped; /* code is fetched through the TLB */
	bool big_endian;
};

struct ir_region {
	struct ir_mode mode;
	struct ir_block *blocks;
	uint16_t count, capacity;
	struct ir_insn *spare; /* of ir_region_clear; NULL if none */
	uint16_t spare_capacity;
};

/* Building. Blocks and insns are owned by the region; out of memory aborts. Indices stay valid, pointers do
 * not. */
void ir_region_init(struct ir_region *region, struct ir_mode mode);
void ir_region_free(struct ir_region *region);
void ir_region_clear(
    struct ir_region *region); /* empties it, but keeps the first block's memory for the next one */
struct ir_block *ir_block_add(struct ir_region *region, uint32_t va, uint32_t pa);
void ir_block_drop(struct ir_region *region); /* the one added last */
/* NULL if there is none. */
const struct ir_block *ir_block_find(const struct ir_region *region, uint32_t va, unsigned copy);

/* Each appends one operation and returns its value (IR_NO_VALUE for those without). */
ir_value ir_const(struct ir_block *block, enum ir_type type, uint64_t value);
ir_value ir_parameter(struct ir_block *block, uint32_t value); /* an i32 constant marked as a parameter */
ir_value ir_unary(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value a);
ir_value ir_binary(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value a, ir_value b);
ir_value ir_select(struct ir_block *block, enum ir_type type, ir_value condition, ir_value a, ir_value b);
ir_value ir_get(struct ir_block *block, enum ir_state state);
void ir_set(struct ir_block *block, enum ir_state state, ir_value value);
ir_value ir_active(struct ir_block *block, struct ir_time time);
ir_value ir_load(struct ir_block *block, enum ir_type type, ir_value address, struct ir_time time);
void ir_store(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value address, ir_value value,
	      struct ir_time time);
void ir_probe(struct ir_block *block, ir_value address, struct ir_time time);
ir_value ir_call(struct ir_block *block, enum ir_helper helper, uint64_t immediate, ir_value a, ir_value b,
		 struct ir_time time);
void ir_exit_if(struct ir_block *block, ir_value condition, struct ir_time time);
void ir_stall(struct ir_block *block, ir_value condition, struct ir_time time);
void ir_exit(struct ir_block *block, struct ir_time time);
void ir_jump(struct ir_block *block, uint32_t target);
void ir_branch(struct ir_block *block, ir_value condition, uint32_t taken, uint32_t otherwise);
void ir_jump_indirect(struct ir_block *block, ir_value target);

/* True if the block's last operation ends it. */
bool ir_block_ended(const struct ir_block *block);

/* Type of a value of the block. */
enum ir_type ir_type_of(const struct ir_block *block, ir_value value);
const char *ir_type_name(enum ir_type type);

/* Checks every rule of op.def: types, definitions before uses, one end and it last, times in order, costs. */
bool ir_verify(const struct ir_region *region, struct error *error);

/* Text form, as docs/ir.md shows it; parses back to an equal region. */
void ir_print(const struct ir_region *region, FILE *file);
void ir_print_block(const struct ir_region *region, const struct ir_block *block, FILE *file);
bool ir_parse(const char *text, struct ir_region *region,
	      struct error *error); /* errors name line and column */

/* Passes: each works on one block, keeps it verified, and says in its file what it needs and leaves. */
void ir_fold(struct ir_block *block);	       /* constants, algebra, copies */
void ir_forward_state(struct ir_block *block); /* redundant loads: GET after SET or GET of the same state */
void ir_dead_stores(struct ir_block *block); /* SETs overwritten before anybody can see them; unused values */

/* The table of passes in their order, for the pipeline, `dump --passes` and tests. Ends with a NULL name. */
struct ir_pass {
	const char *name;
	void (*run)(struct ir_block *block);
	const char *description;
};
extern const struct ir_pass ir_passes[];
/* All passes over all blocks but those whose bit is set: 1 << index in the table. */
void ir_optimise(struct ir_region *region, unsigned skipped);
/* One pass over all blocks. */
void ir_run_pass(struct ir_region *region, const struct ir_pass *pass);

#endif

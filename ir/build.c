/* Building regions: growing arrays and one function per kind of operation. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, uint16_t *capacity, size_t limit, size_t size)
{
	size_t wanted = *capacity ? (size_t)*capacity * 2 : 16;

	if (wanted > limit)
		wanted = limit;
	if (wanted <= *capacity)
		abort();
	array = realloc(array, wanted * size);
	if (!array)
		abort();
	*capacity = (uint16_t)wanted;
	return array;
}

void ir_region_init(struct ir_region *region, struct ir_mode mode)
{
	*region = (struct ir_region){.mode = mode};
}

void ir_region_free(struct ir_region *region)
{
	for (unsigned i = 0; i < region->count; i++)
		free(region->blocks[i].insns);
	free(region->blocks);
	free(region->spare);
	*region = (struct ir_region){.mode = region->mode};
}

void ir_region_clear(struct ir_region *region)
{
	while (region->count > 0) {
		struct ir_block *block = &region->blocks[--region->count];

		if (block->capacity > region->spare_capacity) {
			free(region->spare);
			region->spare = block->insns;
			region->spare_capacity = block->capacity;
		} else {
			free(block->insns);
		}
	}
}

struct ir_block *ir_block_add(struct ir_region *region, uint32_t va, uint32_t pa)
{
	if (region->count == region->capacity)
		region->blocks =
		    grow(region->blocks, &region->capacity, IR_BLOCK_LIMIT, sizeof(*region->blocks));
	region->blocks[region->count] =
	    (struct ir_block){.va = va, .pa = pa, .insns = region->spare, .capacity = region->spare_capacity};
	region->spare = NULL;
	region->spare_capacity = 0;
	return &region->blocks[region->count++];
}

void ir_block_drop(struct ir_region *region)
{
	free(region->blocks[--region->count].insns);
}

const struct ir_block *ir_block_find(const struct ir_region *region, uint32_t va, unsigned copy)
{
	for (unsigned i = 0; i < region->count; i++) {
		if (region->blocks[i].va == va && region->blocks[i].copy == copy)
			return &region->blocks[i];
	}
	return NULL;
}

bool ir_block_ended(const struct ir_block *block)
{
	for (unsigned i = block->count; i-- > 0;) {
		if (!block->insns[i].dead)
			return ir_op_info[block->insns[i].op].effect == IR_EFFECT_END;
	}
	return false;
}

struct ir_insn ir_insn_make(enum ir_op op, enum ir_type type)
{
	return (struct ir_insn){.op = op, .type = type, .operands = {IR_NO_VALUE, IR_NO_VALUE, IR_NO_VALUE}};
}

ir_value ir_insn_append(struct ir_block *block, struct ir_insn insn)
{
	if (block->count == block->capacity)
		block->insns = grow(block->insns, &block->capacity, IR_BLOCK_LIMIT, sizeof(*block->insns));
	insn.guest = block->current;
	block->insns[block->count] = insn;
	return block->count++;
}

ir_value ir_const(struct ir_block *block, enum ir_type type, uint64_t value)
{
	struct ir_insn insn = ir_insn_make(IR_CONST, type);

	insn.immediate = value & ir_type_mask(type);
	return ir_insn_append(block, insn);
}

ir_value ir_parameter(struct ir_block *block, uint32_t value)
{
	ir_value result = ir_const(block, IR_I32, value);

	block->insns[result].parameter = true;
	return result;
}

ir_value ir_unary(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value a)
{
	struct ir_insn insn = ir_insn_make(op, type);

	insn.operands[0] = a;
	return ir_insn_append(block, insn);
}

ir_value ir_binary(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value a, ir_value b)
{
	struct ir_insn insn = ir_insn_make(op, type);

	/* The type of a comparison is that of what it compares; its value is always i1. */
	if (ir_op_shape[op].result == IR_RESULT_I1)
		insn.type = ir_type_of(block, a);
	insn.operands[0] = a;
	insn.operands[1] = b;
	return ir_insn_append(block, insn);
}

ir_value ir_select(struct ir_block *block, enum ir_type type, ir_value condition, ir_value a, ir_value b)
{
	struct ir_insn insn = ir_insn_make(IR_SELECT, type);

	insn.operands[0] = condition;
	insn.operands[1] = a;
	insn.operands[2] = b;
	return ir_insn_append(block, insn);
}

ir_value ir_get(struct ir_block *block, enum ir_state state)
{
	struct ir_insn insn = ir_insn_make(IR_GET, ir_state_info[state].type);

	insn.state = state;
	return ir_insn_append(block, insn);
}

void ir_set(struct ir_block *block, enum ir_state state, ir_value value)
{
	struct ir_insn insn = ir_insn_make(IR_SET, ir_state_info[state].type);

	insn.state = state;
	insn.operands[0] = value;
	ir_insn_append(block, insn);
}

ir_value ir_active(struct ir_block *block, struct ir_time time)
{
	struct ir_insn insn = ir_insn_make(IR_ACTIVE, IR_I64);

	insn.time = time;
	return ir_insn_append(block, insn);
}

ir_value ir_load(struct ir_block *block, enum ir_type type, ir_value address, struct ir_time time)
{
	struct ir_insn insn = ir_insn_make(IR_LOAD, type);

	insn.operands[0] = address;
	insn.time = time;
	return ir_insn_append(block, insn);
}

void ir_store(struct ir_block *block, enum ir_op op, enum ir_type type, ir_value address, ir_value value,
	      struct ir_time time)
{
	struct ir_insn insn = ir_insn_make(op, type);

	insn.operands[0] = address;
	insn.operands[1] = value;
	insn.time = time;
	ir_insn_append(block, insn);
}

static void append_leaving(struct ir_block *block, enum ir_op op, ir_value operand, struct ir_time time)
{
	struct ir_insn insn = ir_insn_make(op, IR_NONE);

	insn.operands[0] = operand;
	insn.time = time;
	ir_insn_append(block, insn);
}

void ir_probe(struct ir_block *block, ir_value address, struct ir_time time)
{
	append_leaving(block, IR_PROBE, address, time);
}

ir_value ir_call(struct ir_block *block, enum ir_helper helper, uint64_t immediate, ir_value a, ir_value b,
		 struct ir_time time)
{
	struct ir_insn insn = ir_insn_make(IR_CALL, ir_helper_info[helper].result);
	ir_value value;

	insn.state = helper;
	insn.immediate = immediate;
	insn.operands[0] = a;
	insn.operands[1] = b;
	insn.time = time;
	value = ir_insn_append(block, insn);
	return insn.type == IR_NONE ? IR_NO_VALUE : value;
}

void ir_exit_if(struct ir_block *block, ir_value condition, struct ir_time time)
{
	append_leaving(block, IR_EXIT_IF, condition, time);
}

void ir_stall(struct ir_block *block, ir_value condition, struct ir_time time)
{
	append_leaving(block, IR_STALL, condition, time);
}

void ir_exit(struct ir_block *block, struct ir_time time)
{
	append_leaving(block, IR_EXIT, IR_NO_VALUE, time);
}

void ir_jump(struct ir_block *block, uint32_t target)
{
	struct ir_insn insn = ir_insn_make(IR_JUMP, IR_NONE);

	insn.targets[0] = target;
	ir_insn_append(block, insn);
}

void ir_branch(struct ir_block *block, ir_value condition, uint32_t taken, uint32_t otherwise)
{
	struct ir_insn insn = ir_insn_make(IR_BRANCH, IR_NONE);

	insn.operands[0] = condition;
	insn.targets[0] = taken;
	insn.targets[1] = otherwise;
	ir_insn_append(block, insn);
}

void ir_jump_indirect(struct ir_block *block, ir_value target)
{
	struct ir_insn insn = ir_insn_make(IR_JUMP_INDIRECT, IR_NONE);

	insn.operands[0] = target;
	ir_insn_append(block, insn);
}

void ir_replace(struct ir_block *block, ir_value old, ir_value with)
{
	block->insns[old].dead = true;
	block->insns[old].operands[0] = with;
}

void ir_resolve_operands(struct ir_block *block, struct ir_insn *insn)
{
	for (unsigned i = 0; i < 3; i++) {
		while (insn->operands[i] != IR_NO_VALUE && block->insns[insn->operands[i]].dead)
			insn->operands[i] = block->insns[insn->operands[i]].operands[0];
	}
}

#include "tests/unit/lift/evaluate.h"

#include <stdio.h>
#include <stdlib.h>

struct evaluation {
	const struct ir_region *region;
	const struct ir_block *block;
	struct guest *guest;
	uint64_t *values;
};

static void undefined(const struct ir_insn *insn)
{
	fprintf(stderr, "undefined: %s\n", ir_op_info[insn->op].name);
	abort();
}

static unsigned bits_of(enum ir_type type)
{
	static const unsigned bits[] = {0, 1, 8, 16, 32, 64, 32, 64};

	return bits[type];
}

static uint64_t narrow(uint64_t value, enum ir_type type)
{
	return bits_of(type) == 64 ? value : value & (((uint64_t)1 << bits_of(type)) - 1);
}

static int64_t extend(uint64_t value, enum ir_type type)
{
	uint64_t sign = (uint64_t)1 << (bits_of(type) - 1);

	return (int64_t)((value ^ sign) - sign);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9E3779B97F4A7C15u;
	return a ^ a >> 29;
}

static bool fails(uint64_t address)
{
	return (address >> 12 & 15) == 15;
}

static uint64_t value_of(const struct evaluation *evaluation, const struct ir_insn *insn)
{
	const struct ir_block *block = evaluation->block;
	enum ir_type type = insn->type;
	uint64_t a = 0, b = 0, c = 0;
	int64_t sa = 0, sb = 0;

	if (insn->operands[0] != IR_NO_VALUE) {
		a = evaluation->values[insn->operands[0]];
		sa = extend(a, ir_type_of(block, insn->operands[0]));
	}
	if (insn->operands[1] != IR_NO_VALUE) {
		b = evaluation->values[insn->operands[1]];
		sb = extend(b, ir_type_of(block, insn->operands[1]));
	}
	if (insn->operands[2] != IR_NO_VALUE)
		c = evaluation->values[insn->operands[2]];

	switch (insn->op) {
	case IR_CONST:
		return insn->immediate;
	case IR_ADD:
		return a + b;
	case IR_SUB:
		return a - b;
	case IR_MUL:
		return a * b;
	case IR_SDIV:
	case IR_SREM:
		if (b == 0 || (sb == -1 && a == (uint64_t)1 << (bits_of(type) - 1)))
			undefined(insn);
		return (uint64_t)(insn->op == IR_SDIV ? sa / sb : sa % sb);
	case IR_UDIV:
	case IR_UREM:
		if (b == 0)
			undefined(insn);
		return insn->op == IR_UDIV ? a / b : a % b;
	case IR_AND:
		return a & b;
	case IR_OR:
		return a | b;
	case IR_XOR:
		return a ^ b;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		if (b >= bits_of(type))
			undefined(insn);
		return insn->op == IR_SHL ? a << b : insn->op == IR_SHR ? a >> b : (uint64_t)(sa >> b);
	case IR_EQ:
		return a == b;
	case IR_NE:
		return a != b;
	case IR_SLT:
		return sa < sb;
	case IR_SLE:
		return sa <= sb;
	case IR_ULT:
		return a < b;
	case IR_ZEXT:
	case IR_TRUNC:
		return a;
	case IR_SEXT:
		return (uint64_t)sa;
	case IR_SELECT:
		return a ? b : c;
	case IR_GET:
		return evaluation->guest->state[insn->state];
	case IR_ACTIVE:
		return evaluation->guest->active + insn->time.cycle;
	default:
		abort();
	}
}

/* What an access or a call may change unseen by IR. */
static void disturb(struct evaluation *evaluation, uint64_t what, bool all)
{
	struct guest *guest = evaluation->guest;

	guest->trace = mix(guest->trace, what);
	guest->state[IR_STATE_CAUSE] = (uint32_t)guest->trace;
	if (!evaluation->region->mode.user)
		guest->state[IR_STATE_LOOKUP_VA] = (uint32_t)what;
	if (!all)
		return;
	for (unsigned state = 0; state < IR_STATE_COUNT; state++) {
		if (!ir_state_info[state].cached)
			guest->state[state] = narrow(mix(guest->trace, state), ir_state_info[state].type);
	}
}

/* Byte i of an access in the guest's order. */
static unsigned byte_shift(const struct evaluation *evaluation, unsigned i, unsigned size)
{
	return 8 * (evaluation->region->mode.big_endian ? size - 1 - i : i);
}

static uint64_t load(struct evaluation *evaluation, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)evaluation->guest->memory[(address + i) % GUEST_MEMORY]
			 << byte_shift(evaluation, i, size);
	return value;
}

static void store(struct evaluation *evaluation, uint64_t address, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		evaluation->guest->memory[(address + i) % GUEST_MEMORY] =
		    (uint8_t)(value >> byte_shift(evaluation, i, size));
}

/* SWL and SWR, byte by byte: the bytes of the word on one side of the address. */
static void store_part(struct evaluation *evaluation, uint64_t address, bool left, uint64_t value)
{
	bool big = evaluation->region->mode.big_endian;
	unsigned count = (left == big ? 4 - address % 4 : address % 4 + 1);
	uint64_t start = left == big ? address : address & ~(uint64_t)3;

	store(evaluation, start, count, left ? value >> 8 * (4 - count) : value);
}

/* False: leaves before. */
static bool access_memory(struct evaluation *evaluation, const struct ir_insn *insn, uint64_t *value)
{
	uint64_t address = evaluation->values[insn->operands[0]];
	unsigned size = bits_of(insn->type) / 8;
	bool part = insn->op == IR_STORE_LEFT || insn->op == IR_STORE_RIGHT;

	if (fails(address) || (!part && address % size != 0))
		return false;
	if (insn->op == IR_LOAD) {
		*value = load(evaluation, address, size);
		disturb(evaluation, address, false);
		return true;
	}
	*value = evaluation->values[insn->operands[1]];
	disturb(evaluation, mix(address, *value), false);
	if (part)
		store_part(evaluation, address, insn->op == IR_STORE_LEFT, *value);
	else
		store(evaluation, address, size, *value);
	return true;
}

static uint64_t call(struct evaluation *evaluation, const struct ir_insn *insn)
{
	uint64_t hash = mix(insn->state, insn->immediate);

	for (unsigned i = 0; i < ir_helper_info[insn->state].operand_count; i++)
		hash = mix(hash, evaluation->values[insn->operands[i]]);
	disturb(evaluation, hash, true);
	return (uint32_t)hash;
}

struct outcome evaluate(const struct ir_region *region, const struct ir_block *block, struct guest *guest)
{
	uint64_t *values = calloc(block->count, sizeof(*values));
	struct evaluation evaluation = {region, block, guest, values};
	struct outcome outcome = {0};

	if (!values)
		abort();
	for (unsigned i = 0; i < block->count; i++) {
		const struct ir_insn *insn = &block->insns[i];
		bool leaves = false;

		if (insn->dead)
			continue;
		switch (insn->op) {
		case IR_SET:
			guest->state[insn->state] = values[insn->operands[0]];
			break;
		case IR_LOAD:
		case IR_STORE:
		case IR_STORE_LEFT:
		case IR_STORE_RIGHT:
			leaves = !access_memory(&evaluation, insn, &values[i]);
			break;
		case IR_CALL:
			values[i] = call(&evaluation, insn);
			break;
		case IR_PROBE:
			leaves = fails(values[insn->operands[0]]);
			break;
		case IR_EXIT_IF:
			leaves = values[insn->operands[0]];
			break;
		case IR_STALL: /* how long things take is not evaluated */
			break;
		case IR_EXIT:
			leaves = true;
			break;
		case IR_JUMP:
			outcome.target = insn->targets[0];
			break;
		case IR_BRANCH:
			outcome.target = insn->targets[values[insn->operands[0]] ? 0 : 1];
			break;
		case IR_JUMP_INDIRECT:
			outcome.target = (uint32_t)values[insn->operands[0]];
			break;
		default:
			values[i] = narrow(value_of(&evaluation, insn), ir_type_of(block, (ir_value)i));
			break;
		}
		if (leaves) {
			outcome.left = true;
			outcome.time = insn->time;
			break;
		}
	}
	free(values);
	return outcome;
}

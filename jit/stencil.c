/* Groups of operations and their keys: what the stencil maker and the emitter have in common. */
#include "jit/stencil.h"
#include "runtime/cpu/memory.h"

#include <string.h>

/* --- groups --- */

static bool add_op(struct stencil_group *group, unsigned op)
{
	if (group->count == MAX_GROUP_OPS)
		return false;
	group->ops[group->count++] = (ir_value)op;
	return true;
}

/* One group for each instruction that has operations, one for the end. */
static bool split_by_instruction(const struct ir_block *block, struct stencil_group *groups, unsigned limit,
				 unsigned *count)
{
	struct stencil_group *group = NULL;

	*count = 0;
	for (unsigned i = 0; i < block->count; i++) {
		const struct ir_insn *insn = &block->insns[i];

		if (insn->dead)
			continue;
		if (!group || group->guest != insn->guest) {
			if (*count == limit)
				return false;
			group = &groups[(*count)++];
			group->block = block;
			group->guest = insn->guest;
			group->count = 0;
			group->input = group->output = IR_NO_VALUE;
		}
		if (!add_op(group, i))
			return false;
	}
	return *count > 0;
}

static bool leaves_or_tells_time(const struct stencil_group *group)
{
	for (unsigned i = 0; i < group->count; i++)
		if (ir_op_info[group->block->insns[group->ops[i]].op].timed)
			return true;
	return false;
}

/* Whether the group, if it leaves at all, leaves before the instruction before it: it is in that one's delay slot. */
static bool leaves_before_branch(const struct stencil_group *group)
{
	for (unsigned i = 0; i < group->count; i++) {
		const struct ir_insn *insn = &group->block->insns[group->ops[i]];

		if (ir_op_info[insn->op].timed && !insn->time.delay_slot)
			return false;
	}
	return true;
}

static uint64_t states(const struct stencil_group *group, enum ir_op op)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < group->count; i++) {
		const struct ir_insn *insn = &group->block->insns[group->ops[i]];

		if (insn->op == op)
			set |= (uint64_t)1 << insn->state;
	}
	return set;
}

/* A branch can be taken together with the end of the block if there is nothing in its delay slot, or if that does not
 * care which of the two comes first: then the compare and the jump are one stencil. */
static void join_branch_and_end(struct stencil_group *groups, unsigned *count)
{
	struct stencil_group *end = &groups[*count - 1], *branch, slot;
	bool has_slot = *count >= 3 && groups[*count - 2].guest + 1 == end->guest &&
			groups[*count - 3].guest + 2 == end->guest;
	bool no_slot = *count >= 2 && groups[*count - 2].guest + 2 == end->guest;
	enum ir_op op = (enum ir_op)end->block->insns[end->ops[end->count - 1]].op;

	if (op == IR_EXIT || end->guest < 2 || (!has_slot && !no_slot))
		return;
	branch = &groups[*count - 2 - has_slot];
	if (branch->count + end->count > MAX_GROUP_OPS)
		return;
	if (has_slot) {
		slot = groups[*count - 2];
		uint64_t branch_sets = states(branch, IR_SET), slot_sets = states(&slot, IR_SET);

		if (leaves_or_tells_time(branch) || !leaves_before_branch(&slot) ||
		    (slot_sets & (states(branch, IR_GET) | branch_sets)) ||
		    (states(&slot, IR_GET) & branch_sets))
			return;
	}
	for (unsigned i = 0; i < end->count; i++)
		add_op(branch, end->ops[i]);
	if (has_slot) {
		groups[*count - 2] = *branch;
		*branch = slot;
	}
	(*count)--;
}

static bool contains(const struct stencil_group *group, ir_value value)
{
	for (unsigned i = 0; i < group->count; i++)
		if (group->ops[i] == value)
			return true;
	return false;
}

/* Finds what goes from group to group. */
static bool find_carried(struct stencil_group *groups, unsigned count)
{
	unsigned busy_until = 0;

	for (unsigned g = 0; g < count; g++) {
		struct stencil_group *group = &groups[g];

		for (unsigned i = 0; i < group->count; i++) {
			const struct ir_insn *insn = &group->block->insns[group->ops[i]];

			for (unsigned k = 0; k < 3; k++) {
				ir_value value = insn->operands[k];
				unsigned from = 0;

				if (value == IR_NO_VALUE || contains(group, value))
					continue;
				while (from < g && !contains(&groups[from], value))
					from++;
				if (from == g || (group->input != IR_NO_VALUE && group->input != value))
					return false;
				if (group->input == value)
					continue;
				if (from < busy_until || groups[from].output != IR_NO_VALUE)
					return false;
				group->input = value;
				groups[from].output = value;
				busy_until = g;
			}
		}
	}
	return true;
}

bool stencil_split(const struct ir_block *block, struct stencil_group *groups, unsigned limit,
		   unsigned *count)
{
	if (!split_by_instruction(block, groups, limit, count))
		return false;
	join_branch_and_end(groups, count);
	return find_carried(groups, *count);
}

/* --- keys --- */

enum operand_code {
	OPERAND_NONE = 0xFF,
	OPERAND_INPUT = 0xFE
};

static uint8_t operand_code(const struct stencil_group *group, unsigned at, ir_value value)
{
	if (value == IR_NO_VALUE)
		return OPERAND_NONE;
	for (unsigned i = at; i-- > 0;)
		if (group->ops[i] == value)
			return (uint8_t)i;
	return OPERAND_INPUT;
}

static bool is_gpr(unsigned state)
{
	return state <= IR_STATE_RA;
}

/* Whether the code of an operation depends on the mode it runs in. */
static bool depends_on_mode(const struct ir_insn *insn)
{
	enum ir_effect effect = ir_op_info[insn->op].effect;

	return (effect == IR_EFFECT_MEMORY && insn->op != IR_CALL) || effect == IR_EFFECT_END ||
	       insn->op == IR_PROBE;
}

size_t stencil_key(const struct stencil_group *group, struct ir_mode mode, uint8_t key[MAX_KEY_SIZE])
{
	uint8_t *out = key;
	bool with_mode = false;

	for (unsigned i = 0; i < group->count; i++)
		with_mode |= depends_on_mode(&group->block->insns[group->ops[i]]);
	*out++ = (uint8_t)(with_mode ? mode.user | mode.mapped << 1 | mode.big_endian << 2 : 0xFF);
	*out++ = (uint8_t)group->count;
	*out++ = OPERAND_NONE;
	for (unsigned i = 0; i < group->count; i++) {
		const struct ir_insn *insn = &group->block->insns[group->ops[i]];
		const struct ir_op_info *info = &ir_op_info[insn->op];

		if (group->ops[i] == group->output)
			key[2] = (uint8_t)i;
		*out++ = insn->op;
		*out++ = insn->type;
		switch (insn->op) {
		case IR_GET:
		case IR_SET:
			*out++ = is_gpr(insn->state) ? OPERAND_NONE : insn->state;
			break;
		case IR_CALL:
			*out++ = insn->state;
			break;
		case IR_CONST:
			*out++ = insn->parameter;
			if (!insn->parameter) {
				memcpy(out, &insn->immediate, sizeof(insn->immediate));
				out += sizeof(insn->immediate);
			}
			break;
		case IR_JUMP: /* how the block is left: to the same page or another */
		case IR_BRANCH:
			for (unsigned k = 0; k < 2; k++)
				*out++ = (insn->op == IR_BRANCH || k == 0) && mode.mapped &&
					 ((insn->targets[k] ^ group->block->va) & PAGE_MASK) != 0;
			break;
		default:
			break;
		}
		if (info->timed)
			*out++ = insn->time.delay_slot;
		for (unsigned k = 0; k < 3; k++)
			if (k == 0 || insn->operands[k] != IR_NO_VALUE)
				*out++ = operand_code(group, i, insn->operands[k]);
	}
	return (size_t)(out - key);
}

uint32_t stencil_hash(const uint8_t *key, size_t size)
{
	uint64_t hash = size * 0x9E3779B97F4A7C15u, word;
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		memcpy(&word, key + i, 8);
		hash = (hash ^ word) * 0x9FB21C651E98DF25u;
		hash ^= hash >> 32;
	}
	if (i < size) {
		word = 0;
		memcpy(&word, key + i, size - i);
		hash = (hash ^ word) * 0x9FB21C651E98DF25u;
		hash ^= hash >> 32;
	}
	return (uint32_t)(hash ^ hash >> 29);
}

const struct stencil *stencil_find(const struct stencil_library *library, const uint8_t *key, size_t size)
{
	uint32_t hash = stencil_hash(key, size);

	for (unsigned at = hash;; at++) {
		uint16_t index = library->buckets[at & (library->bucket_count - 1)];
		const struct stencil *stencil = &library->stencils[index - 1];

		if (index == 0)
			return NULL;
		if (stencil->hash == hash && stencil->key_size == size &&
		    memcmp(library->keys + stencil->key, key, size) == 0)
			return stencil;
	}
}

/* The first tier: copies stencils. A block is lifted as for a region, its operations are split into groups, and each
 * group's stencil is copied behind the one before; what is rarely executed follows behind them all. */
#include "frontend/lift.h"
#include "jit/jit_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_GROUPS (BLOCK_INSTRUCTIONS + 4)

struct placed {
	const struct stencil *stencil;
	uint8_t *hot, *cold; /* at their writable addresses */
};

struct emitter {
	struct ir_region region; /* the block being translated; its memory is used again */
	uint32_t words[BLOCK_INSTRUCTIONS + 2];
	struct stencil_group groups[MAX_GROUPS];
	struct placed placed[MAX_GROUPS + 1];
	unsigned placed_count;
};

struct emitter *emitter_new(void)
{
	struct emitter *emitter = calloc(1, sizeof(*emitter));

	if (!emitter)
		abort();
	return emitter;
}

void emitter_free(struct emitter *emitter)
{
	if (!emitter)
		return;
	ir_region_free(&emitter->region);
	free(emitter);
}

/* What a hole is filled with; of code, the address it is relative to its end. */
static uint32_t hole_value(const struct jit *jit, const struct stencil_hole *hole,
			   const struct stencil_group *group, const struct ir_block *block,
			   const struct emitted_block *emitted)
{
	const struct ir_insn *insn = &block->insns[group ? group->ops[hole->operation] : 0];

	switch ((enum hole)hole->kind) {
	case HOLE_STATE:
	case HOLE_REGISTER:
		return (uint32_t)(offsetof(struct cpu, gpr) + 4u * (insn->state - IR_STATE_AT + 1u));
	case HOLE_VALUE:
		return (uint32_t)insn->immediate;
	case HOLE_VALUE_IN_KSEG0:
		return (uint32_t)insn->immediate - 0x80000000u;
	case HOLE_PC:
		return block->va + (group ? 4u * insn->time.index : 0);
	case HOLE_REFUND:
		return (uint32_t)(block->cost - insn->time.cycle);
	case HOLE_PACKED:
		return (uint32_t)(block->cost - insn->time.cycle) << PACKED_REFUND_SHIFT;
	case HOLE_TARGET_0:
		return insn->targets[0];
	case HOLE_TARGET_1:
		return insn->targets[1];
	case HOLE_SLOT:
		return emitted->first_slot;
	case HOLE_RAM_BYTES:
		return jit->memory->ram_size;
	case HOLE_RAM_HALVES:
		return jit->memory->ram_size >> 1;
	case HOLE_RAM_WORDS:
		return jit->memory->ram_size >> 2;
	case HOLE_CODE_MAP:
		return jit->memory->code_map_offset;
	case HOLE_COST:
		return block->cost;
	default:
		abort(); /* relative: the caller knows */
	}
}

/* Where something that code reaches at its executable address would be if it were reached at the writable one. */
static const uint8_t *as_seen_from_writable(const struct jit *jit, const void *address)
{
	return jit->code.writable + ((const uint8_t *)address - jit->code.executable);
}

static void fill_holes(const struct jit *jit, const struct placed *placed, const struct stencil_group *group,
		       const struct ir_block *block, const struct emitted_block *emitted)
{
	const struct stencil *stencil = placed->stencil;
	const struct stencil_hole *hole = stencil_library.holes + stencil->holes,
				  *end = hole + stencil->hole_count;

	for (; hole < end; hole++) {
		uint8_t *at = hole->offset < stencil->hot_size
				  ? placed->hot + hole->offset
				  : placed->cold + (hole->offset - stencil->hot_size);
		const uint8_t *target;
		uint32_t value;

		switch ((enum hole)hole->kind) {
		case HOLE_NEXT:
			target = placed->hot + stencil->hot_size;
			break;
		case HOLE_HOT:
			target = placed->hot;
			break;
		case HOLE_COLD:
			target = placed->cold;
			break;
		case HOLE_CODE:
			target = as_seen_from_writable(jit, jit->common.address[hole->operation]);
			break;
		case HOLE_COUNTDOWN:
			target = as_seen_from_writable(jit, emitted->countdown);
			break;
		case HOLE_SLOT_AT:
			target = as_seen_from_writable(jit, &jit->slots[emitted->first_slot]);
			break;
		default:
			target = NULL;
			break;
		}
		value = target ? (uint32_t)(target - (at + 4)) : hole_value(jit, hole, group, block, emitted);
		value += (uint32_t)hole->addend;
		if (hole->kind == HOLE_REGISTER)
			*at = (uint8_t)value;
		else
			memcpy(at, &value, sizeof(value));
	}
}

static bool may_take_longer(const struct ir_block *block)
{
	for (unsigned i = 0; i < block->count; i++)
		if (block->insns[i].op == IR_STALL)
			return true;
	return false;
}

/* Splits the emitter's block and finds the stencils of its groups, as many as there are without a gap. False if it cannot
 * be split. */
static bool find_stencils(struct jit *jit, const struct emitted_block *emitted, unsigned *count,
			  unsigned *found)
{
	struct emitter *emitter = jit->emitter;

	*found = 0;
	if (!stencil_split(&emitter->region.blocks[0], emitter->groups, MAX_GROUPS, count))
		return false;
	for (; *found < *count; ++*found) {
		uint8_t key[MAX_KEY_SIZE];
		size_t size = stencil_key(&emitter->groups[*found], emitted->mode, key);
		const struct stencil *stencil = stencil_find(&stencil_library, key, size);

		if (!stencil)
			break;
		emitter->placed[*found + 1].stencil = stencil;
	}
	return true;
}

/* Lifts the block as far as there are stencils for it; returns its groups, or 0. */
static unsigned lift(struct jit *jit, const struct emitted_block *emitted, unsigned limit)
{
	struct emitter *emitter = jit->emitter;
	const struct scanned_block *scanned = &emitted->scanned;
	struct lift_options options = {.sensitive_inline = jit->options.sensitive == SENSITIVE_INLINE,
				       .max_instructions = (uint16_t)limit,
				       .ram_size = jit->memory->ram_size};
	bool last_page = (scanned->pa & PAGE_MASK) + PAGE_SIZE >= jit->memory->ram_size;
	const struct ir_block *block;
	unsigned count, found;

	ir_region_clear(&emitter->region);
	if (!lift_block(&emitter->region, &jit->cpus[0].model->lift, &options, scanned->va, scanned->pa,
			emitter->words, scanned->words, last_page))
		return 0;
	block = &emitter->region.blocks[0];
	if (find_stencils(jit, emitted, &count, &found) && found == count)
		return count;
	jit->statistics.unknown_shapes++;
	if (found == 0)
		return 0;
	unsigned known = emitter->groups[found].guest;
	/* A delay slot goes with its branch. */
	if (known > 0 && block->insns[emitter->groups[found].ops[0]].time.delay_slot)
		known--;
	/* A branch that comes first brings its slot whatever the limit: then there is nothing shorter. */
	return known > 0 && known < limit && known < block->guest_count ? lift(jit, emitted, known) : 0;
}

/* The block whose first instruction is the interpreter's. It only leaves, so that others can be linked to it. */
static unsigned lift_exit(struct jit *jit, struct emitted_block *emitted)
{
	struct emitter *emitter = jit->emitter;
	struct scanned_block *scanned = &emitted->scanned;
	unsigned count, found;

	if (scanned->words > 2)
		scanned->words =
		    2; /* what it depends on: the instruction, and its delay slot if it is a jump */
	ir_region_clear(&emitter->region);
	ir_exit(ir_block_add(&emitter->region, scanned->va, scanned->pa), (struct ir_time){0});
	if (!find_stencils(jit, emitted, &count, &found) || found < count)
		abort(); /* make_stencils made it */
	return count;
}

/* The exits that go through slots. */
static bool take_slots(struct jit *jit, struct emitted_block *emitted, const struct ir_insn *end)
{
	emitted->slot_count = end->op == IR_BRANCH ? 2 : end->op == IR_JUMP;
	for (unsigned i = 0; i < emitted->slot_count; i++)
		emitted->targets[i] = end->targets[i];
	if (emitted->slot_count > 0)
		emitted->first_slot = slots_take(jit, emitted->slot_count);
	return emitted->slot_count == 0 || emitted->first_slot != 0;
}

bool emit_block(struct jit *jit, struct emitted_block *emitted)
{
	struct emitter *emitter = jit->emitter;
	const struct scanned_block *scanned = &emitted->scanned;
	const struct ir_block *block;
	size_t hot = 0, cold = 0;
	unsigned count;
	uint8_t *start, *at, *behind;

	for (unsigned i = 0; i < scanned->words; i++)
		emitter->words[i] = memory_read_word(jit->memory, scanned->pa + 4 * i);
	emitter->region.mode = emitted->mode;
	count = lift(jit, emitted, scanned->words);
	if (count == 0)
		count = lift_exit(jit, emitted);
	block = &emitter->region.blocks[0];
	emitter->placed[0].stencil = &stencil_library.head[may_take_longer(block)];
	for (unsigned i = 0; i <= count; i++) {
		hot += emitter->placed[i].stencil->hot_size;
		cold += emitter->placed[i].stencil->cold_size;
	}
	start = reclaim_allocate_block(jit, hot + cold);
	if (!start || !take_slots(jit, emitted, &block->insns[block->count - 1]))
		return false;
	at = start;
	behind = start + hot;
	for (unsigned i = 0; i <= count; i++) {
		struct placed *placed = &emitter->placed[i];
		const uint8_t *code = stencil_library.code + placed->stencil->code;

		placed->hot = at;
		placed->cold = behind;
		memcpy(at, code, placed->stencil->hot_size);
		memcpy(behind, code + placed->stencil->hot_size, placed->stencil->cold_size);
		at += placed->stencil->hot_size;
		behind += placed->stencil->cold_size;
		fill_holes(jit, placed, i ? &emitter->groups[i - 1] : NULL, block, emitted);
	}

	emitter->placed_count = count + 1;
	emitted->code = start;
	emitted->size = hot + cold;
	emitted->instructions = block->guest_count;
	return true;
}

unsigned emit_piece_count(const struct jit *jit)
{
	return jit->emitter->placed_count;
}

struct emitted_piece emit_piece(const struct jit *jit, unsigned number)
{
	const struct placed *placed = &jit->emitter->placed[number];
	const struct stencil *stencil = placed->stencil;

	return (struct emitted_piece){.guest = number ? jit->emitter->groups[number - 1].guest : NO_GUEST,
				      .hot = placed->hot,
				      .hot_size = stencil->hot_size,
				      .cold = placed->cold,
				      .cold_size = stencil->cold_size};
}

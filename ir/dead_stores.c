/* Dead stores and dead values: a SET overwritten by a later SET of the same register with nothing between
 * that can see it, and pure or reading operations without users.
 *
 * Needs: a verified block. Leaves: a verified block. Seen is a register by GET, and by every operation that
 * can leave the block (MEMORY, EXIT, END: then the whole state is the guest's). One walk from the end. */
#include "ir/ir_internal.h"
#include "runtime/core/planted.h"

#include <string.h>

#define WORD_BITS 64

void ir_dead_stores(struct ir_block *block)
{
	uint64_t used[(UINT16_MAX + 1) / WORD_BITS];
	unsigned overwritten[IR_STATE_COUNT] = {0}; /* the stretch in which it is; 0: none */
	unsigned stretch = 1;			    /* changes wherever the block can be left */

	memset(used, 0, (block->count / WORD_BITS + 1) * sizeof(used[0]));
	for (unsigned i = block->count; i-- > 0;) {
		struct ir_insn *insn = &block->insns[i];
		bool is_used = used[i / WORD_BITS] >> i % WORD_BITS & 1;

		if (insn->dead)
			continue;
		switch (ir_op_info[insn->op].effect) {
		case IR_EFFECT_PURE:
		case IR_EFFECT_READ:
			if (!is_used)
				insn->dead = true;
			else if (insn->op == IR_GET)
				overwritten[insn->state] = 0;
			break;
		case IR_EFFECT_WRITE:
			if (overwritten[insn->state] == stretch)
				insn->dead = true;
			overwritten[insn->state] = stretch;
			break;
		default:
			if (!planted(BUG_DEAD_STORE) || insn->op != IR_LOAD)
				stretch++;
			break;
		}
		if (insn->dead) {
			insn->operands[0] = IR_NO_VALUE;
			continue;
		}
		for (unsigned j = 0; j < 3; j++) {
			ir_value value = insn->operands[j];

			if (value != IR_NO_VALUE)
				used[value / WORD_BITS] |= (uint64_t)1 << value % WORD_BITS;
		}
	}
}

/* Forwarding of guest state: a GET of a register whose value is known becomes that value; a SET of the value
 * the register already has goes away.
 *
 * Needs: a verified block. Leaves: a verified block with at most one GET per register between two operations
 * that can change it. Only operations on memory and helpers change registers unseen: all that live in the CPU
 * state, and lookup_va (kernel accesses and TLBR write it); never the general registers, HI and LO. One walk.
 */
#include "ir/ir_internal.h"
#include "runtime/core/planted.h"

void ir_forward_state(struct ir_block *block)
{
	ir_value known[IR_STATE_COUNT];

	for (unsigned state = 0; state < IR_STATE_COUNT; state++)
		known[state] = IR_NO_VALUE;

	for (unsigned i = 0; i < block->count; i++) {
		struct ir_insn *insn = &block->insns[i];

		if (insn->dead)
			continue;
		ir_resolve_operands(block, insn);
		if (insn->op == IR_GET) {
			if (known[insn->state] == IR_NO_VALUE)
				known[insn->state] = (ir_value)i;
			else
				ir_replace(block, (ir_value)i, known[insn->state]);
		} else if (insn->op == IR_SET) {
			if (known[insn->state] == insn->operands[0])
				insn->dead = true;
			else
				known[insn->state] = insn->operands[0];
		} else if (ir_op_info[insn->op].effect == IR_EFFECT_MEMORY) {
			for (unsigned state = 0; state < IR_STATE_COUNT; state++) {
				if (!ir_state_info[state].cached ||
				    (state == IR_STATE_LOOKUP_VA && !planted(BUG_FORWARD)))
					known[state] = IR_NO_VALUE;
			}
		}
	}
}

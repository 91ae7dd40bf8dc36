// Inside the lifter: lift.c walks the block, its branches and page ends; lift_op.c knows single instructions.
#ifndef FRONTEND_LIFT_INTERNAL_H
#define FRONTEND_LIFT_INTERNAL_H

#include "frontend/insn.h"
#include "frontend/lift.h"

struct lifter {
	const struct lift_model *model;
	const struct lift_options *options;
	struct ir_mode mode;
	bool last_page;
	struct ir_block *block; // gets the operations

	// The instruction being lifted.
	struct insn insn;
	uint32_t va;
	struct ir_time time;

	// HI/LO interlock: the first cycle of the block in which each can be used, and what the instruction
	// before this one did.
	uint16_t hi_ready, lo_ready;
	uint16_t previous_hilo; // MIPS_REG_HI, MIPS_REG_LO
	struct ir_time previous_time;
};

// General registers; register 0 reads as 0, and writes to it are dropped.
ir_value lift_gpr(struct lifter *lifter, unsigned number);
void lift_set_gpr(struct lifter *lifter, unsigned number, ir_value value);
ir_value lift_const(struct lifter *lifter, uint32_t value);
// A constant that depends on the instruction's fields, its address or the machine.
ir_value lift_parameter(struct lifter *lifter, uint32_t value);

// Records a look-up in the TLB where the guest can tell.
void lift_looked_up(struct lifter *lifter, ir_value address);

// Whether the instruction can be translated in line, branches aside.
bool lift_op_known(const struct lifter *lifter, const struct insn *insn);
// Whether it never leaves after it has been executed, so that it may stand in a delay slot.
bool lift_op_stays(const struct lifter *lifter, const struct insn *insn);
// Appends the instruction `lifter->insn`.
void lift_op(struct lifter *lifter);

#endif

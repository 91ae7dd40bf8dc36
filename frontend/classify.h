// The classes of Popek and Goldberg, read from the instruction table.
//
// A machine is virtualisable by trap-and-emulate if every sensitive instruction is privileged. Of the table
// only RDHWR is sensitive and not privileged, and it traps in user mode while HWREna is clear.
#ifndef FRONTEND_CLASSIFY_H
#define FRONTEND_CLASSIFY_H

#include "frontend/insn.h"

// Traps in user mode and executes in kernel mode.
static inline bool mips_op_is_privileged(enum mips_op op)
{
	return mips_op_info[op].classes & MIPS_CLASS_PRIVILEGED;
}

static inline bool mips_op_is_control_sensitive(enum mips_op op)
{
	return mips_op_info[op].classes & MIPS_CLASS_CONTROL;
}

static inline bool mips_op_is_behaviour_sensitive(enum mips_op op)
{
	return mips_op_info[op].classes & MIPS_CLASS_BEHAVIOUR;
}

static inline bool mips_op_is_sensitive(enum mips_op op)
{
	return mips_op_info[op].classes & (MIPS_CLASS_CONTROL | MIPS_CLASS_BEHAVIOUR);
}

static inline bool mips_op_is_innocuous(enum mips_op op)
{
	return mips_op_info[op].classes == 0;
}

// For tables: "innocuous", "privileged, control-sensitive" and so on. A constant string.
const char *mips_class_name(unsigned classes); // of MIPS_CLASS_*
const char *mips_op_class_name(enum mips_op op);

#endif

// The instruction table as data, for everyone who wants to know something about an operation.
#include "frontend/classify.h"
#include "frontend/columns_internal.h"
#include "frontend/insn.h"

const struct op_info mips_op_info[MIPS_OP_COUNT] = {
#define INSN(op, mnemonic_, pattern_, isa_, operands_, flags_, reads_, writes_, bytes_, traps_, class_)      \
	[MIPS_OP_##op] = {                                                                                   \
	    .name = #op,                                                                                     \
	    .mnemonic = mnemonic_,                                                                           \
	    .pattern = pattern_,                                                                             \
	    .operands = operands_,                                                                           \
	    .levels = isa_,                                                                                  \
	    .flags = flags_,                                                                                 \
	    .reads = reads_,                                                                                 \
	    .writes = writes_,                                                                               \
	    .bytes = bytes_,                                                                                 \
	    .traps = traps_,                                                                                 \
	    .classes = class_,                                                                               \
	},
#define PSEUDO(op, flags_, traps_) [MIPS_OP_##op] = {.name = #op, .flags = flags_, .traps = traps_},
#include "frontend/mips.def"
};

const char *mips_class_name(unsigned classes)
{
	static const char *const names[8] = {
	    "innocuous",
	    "privileged",
	    "control-sensitive",
	    "privileged, control-sensitive",
	    "behaviour-sensitive",
	    "privileged, behaviour-sensitive",
	    "control- and behaviour-sensitive",
	    "privileged, control- and behaviour-sensitive",
	};
	_Static_assert((MIPS_CLASS_PRIVILEGED | MIPS_CLASS_CONTROL | MIPS_CLASS_BEHAVIOUR) == 7,
		       "one name each");

	return names[classes & 7];
}

const char *mips_op_class_name(enum mips_op op)
{
	return mips_class_name(mips_op_info[op].classes);
}

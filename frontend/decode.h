// The decoder: a word to an operation in one or two table look-ups, for a given instruction set.
//
// It is made for the reference interpreter, which decodes every instruction each time that it executes.
// Whether a privileged instruction is allowed is the executor's business. A word that is no instruction
// becomes MIPS_OP_RESERVED (raise RI), MIPS_OP_COP_UNUSABLE (raise CpU) or MIPS_OP_COPn_RESERVED (CpU if
// coprocessor n is not usable, else RI).
#ifndef FRONTEND_DECODE_H
#define FRONTEND_DECODE_H

#include "frontend/insn.h"
#include "frontend/isa.h"

// A table entry is a leaf (operation and how its immediate extends) or a choice: the entries that follow at
// `base`, indexed by the bits of the word at `shift` under `mask`. The entry for opcode n is decode[n].
enum {
	MIPS_DECODE_OP = 0x3ff,
	MIPS_DECODE_ZERO_EXTEND = 1 << 10,
	MIPS_DECODE_UPPER = 1 << 11,
	MIPS_DECODE_UNIT_SHIFT = 12,

	MIPS_DECODE_SHIFT_SHIFT = 16,
	MIPS_DECODE_MASK_SHIFT = 21,
};
#define MIPS_DECODE_CHOICE 0x80000000u
#define MIPS_DECODE_BASE   0xffffu

_Static_assert((int)MIPS_OP_COUNT <= (int)MIPS_DECODE_OP, "operations fit into a leaf");

static inline uint32_t mips_decode_leaf(const struct mips_isa *isa, uint32_t word)
{
	uint32_t entry = isa->decode[word >> 26];

	while (entry & MIPS_DECODE_CHOICE) {
		uint32_t bits = word >> (entry >> MIPS_DECODE_SHIFT_SHIFT & 31);
		entry =
		    isa->decode[(entry & MIPS_DECODE_BASE) + (bits & (entry >> MIPS_DECODE_MASK_SHIFT & 63))];
	}
	return entry;
}

static inline enum mips_op mips_decode_op(const struct mips_isa *isa, uint32_t word)
{
	return (enum mips_op)(mips_decode_leaf(isa, word) & MIPS_DECODE_OP);
}

static inline void mips_decode(const struct mips_isa *isa, uint32_t word, struct insn *out)
{
	uint32_t leaf = mips_decode_leaf(isa, word);
	int32_t imm = (int16_t)word;

	if (leaf & MIPS_DECODE_ZERO_EXTEND)
		imm = (int32_t)(word & 0xffff);
	if (leaf & MIPS_DECODE_UPPER)
		imm = (int32_t)(word << 16);
	*out = (struct insn){
	    .word = word,
	    .op = leaf & MIPS_DECODE_OP,
	    .rs = word >> 21 & 31,
	    .rt = word >> 16 & 31,
	    .rd = word >> 11 & 31,
	    .sa = word >> 6 & 31,
	    .sel = word & 7,
	    .unit = leaf >> MIPS_DECODE_UNIT_SHIFT & 3,
	    .imm = imm,
	    .target = word << 2 & 0x0ffffffc,
	};
}

#endif

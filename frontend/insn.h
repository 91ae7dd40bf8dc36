// A decoded instruction, and what the instruction table (mips.def) says about each operation.
//
// Knows no CPU model beyond its instruction set (isa.h). Used by the interpreters, the lifter, dumps and
// tests.
#ifndef FRONTEND_INSN_H
#define FRONTEND_INSN_H

#include <stdbool.h>
#include <stdint.h>

enum mips_op {
#define INSN(op, ...)	MIPS_OP_##op,
#define PSEUDO(op, ...) MIPS_OP_##op,
#include "frontend/mips.def"
	MIPS_OP_COUNT
};

// The register fields are filled by position whether or not the operation has them: rs = bits 25:21, rt =
// 20:16, rd = 15:11, sa = 10:6. FPU registers live in the same places; see insn_fr() and its like.
struct insn {
	uint32_t word;
	uint16_t op; // enum mips_op
	uint8_t rs, rt, rd, sa;
	uint8_t sel;	 // bits 2:0
	uint8_t unit;	 // the coprocessor that MIPS_TRAP_CPU would name
	int32_t imm;	 // bits 15:0, extended as the operation does; LUI: already shifted left by 16
	uint32_t target; // bits 25:0 times 4; J and JAL add the top bits of the delay slot's address
};
_Static_assert(sizeof(struct insn) <= 24, "struct insn is passed around and stored by the million");

enum {
	MIPS_LEVEL_MIPS1 = 1 << 0,
	MIPS_LEVEL_MIPS2 = 1 << 1,
	MIPS_LEVEL_MIPS32 = 1 << 2,
	MIPS_LEVEL_MIPS32R2 = 1 << 3,
	MIPS_LEVEL_R3000 = 1 << 4,   // exception style with RFE
	MIPS_LEVEL_MIPS161 = 1 << 5, // what MIPS-161 adds to MIPS I
	MIPS_LEVEL_FPU1 = 1 << 6,
	MIPS_LEVEL_FPU2 = 1 << 7,
	MIPS_LEVEL_FPU32 = 1 << 8,
	MIPS_LEVEL_FPU32R2 = 1 << 9,
};

enum {
	MIPS_FLAG_DELAY = 1 << 0,
	MIPS_FLAG_LIKELY = 1 << 1,
	MIPS_FLAG_BRANCH = 1 << 2,
	MIPS_FLAG_JUMP = 1 << 3,
	MIPS_FLAG_INDIRECT = 1 << 4,
	MIPS_FLAG_LINK = 1 << 5,
	MIPS_FLAG_LOAD = 1 << 6,
	MIPS_FLAG_STORE = 1 << 7,
	MIPS_FLAG_SEXT = 1 << 8,
	MIPS_FLAG_PARTIAL = 1 << 9,
	MIPS_FLAG_FIELD = 1 << 10,
	MIPS_FLAG_COP0 = 1 << 11,
	MIPS_FLAG_COP1 = 1 << 12,
	MIPS_FLAG_SERIAL = 1 << 13,
};

enum {
	MIPS_REG_RS = 1 << 0,
	MIPS_REG_RT = 1 << 1,
	MIPS_REG_RD = 1 << 2,
	MIPS_REG_RA = 1 << 3, // register 31, by implication
	MIPS_REG_HI = 1 << 4,
	MIPS_REG_LO = 1 << 5,
	MIPS_REG_FR = 1 << 6,
	MIPS_REG_FT = 1 << 7,
	MIPS_REG_FS = 1 << 8,
	MIPS_REG_FD = 1 << 9,
	MIPS_REG_FCC = 1 << 10,
	MIPS_REG_FCSR = 1 << 11,
	MIPS_REG_C0 = 1 << 12,
	MIPS_REG_LLBIT = 1 << 13,
};

enum {
	MIPS_TRAP_OV = 1 << 0,
	MIPS_TRAP_ADEL = 1 << 1,
	MIPS_TRAP_ADES = 1 << 2,
	MIPS_TRAP_TLBL = 1 << 3,
	MIPS_TRAP_TLBS = 1 << 4,
	MIPS_TRAP_MOD = 1 << 5,
	MIPS_TRAP_DBE = 1 << 6,
	MIPS_TRAP_RI = 1 << 7,
	MIPS_TRAP_CPU = 1 << 8,
	MIPS_TRAP_SYS = 1 << 9,
	MIPS_TRAP_BP = 1 << 10,
	MIPS_TRAP_TR = 1 << 11,
	MIPS_TRAP_FPE = 1 << 12,
};

// After Popek and Goldberg; no bit set means innocuous.
enum {
	MIPS_CLASS_PRIVILEGED = 1 << 0,
	MIPS_CLASS_CONTROL = 1 << 1,
	MIPS_CLASS_BEHAVIOUR = 1 << 2,
};

// One row of mips.def; its head explains the columns.
struct op_info {
	const char *name;
	const char *mnemonic; // NULL if the operation is no instruction
	const char *pattern;
	const char *operands;
	uint32_t levels; // MIPS_LEVEL_*
	uint32_t flags;	 // MIPS_FLAG_*
	uint16_t reads;	 // MIPS_REG_*
	uint16_t writes; // MIPS_REG_*
	uint16_t traps;	 // MIPS_TRAP_*
	uint8_t bytes;	 // width of the memory access
	uint8_t classes; // MIPS_CLASS_*
};
extern const struct op_info mips_op_info[MIPS_OP_COUNT];

static inline unsigned mips_word_rs(uint32_t word)
{
	return word >> 21 & 31;
}
static inline unsigned mips_word_rt(uint32_t word)
{
	return word >> 16 & 31;
}
static inline unsigned mips_word_rd(uint32_t word)
{
	return word >> 11 & 31;
}
static inline unsigned mips_word_sa(uint32_t word)
{
	return word >> 6 & 31;
}

static inline unsigned insn_fr(const struct insn *insn)
{
	return insn->rs;
}
static inline unsigned insn_ft(const struct insn *insn)
{
	return insn->rt;
}
static inline unsigned insn_fs(const struct insn *insn)
{
	return insn->rd;
}
static inline unsigned insn_fd(const struct insn *insn)
{
	return insn->sa;
}
// The FPU condition bit: of BC1x, MOVF and MOVT in bits 20:18, of C.cond in bits 10:8.
static inline unsigned insn_cc(const struct insn *insn)
{
	return insn->word >> 18 & 7;
}
static inline unsigned insn_compare_cc(const struct insn *insn)
{
	return insn->word >> 8 & 7;
}
static inline unsigned insn_compare_cond(const struct insn *insn)
{
	return insn->word & 15;
}
// The bit field of EXT and INS: first bit and number of bits.
static inline unsigned insn_field_pos(const struct insn *insn)
{
	return insn->sa;
}
static inline unsigned insn_field_size(const struct insn *insn)
{
	return insn->op == MIPS_OP_INS ? insn->rd - insn->sa + 1u : insn->rd + 1u;
}
// SYSCALL, SDBBP: 20 bits. BREAK: its two code fields as one.
static inline unsigned insn_code20(const struct insn *insn)
{
	return insn->word >> 6 & 0xfffff;
}

// Where a branch or a direct jump at `pc` goes. The arithmetic wraps.
static inline uint32_t insn_branch_target(const struct insn *insn, uint32_t pc)
{
	return pc + 4 + ((uint32_t)insn->imm << 2);
}
static inline uint32_t insn_jump_target(const struct insn *insn, uint32_t pc)
{
	return ((pc + 4) & 0xf0000000) | insn->target;
}

static inline bool insn_has_delay_slot(const struct insn *insn)
{
	return mips_op_info[insn->op].flags & MIPS_FLAG_DELAY;
}
// The register a LINK operation writes: rd for JALR, 31 for the others.
static inline unsigned insn_link_register(const struct insn *insn)
{
	return insn->op == MIPS_OP_JALR ? insn->rd : 31;
}

#endif

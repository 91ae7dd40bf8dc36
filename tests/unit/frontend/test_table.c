// The instruction table against itself, against the decode map of System/161 written down a second time, and
// against facts measured on the 24Kf.
#include "frontend/classify.h"
#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct mips_isa *const isas[] = {
    &mips_isa_mips161,	      &mips_isa_mips32,		 &mips_isa_mips32r2,
    &mips_isa_mips161_strict, &mips_isa_mips32r2_strict,
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

// Mostly words near real instructions: a random row of the table with some bits flipped.
static uint32_t random_word(uint64_t *state)
{
	uint32_t kind = next_random(state);
	uint32_t word = next_random(state);
	const struct mips_encoding *encoding = &mips_encodings[next_random(state) % mips_encoding_count];

	if (kind % 8 == 0)
		return word;
	word = (word & ~encoding->mask) | encoding->match;
	if (kind & 8)
		word &= ~encoding->ignored;
	if (kind & 16)
		word &= ~encoding->decoded;
	if ((kind & 0x60) == 0)
		word ^= 1u << (kind >> 27);
	return word;
}

static void check_round_trip(const struct mips_isa *isa, const struct mips_encoding *encoding, uint64_t *seed)
{
	struct mips_fields fields = {0};

	for (unsigned f = 0; f < encoding->field_count; f++)
		fields.value[(unsigned char)encoding->fields[f].letter] = (int32_t)next_random(seed);
	if (encoding->op == MIPS_OP_EXT)
		fields.value['m'] &= 31 - (fields.value['a'] & 31);
	if (encoding->op == MIPS_OP_INS)
		fields.value['m'] |= fields.value['a'];
	// MIPS-161 has no code field in WAIT.
	if (encoding->op == MIPS_OP_WAIT && (isa->levels & MIPS_LEVEL_MIPS161))
		fields.value['c'] = 0;

	uint32_t word = mips_encode(encoding->op, &fields);
	struct insn insn;

	assert_int_equal(word & (encoding->ignored | encoding->decoded), 0);
	mips_decode(isa, word, &insn);
	assert_int_equal(insn.op, encoding->op);
	assert_int_equal(mips_decode_op(isa, word), encoding->op);
	assert_int_equal(insn.word, word);
	for (unsigned f = 0; f < encoding->field_count; f++) {
		const struct mips_field *field = &encoding->fields[f];
		uint32_t value =
		    (uint32_t)fields.value[(unsigned char)field->letter] & ((1u << field->width) - 1);

		switch (field->letter) {
		case 's':
		case 'R':
			assert_int_equal(insn.rs, value);
			break;
		case 'T':
			assert_int_equal(insn_ft(&insn), value);
			assert_int_equal(insn.rt, value);
			break;
		case 't':
			assert_int_equal(insn.rt, value);
			break;
		case 'd':
		case 'S':
		case 'r':
		case 'x':
		case 'm':
			assert_int_equal(insn.rd, value);
			break;
		case 'D':
		case 'a':
			assert_int_equal(insn.sa, value);
			break;
		case 'l':
			assert_int_equal(insn.sel, value);
			break;
		case 'i':
		case 'o':
		case 'b':
			assert_int_equal(insn.imm, (int16_t)value);
			break;
		case 'u':
			assert_int_equal(insn.imm, value);
			break;
		case 'U':
			assert_int_equal((uint32_t)insn.imm, value << 16);
			break;
		case 'j':
			assert_int_equal(insn.target, value << 2);
			break;
		case 'k':
			assert_int_equal(field->shift == 8 ? insn_compare_cc(&insn) : insn_cc(&insn), value);
			break;
		case 'n':
			assert_int_equal(insn_compare_cond(&insn), value);
			break;
		case 'c':
		case 'q':
		case 'h':
		case 'p':
			assert_int_equal(word >> field->shift & ((1u << field->width) - 1), value);
			break;
		default:
			fail_msg("%s: unknown field %c", mips_op_info[encoding->op].name, field->letter);
		}
	}
}

static void encode_then_decode(void **state)
{
	uint64_t seed = 1;
	unsigned rows = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(isas) / sizeof(*isas); i++)
		for (unsigned op = 0; op < MIPS_OP_COUNT; op++) {
			const struct mips_encoding *encoding = mips_encoding_for(isas[i], op);

			if (!encoding)
				continue;
			rows++;
			for (int n = 0; n < 500; n++)
				check_round_trip(isas[i], &mips_encodings[op], &seed);
		}
	print_message("%u rows of %zu instruction sets\n", rows, sizeof(isas) / sizeof(*isas));
}

static void rows_stand_in_order_and_do_not_overlap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < mips_encoding_count; i++) {
		const struct mips_encoding *a = &mips_encodings[i];

		if (i < MIPS_OP_RESERVED)
			assert_int_equal(a->op, i);
		assert_int_equal(a->match & ~a->mask, 0);
		assert_int_equal(a->mask & (a->ignored | a->decoded), 0);
		for (unsigned j = i + 1; j < mips_encoding_count; j++) {
			const struct mips_encoding *b = &mips_encodings[j];
			uint32_t common = (a->mask | a->decoded) & (b->mask | b->decoded);

			if (a->op != b->op && !(common & (a->match ^ b->match)))
				fail_msg("%s and %s overlap", mips_op_info[a->op].name,
					 mips_op_info[b->op].name);
		}
	}
}

// System/161 reference, section 1.3, as tables in the order of that section.
static enum mips_op mips161_special(uint32_t word)
{
	switch (word & 63) {
	case 0:
		return MIPS_OP_SLL;
	case 2:
		return MIPS_OP_SRL;
	case 3:
		return MIPS_OP_SRA;
	case 4:
		return MIPS_OP_SLLV;
	case 6:
		return MIPS_OP_SRLV;
	case 7:
		return MIPS_OP_SRAV;
	case 8:
		return MIPS_OP_JR;
	case 9:
		return MIPS_OP_JALR;
	case 12:
		return MIPS_OP_SYSCALL;
	case 13:
		return MIPS_OP_BREAK;
	case 15:
		return MIPS_OP_SYNC;
	case 16:
		return MIPS_OP_MFHI;
	case 17:
		return MIPS_OP_MTHI;
	case 18:
		return MIPS_OP_MFLO;
	case 19:
		return MIPS_OP_MTLO;
	case 24:
		return MIPS_OP_MULT;
	case 25:
		return MIPS_OP_MULTU;
	case 26:
		return MIPS_OP_DIV;
	case 27:
		return MIPS_OP_DIVU;
	case 32:
		return MIPS_OP_ADD;
	case 33:
		return MIPS_OP_ADDU;
	case 34:
		return MIPS_OP_SUB;
	case 35:
		return MIPS_OP_SUBU;
	case 36:
		return MIPS_OP_AND;
	case 37:
		return MIPS_OP_OR;
	case 38:
		return MIPS_OP_XOR;
	case 39:
		return MIPS_OP_NOR;
	case 42:
		return MIPS_OP_SLT;
	case 43:
		return MIPS_OP_SLTU;
	default:
		return MIPS_OP_RESERVED;
	}
}

static enum mips_op mips161_regimm(uint32_t word)
{
	switch (word >> 16 & 31) {
	case 0:
		return MIPS_OP_BLTZ;
	case 1:
		return MIPS_OP_BGEZ;
	case 16:
		return MIPS_OP_BLTZAL;
	case 17:
		return MIPS_OP_BGEZAL;
	default:
		return MIPS_OP_RESERVED;
	}
}

static enum mips_op mips161_cop0(uint32_t word)
{
	if (word & 0x02000000) {
		switch (word & 0x01ffffff) {
		case 1:
			return MIPS_OP_TLBR;
		case 2:
			return MIPS_OP_TLBWI;
		case 6:
			return MIPS_OP_TLBWR;
		case 8:
			return MIPS_OP_TLBP;
		case 0x10:
			return MIPS_OP_RFE;
		case 0x20:
			return MIPS_OP_WAIT;
		default:
			return MIPS_OP_COP0_RESERVED;
		}
	}
	switch (word >> 21 & 31) {
	case 0:
		return MIPS_OP_MFC0;
	case 4:
		return MIPS_OP_MTC0;
	case 2:
	case 6:
	case 8:
	case 12:
		return MIPS_OP_COP_UNUSABLE;
	default:
		return MIPS_OP_COP0_RESERVED;
	}
}

static enum mips_op mips161_expected(uint32_t word)
{
	static const enum mips_op primary[64] = {
	    [2] = MIPS_OP_J,
	    MIPS_OP_JAL,
	    MIPS_OP_BEQ,
	    MIPS_OP_BNE,
	    MIPS_OP_BLEZ,
	    MIPS_OP_BGTZ,
	    MIPS_OP_ADDI,
	    MIPS_OP_ADDIU,
	    MIPS_OP_SLTI,
	    MIPS_OP_SLTIU,
	    MIPS_OP_ANDI,
	    MIPS_OP_ORI,
	    MIPS_OP_XORI,
	    MIPS_OP_LUI,
	    [17] = MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    [20] = MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    [32] = MIPS_OP_LB,
	    MIPS_OP_LH,
	    MIPS_OP_LWL,
	    MIPS_OP_LW,
	    MIPS_OP_LBU,
	    MIPS_OP_LHU,
	    MIPS_OP_LWR,
	    MIPS_OP_RESERVED,
	    [40] = MIPS_OP_SB,
	    MIPS_OP_SH,
	    MIPS_OP_SWL,
	    MIPS_OP_SW,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_SWR,
	    MIPS_OP_CACHE,
	    MIPS_OP_LL,
	    [49] = MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    [52] = MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    [56] = MIPS_OP_SC,
	    MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    MIPS_OP_COP_UNUSABLE,
	    [60] = MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	    MIPS_OP_RESERVED,
	};

	switch (word >> 26) {
	case 0:
		return mips161_special(word);
	case 1:
		return mips161_regimm(word);
	case 16:
		return mips161_cop0(word);
	default:
		return primary[word >> 26];
	}
}

static void check_mips161(uint32_t word)
{
	static const uint8_t units[64] = {[17] = 1, 2, 3, [49] = 1, 2, 3, [57] = 1, 2, 3};
	enum mips_op expected = mips161_expected(word);
	struct insn insn;

	mips_decode(&mips_isa_mips161, word, &insn);
	if (insn.op != expected)
		fail_msg("%08x is %s, not %s", word, mips_op_info[insn.op].name, mips_op_info[expected].name);
	if (expected == MIPS_OP_COP_UNUSABLE)
		assert_int_equal(insn.unit, units[word >> 26]);
}

static void mips161_decode_map(void **state)
{
	static const uint32_t masks[] = {
	    0xffe0003f, // opcode, rs, function
	    0xfc1f003f, // opcode, rt, function
	    0xfc00ffff, // opcode, rd, sa, function
	    0x03ff07ff, // SPECIAL: all but rd
	};
	uint64_t seed = 2;

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		uint32_t bits = 0;

		do {
			check_mips161(bits);
			check_mips161(bits | (next_random(&seed) & ~masks[i]));
			bits = (bits - masks[i]) & masks[i];
		} while (bits);
	}
	for (uint32_t low = 0; low < 1u << 25; low++)
		check_mips161(0x42000000 | low);
	for (int i = 0; i < 2000000; i++)
		check_mips161(random_word(&seed));
}

// A CPU that ignores reserved fields gives an instruction with such a field set the meaning it has with the
// field clear.
static void reserved_fields(void **state)
{
	static const struct {
		const struct mips_isa *cpu, *strict;
	} pairs[] = {
	    {&mips_isa_mips161, &mips_isa_mips161_strict},
	    {&mips_isa_mips32r2, &mips_isa_mips32r2_strict},
	};
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int n = 0; n < 1000000; n++) {
			uint32_t word = random_word(&seed);
			enum mips_op op = mips_decode_op(pairs[i].cpu, word);
			enum mips_op strict = mips_decode_op(pairs[i].strict, word);

			if (!mips_op_info[op].mnemonic) {
				assert_int_equal(op, strict);
				continue;
			}
			const struct mips_encoding *encoding = mips_encoding_for(pairs[i].cpu, op);
			uint32_t ignored = encoding->ignored;

			if (pairs[i].cpu->reserved_fields == MIPS_RESERVED_IGNORED)
				ignored |= encoding->decoded;
			assert_int_equal(mips_decode_op(pairs[i].strict, word & ~ignored), op);
			if (word & ignored)
				assert_null(mips_op_info[strict].mnemonic);
		}
}

// Words and what they are on a MIPS32 release 2 CPU with FPU, mostly edges.
static void mips32r2_words(void **state)
{
	static const struct {
		uint32_t word;
		enum mips_op op;
		unsigned unit;
	} words[] = {
	    {0x00094042, MIPS_OP_SRL, 0},
	    {0x00294042, MIPS_OP_ROTR, 0},
	    {0x00494042, MIPS_OP_RESERVED, 0}, // SRL with rs 2
	    {0x01404006, MIPS_OP_SRLV, 0},
	    {0x01404046, MIPS_OP_ROTRV, 0},
	    {0x01404086, MIPS_OP_RESERVED, 0},
	    {0x00294040, MIPS_OP_SLL, 0},	    // rs is ignored
	    {0x01094061, MIPS_OP_ADDU, 0},	    // sa is ignored
	    {0x00000005, MIPS_OP_RESERVED, 0},	    // LSA
	    {0x0000002d, MIPS_OP_RESERVED, 0},	    // DADDU
	    {0x64000000, MIPS_OP_RESERVED, 0},	    // DADDIU
	    {0x9c000000, MIPS_OP_RESERVED, 0},	    // LWU
	    {0x74000000, MIPS_OP_RESERVED, 0},	    // JALX
	    {0x70000010, MIPS_OP_RESERVED, 0},	    // UDI
	    {0xec000000, MIPS_OP_RESERVED, 0},	    // SWC3
	    {0x42000003, MIPS_OP_COP0_RESERVED, 0}, // TLBINV
	    {0x42000010, MIPS_OP_COP0_RESERVED, 0}, // RFE
	    {0x40200000, MIPS_OP_COP0_RESERVED, 0}, // DMFC0
	    {0x40400000, MIPS_OP_COP0_RESERVED, 0}, // MFHC0
	    {0x42000018, MIPS_OP_ERET, 0},
	    {0x4200001f, MIPS_OP_DERET, 0},
	    {0x42000060, MIPS_OP_WAIT, 0},
	    {0x41606000, MIPS_OP_DI, 0},
	    {0x41686020, MIPS_OP_EI, 0},
	    {0x00016801, MIPS_OP_MOVT, 1},
	    {0x45010002, MIPS_OP_BC1T, 1},
	    {0x45090002, MIPS_OP_BC1T, 1},
	    {0x45200002, MIPS_OP_COP1_RESERVED, 1}, // BC1ANY2F
	    {0x46c00000, MIPS_OP_COP1_RESERVED, 1}, // ADD.PS
	    {0x4600001c, MIPS_OP_COP1_RESERVED, 1}, // RECIP2.S
	    {0x46800021, MIPS_OP_CVT_D_W, 1},
	    {0x46a00020, MIPS_OP_CVT_S_L, 1},
	    {0x46800024, MIPS_OP_COP1_RESERVED, 1}, // CVT.W.W
	    {0x4c00001e, MIPS_OP_COP1_RESERVED, 1}, // ALNV.PS
	    {0x4c00000f, MIPS_OP_PREFX, 1},
	    {0x4d2a1808, MIPS_OP_SWXC1, 1},
	    {0x48000000, MIPS_OP_COP_UNUSABLE, 2}, // MFC2
	    {0xc8000000, MIPS_OP_COP_UNUSABLE, 2}, // LWC2
	    {0xd8000000, MIPS_OP_COP_UNUSABLE, 2}, // LDC2
	    {0xe8000000, MIPS_OP_COP_UNUSABLE, 2}, // SWC2
	    {0xf8000000, MIPS_OP_COP_UNUSABLE, 2}, // SDC2
	    {0xcc000001, MIPS_OP_PREF, 0},
	    {0x7c093f00, MIPS_OP_RESERVED, 0}, // EXT of 8 bits at 28
	    {0x7c09f800, MIPS_OP_EXT, 0},      // EXT of 32 bits at 0
	    {0x7c095504, MIPS_OP_RESERVED, 0}, // INS from 20 to 10
	    {0x7c097a04, MIPS_OP_INS, 0},      // INS of 8 bits at 8
	    {0x7c094420, MIPS_OP_SEB, 0},
	    {0x7c094060, MIPS_OP_RESERVED, 0}, // BSHFL 1
	    {0x01090818, MIPS_OP_RESERVED, 0}, // MULT to a DSP accumulator
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct insn insn;

		mips_decode(&mips_isa_mips32r2, words[i].word, &insn);
		if (insn.op != words[i].op)
			fail_msg("%08x is %s, not %s", words[i].word, mips_op_info[insn.op].name,
				 mips_op_info[words[i].op].name);
		assert_int_equal(insn.unit, words[i].unit);
	}
	assert_int_equal(mips_decode_op(&mips_isa_mips32, 0x00294042), MIPS_OP_SRL);
	assert_int_equal(mips_decode_op(&mips_isa_mips32, 0x46000000), MIPS_OP_COP1_RESERVED);
	assert_int_equal(mips_decode_op(&mips_isa_mips32, 0xd4000000), MIPS_OP_COP1_RESERVED);
	assert_int_equal(mips_decode_op(&mips_isa_mips32, 0x7c094420), MIPS_OP_RESERVED);
}

static bool implies(uint32_t a, uint32_t b)
{
	return !a || b;
}

static void columns_agree(void **state)
{
	(void)state;
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		const struct op_info *info = &mips_op_info[op];
		const struct mips_encoding *encoding = &mips_encodings[op];
		uint32_t f = info->flags, memory = f & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE);
		bool good = true;
		static const struct {
			char letter;
			uint16_t reg;
		} registers[] = {
		    {'R', MIPS_REG_FR}, {'T', MIPS_REG_FT}, {'S', MIPS_REG_FS},
		    {'D', MIPS_REG_FD}, {'s', MIPS_REG_RS}, {'d', MIPS_REG_RD},
		};

		good &= info->levels != 0;
		good &= implies(f & MIPS_FLAG_BRANCH, f & MIPS_FLAG_DELAY);
		good &= implies(f & MIPS_FLAG_DELAY, f & (MIPS_FLAG_BRANCH | MIPS_FLAG_JUMP));
		good &= implies((f & MIPS_FLAG_JUMP) && !(f & MIPS_FLAG_COP0), f & MIPS_FLAG_DELAY);
		good &= !(f & MIPS_FLAG_BRANCH) || !(f & MIPS_FLAG_JUMP);
		good &= implies(f & MIPS_FLAG_LIKELY, f & MIPS_FLAG_BRANCH);
		good &= implies(f & MIPS_FLAG_LINK,
				info->writes & (op == MIPS_OP_JALR ? MIPS_REG_RD : MIPS_REG_RA));
		good &= !memory == !info->bytes;
		good &= implies(f & MIPS_FLAG_LOAD, info->traps & MIPS_TRAP_TLBL);
		good &= implies(f & MIPS_FLAG_STORE, info->traps & MIPS_TRAP_MOD);
		good &= implies(f & (MIPS_FLAG_COP0 | MIPS_FLAG_COP1), info->traps & MIPS_TRAP_CPU);
		good &= !!(f & MIPS_FLAG_COP0) == mips_op_is_privileged(op);
		good &= implies(mips_op_is_sensitive(op), mips_op_is_privileged(op) || op == MIPS_OP_RDHWR);
		good &= implies(info->traps & MIPS_TRAP_FPE, f & MIPS_FLAG_COP1);
		good &= mips_op_is_innocuous(op) == !strcmp(mips_op_class_name(op), "innocuous");
		for (size_t i = 0; i < sizeof(registers) / sizeof(*registers); i++)
			good &= !!mips_encoding_field(encoding, registers[i].letter) ==
				!!((info->reads | info->writes) & registers[i].reg);
		if (!good)
			fail_msg("%s: the columns contradict each other", info->name);
	}
}

static void disassembly(void **state)
{
	static const struct {
		uint32_t word;
		const char *text;
	} lines[] = {
	    {0x00000000, "nop"},
	    {0x00000040, "ssnop"},
	    {0x8fa8fffc, "lw\t$t0, -4($sp)"},
	    {0x3c088001, "lui\t$t0, 0x8001"},
	    {0x35088000, "ori\t$t0, $t0, 0x8000"},
	    {0x1509fffb, "bne\t$t0, $t1, 0x80000ff0"},
	    {0x1500fffb, "bnez\t$t0, 0x80000ff0"},
	    {0x0c000400, "jal\t0x80001000"},
	    {0x01205025, "move\t$t2, $t1"},
	    {0x0320f809, "jalr\t$t9"},
	    {0x03204009, "jalr\t$t0, $t9"},
	    {0x40086001, "mfc0\t$t0, $12, 1"},
	    {0x42000010, "rfe"},
	    {0x42000020, "wait"},
	    {0x0000000c, "syscall"},
	    {0x0001004d, "break\t1, 1"},
	    {0xc1280004, "ll\t$t0, 4($t1)"},
	    {0x0128001a, "div\t$zero, $t1, $t0"},
	    {0x46000000, ".word\t0x46000000"},
	};
	struct insn insn;
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		mips_decode(&mips_isa_mips161, lines[i].word, &insn);
		assert_int_equal(mips_disassemble(&insn, 0x80001000, buf, sizeof(buf)),
				 strlen(lines[i].text));
		assert_string_equal(buf, lines[i].text);
	}
	mips_decode(&mips_isa_mips32r2, 0x46241132, &insn);
	mips_disassemble(&insn, 0, buf, sizeof(buf));
	assert_string_equal(buf, "c.eq.d\t$fcc1, $f2, $f4");

	mips_decode(&mips_isa_mips161, 0x8fa8fffc, &insn);
	memset(buf, '#', sizeof(buf));
	assert_int_equal(mips_disassemble(&insn, 0, buf, 6), strlen("lw\t$t0, -4($sp)"));
	assert_string_equal(buf, "lw\t$t");
	assert_int_equal(buf[6], '#');
	assert_int_equal(mips_disassemble(&insn, 0, NULL, 0), strlen("lw\t$t0, -4($sp)"));
}

static void encoding_by_letters(void **state)
{
	(void)state;
	assert_int_equal(MIPS_WORD(ADDIU, ['t'] = 8, ['s'] = 9, ['i'] = -4), 0x2528fffc);
	assert_int_equal(MIPS_WORD(LUI, ['t'] = 8, ['U'] = 0x8000), 0x3c088000);
	assert_int_equal(MIPS_WORD(J, ['j'] = 0x400), 0x08000400);
	assert_int_equal(MIPS_WORD(CLZ, ['d'] = 8, ['t'] = 8, ['s'] = 9), 0x71284020);
	assert_int_equal(MIPS_WORD(RFE, ), 0x42000010);
	assert_null(mips_encoding_for(&mips_isa_mips161, MIPS_OP_ERET));
	assert_null(mips_encoding_for(&mips_isa_mips32r2, MIPS_OP_RFE));
	assert_null(mips_encoding_field(mips_encoding_for(&mips_isa_mips161, MIPS_OP_WAIT), 'c'));
	assert_non_null(mips_encoding_field(mips_encoding_for(&mips_isa_mips32r2, MIPS_OP_WAIT), 'c'));
}

static void targets(void **state)
{
	struct insn insn;

	(void)state;
	mips_decode(&mips_isa_mips161, 0x0bffffff, &insn);
	assert_int_equal(insn_jump_target(&insn, 0x8ffffffc), 0x9ffffffc);
	assert_int_equal(insn_jump_target(&insn, 0x8ffffff8), 0x8ffffffc);
	mips_decode(&mips_isa_mips161, 0x10008000, &insn);
	assert_int_equal(insn_branch_target(&insn, 0), 0xfffe0004);
	mips_decode(&mips_isa_mips161, 0x10007fff, &insn);
	assert_int_equal(insn_branch_target(&insn, 0xfffffffc), 0x0001fffc);
	assert_true(insn_has_delay_slot(&insn));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encode_then_decode),
	    cmocka_unit_test(rows_stand_in_order_and_do_not_overlap),
	    cmocka_unit_test(mips161_decode_map),
	    cmocka_unit_test(reserved_fields),
	    cmocka_unit_test(mips32r2_words),
	    cmocka_unit_test(columns_agree),
	    cmocka_unit_test(disassembly),
	    cmocka_unit_test(encoding_by_letters),
	    cmocka_unit_test(targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

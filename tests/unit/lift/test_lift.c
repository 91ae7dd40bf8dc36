/* The lifter by what its IR does: single instructions against plain C, every instruction of MIPS-161 through
 * verifier and passes, and random blocks before and after the passes. */
#include "tests/unit/lift/evaluate.h"

#include "frontend/decode.h"
#include "frontend/encode.h"
#include "runtime/cpu/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define KSEG0_VA      0x80001000u
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct ir_mode kernel = {.big_endian = true};
static const struct ir_mode user = {.user = true, .mapped = true, .big_endian = true};
static const struct ir_mode mapped_kernel = {.mapped = true, .big_endian = true};
static const struct lift_options options = {.sensitive_inline = true, .max_instructions = 64};

static uint32_t random_state;

static uint32_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void assert_verified(const struct ir_region *region)
{
	struct error error;

	if (!ir_verify(region, &error)) {
		ir_print(region, stderr);
		fail_msg("%s", error.text);
	}
}

static char *print(const struct ir_region *region)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	ir_print(region, file);
	fclose(file);
	return text;
}

static void assert_round_trip(const struct ir_region *region)
{
	struct ir_region parsed;
	struct error error;
	char *text = print(region), *again;

	if (!ir_parse(text, &parsed, &error))
		fail_msg("%s in\n%s", error.text, text);
	again = print(&parsed);
	assert_string_equal(text, again);
	free(text);
	free(again);
	ir_region_free(&parsed);
}

/* --- single instructions against C --- */

#define A0 4
#define A1 5
#define V0 2

static const uint32_t interesting[] = {0,	   1,	       2,	   3,	       0x7F,
				       0x80,	   0xFF,       0x7FFF,	   0x8000,     0xFFFF,
				       0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0xFFFFFFFE,
				       0x12345678, 0xFEDCBA98, 31,	   0xFFFFFFE1, 0x40000000};

/* What one instruction does to v0, HI and LO, given a0 and a1. */
struct result {
	uint32_t v0, hi, lo;
	bool traps;
};

static void run_one(const struct lift_model *model, uint32_t word, struct guest *guest,
		    struct outcome *outcome)
{
	struct ir_region region;
	struct guest copy = *guest;

	ir_region_init(&region, kernel);
	assert_true(lift_block(&region, model, &options, KSEG0_VA, 0x1000, &word, 1, false));
	assert_verified(&region);
	*outcome = evaluate(&region, &region.blocks[0], guest);
	ir_optimise(&region, 0);
	assert_verified(&region);
	evaluate(&region, &region.blocks[0], &copy);
	assert_memory_equal(guest, &copy, sizeof(copy));
	ir_region_free(&region);
}

static void check_one(const struct lift_model *model, uint32_t word, uint32_t a, uint32_t b,
		      struct result expected)
{
	struct guest guest = {.active = 100};
	struct outcome outcome;

	guest.state[ir_state_gpr(A0)] = a;
	guest.state[ir_state_gpr(A1)] = b;
	guest.state[ir_state_gpr(V0)] = 0x55AA1234;
	guest.state[IR_STATE_HI] = 0x11;
	guest.state[IR_STATE_LO] = 0x22;
	run_one(model, word, &guest, &outcome);
	assert_int_equal(outcome.left, expected.traps);
	if (!expected.traps)
		assert_int_equal(outcome.target, KSEG0_VA + 4);
	assert_int_equal(guest.state[ir_state_gpr(V0)], expected.v0);
	assert_int_equal(guest.state[IR_STATE_HI], expected.hi);
	assert_int_equal(guest.state[IR_STATE_LO], expected.lo);
}

static struct result gives(uint32_t v0)
{
	return (struct result){v0, 0x11, 0x22, false};
}

static struct result hilo(uint32_t hi, uint32_t lo)
{
	return (struct result){0x55AA1234, hi, lo, false};
}

static struct result traps_unless(int64_t exact)
{
	if (exact == (int32_t)exact)
		return gives((uint32_t)exact);
	return (struct result){0x55AA1234, 0x11, 0x22, true};
}

static void check_divisions(uint32_t a, uint32_t b)
{
	const struct lift_model *model = &cpu_model_mips161.lift;
	struct lift_model keeps = *model;
	uint32_t div = MIPS_WORD(DIV, ['s'] = A0, ['t'] = A1), divu = MIPS_WORD(DIVU, ['s'] = A0, ['t'] = A1);
	int32_t sa = (int32_t)a, sb = (int32_t)b;

	keeps.division = LIFT_DIVISION_KEEPS_DIVIDEND;
	if (b == 0) {
		check_one(model, div, a, b, hilo(0, sa < 0 ? 0xFFFFFFFF : 0x7FFFFFFF));
		check_one(model, divu, a, b, hilo(0, 0xFFFFFFFF));
		check_one(&keeps, div, a, b, hilo(a, sa < 0 ? 1 : 0xFFFFFFFF));
		check_one(&keeps, divu, a, b, hilo(a, 0xFFFFFFFF));
		return;
	}
	check_one(model, divu, a, b, hilo(a % b, a / b));
	if (a == 0x80000000 && sb == -1)
		check_one(model, div, a, b, hilo(0, 0x80000000));
	else
		check_one(model, div, a, b, hilo((uint32_t)(sa % sb), (uint32_t)(sa / sb)));
}

static void check_arithmetic(uint32_t a, uint32_t b)
{
	const struct lift_model *model = &cpu_model_mips161.lift;
	int64_t sa = (int32_t)a, sb = (int32_t)b;
	uint64_t product = (uint64_t)(sa * sb), unsigned_product = (uint64_t)a * b;
	int16_t imm = (int16_t)b;
#define CHECK(op, expected)                                                                                  \
	check_one(model, MIPS_WORD(op, ['d'] = V0, ['s'] = A0, ['t'] = A1), a, b, (expected))
#define CHECK_IMM(op, expected)                                                                              \
	check_one(model, MIPS_WORD(op, ['t'] = V0, ['s'] = A0, ['i'] = imm, ['u'] = imm, ['U'] = imm), a, b, \
		  (expected))
#define CHECK_SHIFT(op, expected)                                                                            \
	check_one(model, MIPS_WORD(op, ['d'] = V0, ['t'] = A0, ['a'] = (int32_t)(b & 31)), a, b, (expected))
#define CHECK_VARIABLE(op, expected)                                                                         \
	check_one(model, MIPS_WORD(op, ['d'] = V0, ['t'] = A0, ['s'] = A1), a, b, (expected))

	CHECK(ADD, traps_unless(sa + sb));
	CHECK(SUB, traps_unless(sa - sb));
	CHECK(ADDU, gives(a + b));
	CHECK(SUBU, gives(a - b));
	CHECK(AND, gives(a & b));
	CHECK(OR, gives(a | b));
	CHECK(XOR, gives(a ^ b));
	CHECK(NOR, gives(~(a | b)));
	CHECK(SLT, gives(sa < sb));
	CHECK(SLTU, gives(a < b));
	CHECK(MULT, hilo((uint32_t)(product >> 32), (uint32_t)product));
	CHECK(MULTU, hilo((uint32_t)(unsigned_product >> 32), (uint32_t)unsigned_product));
	CHECK(MFHI, gives(0x11));
	CHECK(MFLO, gives(0x22));
	CHECK(MTHI, hilo(a, 0x22));
	CHECK(MTLO, hilo(0x11, a));
	CHECK_IMM(ADDI, traps_unless(sa + imm));
	CHECK_IMM(ADDIU, gives(a + (uint32_t)imm));
	CHECK_IMM(SLTI, gives(sa < imm));
	CHECK_IMM(SLTIU, gives(a < (uint32_t)imm));
	CHECK_IMM(ANDI, gives(a & (uint16_t)imm));
	CHECK_IMM(ORI, gives(a | (uint16_t)imm));
	CHECK_IMM(XORI, gives(a ^ (uint16_t)imm));
	CHECK_IMM(LUI, gives((uint32_t)(uint16_t)imm << 16));
	CHECK_SHIFT(SLL, gives(a << (b & 31)));
	CHECK_SHIFT(SRL, gives(a >> (b & 31)));
	CHECK_SHIFT(SRA, gives((uint32_t)((int32_t)a >> (b & 31))));
	CHECK_VARIABLE(SLLV, gives(a << (b & 31)));
	CHECK_VARIABLE(SRLV, gives(a >> (b & 31)));
	CHECK_VARIABLE(SRAV, gives((uint32_t)((int32_t)a >> (b & 31))));
	check_divisions(a, b);
#undef CHECK
#undef CHECK_IMM
#undef CHECK_SHIFT
#undef CHECK_VARIABLE
}

static uint32_t leading_zeros(uint32_t value)
{
	unsigned count = 0;

	while (count < 32 && !(value >> (31 - count) & 1))
		count++;
	return count;
}

static struct result accumulated(uint64_t sum)
{
	return hilo((uint32_t)(sum >> 32), (uint32_t)sum);
}

static struct result traps_if(bool condition)
{
	struct result result = gives(0x55AA1234);

	result.traps = condition;
	return result;
}

static void check_mips32(uint32_t a, uint32_t b)
{
	const struct lift_model *model = &cpu_model_mips32("24Kf", true)->lift;
	const uint64_t old = 0x1100000022;
	int64_t sa = (int32_t)a, sb = (int32_t)b;
	uint64_t product = (uint64_t)(sa * sb), unsigned_product = (uint64_t)a * b;
	uint32_t rotated = b & 31 ? a >> (b & 31) | a << (32 - (b & 31)) : a;
	int16_t imm = (int16_t)b;
#define CHECK(op, expected)                                                                                  \
	check_one(model, MIPS_WORD(op, ['d'] = V0, ['s'] = A0, ['t'] = A1), a, b, (expected))
#define CHECK_RT(op, expected)	check_one(model, MIPS_WORD(op, ['d'] = V0, ['t'] = A0), a, b, (expected))
#define CHECK_IMM(op, expected) check_one(model, MIPS_WORD(op, ['s'] = A0, ['i'] = imm), a, b, (expected))

	CHECK(MUL, gives(a * b));
	CHECK(MOVZ, gives(b == 0 ? a : 0x55AA1234));
	CHECK(MOVN, gives(b != 0 ? a : 0x55AA1234));
	CHECK(CLZ, gives(leading_zeros(a)));
	CHECK(CLO, gives(leading_zeros(~a)));
	CHECK(MADD, accumulated(old + product));
	CHECK(MADDU, accumulated(old + unsigned_product));
	CHECK(MSUB, accumulated(old - product));
	CHECK(MSUBU, accumulated(old - unsigned_product));
	CHECK(TEQ, traps_if(a == b));
	CHECK(TNE, traps_if(a != b));
	CHECK(TLT, traps_if(sa < sb));
	CHECK(TGE, traps_if(sa >= sb));
	CHECK(TLTU, traps_if(a < b));
	CHECK(TGEU, traps_if(a >= b));
	CHECK_IMM(TEQI, traps_if(sa == imm));
	CHECK_IMM(TNEI, traps_if(sa != imm));
	CHECK_IMM(TLTI, traps_if(sa < imm));
	CHECK_IMM(TGEI, traps_if(sa >= imm));
	CHECK_IMM(TLTIU, traps_if(a < (uint32_t)imm));
	CHECK_IMM(TGEIU, traps_if(a >= (uint32_t)imm));
	CHECK_RT(SEB, gives((uint32_t)(int8_t)a));
	CHECK_RT(SEH, gives((uint32_t)(int16_t)a));
	CHECK_RT(WSBH, gives((a & 0xFF) << 8 | (a >> 8 & 0xFF) | (a & 0xFF0000) << 8 | (a >> 8 & 0xFF0000)));
	check_one(model, MIPS_WORD(ROTRV, ['d'] = V0, ['t'] = A0, ['s'] = A1), a, b, gives(rotated));
	check_one(model, MIPS_WORD(ROTR, ['d'] = V0, ['t'] = A0, ['a'] = (int32_t)(b & 31)), a, b,
		  gives(rotated));
	check_one(model, MIPS_WORD(DIV, ['s'] = A0, ['t'] = 0), a, b, hilo(0, a));
	check_one(model, MIPS_WORD(DIVU, ['s'] = A0, ['t'] = 0), a, b, hilo(0, a));
#undef CHECK
#undef CHECK_RT
#undef CHECK_IMM
}

/* All bit fields: EXT's m is the size less one, INS's the last bit. */
static void check_fields(uint32_t value)
{
	const struct lift_model *model = &cpu_model_mips32("24Kf", true)->lift;

	for (int position = 0; position < 32; position++) {
		for (int last = position; last < 32; last++) {
			uint32_t mask = (uint32_t)((UINT64_C(2) << last) - (UINT64_C(1) << position));

			check_one(
			    model,
			    MIPS_WORD(EXT, ['t'] = V0, ['s'] = A0, ['a'] = position, ['m'] = last - position),
			    value, 0, gives((value & mask) >> position));
			check_one(model,
				  MIPS_WORD(INS, ['t'] = V0, ['s'] = A0, ['a'] = position, ['m'] = last),
				  value, 0, gives((0x55AA1234 & ~mask) | (value << position & mask)));
		}
	}
}

static void test_mips32(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(interesting); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(interesting); j++)
			check_mips32(interesting[i], interesting[j]);
	}
	check_fields(0x9ABCDEF7);
}

static void test_arithmetic(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(interesting); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(interesting); j++)
			check_arithmetic(interesting[i], interesting[j]);
	}
}

/* Loads and stores on the memory 11 22 33 44 55 66 77 88 and the register 55AA1234, in both byte orders. */
static void check_memory(bool big_endian, enum mips_op op, int offset, uint32_t v0, uint64_t memory)
{
	struct mips_fields fields = {{['t'] = V0, ['s'] = A0, ['o'] = offset}};
	uint32_t word = mips_encode(op, &fields);
	struct ir_mode mode = {.big_endian = big_endian};
	struct guest guest = {.memory = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}};
	struct ir_region region;
	uint64_t after = 0;

	guest.state[ir_state_gpr(A0)] = 0x80000000;
	guest.state[ir_state_gpr(V0)] = 0x55AA1234;
	ir_region_init(&region, mode);
	assert_true(
	    lift_block(&region, &cpu_model_mips161.lift, &options, KSEG0_VA, 0x1000, &word, 1, false));
	assert_verified(&region);
	ir_optimise(&region, 0);
	assert_verified(&region);
	assert_false(evaluate(&region, &region.blocks[0], &guest).left);
	ir_region_free(&region);
	for (unsigned i = 0; i < 8; i++)
		after = after << 8 | guest.memory[i];
	assert_int_equal(guest.state[ir_state_gpr(V0)], v0);
	assert_true(after == memory);
}

static void test_memory(void **state)
{
	const uint64_t same = 0x1122334455667788;
	const uint32_t old = 0x55AA1234;

	(void)state;
	check_memory(true, MIPS_OP_LB, 7, 0xFFFFFF88, same);
	check_memory(true, MIPS_OP_LBU, 7, 0x88, same);
	check_memory(true, MIPS_OP_LH, 6, 0x7788, same);
	check_memory(false, MIPS_OP_LH, 6, 0xFFFF8877, same);
	check_memory(true, MIPS_OP_LHU, 2, 0x3344, same);
	check_memory(true, MIPS_OP_LW, 4, 0x55667788, same);
	check_memory(false, MIPS_OP_LW, 4, 0x88776655, same);
	check_memory(true, MIPS_OP_SB, 1, old, 0x1134334455667788);
	check_memory(true, MIPS_OP_SH, 2, old, 0x1122123455667788);
	check_memory(true, MIPS_OP_SW, 4, old, 0x1122334455AA1234);
	check_memory(false, MIPS_OP_SW, 4, old, 0x112233443412AA55);

	/* MIPS RISC Architecture, appendix A, LWL, LWR, SWL and SWR. */
	check_memory(true, MIPS_OP_LWL, 0, 0x11223344, same);
	check_memory(true, MIPS_OP_LWL, 1, 0x22334434, same);
	check_memory(true, MIPS_OP_LWL, 2, 0x33441234, same);
	check_memory(true, MIPS_OP_LWL, 3, 0x44AA1234, same);
	check_memory(true, MIPS_OP_LWR, 0, 0x55AA1211, same);
	check_memory(true, MIPS_OP_LWR, 1, 0x55AA1122, same);
	check_memory(true, MIPS_OP_LWR, 2, 0x55112233, same);
	check_memory(true, MIPS_OP_LWR, 3, 0x11223344, same);
	check_memory(true, MIPS_OP_SWL, 1, old, 0x1155AA1255667788);
	check_memory(true, MIPS_OP_SWR, 1, old, 0x1234334455667788);
	check_memory(false, MIPS_OP_LWL, 0, 0x11AA1234, same);
	check_memory(false, MIPS_OP_LWL, 3, 0x44332211, same);
	check_memory(false, MIPS_OP_LWL, 1, 0x22111234, same);
	check_memory(false, MIPS_OP_LWR, 0, 0x44332211, same);
	check_memory(false, MIPS_OP_LWR, 1, 0x55443322, same);
	check_memory(false, MIPS_OP_LWR, 3, 0x55AA1244, same);
	check_memory(false, MIPS_OP_SWL, 1, old, 0xAA55334455667788);
	check_memory(false, MIPS_OP_SWR, 1, old, 0x113412AA55667788);
}

static void test_branches(void **state)
{
	static const struct {
		enum mips_op op;
		bool negative, zero, positive; /* taken */
	} branches[] = {{MIPS_OP_BLEZ, true, true, false},    {MIPS_OP_BGTZ, false, false, true},
			{MIPS_OP_BLTZ, true, false, false},   {MIPS_OP_BGEZ, false, true, true},
			{MIPS_OP_BLTZAL, true, false, false}, {MIPS_OP_BGEZAL, false, true, true},
			{MIPS_OP_BEQ, false, true, false},    {MIPS_OP_BNE, true, false, true}};
	static const uint32_t values[] = {0xFFFFFFFE, 0, 5};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(branches); i++) {
		struct mips_fields fields = {{['s'] = A0, ['b'] = 64}};
		uint32_t words[] = {mips_encode(branches[i].op, &fields), 0};

		for (unsigned j = 0; j < 3; j++) {
			bool taken = j == 0   ? branches[i].negative
				     : j == 1 ? branches[i].zero
					      : branches[i].positive;
			struct guest guest = {0};
			struct ir_region region;
			struct outcome outcome;

			guest.state[ir_state_gpr(A0)] = values[j];
			ir_region_init(&region, kernel);
			assert_true(lift_block(&region, &cpu_model_mips161.lift, &options, KSEG0_VA, 0x1000,
					       words, 2, false));
			outcome = evaluate(&region, &region.blocks[0], &guest);
			assert_int_equal(outcome.target, taken ? KSEG0_VA + 4 + 256 : KSEG0_VA + 8);
			ir_region_free(&region);
		}
	}
}

/* --- everything that can be lifted --- */

static uint32_t random_instruction(const struct mips_encoding *encoding)
{
	uint32_t word = random_word();

	for (unsigned i = 0; i < encoding->field_count; i++) {
		const struct mips_field *field = &encoding->fields[i];

		/* Few registers, so that instructions meet each other. */
		if (field->width == 5 && strchr("std", field->letter))
			word = (word & ~(31u << field->shift)) | (random_word() % 6) << field->shift;
	}
	return (word & ~encoding->mask) | encoding->match;
}

static void assert_same_outcome(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->left, b->left);
	assert_int_equal(a->target, b->target);
	assert_int_equal(a->time.index, b->time.index);
	assert_int_equal(a->time.cycle, b->time.cycle);
	assert_int_equal(a->time.delay_slot, b->time.delay_slot);
}

static void check_lifted(struct ir_mode mode, const struct lift_options *with, uint32_t va,
			 const uint32_t *words, unsigned count, bool last_page)
{
	struct ir_region region;
	struct guest before = {.active = 1000}, after;
	struct outcome outcomes[2];

	ir_region_init(&region, mode);
	if (lift_block(&region, &cpu_model_mips161.lift, with, va, 0x1000 | (va & 0xFFF), words, count,
		       last_page)) {
		assert_int_equal(region.count, 1);
		assert_verified(&region);
		assert_round_trip(&region);
		for (unsigned i = 0; i < IR_STATE_COUNT; i++)
			before.state[i] = random_word() % 3 ? random_word() & 0xFFFFFF : random_word();
		before.state[IR_STATE_HI_READY] = 999 + random_word() % 3;
		before.state[IR_STATE_LO_READY] = 999 + random_word() % 3;
		after = before;
		outcomes[0] = evaluate(&region, &region.blocks[0], &before);
		ir_optimise(&region, 0);
		assert_verified(&region);
		assert_round_trip(&region);
		outcomes[1] = evaluate(&region, &region.blocks[0], &after);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_same_outcome(&outcomes[0], &outcomes[1]);
	} else {
		assert_int_equal(region.count, 0);
	}
	ir_region_free(&region);
}

static uint32_t random_va(struct ir_mode mode)
{
	uint32_t base = mode.user ? 0x00400000 : mode.mapped ? 0xC0001000 : 0x80001000;

	if (random_word() % 16 == 0)
		base = mode.user ? 0x7FFFF000 : mode.mapped ? 0xFFFFF000 : 0x9FFFF000;
	return base + (random_word() % 2 ? random_word() % 1024 : 1008 + random_word() % 16) * 4;
}

static struct ir_mode random_mode(void)
{
	const struct ir_mode modes[] = {kernel, user, mapped_kernel};

	return modes[random_word() % 3];
}

static struct lift_options random_options(void)
{
	return (struct lift_options){.sensitive_inline = random_word() % 2,
				     .max_instructions = 1 + random_word() % 40,
				     .ram_size = random_word() % 2 ? 0x100000 : 0};
}

/* Each instruction alone, and in the delay slot of each kind of branch. */
static void test_every_instruction(void **state)
{
	const uint32_t branches[] = {MIPS_WORD(BEQ, ['s'] = 4, ['t'] = 5, ['b'] = 8),
				     MIPS_WORD(BEQ, ['b'] = 0x2000),
				     MIPS_WORD(J, ['j'] = 0x400),
				     MIPS_WORD(JAL, ['j'] = 0x800),
				     MIPS_WORD(JR, ['s'] = 3),
				     MIPS_WORD(JALR, ['s'] = 3, ['d'] = 31),
				     MIPS_WORD(BGEZAL, ['s'] = 4, ['b'] = -8)};

	(void)state;
	random_state = 1;
	for (unsigned op = 0; op < MIPS_OP_COUNT; op++) {
		const struct mips_encoding *encoding = mips_encoding_for(&mips_isa_mips161, op);

		for (unsigned i = 0; encoding && i < 100; i++) {
			uint32_t words[3] = {random_instruction(encoding), 0, 0};
			struct ir_mode mode = random_mode();
			struct lift_options with = random_options();

			check_lifted(mode, &with, random_va(mode), words, 3, random_word() % 2);
			words[1] = words[0];
			words[0] = branches[random_word() % ARRAY_SIZE(branches)];
			check_lifted(mode, &with, random_va(mode), words, 3, random_word() % 2);
		}
	}
}

/* Passes do not change what a block does, wherever it is left. */
static void test_random_blocks(void **state)
{
	(void)state;
	random_state = 2;
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t words[40];
		struct ir_mode mode = random_mode();
		struct lift_options with = random_options();

		for (unsigned j = 0; j < ARRAY_SIZE(words);) {
			enum mips_op op = random_word() % MIPS_OP_COUNT;
			const struct mips_encoding *encoding = mips_encoding_for(&mips_isa_mips161, op);

			if (encoding)
				words[j++] = random_instruction(encoding);
		}
		check_lifted(mode, &with, random_va(mode), words, ARRAY_SIZE(words), random_word() % 2);
	}
}

/* Any word at all. */
static void test_random_words(void **state)
{
	(void)state;
	random_state = 3;
	for (unsigned i = 0; i < 20000; i++) {
		struct ir_mode mode = random_mode();
		struct lift_options with = random_options();
		uint32_t words[] = {random_word(), random_word(), random_word(), random_word()};

		check_lifted(mode, &with, random_va(mode), words, ARRAY_SIZE(words), random_word() % 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arithmetic),
	    cmocka_unit_test(test_mips32),
	    cmocka_unit_test(test_memory),
	    cmocka_unit_test(test_branches),
	    cmocka_unit_test(test_every_instruction),
	    cmocka_unit_test(test_random_blocks),
	    cmocka_unit_test(test_random_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

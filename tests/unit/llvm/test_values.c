/* Every value operation in every width against C. Operands come from 64-bit states and results go to one. */
#include "tests/unit/llvm/fixture.h"

#include <stdlib.h>

static const enum ir_type types[] = {IR_I8, IR_I16, IR_I32, IR_I64};
static const enum ir_op ops[] = {IR_ADD, IR_SUB, IR_MUL, IR_SDIV, IR_UDIV, IR_SREM, IR_UREM, IR_AND, IR_OR,
				 IR_XOR, IR_SHL, IR_SHR, IR_SAR,  IR_EQ,   IR_NE,   IR_SLT,  IR_SLE, IR_ULT};
#define TYPES (sizeof(types) / sizeof(types[0]))
#define OPS   (sizeof(ops) / sizeof(ops[0]))

static const uint64_t samples[] = {0,
				   1,
				   2,
				   7,
				   31,
				   0x7F,
				   0x80,
				   0xFF,
				   0x7FFF,
				   0x8000,
				   0x12345678,
				   0x7FFFFFFF,
				   0x80000000,
				   0xFFFFFFFF,
				   0x123456789ABCDEF0,
				   0x7FFFFFFFFFFFFFFF,
				   0x8000000000000000,
				   0xFFFFFFFFFFFFFFFF};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static unsigned bits_of(enum ir_type type)
{
	return type == IR_I8 ? 8 : type == IR_I16 ? 16 : type == IR_I32 ? 32 : 64;
}

static uint64_t low(uint64_t value, unsigned bits)
{
	return bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

static int64_t extended(uint64_t value, unsigned bits)
{
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static bool is_comparison(enum ir_op op)
{
	return op == IR_EQ || op == IR_NE || op == IR_SLT || op == IR_SLE || op == IR_ULT;
}

/* False where the IR leaves the result undefined. */
static bool expected(enum ir_op op, unsigned bits, uint64_t a, uint64_t b, uint64_t *result)
{
	int64_t sa, sb;

	a = low(a, bits);
	b = low(b, bits);
	sa = extended(a, bits);
	sb = extended(b, bits);
	switch (op) {
	case IR_ADD:
		*result = a + b;
		break;
	case IR_SUB:
		*result = a - b;
		break;
	case IR_MUL:
		*result = a * b;
		break;
	case IR_SDIV:
	case IR_SREM:
		if (sb == 0 || (sb == -1 && a == (uint64_t)1 << (bits - 1)))
			return false;
		*result = (uint64_t)(op == IR_SDIV ? sa / sb : sa % sb);
		break;
	case IR_UDIV:
	case IR_UREM:
		if (b == 0)
			return false;
		*result = op == IR_UDIV ? a / b : a % b;
		break;
	case IR_AND:
		*result = a & b;
		break;
	case IR_OR:
		*result = a | b;
		break;
	case IR_XOR:
		*result = a ^ b;
		break;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		if (b >= bits)
			return false;
		*result = op == IR_SHL ? a << b : op == IR_SHR ? a >> b : (uint64_t)(sa >> b);
		break;
	case IR_EQ:
		*result = a == b;
		break;
	case IR_NE:
		*result = a != b;
		break;
	case IR_SLT:
		*result = sa < sb;
		break;
	case IR_SLE:
		*result = sa <= sb;
		break;
	default:
		*result = a < b;
		break;
	}
	*result = low(*result, is_comparison(op) ? 1 : bits);
	return true;
}

static struct ir_block *open_region(struct ir_region *ir)
{
	struct ir_block *block;

	ir_region_init(ir, (struct ir_mode){.big_endian = true});
	block = ir_block_add(ir, 0x80001000, 0x1000);
	block->guest_count = block->cost = 1;
	block->entry = true;
	return block;
}

static void make_binary(struct ir_region *ir, enum ir_op op, enum ir_type type)
{
	struct ir_block *block = open_region(ir);
	ir_value a = ir_get(block, IR_STATE_HI_READY), b = ir_get(block, IR_STATE_LO_READY), result;

	if (type != IR_I64) {
		a = ir_unary(block, IR_TRUNC, type, a);
		b = ir_unary(block, IR_TRUNC, type, b);
	}
	result = ir_binary(block, op, type, a, b);
	if (ir_type_of(block, result) != IR_I64)
		result = ir_unary(block, IR_ZEXT, IR_I64, result);
	ir_set(block, IR_STATE_COUNT_BASE, result);
	ir_jump(block, 0x80002000);
}

/* All of them are one module, so this also tests many regions at once. */
static void test_binary(void **state)
{
	struct fixture *fixture = *state;
	static struct ir_region ir[TYPES * OPS];
	static struct backend_region regions[TYPES * OPS];
	static uint32_t entries[TYPES * OPS];
	struct error error;
	unsigned count = 0;

	for (unsigned t = 0; t < TYPES; t++) {
		for (unsigned o = 0; o < OPS; o++, count++) {
			make_binary(&ir[count], ops[o], types[t]);
			regions[count] =
			    (struct backend_region){.ir = &ir[count], .entries = &entries[count]};
		}
	}
	if (!fixture->interface->compile(fixture->thread, regions, count, NULL, &error))
		fail_msg("%s", error.text);

	for (unsigned i = 0; i < count; i++) {
		enum ir_op op = ops[i % OPS];
		enum ir_type type = types[i / OPS];
		const void *code = fixture_install(fixture, &regions[i].image, entries[i], 2 * i);

		for (unsigned j = 0; j < SAMPLES * SAMPLES; j++) {
			uint64_t a = samples[j / SAMPLES], b = samples[j % SAMPLES], want;

			if (!expected(op, bits_of(type), a, b, &want))
				continue;
			fixture->cpu->hi_ready = a;
			fixture->cpu->lo_ready = b;
			fixture->cpu->count_base = ~want;
			fixture_run(fixture, code, 5);
			fixture_expect_slot(fixture, 2 * i, 4);
			if (fixture->cpu->count_base != want)
				fail_msg("%s.%s %#llx, %#llx: got %#llx, not %#llx", ir_op_info[op].name,
					 ir_type_name(type), (unsigned long long)a, (unsigned long long)b,
					 (unsigned long long)fixture->cpu->count_base,
					 (unsigned long long)want);
		}
		ir_region_free(&ir[i]);
	}
}

static void test_conversions(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned t = 0; t < TYPES - 1; t++) {
		for (unsigned sign = 0; sign < 2; sign++) {
			struct ir_region ir;
			const void *entry;
			struct ir_block *block = open_region(&ir);
			ir_value value =
			    ir_unary(block, IR_TRUNC, types[t], ir_get(block, IR_STATE_HI_READY));
			struct error error;

			value = ir_unary(block, sign ? IR_SEXT : IR_ZEXT, IR_I64, value);
			ir_set(block, IR_STATE_COUNT_BASE, value);
			ir_jump(block, 0x80002000);
			if (!fixture_compile_region(fixture, fixture->thread, &ir, &entry, NULL, NULL,
						    &error))
				fail_msg("%s", error.text);
			for (unsigned i = 0; i < SAMPLES; i++) {
				unsigned bits = bits_of(types[t]);

				fixture->cpu->hi_ready = samples[i];
				fixture_run(fixture, entry, 5);
				assert_int_equal(fixture->cpu->count_base,
						 sign ? (uint64_t)extended(samples[i], bits)
						      : low(samples[i], bits));
			}
			ir_region_free(&ir);
		}
	}
}

static void test_select_and_constant(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   "region mode=kernel,unmapped,big\n"
					   "block va=80001000 pa=00001000 guest=1 cost=1 entry\n"
					   "  %0 = get.i32 a0\n"
					   "  %1 = const.i32 0\n"
					   "  %2 = eq.i32 %0, %1\n"
					   "  %3 = const.i32 0x12345678\n"
					   "  %4 = get.i32 a1\n"
					   "  %5 = select.i32 %2, %3, %4\n"
					   "  set v0, %5\n"
					   "  jump 80001004\n",
					   0x80001000);

	fixture_reset(fixture);
	fixture->cpu->gpr[5] = 77;
	fixture_run(fixture, code, 1);
	fixture_expect_slot(fixture, FIRST_SLOT, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x12345678);
	fixture->cpu->gpr[4] = 1;
	fixture_run(fixture, code, 1);
	assert_int_equal(fixture->cpu->gpr[2], 77);
}

/* Each state is read from and written to its own field. */
static void test_states(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned user = 0; user < 2; user++) {
		struct ir_region ir;
		const void *entry;
		struct ir_block *block = open_region(&ir);
		struct cpu *cpu = fixture->cpu;
		struct error error;
		uint32_t *words[] = {&cpu->hi,	     &cpu->lo,	    &cpu->lookup_va, &cpu->index,
				     &cpu->entry_lo, &cpu->context, &cpu->bad_vaddr, &cpu->asid,
				     &cpu->compare,  &cpu->status,  &cpu->cause,     &cpu->epc};
		uint64_t *longs[] = {&cpu->hi_ready, &cpu->lo_ready, &cpu->count_base, &cpu->sync_count};

		ir.mode.user = ir.mode.mapped = user;
		for (unsigned s = 0; s < IR_STATE_COUNT; s++) {
			enum ir_type type = ir_state_info[s].type;

			ir_set(
			    block, s,
			    ir_binary(block, IR_ADD, type, ir_get(block, s), ir_const(block, type, s + 1)));
		}
		ir_jump(block, 0x80001004);
		if (!fixture_compile_region(fixture, fixture->thread, &ir, &entry, NULL, NULL, &error))
			fail_msg("%s", error.text);
		fixture_reset(fixture);
		for (unsigned i = 1; i < 32; i++)
			cpu->gpr[i] = i * 1000;
		for (unsigned i = 0; i < 12; i++)
			*words[i] = i * 10000;
		for (unsigned i = 0; i < 4; i++)
			*longs[i] = i * 100000;
		fixture_run(fixture, entry, 1);
		fixture_expect_slot(fixture, FIRST_SLOT, 0);
		assert_int_equal(cpu->gpr[0], 0);
		for (unsigned i = 1; i < 32; i++)
			assert_int_equal(cpu->gpr[i], i * 1000 + IR_STATE_AT + i);
		assert_int_equal(cpu->hi, 0 + IR_STATE_HI + 1);
		assert_int_equal(cpu->lo, 10000 + IR_STATE_LO + 1);
		assert_int_equal(cpu->lookup_va, 20000 + IR_STATE_LOOKUP_VA + 1);
		assert_int_equal(cpu->index, 30000 + IR_STATE_INDEX + 1);
		assert_int_equal(cpu->entry_lo, 40000 + IR_STATE_ENTRY_LO + 1);
		assert_int_equal(cpu->context, 50000 + IR_STATE_CONTEXT + 1);
		assert_int_equal(cpu->bad_vaddr, 60000 + IR_STATE_BAD_VADDR + 1);
		assert_int_equal(cpu->asid, 70000 + IR_STATE_ASID + 1);
		assert_int_equal(cpu->compare, 80000 + IR_STATE_COMPARE + 1);
		assert_int_equal(cpu->status, 90000 + IR_STATE_STATUS + 1);
		assert_int_equal(cpu->cause, 100000 + IR_STATE_CAUSE + 1);
		assert_int_equal(cpu->epc, 110000 + IR_STATE_EPC + 1);
		assert_int_equal(cpu->hi_ready, IR_STATE_HI_READY + 1);
		assert_int_equal(cpu->lo_ready, 100000 + IR_STATE_LO_READY + 1);
		assert_int_equal(cpu->count_base, 200000 + IR_STATE_COUNT_BASE + 1);
		assert_int_equal(cpu->sync_count, 300000 + IR_STATE_SYNC_COUNT + 1);
		ir_region_free(&ir);
	}
}

static void test_active(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   "region mode=kernel,unmapped,big\n"
					   "block va=80001000 pa=00001000 guest=3 cost=5 entry\n"
					   "  %0 = active.i64 @1/2\n"
					   "  set count_base, %0\n"
					   "  jump 8000100c\n",
					   0x80001000);

	fixture_reset(fixture);
	fixture->cpu->active_end = 1000;
	fixture_run(fixture, code, 100);
	fixture_expect_slot(fixture, FIRST_SLOT, 95);
	assert_int_equal(fixture->cpu->count_base, 902);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_binary),
	    cmocka_unit_test(test_conversions),
	    cmocka_unit_test(test_select_and_constant),
	    cmocka_unit_test(test_states),
	    cmocka_unit_test(test_active),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

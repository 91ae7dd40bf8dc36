/* Ways into, through and out of regions: budget, loops, slots, the jump cache, helper calls. */
#include "tests/unit/llvm/fixture.h"

#include <stdio.h>

#define KERNEL "region mode=kernel,unmapped,big\n"
#define ASID   0x140u

/* for (v0 = 0; a0 != 0; a0--) v0 += a0; blocks of 2, 3 and 1 instructions. */
static const char loop_text[] = KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry\n"
				       "  %0 = const.i32 0\n"
				       "  set v0, %0\n"
				       "  jump 80001008\n"
				       "block va=80001008 pa=00001008 guest=3 cost=4\n"
				       "  %0 = get.i32 v0\n"
				       "  %1 = get.i32 a0\n"
				       "  %2 = add.i32 %0, %1\n"
				       "  set v0, %2\n"
				       "  %3 = const.i32 1\n"
				       "  %4 = sub.i32 %1, %3\n"
				       "  set a0, %4\n"
				       "  %5 = const.i32 0\n"
				       "  %6 = ne.i32 %4, %5\n"
				       "  branch %6, 80001008, 80001014\n"
				       "block va=80001014 pa=00001014 guest=1 cost=1\n"
				       "  %0 = get.i32 v0\n"
				       "  set v1, %0\n"
				       "  jump 80002000\n";

static void test_loop_budget(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture, loop_text, 0x80001000);
	struct cpu *cpu = fixture->cpu;

	fixture_reset(fixture);
	/* 10 rounds cost 2 + 40 + 1. */
	for (int64_t budget = 0; budget <= 45; budget++) {
		int64_t rounds;

		cpu->gpr[4] = 10;
		cpu->gpr[2] = 1000;
		cpu->gpr[3] = 2000;
		fixture_run(fixture, code, budget);
		if (budget >= 43) {
			fixture_expect_slot(fixture, FIRST_SLOT + 4, budget - 43);
			assert_int_equal(cpu->gpr[2], 55);
			assert_int_equal(cpu->gpr[3], 55);
			assert_int_equal(cpu->gpr[4], 0);
			continue;
		}
		assert_int_equal(cpu->gpr[3], 2000);
		if (budget < 2) {
			fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001000, budget);
			assert_int_equal(cpu->gpr[2], 1000);
			continue;
		}
		/* A round is begun only if the way out after it is covered too. */
		rounds = budget < 3 ? 0 : (budget - 3) / 4;
		fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001008, budget - 2 - 4 * rounds);
		assert_int_equal(cpu->gpr[4], 10 - rounds);
		assert_int_equal(cpu->gpr[2], rounds * 10 - rounds * (rounds - 1) / 2);
	}
	/* Budgets beyond 32 bits. */
	cpu->gpr[4] = 1000;
	fixture_run(fixture, code, (int64_t)1 << 40);
	fixture_expect_slot(fixture, FIRST_SLOT + 4, ((int64_t)1 << 40) - 4003);
	assert_int_equal(cpu->gpr[2], 500500);
}

static void test_entries(void **state)
{
	struct fixture *fixture = *state;
	struct ir_region ir;
	const void *entries[3];
	struct cpu *cpu = fixture->cpu;
	struct error error;

	assert_true(ir_parse(loop_text, &ir, &error));
	ir.blocks[1].entry = ir.blocks[2].entry = true;
	if (!fixture_compile_region(fixture, fixture->thread, &ir, entries, NULL, NULL, &error))
		fail_msg("%s", error.text);
	ir_region_free(&ir);
	fixture_reset(fixture);
	cpu->gpr[2] = 100;
	cpu->gpr[4] = 2;
	fixture_run(fixture, entries[1], 100);
	fixture_expect_slot(fixture, FIRST_SLOT + 4, 91);
	assert_int_equal(cpu->gpr[2], 103);
	assert_int_equal(cpu->gpr[3], 103);
	cpu->gpr[2] = 7;
	fixture_run(fixture, entries[2], 100);
	fixture_expect_slot(fixture, FIRST_SLOT + 4, 99);
	assert_int_equal(cpu->gpr[2], 7);
	assert_int_equal(cpu->gpr[3], 7);
	cpu->gpr[4] = 1;
	fixture_run(fixture, entries[0], 100);
	fixture_expect_slot(fixture, FIRST_SLOT + 4, 93);
	assert_int_equal(cpu->gpr[3], 1);
	fixture_run(fixture, entries[2], 0);
	fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001014, 0);
}

/* Two outward exits; linking a slot goes on there with the budget that is left. */
static void test_slots(void **state)
{
	struct fixture *fixture = *state;
	const void *fork = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry\n"
						  "  %0 = get.i32 a0\n"
						  "  %1 = const.i32 3\n"
						  "  %2 = add.i32 %0, %1\n"
						  "  set v0, %2\n"
						  "  %3 = slt.i32 %0, %1\n"
						  "  branch %3, 80002000, 80003000\n",
					   0x80001000);
	const void *loop = fixture_compile(fixture, loop_text, 0x80001000);
	struct cpu *cpu = fixture->cpu;

	fixture_reset(fixture);
	cpu->gpr[4] = (uint32_t)-5;
	fixture_run(fixture, fork, 10);
	fixture_expect_slot(fixture, FIRST_SLOT, 8);
	assert_int_equal(cpu->gpr[2], (uint32_t)-2);
	cpu->gpr[4] = 4;
	fixture_run(fixture, fork, 10);
	fixture_expect_slot(fixture, FIRST_SLOT + 1, 8);
	assert_int_equal(cpu->gpr[2], 7);

	fixture->slots[FIRST_SLOT + 1] = (void *)loop;
	fixture_run(fixture, fork, 100);
	fixture_expect_slot(fixture, FIRST_SLOT + 4, 100 - 2 - 2 - 16 - 1);
	assert_int_equal(cpu->gpr[2], 10);
	/* A chain of two regions that ends when the budget does, many times round: the stack stays level. */
	fixture->slots[FIRST_SLOT + 4] = (void *)fork;
	fixture->slots[FIRST_SLOT] = (void *)fork;
	cpu->gpr[4] = 0;
	fixture_run(fixture, fork, 1000000001);
	fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001000, 1);
}

static void test_one_side_inside(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=1 cost=1 entry\n"
						  "  %0 = get.i32 a0\n"
						  "  %1 = const.i32 1\n"
						  "  %2 = sub.i32 %0, %1\n"
						  "  set a0, %2\n"
						  "  %3 = const.i32 0\n"
						  "  %4 = eq.i32 %2, %3\n"
						  "  branch %4, 80001004, 80001000\n",
					   0x80001000);

	fixture_reset(fixture);
	fixture->cpu->gpr[4] = 9;
	fixture_run(fixture, code, 100);
	fixture_expect_slot(fixture, FIRST_SLOT, 91);
	assert_int_equal(fixture->cpu->gpr[4], 0);
}

static void test_jump_indirect(void **state)
{
	static const char body[] = "block va=80001000 pa=00001000 guest=2 cost=2 entry\n"
				   "  %0 = get.i32 ra\n"
				   "  %1 = const.i32 5\n"
				   "  set v0, %1\n"
				   "  jump_indirect %0\n";
	struct fixture *fixture = *state;

	for (unsigned user = 0; user < 2; user++) {
		char text[512];
		const void *code, *loop = fixture_compile(fixture, loop_text, 0x80001000);
		struct cpu *cpu = fixture->cpu;
		struct jump_cache_entry *entry = &cpu->jump_cache[user][jump_cache_index(0x00403100)];
		struct soft_tlb_entry *page = &cpu->soft_tlb[SOFT_TLB_USER_CODE][3];

		snprintf(text, sizeof(text), "region mode=%s,big\n%s",
			 user ? "user,mapped" : "kernel,unmapped", body);
		code = fixture_compile(fixture, text, 0x80001000);
		fixture_reset(fixture);
		cpu->gpr[31] = 0x00403100;
		cpu->gpr[4] = 1;
		fixture_run(fixture, code, 100);
		fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00403100, 98);
		assert_int_equal(cpu->gpr[2], 5);

		*entry = (struct jump_cache_entry){.va = 0x00403100, .addend = 77, .code = (void *)loop};
		cpu->asid = ASID;
		if (user) {
			fixture_run(fixture, code, 100);
			fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00403100, 98);
			*page = (struct soft_tlb_entry){0x00403000 | ASID, SOFT_TLB_NO_TAG, 76};
			fixture_run(fixture, code, 100);
			fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00403100, 98);
			page->addend = 77;
		}
		fixture_run(fixture, code, 100);
		fixture_expect_slot(fixture, FIRST_SLOT + 4, 91);
		assert_int_equal(cpu->gpr[3], 1);
		if (user) {
			cpu->asid = 0;
			fixture_run(fixture, code, 100);
			fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00403100, 98);
			cpu->asid = ASID;
		}
		cpu->gpr[31] = 0x00404100; /* the same line */
		fixture_run(fixture, code, 100);
		fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00404100, 98);
	}
}

/* Jumps that select among blocks of the region by the target's address: to one of them, beside them, and where there is none. */
static void test_switch(void **state)
{
	static const char head[] = KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry switch\n"
					  "  %0 = get.i32 ra\n"
					  "  %1 = const.i32 5\n"
					  "  set v0, %1\n"
					  "  jump_indirect %0\n";
	static const uint32_t places[] = {0x80001100, 0x80001108, 0x80003000};
	static const uint32_t others[] = {0x800010fc, 0x80001104, 0x80001101, 0x8000110a, 0x80002ffc,
					  0x80003004, 0x80001000, 0,	      0xfffffffc, 0xa0001100};
	struct fixture *fixture = *state;
	char text[2048];
	int length = snprintf(text, sizeof(text), "%s", head);

	for (unsigned i = 0; i < 3; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "block va=%08x pa=%08x guest=1 cost=1 case\n"
				   "  %%0 = const.i32 %u\n"
				   "  set v1, %%0\n"
				   "  jump 80004000\n",
				   places[i], places[i] & 0xFFFF, 7 + i);
	const void *with = fixture_compile(fixture, text, 0x80001000),
		   *without = fixture_compile(fixture, head, 0x80001000);
	struct cpu *cpu = fixture->cpu;

	fixture_reset(fixture);
	for (unsigned i = 0; i < 3; i++) {
		cpu->gpr[31] = places[i];
		cpu->gpr[2] = cpu->gpr[3] = 0;
		fixture_run(fixture, with, 100);
		assert_int_equal(cpu->exit_reason, EXIT_SLOT);
		assert_int_equal(cpu->budget, 97);
		assert_int_equal(cpu->gpr[2], 5);
		assert_int_equal(cpu->gpr[3], 7 + i);
		fixture_run(fixture, without, 100);
		fixture_expect_exit(fixture, EXIT_INDIRECT, places[i], 98);
	}
	cpu->gpr[3] = 0;
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cpu->gpr[31] = others[i];
		fixture_run(fixture, with, 100);
		fixture_expect_exit(fixture, EXIT_INDIRECT, others[i], 98);
		assert_int_equal(cpu->gpr[3], 0);
	}
}

/* In mapped code a jump to another page never goes there directly, not even inside the region. */
static void test_page_crossing(void **state)
{
	static const char body[] = "block va=00401ff8 pa=00001ff8 guest=2 cost=2 entry\n"
				   "  %0 = const.i32 1\n"
				   "  set v0, %0\n"
				   "  jump 00402000\n"
				   "block va=00402000 pa=00002000 guest=1 cost=1 entry\n"
				   "  jump 00402004\n";
	struct fixture *fixture = *state;
	struct cpu *cpu = fixture->cpu;
	char text[512];
	const void *code;

	snprintf(text, sizeof(text), "region mode=user,mapped,big\n%s", body);
	code = fixture_compile(fixture, text, 0x00401ff8);
	fixture_reset(fixture);
	fixture_run(fixture, code, 10);
	fixture_expect_exit(fixture, EXIT_INDIRECT, 0x00402000, 8);
	assert_int_equal(cpu->gpr[2], 1);
	cpu->jump_cache[1][jump_cache_index(0x00402000)] =
	    (struct jump_cache_entry){.va = 0x00402000, .addend = 0, .code = (void *)code};
	cpu->soft_tlb[SOFT_TLB_USER_CODE][2].read_tag = 0x00402000;
	fixture_run(fixture, code, 11);
	fixture_expect_exit(fixture, EXIT_BUDGET, 0x00401FF8, 1);

	snprintf(text, sizeof(text), "region mode=kernel,unmapped,big\n%s", body);
	code = fixture_compile(fixture, text, 0x00401ff8);
	fixture_reset(fixture);
	fixture_run(fixture, code, 10);
	fixture_expect_slot(fixture, FIRST_SLOT + 2, 7);
}

static void test_exits(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=4 cost=6 entry\n"
						  "  %0 = get.i32 a0\n"
						  "  %1 = const.i32 1\n"
						  "  %2 = eq.i32 %0, %1\n"
						  "  exit_if %2 @0/0\n"
						  "  set v0, %1\n"
						  "  %3 = const.i32 2\n"
						  "  %4 = eq.i32 %0, %3\n"
						  "  exit_if %4 @2/3\n"
						  "  set v0, %3\n"
						  "  set v1, %3\n"
						  "  %5 = const.i32 3\n"
						  "  %6 = eq.i32 %0, %5\n"
						  "  exit_if %6 @3/4d\n"
						  "  set t0, %5\n"
						  "  exit @4/6\n",
					   0x80001000);
	struct cpu *cpu = fixture->cpu;
	static const struct {
		uint32_t pc;
		int64_t budget;
		uint32_t v0, v1, t0;
	} want[] = {
	    {0x80001010, 94, 2, 2, 3},
	    {0x80001000, 100, 9, 9, 9},
	    {0x80001008, 97, 1, 9, 9},
	    {0x80001008, 97, 2, 2, 9}, /* the branch before the delay slot */
	};

	fixture_reset(fixture);
	for (unsigned i = 0; i < 4; i++) {
		cpu->gpr[4] = i;
		cpu->gpr[2] = cpu->gpr[3] = cpu->gpr[8] = 9;
		fixture_run(fixture, code, 100);
		fixture_expect_exit(fixture, EXIT_INTERPRET, want[i].pc, want[i].budget);
		assert_int_equal(cpu->gpr[2], want[i].v0);
		assert_int_equal(cpu->gpr[3], want[i].v1);
		assert_int_equal(cpu->gpr[8], want[i].t0);
	}
}

static void test_calls(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=3 cost=3 entry\n"
						  "  %0 = get.i32 a0\n"
						  "  %1 = get.i32 a1\n"
						  "  %2 = call.i32 store_conditional, 0, %0, %1 @0/0\n"
						  "  set v0, %2\n"
						  "  %3 = get.i32 a2\n"
						  "  %4 = get.i32 status\n"
						  "  set t0, %4\n"
						  "  call cp0_write, 96, %3 @1/1\n"
						  "  %5 = get.i32 status\n"
						  "  set t1, %5\n"
						  "  jump 8000100c\n",
					   0x80001000);
	const void *read = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry\n"
						  "  %0 = get.i32 s0\n"
						  "  %1 = call.i32 cp0_read, 72 @1/1d\n"
						  "  %2 = add.i32 %0, %1\n"
						  "  set s0, %2\n"
						  "  jump 8000100c\n",
					   0x80001000);
	struct cpu *cpu = fixture->cpu;

	fixture_reset(fixture);
	cpu->gpr[4] = 44;
	cpu->gpr[5] = 55;
	cpu->gpr[6] = 66;
	cpu->status = 5;
	fixture->result = 1;
	fixture_run(fixture, code, 10);
	fixture_expect_slot(fixture, FIRST_SLOT, 7);
	assert_int_equal(fixture->calls, 2);
	assert_int_equal(fixture->kind, HELPER_CALL + IR_HELPER_CP0_WRITE);
	assert_int_equal(fixture->immediate, 96);
	assert_int_equal(fixture->va, 66);
	assert_int_equal(fixture->budget, 9);
	assert_int_equal(cpu->gpr[2], 1);
	assert_int_equal(cpu->gpr[8], 5);

	fixture->status = HELPER_BEFORE;
	cpu->gpr[2] = 8;
	fixture_run(fixture, code, 10);
	fixture_expect_exit(fixture, EXIT_INTERPRET, 0x80001000, 10);
	assert_int_equal(fixture->kind, HELPER_CALL + IR_HELPER_STORE_CONDITIONAL);
	assert_int_equal(fixture->va, 44);
	assert_int_equal(fixture->value, 55);
	assert_int_equal(cpu->gpr[2], 8);

	fixture->status = HELPER_DONE;
	fixture->only = HELPER_CALL + IR_HELPER_CP0_WRITE; /* the status is for this one */
	fixture->status = HELPER_AFTER;
	cpu->gpr[9] = 0;
	fixture_run(fixture, code, 10);
	fixture_expect_exit(fixture, EXIT_AFTER, 0x80001008, 8);
	assert_int_equal(cpu->gpr[2], 1);
	assert_int_equal(cpu->gpr[9], 0);
	fixture->status = HELPER_BEFORE;
	fixture_run(fixture, code, 10);
	fixture_expect_exit(fixture, EXIT_INTERPRET, 0x80001004, 9);
	fixture->only = HELPER_NONE;

	fixture->status = HELPER_DONE;
	fixture->result = 0xFFFFFFFF;
	cpu->gpr[16] = 3;
	fixture_run(fixture, read, 10);
	fixture_expect_slot(fixture, FIRST_SLOT, 8);
	assert_int_equal(fixture->immediate, 72);
	assert_int_equal(cpu->gpr[16], 2);
	fixture->status = HELPER_BEFORE;
	fixture_run(fixture, read, 10);
	fixture_expect_exit(fixture, EXIT_INTERPRET, 0x80001000, 10);
	assert_int_equal(cpu->gpr[16], 2);
}

/* All registers live across a helper call that spoils every host register it may. */
static void test_registers_survive(void **state)
{
	struct fixture *fixture = *state;
	char text[8192];
	int length = snprintf(text, sizeof(text),
			      KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry slow\n"
				     "  %%0 = get.i32 a0\n");
	const void *code;

	for (unsigned s = 0; s < 31; s++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "  %%%u = get.i32 %s\n",
				   100 + s, ir_state_info[s].name);
	length += snprintf(text + length, sizeof(text) - (size_t)length,
			   "  %%1 = load.i32 %%0 @0/0\n"
			   "  set hi, %%1\n");
	for (unsigned s = 0; s < 31; s++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "  %%%u = add.i32 %%%u, %%%u\n  set %s, %%%u\n", 200 + s, 100 + s,
				   100 + (s + 1) % 31, ir_state_info[s].name, 200 + s);
	snprintf(text + length, sizeof(text) - (size_t)length, "  jump 80001008\n");
	code = fixture_compile(fixture, text, 0x80001000);
	fixture_reset(fixture);
	for (uint32_t i = 1; i < 32; i++)
		fixture->cpu->gpr[i] = i * 0x01010101;
	fixture->result = 0x55AA55AA;
	fixture_run(fixture, code, 10);
	fixture_expect_slot(fixture, FIRST_SLOT, 8);
	assert_int_equal(fixture->calls, 1);
	assert_int_equal(fixture->cpu->hi, 0x55AA55AA);
	for (uint32_t i = 1; i < 32; i++)
		assert_int_equal(fixture->cpu->gpr[i], i * 0x01010101 + (i % 31 + 1) * 0x01010101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_loop_budget),	  cmocka_unit_test(test_entries),
	    cmocka_unit_test(test_slots),	  cmocka_unit_test(test_one_side_inside),
	    cmocka_unit_test(test_jump_indirect), cmocka_unit_test(test_switch),
	    cmocka_unit_test(test_page_crossing), cmocka_unit_test(test_exits),
	    cmocka_unit_test(test_calls),	  cmocka_unit_test(test_registers_survive),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

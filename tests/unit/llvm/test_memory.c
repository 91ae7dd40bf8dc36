/* Guest accesses: fast paths, what sends them to the helpers, and how helpers end. */
#include "tests/unit/llvm/fixture.h"

#include <stdio.h>

#define KERNEL "region mode=kernel,unmapped,big\n"
#define LITTLE "region mode=kernel,unmapped,little\n"
#define USER   "region mode=user,mapped,big\n"
#define ASID   0x140u

/* Loads from a0 into v0, then counts t0 up; the access is instruction 1 of 3. */
static const void *compile_load(struct fixture *fixture, const char *mode, const char *type)
{
	char text[1024], extend[64] = "";
	unsigned value = 2;

	if (strcmp(type, "i32") != 0) {
		snprintf(extend, sizeof(extend), "  %%3 = sext.i32 %%2\n");
		value = 3;
	}
	snprintf(text, sizeof(text),
		 "%s"
		 "block va=00001000 pa=00001000 guest=3 cost=4 entry slow\n"
		 "  %%0 = const.i32 99\n"
		 "  set s0, %%0\n"
		 "  %%1 = get.i32 a0\n"
		 "  %%2 = load.%s %%1 @1/2\n"
		 "%s"
		 "  set v0, %%%u\n"
		 "  %%4 = get.i32 t0\n"
		 "  %%5 = const.i32 1\n"
		 "  %%6 = add.i32 %%4, %%5\n"
		 "  set t0, %%6\n"
		 "  jump 0000100c\n",
		 mode, type, extend, value);
	return fixture_compile(fixture, text, 0x1000);
}

/* Stores v0 (low bits) to a0, likewise. */
static const void *compile_store(struct fixture *fixture, const char *mode, const char *operation,
				 const char *type)
{
	char text[1024], narrow[64] = "";
	unsigned value = 2;

	if (strcmp(type, "i32") != 0) {
		snprintf(narrow, sizeof(narrow), "  %%3 = trunc.%s %%2\n", type);
		value = 3;
	}
	snprintf(text, sizeof(text),
		 "%s"
		 "block va=00001000 pa=00001000 guest=3 cost=4 entry slow\n"
		 "  %%0 = const.i32 99\n"
		 "  set s0, %%0\n"
		 "  %%1 = get.i32 a0\n"
		 "  %%2 = get.i32 v0\n"
		 "%s"
		 "  %s.%s %%1, %%%u @1/2\n"
		 "  %%4 = get.i32 t0\n"
		 "  %%5 = const.i32 1\n"
		 "  %%6 = add.i32 %%4, %%5\n"
		 "  set t0, %%6\n"
		 "  jump 0000100c\n",
		 mode, narrow, operation, type, value);
	return fixture_compile(fixture, text, 0x1000);
}

static void start(struct fixture *fixture, const void *code, uint32_t va, uint32_t value)
{
	fixture->calls = 0;
	fixture->cpu->gpr[16] = 0;
	fixture->cpu->gpr[8] = 5;
	fixture->cpu->gpr[4] = va;
	fixture->cpu->gpr[2] = value;
	fixture_run(fixture, code, 100);
}

static void expect_done(const struct fixture *fixture, unsigned calls)
{
	fixture_expect_slot(fixture, FIRST_SLOT, 96);
	assert_int_equal(fixture->calls, calls);
	assert_int_equal(fixture->cpu->gpr[16], 99);
	assert_int_equal(fixture->cpu->gpr[8], 6);
}

/* The access left: t0 is as before. */
static void expect_left(const struct fixture *fixture, enum exit_reason reason, uint32_t pc, int64_t budget)
{
	fixture_expect_exit(fixture, reason, pc, budget);
	assert_int_equal(fixture->calls, 1);
	assert_int_equal(fixture->cpu->gpr[16], 99);
	assert_int_equal(fixture->cpu->gpr[8], 5);
}

static void expect_helper(const struct fixture *fixture, unsigned kind, uint32_t va, uint32_t access)
{
	assert_int_equal(fixture->kind, kind);
	assert_int_equal(fixture->va, va);
	assert_int_equal(fixture->access, access);
	assert_int_equal(fixture->budget, 98);
}

static void test_kernel_load(void **state)
{
	struct fixture *fixture = *state;
	const void *word = compile_load(fixture, KERNEL, "i32"), *half = compile_load(fixture, KERNEL, "i16"),
		   *byte = compile_load(fixture, KERNEL, "i8");
	uint8_t *ram = fixture->memory.ram;

	fixture_reset(fixture);
	memcpy(ram + 0x2000, "\x81\x23\xC5\x67", 4);
	memcpy(ram + RAM_SIZE - 4, "\x11\x22\x33\x44", 4);

	start(fixture, word, 0x80002000, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x8123C567);
	start(fixture, word, 0x80000000 + RAM_SIZE - 4, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x11223344);
	start(fixture, half, 0x80002000, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0xFFFF8123);
	start(fixture, half, 0x80002002, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0xFFFFC567);
	start(fixture, byte, 0x80002001, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x23);
	start(fixture, byte, 0x80000000 + RAM_SIZE - 1, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x44);
}

static void test_kernel_load_slow(void **state)
{
	static const uint32_t outside[] = {
	    0x80000000 + RAM_SIZE, 0x7FFFFFFC, 0, 0xA0000000, 0xFFFFFFFC, 0xBFC00000, 0x00002000};
	struct fixture *fixture = *state;
	const void *word = compile_load(fixture, KERNEL, "i32"), *half = compile_load(fixture, KERNEL, "i16"),
		   *byte = compile_load(fixture, KERNEL, "i8");

	fixture_reset(fixture);
	fixture->result = 0xFEDC8765;
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		start(fixture, word, outside[i], 0);
		expect_done(fixture, 1);
		expect_helper(fixture, HELPER_LOAD, outside[i], 4);
		assert_int_equal(fixture->cpu->gpr[2], 0xFEDC8765);
		start(fixture, byte, outside[i], 0);
		expect_done(fixture, 1);
		expect_helper(fixture, HELPER_LOAD, outside[i], 1);
		assert_int_equal(fixture->cpu->gpr[2], 0x65);
	}
	for (uint32_t i = 1; i < 4; i++) { /* misaligned */
		start(fixture, word, 0x80002000 + i, 0);
		expect_done(fixture, 1);
		expect_helper(fixture, HELPER_LOAD, 0x80002000 + i, 4);
	}
	start(fixture, half, 0x80002001, 0);
	expect_done(fixture, 1);
	expect_helper(fixture, HELPER_LOAD, 0x80002001, 2);
	assert_int_equal(fixture->cpu->gpr[2], 0xFFFF8765);

	fixture->status = HELPER_BEFORE;
	start(fixture, word, 0x1000, 1234);
	expect_left(fixture, EXIT_INTERPRET, 0x1004, 98);
	assert_int_equal(fixture->cpu->gpr[2], 1234);
}

static void test_little_endian(void **state)
{
	struct fixture *fixture = *state;
	const void *load = compile_load(fixture, LITTLE, "i32"), *half = compile_load(fixture, LITTLE, "i16"),
		   *store = compile_store(fixture, LITTLE, "store", "i32");

	fixture_reset(fixture);
	start(fixture, store, 0x80003000, 0x11223384);
	expect_done(fixture, 0);
	assert_memory_equal(fixture->memory.ram + 0x3000, "\x84\x33\x22\x11", 4);
	start(fixture, load, 0x80003000, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x11223384);
	start(fixture, half, 0x80003000, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x3384);
}

static void test_kernel_store(void **state)
{
	static const char *const types[] = {"i8", "i16", "i32"};
	struct fixture *fixture = *state;
	uint8_t *ram = fixture->memory.ram, *code_map = ram + fixture->memory.code_map_offset;

	for (unsigned i = 0; i < 3; i++) {
		unsigned size = 1u << i;
		const void *code = compile_store(fixture, KERNEL, "store", types[i]);
		uint32_t last = RAM_SIZE - size;

		fixture_reset(fixture);
		start(fixture, code, 0x80002000 + size, 0x12345678);
		expect_done(fixture, 0);
		assert_memory_equal(ram + 0x2000 + size, "\x12\x34\x56\x78" + 4 - size, size);
		assert_memory_equal(ram + 0x2000 + 2 * size, "\0\0\0\0", 4);
		assert_int_equal(ram[0x2000 + size - 1], 0);
		start(fixture, code, 0x80000000 + last, 0x12345678);
		expect_done(fixture, 0);
		assert_memory_equal(ram + last, "\x12\x34\x56\x78" + 4 - size, size);

		/* Code in the granule, in those around it, in none. */
		code_map[0x4000 >> CODE_GRANULE_SHIFT] = 1;
		start(fixture, code, 0x80004000, 0x12345678);
		expect_done(fixture, 1);
		expect_helper(fixture, HELPER_STORE, 0x80004000, size);
		assert_int_equal(fixture->value, size == 4 ? 0x12345678 : size == 2 ? 0x5678 : 0x78);
		assert_int_equal(ram[0x4000], 0);
		start(fixture, code, 0x80004080 - size, 1);
		expect_done(fixture, 1);
		start(fixture, code, 0x80004080, 1);
		expect_done(fixture, 0);
		start(fixture, code, 0x80004000 - size, 1);
		expect_done(fixture, 0);
		code_map[(RAM_SIZE - 1) >> CODE_GRANULE_SHIFT] = 0x80;
		start(fixture, code, 0x80000000 + last, 1);
		expect_done(fixture, 1);

		if (size > 1) {
			start(fixture, code, 0x80002001, 1);
			expect_done(fixture, 1);
			expect_helper(fixture, HELPER_STORE, 0x80002001, size);
		}
		start(fixture, code, 0x80000000 + RAM_SIZE, 1);
		expect_done(fixture, 1);
		start(fixture, code, 0, 1);
		expect_done(fixture, 1);

		fixture->status = HELPER_BEFORE;
		start(fixture, code, 0, 1);
		expect_left(fixture, EXIT_INTERPRET, 0x1004, 98);
		fixture->status = HELPER_AFTER;
		start(fixture, code, 0, 1);
		expect_left(fixture, EXIT_AFTER, 0x1008, 97);
	}
}

/* Memory as a word after SWL or SWR, byte by byte. */
static void partial(uint8_t bytes[4], bool left, bool big, unsigned at, uint32_t value)
{
	/* Byte i of the value counts from its most significant one. */
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = (uint8_t)(value >> (24 - 8 * i));
		int where;

		if (left) /* the upper bytes, the first of them at the address */
			where = big ? (int)(at + i) : (int)at - (int)i;
		else /* the lower bytes, the last of them at the address */
			where = big ? (int)at - 3 + (int)i : (int)at + 3 - (int)i;
		if (where >= 0 && where < 4)
			bytes[where] = byte;
	}
}

static void test_partial_stores(void **state)
{
	static const char *const modes[] = {KERNEL, LITTLE, USER};
	struct fixture *fixture = *state;
	uint8_t *ram = fixture->memory.ram;

	for (unsigned i = 0; i < 6; i++) {
		bool left = i % 2, big = i / 2 != 1, user = i / 2 == 2;
		const void *code =
		    compile_store(fixture, modes[i / 2], left ? "store_left" : "store_right", "i32");
		uint32_t flags = 4u | (left ? ACCESS_LEFT : ACCESS_RIGHT) | (user ? ACCESS_USER : 0);
		uint32_t base = user ? 0x00402000 : 0x80002000;

		fixture_reset(fixture);
		fixture->cpu->asid = ASID;
		fixture->cpu->soft_tlb[1][2] = (struct soft_tlb_entry){
		    0x00402000 | ASID, 0x00402000 | ASID, (uint64_t)(uintptr_t)ram + 0x2000 - 0x00402000};
		for (unsigned at = 0; at < 4; at++) {
			uint8_t want[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

			memcpy(ram + 0x2000, want, 12);
			partial(want + 4, left, big, at, 0xA1B2C3D4);
			start(fixture, code, base + 4 + at, 0xA1B2C3D4);
			expect_done(fixture, 0);
			assert_memory_equal(ram + 0x2000, want, 12);

			start(fixture, code, 0x10000004 + at, 0xA1B2C3D4);
			expect_done(fixture, 1);
			expect_helper(fixture, HELPER_STORE, 0x10000004 + at, flags);
			assert_int_equal(fixture->value, 0xA1B2C3D4);
		}
		if (user)
			continue;
		ram[fixture->memory.code_map_offset + (0x2000 >> CODE_GRANULE_SHIFT)] = 1;
		start(fixture, code, base + 3, 1);
		expect_done(fixture, 1);
		start(fixture, code, 0x80000000 + RAM_SIZE - 1, 1);
		expect_done(fixture, 0);
		start(fixture, code, 0x80000000 + RAM_SIZE, 1);
		expect_done(fixture, 1);
	}
}

static void test_user(void **state)
{
	struct fixture *fixture = *state;
	const void *load = compile_load(fixture, USER, "i32"), *half = compile_load(fixture, USER, "i16"),
		   *byte = compile_load(fixture, USER, "i8"),
		   *store = compile_store(fixture, USER, "store", "i32");
	uint8_t *ram = fixture->memory.ram;
	struct soft_tlb_entry *entry = &fixture->cpu->soft_tlb[1][0x34];

	fixture_reset(fixture);
	fixture->cpu->asid = ASID;
	fixture->result = 0xCAFE;
	*entry = (struct soft_tlb_entry){0x12034000 | ASID, 0x12034000 | ASID,
					 (uint64_t)(uintptr_t)ram + 0x5000 - 0x12034000};
	memcpy(ram + 0x5010, "\x01\x02\x83\x04", 4);

	start(fixture, load, 0x12034010, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x01028304);
	start(fixture, half, 0x12034012, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0xFFFF8304);
	start(fixture, byte, 0x12034013, 0);
	expect_done(fixture, 0);
	assert_int_equal(fixture->cpu->gpr[2], 4);
	start(fixture, store, 0x12034FFC, 0x55667788);
	expect_done(fixture, 0);
	assert_memory_equal(ram + 0x5FFC, "\x55\x66\x77\x88", 4);

	/* Another page of the same slot, misaligned, kernel addresses. */
	start(fixture, load, 0x12134010, 0);
	expect_done(fixture, 1);
	expect_helper(fixture, HELPER_LOAD, 0x12134010, 4 | ACCESS_USER);
	assert_int_equal(fixture->cpu->gpr[2], 0xCAFE);
	start(fixture, load, 0x12034012, 0);
	expect_done(fixture, 1);
	start(fixture, half, 0x12034011, 0);
	expect_done(fixture, 1);
	expect_helper(fixture, HELPER_LOAD, 0x12034011, 2 | ACCESS_USER);
	start(fixture, load, 0x80002000, 0);
	expect_done(fixture, 1);

	/* Another address space; read only. */
	fixture->cpu->asid = 0x180;
	start(fixture, load, 0x12034010, 0);
	expect_done(fixture, 1);
	fixture->cpu->asid = ASID;
	entry->write_tag = SOFT_TLB_NO_TAG;
	start(fixture, load, 0x12034010, 0);
	expect_done(fixture, 0);
	start(fixture, store, 0x12034010, 7);
	expect_done(fixture, 1);
	expect_helper(fixture, HELPER_STORE, 0x12034010, 4 | ACCESS_USER);
	assert_int_equal(fixture->value, 7);

	fixture->status = HELPER_BEFORE;
	start(fixture, load, 0, 1);
	expect_left(fixture, EXIT_INTERPRET, 0x1004, 98);
	start(fixture, store, 0, 1);
	expect_left(fixture, EXIT_INTERPRET, 0x1004, 98);
}

/* Addresses known at translation, and the sum of a register and an offset. */
static void test_addressing(void **state)
{
	struct fixture *fixture = *state;
	const void *constant =
	    fixture_compile(fixture,
			    KERNEL "block va=80001000 pa=00001000 guest=2 cost=2 entry slow\n"
				   "  %0 = const.i32 0x80002004\n"
				   "  %1 = load.i32 %0 @0/0\n"
				   "  set v0, %1\n"
				   "  %2 = const.i32 0xbfe00000\n"
				   "  %3 = load.i32 %2 @1/1\n"
				   "  set v1, %3\n"
				   "  jump 80001008\n",
			    0x80001000);
	const void *sum = fixture_compile(fixture,
					  KERNEL "block va=80001000 pa=00001000 guest=1 cost=1 entry slow\n"
						 "  %0 = get.i32 a0\n"
						 "  %1 = const.i32 0xfffffffc\n"
						 "  %2 = add.i32 %0, %1\n"
						 "  %3 = load.i32 %2 @0/0\n"
						 "  set v0, %3\n"
						 "  jump 80001004\n",
					  0x80001000);

	fixture_reset(fixture);
	memcpy(fixture->memory.ram + 0x2000, "abcdefgh", 8);
	fixture->result = 0x1234;
	fixture_run(fixture, constant, 2);
	fixture_expect_slot(fixture, FIRST_SLOT, 0);
	assert_int_equal(fixture->cpu->gpr[2], 0x65666768);
	assert_int_equal(fixture->cpu->gpr[3], 0x1234);
	assert_int_equal(fixture->calls, 1);
	assert_int_equal(fixture->va, 0xBFE00000);

	fixture->cpu->gpr[4] = 0x80002008;
	fixture_run(fixture, sum, 1);
	assert_int_equal(fixture->cpu->gpr[2], 0x65666768);
	assert_int_equal(fixture->calls, 1);
	fixture->cpu->gpr[4] = 0x80000000;
	fixture_run(fixture, sum, 1);
	assert_int_equal(fixture->calls, 2);
	assert_int_equal(fixture->va, 0x7FFFFFFC);
	fixture->cpu->gpr[4] = 2;
	fixture_run(fixture, sum, 1);
	assert_int_equal(fixture->va, 0xFFFFFFFE);
}

/* An access in a delay slot leaves before its branch, never after itself. */
static void test_delay_slot(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=3 cost=5 entry slow\n"
						  "  %0 = const.i32 0x80001010\n"
						  "  set ra, %0\n"
						  "  %1 = get.i32 a0\n"
						  "  %2 = get.i32 v0\n"
						  "  store.i32 %1, %2 @2/4d\n"
						  "  jump 80001100\n",
					   0x80001000);

	fixture_reset(fixture);
	fixture_run(fixture, code, 10);
	fixture_expect_slot(fixture, FIRST_SLOT, 5);
	assert_int_equal(fixture->access, 4 | ACCESS_DELAY_SLOT);
	assert_int_equal(fixture->budget, 6);
	fixture->status = HELPER_BEFORE;
	fixture->cpu->gpr[31] = 0;
	fixture_run(fixture, code, 10);
	fixture_expect_exit(fixture, EXIT_INTERPRET, 0x80001004, 7);
	assert_int_equal(fixture->cpu->gpr[31], 0x80001010);
}

static void test_probe(void **state)
{
	static const char body[] = "block va=80001000 pa=00001000 guest=2 cost=2 entry slow\n"
				   "  %0 = get.i32 a0\n"
				   "  probe %0 @1/1\n"
				   "  jump 80001008\n";
	struct fixture *fixture = *state;

	for (unsigned user = 0; user < 2; user++) {
		char text[512];
		const void *code;

		snprintf(text, sizeof(text), "region mode=%s,mapped,big\n%s", user ? "user" : "kernel", body);
		code = fixture_compile(fixture, text, 0x80001000);
		fixture_reset(fixture);
		fixture->cpu->asid = ASID;
		fixture->cpu->soft_tlb[SOFT_TLB_USER_CODE][0x34].read_tag = 0x12034000 | ASID;
		fixture->cpu->gpr[4] = 0x12034104;
		fixture_run(fixture, code, 10);
		fixture_expect_slot(fixture, FIRST_SLOT, 8);
		assert_int_equal(fixture->calls, 0);
		fixture->cpu->gpr[4] = 0x12134104;
		fixture_run(fixture, code, 10);
		fixture_expect_slot(fixture, FIRST_SLOT, 8);
		assert_int_equal(fixture->kind, HELPER_PROBE);
		assert_int_equal(fixture->va, 0x12134104);
		assert_int_equal(fixture->budget, 9);
		fixture->status = HELPER_BEFORE;
		fixture_run(fixture, code, 10);
		fixture_expect_exit(fixture, EXIT_INTERPRET, 0x80001004, 9);
	}
}

/* Accesses happen in order and once each, also those whose value nobody uses. */
static void test_order(void **state)
{
	struct fixture *fixture = *state;
	const void *code = fixture_compile(fixture,
					   KERNEL "block va=80001000 pa=00001000 guest=4 cost=4 entry slow\n"
						  "  %0 = get.i32 a0\n"
						  "  %1 = get.i32 a1\n"
						  "  %2 = load.i32 %0 @0/0\n"
						  "  store.i32 %1, %2 @1/1\n"
						  "  %3 = load.i32 %0 @2/2\n"
						  "  %4 = load.i32 %0 @3/3\n"
						  "  set v0, %4\n"
						  "  set v1, %2\n"
						  "  jump 80001010\n",
					   0x80001000);

	fixture_reset(fixture);
	fixture->memory.ram[0x103] = 5;
	fixture->memory.ram[0x203] = 6;
	fixture->cpu->gpr[4] = 0x80000100;
	fixture->cpu->gpr[5] = 0x80000200;
	fixture_run(fixture, code, 4);
	assert_int_equal(fixture->memory.ram[0x203], 5);
	assert_int_equal(fixture->cpu->gpr[2], 5);
	/* A store to the address it loads from. */
	fixture->cpu->gpr[5] = 0x80000100;
	fixture_run(fixture, code, 4);
	assert_int_equal(fixture->cpu->gpr[2], 5);
	fixture->cpu->gpr[4] = 0;
	fixture_run(fixture, code, 4);
	assert_int_equal(fixture->calls, 3);
	assert_int_equal(fixture->budget, 1);
}

/* In kernel regions lookup_va lives in memory, where the helpers see and change it. */
static void test_lookup_va(void **state)
{
	static const char body[] = "block va=00001000 pa=00001000 guest=2 cost=2 entry slow\n"
				   "  %0 = get.i32 a0\n"
				   "  %1 = get.i32 a1\n"
				   "  set lookup_va, %1\n"
				   "  %2 = load.i32 %0 @0/0\n"
				   "  %3 = get.i32 lookup_va\n"
				   "  set v1, %3\n"
				   "  jump 00001008\n";
	struct fixture *fixture = *state;

	for (unsigned user = 0; user < 2; user++) {
		char text[512];
		const void *code;

		snprintf(text, sizeof(text), "%s%s", user ? USER : KERNEL, body);
		code = fixture_compile(fixture, text, 0x1000);
		fixture_reset(fixture);
		fixture->new_lookup_va = 0x00402000;
		fixture->cpu->gpr[5] = 0x00401000;
		fixture_run(fixture, code, 2);
		assert_int_equal(fixture->calls, 1);
		assert_int_equal(fixture->seen_lookup_va, user ? 0 : 0x00401000);
		assert_int_equal(fixture->cpu->gpr[3], user ? 0x00401000 : 0x00402000);
		assert_int_equal(fixture->cpu->lookup_va, user ? 0x00401000 : 0x00402000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kernel_load),	   cmocka_unit_test(test_kernel_load_slow),
	    cmocka_unit_test(test_little_endian),  cmocka_unit_test(test_kernel_store),
	    cmocka_unit_test(test_partial_stores), cmocka_unit_test(test_user),
	    cmocka_unit_test(test_addressing),	   cmocka_unit_test(test_delay_slot),
	    cmocka_unit_test(test_probe),	   cmocka_unit_test(test_order),
	    cmocka_unit_test(test_lookup_va),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

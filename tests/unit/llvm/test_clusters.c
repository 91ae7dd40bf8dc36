/* Accesses of a block that are tested together: all of them are made, or the region is left before the first. */
#include "tests/unit/llvm/fixture.h"

#include <stdio.h>

#define KERNEL "region mode=kernel,unmapped,big\n"
#define USER   "region mode=user,mapped,big\n"
#define ASID   0x140u
#define KSEG0  0x80000000u
#define FIRST  (-3) /* the lowest byte that is accessed, from the base */
#define END    20   /* behind the highest */

/* Five accesses off a0 between other things; the first is instruction 1 of 6. */
static const void *compile(struct fixture *fixture, const char *mode, const char *how)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "%s"
		 "block va=00001000 pa=00001000 guest=6 cost=6 entry%s\n"
		 "  %%0 = const.i32 99\n"
		 "  set s0, %%0\n"
		 "  %%1 = get.i32 a0\n"
		 "  %%2 = get.i32 v0\n"
		 "  %%3 = load.i32 %%1 @1/1\n"
		 "  set v1, %%3\n"
		 "  %%4 = const.i32 4\n"
		 "  %%5 = add.i32 %%1, %%4\n"
		 "  store.i32 %%5, %%2 @2/2\n"
		 "  %%6 = const.i32 6\n"
		 "  %%7 = add.i32 %%5, %%6\n" /* 10 */
		 "  %%8 = load.i16 %%7 @3/3\n"
		 "  %%9 = sext.i32 %%8\n"
		 "  set t1, %%9\n"
		 "  %%10 = const.i32 4294967293\n"
		 "  %%11 = add.i32 %%1, %%10\n" /* -3 */
		 "  %%12 = trunc.i8 %%2\n"
		 "  store.i8 %%11, %%12 @4/4\n"
		 "  %%13 = const.i32 16\n"
		 "  %%14 = add.i32 %%1, %%13\n"
		 "  %%15 = load.i32 %%14 @5/5\n"
		 "  set t2, %%15\n"
		 "  jump 00001018\n",
		 mode, how);
	return fixture_compile(fixture, text, 0x1000);
}

static void start(struct fixture *fixture, const void *code, uint32_t base)
{
	fixture->calls = 0;
	fixture->cpu->gpr[16] = fixture->cpu->gpr[3] = fixture->cpu->gpr[9] = fixture->cpu->gpr[10] = 0;
	fixture->cpu->gpr[4] = base;
	fixture->cpu->gpr[2] = 0x12345678;
	fixture_run(fixture, code, 100);
}

/* All was done, on the bytes at `at`. */
static void expect_done(const struct fixture *fixture, const uint8_t *at)
{
	fixture_expect_slot(fixture, FIRST_SLOT, 94);
	assert_int_equal(fixture->calls, 0);
	assert_int_equal(fixture->cpu->gpr[16], 99);
	assert_int_equal(fixture->cpu->gpr[3], 0x01020304);
	assert_int_equal(fixture->cpu->gpr[9], 0xFFFFF1F2);
	assert_int_equal(fixture->cpu->gpr[10], 0x05060708);
	assert_memory_equal(at + 4, "\x12\x34\x56\x78", 4);
	assert_int_equal(at[-3], 0x78);
}

/* Nothing was done. */
static void expect_left(const struct fixture *fixture, unsigned calls)
{
	fixture_expect_exit(fixture, EXIT_INTERPRET, 0x1004, 99);
	assert_int_equal(fixture->calls, calls);
	assert_int_equal(fixture->cpu->gpr[16], 99);
	assert_int_equal(fixture->cpu->gpr[3], 0);
	assert_int_equal(fixture->cpu->gpr[9], 0);
}

static void prepare(uint8_t *at)
{
	memset(at - 4, 0, 8 + END);
	memcpy(at, "\1\2\3\4", 4);
	memcpy(at + 10, "\xF1\xF2", 2);
	memcpy(at + 16, "\5\6\7\x8", 4);
}

static bool is_marked(const struct fixture *fixture, uint32_t offset)
{
	return fixture->memory.ram[fixture->memory.code_map_offset + (offset >> CODE_GRANULE_SHIFT)];
}

static void try_kernel(struct fixture *fixture, const void *code, uint32_t base)
{
	int64_t offset = (int64_t)base - KSEG0;
	bool inside = offset + FIRST >= 0 && offset + END <= RAM_SIZE && base % 4 == 0 &&
		      !is_marked(fixture, base + (uint32_t)FIRST - KSEG0) &&
		      !is_marked(fixture, base + END - 1 - KSEG0);

	if (inside)
		prepare(fixture->memory.ram + offset);
	start(fixture, code, base);
	if (inside)
		expect_done(fixture, fixture->memory.ram + offset);
	else
		expect_left(fixture, 0);
}

static void test_kernel(void **state)
{
	static const uint32_t far[] = {0, 0x1000, 0x7FFF0000, 0xA0000000, 0xBFC00000, 0xC0000000, 0xFFFFFFF0};
	struct fixture *fixture = *state;
	const void *code = compile(fixture, KERNEL, "");
	uint8_t *marks = fixture->memory.ram + fixture->memory.code_map_offset;

	fixture_reset(fixture);
	for (uint32_t base = KSEG0 - 40; base != KSEG0 + 40; base++)
		try_kernel(fixture, code, base);
	for (uint32_t base = KSEG0 + RAM_SIZE - 40; base != KSEG0 + RAM_SIZE + 40; base++)
		try_kernel(fixture, code, base);
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		try_kernel(fixture, code, far[i]);
	/* Code in one of the granules around. */
	marks[0x4000 >> CODE_GRANULE_SHIFT] = 1;
	for (uint32_t base = KSEG0 + 0x4000 - 40; base != KSEG0 + 0x4080 + 40; base += 4)
		try_kernel(fixture, code, base);
}

static void test_user(void **state)
{
	struct fixture *fixture = *state;
	const void *code = compile(fixture, USER, ""), *apart = compile(fixture, USER, " apart");
	uint8_t *ram = fixture->memory.ram;
	struct soft_tlb_entry *entries = fixture->cpu->soft_tlb[1];

	fixture_reset(fixture);
	fixture->cpu->asid = ASID;
	fixture->status = HELPER_BEFORE;
	/* Two pages that lie elsewhere in RAM, next to each other, too. */
	for (uint32_t va = 0x12034000; va != 0x12036000; va += 0x1000)
		entries[va >> 12 & (SOFT_TLB_SIZE - 1)] = (struct soft_tlb_entry){
		    va | ASID, va | ASID, (uint64_t)(uintptr_t)ram + 0x5000 - 0x12034000};
	for (uint32_t base = 0x12035000 - 40; base != 0x12035000 + 40; base += 4) {
		uint8_t *at = ram + 0x5000 + (base - 0x12034000);
		bool crosses = ((base + (uint32_t)FIRST) ^ (base + END - 1)) >> 12;

		prepare(at);
		start(fixture, code, base);
		if (crosses)
			expect_left(fixture, 0);
		else
			expect_done(fixture, at);
		prepare(at);
		start(fixture, apart, base);
		expect_done(fixture, at);
	}
	start(fixture, code, 0x12034102); /* misaligned */
	expect_left(fixture, 0);
	/* A page that may not be written, as the cluster has stores; and none. */
	entries[0x34].write_tag = SOFT_TLB_NO_TAG;
	start(fixture, code, 0x12034100);
	expect_left(fixture, 1);
	assert_int_equal(fixture->kind, HELPER_PROBE);
	start(fixture, code, 0x22034100);
	expect_left(fixture, 1);
	start(fixture, code, KSEG0 + 0x100);
	expect_left(fixture, 1);
}

/* Three loads at constants of any size, whose distances may be too large for a number with a sign. */
static const void *compile_loads(struct fixture *fixture, const char *mode, const uint32_t *constants)
{
	static const char *const types[] = {"i32", "i32", "i8"};
	char text[2048];
	int length =
	    snprintf(text, sizeof(text),
		     "%sblock va=00001000 pa=00001000 guest=3 cost=3 entry\n  %%0 = get.i32 a0\n", mode);

	for (unsigned i = 0; i < 3; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "  %%%u = const.i32 %u\n"
				   "  %%%u = add.i32 %%0, %%%u\n"
				   "  %%%u = load.%s %%%u @%u/%u\n",
				   1 + 3 * i, constants[i], 2 + 3 * i, 1 + 3 * i, 3 + 3 * i, types[i],
				   2 + 3 * i, i, i);
	snprintf(text + length, sizeof(text) - (size_t)length,
		 "  set v1, %%3\n  set t1, %%6\n  %%10 = zext.i32 %%9\n  set t2, %%10\n  jump 0000100c\n");
	return fixture_compile(fixture, text, 0x1000);
}

static uint32_t size_of(unsigned i)
{
	return i == 2 ? 1 : 4;
}

/* Whether the access may be made, and where; user code has the page at 12034000 only. */
static bool may_access(bool user, uint32_t va, unsigned i, uint32_t *offset)
{
	*offset = user ? va - 0x12034000 + 0x5000 : va - KSEG0;
	return va % size_of(i) == 0 && (user ? va >> 12 == 0x12034 : *offset <= RAM_SIZE - size_of(i));
}

static void try_loads(struct fixture *fixture, const void *code, bool user, const uint32_t *constants,
		      uint32_t base)
{
	static const unsigned registers[] = {3, 9, 10};
	unsigned allowed = 0;
	uint32_t offset;

	while (allowed < 3 && may_access(user, base + constants[allowed], allowed, &offset))
		allowed++;
	start(fixture, code, base);
	if (fixture->cpu->exit_reason != EXIT_SLOT) { /* before what may not be, or before others with it */
		assert_int_equal(fixture->cpu->exit_reason, EXIT_INTERPRET);
		assert_in_range(fixture->cpu->pc, 0x1000, 0x1000 + 4 * allowed);
		assert_true(allowed < 3);
		return;
	}
	assert_int_equal(allowed, 3);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *at = fixture->memory.ram;

		may_access(user, base + constants[i], i, &offset);
		at += offset;
		assert_int_equal(fixture->cpu->gpr[registers[i]], i == 2 ? at[0]
									 : (uint32_t)at[0] << 24 |
									       (uint32_t)at[1] << 16 |
									       (uint32_t)at[2] << 8 | at[3]);
	}
}

static void test_far(void **state)
{
	static const uint32_t constants[][3] = {
	    {0x7FFFFFFC, 0x7FFFFFF8, 0x7FFFFFFF},
	    {0x7FFFFFF8, 0x7FFFFFFC, 0x7FFFFFF0},
	    {0x7FFFFFFC, 0x80000000, 0x80000003},
	    {0x80000000, 0x7FFFFFFC, 0x7FFFFFFB},
	    {0, 4, 0x7FFFFFFC},
	    {0, 0x7FFFFFFC, 4},
	    {0, 0x80000000, 8},
	    {0xFFFFFFFC, 0, 4},
	    {0, 1020, 512},
	    {0, 1024, 1023},
	    {0, 4096, 8},
	    {0xFFFFFC00, 0, 0x3FF},
	};
	static const uint32_t places[] = {KSEG0, KSEG0 + RAM_SIZE, 0x12034000, 0x12035000};
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		const void *kernel = compile_loads(fixture, KERNEL, constants[i]);
		const void *user = compile_loads(fixture, USER, constants[i]);

		fixture_reset(fixture);
		fixture->cpu->asid = ASID;
		fixture->status = HELPER_BEFORE;
		for (uint32_t at = 0; at < RAM_SIZE; at++)
			fixture->memory.ram[at] = (uint8_t)(at * 7 + (at >> 8) * 3);
		fixture->cpu->soft_tlb[1][0x34] =
		    (struct soft_tlb_entry){0x12034000 | ASID, 0x12034000 | ASID,
					    (uint64_t)(uintptr_t)fixture->memory.ram + 0x5000 - 0x12034000};
		for (unsigned k = 0; k < 3 * sizeof(places) / sizeof(places[0]); k++) {
			uint32_t place = places[k / 3] - constants[i][k % 3];

			for (uint32_t base = place - 24; base != place + 24; base++) {
				try_loads(fixture, kernel, false, constants[i], base);
				try_loads(fixture, user, true, constants[i], base);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kernel),
	    cmocka_unit_test(test_user),
	    cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/* Data accesses, LL/SC, physical memory and the code map. System/161 reference, sections 1.10, 1.14, 7.5. */
#include "cpu_fixture.h"

#define DATA 0x80002200u

#define MEMORY_OP(op, rt, base, distance) MIPS_WORD(op, ['t'] = (rt), ['s'] = (base), ['o'] = (distance))

static void unaligned(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MEMORY_OP(LWL, 9, 8, 1), MEMORY_OP(LWR, 10, 8, 1), MEMORY_OP(SWL, 11, 8, 5),
		MEMORY_OP(SWR, 11, 8, 10));
	PUT(fixture, 0x2200, 0x11223344, 0x55667788, 0x99AABBCC);
	cpu->gpr[8] = DATA;
	cpu->gpr[9] = cpu->gpr[10] = UINT32_MAX;
	cpu->gpr[11] = 0x01020304;
	cycles(fixture, 4);
	assert_int_equal(cpu->gpr[9], 0x223344FF);
	assert_int_equal(cpu->gpr[10], 0xFFFF1122);
	assert_int_equal(memory_read_word(&fixture->memory, 0x2204), 0x55010203);
	assert_int_equal(memory_read_word(&fixture->memory, 0x2208), 0x020304CC);
	cpu_fixture_free(fixture);
}

static void sub_words(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MEMORY_OP(LB, 9, 8, 1), MEMORY_OP(LBU, 10, 8, 1), MEMORY_OP(LH, 11, 8, 2),
		MEMORY_OP(LHU, 12, 8, 2), MEMORY_OP(SB, 8, 8, 3), MEMORY_OP(SH, 8, 8, 4));
	PUT(fixture, 0x2200, 0x1182F344, 0x55667788);
	cpu->gpr[8] = DATA;
	cycles(fixture, 6);
	assert_int_equal(cpu->gpr[9], 0xFFFFFF82);
	assert_int_equal(cpu->gpr[10], 0x82);
	assert_int_equal(cpu->gpr[11], 0xFFFFF344);
	assert_int_equal(cpu->gpr[12], 0xF344);
	assert_int_equal(memory_read_word(&fixture->memory, 0x2200), 0x1182F300);
	assert_int_equal(memory_read_word(&fixture->memory, 0x2204), 0x22007788);
	cpu_fixture_free(fixture);
}

struct fault {
	enum mips_op op;
	uint32_t address;
	unsigned code;
	uint32_t vector, bad_vaddr;
};

static void faults(void **state)
{
	static const struct fault faults[] = {
	    {MIPS_OP_LH, 0x80002203, EXCEPTION_ADEL, 0x80000080, 0x80002201},
	    {MIPS_OP_LHU, 0x80002201, EXCEPTION_ADEL, 0x80000080, 0x80002201},
	    {MIPS_OP_SH, 0x80002203, EXCEPTION_ADES, 0x80000080, 0x80002201},
	    {MIPS_OP_LW, 0x80002202, EXCEPTION_ADEL, 0x80000080, 0x80002202},
	    {MIPS_OP_LL, 0x80002201, EXCEPTION_ADEL, 0x80000080, 0x80002201},
	    {MIPS_OP_SW, 0x80002203, EXCEPTION_ADES, 0x80000080, 0x80002203},
	    {MIPS_OP_LB, 0x00001003, EXCEPTION_TLBL, 0x80000000, 0x00001000},
	    {MIPS_OP_SB, 0x00001003, EXCEPTION_TLBS, 0x80000000, 0x00001000},
	    {MIPS_OP_LWL, 0x00001003, EXCEPTION_TLBL, 0x80000000, 0x00001000},
	    {MIPS_OP_SWR, 0x00001003, EXCEPTION_TLBS, 0x80000000, 0x00001000},
	    {MIPS_OP_LW, 0xC0001004, EXCEPTION_TLBL, 0x80000080, 0xC0001004},
	    {MIPS_OP_LW, 0x00006004, EXCEPTION_TLBL, 0x80000080, 0x00006004}, /* invalid */
	    {MIPS_OP_SW, 0x00006004, EXCEPTION_TLBS, 0x80000080, 0x00006004},
	    {MIPS_OP_SW, 0x00005004, EXCEPTION_MOD, 0x80000080, 0x00005004}, /* not dirty */
	    {MIPS_OP_SB, 0x00005007, EXCEPTION_MOD, 0x80000080, 0x00005004},
	    {MIPS_OP_LW, 0x80000000 + RAM_SIZE, EXCEPTION_DBE, 0x80000080, 0},
	    {MIPS_OP_SW, 0x80000000 + RAM_SIZE, EXCEPTION_DBE, 0x80000080, 0},
	    {MIPS_OP_SW, 0xBFC00000, EXCEPTION_DBE, 0x80000080, 0}, /* the boot ROM */
	    {MIPS_OP_LW, 0xBFC01000, EXCEPTION_DBE, 0x80000080, 0},
	    {MIPS_OP_LW, 0xBFE00000, EXCEPTION_DBE, 0x80000080, 0}, /* a device that refuses */
	    {MIPS_OP_SW, 0xBFE00000, EXCEPTION_DBE, 0x80000080, 0},
	    {MIPS_OP_LW, 0x00007004, EXCEPTION_DBE, 0x80000080, 0}, /* mapped to nothing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct cpu_fixture *fixture = cpu_fixture_new();
		struct cpu *cpu = &fixture->cpu;
		struct mips_fields fields = {.value = {['t'] = 9, ['s'] = 8}};

		map_page(fixture, 1, 0x5000, 0x2000, ENTRY_LO_V);
		map_page(fixture, 2, 0x6000, 0x2000, ENTRY_LO_D);
		map_page(fixture, 3, 0x7000, 0x10000000, ENTRY_LO_V | ENTRY_LO_D);
		cpu->asid = 0;
		cpu->context = 0xFFFFFFFF;
		cpu->gpr[8] = faults[i].address;
		cpu->gpr[9] = 0x1234;
		cpu->ll_active = true;
		fixture->device_fails = true;
		PROGRAM(fixture, mips_encode(faults[i].op, &fields));
		cycles(fixture, 1);
		assert_int_equal(exception_code(cpu), faults[i].code);
		assert_int_equal(cpu->pc, faults[i].vector);
		assert_int_equal(cpu->bad_vaddr, faults[i].bad_vaddr);
		assert_int_equal(cpu->context, 0xFFE00000u | (faults[i].bad_vaddr & 0x7FFFF000) >> 10);
		assert_int_equal(cpu->epc, ENTRY);
		assert_int_equal(cpu->cause & CAUSE_BD, 0);
		assert_int_equal(cpu->gpr[9], 0x1234); /* the destination keeps its value */
		assert_int_equal(cpu->exceptions, 1);
		assert_false(cpu->ll_active);
		assert_int_equal(memory_read_word(&fixture->memory, 0x2004), 0);
		cpu_fixture_free(fixture);
	}
}

static void linked(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PUT(fixture, 0x2200, 7);
	PROGRAM(fixture, MEMORY_OP(LL, 9, 8, 0), MEMORY_OP(SC, 10, 8, 0), MEMORY_OP(SW, 9, 8, 0),
		MEMORY_OP(SC, 11, 8, 0), MEMORY_OP(SC, 12, 8, 0), MEMORY_OP(SC, 13, 8, 4));
	cpu->gpr[8] = DATA;
	cpu->gpr[10] = 8;
	cpu->gpr[11] = 9;
	cpu->gpr[12] = 10;
	cpu->gpr[13] = 11;
	cycles(fixture, 6);
	assert_int_equal(cpu->gpr[9], 7);
	assert_int_equal(cpu->gpr[10], 1);
	assert_int_equal(cpu->gpr[11], 1); /* memory holds the linked value again */
	assert_int_equal(cpu->gpr[12], 0);
	assert_int_equal(cpu->gpr[13], 0); /* another address */
	assert_int_equal(memory_read_word(&fixture->memory, 0x2200), 9);
	assert_int_equal(cpu->ll_count, 1);
	assert_int_equal(cpu->sc_succeeded, 2);
	assert_int_equal(cpu->sc_failed, 2);
	cpu_fixture_free(fixture);

	/* An exception ends the link; a failing SC makes no access, not even a bad one. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	PROGRAM(fixture, MEMORY_OP(LL, 9, 8, 0), MIPS_WORD(SYSCALL));
	PUT(fixture, 0x80, MEMORY_OP(SC, 10, 8, 0), MEMORY_OP(SC, 11, 0, 1));
	cpu->gpr[8] = DATA;
	cpu->gpr[10] = cpu->gpr[11] = 5;
	cycles(fixture, 4);
	assert_int_equal(cpu->gpr[10], 0);
	assert_int_equal(cpu->gpr[11], 0);
	assert_int_equal(cpu->exceptions, 1);
	assert_int_equal(memory_read_word(&fixture->memory, 0x2200), 0);
	cpu_fixture_free(fixture);
}

static void devices(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MEMORY_OP(LW, 9, 8, 12), MEMORY_OP(SW, 10, 8, 16), MEMORY_OP(SB, 11, 8, 21));
	cpu->gpr[8] = 0xBFE30000;
	cpu->gpr[10] = 0x11223344;
	cpu->gpr[11] = 0xEE;
	fixture->device = 77;
	cycles(fixture, 1);
	assert_int_equal(cpu->gpr[9], 77);
	assert_int_equal(fixture->device_offset, 0x3000C);
	cycles(fixture, 1);
	assert_int_equal(fixture->device, 0x11223344);
	assert_int_equal(fixture->device_offset, 0x30010);
	cycles(fixture, 1); /* a word is read and a word is written */
	assert_int_equal(fixture->device, 0x11EE3344);
	assert_int_equal(fixture->device_offset, 0x30014);
	cpu_fixture_free(fixture);
}

static void frames(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	const struct memory *memory = &fixture->memory;

	(void)state;
	assert_int_equal(memory_frame(memory, 0), 0);
	assert_int_equal(memory_frame(memory, RAM_SIZE - 1), RAM_SIZE - PAGE_SIZE);
	assert_int_equal(memory_frame(memory, RAM_SIZE), NO_FRAME);
	assert_int_equal(memory_frame(memory, 0x1FC00FFC), memory->rom_offset);
	assert_int_equal(memory_frame(memory, 0x1FC01000), NO_FRAME);
	assert_int_equal(memory_frame(memory, 0x1FE00000), NO_FRAME);
	assert_int_equal(memory_frame(memory, 0x20000000), NO_FRAME);
	assert_int_equal(memory_frame(memory, UINT32_MAX), NO_FRAME);
	assert_int_equal(memory_read_word(memory, memory->rom_offset), 0);
	assert_int_equal(memory_read_word(memory, memory->rom_offset + 0xFFC), 0x0D);
	cpu_fixture_free(fixture);
}

struct written {
	unsigned calls;
	uint32_t offset, size;
};

static void note(void *context, uint32_t offset, uint32_t size)
{
	struct written *written = context;

	written->calls++;
	written->offset = offset;
	written->size = size;
}

static void code_map(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct memory *memory = &fixture->memory;
	struct written written = {0}, other = {0};

	(void)state;
	memory->listeners[CODE_TRANSLATED] = (struct code_listener){.written = note, .context = &written};
	memory->listeners[CODE_DECODED] = (struct code_listener){.written = note, .context = &other};
	assert_false(memory_page_has_code(memory, 0x3000));
	memory_mark_code(memory, 0x3000 >> CODE_GRANULE_SHIFT, CODE_TRANSLATED, true);
	assert_true(memory_page_has_code(memory, 0x3000));
	memory_write_word(memory, 0x2FFC, 1);
	memory_write_word(memory, 0x3080, 1);
	memory_notify_write(memory, 0x3080, 512);
	assert_int_equal(written.calls, 0);
	memory_write_word(memory, 0x307C, 1);
	assert_int_equal(written.calls, 1);
	assert_int_equal(written.offset, 0x307C);
	memory_notify_write(memory, 0x2E00, 0x201); /* one byte into it */
	assert_int_equal(written.calls, 2);
	assert_int_equal(written.size, 0x201);
	/* Every store of the interpreter is one of these. */
	PROGRAM(fixture, MEMORY_OP(SB, 9, 8, 0x7F));
	fixture->cpu.gpr[8] = 0x80003000;
	cycles(fixture, 1);
	assert_int_equal(written.calls, 3);
	assert_int_equal(written.offset, 0x307C);

	/* Each owner hears of its own granules. */
	memory_mark_code(memory, 0x3000 >> CODE_GRANULE_SHIFT, CODE_DECODED, true);
	memory_mark_code(memory, 0x3080 >> CODE_GRANULE_SHIFT, CODE_DECODED, true);
	memory_write_word(memory, 0x3000, 1);
	memory_write_word(memory, 0x3080, 1);
	assert_int_equal(written.calls, 4);
	assert_int_equal(other.calls, 2);
	memory_mark_code(memory, 0x3000 >> CODE_GRANULE_SHIFT, CODE_TRANSLATED, false);
	memory_write_word(memory, 0x3000, 1);
	assert_int_equal(written.calls, 4);
	assert_int_equal(other.calls, 3);
	cpu_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unaligned), cmocka_unit_test(sub_words), cmocka_unit_test(faults),
	    cmocka_unit_test(linked),	 cmocka_unit_test(devices),   cmocka_unit_test(frames),
	    cmocka_unit_test(code_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

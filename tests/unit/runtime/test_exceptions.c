/* Which instructions raise what, and how EPC, BD and the mode stack come out. System/161 reference, sections
 * 1.3, 1.4, 1.6, 1.12, 7.5. */
#include "cpu_fixture.h"

static struct cpu_fixture *execute(uint32_t word)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	PROGRAM(fixture, word);
	fixture->cpu.gpr[8] = 0x7FFFFFFF;
	fixture->cpu.gpr[9] = 1;
	cycles(fixture, 1);
	return fixture;
}

static void codes(void **state)
{
	static const struct {
		uint32_t word;
		unsigned code, unit;
	} words[] = {
	    {0xCC000000, EXCEPTION_COPROCESSOR, 3}, /* PREF's opcode */
	    {0x44000000, EXCEPTION_COPROCESSOR, 1},
	    {0xC5000000, EXCEPTION_COPROCESSOR, 1},
	    {0x4BFFFFFF, EXCEPTION_COPROCESSOR, 2},
	    {0x4C000000, EXCEPTION_COPROCESSOR, 3},
	    {0xE4000000, EXCEPTION_COPROCESSOR, 1},
	    {0xD4000000, EXCEPTION_RESERVED, 0}, /* LDC1 */
	    {0x50000000, EXCEPTION_RESERVED, 0}, /* BEQL */
	    {0x70000002, EXCEPTION_RESERVED, 0}, /* MUL */
	    {0x0000000A, EXCEPTION_RESERVED, 0}, /* MOVZ */
	    {0x00000034, EXCEPTION_RESERVED, 0}, /* TEQ */
	    {0x0000003F, EXCEPTION_RESERVED, 0},
	    {0x04020000, EXCEPTION_RESERVED, 0}, /* BLTZL */
	    {0x42000018, EXCEPTION_RESERVED, 0}, /* ERET */
	    {0x42000021, EXCEPTION_RESERVED, 0},
	    {0x40400000, EXCEPTION_COPROCESSOR, 0}, /* CFC0 */
	    {0x41000000, EXCEPTION_COPROCESSOR, 0}, /* BC0F */
	    {0x40200000, EXCEPTION_RESERVED, 0},
	    {0x0000000C, EXCEPTION_SYSCALL, 0},
	    {0x03FFFFCC, EXCEPTION_SYSCALL, 0},
	    {0x0000000D, EXCEPTION_BREAK, 0},
	    {0x01095020, EXCEPTION_OVERFLOW, 0}, /* add $10, $8, $9 */
	    {0x210A0001, EXCEPTION_OVERFLOW, 0}, /* addi $10, $8, 1 */
	    {0x01285022, 99, 0},		 /* sub $10, $9, $8: fits */
	    {0x01095021, 99, 0},		 /* addu */
	    {0x0000000F, 99, 0},		 /* sync */
	    {0x00200042, 99, 0},		 /* ROTR executes as SRL */
	    {0xBC000000, 99, 0},		 /* CACHE, an operation that does nothing */
	    {0xBC040001, EXCEPTION_ADEL, 0},	 /* one that translates */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct cpu_fixture *fixture = execute(words[i].word);
		struct cpu *cpu = &fixture->cpu;

		if (words[i].code == 99) {
			assert_int_equal(cpu->exceptions, 0);
			assert_int_equal(cpu->pc, ENTRY + 4);
		} else {
			assert_int_equal(cpu->exceptions, 1);
			assert_int_equal(exception_code(cpu), words[i].code);
			assert_int_equal(cpu->cause >> CAUSE_CE_SHIFT & 3, words[i].unit);
			assert_int_equal(cpu->epc, ENTRY);
			assert_int_equal(cpu->pc, 0x80000080);
			assert_int_equal(cpu->gpr[10], 0);
		}
		cpu_fixture_free(fixture);
	}
}

static void boot_vectors(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	fixture->cpu.status = STATUS_BEV;
	PROGRAM(fixture, MIPS_WORD(SYSCALL));
	cycles(fixture, 1);
	assert_int_equal(fixture->cpu.pc, 0xBFC00180);
	/* The ROM's NOPs slide to its end, where the look at the next page fails, for ever. */
	cycles(fixture, 2000);
	assert_int_equal(exception_code(&fixture->cpu), EXCEPTION_IBE);
	assert_int_equal(fixture->cpu.epc, 0xBFC00FF8);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	fixture->cpu.status = STATUS_BEV;
	PROGRAM(fixture, MIPS_WORD(LW, ['t'] = 8, ['o'] = 0));
	cycles(fixture, 1);
	assert_int_equal(fixture->cpu.pc, 0xBFC00100);
	cpu_fixture_free(fixture);
}

static void mode_stack(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(SYSCALL));
	PUT(fixture, 0x80, MIPS_WORD(SYSCALL), RFE, RFE);
	cpu->status = 0xF0000019; /* o = 01, p = 10, c = 01 */
	cycles(fixture, 1);
	assert_int_equal(cpu->status, 0xF0000024); /* pushed */
	cycles(fixture, 1);
	assert_int_equal(cpu->status, 0xF0000010);
	cpu->pc = 0x80000084;
	cpu->next_pc = 0x80000088;
	cycles(fixture, 1);
	assert_int_equal(cpu->status, 0xF0000014); /* popped; the old pair stays */
	cycles(fixture, 1);
	assert_int_equal(cpu->status, 0xF0000015);
	cpu_fixture_free(fixture);
}

/* jr k0; rfe to a page the user does not have: the exception is the return address's own. */
static void return_to_an_unmapped_page(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(JR, ['s'] = 26), RFE);
	cpu->gpr[26] = 0x7004;
	cpu->status = STATUS_KUC << 2;
	cycles(fixture, 2);
	assert_int_equal(cpu->exceptions, 1);
	assert_int_equal(exception_code(cpu), EXCEPTION_TLBL);
	assert_int_equal(cpu->epc, 0x7004);
	assert_int_equal(cpu->bad_vaddr, 0x7004);
	assert_int_equal(cpu->cause & CAUSE_BD, 0);
	assert_true(cpu->status & STATUS_KUC << 2); /* KUp */
	assert_false(cpu_user_mode(cpu));
	assert_int_equal(cpu->pc, 0x80000000);
	cpu_fixture_free(fixture);
}

static void return_to_the_user(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;
	uint64_t kernel, user;

	(void)state;
	map_page(fixture, 0, 0x7000, 0x2000, ENTRY_LO_V);
	cpu->asid = 0;
	PROGRAM(fixture, MIPS_WORD(JR, ['s'] = 26), RFE);
	PUT(fixture, 0x2004, NOP, NOP, MIPS_WORD(SYSCALL));
	cpu->gpr[26] = 0x7004;
	cpu->status = STATUS_KUC << 2;
	cycles(fixture, 2);
	assert_int_equal(cpu->pc, 0x7004);
	assert_true(cpu_user_mode(cpu));
	cycles(fixture, 3);
	assert_int_equal(cpu->epc, 0x700C);
	cycles(fixture, 1);
	/* SYSCALL is charged to the user, RFE to the kernel. */
	cpu_mode_cycles(cpu, &kernel, &user);
	assert_int_equal(user, 3);
	assert_int_equal(kernel, 3);
	cpu_fixture_free(fixture);
}

static void division(void **state)
{
	static const struct {
		enum mips_op op;
		uint32_t dividend, divisor, hi, lo;
	} cases[] = {
	    {MIPS_OP_DIV, 7, 0, 0, 0x7FFFFFFF},
	    {MIPS_OP_DIV, (uint32_t)-7, 0, 0, UINT32_MAX},
	    {MIPS_OP_DIVU, 7, 0, 0, UINT32_MAX},
	    {MIPS_OP_DIV, 0x80000000, UINT32_MAX, 0, 0x80000000},
	    {MIPS_OP_DIV, (uint32_t)-7, 2, UINT32_MAX, (uint32_t)-3},
	    {MIPS_OP_DIVU, 0x80000000, UINT32_MAX, 0x80000000, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cpu_fixture *fixture = cpu_fixture_new();
		struct mips_fields fields = {.value = {['s'] = 8, ['t'] = 9}};

		PROGRAM(fixture, mips_encode(cases[i].op, &fields));
		fixture->cpu.gpr[8] = cases[i].dividend;
		fixture->cpu.gpr[9] = cases[i].divisor;
		cycles(fixture, 1);
		assert_int_equal(fixture->cpu.hi, cases[i].hi);
		assert_int_equal(fixture->cpu.lo, cases[i].lo);
		assert_int_equal(fixture->cpu.exceptions, 0);
		cpu_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes),
	    cmocka_unit_test(boot_vectors),
	    cmocka_unit_test(mode_stack),
	    cmocka_unit_test(return_to_an_unmapped_page),
	    cmocka_unit_test(return_to_the_user),
	    cmocka_unit_test(division),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

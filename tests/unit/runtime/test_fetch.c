/* The program counter model: jumps, delay slots, page ends, stores into code, and the HI/LO interlock.
 * System/161 reference, sections 1.5, 1.7, 7.5. */
#include "cpu_fixture.h"

#define ADDIU(to, value)     MIPS_WORD(ADDIU, ['t'] = (to), ['i'] = (value))
#define LOAD(to, base)	     MIPS_WORD(LW, ['t'] = (to), ['s'] = (base))
#define MULT_WORD	     MIPS_WORD(MULT, ['s'] = 8, ['t'] = 9)
#define MFLO_WORD(to)	     MIPS_WORD(MFLO, ['d'] = (to))
#define MFHI_WORD(to)	     MIPS_WORD(MFHI, ['d'] = (to))
#define BRANCH(op, distance) MIPS_WORD(op, ['s'] = 0, ['t'] = 0, ['b'] = (distance))

static void expect(const struct cpu *cpu, unsigned code, uint32_t epc, bool delay_slot, uint32_t bad_vaddr)
{
	assert_int_equal(exception_code(cpu), code);
	assert_int_equal(cpu->epc, epc);
	assert_int_equal((cpu->cause & CAUSE_BD) != 0, delay_slot);
	assert_int_equal(cpu->bad_vaddr, bad_vaddr);
	assert_int_equal(cpu->exceptions, 1);
}

static void faults_in_delay_slots(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	PROGRAM(fixture, BRANCH(BEQ, 10), LOAD(9, 8)); /* taken */
	fixture->cpu.gpr[8] = 0x3000;
	cycles(fixture, 2);
	expect(&fixture->cpu, EXCEPTION_TLBL, ENTRY, true, 0x3000);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, BRANCH(BNE, 10), LOAD(9, 8)); /* not taken: no BD */
	fixture->cpu.gpr[8] = 0x3000;
	cycles(fixture, 2);
	expect(&fixture->cpu, EXCEPTION_TLBL, ENTRY + 4, false, 0x3000);
	cpu_fixture_free(fixture);
}

/* The jump takes the exception of its target, before its delay slot, after its link. */
static void bad_targets(void **state)
{
	static const struct {
		uint32_t target;
		bool user;
		unsigned code;
		uint32_t bad_vaddr;
	} cases[] = {
	    {0x80001102, false, EXCEPTION_ADEL, 0x80001102}, {0x00002000, false, EXCEPTION_TLBL, 0x2000},
	    {0xC0000000, false, EXCEPTION_TLBL, 0xC0000000}, {0x80000000 + RAM_SIZE, false, EXCEPTION_IBE, 0},
	    {0xBFE00000, false, EXCEPTION_IBE, 0},	     {0x80001000, true, EXCEPTION_ADEL, 0x80001000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cpu_fixture *fixture = cpu_fixture_new();
		struct cpu *cpu = &fixture->cpu;
		uint32_t start = ENTRY;

		PROGRAM(fixture, MIPS_WORD(JALR, ['s'] = 8, ['d'] = 31), ADDIU(9, 1));
		if (cases[i].user) {
			map_page(fixture, 0, 0x4000, 0x1000, ENTRY_LO_V);
			cpu->asid = 0;
			cpu->status = STATUS_KUC;
			go_to(fixture, 0x4000);
			start = 0x4000;
		}
		cpu->gpr[8] = cases[i].target;
		cycles(fixture, 1);
		expect(cpu, cases[i].code, start, false, cases[i].bad_vaddr);
		assert_int_equal(cpu->gpr[31], start + 8);
		cycles(fixture, 1);
		assert_int_equal(cpu->gpr[9], 0);
		cpu_fixture_free(fixture);
	}
}

static void links(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	/* jalr with one register for both jumps to the link address. */
	PROGRAM(fixture, MIPS_WORD(JALR, ['s'] = 8, ['d'] = 8), NOP, ADDIU(9, 5));
	cpu->gpr[8] = 0x80001100;
	cycles(fixture, 3);
	assert_int_equal(cpu->gpr[9], 5);
	cpu_fixture_free(fixture);

	/* bltzal links before it tests, and links even if it does not branch. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	PROGRAM(fixture, MIPS_WORD(BLTZAL, ['s'] = 31, ['b'] = 10), NOP, ADDIU(9, 5));
	cycles(fixture, 2);
	assert_int_equal(cpu->gpr[31], ENTRY + 8);
	assert_int_equal(cpu->pc, ENTRY + 4 + 40); /* kernel addresses are negative */
	cpu_fixture_free(fixture);
}

/* A branch in a delay slot: relative to the outer target, whose instruction is its delay slot. */
static void branch_in_a_delay_slot(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(J, ['j'] = 0x1100 / 4), MIPS_WORD(BGEZAL, ['s'] = 0, ['b'] = 16));
	PUT(fixture, 0x1100, ADDIU(9, 1), ADDIU(10, 1));
	PUT(fixture, 0x1140, ADDIU(11, 1));
	cycles(fixture, 4);
	assert_int_equal(cpu->gpr[9], 1);
	assert_int_equal(cpu->gpr[10], 0);
	assert_int_equal(cpu->gpr[11], 1);
	assert_int_equal(cpu->gpr[31], 0x80001104);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, MIPS_WORD(J, ['j'] = 0x1100 / 4), BRANCH(BEQ, 16));
	PUT(fixture, 0x1100, LOAD(9, 8));
	fixture->cpu.gpr[8] = 0x3000;
	cycles(fixture, 3);
	expect(&fixture->cpu, EXCEPTION_TLBL, ENTRY, true, 0x3000);
	cpu_fixture_free(fixture);
}

/* --- page ends --- */

/* Code in a mapped page at 0x5000, the page after it not mapped. */
static struct cpu_fixture *mapped_code(void)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	map_page(fixture, 0, 0x5000, 0x2000, ENTRY_LO_V | ENTRY_LO_D);
	fixture->cpu.asid = 0;
	return fixture;
}

static void last_two_words(void **state)
{
	struct cpu_fixture *fixture = mapped_code();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PUT(fixture, 0x2FF0, ADDIU(9, 1), ADDIU(10, 1), ADDIU(11, 1), ADDIU(12, 1));
	go_to(fixture, 0x5FF0);
	uint64_t active = cpu_active(cpu);
	cycles(fixture, 2);
	assert_int_equal(cpu->exceptions, 0);
	cycles(fixture, 1);
	expect(cpu, EXCEPTION_TLBL, 0x5FF8, false, 0x6000);
	assert_int_equal(cpu->gpr[10], 1);
	assert_int_equal(cpu->gpr[11], 0);
	assert_int_equal(cpu->fetch_faults, 1); /* charged, but neither Count nor Random sees it */
	assert_int_equal(cpu_active(cpu), active + 2);
	assert_int_equal(cpu_cycles_run(cpu), active + 3);
	cpu_fixture_free(fixture);

	/* Even a return and its delay slot. */
	fixture = mapped_code();
	PUT(fixture, 0x2FF8, MIPS_WORD(JR, ['s'] = 31), NOP);
	fixture->cpu.gpr[31] = 0x80001000;
	go_to(fixture, 0x5FF8);
	cycles(fixture, 1);
	expect(&fixture->cpu, EXCEPTION_TLBL, 0x5FF8, false, 0x6000);
	cpu_fixture_free(fixture);

	/* Not the word at 0xFF8 as the delay slot of a taken jump. */
	fixture = mapped_code();
	PUT(fixture, 0x2FF4, MIPS_WORD(J, ['j'] = 0x5000 / 4), ADDIU(9, 1));
	go_to(fixture, 0x5FF4);
	cycles(fixture, 2);
	assert_int_equal(fixture->cpu.exceptions, 0);
	assert_int_equal(fixture->cpu.gpr[9], 1);
	assert_int_equal(fixture->cpu.pc, 0x5000);
	cpu_fixture_free(fixture);
}

/* The page after the target's is looked up while the delay slot is fetched. */
static void jump_to_the_last_word(void **state)
{
	struct cpu_fixture *fixture = mapped_code();

	(void)state;
	PUT(fixture, 0x2000, MIPS_WORD(J, ['j'] = 0x5FFC / 4), ADDIU(9, 1));
	go_to(fixture, 0x5000);
	cycles(fixture, 2);
	expect(&fixture->cpu, EXCEPTION_TLBL, 0x5000, true, 0x6000);
	assert_int_equal(fixture->cpu.gpr[9], 0);
	cpu_fixture_free(fixture);
}

static void other_page_ends(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	go_to(fixture, 0x80000000 + RAM_SIZE - 8); /* no memory follows */
	cycles(fixture, 1);
	expect(&fixture->cpu, EXCEPTION_IBE, 0x80000000 + RAM_SIZE - 8, false, 0);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new(); /* the end of the user's half */
	map_page(fixture, 0, 0x7FFFF000, 0x2000, ENTRY_LO_V);
	fixture->cpu.asid = 0;
	fixture->cpu.status = STATUS_KUC;
	go_to(fixture, 0x7FFFFFF8);
	cycles(fixture, 1);
	expect(&fixture->cpu, EXCEPTION_ADEL, 0x7FFFFFF8, false, 0x80000000);
	cpu_fixture_free(fixture);

	fixture = mapped_code(); /* a page that follows */
	map_page(fixture, 1, 0x6000, 0x1000, ENTRY_LO_V);
	PUT(fixture, 0x2FF8, ADDIU(9, 1), ADDIU(10, 1));
	PUT(fixture, 0x1000, ADDIU(11, 1));
	go_to(fixture, 0x5FF8);
	cycles(fixture, 3);
	assert_int_equal(fixture->cpu.exceptions, 0);
	assert_int_equal(fixture->cpu.gpr[11], 1);
	cpu_fixture_free(fixture);
}

/* The self-check of section 7.5: a fault at a page end while HI and LO are busy. */
static void page_end_and_interlock(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	map_page(fixture, 0, 0x1000, 0x3000, ENTRY_LO_V);
	cpu->asid = 0;
	PROGRAM(fixture, MTC0(0, CP0_STATUS), NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP,
		MIPS_WORD(JR, ['s'] = 10), NOP);
	PUT(fixture, 0x3FF0, NOP, MULT_WORD, NOP, NOP);
	PUT(fixture, 0, MFLO_WORD(11), MFC0(12, CP0_COUNT), MFC0(13, CP0_RANDOM));
	cpu->gpr[10] = 0x1FF0;
	cycles(fixture, 18);
	assert_int_equal(cpu->gpr[12], 17);
	cycles(fixture, 1);
	assert_int_equal(cpu->gpr[13], 0x1800);
	assert_int_equal(cpu->epc, 0x1FF8);
	assert_int_equal(cpu->exceptions, 1);
	assert_int_equal(cpu->stalls, 1);
	cpu_fixture_free(fixture);
}

/* --- stores into code --- */

static void store_over_the_next_instruction(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	PROGRAM(fixture, MIPS_WORD(SW, ['t'] = 8, ['s'] = 9, ['o'] = 4), ADDIU(10, 1));
	fixture->cpu.gpr[8] = ADDIU(10, 2);
	fixture->cpu.gpr[9] = ENTRY;
	cycles(fixture, 2);
	assert_int_equal(fixture->cpu.gpr[10], 2);
	cpu_fixture_free(fixture);
}

static void mapping_changes_while_running(void **state)
{
	struct cpu_fixture *fixture = mapped_code();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	/* Another ASID alone does not matter to code that goes straight on. */
	PUT(fixture, 0x2000, MTC0(8, CP0_ENTRY_HI), ADDIU(9, 1), BRANCH(BEQ, 2), NOP);
	cpu->gpr[8] = 9 << 6;
	go_to(fixture, 0x5000);
	cycles(fixture, 2);
	assert_int_equal(cpu->gpr[9], 1);
	cycles(fixture, 1); /* the branch looks its target up */
	expect(cpu, EXCEPTION_TLBL, 0x5008, false, 0x5014);
	cpu_fixture_free(fixture);

	/* TLBWI maps the code anew. */
	fixture = mapped_code();
	cpu = &fixture->cpu;
	PUT(fixture, 0x2000, MTC0(8, CP0_ENTRY_LO), MTC0(10, CP0_ENTRY_HI), TLBWI, ADDIU(9, 1));
	PUT(fixture, 0x300C, ADDIU(9, 2));
	cpu->gpr[8] = 0x3000 | ENTRY_LO_V;
	cpu->gpr[10] = 0x5000;
	go_to(fixture, 0x5000);
	cycles(fixture, 4);
	assert_int_equal(cpu->gpr[9], 2);
	cpu_fixture_free(fixture);
}

/* --- HI/LO --- */

/* Cycles until `pc` is reached. */
static unsigned cycles_until(struct cpu_fixture *fixture, uint32_t pc)
{
	unsigned count = 0;

	for (; fixture->cpu.pc != pc; count++)
		cycles(fixture, 1);
	return count;
}

static void stalls(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	PROGRAM(fixture, MULT_WORD, MFLO_WORD(10));
	fixture->cpu.gpr[8] = 6;
	fixture->cpu.gpr[9] = 7;
	assert_int_equal(cycles_until(fixture, ENTRY + 8), 3);
	assert_int_equal(fixture->cpu.gpr[10], 42);
	assert_int_equal(fixture->cpu.stalls, 1);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, MULT_WORD, NOP, NOP, MFLO_WORD(10), MFHI_WORD(11));
	assert_int_equal(cycles_until(fixture, ENTRY + 20), 5);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, MULT_WORD, MULT_WORD, MULT_WORD);
	assert_int_equal(cycles_until(fixture, ENTRY + 12), 5);
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, MULT_WORD, NOP, MFLO_WORD(10), MULT_WORD);
	assert_int_equal(cycles_until(fixture, ENTRY + 16), 5); /* MFLO, MULT: one stall */
	cpu_fixture_free(fixture);

	/* A delay slot never stalls. */
	fixture = cpu_fixture_new();
	PROGRAM(fixture, MULT_WORD, BRANCH(BEQ, 4), MFLO_WORD(10));
	assert_int_equal(cycles_until(fixture, ENTRY + 24), 3);
	cpu_fixture_free(fixture);
}

/* In mapped code a stall looks the code up again, and EntryHi shows it. */
static void stalls_set_entry_hi(void **state)
{
	(void)state;
	for (unsigned between = 0; between < 2; between++) {
		struct cpu_fixture *fixture = cpu_fixture_new();
		struct cpu *cpu = &fixture->cpu;

		map_page(fixture, 0, 0x1000, 0x2000, ENTRY_LO_V);
		map_page(fixture, 1, 0x5000, 0x3000, ENTRY_LO_V);
		cpu->asid = 0;
		PUT(fixture, 0x2000, MULT_WORD, LOAD(10, 8), NOP, NOP);
		if (between)
			PUT(fixture, 0x2000, LOAD(10, 8), MULT_WORD, NOP, MFLO_WORD(11),
			    MFC0(12, CP0_ENTRY_HI));
		else
			PUT(fixture, 0x2000, LOAD(10, 8), MULT_WORD, MFLO_WORD(11), MFC0(12, CP0_ENTRY_HI));
		cpu->gpr[8] = 0x5000;
		go_to(fixture, 0x1000);
		cycles(fixture, 5);
		assert_int_equal(cpu->gpr[12], between ? 0x5000 : 0x1000);
		cpu_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(faults_in_delay_slots),
	    cmocka_unit_test(bad_targets),
	    cmocka_unit_test(links),
	    cmocka_unit_test(branch_in_a_delay_slot),
	    cmocka_unit_test(last_two_words),
	    cmocka_unit_test(jump_to_the_last_word),
	    cmocka_unit_test(other_page_ends),
	    cmocka_unit_test(page_end_and_interlock),
	    cmocka_unit_test(store_over_the_next_instruction),
	    cmocka_unit_test(mapping_changes_while_running),
	    cmocka_unit_test(stalls),
	    cmocka_unit_test(stalls_set_entry_hi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

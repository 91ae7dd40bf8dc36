/* The TLB: matching, the four instructions, duplicates, soft TLBs. System/161 reference, section 1.11. */
#include "cpu_fixture.h"

#include <string.h>

#define V ENTRY_LO_V
#define D ENTRY_LO_D
#define G ENTRY_LO_G

static void search(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	map_page(fixture, 20, 0x00005000 | 3 << 6, 0x2000, V);
	map_page(fixture, 63, 0x00006000 | 9 << 6, 0x3000, V | G);
	cpu->asid = 3 << 6;
	assert_int_equal(tlb_search(cpu, 0x5FFC), 20);
	assert_int_equal(tlb_search(cpu, 0x6000), 63); /* global: any ASID */
	assert_int_equal(tlb_search(cpu, 0x4FFC), -1);
	cpu->asid = 4 << 6;
	assert_int_equal(tlb_search(cpu, 0x5000), -1);
	/* Of several, the lowest; a valid one has no precedence. */
	map_page(fixture, 7, 0x00006000, 0, G);
	assert_int_equal(tlb_search(cpu, 0x6000), 7);
	for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
		map_page(fixture, i, 0x00100000 + (i << 12) + (4 << 6), i << 12, V);
	}
	for (int i = 0; i < TLB_ENTRIES; i++)
		assert_int_equal(tlb_search(cpu, 0x00100000u + ((uint32_t)i << 12)), i);
	cpu_fixture_free(fixture);
}

static void instructions(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MTC0(8, CP0_ENTRY_HI), MTC0(9, CP0_ENTRY_LO), MTC0(10, CP0_INDEX), TLBWI,
		MTC0(11, CP0_ENTRY_HI), TLBP, MFC0(12, CP0_INDEX), MTC0(8, CP0_ENTRY_HI), TLBP,
		MFC0(13, CP0_INDEX), MTC0(0, CP0_ENTRY_HI), TLBR, MFC0(14, CP0_ENTRY_HI),
		MFC0(15, CP0_ENTRY_LO));
	cpu->gpr[8] = 0x12345000 | 5 << 6;
	cpu->gpr[9] = 0x00003000 | V | D;
	cpu->gpr[10] = 33 << 8;
	cpu->gpr[11] = 0x12345000 | 6 << 6;
	cycles(fixture, 14);
	assert_int_equal(cpu->tlb_hi[33], cpu->gpr[8]);
	assert_int_equal(cpu->tlb_lo[33], cpu->gpr[9]);
	assert_int_equal(cpu->gpr[12], 0x80000000u | 33 << 8); /* not found: the index stays */
	assert_int_equal(cpu->gpr[13], 33 << 8);
	assert_int_equal(cpu->gpr[14], cpu->gpr[8]); /* TLBR loads the ASID too */
	assert_int_equal(cpu->gpr[15], cpu->gpr[9]);
	assert_int_equal(cpu->exceptions, 0);
	assert_string_equal(fixture->hang, "");
	cpu_fixture_free(fixture);
}

static void random_write(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MTC0(8, CP0_ENTRY_HI), NOP, MFC0(9, CP0_RANDOM), TLBWR);
	cpu->gpr[8] = 0x7000;
	cycles(fixture, 4);
	assert_int_equal(cpu->gpr[9], 9 << 8);
	assert_int_equal(cpu->tlb_hi[10], 0x7000);
	cpu_fixture_free(fixture);
}

static void duplicates(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	map_page(fixture, 12, 0x00005000 | 3 << 6, 0x2000, 0);
	cpu->lookup_va = 0x5000;
	cpu->asid = 4 << 6;
	tlb_write(cpu, 3);
	assert_string_equal(fixture->hang, ""); /* another ASID */
	cpu->entry_lo = G;
	tlb_write(cpu, 4); /* global: meets both */
	assert_string_equal(fixture->hang, "Duplicate TLB entries for vpage 5000");
	assert_int_equal(cpu->tlb_hi[4], 0x5000 | 4 << 6); /* the write is done */
	assert_non_null(strstr(fixture->messages, "Duplicate TLB entries!\n"));
	assert_non_null(
	    strstr(fixture->messages, "Old entry: index 12, vpn 0x00005000, pid 3,  ppn 0x00002000 (---)\n"));
	assert_non_null(
	    strstr(fixture->messages, "New entry: index 4,  vpn 0x00005000, global, ppn 0x00000000 (---)\n"));
	cpu_fixture_free(fixture);

	/* Invalid entries and direct-mapped pages count too. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	cpu->lookup_va = 0x81000000;
	cpu->asid = 0;
	tlb_write(cpu, 5);
	assert_string_equal(fixture->hang, "Duplicate TLB entries for vpage 81000000");
	cpu_fixture_free(fixture);

	/* The same entry again is none, nor are two that were distinct; and what overlaps is told again. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	cpu->entry_lo = V;
	cpu->lookup_va = 0x5000;
	tlb_write(cpu, 1);
	cpu->lookup_va = 0x6000;
	tlb_write(cpu, 2);
	tlb_write(cpu, 2);
	assert_string_equal(fixture->hang, "");
	tlb_write(cpu, 1);
	assert_string_equal(fixture->hang, "Duplicate TLB entries for vpage 6000");
	for (unsigned i = 1; i < 3; i++) {
		fixture->hang[0] = '\0';
		tlb_write(cpu, i);
		assert_string_equal(fixture->hang, "Duplicate TLB entries for vpage 6000");
	}
	cpu->lookup_va = 0x5000;
	fixture->hang[0] = '\0';
	tlb_write(cpu, 1);
	tlb_write(cpu, 1);
	assert_string_equal(fixture->hang, "");
	cpu_fixture_free(fixture);

	/* The same as at reset is none either. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	cpu->lookup_va = 0x81000000;
	tlb_write(cpu, 0);
	assert_string_equal(fixture->hang, "");
	cpu_fixture_free(fixture);
}

static void lookups_set_entry_hi(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;
	uint32_t physical;

	(void)state;
	map_page(fixture, 0, 0x5000, 0x2000, V);
	cpu->asid = 0;
	assert_true(cpu_translate(cpu, 0x5678, ACCESS_LOAD, &physical));
	assert_int_equal(physical, 0x2678);
	assert_int_equal(cp0_read(cpu, 8 * CP0_ENTRY_HI), 0x5000);
	assert_true(cpu_translate(cpu, 0x80006000, ACCESS_LOAD, &physical));
	assert_int_equal(cp0_read(cpu, 8 * CP0_ENTRY_HI), 0x5000); /* direct: no look-up */
	assert_false(cpu_translate(cpu, 0x9000, ACCESS_LOAD, &physical));
	assert_int_equal(cp0_read(cpu, 8 * CP0_ENTRY_HI), 0x9000);
	assert_false(cpu_translate(cpu, 0xA002, ACCESS_LOAD, &physical));
	assert_int_equal(cp0_read(cpu, 8 * CP0_ENTRY_HI), 0x9000); /* an address error: no look-up */
	/* The quiet one changes nothing and raises nothing. */
	cpu->exceptions = 0;
	assert_true(cpu_translate_quietly(cpu, 0x5678, ACCESS_LOAD, true, &physical));
	assert_false(cpu_translate_quietly(cpu, 0x5678, ACCESS_STORE, true, &physical));
	assert_false(cpu_translate_quietly(cpu, 0x80000000, ACCESS_LOAD, true, &physical));
	assert_true(cpu_translate_quietly(cpu, 0x80000000, ACCESS_STORE, false, &physical));
	assert_int_equal(cp0_read(cpu, 8 * CP0_ENTRY_HI), 0x9000);
	assert_int_equal(cpu->exceptions, 0);
	cpu_fixture_free(fixture);
}

static void soft_entry(struct cpu *cpu, unsigned mode, uint32_t va, uint32_t frame)
{
	struct soft_tlb_entry *entry = &cpu->soft_tlb[mode][va >> 12 & (SOFT_TLB_SIZE - 1)];

	entry->read_tag = entry->write_tag = va;
	entry->addend = (uint64_t)(uintptr_t)(cpu->memory->ram + frame) - va;
}

static void soft_tlbs(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	soft_entry(cpu, 0, 0x5000, 0x2000);
	soft_entry(cpu, 1, 0x5000, 0x2000);
	soft_entry(cpu, 1, 0x6000, 0x3000);
	soft_tlb_protect(cpu, 0x2000);
	for (unsigned mode = 0; mode < 2; mode++) {
		assert_int_equal(cpu->soft_tlb[mode][5].read_tag, 0x5000);
		assert_int_equal(cpu->soft_tlb[mode][5].write_tag, SOFT_TLB_NO_TAG);
	}
	assert_int_equal(cpu->soft_tlb[1][6].write_tag, 0x6000);
	/* Replacing an entry of the TLB drops what was known of its old page and of its new one. */
	map_page(fixture, 9, 0x5000, 0x2000, V);
	cpu->lookup_va = 0x6000;
	tlb_write(cpu, 9);
	assert_int_equal(cpu->soft_tlb[0][5].read_tag, SOFT_TLB_NO_TAG);
	assert_int_equal(cpu->soft_tlb[1][5].read_tag, SOFT_TLB_NO_TAG);
	assert_int_equal(cpu->soft_tlb[1][6].read_tag, SOFT_TLB_NO_TAG);
	soft_entry(cpu, 1, 0x7000, 0x3000);
	soft_tlb_clear(cpu);
	assert_int_equal(cpu->soft_tlb[1][7].read_tag, SOFT_TLB_NO_TAG);
	cpu_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(search),
	    cmocka_unit_test(instructions),
	    cmocka_unit_test(random_write),
	    cmocka_unit_test(duplicates),
	    cmocka_unit_test(lookups_set_entry_hi),
	    cmocka_unit_test(soft_tlbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

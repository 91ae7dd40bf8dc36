/* Coprocessor 0: which registers exist and what they hold, the on-chip timer, interrupts, WAIT. System/161
 * reference, sections 1.2, 1.8, 1.9, 1.13, 1.15, 7.5. */
#include "cpu_fixture.h"

#include <string.h>

static void power_up(void **state)
{
	struct memory memory;
	struct error error;
	static struct cpu cpu;

	(void)state;
	assert_true(memory_init(&memory, RAM_SIZE, &memory_map_system161, &error));
	cpu_init(&cpu, 3, &cpu_model_mips161, &memory);
	assert_int_equal(cpu.number, 3);
	assert_int_equal(cpu.run_state, CPU_DISABLED);
	assert_int_equal(cpu.pc, 0xBFC00000);
	assert_int_equal(cpu.status, 0x00400000);
	assert_int_equal(cp0_read(&cpu, 8 * CP0_ENTRY_HI), 0x81040000);
	assert_int_equal(cp0_read(&cpu, 8 * CP0_COUNT), 1);
	assert_int_equal(cp0_read(&cpu, 8 * CP0_RANDOM), 63 << 8);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(cpu.gpr[i], 0);
	for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
		assert_int_equal(cpu.tlb_hi[i], 0x81000000 + (i << 12));
		assert_int_equal(cpu.tlb_lo[i], 0);
	}
	assert_false(cpu.ll_active);
	memory_free(&memory);
}

/* The n-th instruction reads n from Count; Random is 63, 8, 9 ... 63, 8 ... */
static void count_and_random(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	for (uint32_t i = 0; i < 400; i += 2)
		PUT(fixture, 0x1000 + 4 * i, MFC0(8, CP0_COUNT), MFC0(9, CP0_RANDOM));
	for (uint32_t n = 1; n < 400; n += 2) {
		cycles(fixture, 2);
		assert_int_equal(fixture->cpu.gpr[8], n);
		assert_int_equal(fixture->cpu.gpr[9], (8 + (n + 1 - 2) % 56) << 8);
	}
	cpu_fixture_free(fixture);

	fixture = cpu_fixture_new();
	PROGRAM(fixture, MFC0(9, CP0_RANDOM));
	cycles(fixture, 1);
	assert_int_equal(fixture->cpu.gpr[9], 63 << 8);
	cpu_fixture_free(fixture);
}

static uint32_t write_and_read(unsigned register_number, uint32_t value)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	PROGRAM(fixture, MTC0(8, (int)register_number), MFC0(9, (int)register_number));
	fixture->cpu.gpr[8] = value;
	cycles(fixture, 2);
	assert_int_equal(fixture->cpu.exceptions, 0);
	value = fixture->cpu.gpr[9];
	cpu_fixture_free(fixture);
	return value;
}

static void write_masks(void **state)
{
	(void)state;
	assert_int_equal(write_and_read(CP0_CONTEXT, UINT32_MAX), 0xFFFFFFFF);
	assert_int_equal(write_and_read(CP0_BAD_VADDR, UINT32_MAX), 0xFFFFFFFF);
	assert_int_equal(write_and_read(CP0_ENTRY_HI, UINT32_MAX), 0xFFFFFFC0);
	assert_int_equal(write_and_read(CP0_ENTRY_LO, UINT32_MAX), 0xFFFFFF00);
	assert_int_equal(write_and_read(CP0_INDEX, UINT32_MAX), 0x80003F00);
	assert_int_equal(write_and_read(CP0_STATUS, 0xFFFCFFFC), 0xF040FF3C);
	assert_int_equal(write_and_read(CP0_CAUSE, UINT32_MAX), 0x300);
	assert_int_equal(write_and_read(CP0_EPC, UINT32_MAX), 0);
	assert_int_equal(write_and_read(CP0_COMPARE, 0x12345678), 0x12345678);
	assert_int_equal(write_and_read(CP0_COUNT, 1000), 1001);
	assert_int_equal(write_and_read(15, UINT32_MAX), 0xA1);
	assert_int_equal(write_and_read(16, UINT32_MAX), 0x800083F3);
}

/* Every register and select: what the table of section 1.8 does not list is reserved. */
static void which_exist(void **state)
{
	static const uint8_t both[] = {0, 1, 2, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16};

	(void)state;
	for (unsigned number = 0; number < 32; number++) {
		for (unsigned select = 0; select < 8; select++) {
			bool readable = select == 0 && memchr(both, (int)number, sizeof(both));
			bool writable;

			readable |= (number == 15 && select <= 2) || (number == 16 && select == 1);
			writable = readable || number == 16;
			for (int write = 0; write < 2; write++) {
				struct cpu_fixture *fixture = cpu_fixture_new();
				uint32_t word = 0x40000000u | (write ? 4u << 21 : 0) | number << 11 | select;

				PROGRAM(fixture, word | 0x7F8 /* ignored bits */);
				cycles(fixture, 1);
				assert_int_equal(fixture->cpu.exceptions, write ? !writable : !readable);
				if (fixture->cpu.exceptions)
					assert_int_equal(exception_code(&fixture->cpu), EXCEPTION_RESERVED);
				cpu_fixture_free(fixture);
			}
		}
	}
}

static void cache_control_hangs(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();

	(void)state;
	PROGRAM(fixture, MTC0(8, CP0_STATUS), MFC0(9, CP0_STATUS));
	fixture->cpu.gpr[8] = 0x0001F000;
	cycles(fixture, 2);
	assert_string_equal(fixture->hang,
			    "Status register write attempted to use r2000/r3000 cache control");
	assert_int_equal(fixture->cpu.gpr[9], 0xF000); /* the rest takes effect */
	cpu_fixture_free(fixture);
}

/* --- the timer --- */

static void timer_is_periodic(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MTC0(0, CP0_COUNT), MTC0(8, CP0_COMPARE));
	cpu->gpr[8] = 100;
	cycles(fixture, 2); /* Count is 2 now */
	assert_int_equal(cp0_read(cpu, 8 * CP0_COUNT), 2);
	cycles(fixture, 97);
	assert_int_equal(cp0_read(cpu, 8 * CP0_COUNT), 99);
	assert_false(cpu->cause & CAUSE_TIMER);
	cycles(fixture, 1);
	assert_int_equal(cp0_read(cpu, 8 * CP0_COUNT), 0);
	assert_true(cpu->cause & CAUSE_TIMER);
	cpu->cause &= ~CAUSE_TIMER;
	cycles(fixture, 99);
	assert_false(cpu->cause & CAUSE_TIMER);
	cycles(fixture, 1);
	assert_true(cpu->cause & CAUSE_TIMER);
	/* Writing Compare takes the line back. */
	cp0_write(cpu, 8 * CP0_COMPARE, 100);
	assert_false(cpu->cause & CAUSE_TIMER);
	cpu_fixture_free(fixture);
}

static void timer_compare_writes(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	/* Count is 50; a smaller Compare sets it to 0, and the next instruction reads 1. */
	PROGRAM(fixture, MTC0(8, CP0_COUNT), MTC0(9, CP0_COMPARE), MFC0(10, CP0_COUNT));
	cpu->gpr[8] = 49;
	cpu->gpr[9] = 20;
	cycles(fixture, 3);
	assert_int_equal(cpu->gpr[10], 1);
	cpu_fixture_free(fixture);

	/* An equal one has missed its match. */
	fixture = cpu_fixture_new();
	cpu = &fixture->cpu;
	PROGRAM(fixture, MTC0(8, CP0_COUNT), MTC0(9, CP0_COMPARE));
	cpu->gpr[8] = 49;
	cpu->gpr[9] = 50;
	cycles(fixture, 300);
	assert_false(cpu->cause & CAUSE_TIMER);
	assert_int_equal(cpu->timer_deadline, 1 + (UINT64_C(1) << 32));
	cpu_fixture_free(fixture);

	/* Unarmed until Compare is written, even with both at 0. */
	fixture = cpu_fixture_new();
	PROGRAM(fixture, MTC0(8, CP0_COUNT));
	fixture->cpu.gpr[8] = UINT32_MAX - 3;
	cycles(fixture, 20);
	assert_false(fixture->cpu.cause & CAUSE_TIMER);
	cpu_fixture_free(fixture);
}

/* --- interrupts --- */

static void interrupts_follow_status_at_once(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MTC0(8, CP0_CAUSE), MTC0(9, CP0_STATUS), MIPS_WORD(ADDIU, ['t'] = 10, ['i'] = 1));
	PUT(fixture, 0x80, MIPS_WORD(ADDIU, ['t'] = 11, ['i'] = 1));
	cpu->gpr[8] = 0x200;
	cpu->gpr[9] = 0x201;
	cycles(fixture, 2);
	assert_int_equal(cpu->interrupts, 0);
	cpu->bad_vaddr = 77;
	cycles(fixture, 1); /* the handler's first instruction, in the same cycle */
	assert_int_equal(cpu->interrupts, 1);
	assert_int_equal(cpu->epc, ENTRY + 8);
	assert_int_equal(cpu->gpr[10], 0);
	assert_int_equal(cpu->gpr[11], 1);
	assert_int_equal(cpu->status, 0x204); /* pushed */
	assert_int_equal(cpu->cause, 0x200);
	assert_int_equal(cpu->bad_vaddr, 0);
	cpu_fixture_free(fixture);
}

static void masked_lines_wait(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	cpu_set_lines(cpu, CAUSE_LAMEBUS | CAUSE_IPI);
	assert_int_equal(cpu->cause, 0xC00);
	cycles(fixture, 1);
	cpu->status = 0xC00; /* masks, but not enabled */
	cycles(fixture, 1);
	cpu->status = 0x8301; /* enabled, but other masks */
	cycles(fixture, 1);
	assert_int_equal(cpu->interrupts, 0);
	cpu->status = 0x401;
	cycles(fixture, 1);
	assert_int_equal(cpu->interrupts, 1);
	cpu_set_lines(cpu, 0);
	assert_int_equal(cpu->cause & CAUSE_LINES, 0);
	cpu_fixture_free(fixture);
}

static void interrupt_in_a_delay_slot(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(J, ['j'] = 0x1100 / 4), MIPS_WORD(ADDIU, ['t'] = 10, ['i'] = 1));
	cpu->status = 0x401;
	cycles(fixture, 1);
	cpu_set_lines(cpu, CAUSE_LAMEBUS);
	cycles(fixture, 1);
	assert_int_equal(cpu->epc, ENTRY);
	assert_true(cpu->cause & CAUSE_BD);
	assert_int_equal(cpu->gpr[10], 0);
	cpu_fixture_free(fixture);
}

static void waiting(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, WAIT, WAIT, WAIT);
	cpu->cause = CAUSE_TIMER;
	cycles(fixture, 1); /* a line is up: nothing happens */
	assert_int_equal(cpu->run_state, CPU_RUNNING);
	cpu->cause = 0x300; /* software interrupts do not prevent it */
	cycles(fixture, 1);
	assert_int_equal(cpu->run_state, CPU_WAITING);
	assert_int_equal(fixture->stops, 1);
	assert_int_equal(cpu->attention, 1);
	assert_false(cpu_set_lines(cpu, 0));
	assert_int_equal(cpu->run_state, CPU_WAITING);
	assert_true(cpu_set_lines(cpu, CAUSE_IPI)); /* whatever the masks */
	assert_int_equal(cpu->run_state, CPU_RUNNING);
	assert_int_equal(cpu->interrupts, 0);
	cpu_fixture_free(fixture);
}

static void user_mode(void **state)
{
	static const uint32_t words[] = {
	    WAIT, TLBR, TLBWI, TLBWR, TLBP, RFE, 0x40086000, 0x40886000, 0xBD000000 /* CACHE */, 0x43FFFFFF};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct cpu_fixture *fixture = cpu_fixture_new();

		map_page(fixture, 0, 0x4000, 0x1000, ENTRY_LO_V);
		PROGRAM(fixture, words[i]);
		fixture->cpu.status = STATUS_KUC | 0xF0000000;
		go_to(fixture, 0x4000);
		cycles(fixture, 1);
		assert_int_equal(fixture->cpu.exceptions, 1);
		assert_int_equal(exception_code(&fixture->cpu), EXCEPTION_COPROCESSOR);
		assert_int_equal(fixture->cpu.cause >> CAUSE_CE_SHIFT & 3, 0);
		assert_int_equal(fixture->cpu.epc, 0x4000);
		cpu_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(power_up),
	    cmocka_unit_test(count_and_random),
	    cmocka_unit_test(write_masks),
	    cmocka_unit_test(which_exist),
	    cmocka_unit_test(cache_control_hangs),
	    cmocka_unit_test(timer_is_periodic),
	    cmocka_unit_test(timer_compare_writes),
	    cmocka_unit_test(interrupts_follow_status_at_once),
	    cmocka_unit_test(masked_lines_wait),
	    cmocka_unit_test(interrupt_in_a_delay_slot),
	    cmocka_unit_test(waiting),
	    cmocka_unit_test(user_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

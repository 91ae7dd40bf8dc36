/* MIPS32's coprocessor 0, TLB, exceptions and timer, where guest programs on QEMU's board cannot tell: exact cycles,
 * tables, and what QEMU does in a way of its own. Malta reference, sections 14, 15 and 20. */
#include "cpu_fixture.h"

#include <string.h>

#define ERET	    0x42000018u
#define SYSCALL	    0x0000000Cu
#define VECTOR	    0x80000180u
#define CODE_SYS    8u
#define EXL	    STATUS_EXL
#define LO_D_V_G    7u
#define LO_V	    2u
#define CP0(n, sel) LIFT_CP0_INDEX(n, sel)

static const struct {
	unsigned number;
	uint32_t reset, mask;
	bool only_34k;
} registers[] = {
    {CP0(0, 0), 0, 0xF, false},
    {CP0(2, 0), 0, 0x03FFFFFF, false},
    {CP0(3, 0), 0, 0x03FFFFFF, false},
    {CP0(4, 0), 0, 0xFF800000, false},
    {CP0(5, 0), 0, 0x1FFFE000, false},
    {CP0(6, 0), 0, 0xF, false},
    {CP0(7, 0), 0, 0xF, false},
    {CP0(8, 0), 0, 0, false},
    {CP0(10, 0), 0, 0xFFFFE0FF, false},
    {CP0(11, 0), 0, 0xFFFFFFFF, false},
    {CP0(12, 0), 0x00400004, 0x1040FF1F, false},
    {CP0(12, 1), 0xE0000000, 0, false},
    {CP0(13, 0), 0, 0x08C00300, false},
    {CP0(14, 0), 0, 0xFFFFFFFF, false},
    {CP0(15, 0), 0x00019300, 0, false},
    {CP0(15, 1), 0x80000000, 0x3FFFF000, false},
    {CP0(16, 0), 0x80008482, 7, false},
    {CP0(16, 1), 0x9E5F2F80, 0, false},
    {CP0(16, 2), 0x80000000, 0, false},
    {CP0(16, 3), 0, 0, false},
    {CP0(16, 7), 0, 0, false},
    {CP0(20, 0), 0, 0, false}, /* there is none */
    {CP0(30, 0), 0, 0xFFFFFFFF, false},
    {CP0(15, 0), 0x00019500, 0, true},
    {CP0(0, 0), 0, 0x3F, true},
    {CP0(6, 0), 0, 0x3F, true},
    {CP0(12, 1), 0xE0000000, 0x3E0, true},
    {CP0(16, 1), 0xFE5F2F80, 0, true},
    {CP0(16, 3), 0x20, 0, true},
};

static void cp0_file(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		struct cpu_fixture *fixture =
		    cpu_fixture_new_mips32(registers[i].only_34k ? "34Kf" : "24Kf", true);
		struct cpu *cpu = &fixture->cpu;
		unsigned number = registers[i].number;
		uint32_t mask = registers[i].mask;

		if (number == CP0(12, 0))
			cpu->status = cpu->model->status_reset;
		assert_true(cp0_readable(cpu->model, number) && cp0_writable(cpu->model, number));
		assert_int_equal(cp0_read(cpu, number), registers[i].reset);
		cp0_write(cpu, number, UINT32_MAX);
		assert_int_equal(cp0_read(cpu, number) & mask, mask);
		assert_int_equal(cp0_read(cpu, number) & ~mask, registers[i].reset & ~mask);
		cp0_write(cpu, number, 0);
		assert_int_equal(cp0_read(cpu, number), registers[i].reset & ~mask);
		cpu_fixture_free(fixture);
	}
}

static void page_masks(void **state)
{
	static const uint32_t legal[] = {0,	   0x6000,    0x1E000,	 0x7E000,   0x1FE000,
					 0x7FE000, 0x1FFE000, 0x7FFE000, 0x1FFFE000};
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	for (uint32_t mask = 0; mask <= 0x1FFFE000; mask += 0x2000) {
		uint32_t expected = 0;

		for (unsigned i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
			expected |= legal[i] == mask ? mask : 0;
		cp0_write(cpu, CP0(5, 0), mask);
		assert_int_equal(cp0_read(cpu, CP0(5, 0)), expected);
	}
	cpu_fixture_free(fixture);
}

/* Even a branch that cannot be taken has a delay slot. */
static void never_taken(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(BNE, ['s'] = 0, ['t'] = 0, ['b'] = 4), SYSCALL);
	cycles(fixture, 2);
	assert_int_equal(cpu->pc, VECTOR);
	assert_int_equal(cpu->epc, ENTRY);
	assert_int_equal(cpu->cause, CAUSE_BD | CODE_SYS << 2);
	cpu_fixture_free(fixture);
}

static void vectors(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("34Kf", true);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, SYSCALL);
	cpu->status = STATUS_BEV;
	cycles(fixture, 1);
	assert_int_equal(cpu->pc, 0xBFC00380);
	assert_int_equal(cpu->status, STATUS_BEV | EXL);
	/* A second one keeps EPC. */
	cpu->status |= EXL;
	cpu->pc = ENTRY;
	cpu->next_pc = ENTRY + 4;
	cpu->epc = 0x1234;
	cpu->status &= ~STATUS_BEV;
	cycles(fixture, 1);
	assert_int_equal(cpu->pc, VECTOR);
	assert_int_equal(cpu->epc, 0x1234);

	/* Vectored interrupts: 200 + VS times the highest line that is pending and enabled. */
	cpu->status = STATUS_IM | STATUS_IEC;
	cpu->interrupt_control = 0xE0000020;
	cpu->cause = CAUSE_IV | 0x300;
	cpu->pc = ENTRY;
	cpu->next_pc = ENTRY + 4;
	cycles(fixture, 1); /* it enters the handler and executes its first instruction */
	assert_int_equal(cpu->pc, 0x80000224);
	assert_int_equal(cpu->epc, ENTRY);
	cpu->status = 0x100 | STATUS_IEC;
	cpu->pc = ENTRY;
	cpu->next_pc = ENTRY + 4;
	cycles(fixture, 1);
	assert_int_equal(cpu->pc, 0x80000204);
	assert_int_equal(cpu->interrupts, 2);
	/* EXL and ERL hold them off. */
	for (uint32_t bit = EXL; bit <= STATUS_ERL; bit <<= 1) {
		cpu->status = STATUS_IM | STATUS_IEC | bit;
		assert_false(cpu_interrupt_due(cpu));
	}
	cpu_fixture_free(fixture);
}

static void modes(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", true);
	struct cpu *cpu = &fixture->cpu;
	uint64_t kernel, user;

	(void)state;
	cpu->status = 0x10;
	assert_true(cpu_user_mode(cpu));
	cpu->status = 0x10 | EXL;
	assert_false(cpu_user_mode(cpu));
	cpu->status = 0x10 | STATUS_ERL;
	assert_false(cpu_user_mode(cpu));

	/* ERET to user mode at an address of the kernel's; time is booked on the right mode. */
	PROGRAM(fixture, ERET);
	cpu->status = 0x10 | EXL;
	cpu->epc = 0x80002000;
	cpu->ll_active = true;
	cycles(fixture, 1);
	assert_true(cpu_user_mode(cpu));
	assert_false(cpu->ll_active);
	cycles(fixture, 1);
	assert_int_equal(exception_code(cpu), EXCEPTION_ADEL);
	assert_int_equal(cpu->bad_vaddr, 0x80002000);
	assert_int_equal(cpu->epc, 0x80002000);
	cpu_mode_cycles(cpu, &kernel, &user);
	assert_int_equal(kernel, 1);
	assert_int_equal(user, 1);
	cpu_fixture_free(fixture);
}

/* Count goes up every second cycle, Compare matches in the cycle in which Count gets there. */
static void timer(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	cycles(fixture, 7);
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 3);
	cp0_write(cpu, CP0(11, 0), 3);
	assert_int_equal(cpu->cause, CAUSE_TI | CAUSE_TIMER);
	cp0_write(cpu, CP0(11, 0), 2);
	assert_int_equal(cpu->cause, 0);
	cp0_write(cpu, CP0(11, 0), 6);
	cycles(fixture, 4);
	assert_int_equal(cpu->cause, 0);
	cycles(fixture, 1);
	assert_int_equal(cpu->cause, CAUSE_TI | CAUSE_TIMER);
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 6);
	/* The next match is a whole turn away. */
	assert_int_equal(cpu->timer_deadline - cpu_active(cpu), UINT64_C(1) << 33);

	/* Writing Count arms it anew. */
	cp0_write(cpu, CP0(11, 0), 100);
	cp0_write(cpu, CP0(9, 0), 98);
	assert_int_equal(cpu->timer_deadline - cpu_active(cpu), 4);

	/* Stopped by DC, whose value it then keeps. */
	cp0_write(cpu, CP0(13, 0), CAUSE_DC);
	cycles(fixture, 10);
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 98);
	cp0_write(cpu, CP0(9, 0), 99);
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 99);
	cp0_write(cpu, CP0(13, 0), 0);
	cycles(fixture, 1);
	assert_int_equal(cpu->cause, 0);
	cycles(fixture, 1);
	assert_int_equal(cpu->cause, CAUSE_TI | CAUSE_TIMER);
	cpu_fixture_free(fixture);
}

static void waiting(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;
	uint64_t active;

	(void)state;
	PROGRAM(fixture, WAIT, NOP);
	cp0_write(cpu, CP0(11, 0), 1000);
	cpu->status = CAUSE_TIMER | STATUS_IEC;
	cycles(fixture, 1);
	assert_int_equal(cpu->run_state, CPU_WAITING);
	assert_true(cpu_timer_can_wake(cpu));
	active = cpu_active(cpu);
	cpu_waited(cpu, 500);
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 250);
	assert_int_equal(cpu->run_state, CPU_WAITING);
	cpu_waited(cpu, cpu->timer_deadline - cpu_active(cpu));
	assert_int_equal(cp0_read(cpu, CP0(9, 0)), 1000);
	assert_int_equal(cpu->run_state, CPU_RUNNING);
	assert_int_equal(cpu_active(cpu), active);
	cycles(fixture, 1);
	assert_int_equal(cpu->epc, ENTRY + 4); /* behind WAIT */

	/* With an interrupt that can be taken it does not wait; one that cannot be taken does not end it. */
	cpu->status = EXL | CAUSE_TIMER | STATUS_IEC;
	cpu->pc = ENTRY;
	cpu->next_pc = ENTRY + 4;
	cycles(fixture, 1);
	assert_int_equal(cpu->run_state, CPU_WAITING);
	assert_false(cpu_timer_can_wake(cpu));
	cpu_fixture_free(fixture);
}

static void random_register(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	cp0_write(cpu, CP0(6, 0), 13);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(cp0_read(cpu, CP0(1, 0)), 15 - i % 3);
		assert_int_equal(cpu_random(cpu), 15 - i % 3);
		cycles(fixture, 1);
	}
	cp0_write(cpu, CP0(6, 0), 15);
	cycles(fixture, 5);
	assert_int_equal(cpu_random(cpu), 15);
	cpu_fixture_free(fixture);
}

static void write_entry(struct cpu *cpu, unsigned index, uint32_t hi, uint32_t lo0, uint32_t lo1,
			uint32_t mask)
{
	cp0_write(cpu, CP0(0, 0), index);
	cp0_write(cpu, CP0(10, 0), hi);
	cp0_write(cpu, CP0(2, 0), lo0);
	cp0_write(cpu, CP0(3, 0), lo1);
	cp0_write(cpu, CP0(5, 0), mask);
	tlb_write(cpu, tlb_index(cpu));
}

static void tlb(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;
	uint32_t physical;

	(void)state;
	/* The lowest of several entries; both halves; an ASID; a large page. */
	write_entry(cpu, 5, 0x00400007, 0x10 << 6 | LO_V, 0x11 << 6 | LO_V, 0);
	write_entry(cpu, 3, 0x00400007, 0x12 << 6 | LO_V, 0x13 << 6 | 6, 0);
	write_entry(cpu, 9, 0x10000000, 0x100 << 6 | LO_D_V_G, 0x200 << 6 | LO_D_V_G, 0x1FE000);
	cp0_write(cpu, CP0(10, 0), 7);
	assert_true(cpu_translate_quietly(cpu, 0x00400ABC, ACCESS_LOAD, true, &physical));
	assert_int_equal(physical, 0x12ABC);
	assert_false(cpu_translate_quietly(cpu, 0x00400ABC, ACCESS_STORE, true, &physical));
	assert_true(cpu_translate_quietly(cpu, 0x00401ABC, ACCESS_STORE, true, &physical));
	assert_int_equal(physical, 0x13ABC);
	cp0_write(cpu, CP0(10, 0), 8);
	assert_false(cpu_translate_quietly(cpu, 0x00400ABC, ACCESS_LOAD, true, &physical));
	assert_true(cpu_translate_quietly(cpu, 0x100FFFFC, ACCESS_LOAD, true, &physical));
	assert_int_equal(physical, 0x1FFFFC);
	assert_true(cpu_translate_quietly(cpu, 0x10100000, ACCESS_LOAD, true, &physical));
	assert_int_equal(physical, 0x200000);
	assert_false(cpu_translate_quietly(cpu, 0x10200000, ACCESS_LOAD, true, &physical));

	/* kuseg is itself while ERL is set; kseg2 is the kernel's. */
	cpu->status = STATUS_ERL;
	assert_true(cpu_translate_quietly(cpu, 0x00777770, ACCESS_STORE, false, &physical));
	assert_int_equal(physical, 0x00777770);
	cpu->status = 0;
	assert_false(cpu_translate_quietly(cpu, 0xC0000000, ACCESS_LOAD, true, &physical));

	/* Whatever a soft TLB holds of an entry goes with it. */
	struct soft_tlb_entry *slot = &cpu->soft_tlb[SOFT_TLB_USER][0x00401000 >> 12 & (SOFT_TLB_SIZE - 1)];
	slot->read_tag = 0x00401000 | cpu->asid;
	write_entry(cpu, 3, 0x80006000, 0, 0, 0);
	assert_int_equal(slot->read_tag, SOFT_TLB_NO_TAG);
	slot = &cpu->soft_tlb[SOFT_TLB_KERNEL][0x10042000 >> 12 & (SOFT_TLB_SIZE - 1)];
	slot->read_tag = 0x10042000 | cpu->asid;
	write_entry(cpu, 9, 0x80012000, 0, 0, 0);
	assert_int_equal(slot->read_tag, SOFT_TLB_NO_TAG);
	/* ASIDs stay clear of the bits that tell misaligned addresses. */
	cp0_write(cpu, CP0(10, 0), 0xFF);
	assert_int_equal(cpu->asid & 3, 0);
	assert_int_equal(cp0_read(cpu, CP0(10, 0)), 0xFF);
	cpu_fixture_free(fixture);
}

/* Nothing to fetch from: IBE at the jump's target, whose delay slot has been executed. */
static void fetch_bus_error(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", false);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(JR, ['s'] = 8), MIPS_WORD(ADDIU, ['s'] = 9, ['t'] = 9, ['i'] = 1));
	cpu->gpr[8] = 0xB0000000;
	cycles(fixture, 3);
	assert_int_equal(cpu->gpr[9], 1);
	assert_int_equal(exception_code(cpu), EXCEPTION_IBE);
	assert_int_equal(cpu->epc, 0xB0000000);
	assert_int_equal(cpu->cause & CAUSE_BD, 0);
	cpu_fixture_free(fixture);
}

/* The widths of accesses reach devices as they are. */
static void devices(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new_mips32("24Kf", true);
	struct cpu *cpu = &fixture->cpu;

	(void)state;
	PROGRAM(fixture, MIPS_WORD(SB, ['s'] = 8, ['t'] = 9, ['o'] = 3),
		MIPS_WORD(LBU, ['s'] = 8, ['t'] = 10, ['o'] = 3),
		MIPS_WORD(LW, ['s'] = 8, ['t'] = 11, ['o'] = 0));
	cpu->gpr[8] = 0xB80003F8;
	cpu->gpr[9] = 0x1234;
	cycles(fixture, 2);
	assert_int_equal(fixture->device_offset, 0x180003FB);
	assert_int_equal(fixture->device, 0x34);
	assert_int_equal(cpu->gpr[10], 0x34);
	fixture->device_fails = true;
	cycles(fixture, 1);
	assert_int_equal(exception_code(cpu), EXCEPTION_DBE);
	cpu_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cp0_file),	   cmocka_unit_test(page_masks),
	    cmocka_unit_test(never_taken), cmocka_unit_test(vectors),
	    cmocka_unit_test(modes),	   cmocka_unit_test(timer),
	    cmocka_unit_test(waiting),	   cmocka_unit_test(random_register),
	    cmocka_unit_test(tlb),	   cmocka_unit_test(fetch_bus_error),
	    cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Timer, random generator and trace card. System/161 reference, sections 3.1, 3.7, 3.8. */
#include "fake_machine.h"

#include <stdio.h>
#include <string.h>

#define SEC   0x00
#define NSEC  0x04
#define ROE   0x08
#define IRQ   0x0c
#define COUNT 0x10

#define BOARD "31 mainboard ramsize=4096\n"

static struct fake_machine *timer_machine(void)
{
	struct fake_machine *machine = machine_new();

	bus_set_start_time(machine->bus, 1000);
	machine_build(machine, "0 timer\n1 timer\n" BOARD);
	return machine;
}

static void clock_of_day(void **state)
{
	struct fake_machine *machine = timer_machine();

	(void)state;
	assert_int_equal(machine_load(machine, SEC), 1000);
	assert_int_equal(machine_load(machine, NSEC), START_NS);
	machine->events.now = 5999999999;
	assert_int_equal(machine_load(machine, SEC), 1005);
	machine_store(machine, SEC, 77);
	assert_int_equal(machine_load(machine, SLOT(1) + SEC), 77); /* shared */
	machine_store(machine, NSEC, 500000000);
	assert_int_equal(machine_load(machine, NSEC), 500000000);
	assert_int_equal(machine_load(machine, SEC), 77);
	/* The offset was set negative: until V mod 10^9 makes up for it NSEC is nonsense. */
	machine->events.now = 6000000000;
	assert_int_equal(machine_load(machine, NSEC), 0u - 499999999u - 1000000000u);
	assert_int_equal(machine_load(machine, SEC), 79);
	machine->events.now = 6600000000;
	assert_int_equal(machine_load(machine, NSEC), 100000001);
	machine_free(machine);
}

static void countdown(void **state)
{
	struct fake_machine *machine = timer_machine();

	(void)state;
	machine_store(machine, COUNT, 1000);
	assert_int_equal(machine_load(machine, COUNT), 1000);
	/* The second value of seed 1 makes the jitter: 846930886 * 10000 / (2^31 - 1). */
	assert_int_equal(machine->events.events[0].due, START_NS + 1000000 + 3943);
	assert_int_equal(machine_load(machine, IRQ), 0);
	machine_step(machine);
	assert_true(machine->line[0]);
	assert_int_equal(machine_load(machine, IRQ), 1);
	assert_false(machine->line[0]);
	assert_int_equal(machine_load(machine, IRQ), 0);
	assert_false(machine_step(machine));
	machine_free(machine);
}

static void restart_and_supersede(void **state)
{
	struct fake_machine *machine = timer_machine();
	uint64_t before;

	(void)state;
	machine_store(machine, ROE, 5);
	assert_int_equal(machine_load(machine, ROE), 5);
	machine_store(machine, COUNT, 1000);
	machine_store(machine, COUNT, 2000);
	assert_int_equal(machine->events.count, 2);
	machine_step(machine); /* the superseded one */
	assert_int_equal(machine_load(machine, IRQ), 0);
	assert_int_equal(machine->events.count, 1);
	machine_step(machine);
	assert_int_equal(machine_load(machine, IRQ), 1);
	before = machine->events.now;
	machine_store(machine, ROE, 0);
	machine_step(machine);
	assert_in_range(machine->events.now, before + 2000000, before + 2020000);
	assert_int_equal(machine_load(machine, IRQ), 1);
	assert_false(machine_step(machine));
	/* A count of 0 with ROE must not dispatch for ever. */
	machine_store(machine, ROE, 1);
	machine_store(machine, COUNT, 0);
	before = machine->events.now;
	for (int i = 0; i < 10; i++)
		machine_step(machine);
	assert_true(machine->events.now > before);
	machine_free(machine);
}

static void illegal_accesses(void **state)
{
	struct fake_machine *machine = timer_machine();

	(void)state;
	machine_load(machine, 0x14);
	machine_load(machine, 0x18);
	machine_load(machine, 0x1c);
	assert_string_equal(machine->hangs, "Illegal timer register read\nIllegal timer register read\n"
					    "Illegal timer register read\n");
	machine->hangs[0] = '\0';
	machine_store(machine, 0x0c, 0);
	machine_store(machine, 0x18, 0);
	machine_store(machine, 0x1c, 0);
	assert_string_equal(machine->hangs, "Illegal timer register write\nIllegal timer register write\n"
					    "Illegal timer register write\n");
	machine_store(machine, 0x14, 1);
	assert_string_equal(machine->messages, "[BEEP]\n");
	machine_free(machine);
}

static void random_values(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "28 random seed=1\n" BOARD);
	assert_int_equal(machine_load(machine, SLOT(28)), 0x484d4567);
	assert_int_equal(machine_load(machine, SLOT(28)), 0x2c4f9869);
	machine_free(machine);

	machine = machine_new();
	machine_build(machine, "28 random\n" BOARD); /* seed 0 is seed 1 */
	assert_int_equal(machine_load(machine, SLOT(28)), 0x484d4567);
	machine_free(machine);
}

static void trace_card(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "30 trace\n" BOARD);
	machine_store(machine, SLOT(30), 'k');
	assert_true(machine->flag == 'k' && machine->flag_on);
	machine_store(machine, SLOT(30) + 4, 'u');
	assert_true(machine->flag == 'u' && !machine->flag_on);
	machine_store(machine, SLOT(30), 'q');
	machine_store(machine, SLOT(30) + 4, 'k' + 256);
	assert_string_equal(machine->hangs, "Invalid trace code q (113)\nInvalid trace code k (363)\n");
	machine_store(machine, SLOT(30) + 8, 4000000000);
	assert_string_equal(machine->messages, "trace: code 4000000000 (0xee6b2800)\n");
	machine_store(machine, SLOT(30) + 12, 7);
	assert_true(machine->dumped);
	assert_non_null(
	    strstr(machine->messages, "----\ntrace: dump with code 7 (0x7)\ntrace: dump complete\n"));
	machine_store(machine, SLOT(30) + 16, 0);
	assert_int_equal(machine->stops, 1);
	assert_non_null(strstr(machine->messages, "trace: software-requested debugger stop\n"));
	assert_int_equal(machine_load(machine, SLOT(30) + 20), 0);
	machine_store(machine, SLOT(30) + 20, 0x80000000);
	assert_true(machine->profiling);
	assert_int_equal(machine_load(machine, SLOT(30) + 20), 1);
	machine_store(machine, SLOT(30) + 20, 0);
	assert_false(machine->profiling);
	assert_int_equal(machine->profiles_cleared, 0);
	machine_store(machine, SLOT(30) + 24, 1);
	assert_int_equal(machine->profiles_cleared, 1);
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clock_of_day),	     cmocka_unit_test(countdown),
	    cmocka_unit_test(restart_and_supersede), cmocka_unit_test(illegal_accesses),
	    cmocka_unit_test(random_values),	     cmocka_unit_test(trace_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

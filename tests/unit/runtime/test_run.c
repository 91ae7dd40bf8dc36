/* The run loop: the worked examples of the System/161 reference, section 6.6, run whole and in pieces. */
#include "vm_fixture.h"

#include <string.h>

#include "programs.h"
#include "runtime/core/random.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/instructions.h"

static void check_a(struct vm_fixture *fixture)
{
	assert_string_equal(vm_fixture_shutdown(fixture), EXAMPLE_A_LINES);
	assert_int_equal(fixture->vm->run.base, EXAMPLE_A_NS);
	assert_int_equal(fixture->console_length, 1);
	assert_int_equal(fixture->console[0], 7);
	vm_fixture_free(fixture);
}

static void worked_example_a(void **state)
{
	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = vm_fixture_program(engine, example_a, COUNT(example_a));

		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
		check_a(fixture);
	}
}

/* Stopping after any cycle changes nothing. */
static void paused_everywhere(void **state)
{
	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = vm_fixture_program(engine, example_a, COUNT(example_a));
		uint64_t cycle = 0;

		while (vm_run(fixture->vm, cycle) == VM_RUNNING) {
			assert_int_equal(fixture->vm->totals.executed, cycle);
			cycle++;
			assert_in_range(cycle, 1, 15);
		}
		check_a(fixture);
	}
}

static void interrupted_everywhere(void **state)
{
	struct vm_fixture *fixture = vm_fixture_program(ENGINE_REFERENCE, example_a, COUNT(example_a));
	enum vm_state end;

	(void)state;
	for (uint64_t cycle = 0;; cycle++) {
		vm_interrupt(fixture->vm);
		assert_int_equal(vm_run(fixture->vm, cycle), VM_INTERRUPTED);
		end = vm_run(fixture->vm, cycle);
		if (end != VM_RUNNING)
			break;
	}
	assert_int_equal(end, VM_POWERED_OFF);
	check_a(fixture);
}

/* Two processors start, interrupt and wait for each other. */
static void worked_example_b(void **state)
{
	static const uint32_t first[] = {
	    0x3C08BFFF, 0x35088000, /* $8 = 0xbfff8000 */
	    0x3C098000, 0x35291100, /* $9 = the second's entry */
	    0xAD090700,		    /* sw $9, 0x700($8) */
	    0x240A0003, 0xAD0AFE14, /* CPUE = 3 */
	    0x42000020,		    /* wait */
	    0xAD000004,		    /* sw $0, 4($8) */
	    0x240A0001, 0xAD0A0404, /* interrupt CPU 1 */
	    0,		0xAD00FE08, /* PWR = 0 */
	    0x42000020, 0x1000FFFE, 0,
	};
	static const uint32_t second[] = {
	    0x3C08BFFF, 0x35088000, 0,		0x240A0001, 0xAD0A0004, /* interrupt CPU 0 */
	    0x42000020, 0xAD000404, 0x42000020, 0x1000FFFE, 0,
	};

	(void)state;
	for (unsigned step = 0; step < 6; step++) {
		struct vm_fixture *fixture = vm_fixture_new((enum vm_engine)(step / 2));
		uint64_t limit = step & 1 ? 0 : UINT64_MAX;

		elf_add_segment(&fixture->image, ENTRY, first, COUNT(first));
		elf_add_segment(&fixture->image, ENTRY + 0x100, second, COUNT(second));
		vm_fixture_start(fixture, DEVICES "31 mainboard ramsize=512K cpus=2\n");
		while (vm_run(fixture->vm, limit) == VM_RUNNING)
			limit++;
		assert_int_equal(fixture->vm->run.result, VM_POWERED_OFF);
		assert_string_equal(vm_fixture_shutdown(fixture),
				    "176048 cycles (50000 run, 126048 global-idle)\n"
				    "  cpu0: 14 kern, 0 user, 3 idle; 0 ll, 0/0 sc, 0 sync\n"
				    "  cpu1: 8 kern, 0 user, 9 idle; 0 ll, 0/0 sc, 0 sync\n"
				    "0 irqs 0 exns 0r/0w disk 0r/0w console 0r/0w/0m emufs 0r/0w net\n");
		assert_int_equal(fixture->vm->run.base, 9331992);
		vm_fixture_free(fixture);
	}
}

static void ideal_timing(void **state)
{
	struct vm_fixture *fixture = vm_fixture_new(ENGINE_REFERENCE);

	(void)state;
	fixture->options.timing = TIMING_IDEAL;
	elf_add_segment(&fixture->image, ENTRY, example_a, COUNT(example_a));
	vm_fixture_start(fixture, DEVICES BOARD);
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
	/* No jitter, no late dispatch: the timer at 4289543 + 33337000; its reader writes PWR one cycle later. */
	assert_in_range(fixture->vm->run.base, 4289543 + 33337000 + 5000000,
			4289543 + 33337000 + 5000000 + 120);
	vm_fixture_free(fixture);
}

static void ends(void **state)
{
	static const uint32_t waits[] = {0x42000020, 0x1000FFFE, 0};
	static const uint32_t bad_power[] = {0x3C08BFFF, 0x240A0001, 0xAD0A7E08, 0x1000FFFF, 0};
	static const uint32_t stop[] = {0x3C08BFFE, 0xAD000010, 0x3C0DBFFF, 0xADA07E08,
					0x42000020, 0x1000FFFE, 0};
	struct vm_fixture *fixture = vm_fixture_program(ENGINE_REFERENCE, waits, COUNT(waits));

	(void)state;
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_IDLE_FOREVER);
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_IDLE_FOREVER); /* and stays so */
	vm_fixture_free(fixture);

	fixture = vm_fixture_program(ENGINE_REFERENCE, bad_power, COUNT(bad_power));
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_HUNG);
	assert_non_null(strstr(fixture->messages, "Invalid power state\n"));
	vm_fixture_free(fixture);

	fixture = vm_fixture_program(ENGINE_REFERENCE, stop, COUNT(stop));
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
	assert_true(fixture->vm->run.stop_requested);
	assert_non_null(strstr(fixture->messages, "trace: software-requested debugger stop\n"));
	assert_non_null(strstr(fixture->messages, "Not waiting for debugger...\n"));
	vm_fixture_free(fixture);
}

/* Machines with random programs, in one piece and in many, on all engines: the same everywhere. */
static void pieces_make_a_whole(void **state)
{
	/* Programs that keep running; one that masks its interrupts and waits would idle for ever. */
	static const uint64_t seeds[] = {1, 2, 4, 5, 9, 10, 11, 12, 13, 16, 17, 18};
	struct random_state random;
	char where[512];

	(void)state;
	random_seed(&random, 3);
	for (size_t program = 0; program < COUNT(seeds); program++) {
		uint64_t seed = seeds[program];
		struct vm_fixture *machines[4];
		uint64_t cycle = 0, end = 30000;

		for (int i = 0; i < 4; i++) {
			struct chooser chooser = {.state = seed};

			machines[i] = vm_fixture_new(i == 3		     ? ENGINE_INTERP
						     : i == 1 && program < 4 ? ENGINE_JIT
									     : ENGINE_REFERENCE);
			kernel_generate(&chooser, &machines[i]->image);
			vm_fixture_start(machines[i], seed & 1 ? DEVICES "31 mainboard ramsize=512K cpus=2\n"
							       : DEVICES BOARD);
		}
		while (cycle < end) {
			cycle += random_next(&random) % 5 ? 1 + random_next(&random) % 5000 : 1;
			if (cycle > end)
				cycle = end;
			enum vm_state first = vm_run(machines[0]->vm, cycle);

			assert_int_equal(vm_run(machines[1]->vm, cycle), first);
			if (!vm_equal(machines[0]->vm, machines[1]->vm, where, sizeof(where)))
				fail_msg("program %d, cycle %d: %s", (int)seed, (int)cycle, where);
			assert_int_equal(vm_run(machines[3]->vm, cycle), first);
			if (!vm_equal(machines[0]->vm, machines[3]->vm, where, sizeof(where)))
				fail_msg("interp: program %d, cycle %d: %s", (int)seed, (int)cycle, where);
			if (first != VM_RUNNING)
				break;
		}
		vm_run(machines[2]->vm, end);
		if (!vm_equal(machines[0]->vm, machines[2]->vm, where, sizeof(where)))
			fail_msg("program %d: %s", (int)seed, where);
		for (int i = 0; i < 4; i++)
			vm_fixture_free(machines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(worked_example_a),	      cmocka_unit_test(paused_everywhere),
	    cmocka_unit_test(interrupted_everywhere), cmocka_unit_test(worked_example_b),
	    cmocka_unit_test(ideal_timing),	      cmocka_unit_test(ends),
	    cmocka_unit_test(pieces_make_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What watches a machine from outside: tracing, profile, doom counter, watchdog. System/161 reference, sections 5.2, 5.6
 * and 5.10; what it looks like to the letter is recorded in tests/system/original. */
#include "vm_fixture.h"

#include <stdio.h>
#include <string.h>

#include "programs.h"
#include "runtime/core/trace.h"
#include "runtime/vm/lockstep.h"
#include "tests/unit/instructions.h"

static struct vm_fixture *program(enum vm_engine engine, const struct vm_options *options,
				  const uint32_t *words, size_t count)
{
	struct vm_fixture *fixture = vm_fixture_new(engine);

	fixture->options.trace_flags = options->trace_flags;
	fixture->options.doom = options->doom;
	fixture->options.watchdog = options->watchdog;
	fixture->options.profile = options->profile;
	elf_add_segment(&fixture->image, ENTRY, words, count);
	vm_fixture_start(fixture, DEVICES "1 disk rpm=15000 sectors=8192 file=@/image\n" BOARD);
	return fixture;
}

/* All engines trace the same, and tracing changes no figure. */
static void tracing(void **state)
{
	const struct vm_options options = {.trace_flags = TRACE_PROCESSOR};
	char first[sizeof(((struct vm_fixture *)0)->traced)] = "";

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, example_a, COUNT(example_a));

		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
		assert_string_equal(vm_fixture_shutdown(fixture), EXAMPLE_A_LINES);
		assert_int_equal(fixture->vm->run.base, EXAMPLE_A_NS);
		assert_non_null(strstr(fixture->traced, "at 80001018: mult $t2, $t3: 7 * 33337 -> 0 233359\n"
							"at 8000101c: mflo $t4: ... -> "
							"at 8000101c: mflo $t4: ... -> 0x38f8f\n"));
		assert_non_null(strstr(fixture->traced, "Slot 29: irq ON\ncpu_set_irqs: LB ON IPI off\n"));
		if (engine == ENGINE_REFERENCE)
			strcpy(first, fixture->traced);
		assert_string_equal(fixture->traced, first);
		vm_fixture_free(fixture);
	}
}

static const uint32_t switching[] = {
    0x3C08BFFE,		    /* lui $8, 0xbffe: trace card, slot 30 */
    0x2409006B,		    /* li $9, 'k' */
    0xAD090000,		    /* sw $9, 0($8): ON */
    0x340A4E20,		    /* li $10, 20000 */
    0x254AFFFF,		    /* 1: addiu $10, $10, -1 */
    0x1540FFFE, 0,	    /* bnez $10, 1b */
    0xAD090004,		    /* sw $9, 4($8): OFF */
    0x3C0DBFFF, 0xADA07E08, /* lui $13, 0xbfff; sw $0, 0x7e08($13): PWR */
    0x42000020,		    /* 2: wait */
    0x1000FFFE, 0,
};

/* A flag that the guest sets shows from the next run on, which starts after 50,000 cycles; one that it clears is off
 * at once. */
static void switched_by_the_guest(void **state)
{
	const struct vm_options options = {0};

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, switching, COUNT(switching));

		assert_int_equal(vm_run(fixture->vm, 50000), VM_RUNNING);
		assert_string_equal(fixture->traced, "");
		vm_run(fixture->vm, 50001);
		/* 3334 rounds have not been yet. */
		assert_string_equal(fixture->traced, "at 80001014: bne $t2, $z0, -2: 3334!=0? yes\n");
		while (vm_run(fixture->vm, fixture->vm->totals.executed + 100) == VM_RUNNING)
			fixture->traced[0] = '\0';
		assert_null(strstr(fixture->traced, "lui $t5"));
		vm_fixture_free(fixture);
	}
}

static const uint32_t writes[] = {
    0x3C08BFE1,	   /* lui $8, 0xbfe1: disk, slot 1 */
    0x24090003,	   /* li $9, 3 */
    0xAD090004,	   /* 1: sw $9, 4($8): write sector 0 */
    0x8D0A0004,	   /* 2: lw $10, 4($8) */
    0x314A0004,	   /* andi $10, $10, 4 */
    0x1140FFFD, 0, /* beqz $10, 2b */
    0x1000FFFA, 0, /* b 1b */
};

static void doom(void **state)
{
	const struct vm_options options = {.doom = 3};

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, writes, COUNT(writes));

		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_DOOMED);
		assert_string_equal(fixture->messages, "DOOOOOOOOOOOM\n");
		assert_int_equal(fixture->vm->statistics.disk_writes, 2);
		vm_fixture_free(fixture);
	}
}

static const uint32_t spinning[] = {
    0x24080000,	   /* li $8, 0 */
    0x25080001,	   /* 1: addiu $8, $8, 1 */
    0x1000FFFE, 0, /* b 1b */
};

static void watchdog(void **state)
{
	const struct vm_options options = {.watchdog = 2};
	uint64_t end = 0;

	(void)state;
	for (enum vm_engine engine = ENGINE_INTERP; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, spinning, COUNT(spinning));

		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_NO_PROGRESS);
		assert_string_equal(fixture->messages, "Caution: no progress in 2 seconds\n"
						       "No progress in 4 seconds; dropping to debugger\n");
		/* The first ends of a run after two seconds, and after two more. */
		assert_int_equal(fixture->vm->run.base, 4000289383);
		if (end)
			assert_int_equal(fixture->vm->totals.executed, end);
		end = fixture->vm->totals.executed;
		vm_fixture_free(fixture);
	}
}

static const uint32_t calling[] = {
    0x24081388,		    /* li $8, 5000 */
    0x0C00040A, 0,	    /* 1: jal 80001028 */
    0x2508FFFF,		    /* addiu $8, $8, -1 */
    0x1500FFFC, 0,	    /* bnez $8, 1b */
    0x3C0DBFFF, 0xADA07E08, /* lui $13, 0xbfff; sw $0, 0x7e08($13): PWR */
    0x42000020, 0,	    /* wait */
    0x03E00008, 0,	    /* jr $31 */
};

static void profile(void **state)
{
	const struct vm_options options = {.profile = true};
	uint8_t bytes[128];
	char path[64];

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, calling, COUNT(calling));

		assert_int_equal(vm_run(fixture->vm, 35000), VM_RUNNING);
		snprintf(path, sizeof(path), "%s/gmon.out", fixture->directory);
		FILE *file = fopen(path, "w+");
		assert_non_null(file);
		assert_true(vm_write_profile(fixture->vm, file, path, &fixture->error));
		rewind(file);
		/* Header; 4 bins of 16 bytes; one arc. */
		assert_int_equal(fread(bytes, 1, sizeof(bytes), file), 20 + 33 + 4 * 2 + 13);
		fclose(file);
		assert_memory_equal(bytes, "gmon\0\0\0\1", 8);
		assert_memory_equal(bytes + 20, "\0\x80\0\x10\0\x80\0\x10\x41\0\0\0\4\0\0\3\xe8seconds", 24);
		assert_memory_equal(bytes + 61, "\1\x80\0\x10\x08\x80\0\x10\x28\0\0\x13\x88", 13);
		assert_non_null(strstr(fixture->messages, "74 bytes written to "));
		vm_fixture_free(fixture);
	}
}

/* A replica has the same events and counters, though it says and counts nothing. */
static void lockstep(void **state)
{
	const struct vm_options options = {
	    .trace_flags = TRACE_DISK, .doom = 20, .watchdog = 3, .profile = true};
	struct lockstep_options how = {.seed = 3, .longest = 100000};
	struct lockstep_report report;

	(void)state;
	for (enum vm_engine engine = ENGINE_INTERP; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = program(engine, &options, writes, COUNT(writes));

		assert_true(lockstep_run(fixture->vm, &fixture->options, &how, &report, &fixture->error));
		if (report.differs)
			fail_msg("%s", report.where);
		assert_int_equal(report.state, VM_DOOMED);
		assert_int_equal(fixture->vm->statistics.disk_writes, 19);
		vm_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tracing), cmocka_unit_test(switched_by_the_guest),
	    cmocka_unit_test(doom),    cmocka_unit_test(watchdog),
	    cmocka_unit_test(profile), cmocka_unit_test(lockstep),
	};
	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}

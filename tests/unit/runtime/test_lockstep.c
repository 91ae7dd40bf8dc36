/* Lockstep finds what was planted, at the cycle where it was planted, and nothing else. */
#include "vm_fixture.h"

#include <string.h>

#include "runtime/vm/lockstep.h"

/* Counts to 400, reading the timer card's clock in each round; then prints a letter, waits for it, counts to
 * 400 again, and powers off. */
static struct vm_fixture *counting(enum vm_engine engine)
{
	const uint32_t words[] = {
	    0x3C08BFE0,		    /* lui $8, 0xbfe0 */
	    0x3C09BFFD,		    /* lui $9, 0xbffd */
	    0x24020190,		    /* li $2, 400 */
	    0x8D2A0004,		    /* 1: lw $10, 4($9): NSEC */
	    0x016A5826,		    /* xor $11, $11, $10 */
	    0x2442FFFF,		    /* addiu $2, -1 */
	    0x1440FFFC,		    /* bnez $2, 1b */
	    0x24630003,		    /* addiu $3, 3 */
	    0x24040041, 0xAD040000, /* sw 'A', CHAR */
	    0x24020190,		    /* li $2, 400 */
	    0x2442FFFF,		    /* 2: addiu $2, -1 */
	    0x1440FFFE, 0x24630005, /* bnez $2, 2b */
	    0x3C0DBFFF, 0xADA07E08, /* PWR */
	    0x42000020, 0x1000FFFE, 0,
	};

	return vm_fixture_program(engine, words, sizeof(words) / sizeof(words[0]));
}

static const struct lockstep_options how = {.seed = 1, .longest = 1000};

static void equal_engines(void **state)
{
	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = counting(engine);
		struct lockstep_report report;

		assert_true(lockstep_run(fixture->vm, &fixture->options, &how, &report, &fixture->error));
		if (report.differs)
			fail_msg("%s", report.where);
		assert_int_equal(report.state, VM_POWERED_OFF);
		assert_true(report.comparisons > 3);
		assert_int_equal(report.own_cycles > 1000, engine != ENGINE_REFERENCE);
		assert_string_equal(fixture->console, "A");
		vm_fixture_free(fixture);
	}
}

/* The engine's device reads go wrong once, always at the same place. */
static struct {
	const struct machine_hooks *real;
	uint64_t wrong_at; /* virtual time */
	unsigned wrong;
} planted;

static bool wrong_load(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	bool good = planted.real->bus_load(cpu, offset, size, value);

	if (*value == planted.wrong_at) {
		*value ^= 0x10;
		planted.wrong++;
	}
	return good;
}

static bool wrong_load_quietly(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	bool good = planted.real->bus_load_quietly(cpu, offset, size, value);

	if (good && *value == planted.wrong_at)
		*value ^= 0x10;
	return good;
}

static void wrong_device_value(void **state)
{
	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = counting(engine);
		struct cpu *cpu = &fixture->vm->cpus[0];
		struct machine_hooks hooks = *cpu->hooks;
		struct lockstep_report report;

		/* Round 200 reads the clock in cycle 3 + 200 * 5. */
		planted.real = cpu->hooks;
		planted.wrong_at = 4289383 + 40 * (3 + 200 * 5);
		planted.wrong = 0;
		hooks.bus_load = wrong_load;
		hooks.bus_load_quietly = wrong_load_quietly;
		cpu->hooks = &hooks;
		assert_true(lockstep_run(fixture->vm, &fixture->options, &how, &report, &fixture->error));
		assert_true(report.differs);
		assert_false(report.vanished);
		assert_int_equal(report.cycle, 3 + 200 * 5);
		assert_int_equal(report.steps[report.step_count - 1].pc, ENTRY + 12);
		assert_int_equal(report.steps[report.step_count - 1].word, 0x8D2A0004);
		assert_int_equal(report.cpu, 0);
		assert_memory_equal(report.where, "cpu 0: gpr[10]: ", 16);
		lockstep_explain(&report, fixture->vm);
		assert_non_null(
		    strstr(fixture->messages,
			   "lockstep: equal up to executed cycle 1003; cpu 0 executes, the last differing:"));
		assert_non_null(strstr(fixture->messages, "lockstep:   kernel 8000100c: lw"));
		vm_fixture_free(fixture);
	}
}

static void corrupt(struct vm_fixture *fixture)
{
	fixture->vm->cpus[0].gpr[20] ^= 4;
}

/* What does not come again is said not to have: output does not leave a machine that is replayed. */
static void accident(void **state)
{
	struct vm_fixture *fixture = counting(ENGINE_REFERENCE);
	struct lockstep_report report;

	(void)state;
	fixture->on_console = corrupt;
	assert_true(lockstep_run(fixture->vm, &fixture->options, &how, &report, &fixture->error));
	assert_true(report.differs);
	assert_true(report.vanished);
	vm_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_engines),
	    cmocka_unit_test(wrong_device_value),
	    cmocka_unit_test(accident),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

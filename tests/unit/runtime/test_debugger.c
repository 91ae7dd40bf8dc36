/* Breakpoints, watchpoints and steps on whole machines: they stop before what they lie on, on every engine, and a machine
 * that was stopped ends as one that was not. Translated code goes on running all that they are not about. */
#include "vm_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "jit/jit.h"
#include "runtime/core/random.h"
#include "runtime/cpu/debug.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/instructions.h"

#define ROUNDS 0x7000

#define LOOP   (ENTRY + 8)
#define STORES (ENTRY + 24)
#define SLOT   (ENTRY + 36)
#define AFTER  (ENTRY + 40)
#define DATA   0x80002000u

/* A machine with a program that counts down, loads and stores. */
static struct vm_fixture *machine(enum vm_engine engine, enum jit_tiers tiers)
{
	const uint32_t loop[] = {
	    LUI(8, 0x8000), /* ENTRY: lui $8, 0x8000 */
	    ADDIU(9, 0, ROUNDS),
	    ADDIU(9, 9, -1), /* LOOP */
	    LOAD(10, 8, 0x2000),
	    ADDIU(10, 10, 1),
	    STORE(10, 8, 0x2004),
	    STORE(10, 8, 0x2000),
	    ADDIU(11, 9, 0),
	    BNEZ(9, -7),
	    ADDIU(12, 12, 1), /* SLOT */
	    ADDIU(13, 0, 1),  /* AFTER */
	    HERE,
	    0,
	};
	struct vm_fixture *fixture = vm_fixture_new(engine);

	fixture->jit.tiers = tiers;
	fixture->jit.threshold = 20;
	elf_add_segment(&fixture->image, ENTRY, loop, COUNT(loop));
	vm_fixture_start(fixture, DEVICES BOARD);
	return fixture;
}

static const struct {
	enum vm_engine engine;
	enum jit_tiers tiers;
} engines[] = {{ENGINE_JIT, TIERS_AUTO},
	       {ENGINE_JIT, TIERS_FIRST},
	       {ENGINE_JIT, TIERS_SECOND},
	       {ENGINE_INTERP, TIERS_AUTO},
	       {ENGINE_REFERENCE, TIERS_AUTO}};

static uint64_t translated(const struct vm_fixture *fixture)
{
	struct jit_statistics statistics;

	jit_statistics(fixture->vm->jit, &statistics);
	return statistics.translated_cycles;
}

static void assert_stops(struct vm_fixture *fixture, uint32_t pc, enum debug_kind kind)
{
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_STOPPED);
	assert_int_equal(fixture->vm->stop.reason, STOP_POINT);
	assert_int_equal(fixture->vm->debug->hit_point.kind, kind);
	assert_int_equal(fixture->vm->cpus[0].pc, pc);
}

static void step(struct vm_fixture *fixture)
{
	vm_step(fixture->vm, 0, 0, 0);
	assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_STOPPED);
	assert_int_equal(fixture->vm->stop.reason, STOP_STEP);
}

/* Compares a machine with one that nobody has looked at. */
static void assert_untouched(struct vm_fixture *fixture)
{
	struct vm_fixture *plain = machine(ENGINE_REFERENCE, TIERS_AUTO);
	char where[512];

	vm_run(plain->vm, fixture->vm->totals.executed);
	if (!vm_equal(fixture->vm, plain->vm, where, sizeof(where)))
		fail_msg("%s", where);
	vm_fixture_free(plain);
}

static void breakpoints(void **state)
{
	(void)state;
	for (size_t e = 0; e < COUNT(engines); e++) {
		struct vm_fixture *fixture = machine(engines[e].engine, engines[e].tiers);
		struct vm *vm = fixture->vm;

		vm_run(vm, 100000); /* the code is hot by now, and in the middle of something */
		assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP, 4));
		for (int i = 0; i < 3; i++) {
			assert_stops(fixture, LOOP, DEBUG_SOFTWARE_BREAKPOINT);
			assert_untouched(fixture);
			/* Going on without stepping gets nowhere. */
			assert_stops(fixture, LOOP, DEBUG_SOFTWARE_BREAKPOINT);
			step(fixture);
			assert_int_equal(vm->cpus[0].pc, LOOP + 4);
		}
		assert_true(vm_set_point(vm, DEBUG_HARDWARE_BREAKPOINT, SLOT, 4));
		assert_stops(fixture, SLOT, DEBUG_HARDWARE_BREAKPOINT); /* between the branch and its slot */
		assert_true(vm->cpus[0].jump_pending);
		assert_true(vm_clear_point(vm, DEBUG_HARDWARE_BREAKPOINT, SLOT, 4));
		assert_stops(fixture, LOOP, DEBUG_SOFTWARE_BREAKPOINT);
		assert_true(vm_clear_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP, 4));
		assert_false(vm_clear_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP, 4));
		assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, AFTER, 4));
		assert_stops(fixture, AFTER, DEBUG_SOFTWARE_BREAKPOINT);
		assert_int_equal(vm->cpus[0].gpr[9], 0);
		assert_untouched(fixture);
		vm_clear_points(vm);
		assert_null(vm->debug);
		assert_int_equal(vm_run(vm, vm->totals.executed + 1000), VM_RUNNING);
		assert_untouched(fixture);
		vm_fixture_free(fixture);
	}
}

/* What no point is about runs translated; what was translated before is not forgotten. */
static void translation_stays_on(void **state)
{
	(void)state;
	for (size_t e = 0; e < COUNT(engines) && engines[e].engine == ENGINE_JIT; e++) {
		struct vm_fixture *fixture = machine(ENGINE_JIT, engines[e].tiers);
		struct vm *vm = fixture->vm;
		struct jit_statistics before, after;

		vm_run(vm, 50000);
		jit_statistics(vm->jit, &before);
		assert_true(before.translated_cycles > 10000);
		assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, AFTER, 4));
		vm_run(vm, 100000);
		jit_statistics(vm->jit, &after);
		assert_int_equal(after.invalidated, before.invalidated);
		assert_int_equal(after.flushes, before.flushes);
		assert_true(after.translated_cycles - before.translated_cycles > 45000);
		/* With one in the loop, all but that instruction and the one before it. */
		assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP + 8, 4));
		assert_stops(fixture, LOOP + 8, DEBUG_SOFTWARE_BREAKPOINT);
		assert_true(vm_clear_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP + 8, 4));
		uint64_t at = translated(fixture);
		vm_run(vm, vm->totals.executed + 80000);
		assert_true(translated(fixture) - at > 60000);
		assert_untouched(fixture);
		vm_fixture_free(fixture);
	}
}

static void watchpoints(void **state)
{
	static const struct {
		enum debug_kind kind;
		uint32_t address, length, pc;
	} cases[] = {
	    {DEBUG_WRITE, DATA, 4, STORES},	   {DEBUG_WRITE, DATA + 3, 1, STORES},
	    {DEBUG_WRITE, DATA - 8, 9, STORES},	   {DEBUG_READ, DATA, 4, LOOP + 4},
	    {DEBUG_ACCESS, DATA + 1, 2, LOOP + 4},
	};

	(void)state;
	for (size_t e = 0; e < COUNT(engines); e++) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			struct vm_fixture *fixture = machine(engines[e].engine, engines[e].tiers);
			struct vm *vm = fixture->vm;

			vm_run(vm, 50000);
			vm_set_point(vm, cases[i].kind, cases[i].address, cases[i].length);
			assert_stops(fixture, cases[i].pc, cases[i].kind);
			assert_in_range(vm->debug->hit_address - cases[i].address, 0, cases[i].length - 1);
			assert_untouched(fixture);
			step(fixture);
			assert_stops(fixture, cases[i].kind == DEBUG_ACCESS ? STORES : cases[i].pc,
				     cases[i].kind);
			/* What lies beside it, or is only read, stops nothing. */
			vm_clear_points(vm);
			vm_set_point(vm, DEBUG_WRITE, DATA + 8, 4);
			vm_set_point(vm, DEBUG_READ, DATA + 4, 4);
			assert_int_equal(vm_run(vm, vm->totals.executed + 5000), VM_RUNNING);
			assert_untouched(fixture);
			vm_fixture_free(fixture);
		}
	}
}

/* Stores under watch leave translated code alone; loads in kseg0 do not. */
static void watchpoints_and_translation(void **state)
{
	struct vm_fixture *fixture = machine(ENGINE_JIT, TIERS_FIRST);
	struct vm *vm = fixture->vm;
	uint64_t before;

	(void)state;
	vm_run(vm, 50000);
	vm_set_point(vm, DEBUG_WRITE, DATA + 0x100, 4); /* another granule */
	before = translated(fixture);
	vm_run(vm, 100000);
	assert_true(translated(fixture) - before > 45000);
	vm_set_point(vm, DEBUG_READ, DATA + 0x100, 4);
	before = translated(fixture);
	vm_run(vm, 110000);
	assert_int_equal(translated(fixture), before);
	vm_clear_point(vm, DEBUG_READ, DATA + 0x100, 4);
	vm_run(vm, 120000);
	assert_true(translated(fixture) - before > 8000);
	assert_untouched(fixture);
	vm_fixture_free(fixture);
}

static void steps(void **state)
{
	(void)state;
	for (size_t e = 0; e < COUNT(engines); e++) {
		struct vm_fixture *fixture = machine(engines[e].engine, engines[e].tiers);
		struct vm *vm = fixture->vm;

		for (uint32_t pc = ENTRY + 4; pc < SLOT; pc += 4) {
			step(fixture);
			assert_int_equal(vm->cpus[0].pc, pc);
		}
		step(fixture); /* the branch and its slot */
		assert_int_equal(vm->cpus[0].pc, LOOP);
		vm_step(vm, 0, LOOP, STORES);
		assert_int_equal(vm_run(vm, UINT64_MAX), VM_STOPPED);
		assert_int_equal(vm->cpus[0].pc, STORES);
		assert_untouched(fixture);
		vm_fixture_free(fixture);
	}
}

static void limits(void **state)
{
	struct vm_fixture *fixture = machine(ENGINE_INTERP, TIERS_AUTO);
	struct vm *vm = fixture->vm;
	unsigned set = 0;

	(void)state;
	assert_false(vm_set_point(vm, DEBUG_KINDS, LOOP, 4));
	assert_false(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP + 2, 4));
	assert_false(vm_set_point(vm, DEBUG_WRITE, DATA, 0));
	assert_false(vm_set_point(vm, DEBUG_WRITE, DATA, DEBUG_MAX_LENGTH + 1));
	assert_null(vm->debug);
	assert_false(vm_clear_point(vm, DEBUG_WRITE, DATA, 4));
	while (vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, 0x80010000u + 8 * set, 4))
		set++;
	assert_int_equal(set, DEBUG_MAX_POINTS);
	assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, 0x80010000u, 4)); /* is there already */
	/* Other places again and again: at some time there is no room to end code at any more. */
	for (unsigned i = 0; i < DEBUG_MAX_SPLITS; i++) {
		vm_clear_point(vm, DEBUG_SOFTWARE_BREAKPOINT, 0x80010000u + 8 * i, 4);
		if (!vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, 0x80010000u + 8 * (set + i), 4))
			break;
	}
	assert_int_equal(vm->debug->split_count, DEBUG_MAX_SPLITS);
	assert_int_equal(vm_run(vm, 10000), VM_RUNNING);
	assert_untouched(fixture);
	vm_clear_points(vm);
	assert_true(vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT, LOOP, 4));
	assert_stops(fixture, LOOP, DEBUG_SOFTWARE_BREAKPOINT);
	vm_fixture_free(fixture);
}

/* Random programs, on one processor and two, with points wherever they are met: each stop is stepped over, and the machine
 * arrives where one that was left alone does. */
static void random_programs(void **state)
{
	static const uint64_t seeds[] = {1, 2, 4, 5, 9, 10, 11, 12, 13, 16};
	struct random_state random;
	unsigned stops = 0;
	char where[512];

	(void)state;
	random_seed(&random, 7);
	for (size_t program = 0; program < COUNT(seeds); program++) {
		struct vm_fixture *pair[2];

		for (int i = 0; i < 2; i++) {
			struct chooser chooser = {.state = seeds[program]};

			pair[i] = vm_fixture_new(i	       ? ENGINE_REFERENCE
						 : program % 2 ? ENGINE_INTERP
							       : ENGINE_JIT);
			pair[i]->jit.tiers = TIERS_FIRST;
			kernel_generate(&chooser, &pair[i]->image);
			vm_fixture_start(pair[i], seeds[program] & 1 ? DEVICES
						      "31 mainboard ramsize=512K cpus=2\n"
								     : DEVICES BOARD);
		}
		struct vm *vm = pair[0]->vm;
		for (unsigned i = 0; i < 300 && vm->totals.executed < 30000; i++) {
			struct cpu *cpu = &vm->cpus[0];

			if (i % 3 == 0) /* where it has just been */
				vm_set_point(vm, random_next(&random) % 2, cpu->pc & ~3u, 4);
			if (i % 7 == 0)
				vm_set_point(vm, DEBUG_WRITE + random_next(&random) % 3,
					     cpu->gpr[random_next(&random) % 32],
					     1 + random_next(&random) % 64);
			if (i % 20 == 19)
				vm_clear_points(vm);
			enum vm_state end = vm_run(vm, vm->totals.executed + 1 + random_next(&random) % 400);
			if (end == VM_STOPPED) {
				stops++;
				vm_step(vm, vm->stop.cpu, 0, 0);
				end = vm_run(vm, vm->totals.executed + 10);
			}
			if (end != VM_STOPPED && end != VM_RUNNING)
				break;
		}
		vm_clear_points(vm);
		vm->step.active = false;
		vm_run(vm,
		       vm->totals.executed + 1); /* to the end of a cycle that it may be in the middle of */
		vm_run(pair[1]->vm, vm->totals.executed);
		if (!vm_equal(vm, pair[1]->vm, where, sizeof(where)))
			fail_msg("program %d: %s", (int)seeds[program], where);
		vm_fixture_free(pair[0]);
		vm_fixture_free(pair[1]);
	}
	assert_true(stops > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(breakpoints),     cmocka_unit_test(translation_stays_on),
	    cmocka_unit_test(watchpoints),     cmocka_unit_test(watchpoints_and_translation),
	    cmocka_unit_test(steps),	       cmocka_unit_test(limits),
	    cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

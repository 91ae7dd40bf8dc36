/* Turns of several cycles: what processors see of each other within a round and at its borders, and that no engine, pause,
 * debugger or limit changes it. */
#include "vm_fixture.h"

#include <stdio.h>
#include <string.h>

#include "runtime/cpu/debug.h"
#include "runtime/vm/lockstep.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/instructions.h"

#define SECOND	 0x80001100u
#define HANDLER	 0x80000080u
#define START_NS 4289383 /* the clock before the first cycle */

static const struct vm_turns turns_tried[] = {
    {.quantum = 1},
    {.quantum = 2},
    {.quantum = 7},
    {.quantum = 64, .vary = true, .seed = 5},
    {.quantum = 300},
    {.quantum = 5000, .vary = true},
    {.quantum = VM_MAX_QUANTUM},
};

static struct vm_fixture *fixture_with(enum vm_engine engine, const struct vm_turns *turns)
{
	struct vm_fixture *fixture = vm_fixture_new(engine);

	fixture->options.turns = *turns;
	fixture->jit.tiers = TIERS_FIRST;
	return fixture;
}

static struct vm_fixture *pair_of_programs(enum vm_engine engine, uint32_t quantum, const uint32_t *first,
					   size_t first_count, const uint32_t *second, size_t second_count)
{
	struct vm_fixture *fixture = fixture_with(engine, &(struct vm_turns){.quantum = quantum});

	elf_add_segment(&fixture->image, ENTRY, first, first_count);
	elf_add_segment(&fixture->image, SECOND, second, second_count);
	vm_fixture_start(fixture, DEVICES "31 mainboard ramsize=512K cpus=2\n");
	return fixture;
}

/* A store by another processor between LL and SC makes SC fail, where "between" is meant in the order of the turns. The first
 * round begins with LL. */
static void linked_stores(void **state)
{
	static const uint32_t first[] = {
	    0x3C08BFFF, 0x35088000, 0x3C098000, 0x35291100, /* as in the reference, section 6.6 B */
	    0xAD090700, 0x240A0003, 0x3C108000, 0x36104000, /* $16 = 0x80004000 */
	    0x24030007,					    /* li $3, 7 */
	    0xAD0AFE14,					    /* CPUE = 3 */
	    0xC2020000, 0,	    0,		0,	    /* ll $2, 0($16) */
	    0xE2030000,					    /* sc $3, 0($16) */
	    0x1000FFFF, 0,
	};
	static const uint32_t second[] = {
	    0x3C108000,				/* in the cycle of CPUE */
	    0x36104000, 0x24020009, 0xAE020000, /* sw 9, 0($16) */
	    0x1000FFFF, 0,
	};
	static const struct {
		uint32_t quantum;
		bool succeeds;
	} cases[] = {{1, false}, {3, false}, {4, false}, {5, true}, {1000, true}};

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			struct vm_fixture *fixture = pair_of_programs(engine, cases[i].quantum, first,
								      COUNT(first), second, COUNT(second));
			const struct cpu *cpu = &fixture->vm->cpus[0];

			vm_run(fixture->vm, 40);
			assert_int_equal(cpu->gpr[3], cases[i].succeeds);
			assert_int_equal(cpu->sc_succeeded, cases[i].succeeds);
			assert_int_equal(cpu->sc_failed, !cases[i].succeeds);
			assert_int_equal(cpu->gpr[2], 0);
			assert_int_equal(memory_read_word(&fixture->vm->memory, 0x4000), 9);
			vm_fixture_free(fixture);
		}
	}
}

/* Each processor's clock is that of the cycle it executes. Who is woken goes on at that cycle, or with the next round if its
 * turn is over. Turns of 16 cycles; CPU 1 only keeps the rounds going. */
static void clocks_and_wakes(void **state)
{
	static const uint32_t first[] = {
	    0x3C08BFFF, 0x35088000, 0x3C098000, 0x35291100, /* $9 = CPU 2's entry */
	    0xAD090B00, 0x25290100, 0xAD090700,		    /* and CPU 1's, behind it */
	    0x240A0007, 0x3C11BFFD,			    /* $17 = timer */
	    0xAD0AFE14,					    /* CPUE = 7, in cycle 9 */
	    0x8E220004,					    /* lw $2, NSEC: cycle 10, the first of a round */
	    0,		0,	    0,		0,	    0, 0, 0, 0, 0, 0,	       0,
	    0,		0,	    0,		0,	    0, 0, 0, 0, 0, 0xAD0A0804, /* interrupts CPU 2: cycle 31, in the second round */
	    0x8E230004,								       /* lw $3, NSEC */
	    0x42000020,								       /* wait */
	    0x8E240004,								       /* lw $4, NSEC */
	    0xAD000004,		    /* sw $0, 4($8): seen */
	    0x3C0DBFFF, 0xADA07E08, /* PWR = 0 */
	    0x42000020, 0x1000FFFE, 0,
	};
	static const uint32_t others[0x50] = {
	    0x3C08BFFF, 0x35088000, 0x3C11BFFD, 0x8E220004, /* lw $2, NSEC: cycle 12 */
	    0x42000020,					    /* wait */
	    0xAD000804,					    /* sw $0, 0x804($8) */
	    0x8E230004,					    /* lw $3, NSEC */
	    0x240A0001, 0xAD0A0004,			    /* interrupts CPU 0, whose turn is over */
	    0x42000020, 0x1000FFFE, 0,		[0x40] = 0x24020013, /* li $2, 19 */
	    0x1440FFFF, 0x2442FFFF,				     /* 1: bnez $2, 1b; addiu $2, -1 */
	    0x42000020, 0x1000FFFE, 0,				     /* wait: cycle 50 */
	};

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		struct vm_fixture *fixture = fixture_with(engine, &(struct vm_turns){.quantum = 16});

		elf_add_segment(&fixture->image, ENTRY, first, COUNT(first));
		elf_add_segment(&fixture->image, SECOND, others, COUNT(others));
		vm_fixture_start(fixture, DEVICES "31 mainboard ramsize=512K cpus=3\n");
		const struct cpu *cpus = fixture->vm->cpus;

		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
		assert_int_equal(cpus[0].gpr[2], START_NS + 40 * 10);
		assert_int_equal(cpus[2].gpr[2], START_NS + 40 * 12); /* though CPU 0 was at 26 */
		assert_int_equal(cpus[0].gpr[3], START_NS + 40 * 32);
		assert_int_equal(cpus[2].gpr[3], START_NS + 40 * 32);
		assert_int_equal(cpus[0].gpr[4], START_NS + 40 * 42); /* the third round */
		/* The machine is idle from the cycle on in which the last one has gone to sleep. */
		assert_int_equal(fixture->vm->totals.executed, 51);
		assert_non_null(strstr(vm_fixture_shutdown(fixture), "  cpu0: 39 kern, 0 user, 12 idle;"));
		assert_non_null(strstr(vm_fixture_shutdown(fixture), "  cpu1: 42 kern, 0 user, 9 idle;"));
		assert_non_null(strstr(vm_fixture_shutdown(fixture), "  cpu2: 10 kern, 0 user, 41 idle;"));
		vm_fixture_free(fixture);
	}
}

/* Four processors fight for a lock, count under it, read clocks, interrupt each other, and wait. */
/* Starts the others, each with its control region as argument, and goes on there. */
static const uint32_t first_cpu[] = {
    0x3C08BFFF, 0x35088000, 0x3C098000, 0x35291100, 0x01002025, 0x250A0400, 0x240B0002, 0xAD490300,
    0xAD4A0304, 0x254A0400, 0x1560FFFC, 0x256BFFFF, 0x240C000F, 0xAD0CFE14, 0x08000440, 0x00000000,
};
/* Takes interrupts from others. Then, for ever: spins for the lock at 0x80004000, increments the word behind it and stores
 * its number in the next byte, frees the lock, and mixes products, NSEC and Count into $20; every eighth time it
 * interrupts one of the four, every 32nd it waits, unless it is CPU 0. */
static const uint32_t all_cpus[] = {
    0x240C0801, 0x408C6000, 0x3C108000, 0x36104000, 0x3C11BFFD, 0x00049282, 0x32520003,
    0xC2080000, 0x1500FFFE, 0x24090001, 0xE2090000, 0x1120FFFB, 0x27180001, 0x8E0A0004,
    0x254A0001, 0xAE0A0004, 0xA2120008, 0xAE000000, 0x01540019, 0x00005812, 0x028BA021,
    0x8E2C0004, 0x400D4800, 0x028CA026, 0x028DA021, 0x314D0007, 0x15A0FFEC, 0x26940003,
    0x000A69C0, 0x31AD0C00, 0x3C0EBFFF, 0x35CE8000, 0x01CD7021, 0xADCA0004, 0x314D001F,
    0x15A0FFE3, 0x00000000, 0x1240FFE1, 0x00000000, 0x42000020, 0x08000447, 0x00000000,
};
/* Clears the interrupt, counts it, and returns. */
static const uint32_t handler[] = {
    0xAC800004, 0x26F70001, 0x401A7000, 0x00000000, 0x03400008, 0x42000010,
};
static struct vm_fixture *contention(enum vm_engine engine, const struct vm_turns *turns)
{
	struct vm_fixture *fixture = fixture_with(engine, turns);

	elf_add_segment(&fixture->image, HANDLER, handler, COUNT(handler));
	elf_add_segment(&fixture->image, ENTRY, first_cpu, COUNT(first_cpu));
	elf_add_segment(&fixture->image, SECOND, all_cpus, COUNT(all_cpus));
	vm_fixture_start(fixture, DEVICES "31 mainboard ramsize=512K cpus=4\n");
	return fixture;
}

static struct vm_fixture *random_kernel(enum vm_engine engine, const struct vm_turns *turns, uint64_t seed)
{
	struct vm_fixture *fixture = fixture_with(engine, turns);
	struct chooser chooser = {.state = seed};

	kernel_generate(&chooser, &fixture->image);
	vm_fixture_start(fixture, DEVICES "31 mainboard ramsize=512K cpus=2\n");
	return fixture;
}

static void assert_equal(const struct vm_fixture *a, const struct vm_fixture *b)
{
	char where[512];

	if (!vm_equal(a->vm, b->vm, where, sizeof(where)))
		fail_msg("turns of %u cycles: %s", a->options.turns.quantum, where);
}

static void mutual_exclusion(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(turns_tried); i++) {
		struct vm_fixture *fixture = contention(ENGINE_JIT, &turns_tried[i]);
		uint64_t taken = 0, interrupts = 0, kernel, user;

		assert_int_equal(vm_run(fixture->vm, 200000), VM_RUNNING);
		for (unsigned cpu = 0; cpu < 4; cpu++) {
			taken += fixture->vm->cpus[cpu].sc_succeeded;
			cpu_mode_cycles(&fixture->vm->cpus[cpu], &kernel, &user);
			assert_true(kernel <= fixture->vm->totals.executed);
			interrupts += fixture->vm->cpus[cpu].interrupts;
		}
		assert_in_range(memory_read_word(&fixture->vm->memory, 0x4004), taken - 1, taken);
		assert_true(taken > 1000);
		assert_true(interrupts > 10);
		vm_fixture_free(fixture);
	}
}

/* All engines arrive at the same state at the same cycle, run in one piece or in many. */
static void engines_agree(void **state)
{
	struct random_state random;

	(void)state;
	random_seed(&random, 11);
	for (size_t i = 0; i < COUNT(turns_tried); i++) {
		struct vm_fixture *machines[4];
		uint64_t cycle = 0, end = 60000;

		for (int m = 0; m < 4; m++)
			machines[m] =
			    contention(m == 3 ? ENGINE_REFERENCE : (enum vm_engine)m, &turns_tried[i]);
		while (cycle < end) {
			cycle += random_next(&random) % 5 ? 1 + random_next(&random) % 5000 : 1;
			for (int m = 0; m < 3; m++)
				assert_int_equal(vm_run(machines[m]->vm, cycle), VM_RUNNING);
			assert_equal(machines[0], machines[1]);
			assert_equal(machines[0], machines[2]);
		}
		vm_run(machines[3]->vm, cycle);
		assert_equal(machines[0], machines[3]);
		for (int m = 0; m < 4; m++)
			vm_fixture_free(machines[m]);
	}
}

static void random_programs(void **state)
{
	static const uint64_t seeds[] = {1, 5, 9, 11, 13, 17};

	(void)state;
	for (size_t i = 0; i < COUNT(turns_tried) * COUNT(seeds); i++) {
		const struct vm_turns *turns = &turns_tried[i % COUNT(turns_tried)];
		struct vm_fixture *machines[3];

		for (int m = 0; m < 3; m++)
			machines[m] = random_kernel((enum vm_engine)m, turns, seeds[i / COUNT(turns_tried)]);
		for (uint64_t cycle = 1000; cycle < 20000; cycle += 1777)
			for (int m = 0; m < 3; m++) {
				vm_run(machines[m]->vm, cycle);
				assert_equal(machines[0], machines[m]);
			}
		for (int m = 0; m < 3; m++)
			vm_fixture_free(machines[m]);
	}
}

/* Another seed is another order; the same one is the same. */
static void seeds(void **state)
{
	const struct vm_turns turns[] = {{.quantum = 64, .vary = true, .seed = 1},
					 {.quantum = 64, .vary = true, .seed = 1},
					 {.quantum = 64, .vary = true, .seed = 2}};
	uint64_t digests[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct vm_fixture *fixture = contention(ENGINE_INTERP, &turns[i]);

		vm_run(fixture->vm, 50000);
		digests[i] = vm_digest(fixture->vm).memory;
		assert_true(fixture->vm->run.round.count > 1000);
		vm_fixture_free(fixture);
	}
	assert_int_equal(digests[0], digests[1]);
	assert_int_not_equal(digests[0], digests[2]);
}

/* A machine that a debugger stops wherever it can arrives where one that was left alone does. */
static void debugger(void **state)
{
	struct random_state random;
	unsigned stops = 0;

	(void)state;
	random_seed(&random, 3);
	for (size_t i = 0; i < COUNT(turns_tried); i++) {
		struct vm_fixture *debugged = contention(i % 2 ? ENGINE_INTERP : ENGINE_JIT, &turns_tried[i]);
		struct vm_fixture *alone = contention(ENGINE_REFERENCE, &turns_tried[i]);
		struct vm *vm = debugged->vm;
		unsigned within = 0;

		for (unsigned k = 0; k < 300 && vm->totals.executed < 60000; k++) {
			if (k % 3 == 0)
				vm_set_point(vm, DEBUG_SOFTWARE_BREAKPOINT,
					     SECOND + 4 * (random_next(&random) % 42), 4);
			if (k % 20 == 19)
				vm_clear_points(vm);
			if (vm_run(vm, vm->totals.executed + 1 + random_next(&random) % 400) != VM_STOPPED)
				continue;
			stops++;
			within += vm->run.round.length > 0;
			vm_step(vm, vm->stop.cpu, 0, 0);
			assert_int_equal(vm_run(vm, UINT64_MAX), VM_STOPPED);
		}
		assert_int_equal(within > 0, turns_tried[i].quantum > 1);
		vm_clear_points(vm);
		vm_run(vm, vm->totals.executed + 1);
		vm_run(alone->vm, vm->totals.executed);
		assert_equal(debugged, alone);
		vm_fixture_free(debugged);
		vm_fixture_free(alone);
	}
	assert_true(stops > 200);
}

static void lockstep(void **state)
{
	static const struct lockstep_options how = {.seed = 1, .longest = 3000};

	(void)state;
	for (size_t i = 0; i < COUNT(turns_tried); i++) {
		struct vm_fixture *fixture = contention(i % 2 ? ENGINE_INTERP : ENGINE_JIT, &turns_tried[i]);
		struct lockstep_report report;

		fixture->options.limit = UINT64_C(40) * 60000;
		fixture->vm->limit = fixture->vm->start + fixture->options.limit;
		assert_true(lockstep_run(fixture->vm, &fixture->options, &how, &report, &fixture->error));
		if (report.differs)
			fail_msg("turns of %u cycles: %s", turns_tried[i].quantum, report.where);
		assert_int_equal(report.state, VM_LIMIT);
		assert_int_equal(fixture->vm->totals.executed, 60000); /* no round goes beyond the limit */
		vm_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(linked_stores),	cmocka_unit_test(clocks_and_wakes),
	    cmocka_unit_test(mutual_exclusion), cmocka_unit_test(engines_agree),
	    cmocka_unit_test(random_programs),	cmocka_unit_test(seeds),
	    cmocka_unit_test(debugger),		cmocka_unit_test(lockstep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

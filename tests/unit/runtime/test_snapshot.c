/* Snapshots: a machine set back goes the same way again, and so does its replica. */
#include "vm_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "programs.h"
#include "tests/fuzz/fuzz.h"

#define EVERYTHING                                                                                           \
	"0 serial\n1 emufs dir=@/tree\n2 disk file=@/disk sectors=8192\n28 random seed=1\n29 timer\n30 "     \
	"trace\n"

static struct vm_fixture *machine_with_everything(enum vm_engine engine, uint64_t seed)
{
	struct vm_fixture *fixture = vm_fixture_new(engine);
	struct chooser chooser = {.state = seed};
	char path[64];

	snprintf(path, sizeof(path), "%s/tree", fixture->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	kernel_generate(&chooser, &fixture->image);
	vm_fixture_start(fixture,
			 seed & 1 ? EVERYTHING "31 mainboard ramsize=512K cpus=2\n" : EVERYTHING BOARD);
	return fixture;
}

static void check_equal(const struct vm *a, const struct vm *b, uint64_t seed, const char *what)
{
	char where[512];

	if (!vm_equal(a, b, where, sizeof(where)))
		fail_msg("program %d, %s: %s", (int)seed, what, where);
	struct vm_digest of_a = vm_digest(a), of_b = vm_digest(b);
	assert_memory_equal(&of_a, &of_b, sizeof(of_a));
}

/* Each part of the digest sees its part of the machine, and only it. */
static void digests(void **state)
{
	struct vm_fixture *fixture = machine_with_everything(ENGINE_REFERENCE, 100);
	struct vm *vm = fixture->vm;
	struct vm_digest before, after;

	(void)state;
	vm_run(vm, 500);
	before = vm_digest(vm);

	vm->cpus[0].tlb_lo[TLB_ENTRIES - 1] ^= 1u << 31;
	after = vm_digest(vm);
	assert_true(after.processors != before.processors && after.memory == before.memory &&
		    after.devices == before.devices && after.clock == before.clock);
	vm->cpus[0].tlb_lo[TLB_ENTRIES - 1] ^= 1u << 31;

	vm->memory.ram[vm->memory.ram_size - 1] ^= 1;
	after = vm_digest(vm);
	assert_true(after.processors == before.processors && after.memory != before.memory &&
		    after.devices == before.devices && after.clock == before.clock);
	vm->memory.ram[vm->memory.ram_size - 1] ^= 1;

	vm->events.events[0].due++;
	after = vm_digest(vm);
	assert_true(after.processors == before.processors && after.memory == before.memory &&
		    after.devices == before.devices && after.clock != before.clock);
	vm->events.events[0].due--;

	vm->statistics.disk_writes++;
	after = vm_digest(vm);
	assert_true(after.processors == before.processors && after.memory == before.memory &&
		    after.devices != before.devices && after.clock == before.clock);
	vm_fixture_free(fixture);
}

static void again(void **state)
{
	/* Programs that keep running. */
	static const uint64_t seeds[] = {100, 103, 105, 108, 111, 113, 114,
					 117, 124, 125, 126, 128, 130, 131};
	(void)state;
	for (size_t program = 0; program < sizeof(seeds) / sizeof(seeds[0]); program++) {
		uint64_t seed = seeds[program];
		struct vm_fixture *fixture =
		    machine_with_everything(program < 4 ? ENGINE_JIT : ENGINE_INTERP, seed);
		struct vm *vm = fixture->vm, *replica;
		struct vm_options plain = fixture->options;
		uint64_t middle = 100 + seed * 97 % 5000, end = 12000;

		plain.engine = ENGINE_REFERENCE;
		replica = vm_new_replica(vm, &plain, &fixture->error);
		assert_non_null(replica);
		check_equal(vm, replica, seed, "at the start");
		vm_run(vm, middle);
		struct vm_snapshot *snapshot = vm_snapshot(vm);
		vm_run(replica, middle);
		check_equal(vm, replica, seed, "in the middle");
		struct vm_snapshot *replicas = vm_snapshot(replica);
		vm_run(vm, end);
		size_t console = fixture->console_length;
		vm_run(replica, end);
		check_equal(vm, replica, seed, "at the end");
		assert_int_equal(fixture->console_length, console); /* a replica is mute */

		/* The machine goes back and takes its inputs from the log. */
		vm->inputs.replay = true;
		vm_restore(vm, snapshot);
		assert_in_range(vm->totals.executed, 1, middle);
		vm_restore(replica, replicas);
		check_equal(vm, replica, seed, "set back");
		vm_run(vm, end);
		vm_restore(replica, snapshot); /* the one's snapshot is good for the other */
		vm_run(replica, end);
		check_equal(vm, replica, seed, "at the end again");
		assert_false(vm->inputs.diverged);
		assert_false(replica->inputs.diverged);
		vm_snapshot_free(replicas);
		vm_snapshot_free(snapshot);
		vm_free(replica);
		vm_fixture_free(fixture);
	}
}

/* Set back at any cycle, the figures come out the same. */
static void figures(void **state)
{
	size_t count = sizeof(example_a) / sizeof(example_a[0]);

	(void)state;
	for (enum vm_engine engine = ENGINE_REFERENCE; engine <= ENGINE_JIT; engine++) {
		for (uint64_t cycle = 0; cycle < 15; cycle++) {
			struct vm_fixture *fixture = vm_fixture_program(engine, example_a, count);

			vm_run(fixture->vm, cycle);
			struct vm_snapshot *snapshot = vm_snapshot(fixture->vm);
			for (int round = 0; round < 3; round++) {
				assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_POWERED_OFF);
				assert_string_equal(vm_fixture_shutdown(fixture), EXAMPLE_A_LINES);
				assert_int_equal(fixture->vm->run.base, EXAMPLE_A_NS);
				vm_restore(fixture->vm, snapshot);
				assert_int_equal(fixture->vm->totals.executed, cycle < 14 ? cycle : 14);
			}
			vm_snapshot_free(snapshot);
			vm_fixture_free(fixture);
		}
	}
	vm_snapshot_free(NULL);
}

/* Every part of a machine that can differ is found to differ. */
static void differences(void **state)
{
	static const char *const parts[] = {
	    "cpu 0: gpr[7]",	"cpu 0: tlb_lo[9]",  "EntryHi.VPN",  "RAM at 0x00004560", "event queue",
	    "random generator", "device statistics", "virtual time", "active cycles",	  "HI interlock"};

	(void)state;
	for (int part = 0; part < 10; part++) {
		struct vm_fixture *a = vm_fixture_program(ENGINE_REFERENCE, example_a, 15);
		struct vm_fixture *b = vm_fixture_program(ENGINE_REFERENCE, example_a, 15);
		struct vm *vm = b->vm;
		char where[512];

		vm_run(a->vm, 6);
		vm_run(b->vm, 6);
		check_equal(a->vm, b->vm, 0, "before");
		switch (part) {
		case 0:
			vm->cpus[0].gpr[7] ^= 1;
			break;
		case 1:
			vm->cpus[0].tlb_lo[9] ^= 0x800;
			break;
		case 2:
			vm->cpus[0].lookup_va ^= 0x1000;
			break;
		case 3:
			vm->memory.ram[0x4563] ^= 1;
			break;
		case 4:
			vm->events.count--;
			break;
		case 5:
			vm->events.random.history[3] ^= 1;
			break;
		case 6:
			vm->statistics.console_writes++;
			break;
		case 7:
			vm->run.base++;
			break;
		case 8:
			vm->cpus[0].active_end++;
			break;
		default:
			vm->cpus[0].hi_ready = cpu_active(&vm->cpus[0]) + 1;
		}
		assert_false(vm_equal(a->vm, b->vm, where, sizeof(where)));
		assert_memory_equal(where, parts[part], strlen(parts[part]));
		vm_fixture_free(a);
		vm_fixture_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(digests), cmocka_unit_test(again),
					   cmocka_unit_test(figures), cmocka_unit_test(differences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

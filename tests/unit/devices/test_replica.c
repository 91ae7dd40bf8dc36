/* A second machine fed from the first one's log; snapshots; isolated disks. */
#include "fake_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG                                                                                               \
	"0 serial\n1 emufs dir=@\n2 disk file=@/disk rpm=7200\n28 random autoseed\n29 timer\n"               \
	"31 mainboard ramsize=4096 cpus=2\n"

#define DISK_STAT   (SLOT(2) + 4)
#define DISK_SECT   (SLOT(2) + 8)
#define DISK_BUFFER (SLOT(2) + 0x8000)

static struct fake_machine *machine_replica(struct fake_machine *primary)
{
	struct fake_machine *machine = machine_new();

	bus_free(machine->bus);
	input_log_free(machine->inputs.log);
	machine->inputs = (struct input_gate){.log = primary->inputs.log, .replay = true};
	machine->bus = bus_new_replica(primary->bus, &machine->services, &machine->error);
	assert_non_null(machine->bus);
	return machine;
}

static void same(struct fake_machine *a, struct fake_machine *b)
{
	char where[300] = "";

	if (!bus_states_equal(a->bus, b->bus, where, sizeof(where)))
		fail_msg("%s", where);
	assert_int_equal(a->events.now, b->events.now);
	assert_memory_equal(&a->events.random, &b->events.random, sizeof(a->events.random));
	assert_memory_equal(&a->statistics, &b->statistics, sizeof(a->statistics));
}

/* What a guest might do, from a seed. */
static void act(struct fake_machine *machine, struct random_state *random)
{
	static const uint8_t operations[] = {1, 5, 6, 7, 8, 9, 5, 12};
	uint32_t choice = random_next(random);

	bus_poll(machine->bus);
	switch (choice % 8) {
	case 0:
		machine_store(machine, SLOT(0), choice >> 8);
		break;
	case 1:
		machine_store(machine, SLOT(0) + 8, choice >> 8 & 7);
		machine_load(machine, SLOT(0));
		break;
	case 2: /* emufs */
		machine_store(machine, SLOT(1), choice >> 8 & 1);
		machine_store(machine, SLOT(1) + 4, choice >> 10 & 31);
		machine_store(machine, SLOT(1) + 8, choice >> 15 & 7);
		machine_store(machine, SLOT(1) + 0x8000, 0x66006600 + (choice >> 18 & 3));
		machine_store(machine, SLOT(1) + 12, operations[choice >> 20 & 7]);
		break;
	case 3: /* disk */
	case 4:
		machine_store(machine, DISK_SECT, (choice >> 8 & 63) * 160);
		machine_store(machine, DISK_BUFFER + (choice >> 14 & 127) * 4, choice);
		machine_store(machine, DISK_STAT, choice >> 21 & 3 ? (choice >> 22 & 1 ? 3 : 1) : 0);
		break;
	case 5:
		machine_store(machine, SLOT(29) + 16, choice >> 12 & 0xfff);
		break;
	case 6:
		machine_load(machine, SLOT(28));
		break;
	case 7:
		machine_load(machine, SLOT(29) + 4);
		machine_store(machine, SLOT(31) + 0x8300 + (choice >> 8 & 63) * 4, choice);
		break;
	}
	for (unsigned i = 0; i < (choice >> 26 & 3); i++)
		machine_step(machine);
	machine->events.now += choice & 0xfff;
}

static void lockstep(void **state)
{
	struct fake_machine *a = machine_new(), *b;
	struct console_input_options options = {.not_only_terminal = true};
	struct console_input *console;
	struct random_state guest_a, guest_b;
	uint8_t header[516], later[516];
	FILE *file;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	options.input = pipes[0];
	console = console_input_open(&options);
	machine_make_disk(a, "disk", 10240);
	machine_write_file(a, "f", "contents", 8);
	bus_set_console(a->bus, console);
	machine_build(a, CONFIG);
	b = machine_replica(a);
	same(a, b);
	random_seed(&guest_a, 9);
	guest_b = guest_a;
	file = fopen(machine_path(a, "disk"), "r");
	assert_int_equal(fread(header, 1, sizeof(header), file), sizeof(header));
	for (int round = 0; round < 200; round++) {
		assert_int_equal(write(pipes[1], "typed", 5), 5);
		for (int i = 0; i < 50; i++)
			act(a, &guest_a);
		for (int i = 0; i < 50; i++)
			act(b, &guest_b);
		assert_false(b->inputs.diverged);
		same(a, b);
	}
	assert_true(a->statistics.disk_writes > 50);
	assert_true(a->statistics.emufs_reads > 10);
	assert_int_equal(b->inputs.position, input_log_end(a->inputs.log));
	/* Nothing has reached the image yet. */
	rewind(file);
	assert_int_equal(fread(later, 1, sizeof(later), file), sizeof(later));
	assert_memory_equal(header, later, sizeof(later));
	assert_true(bus_commit_disks(a->bus, &a->error));
	same(a, b);
	machine_store(b, DISK_BUFFER + 8, 0x12345);
	char where[300];
	assert_false(bus_states_equal(a->bus, b->bus, where, sizeof(where)));
	assert_non_null(strstr(where, "slot 2 disk: buffer["));
	fclose(file);
	machine_free(a); /* the replica keeps the image */
	b->inputs.log = NULL;
	machine_free(b);
	console_input_close(console);
	close(pipes[0]);
	close(pipes[1]);
}

static void write_sector(struct fake_machine *machine, uint32_t sector, uint32_t value)
{
	machine_store(machine, DISK_SECT, sector);
	machine_store(machine, DISK_BUFFER, value);
	machine_store(machine, DISK_STAT, 3);
	while (machine_step(machine))
		;
}

static uint32_t read_sector(struct fake_machine *machine, uint32_t sector)
{
	machine_store(machine, DISK_SECT, sector);
	machine_store(machine, DISK_STAT, 1);
	while (machine_step(machine))
		;
	return machine_load(machine, DISK_BUFFER);
}

static void snapshots(void **state)
{
	struct fake_machine *machine = machine_new();
	struct bus_snapshot *first, *second;
	uint32_t sector;
	FILE *file;

	(void)state;
	machine_make_disk(machine, "disk", 10240);
	machine_build(machine, CONFIG);
	write_sector(machine, 3, 100); /* straight to the image */
	first = bus_snapshot(machine->bus);
	write_sector(machine, 3, 101);
	machine_store(machine, SLOT(31) + 0x8300, 7);
	second = bus_snapshot(machine->bus);
	write_sector(machine, 3, 102);
	write_sector(machine, 4, 202);
	bus_restore(machine->bus, second);
	assert_int_equal(read_sector(machine, 3), 101);
	assert_int_equal(read_sector(machine, 4), 4);
	assert_int_equal(machine_load(machine, SLOT(31) + 0x8300), 7);
	bus_restore(machine->bus, first);
	assert_int_equal(machine_load(machine, SLOT(31) + 0x8300), 0);
	assert_int_equal(read_sector(machine, 3), 100);
	bus_snapshot_free(first);
	bus_restore(machine->bus, second);
	bus_snapshot_free(second);
	write_sector(machine, 5, 0x05060708);
	assert_true(bus_commit_disks(machine->bus, &machine->error));
	assert_int_equal(read_sector(machine, 3), 101);
	file = fopen(machine_path(machine, "disk"), "r");
	fseek(file, 512 + 5 * 512, SEEK_SET);
	assert_int_equal(fread(&sector, 4, 1, file), 1);
	assert_memory_equal(&sector, "\5\6\7\10", 4);
	fclose(file);
	machine_free(machine);
}

/* A replay that asks for something else than was recorded says so. */
static void divergence(void **state)
{
	struct fake_machine *a = machine_new(), *b;

	(void)state;
	machine_make_disk(a, "disk", 10240);
	machine_build(a, CONFIG);
	b = machine_replica(a);
	machine_store(a, SLOT(1) + 12, 8);
	machine_store(b, SLOT(1) + 8, 5);
	machine_store(b, SLOT(1) + 12, 8);
	assert_true(b->inputs.diverged);
	machine_store(b, DISK_STAT, 1);
	while (machine_step(b))
		;
	machine_free(b);
	machine_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lockstep),
	    cmocka_unit_test(snapshots),
	    cmocka_unit_test(divergence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

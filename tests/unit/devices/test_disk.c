/* Disk: registers, timing, errors. System/161 reference, section 3.2. */
#include "fake_machine.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "devices/host/disk_image.h"

#define NSECT  (SLOT(2) + 0)
#define STAT   (SLOT(2) + 4)
#define SECT   (SLOT(2) + 8)
#define RPM    (SLOT(2) + 12)
#define BUFFER (SLOT(2) + 0x8000)

static struct fake_machine *disk_machine(const char *options)
{
	struct fake_machine *machine = machine_new();
	char text[200];

	machine->events.jitter = false;
	machine_make_disk(machine, "disk", 10240);
	snprintf(text, sizeof(text), "2 disk file=@/disk rpm=7200 %s\n31 mainboard ramsize=4096\n", options);
	machine_build(machine, text);
	return machine;
}

static uint64_t next_event(const struct fake_machine *machine)
{
	return machine->events.events[0].due - machine->events.now;
}

static void first_read(void **state)
{
	struct fake_machine *machine = disk_machine("");
	uint64_t arrival;

	(void)state;
	assert_int_equal(machine_load(machine, NSECT), 10240);
	assert_int_equal(machine_load(machine, RPM), 7200);
	assert_int_equal(machine_load(machine, STAT), 0);
	machine_store(machine, STAT, 1);
	assert_int_equal(machine_load(machine, STAT), 1);
	assert_int_equal(next_event(machine), 63581713); /* 319 tracks */
	machine_step(machine);
	arrival = machine->events.now;
	/* The end of sector 0 is the start of sector 1; 53 sectors on the outermost track. */
	uint64_t end = 8333333 / 53;
	while (end < arrival)
		end += 8333333;
	assert_int_equal(next_event(machine), end - arrival);
	machine_step(machine);
	assert_int_equal(next_event(machine), 500);
	assert_false(machine->line[0]);
	machine_step(machine);
	assert_int_equal(machine_load(machine, STAT), 4);
	assert_true(machine->line[0]);
	assert_int_equal(machine_load(machine, BUFFER), 0);
	machine_store(machine, STAT, 0);
	assert_false(machine->line[0]);
	/* Sector 1 passed under the head long ago: no rotation. */
	machine->events.now += 3000000;
	machine_store(machine, SECT, 1);
	machine_store(machine, STAT, 1);
	assert_int_equal(next_event(machine), 500);
	machine_step(machine);
	assert_int_equal(machine_load(machine, BUFFER), 1);
	assert_int_equal(machine->statistics.disk_reads, 2);
	assert_false(machine_step(machine));
	machine_free(machine);
}

/* The model of the reference, written once more, against a sequence of reads and writes. */
static void model(void **state)
{
	struct fake_machine *machine = disk_machine("");
	uint32_t tracks[320], track = 0, seed = 1;
	uint64_t arrival = START_NS;
	double density = (uint32_t)(10240 * 1.06) / (6000 * 3.14159 / 4);

	(void)state;
	for (uint32_t i = 0; i < 320; i++) {
		double inner = 10 + i * 0.09375, outer = inner + 0.09375;

		tracks[i] = (uint32_t)(density * ((inner + outer) * 0.09375 * 3.14159)) - 1;
	}
	assert_int_equal(tracks[0], 12);
	assert_int_equal(tracks[319], 53);
	for (int i = 0; i < 200; i++) {
		uint32_t sector, position, target = 319;
		bool writing;

		seed = seed * 1103515245 + 12345;
		sector = (i % 3 ? seed >> 8 : seed >> 20) % 10240;
		writing = seed >> 30 & 1;
		position = sector;
		while (position >= tracks[target])
			position -= tracks[target--];
		machine_store(machine, SECT, sector);
		machine_store(machine, STAT, writing ? 3 : 1);
		if (target != track) {
			uint32_t distance = target > track ? target - track : track - target;

			assert_int_equal(next_event(machine),
					 distance <= 3 ? 5000000ull * distance
						       : (uint64_t)(1000000 * (10 + 3 * sqrt(distance))));
			machine_step(machine);
			track = target;
			arrival = machine->events.now;
		}
		uint64_t sector_time = 8333333 / tracks[track], now = machine->events.now;
		if (writing) {
			assert_int_equal(next_event(machine), 500);
			machine_step(machine);
			now = machine->events.now;
			uint64_t start = now / 1000000000 * 1000000000 + position * sector_time;
			while (start < now)
				start += 8333333;
			assert_int_equal(next_event(machine), start + sector_time - now);
			machine_step(machine);
		} else {
			uint64_t end =
			    arrival / 1000000000 * 1000000000 + (position + 1) % tracks[track] * sector_time;
			while (end < arrival)
				end += 8333333;
			if (end > now) {
				assert_int_equal(next_event(machine), end - now);
				machine_step(machine);
			}
			assert_int_equal(next_event(machine), 500);
			machine_step(machine);
		}
		assert_int_equal(machine_load(machine, STAT), writing ? 6 : 4);
		assert_false(machine_step(machine));
		if (i % 5 == 0)
			machine->events.now += seed % 20000000;
	}
	machine_free(machine);
}

static void write_and_read_back(void **state)
{
	struct fake_machine *machine = disk_machine("");
	uint8_t sector[4];
	FILE *file;

	(void)state;
	machine_store(machine, BUFFER, 0xdeadbeef);
	machine_store(machine, BUFFER + 508, 0x12345678);
	machine_store(machine, SECT, 10239);
	machine_store(machine, STAT, 3);
	assert_int_equal(machine->dooms, 1);
	while (machine_step(machine))
		;
	assert_int_equal(machine_load(machine, STAT), 6);
	assert_int_equal(machine->statistics.disk_writes, 1);
	file = fopen(machine_path(machine, "disk"), "r");
	assert_non_null(file);
	fseek(file, 512 + 10239 * 512, SEEK_SET);
	assert_int_equal(fread(sector, 1, 4, file), 4);
	fclose(file);
	assert_memory_equal(sector, "\xde\xad\xbe\xef", 4);
	machine_store(machine, BUFFER, 0);
	machine_store(machine, STAT, 1);
	while (machine_step(machine))
		;
	assert_int_equal(machine_load(machine, BUFFER), 0xdeadbeef);
	assert_int_equal(machine_load(machine, BUFFER + 508), 0x12345678);
	machine_free(machine);

	machine = disk_machine("");
	machine->refuse_writes = true;
	machine_store(machine, STAT, 3);
	assert_int_equal(machine_load(machine, STAT), 0); /* never begun */
	assert_int_equal(machine->events.count, 0);
	machine_free(machine);

	machine = disk_machine("nodoom paranoid");
	machine_store(machine, STAT, 3);
	assert_int_equal(machine->dooms, 0);
	machine_free(machine);
}

/* What was written is remembered: the sectors that are remembered at the same place must not be taken for each other, and one that
 * could not be written is what it was. */
static void written_sectors(void **state)
{
	static const uint32_t sectors[] = {5, 5 + 16384, 6, 5 + 2 * 16384, 5};
	struct fake_machine *machine = machine_new();
	struct rlimit limit, small;
	struct error error;
	uint8_t data[512], wanted[512];

	(void)state;
	struct disk_image *image =
	    disk_image_create("disk", machine_path(machine, "large"), false, 40000, &error);
	assert_non_null(image);
	for (unsigned i = 0; i < 5; i++) {
		memset(data, 0x10 + (int)i, sizeof(data));
		assert_true(disk_image_write(image, sectors[i], data));
		for (unsigned k = 0; k <= i; k++) {
			assert_true(disk_image_read(image, sectors[k], data));
			memset(wanted, 0x10 + (int)(k == 0 && i == 4 ? 4 : k), sizeof(wanted));
			assert_memory_equal(data, wanted, sizeof(data));
		}
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){.rlim_cur = 512, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	memset(data, 0x77, sizeof(data));
	bool written = disk_image_write(image, 5, data);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_DFL);
	assert_false(written);
	memset(wanted, 0x14, sizeof(wanted));
	assert_true(disk_image_read(image, 5, data));
	assert_memory_equal(data, wanted, sizeof(data));
	disk_image_close(image);
	machine_free(machine);
}

static void errors(void **state)
{
	struct fake_machine *machine = disk_machine("");

	(void)state;
	machine_store(machine, SECT, 10240);
	machine_store(machine, STAT, 1); /* within the store */
	assert_int_equal(machine_load(machine, STAT), 12);
	assert_true(machine->line[0]);
	machine_store(machine, STAT, 3);
	assert_int_equal(machine_load(machine, STAT), 14);
	machine_store(machine, SECT, 0xffffffff);
	machine_store(machine, STAT, 1);
	assert_int_equal(machine_load(machine, STAT), 12);
	assert_int_equal(machine->statistics.disk_reads + machine->statistics.disk_writes, 0);
	assert_false(machine_step(machine));
	machine_store(machine, STAT, 2);
	assert_string_equal(machine->hangs, "disk: Invalid write 2 to status register\n");
	assert_int_equal(machine_load(machine, STAT), 12);
	/* Cut off beneath the machine: zeros. */
	machine_store(machine, SECT, 5);
	machine_store(machine, BUFFER, 1);
	assert_int_equal(truncate(machine_path(machine, "disk"), 512), 0);
	machine_store(machine, STAT, 1);
	while (machine_step(machine))
		;
	assert_int_equal(machine_load(machine, STAT), 4);
	assert_int_equal(machine_load(machine, BUFFER), 0);
	machine_free(machine);
}

/* An aborted operation's step stays in the queue and moves the next operation on. */
static void abort_and_restart(void **state)
{
	struct fake_machine *machine = disk_machine("");

	(void)state;
	machine_store(machine, STAT, 1);
	machine_store(machine, STAT, 0);
	machine_store(machine, SECT, 10239);
	machine_store(machine, STAT, 1);
	assert_int_equal(machine->events.count, 1); /* still the first seek */
	machine_step(machine);
	assert_in_range(next_event(machine), 60000000, 63581712); /* and back, to one of the inner tracks */
	machine_store(machine, STAT, 0);
	machine_step(machine);
	assert_int_equal(machine_load(machine, STAT), 0);
	assert_false(machine_step(machine));
	assert_int_equal(machine->statistics.disk_reads, 0);
	machine_free(machine);
}

/* Aborting does not reset the count of steps: the eleventh gives the model up. */
static void too_many_steps(void **state)
{
	struct fake_machine *machine = disk_machine("");

	(void)state;
	for (int i = 0; i < 10; i++) {
		machine_store(machine, SECT, i % 2 ? 10239 : 0);
		machine_store(machine, STAT, 1);
		machine_store(machine, STAT, 0);
		machine_step(machine);
	}
	machine_store(machine, SECT, 7);
	machine_store(machine, STAT, 1);
	assert_string_equal(machine->messages, "Geometry modeling fault! Please report to maintainer.\n");
	assert_int_equal(machine_load(machine, STAT), 4);
	assert_int_equal(machine_load(machine, BUFFER), 7);
	machine_free(machine);
}

/* The clock may be set to anything; the disk still answers. */
static void strange_clock(void **state)
{
	static const uint32_t values[] = {0, 1, 999999999, 1000000000, 2999999999, 0xffffffff};
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_make_disk(machine, "disk", 10240);
	machine_build(machine, "1 timer\n2 disk file=@/disk rpm=60\n31 mainboard ramsize=4096\n");
	for (unsigned i = 0; i < 6; i++) {
		machine_store(machine, SLOT(1), values[5 - i]);
		machine_store(machine, SLOT(1) + 4, values[i]);
		machine_store(machine, SECT, i * 1700);
		machine_store(machine, STAT, i % 2 ? 3 : 1);
		while (machine_step(machine))
			;
		assert_int_equal(machine_load(machine, STAT), i % 2 ? 6 : 4);
	}
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_read),
	    cmocka_unit_test(model),
	    cmocka_unit_test(write_and_read_back),
	    cmocka_unit_test(written_sectors),
	    cmocka_unit_test(errors),
	    cmocka_unit_test(abort_and_restart),
	    cmocka_unit_test(too_many_steps),
	    cmocka_unit_test(strange_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

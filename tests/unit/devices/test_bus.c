/* Slots, register maps, the controllers, interrupt routing. System/161 reference, section 2. */
#include "fake_machine.h"

#include <stdio.h>
#include <string.h>

#define CONFIG	   0x1f0000u /* configuration regions, from slot 0's device area */
#define CONTROLLER (CONFIG + 31 * 0x400u)
#define CPU(n)	   (0x1f8000u + (n)*0x400u)

#define RAMSZ (CONTROLLER + 0x200)
#define IRQS  (CONTROLLER + 0x204)
#define PWR   (CONTROLLER + 0x208)
#define IRQE  (CONTROLLER + 0x20c)
#define CPUS  (CONTROLLER + 0x210)
#define CPUE  (CONTROLLER + 0x214)
#define SELF  (CONTROLLER + 0x218)

enum {
	NONE = 0,
	R = 1,
	W = 2,
	RW = 3
};

/* What the reference lists; everything else must be a bus error. */
static const struct {
	const char *line;   /* for slot 0 */
	const char *access; /* of the words from offset 0: r, w, b or - */
	uint32_t buffer;    /* bytes of buffer at 0x8000 */
} maps[] = {
    {"0 timer\n", "bbbbbbbb", 0},	 {"0 disk file=@/disk\n", "rbbr", 512}, {"0 serial\n", "bbb", 0},
    {"0 emufs dir=@\n", "bbbbb", 16384}, {"0 trace\n", "wwwwwbw", 0},		{"0 random\n", "r", 0},
};

static void register_maps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct fake_machine *machine = machine_new();
		char text[200];

		machine_make_disk(machine, "disk", 10240);
		snprintf(text, sizeof(text), "%s31 mainboard ramsize=4096\n", maps[i].line);
		machine_build(machine, text);
		for (uint32_t offset = 0; offset < 0x10000; offset += 4) {
			size_t word = offset / 4;
			char access = word < strlen(maps[i].access) ? maps[i].access[word] : '-';

			if (offset >= 0x8000 && offset - 0x8000 < maps[i].buffer)
				access = 'b';
			assert_int_equal(machine_load_fails(machine, offset), access == '-' || access == 'w');
			assert_int_equal(machine_store_fails(machine, offset),
					 access == '-' || access == 'r');
		}
		assert_true(machine_load_fails(machine, SLOT(1)));
		assert_true(machine_store_fails(machine, SLOT(1)));
		assert_true(machine_load_fails(machine, 0x200000));
		assert_true(machine_store_fails(machine, 0xfffffffc));
		machine_free(machine);
	}
}

static void controller_map(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "31 mainboard ramsize=4096 cpus=3\n");
	for (uint32_t offset = 0; offset < 0x10000; offset += 4) {
		uint32_t region = offset / 0x400, word = offset % 0x400;
		int access = NONE;

		if (offset < 0x8000 && word < 12)
			access = R;
		else if (offset < 0x8000 && region == 31 && word >= 0x200 && word <= 0x218)
			access = word == 0x208 || word == 0x20c || word == 0x214 ? RW : R;
		else if (offset >= 0x8000 && region < 32 + 3 && (word <= 4 || word >= 0x300))
			access = RW;
		assert_int_equal(machine_load_fails(machine, SLOT(31) + offset), !(access & R));
		assert_int_equal(machine_store_fails(machine, SLOT(31) + offset), !(access & W));
	}
	machine_free(machine);
}

static void old_controller(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "31 busctl ramsize=512k\n");
	assert_int_equal(bus_cpu_count(machine->bus), 1);
	assert_int_equal(machine_load(machine, CONTROLLER + 4), 1);
	assert_int_equal(machine_load(machine, CONTROLLER + 8), 2);
	assert_int_equal(machine_load(machine, RAMSZ), 524288);
	assert_true(machine_load_fails(machine, CPUS));
	assert_true(machine_load_fails(machine, CPUE));
	assert_true(machine_store_fails(machine, CPUE));
	assert_true(machine_load_fails(machine, SELF));
	assert_true(machine_load_fails(machine, CPU(0)));
	assert_true(machine_store_fails(machine, CPU(0) + 0x300));
	machine_store(machine, PWR, 5); /* ignored */
	assert_string_equal(machine->hangs, "");
	machine_load(machine, PWR);
	assert_string_equal(machine->hangs, "Read from LAMEbus controller power register\n");
	machine_store(machine, PWR, 0);
	assert_int_equal(machine->events.count, 1);
	machine_free(machine);
}

static void identities(void **state)
{
	static const uint32_t expected[][2] = {{2, 1}, {3, 2}, {4, 1}, {7, 1}, {8, 3}, {9, 1}};
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_make_disk(machine, "disk", 10240);
	machine_build(machine, "0 timer\n1 disk file=@/disk\n2 serial\n3 emufs dir=@\n4 trace\n5 random\n"
			       "31 mainboard ramsize=4M cpus=32\n");
	for (uint32_t slot = 0; slot < 6; slot++) {
		assert_int_equal(machine_load(machine, CONFIG + slot * 0x400), 1);
		assert_int_equal(machine_load(machine, CONFIG + slot * 0x400 + 4), expected[slot][0]);
		assert_int_equal(machine_load(machine, CONFIG + slot * 0x400 + 8), expected[slot][1]);
	}
	assert_int_equal(machine_load(machine, CONFIG + 6 * 0x400), 0);
	assert_int_equal(machine_load(machine, CONTROLLER + 4), 10);
	assert_int_equal(machine_load(machine, RAMSZ), 4 << 20);
	assert_int_equal(bus_ram_size(machine->bus), 4 << 20);
	assert_int_equal(machine_load(machine, CPUS), 0xffffffff);
	assert_int_equal(machine_load(machine, PWR), 0xffffffff);
	machine_free(machine);
}

static void routing(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "3 serial\n31 mainboard ramsize=4096 cpus=2\n");
	machine_store(machine, CPU(1), 0);
	machine_store(machine, SLOT(3) + 4, 5); /* ENABLE and FORCE */
	assert_int_equal(machine_load(machine, IRQS), 1 << 3);
	assert_true(machine->line[0]);
	assert_false(machine->line[1]);
	assert_int_equal(machine->line_calls, 1); /* changes only */
	machine_store(machine, SLOT(3) + 4, 5);
	assert_int_equal(machine->line_calls, 1);
	machine_store(machine, CPU(1), 1 << 3);
	assert_true(machine->line[1]);
	machine_store(machine, IRQE, ~(1u << 3));
	assert_false(machine->line[0] || machine->line[1]);
	assert_int_equal(machine_load(machine, IRQS), 1 << 3);
	machine_store(machine, IRQE, 0xffffffff);
	machine_store(machine, CPU(1) + 4, 77);
	assert_true(machine->ipi[1] && machine->line[1] && !machine->ipi[0]);
	assert_int_equal(machine_load(machine, CPU(1) + 4), 0xffffffff);
	machine_store(machine, CPU(1) + 4, 0);
	assert_false(machine->ipi[1]);
	assert_int_equal(machine_load(machine, CPU(1) + 4), 0);
	machine_free(machine);
}

static void processors(void **state)
{
	struct fake_machine *machine = machine_new();
	uint32_t value;

	(void)state;
	machine_build(machine, "31 mainboard ramsize=4096 cpus=2\n");
	assert_true(bus_load(machine->bus, 1, SELF, &value));
	assert_int_equal(value, 2);
	assert_int_equal(machine_load(machine, SELF), 1);
	assert_int_equal(machine_load(machine, CPUS), 3);
	assert_int_equal(machine_load(machine, CPUE), 1);
	machine_store(machine, CPU(1) + 0x300, 0x80001000);
	machine_store(machine, CPU(1) + 0x304, 0x1234);
	machine_store(machine, CPU(1) + 0x3fc, 0xcafe);
	assert_int_equal(machine_load(machine, CPU(1) + 0x3fc), 0xcafe);
	machine_store(machine, CPUE, 0xffffffff); /* absent processors are ignored */
	assert_true(machine->enabled[1]);
	assert_int_equal(machine_load(machine, CPUE), 1); /* it forgets whom it starts */
	assert_int_equal(machine->entry, 0x80001000);
	assert_int_equal(machine->stack, 0x9fff8800);
	assert_int_equal(machine->argument, 0x1234);
	machine_store(machine, CPU(1) + 0x304, 0x5678);
	machine_store(machine, CPUE, 1); /* so that a 0 does not stop one, */
	assert_true(machine->enabled[1]);
	assert_int_equal(machine->argument, 0x1234);
	machine_store(machine, CPUE, 3); /* and a 1 starts it anew */
	assert_int_equal(machine->argument, 0x5678);
	machine_store(machine, CPUE, 0);
	assert_false(machine->enabled[0]);
	assert_int_equal(machine_load(machine, CPUE), 0);
	machine_store(machine, CPUE, 1);
	assert_true(machine->enabled[0]);
	assert_int_equal(machine_load(machine, CPUE), 0);
	machine_free(machine);
}

static void power(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_build(machine, "31 mainboard ramsize=4096\n");
	machine_store(machine, PWR, 0x80000001);
	assert_int_equal(machine->events.count, 0);
	assert_string_equal(machine->hangs, "");
	machine_store(machine, PWR, 1);
	assert_string_equal(machine->hangs, "Invalid power state\n");
	machine_store(machine, PWR, 0);
	machine_store(machine, PWR, 0);
	assert_int_equal(machine->events.count, 2);
	machine_step(machine);
	assert_true(machine->powered_off);
	assert_in_range(machine->events.now, START_NS + 5000000, START_NS + 5050000);
	assert_true(machine->line[0]); /* wakes waiting processors */
	machine_free(machine);
}

static void dump(void **state)
{
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_make_disk(machine, "disk", 10240);
	machine_build(machine, "0 timer\n1 disk file=@/disk\n2 serial\n3 emufs dir=@\n4 trace\n5 random\n"
			       "31 mainboard ramsize=512k cpus=2\n");
	machine_store(machine, SLOT(1) + 0x8010, 0x41424320);
	bus_dump(machine->bus);
	assert_non_null(
	    strstr(machine->messages, "************ Slot 1 ************\nSystem/161 disk rev 2\n"));
	assert_non_null(strstr(machine->messages, "    Tracks: 320  Total sectors: 10240  RPM: 3600\n"));
	assert_non_null(strstr(machine->messages, "     0:00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
						  "................\n"
						  "    10:41 42 43 20 00 00 00 00 00 00 00 00 00 00 00 00 "
						  "ABC ............\n"
						  "       *\n"
						  "   200:\n"));
	assert_non_null(strstr(machine->messages, "LAMEbus multiprocessor controller rev 1\n"
						  "    ramsize: 524288 (512k)\n"));
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(register_maps),  cmocka_unit_test(controller_map),
	    cmocka_unit_test(old_controller), cmocka_unit_test(identities),
	    cmocka_unit_test(routing),	      cmocka_unit_test(processors),
	    cmocka_unit_test(power),	      cmocka_unit_test(dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The configuration file: every kind of good and bad line. System/161 reference, section 5.1. */
#include "fake_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOARD "31 mainboard ramsize=4M\n"

static void good_files(void **state)
{
	static const struct {
		const char *text;
		uint32_t ram;
		unsigned cpus;
	} files[] = {
	    {"31 mainboard ramsize=4M", 4 << 20, 1},
	    {"# comment\n\n \t \n0x1f\tmainboard  ramsize=0x1000 cpus=010 # eight\r\n", 4096, 8},
	    {"037 oldmainboard ramsize=1024s\n", 512 << 10, 1},
	    {"31 busctl ramsize=4194304b\n", 4 << 20, 1},
	    {"31 mainboard ramsize=1k ramsize=16M cpus=32 cores=1\n", 16 << 20, 32},
	    {"0 timer and anything\n1 serial what ever\n2 trace\n3 random seed=12x seed=-1 autoseed\n" BOARD,
	     4 << 20, 1},
	    {"31 mainboard ramsize=4294971392\n", 4096, 1}, /* cut to 32 bits */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fake_machine *machine = machine_new();

		machine_build(machine, files[i].text);
		assert_int_equal(bus_ram_size(machine->bus), files[i].ram);
		assert_int_equal(bus_cpu_count(machine->bus), files[i].cpus);
		machine_free(machine);
	}
}

/* "@" is the machine's directory, "CONF" the configuration file's name. */
static const struct {
	const char *text, *error;
} bad_files[] = {
    {"x timer\n", "config CONF: line 1: Invalid slot `x' (should be 0-31)"},
    {"\n#\n32 timer\n", "config CONF: line 3: Invalid slot `32' (should be 0-31)"},
    {"-1 timer\n", "config CONF: line 1: Invalid slot `-1' (should be 0-31)"},
    {"08 timer\n", "config CONF: line 1: Invalid slot `08' (should be 0-31)"},
    {"4294967296 timer\n", "config CONF: line 1: Invalid slot `4294967296' (should be 0-31)"},
    {"5\n", "config CONF: line 1: slot 5: No device"},
    {"5 # timer\n", "config CONF: line 1: slot 5: No device"},
    {"5 timer\n5 serial\n", "config CONF: line 2: slot 5: Already in use"},
    {"5 lser\n", "config CONF: line 1: slot 5: No such hardware `lser'"},
    {"5 mainboard ramsize=4M\n", "config CONF: line 1: slot 5: mainboard: Bus controller must go in slot 31"},
    {"31 timer\n", "config CONF: line 1: slot 31: timer: Bus controller must go in slot 31"},
    {"", "config CONF: No system memory"},
    {"0 timer\n", "config CONF: No system memory"},
    {"31 mainboard\n", "config CONF: No system memory"},
    {"31 mainboard ramsize=4G\n", "config CONF: No system memory"},
    {"31 mainboard ramsize=\n", "config CONF: No system memory"},
    {"31 mainboard ramsize=5000\n", "config CONF: System memory size not page-aligned"},
    {"31 mainboard ramsize=32M\n", "config CONF: System memory too large"},
    {"31 mainboard ramsize=-4096\n", "config CONF: System memory too large"},
    {"31 mainboard ramsize=4x\n", "4x: Invalid size suffix x"},
    {"31 mainboard ramsize=four\n", "four: Invalid size suffix four"},
    {"31 mainboard ramsize=99999999999999999999\n", "99999999999999999999: Invalid number"},
    {"31 mainboard ramsize=4M foo\n", "mainboard: invalid option `foo'"},
    {"31 busctl ramsize=4M cpus=2\n", "oldmainboard: invalid option `cpus=2'"},
    {"31 mainboard ramsize=4M cpus=33\n", "mainboard: too many CPUs"},
    {"31 mainboard ramsize=4M cpus=-1\n", "mainboard: too many CPUs"},
    {"31 mainboard ramsize=4M cores=2\n", "mainboard: no support for multicore CPUs yet"},
    {"31 mainboard ramsize=4M cpus=0\n", "mainboard: give me no CPUs and I'll give you no lies"},
    {"31 mainboard ramsize=4M cores=x\n", "mainboard: give me no CPUs and I'll give you no lies"},
    {"4 screen\n", "Screen device not supported"},
    {"4 nic hwaddr=0\n", "nic: slot 4: invalid hwaddr or hwaddr not set"},
    {"4 trace on\n", "trace: slot 4: Invalid argument on"},
    {"4 random seed\n", "random: slot 4: invalid option seed"},
    {"4 emufs root=x\n", "emufs: slot 4: invalid option root=x"},
    {"4 emufs dir=@/none\n", "emufs: slot 4: @/none: No such file or directory"},
    {"4 emufs dir=@/good\n", "emufs: slot 4: @/good: Not a directory"},
    {"4 disk\n", "disk: slot 4: No filename specified"},
    {"4 disk file=@/good rw\n", "disk: slot 4: invalid option rw"},
    {"4 disk file=@/good rpm=59\n", "disk: slot 4: RPM too low (59)"},
    {"4 disk file=@/good rpm=fast\n", "disk: slot 4: RPM too low (0)"},
    {"4 disk file=@/good rpm=61\n", "disk: slot 4: RPM 61 not a multiple of 60"},
    {"4 disk file=@/good size=1000\n", "disk: slot 4: Configured size is not a unit number of sectors"},
    {"4 disk file=@/good size=1y\n", "1y: Invalid size suffix y"},
    {"4 disk file=@/none\n", "disk: slot 4: @/none: Too small"},
    {"4 disk file=@/none sectors=127\n", "disk: slot 4: @/none: Too small"},
    {"4 disk file=@/none sectors=4000\n",
     "disk: slot 4: @/none: Geometry initialization failed (try another size)"},
    {"4 disk file=@/none size=5G\n", "disk: slot 4: @/none: Configured size is too large"},
    {"4 disk file=@/none/disk\n", "disk: slot 4: @/none/disk: Too small"},
    {"4 disk file=@/none/disk size=5M\n", "disk: slot 4: @/none/disk: No such file or directory"},
    {"4 disk file=@\n", "disk: slot 4: @: Is a directory"},
    {"4 disk file=@/empty\n", "disk: slot 4: @/empty is not a disk image"},
    {"4 disk file=@/wrong\n", "disk: slot 4: @/wrong is not a disk image"},
    {"4 disk file=@/short\n", "disk: slot 4: @/short: No header block"},
    {"4 disk file=@/bare\n", "disk: slot 4: @/bare: Too small"},
    {"4 disk file=@/small\n", "disk: slot 4: @/small: Geometry initialization failed (try another size)"},
    {"4 disk file=@/good\n5 disk file=@/good\n", "disk: slot 5: @/good: Locked by another process"},
};

static void expand(struct fake_machine *machine, const char *text, char *expanded, size_t size)
{
	size_t length = 0;

	while (*text && length < size - 1) {
		const char *piece = NULL;

		if (*text == '@')
			piece = machine->directory;
		else if (strncmp(text, "CONF", 4) == 0)
			piece = machine_path(machine, "conf");
		if (!piece) {
			expanded[length++] = *text++;
			continue;
		}
		length += (size_t)snprintf(expanded + length, size - length, "%s", piece);
		text += *text == '@' ? 1 : 4;
	}
	expanded[length] = '\0';
}

static void bad_lines(void **state)
{
	static const char header[512] = "System/161 Disk Image";

	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct fake_machine *machine = machine_new();
		char expected[300];

		machine_make_disk(machine, "good", 10240);
		machine_make_disk(machine, "small", 4000);
		machine_write_file(machine, "empty", "", 0);
		machine_write_file(machine, "wrong", "System/161 Disk Image?", 22);
		machine_write_file(machine, "short", header, 30);
		machine_write_file(machine, "bare", header, 512);
		expand(machine, bad_files[i].error, expected, sizeof(expected));
		if (machine_configure(machine, bad_files[i].text))
			fail_msg("accepted: %s", bad_files[i].text);
		assert_string_equal(machine->error.text, expected);
		assert_int_equal(access(machine_path(machine, "none"), F_OK), -1);
		machine_free(machine);
	}
}

static void words_and_lines(void **state)
{
	struct fake_machine *machine = machine_new();
	char *text = calloc(1, 4096), expected[300];

	(void)state;
	strcpy(text, "4 serial");
	for (int i = 0; i < 125; i++)
		strcat(text, " x");
	strcat(text, "\n" BOARD);
	machine_build(machine, text); /* 127 words */
	machine_free(machine);

	machine = machine_new();
	strcpy(text, "4 serial");
	for (int i = 0; i < 126; i++)
		strcat(text, " x");
	assert_false(machine_configure(machine, text));
	expand(machine, "config CONF: line 1: Too many args", expected, sizeof(expected));
	assert_string_equal(machine->error.text, expected);
	machine_free(machine);

	machine = machine_new();
	sprintf(text, "#%02000d\n4 serial %01100d\n", 0, 0);
	assert_false(machine_configure(machine, text));
	expand(machine, "config CONF: line 2: Line too long", expected, sizeof(expected));
	assert_string_equal(machine->error.text, expected);
	machine_free(machine);

	machine = machine_new();
	assert_false(bus_configure(machine->bus, "/nonexistent/x", NULL, 0, &machine->error));
	assert_string_equal(machine->error.text, "Cannot open config file /nonexistent/x");
	assert_string_not_equal(machine->error.hint, "");
	machine_free(machine);

	machine = machine_new();
	assert_false(bus_configure(machine->bus, machine->directory, NULL, 0, &machine->error));
	assert_string_not_equal(machine->error.hint, "");
	machine_free(machine);
	free(text);
}

static void overrides(void **state)
{
	static const struct {
		const char *override, *error;
	} bad[] = {
	    {"nothing", "Invalid -C option"},
	    {"32:x", "-C 32:x: Invalid slot number (0-31 allowed)"},
	    {"-1:x", "-C -1:x: Invalid slot number (0-31 allowed)"},
	    {"7:x", "-C 7:x: No device in that slot"},
	    {"31:foo", "mainboard: invalid option `foo'"},
	};
	const char *good[] = {"31:ramsize=8M", "31:cpus=4", "31:cpus=2"};
	struct fake_machine *machine = machine_new();

	(void)state;
	machine_write_file(machine, "c", BOARD, strlen(BOARD));
	assert_true(bus_configure(machine->bus, machine_path(machine, "c"), good, 3, &machine->error));
	assert_int_equal(bus_ram_size(machine->bus), 8 << 20);
	assert_int_equal(bus_cpu_count(machine->bus), 2);
	machine_free(machine);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		machine = machine_new();
		machine_write_file(machine, "c", BOARD, strlen(BOARD));
		assert_false(bus_configure(machine->bus, machine_path(machine, "c"), &bad[i].override, 1,
					   &machine->error));
		assert_string_equal(machine->error.text, bad[i].error);
		machine_free(machine);
	}
}

static void disk_images(void **state)
{
	struct fake_machine *machine = machine_new();
	struct stat status;
	char expected[600];

	(void)state;
	machine_build(machine, "4 disk file=@/new size=5M\n" BOARD); /* made on demand */
	assert_int_equal(stat(machine_path(machine, "new"), &status), 0);
	assert_int_equal(status.st_size, 512 + (5 << 20));
	assert_int_equal(machine_load(machine, SLOT(4)), 10240);
	assert_string_equal(machine->messages, "");
	bus_free(machine->bus);

	machine->bus = bus_new(&machine->services);
	machine_build(machine, "4 disk file=@/new size=6M\n" BOARD); /* the file wins */
	expand(machine,
	       "disk: slot 4: @/new: Wrong configured size 12288 (24576K)\n"
	       "disk: slot 4: @/new: Using image size 10240 (20480K)\n",
	       expected, sizeof(expected));
	assert_string_equal(machine->messages, expected);
	assert_int_equal(machine_load(machine, SLOT(4)), 10240);
	bus_free(machine->bus);

	machine->messages[0] = '\0';
	machine->bus = bus_new(&machine->services);
	assert_int_equal(truncate(machine_path(machine, "new"), (off_t)512 + 0x100000000), 0);
	machine_build(machine, "4 disk file=@/new\n" BOARD);
	expand(machine, "disk: slot 4: @/new: Image too large; using first 4G\n", expected, sizeof(expected));
	assert_string_equal(machine->messages, expected);
	assert_int_equal(machine_load(machine, SLOT(4)), 8388608);
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_files), cmocka_unit_test(bad_lines),	 cmocka_unit_test(words_and_lines),
	    cmocka_unit_test(overrides),  cmocka_unit_test(disk_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

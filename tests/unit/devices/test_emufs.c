/* Emulator file system: operations, result codes, and the walls around its root. System/161 reference,
 * section 3.6. */
#include "fake_machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HANDLE (SLOT(1) + 0)
#define OFFSET (SLOT(1) + 4)
#define IOLEN  (SLOT(1) + 8)
#define OPER   (SLOT(1) + 12)
#define RESULT (SLOT(1) + 16)
#define BUFFER (SLOT(1) + 0x8000)

enum {
	OPEN = 1,
	CREATE,
	EXCL,
	CLOSE,
	READ,
	READDIR,
	WRITE,
	GETSIZE,
	TRUNCATE
};

static void put(struct fake_machine *machine, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i += 4) {
		uint32_t word = 0;

		for (size_t k = 0; k < 4; k++)
			word = word << 8 | (i + k < length ? (uint8_t)text[i + k] : 0);
		machine_store(machine, BUFFER + (uint32_t)i, word);
	}
}

static const char *get(struct fake_machine *machine)
{
	static char text[16385];
	uint32_t length = machine_load(machine, IOLEN);

	for (uint32_t i = 0; i < length; i++)
		text[i] = (char)(machine_load(machine, BUFFER + (i & ~3u)) >> (24 - 8 * (i & 3)));
	text[length] = '\0';
	return text;
}

static uint32_t operate(struct fake_machine *machine, uint32_t handle, uint32_t offset, uint32_t length,
			uint32_t operation)
{
	uint64_t before = machine->events.now;
	uint32_t result;

	machine_store(machine, HANDLE, handle);
	machine_store(machine, OFFSET, offset);
	machine_store(machine, IOLEN, length);
	machine_store(machine, OPER, operation);
	assert_int_equal(machine_load(machine, RESULT), 0);
	machine_step(machine);
	assert_in_range(machine->events.now, before + 5000000, before + 5050000);
	result = machine_load(machine, RESULT);
	assert_int_not_equal(result, 0);
	assert_true(machine->line[0]);
	machine_store(machine, RESULT, 0);
	assert_false(machine->line[0]);
	return result;
}

static uint32_t open_path(struct fake_machine *machine, uint32_t directory, const char *path,
			  uint32_t operation)
{
	put(machine, path);
	return operate(machine, directory, 0, (uint32_t)strlen(path), operation);
}

/* Layout: the guest's root is @/root; the secret lies beside it. */
static struct fake_machine *emufs_machine(void)
{
	struct fake_machine *machine = machine_new();
	char path[300];

	mkdir(machine_path(machine, "root"), 0755);
	mkdir(machine_path(machine, "root/sub"), 0755);
	mkdir(machine_path(machine, "root/sub/deep"), 0755);
	machine_write_file(machine, "secret", "secret", 6);
	machine_write_file(machine, "root/file", "hello", 5);
	machine_write_file(machine, "root/sub/inner", "inner", 5);
	strcpy(path, machine_path(machine, "secret"));
	assert_int_equal(symlink(path, machine_path(machine, "root/absolute")), 0);
	assert_int_equal(symlink("../secret", machine_path(machine, "root/outside")), 0);
	assert_int_equal(symlink("..", machine_path(machine, "root/up")), 0);
	assert_int_equal(symlink("sub/inner", machine_path(machine, "root/inside")), 0);
	assert_int_equal(symlink("../file", machine_path(machine, "root/sub/back")), 0);
	assert_int_equal(symlink("../../secret", machine_path(machine, "root/sub/far")), 0);
	assert_int_equal(symlink("../new-outside", machine_path(machine, "root/dangling")), 0);
	assert_int_equal(mkfifo(machine_path(machine, "root/pipe"), 0666), 0);
	machine_build(machine, "1 emufs dir=@/root\n31 mainboard ramsize=4096\n");
	assert_int_equal(machine->statistics.emufs_others, 1);
	return machine;
}

static void files(void **state)
{
	struct fake_machine *machine = emufs_machine();

	(void)state;
	assert_int_equal(open_path(machine, 0, "file", OPEN), 1);
	assert_int_equal(machine_load(machine, HANDLE), 1);
	assert_int_equal(machine_load(machine, IOLEN), 0);
	assert_int_equal(operate(machine, 1, 1, 100, READ), 1);
	assert_string_equal(get(machine), "ello");
	assert_int_equal(machine_load(machine, OFFSET), 5);
	assert_int_equal(operate(machine, 1, 5, 100, READ), 1);
	assert_int_equal(machine_load(machine, IOLEN), 0);
	put(machine, "XYZ");
	assert_int_equal(operate(machine, 1, 4, 3, WRITE), 1);
	assert_int_equal(machine_load(machine, OFFSET), 7);
	assert_int_equal(operate(machine, 1, 0, 9, GETSIZE), 1);
	assert_int_equal(machine_load(machine, IOLEN), 7);
	assert_int_equal(operate(machine, 1, 0, 2, TRUNCATE), 1);
	assert_int_equal(operate(machine, 1, 0, 16384, READ), 1);
	assert_string_equal(get(machine), "he");
	assert_int_equal(open_path(machine, 0, "file", OPEN), 1);
	assert_int_equal(machine_load(machine, HANDLE), 1); /* the same object */
	assert_int_equal(open_path(machine, 0, "file", EXCL), 1);
	assert_int_equal(operate(machine, 1, 0, 0, CLOSE), 1);
	assert_int_equal(open_path(machine, 0, "file", EXCL), 6);
	assert_int_equal(open_path(machine, 0, "new", CREATE), 1);
	assert_int_equal(open_path(machine, 0, "other", EXCL), 1);
	assert_int_equal(machine_load(machine, HANDLE), 2);
	assert_int_equal(open_path(machine, 0, ".", OPEN), 1);
	assert_int_equal(machine_load(machine, HANDLE), 0);
	assert_int_equal(machine_load(machine, IOLEN), 1);
	assert_int_equal(machine->statistics.emufs_reads, 3);
	assert_int_equal(machine->statistics.emufs_writes, 2);
	assert_int_equal(machine->statistics.emufs_others, 9);
	machine_free(machine);
}

static void failures(void **state)
{
	struct fake_machine *machine = emufs_machine();

	(void)state;
	assert_int_equal(open_path(machine, 0, "none", OPEN), 4);
	assert_int_equal(machine_load(machine, HANDLE), 0);
	assert_int_equal(machine_load(machine, IOLEN), 4); /* registers stay */
	assert_int_equal(open_path(machine, 0, "", OPEN), 4);
	assert_int_equal(open_path(machine, 0, "file/x", OPEN), 11);
	assert_int_equal(open_path(machine, 0, "sub", CREATE), 7);
	assert_int_equal(open_path(machine, 0, "sub", EXCL), 6);
	assert_int_equal(operate(machine, 0, 0, 16384, OPEN), 5);
	assert_int_equal(operate(machine, 77, 0, 0xffffffff, OPEN), 5);
	for (uint32_t operation = OPEN; operation <= TRUNCATE + 2; operation++) {
		assert_int_equal(operate(machine, 64, 0, 1, operation), 2);
		assert_int_equal(operate(machine, 5, 0, 1, operation), 2);
		assert_int_equal(operate(machine, 0xffffffff, 0, 1, operation), 2);
	}
	assert_int_equal(operate(machine, 0, 0, 0, 0), 3);
	assert_int_equal(operate(machine, 0, 0, 0, 10), 3);
	assert_int_equal(operate(machine, 0, 0, 16385, READ), 5);
	assert_int_equal(operate(machine, 0, 0, 16385, WRITE), 5);
	assert_int_equal(operate(machine, 0, 0, 16385, READDIR), 5);
	assert_int_equal(operate(machine, 0, 0, 16, READ), 7);
	assert_int_equal(operate(machine, 0, 0, 16, WRITE), 2);
	assert_int_equal(operate(machine, 0, 0, 16, TRUNCATE), 5);
	assert_int_equal(open_path(machine, 0, "file", OPEN), 1);
	assert_int_equal(open_path(machine, 1, "file", OPEN), 11);
	assert_int_equal(operate(machine, 1, 0, 16, READDIR), 11);
	assert_int_equal(operate(machine, 1, 0xffffffff, 16384, READ), 1);
	assert_int_equal(machine_load(machine, IOLEN), 0);
	assert_int_equal(open_path(machine, 0, "pipe", OPEN), 12); /* would block the machine */
	assert_int_equal(operate(machine, 0, 0, 0, CLOSE), 1);	   /* the root */
	assert_int_equal(open_path(machine, 0, "file", OPEN), 2);
	machine_free(machine);
}

static void directories(void **state)
{
	struct fake_machine *machine = emufs_machine();
	char names[1000] = "";
	uint32_t index;

	(void)state;
	assert_int_equal(open_path(machine, 0, "sub", OPEN), 1);
	assert_int_equal(machine_load(machine, IOLEN), 1);
	for (index = 0; index < 100; index++) {
		assert_int_equal(operate(machine, 1, index, 100, READDIR), 1);
		if (machine_load(machine, IOLEN) == 0)
			break;
		assert_int_equal(machine_load(machine, OFFSET), index + 1);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s,", get(machine));
	}
	assert_int_equal(index, 6);
	assert_int_equal(machine_load(machine, OFFSET), 6);
	assert_non_null(strstr(names, "inner,"));
	assert_non_null(strstr(names, "..,"));
	assert_int_equal(machine->statistics.emufs_reads, 6);
	assert_int_equal(operate(machine, 1, 0xffffffff, 100, READDIR), 1);
	assert_int_equal(machine_load(machine, IOLEN), 0);
	machine_free(machine);
}

static void walls(void **state)
{
	static const char *const outside[] = {
	    "..", "../secret",	 "sub/../../secret", "absolute",  "outside",  "up/secret",	   "sub/far",
	    "/",  "/etc/passwd", "/proc/self/root",  "sub/../..", "dangling", "sub/deep/../../..",
	};
	struct fake_machine *machine = emufs_machine();
	uint32_t deep;

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		for (uint32_t operation = OPEN; operation <= EXCL; operation++) {
			uint32_t result = open_path(machine, 0, outside[i], operation);

			/* An exclusive creation may also meet the link itself. */
			if (result != 12 && !(result == 6 && operation == EXCL))
				fail_msg("%s: %u", outside[i], result);
		}
	assert_int_equal(access(machine_path(machine, "new-outside"), F_OK), -1);
	assert_int_equal(open_path(machine, 0, "inside", OPEN), 1);
	assert_int_equal(open_path(machine, 0, "sub/back", OPEN), 1);
	assert_int_equal(open_path(machine, 0, "sub/../file", OPEN), 1);
	/* The same from a directory further down. */
	assert_int_equal(open_path(machine, 0, "sub/deep", OPEN), 1);
	deep = machine_load(machine, HANDLE);
	assert_int_equal(open_path(machine, deep, "../../file", OPEN), 1);
	assert_int_equal(open_path(machine, deep, "../back", OPEN), 1);
	assert_int_equal(open_path(machine, deep, "../..", OPEN), 1);
	assert_int_equal(machine_load(machine, HANDLE), 0);
	assert_int_equal(open_path(machine, deep, "../../..", OPEN), 12);
	assert_int_equal(open_path(machine, deep, "../../../secret", OPEN), 12);
	assert_int_equal(open_path(machine, deep, "../../../secret", CREATE), 12);
	assert_int_equal(open_path(machine, deep, "../far", OPEN), 12);
	assert_int_equal(open_path(machine, deep, "/file", OPEN), 12);
	/* Going down and up for ever does not make paths longer. */
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(open_path(machine, deep, "../../sub", OPEN), 1);
		uint32_t sub = machine_load(machine, HANDLE);
		assert_int_equal(operate(machine, deep, 0, 0, CLOSE), 1);
		assert_int_equal(open_path(machine, sub, "../sub/deep", OPEN), 1);
		deep = machine_load(machine, HANDLE);
		assert_int_equal(operate(machine, sub, 0, 0, CLOSE), 1);
	}
	machine_free(machine);
}

static void out_of_handles(void **state)
{
	struct fake_machine *machine = emufs_machine();
	char name[20];

	(void)state;
	for (int i = 1; i < 64; i++) {
		sprintf(name, "f%d", i);
		assert_int_equal(open_path(machine, 0, name, CREATE), 1);
		assert_int_equal(machine_load(machine, HANDLE), (uint32_t)i);
	}
	assert_int_equal(open_path(machine, 0, "one-more", CREATE), 9);
	assert_int_equal(access(machine_path(machine, "root/one-more"), F_OK), -1);
	assert_int_equal(open_path(machine, 0, "file", OPEN), 9);
	assert_int_equal(open_path(machine, 0, "f7", OPEN), 1);
	assert_int_equal(operate(machine, 33, 0, 0, CLOSE), 1);
	assert_int_equal(operate(machine, 20, 0, 0, CLOSE), 1);
	assert_int_equal(open_path(machine, 0, "file", OPEN), 1);
	assert_int_equal(machine_load(machine, HANDLE), 20); /* the lowest */
	machine_free(machine);
}

static void busy(void **state)
{
	struct fake_machine *machine = emufs_machine();

	(void)state;
	machine_store(machine, OPER, GETSIZE);
	machine_store(machine, OPER, GETSIZE);
	assert_string_equal(machine->hangs,
			    "emufs operation started while an operation was already in progress\n");
	assert_int_equal(machine->events.count, 1);
	assert_int_equal(machine_load(machine, OPER), 0);
	machine_store(machine, RESULT, 42); /* any value raises the line */
	assert_true(machine->line[0]);
	assert_int_equal(machine_load(machine, RESULT), 42);
	machine_free(machine);
}

/* Random operations with random arguments: nothing may crash. */
static void hostile(void **state)
{
	static const char *const names[] = {"file", "sub", "../secret", "a/b/c", "sub/deep", "x", "up", ""};
	struct fake_machine *machine = emufs_machine();
	struct random_state random;

	(void)state;
	random_seed(&random, 5);
	for (int i = 0; i < 20000; i++) {
		uint32_t choice = random_next(&random);
		const char *name = names[choice % 8];
		uint32_t length = choice >> 8 & 3 ? (uint32_t)strlen(name) : random_next(&random) * 2;

		put(machine, name);
		operate(machine, choice >> 10 & 7 ? choice >> 13 & 3 : random_next(&random),
			choice >> 16 & 7 ? choice >> 19 & 15 : 0x7fffffff, length, choice >> 23 & 15);
		if ((choice >> 23 & 15) == WRITE || (choice >> 23 & 15) == TRUNCATE)
			assert_int_equal(truncate(machine_path(machine, "root/file"), 10), 0);
	}
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files),   cmocka_unit_test(failures),	 cmocka_unit_test(directories),
	    cmocka_unit_test(walls),   cmocka_unit_test(out_of_handles), cmocka_unit_test(busy),
	    cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

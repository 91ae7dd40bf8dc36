/* A guest that wants out of its emufs root: a real configuration file, a real tree with traps in it, and the
 * device driven by its registers. Nothing outside may be opened, made or changed; what is inside works.
 * System/161 reference, section 3.6, is followed except that the original lets the guest out. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/lamebus/lamebus.h"
#include "runtime/vm/vm.h"

#define EMUFS	      0x10000u /* slot 1 */
#define HANDLE	      (EMUFS + 0)
#define OFFSET	      (EMUFS + 4)
#define IOLEN	      (EMUFS + 8)
#define OPER	      (EMUFS + 12)
#define RESULT	      (EMUFS + 16)
#define BUFFER	      (EMUFS + 0x8000)
#define BUFFER_SIZE   16384u
#define RESULT_GOOD   1u
#define RESULT_EXISTS 6u

enum operation {
	OPEN = 1,
	CREATE,
	EXCLUSIVE,
	CLOSE,
	READ,
	READDIR,
	WRITE,
	GETSIZE,
	TRUNCATE
};

struct guest {
	char directory[64]; /* outside; the root is directory/root */
	struct vm *vm;
};

static void no_console(void *context, uint8_t character)
{
	(void)context, (void)character;
}

static void no_message(void *context, const char *text)
{
	(void)context, (void)text;
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Beside the root lie things worth stealing; inside, links that lead to them. */
static void lay_traps(const struct guest *guest)
{
	char absolute[128];

	assert_int_equal(chdir(guest->directory), 0);
	assert_int_equal(mkdir("root", 0755), 0);
	assert_int_equal(mkdir("root/sub", 0755), 0);
	assert_int_equal(mkdir("root/sub/deep", 0755), 0);
	assert_int_equal(mkdir("root-twin", 0755), 0); /* its name starts like the root's */
	assert_int_equal(mkdir("folder", 0755), 0);
	write_text("secret", "secret");
	write_text("folder/secret", "secret");
	write_text("root-twin/secret", "secret");
	write_text("root/file", "inside");
	write_text("root/sub/inner", "inside");
	snprintf(absolute, sizeof(absolute), "%s/secret", guest->directory);
	assert_int_equal(symlink(absolute, "root/absolute"), 0);
	snprintf(absolute, sizeof(absolute), "%s/root/file", guest->directory);
	assert_int_equal(symlink(absolute, "root/absolute-inside"), 0);
	assert_int_equal(symlink("../secret", "root/outside"), 0);
	assert_int_equal(symlink("../folder", "root/out"), 0);
	assert_int_equal(symlink("../root-twin", "root/twin"), 0);
	assert_int_equal(symlink("outside", "root/chain1"), 0);
	assert_int_equal(symlink("chain1", "root/chain2"), 0);
	assert_int_equal(symlink("../chain2", "root/sub/chain3"), 0);
	assert_int_equal(symlink("..", "root/up"), 0);
	assert_int_equal(symlink("../..", "root/sub/up2"), 0);
	assert_int_equal(symlink("/", "root/slash"), 0);
	assert_int_equal(symlink("/proc/self/root", "root/proc"), 0);
	assert_int_equal(symlink("/proc/self/cwd", "root/cwd"), 0);
	assert_int_equal(symlink("../not-yet", "root/dangling"), 0);
	assert_int_equal(symlink("loop", "root/loop"), 0);
	assert_int_equal(symlink("sub/inner", "root/good"), 0);
	assert_int_equal(symlink("../file", "root/sub/back"), 0);
	assert_int_equal(mkfifo("root/pipe", 0666), 0);
}

static struct guest *guest_new(void)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	struct vm_options options = {.engine = ENGINE_REFERENCE,
				     .output = {.console = no_console, .message = no_message},
				     .start_time = 1};
	struct error error;

	assert_non_null(guest);
	strcpy(guest->directory, "/tmp/jit161-escape-XXXXXX");
	assert_non_null(mkdtemp(guest->directory));
	lay_traps(guest);
	write_text("conf", "1 emufs dir=root\n31 mainboard ramsize=512K\n");
	guest->vm = vm_new(&options, &error);
	if (!vm_configure(guest->vm, "conf", NULL, 0, &error))
		fail_msg("%s", error.text);
	return guest;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static void expect_text(const char *name, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	assert_int_equal(fread(found, 1, sizeof(found) - 1, file), strlen(text));
	assert_string_equal(found, text);
	fclose(file);
}

static void guest_free(struct guest *guest)
{
	/* Nothing outside has changed or come into being. */
	expect_text("secret", "secret");
	expect_text("folder/secret", "secret");
	expect_text("root-twin/secret", "secret");
	assert_int_equal(access("not-yet", F_OK), -1);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(access("folder/new", F_OK), -1);
	assert_int_equal(access("root-twin/new", F_OK), -1);
	vm_free(guest->vm);
	assert_int_equal(chdir("/"), 0);
	nftw(guest->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(guest);
}

static uint32_t load(struct guest *guest, uint32_t offset)
{
	uint32_t value;

	assert_true(bus_load(guest->vm->bus, 0, offset, &value));
	return value;
}

static void store(struct guest *guest, uint32_t offset, uint32_t value)
{
	assert_true(bus_store(guest->vm->bus, 0, offset, value));
}

static void put_bytes(struct guest *guest, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		uint32_t word = 0;

		for (size_t k = 0; k < 4; k++)
			word = word << 8 | (i + k < size ? (uint8_t)bytes[i + k] : 0);
		store(guest, BUFFER + (uint32_t)i, word);
	}
}

static uint32_t operate(struct guest *guest, uint32_t handle, uint32_t offset, uint32_t length,
			uint32_t operation)
{
	struct event_queue *events = &guest->vm->events;
	struct event event;

	store(guest, HANDLE, handle);
	store(guest, OFFSET, offset);
	store(guest, IOLEN, length);
	store(guest, OPER, operation);
	assert_true(events->count > 0);
	events->now = events->events[0].due;
	while (event_take_due(events, &event))
		bus_event(guest->vm->bus, &event);
	uint32_t result = load(guest, RESULT);
	store(guest, RESULT, 0);
	return result;
}

static uint32_t open_bytes(struct guest *guest, uint32_t directory, const char *path, size_t size,
			   uint32_t operation)
{
	put_bytes(guest, path, size);
	return operate(guest, directory, 0, (uint32_t)size, operation);
}

static uint32_t open_path(struct guest *guest, uint32_t directory, const char *path, uint32_t operation)
{
	return open_bytes(guest, directory, path, strlen(path), operation);
}

static void refused(struct guest *guest, uint32_t directory, const char *path)
{
	for (uint32_t operation = OPEN; operation <= EXCLUSIVE; operation++) {
		uint32_t result = open_path(guest, directory, path, operation);

		if (result == RESULT_GOOD)
			fail_msg("operation %u opened %s", operation, path);
		assert_int_equal(load(guest, HANDLE), directory);
	}
}

static uint32_t accepted(struct guest *guest, uint32_t directory, const char *path)
{
	uint32_t result = open_path(guest, directory, path, OPEN);

	if (result != RESULT_GOOD)
		fail_msg("%s: result %u", path, result);
	return load(guest, HANDLE);
}

/* --- attempts --- */

static void names(void **state)
{
	static const char *const outside[] = {
	    "..",
	    "../",
	    "../secret",
	    "../../etc/passwd",
	    "../new",
	    "../folder",
	    "../folder/secret",
	    "../folder/new",
	    "../root/../secret",
	    "./../secret",
	    ".//..//secret",
	    "sub/../../secret",
	    "sub/deep/../../../secret",
	    "sub/deep/../../..",
	    "/",
	    "//",
	    "/etc/passwd",
	    "/proc/self/root/etc/passwd",
	    "/proc/self/cwd/secret",
	    "/proc/self/fd/0",
	    "/dev/null",
	    "/dev/zero",
	    "absolute",
	    "absolute-inside",
	    "outside",
	    "out",
	    "out/secret",
	    "out/new",
	    "twin",
	    "twin/secret",
	    "twin/new",
	    "chain1",
	    "chain2",
	    "sub/chain3",
	    "up",
	    "up/secret",
	    "up/new",
	    "up/root/../secret",
	    "sub/up2",
	    "sub/up2/secret",
	    "slash",
	    "slash/etc/passwd",
	    "proc",
	    "proc/etc/passwd",
	    "cwd",
	    "cwd/secret",
	    "dangling",
	    "loop",
	    "loop/x",
	    "pipe",
	    "",
	    "file/..",
	    "file/../../secret",
	    "none/../../secret",
	};
	struct guest *guest = guest_new();

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		refused(guest, 0, outside[i]);
	assert_int_equal(accepted(guest, 0, "."), 0);
	assert_int_equal(accepted(guest, 0, "sub/.."), 0);
	uint32_t file = accepted(guest, 0, "file");
	assert_int_equal(accepted(guest, 0, "sub/back"), file);
	assert_int_equal(accepted(guest, 0, "sub/../sub/deep/../../file"), file);
	uint32_t inner = accepted(guest, 0, "good");
	assert_int_equal(accepted(guest, 0, "sub/inner"), inner);
	assert_int_equal(operate(guest, file, 0, 6, READ), RESULT_GOOD);
	assert_int_equal(load(guest, BUFFER), 0x696E7369); /* "insi" */
	assert_int_equal(open_path(guest, 0, "sub/made", EXCLUSIVE), RESULT_GOOD);
	assert_int_equal(access("root/sub/made", F_OK), 0);
	guest_free(guest);
}

static void from_below(void **state)
{
	struct guest *guest = guest_new();
	uint32_t deep, sub;

	(void)state;
	deep = accepted(guest, 0, "sub/deep");
	sub = accepted(guest, 0, "sub");
	refused(guest, deep, "../../..");
	refused(guest, deep, "../../../secret");
	refused(guest, deep, "../../outside");
	refused(guest, deep, "../up2");
	refused(guest, deep, "../up2/secret");
	refused(guest, deep, "../chain3");
	refused(guest, deep, "../../../root-twin/secret");
	refused(guest, deep, "/file");
	refused(guest, sub, "../../secret");
	refused(guest, sub, "up2");
	assert_int_equal(accepted(guest, deep, "../.."), 0);
	accepted(guest, deep, "../../file");
	/* The folder moves away from under its handle: up from there is not out. */
	assert_int_equal(rename("root/sub/deep", "folder/deep"), 0);
	refused(guest, deep, "../secret");
	refused(guest, deep, "../../secret");
	assert_int_equal(rename("folder/deep", "root/sub/deep"), 0);
	/* A closed folder's handle opens nothing, and a file's is no folder. */
	assert_int_equal(operate(guest, deep, 0, 0, CLOSE), RESULT_GOOD);
	refused(guest, deep, "../../file");
	refused(guest, accepted(guest, 0, "file"), "../secret");
	guest_free(guest);
}

static void lengths_and_nuls(void **state)
{
	struct guest *guest = guest_new();
	char *path = malloc(BUFFER_SIZE);

	(void)state;
	/* What follows a NUL is not part of the name, before or behind a check. */
	assert_int_equal(open_bytes(guest, 0, "file\0/../../secret", 18, OPEN), RESULT_GOOD);
	for (uint32_t operation = OPEN; operation <= EXCLUSIVE; operation++) {
		assert_int_not_equal(open_bytes(guest, 0, "../secret\0file", 14, operation), RESULT_GOOD);
		assert_int_not_equal(open_bytes(guest, 0, "\0../secret", 10, operation), RESULT_GOOD);
	}
	/* The length cuts; the buffer still holds the rest. */
	put_bytes(guest, "../secret", 9);
	assert_int_not_equal(operate(guest, 0, 0, 2, OPEN), RESULT_GOOD);
	put_bytes(guest, "sub/../../secret", 16);
	assert_int_equal(operate(guest, 0, 0, 3, OPEN), RESULT_GOOD);
	put_bytes(guest, "../secret", 10);
	for (uint32_t length = BUFFER_SIZE - 2; length <= BUFFER_SIZE + 2; length++)
		assert_int_not_equal(operate(guest, 0, 0, length, OPEN), RESULT_GOOD);
	static const uint32_t lengths[] = {0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF};
	for (int i = 0; i < 4; i++)
		for (uint32_t operation = OPEN; operation <= WRITE; operation++)
			if (operation != CLOSE)
				assert_int_not_equal(operate(guest, 0, lengths[i], lengths[i], operation),
						     RESULT_GOOD);
	/* "./././ ... ../secret", "a/a/a/..." as long as the buffer. */
	for (uint32_t i = 0; i < BUFFER_SIZE - 1; i += 2)
		memcpy(path + i, "./", 2);
	memcpy(path + BUFFER_SIZE - 12, "../secret", 10);
	refused(guest, 0, path);
	memcpy(path + 3000, "../secret", 10);
	refused(guest, 0, path);
	for (uint32_t i = 0; i < BUFFER_SIZE - 1; i++)
		path[i] = i % 2 ? '/' : 'a';
	path[BUFFER_SIZE - 1] = '\0';
	refused(guest, 0, path);
	free(path);
	guest_free(guest);
}

/* Folders one in the other as far as it goes, then up again, and one further. */
static void deep_nesting(void **state)
{
	enum {
		DEPTH = 60
	};
	struct guest *guest = guest_new();
	char path[4 * DEPTH + 32] = "root", up[4 * DEPTH + 32] = "";
	uint32_t handle = 0;

	(void)state;
	for (int i = 0; i < DEPTH; i++) {
		strcat(path, "/d");
		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (int i = 0; i < DEPTH; i++) {
		uint32_t next = accepted(guest, handle, "d");

		if (handle)
			assert_int_equal(operate(guest, handle, 0, 0, CLOSE), RESULT_GOOD);
		handle = next;
	}
	for (int i = 0; i < DEPTH; i++)
		strcat(up, "../");
	assert_int_equal(accepted(guest, handle, up), 0);
	strcat(up, "../");
	refused(guest, handle, up);
	strcat(up, "secret");
	refused(guest, handle, up);
	guest_free(guest);
}

static void handles(void **state)
{
	static const uint32_t bad[] = {1, 63, 64, 65, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000};
	struct guest *guest = guest_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint32_t operation = 0; operation < 12; operation++)
			assert_int_not_equal(operate(guest, bad[i], 0, 4, operation), RESULT_GOOD);
	/* The listing of the root names "..", which remains closed. */
	bool parent = false;
	for (uint32_t index = 0; index < 60; index++) {
		assert_int_equal(operate(guest, 0, index, 100, READDIR), RESULT_GOOD);
		parent |= load(guest, IOLEN) == 2 && load(guest, BUFFER) >> 16 == 0x2E2E;
	}
	assert_true(parent);
	refused(guest, 0, "..");
	/* Without its root the guest has nothing to start from. */
	assert_int_equal(operate(guest, 0, 0, 0, CLOSE), RESULT_GOOD);
	refused(guest, 0, "file");
	refused(guest, 0, "../secret");
	guest_free(guest);
}

/* Links made outside the guest after the tree was opened, and a root that is replaced. */
static void moving_targets(void **state)
{
	struct guest *guest = guest_new();
	uint32_t sub = accepted(guest, 0, "sub");

	(void)state;
	assert_int_equal(symlink("../../folder", "root/sub/late"), 0);
	refused(guest, 0, "sub/late/secret");
	refused(guest, sub, "late/secret");
	assert_int_equal(rename("root", "moved"), 0);
	assert_int_equal(symlink("folder", "root"), 0);
	/* There is none inside; where the root's name leads now there would be one. */
	assert_int_not_equal(open_path(guest, 0, "secret", OPEN), RESULT_GOOD);
	refused(guest, 0, "../secret");
	accepted(guest, 0, "file");
	assert_int_equal(unlink("root"), 0);
	assert_int_equal(rename("moved", "root"), 0);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),	    cmocka_unit_test(from_below), cmocka_unit_test(lengths_and_nuls),
	    cmocka_unit_test(deep_nesting), cmocka_unit_test(handles),	  cmocka_unit_test(moving_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#define _GNU_SOURCE
#include "vm_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void console(void *context, uint8_t character)
{
	struct vm_fixture *fixture = context;

	if (fixture->console_length < sizeof(fixture->console) - 1)
		fixture->console[fixture->console_length++] = (char)character;
	if (fixture->on_console)
		fixture->on_console(fixture);
}

static void message(void *context, const char *text)
{
	struct vm_fixture *fixture = context;
	size_t length = strlen(fixture->messages);

	snprintf(fixture->messages + length, sizeof(fixture->messages) - length, "%s\n", text);
}

static void trace(void *context, int source, const char *text)
{
	struct vm_fixture *fixture = context;
	size_t length = strlen(fixture->traced);

	(void)source;
	snprintf(fixture->traced + length, sizeof(fixture->traced) - length, "%s", text);
}

struct vm_fixture *vm_fixture_new(enum vm_engine engine)
{
	struct vm_fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/jit161-vm-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->jit = jit_default_options();
	fixture->jit.backend_path = BACKEND_PATH;
	fixture->jit.threads = 0;
	fixture->jit.threshold = 1;
	fixture->options = (struct vm_options){
	    .engine = engine,
	    .jit = &fixture->jit,
	    .output = {.context = fixture, .console = console, .message = message, .trace = trace},
	    .start_time = 1000000000,
	};
	elf_start(&fixture->image, ENTRY);
	return fixture;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

void vm_fixture_free(struct vm_fixture *fixture)
{
	vm_free(fixture->vm);
	nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(fixture);
}

bool vm_fixture_configure(struct vm_fixture *fixture, const char *config)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/conf", fixture->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	for (; *config; config++) {
		if (*config == '@')
			fputs(fixture->directory, file);
		else
			fputc(*config, file);
	}
	fclose(file);
	fixture->vm = vm_new(&fixture->options, &fixture->error);
	assert_non_null(fixture->vm);
	return vm_configure(fixture->vm, path, NULL, 0, &fixture->error);
}

bool vm_fixture_load(struct vm_fixture *fixture, const char *arguments)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/kernel", fixture->directory);
	assert_true(elf_write(&fixture->image, path));
	return vm_load(fixture->vm, path, arguments, &fixture->error);
}

void vm_fixture_start(struct vm_fixture *fixture, const char *config)
{
	if (!vm_fixture_configure(fixture, config) || !vm_fixture_load(fixture, ""))
		fail_msg("%s", fixture->error.text);
}

struct vm_fixture *vm_fixture_program(enum vm_engine engine, const uint32_t *words, size_t count)
{
	struct vm_fixture *fixture = vm_fixture_new(engine);

	elf_add_segment(&fixture->image, ENTRY, words, count);
	vm_fixture_start(fixture, DEVICES BOARD);
	return fixture;
}

const char *vm_fixture_shutdown(struct vm_fixture *fixture)
{
	fixture->messages[0] = '\0';
	vm_shutdown_lines(fixture->vm);
	return fixture->messages;
}

void vm_fixture_run_both(struct vm_fixture *fixture, struct vm_fixture *reference, uint64_t cycle)
{
	char where[512];
	enum vm_state state = vm_run(fixture->vm, cycle);

	assert_int_equal(vm_run(reference->vm, cycle), state);
	if (!vm_equal(fixture->vm, reference->vm, where, sizeof(where)))
		fail_msg("at cycle %d: %s", (int)cycle, where);
}

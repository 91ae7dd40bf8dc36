#include "cli/code_names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/vm/symbols.h"

#define MAP_NAME "/tmp/perf-%ld.map"

/* What gdb was told, by the address of the code. */
struct told {
	struct told *next;
	const void *start;
	struct gdb_symbols *symbols;
};
#define TOLD_BUCKETS 4096u

struct code_names {
	struct jit_listener listener;
	struct symbols *symbols;
	FILE *map;	    /* NULL: not for perf */
	struct told **told; /* NULL: not for gdb */
};

/* "strlen+0x14 [block]", "user 0040043c [region]". */
static void name_code(const struct code_names *names, const struct jit_code *code, char *text, size_t size)
{
	const char *kind = code->tier == 2 ? "region" : "block";
	struct place place = {0};

	if (code->name) {
		snprintf(text, size, "jit161: %s", code->name);
		return;
	}
	if (!code->user)
		place = symbols_function(names->symbols, code->va);
	if (!place.function)
		snprintf(text, size, "%s %08" PRIx32 " [%s]", code->user ? "user" : "kernel", code->va, kind);
	else if (code->va == place.start)
		snprintf(text, size, "%s [%s]", place.function, kind);
	else
		snprintf(text, size, "%s+0x%" PRIx32 " [%s]", place.function, code->va - place.start, kind);
}

static struct told **told_bucket(const struct code_names *names, const void *start)
{
	return &names->told[(uintptr_t)start / 16 % TOLD_BUCKETS];
}

static void on_gone(void *context, const struct jit_code *code)
{
	struct code_names *names = context;

	if (!names->told)
		return;
	for (struct told **at = told_bucket(names, code->start); *at; at = &(*at)->next) {
		struct told *told = *at;

		if (told->start != code->start)
			continue;
		*at = told->next;
		gdb_symbols_unregister(told->symbols);
		free(told);
		return;
	}
}

static void on_made(void *context, const struct jit_code *code)
{
	struct code_names *names = context;
	char name[256];

	name_code(names, code, name, sizeof(name));
	/* Of lines for the same addresses perf takes the last. */
	if (names->map)
		fprintf(names->map, "%" PRIxPTR " %zx %s\n", (uintptr_t)code->start, code->size, name);
	if (names->told) {
		struct told **bucket = told_bucket(names, code->start), *told = malloc(sizeof(*told));

		if (!told)
			abort();
		*told =
		    (struct told){*bucket, code->start, gdb_symbols_register(name, code->start, code->size)};
		*bucket = told;
	}
}

/* The name is known to everybody, and so is the folder open to all: it must not be somebody else's file. */
static FILE *open_map(struct error *error)
{
	char path[64];
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), MAP_NAME, (long)getpid());
	unlink(path); /* of a process that had our number */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file)
		setlinebuf(file); /* whole lines, however the process ends */
	else
		error_set(error, "Cannot make %s: %s", path, strerror(errno));
	return file;
}

struct code_names *code_names_new(struct jit *jit, bool perf, bool gdb, int kernel, const char *reader,
				  struct error *error)
{
	struct code_names *names = calloc(1, sizeof(*names));

	if (!names)
		abort();
	names->symbols = symbols_open(reader, kernel);
	if (perf) {
		names->map = open_map(error);
		if (!names->map) {
			code_names_free(names);
			return NULL;
		}
	}
	if (gdb) {
		names->told = calloc(TOLD_BUCKETS, sizeof(struct told *));
		if (!names->told)
			abort();
	}
	names->listener = (struct jit_listener){.made = on_made, .gone = on_gone, .context = names};
	jit_listen(jit, &names->listener);
	return names;
}

void code_names_free(struct code_names *names)
{
	if (!names)
		return;
	if (names->map)
		fclose(names->map);
	for (unsigned i = 0; names->told && i < TOLD_BUCKETS; i++) {
		while (names->told[i]) {
			struct told *told = names->told[i];

			names->told[i] = told->next;
			gdb_symbols_unregister(told->symbols);
			free(told);
		}
	}
	free(names->told);
	symbols_close(names->symbols);
	free(names);
}

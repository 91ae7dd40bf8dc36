#include "study/external.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/core/digest.h"

#define MAX_WORDS    300
#define MAX_DISKS    32
#define FOLDER_SIZE  400
#define TAIL_OF_TEXT 1000 /* of standard error: the figures come last */

struct words {
	char *list[MAX_WORDS]; /* owned; ends with NULL */
	unsigned count;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *words, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (words->count + 1 == MAX_WORDS || vasprintf(&words->list[words->count++], format, arguments) < 0)
		abort();
	words->list[words->count] = NULL;
	va_end(arguments);
}

static bool copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char buffer[65536];
	ssize_t size = in < 0 || out < 0 ? -1 : 1;

	while (size > 0 && (size = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)size) != size)
			size = -1;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return size == 0;
}

/* The file of a disk, as the configuration or an override gives it: after "file=", up to a blank. */
static bool disk_file(const char *arguments, char *path, size_t size)
{
	const char *at = strstr(arguments, "file=");

	if (!at)
		return false;
	snprintf(path, size, "%.*s", (int)strcspn(at + 5, " \t\r\n"), at + 5);
	return true;
}

/* Gives the program a copy of a disk's image to write to, if there is one yet, else a place for a new one. */
static void replace_disk(struct words *words, const char *folder, unsigned slot, const char *path)
{
	char copy[FOLDER_SIZE + 32];

	snprintf(copy, sizeof(copy), "%s/disk%u", folder, slot);
	copy_file(path, copy);
	add(words, "-C");
	add(words, "%u:file=%s", slot, copy);
}

static void add_disks(struct words *words, const struct guest *guest, const char *folder)
{
	FILE *file = fopen(guest->config, "r");
	char line[1024], device[32], path[512];
	unsigned slot;
	int length;

	while (file && fgets(line, sizeof(line), file)) {
		bool found;

		line[strcspn(line, "#")] = '\0';
		if (sscanf(line, "%u %31s %n", &slot, device, &length) != 2 || strcmp(device, "disk") != 0)
			continue;
		found = disk_file(line, path, sizeof(path));
		for (unsigned i = 0; i < guest->override_count; i++)
			if ((unsigned)atoi(guest->overrides[i]) == slot)
				found |= disk_file(guest->overrides[i], path, sizeof(path));
		if (found)
			replace_disk(words, folder, slot, path);
	}
	if (file)
		fclose(file);
}

static void add_arguments(struct words *words, const struct guest *guest, const char *folder)
{
	char *copy, *rest;

	if (guest->board) {
		add(words, "-m");
		add(words, "%u", guest->board->ram_size >> 20);
		add(words, "-kernel");
		add(words, "%s", guest->board->kernel);
		if (*guest->board->command_line) {
			add(words, "-append");
			add(words, "%s", guest->board->command_line);
		}
		return;
	}
	add(words, "-c");
	add(words, "%s", guest->config);
	for (unsigned i = 0; i < guest->override_count; i++) {
		add(words, "-C");
		add(words, "%s", guest->overrides[i]);
	}
	add_disks(words, guest, folder);
	add(words, "%s", guest->kernel);
	copy = rest = strdup(guest->arguments);
	for (char *word; (word = strsep(&rest, " "));)
		add(words, "%s", word);
	free(copy);
}

static void run_child(const struct words *words, const char *folder, unsigned timeout)
{
	char path[FOLDER_SIZE + 8];
	int in = open("/dev/null", O_RDONLY), out, err;

	snprintf(path, sizeof(path), "%s/out", folder);
	out = open(path, O_WRONLY | O_CREAT, 0600);
	snprintf(path, sizeof(path), "%s/err", folder);
	err = open(path, O_WRONLY | O_CREAT, 0600);
	if (in < 0 || out < 0 || err < 0)
		_exit(127);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	signal(SIGALRM, SIG_DFL);
	alarm(timeout);
	execv("/bin/sh", words->list);
	_exit(127);
}

/* Without newlines and carriage returns: programs add some of their own where console output and messages meet. */
static void read_console(const char *folder, struct measurement *result)
{
	char path[FOLDER_SIZE + 8];
	FILE *file;

	snprintf(path, sizeof(path), "%s/out", folder);
	file = fopen(path, "r");
	for (int c; file && (c = fgetc(file)) != EOF;)
		if (c != '\n' && c != '\r')
			result->text_digest = digest_number(result->text_digest, (uint8_t)c);
	if (file)
		fclose(file);
}

static void read_figures(const char *folder, struct measurement *result)
{
	char path[FOLDER_SIZE + 8];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/err", folder);
	file = fopen(path, "r");
	if (!file)
		return;
	if (fseek(file, -TAIL_OF_TEXT, SEEK_END) != 0)
		rewind(file);
	length = fread(result->figures, 1, sizeof(result->figures) - 1, file);
	result->figures[length] = '\0';
	fclose(file);
}

static void remove_folder(const char *folder)
{
	char path[FOLDER_SIZE + 32];

	for (unsigned slot = 0; slot < MAX_DISKS; slot++) {
		snprintf(path, sizeof(path), "%s/disk%u", folder, slot);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/out", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/err", folder);
	unlink(path);
	rmdir(folder);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run(const struct words *words, const char *folder, unsigned timeout, struct measurement *result)
{
	double start = now();
	struct rusage usage;
	pid_t child;
	int status = 0;

	fflush(NULL);
	child = fork();
	if (child == 0)
		run_child(words, folder, timeout);
	while (child > 0 && wait4(child, &status, 0, &usage) < 0 && errno == EINTR)
		;
	result->seconds = now() - start;
	if (child < 0) {
		snprintf(result->problem, sizeof(result->problem), "no process: %s", strerror(errno));
		return;
	}
	result->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(result->problem, sizeof(result->problem), "not done after %u s", timeout);
	else if (WIFSIGNALED(status))
		snprintf(result->problem, sizeof(result->problem), "ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		snprintf(result->problem, sizeof(result->problem), "the command cannot be run");
	else
		result->ok = true;
}

bool measure_external(const struct guest *guest, const struct external *external, unsigned timeout,
		      struct measurement *result)
{
	struct words words = {.count = 0};
	const char *place = getenv("TMPDIR");
	char folder[FOLDER_SIZE];

	*result = (struct measurement){.text_digest = DIGEST_START};
	snprintf(folder, sizeof(folder), "%.300s/jit161-compare-XXXXXX", place ? place : "/tmp");
	if (!mkdtemp(folder)) {
		snprintf(result->problem, sizeof(result->problem), "%.200s: %s", folder, strerror(errno));
		return false;
	}
	add(&words, "sh");
	add(&words, "-c");
	add(&words, "exec env %s \"$@\"", external->command);
	add(&words, "sh");
	if (!external->native)
		add_arguments(&words, guest, folder);
	run(&words, folder, timeout, result);
	read_console(folder, result);
	read_figures(folder, result);
	remove_folder(folder);
	for (unsigned i = 0; i < words.count; i++)
		free(words.list[i]);
	return result->ok;
}

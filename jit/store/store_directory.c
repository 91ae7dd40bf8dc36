/* The directory of a cache: what may be in it, and who may write to it. */
#define _GNU_SOURCE
#include "jit/store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *store_default_directory(void)
{
	const char *chosen = getenv("JIT161_CACHE"), *cache = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");
	char *path = NULL;
	int length = 0;

	if (chosen && *chosen)
		path = strdup(chosen);
	else if (cache && *cache == '/')
		length = asprintf(&path, "%s/jit161", cache);
	else if (home && *home == '/')
		length = asprintf(&path, "%s/.cache/jit161", home);
	else
		return NULL;
	if (length < 0 || !path)
		abort();
	return path;
}

static void make_directories(const char *path)
{
	char *copy = strdup(path), *slash;

	if (!copy)
		abort();
	if (mkdir(copy, 0700) < 0 && errno == ENOENT && (slash = strrchr(copy, '/')) && slash != copy) {
		*slash = '\0';
		mkdir(copy, 0700);
		*slash = '/';
		mkdir(copy, 0700);
	}
	free(copy);
}

int directory_open(const char *path, bool make, bool *missing, struct error *error)
{
	struct stat status;
	int fd;

	if (make)
		make_directories(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (missing)
		*missing = fd < 0 && errno == ENOENT;
	if (fd < 0) {
		error_set(error, "cannot open the cache of translated code %s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
		return fd;
	error_set(error, "the cache of translated code %s is not used: others may have access", path);
	error_hint(error, "Code from it is executed. It must be yours, with the mode 0700.");
	close(fd);
	return -1;
}

int directory_open_file(int directory, const char *name, bool make, struct error *error)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, fd = -1;
	struct stat status;

	if (make)
		fd = openat(directory, name, flags | O_CREAT | O_EXCL, 0600);
	if (fd < 0 && (!make || errno == EEXIST))
		fd = openat(directory, name, flags);
	if (fd < 0) {
		error_set(error, "cannot open %s in the cache of translated code: %s", name, strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
	    (status.st_mode & 022) == 0 && status.st_nlink == 1)
		return fd;
	error_set(error,
		  "%s in the cache of translated code is not used: it is no file that only you can write",
		  name);
	error_hint(error, "`jit161 cache clear' removes it.");
	close(fd);
	return -1;
}

void file_name(char *name, size_t size, const struct store_key *key, unsigned generation)
{
	snprintf(name, size, "%016" PRIx64 "-%06u" FILE_SUFFIX, key->hash, generation);
}

static bool parse_name(const char *name, uint64_t *hash, unsigned *generation)
{
	char again[64];

	if (sscanf(name, "%16" SCNx64 "-%6u", hash, generation) != 2)
		return false;
	file_name(again, sizeof(again), &(struct store_key){.hash = *hash}, *generation);
	return strcmp(again, name) == 0;
}

bool file_name_of_key(const char *name, const struct store_key *key, unsigned *generation)
{
	uint64_t hash;

	return parse_name(name, &hash, generation) && hash == key->hash;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void directory_each(int directory, file_named *each, void *context)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	char **names = NULL;
	struct dirent *found;
	size_t count = 0;
	unsigned generation;
	uint64_t hash;

	if (!stream) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((found = readdir(stream))) {
		if (!parse_name(found->d_name, &hash, &generation))
			continue;
		names = realloc(names, (count + 1) * sizeof(*names));
		if (!names || !(names[count++] = strdup(found->d_name)))
			abort();
	}
	closedir(stream);
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		each(context, directory, names[i]);
		free(names[i]);
	}
	free(names);
}

/* --- bounding its size --- */

struct usage {
	const char *kept;
	uint64_t bytes;
	char oldest[64];
	struct timespec used;
};

static void add_usage(void *context, int directory, const char *name)
{
	struct usage *usage = context;
	struct stat status;

	if (strcmp(name, usage->kept) == 0 || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	usage->bytes += (uint64_t)status.st_size;
	if (!usage->oldest[0] || status.st_mtim.tv_sec < usage->used.tv_sec ||
	    (status.st_mtim.tv_sec == usage->used.tv_sec && status.st_mtim.tv_nsec < usage->used.tv_nsec)) {
		snprintf(usage->oldest, sizeof(usage->oldest), "%s", name);
		usage->used = status.st_mtim;
	}
}

void directory_trim(int directory, const char *kept, uint64_t limit)
{
	for (;;) {
		struct usage usage = {.kept = kept};

		directory_each(directory, add_usage, &usage);
		if (usage.bytes <= limit || !usage.oldest[0] || unlinkat(directory, usage.oldest, 0) < 0)
			return;
	}
}

/* --- looking at it --- */

struct visit {
	const struct store_visitor *visitor;
	bool thorough;
	int fd;
	uint64_t records, damaged;
};

static void visit_batch(void *context, uint64_t start, const struct batch_header *header,
			const struct batch_entry *entries)
{
	struct visit *visit = context;

	visit->records += header->count;
	for (uint32_t i = 0; visit->thorough && i < header->count; i++) {
		void *record = file_read(visit->fd, start, &entries[i]);

		visit->damaged += !record;
		free(record);
	}
	visit->visitor->batch(visit->visitor->context, header->label, header->count, header->size);
}

static void visit_file(void *context, int directory, const char *name)
{
	struct visit *visit = context;
	struct store_file_info info = {.name = name};
	struct file_header header;
	struct stat status;
	struct error error;
	uint64_t end;

	visit->fd = directory_open_file(directory, name, false, &error);
	if (visit->fd < 0 || fstat(visit->fd, &status) < 0) {
		visit->visitor->file(visit->visitor->context, &info);
		return;
	}
	visit->records = visit->damaged = 0;
	end = file_scan(visit->fd, NULL, 0, &header, visit_batch, visit);
	close(visit->fd);
	info.bytes = (uint64_t)status.st_size;
	info.records = visit->records;
	info.changed = (uint64_t)status.st_mtim.tv_sec;
	info.readable = end != 0 || info.bytes == 0;
	info.damaged = visit->damaged + (end != 0 && end != info.bytes);
	if (end)
		memcpy(info.title, header.title, sizeof(info.title));
	visit->visitor->file(visit->visitor->context, &info);
}

bool store_visit(const char *path, bool thorough, const struct store_visitor *visitor, struct error *error)
{
	struct visit visit = {.visitor = visitor, .thorough = thorough};
	bool missing;
	int directory = directory_open(path, false, &missing, error);

	if (directory < 0)
		return missing;
	directory_each(directory, visit_file, &visit);
	close(directory);
	return true;
}

static void remove_file(void *context, int directory, const char *name)
{
	if (unlinkat(directory, name, 0) == 0)
		++*(unsigned *)context;
}

bool store_clear(const char *path, unsigned *removed, struct error *error)
{
	bool missing;
	int directory = directory_open(path, false, &missing, error);

	*removed = 0;
	if (directory < 0)
		return missing;
	directory_each(directory, remove_file, removed);
	close(directory);
	return true;
}

#define _GNU_SOURCE
#include "jit/store/store_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES   50
#define LOCK_WAIT_NS 10000000

uint64_t store_hash(const void *bytes, size_t size, uint64_t seed)
{
	const uint8_t *at = bytes;
	uint64_t hash = seed ^ size * 0x9E3779B97F4A7C15u;

	for (; size > 0; size -= size < 8 ? size : 8, at += 8) {
		uint64_t word = 0;

		memcpy(&word, at, size < 8 ? size : 8);
		hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
		hash ^= hash >> 32;
	}
	hash *= 0x9E3779B97F4A7C15u;
	return hash ^ hash >> 29;
}

static bool read_all(int fd, void *bytes, size_t size, uint64_t offset)
{
	uint8_t *at = bytes;

	while (size > 0) {
		ssize_t got = pread(fd, at, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return true;
}

static uint64_t header_checksum(const struct file_header *header)
{
	return store_hash(header, offsetof(struct file_header, checksum), 0);
}

static bool read_header(int fd, const struct store_key *key, struct file_header *header)
{
	if (!read_all(fd, header, sizeof(*header), 0) ||
	    memcmp(header->magic, FILE_MAGIC, sizeof(header->magic)) != 0 || header->format != FILE_FORMAT ||
	    header->checksum != header_checksum(header))
		return false;
	header->title[STORE_TITLE_SIZE - 1] = '\0';
	return !key || header->key == key->hash;
}

static uint64_t batch_checksum(const struct batch_header *header, const struct batch_entry *entries)
{
	uint64_t hash = store_hash(header, offsetof(struct batch_header, checksum), 0);

	return store_hash(entries, header->count * sizeof(*entries), hash);
}

/* Whether all records lie in the batch. */
static bool entries_fit(const struct batch_header *header, const struct batch_entry *entries)
{
	uint64_t records = sizeof(*header) + (uint64_t)header->count * sizeof(*entries);

	for (uint32_t i = 0; i < header->count; i++)
		if (entries[i].size == 0 || entries[i].size > STORE_MAX_RECORD ||
		    entries[i].offset < records || entries[i].offset > header->size ||
		    entries[i].size > header->size - entries[i].offset)
			return false;
	return true;
}

/* The entries of the batch at `start`, in a file of `size` bytes; NULL if it is none. */
static struct batch_entry *read_batch(int fd, uint64_t start, uint64_t size, struct batch_header *header)
{
	struct batch_entry *entries;

	if (size - start < sizeof(*header) || !read_all(fd, header, sizeof(*header), start) ||
	    header->magic != BATCH_MAGIC || header->count == 0 || header->count > MAX_RECORDS ||
	    header->size > size - start ||
	    header->size < sizeof(*header) + (uint64_t)header->count * sizeof(*entries))
		return NULL;
	entries = malloc(header->count * sizeof(*entries));
	if (!entries)
		return NULL;
	if (!read_all(fd, entries, header->count * sizeof(*entries), start + sizeof(*header)) ||
	    header->checksum != batch_checksum(header, entries) || !entries_fit(header, entries)) {
		free(entries);
		return NULL;
	}
	header->label[STORE_LABEL_SIZE - 1] = '\0';
	return entries;
}

uint64_t file_scan(int fd, const struct store_key *key, uint64_t from, struct file_header *header,
		   batch_found *found, void *context)
{
	struct file_header own;
	struct batch_header batch;
	struct batch_entry *entries;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return from;
	if (from == 0) {
		if (!read_header(fd, key, header ? header : &own))
			return 0;
		from = sizeof(struct file_header);
	}
	while (from < (uint64_t)status.st_size &&
	       (entries = read_batch(fd, from, (uint64_t)status.st_size, &batch))) {
		found(context, from, &batch, entries);
		free(entries);
		from += batch.size;
	}
	return from;
}

void *file_read(int fd, uint64_t start, const struct batch_entry *entry)
{
	void *bytes = malloc(entry->size);

	if (!bytes)
		return NULL;
	if (read_all(fd, bytes, entry->size, start + entry->offset) &&
	    store_hash(bytes, entry->size, 0) == entry->checksum)
		return bytes;
	free(bytes);
	return NULL;
}

/* A limit on file sizes shows as an error, not as a signal. */
static bool write_all(int fd, const void *bytes, size_t size, uint64_t offset)
{
	const uint8_t *at = bytes;
	sigset_t too_large, before;
	int problem = 0;

	sigemptyset(&too_large);
	sigaddset(&too_large, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &too_large, &before);
	while (size > 0 && problem == 0) {
		ssize_t put = pwrite(fd, at, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			problem = put < 0 ? errno : ENOSPC;
			break;
		}
		at += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	/* The signal waits. If it cannot be taken, as in a sandbox, it goes on waiting. */
	if (problem == EFBIG && !sigismember(&before, SIGXFSZ) &&
	    sigtimedwait(&too_large, NULL, &(struct timespec){0}) < 0)
		sigaddset(&before, SIGXFSZ);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = problem;
	return problem == 0;
}

uint64_t file_append(int fd, const struct store_key *key, uint64_t end, const void *bytes, size_t size,
		     struct error *error)
{
	struct file_header header = {.magic = FILE_MAGIC, .format = FILE_FORMAT, .key = key->hash};
	uint64_t start = end ? end : sizeof(header);
	bool done;

	memcpy(header.title, key->title, sizeof(header.title));
	header.checksum = header_checksum(&header);
	/* Nothing of an earlier failure behind it. */
	done = ftruncate(fd, (off_t)end) == 0 && (end || write_all(fd, &header, sizeof(header), 0)) &&
	       write_all(fd, bytes, size, start);
	if (done)
		return start;
	error_set(error, "cannot write to the cache of translated code: %s", strerror(errno));
	if (ftruncate(fd, (off_t)end) < 0)
		error_hint(error, "What was begun could not be taken back; it will be ignored.");
	return 0;
}

bool file_lock(int fd)
{
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_NS}, NULL);
	}
	return false;
}

void file_unlock(int fd)
{
	flock(fd, LOCK_UN);
}

/* Inside the persistent translation cache: what lies in its files.
 *
 *   file	 struct file_header, batches
 *   batch	 struct batch_header, `count` of struct batch_entry, records end to end
 *
 * All numbers are the host's, as is the code in the records; another host has another key. */
#ifndef JIT161_JIT_STORE_STORE_INTERNAL_H
#define JIT161_JIT_STORE_STORE_INTERNAL_H

#include <sys/types.h>

#include "jit/store/store.h"

#define FILE_MAGIC  "jit161 regions\n"
#define FILE_FORMAT 1u
#define FILE_SUFFIX ".regions"
#define BATCH_MAGIC 0x68637462u
#define MAX_RECORDS (1u << 20) /* in a batch */
#define MAX_FILES   64u	       /* of one key: generations */

struct file_header {
	char magic[16];
	uint32_t format, unused;
	uint64_t key;
	char title[STORE_TITLE_SIZE];
	uint64_t checksum; /* of what is before it */
};

struct batch_header {
	uint32_t magic, count;
	uint64_t size; /* of the whole batch */
	uint64_t time; /* seconds since 1970 */
	char label[STORE_LABEL_SIZE];
	uint64_t checksum; /* of what is before it, and the entries */
};

struct batch_entry {
	struct store_name name;
	uint64_t offset; /* from the batch's start */
	uint32_t size, unused;
	uint64_t checksum; /* of the record */
};

/* --- store_file.c: one file --- */

/* Calls `found` for each good batch from `from` on, with where it starts. Returns the end of the last good one. `from` 0: the
 * start of the file, whose header must be that of a key, or of any if `key` is NULL; then also fills `header`. 0: it is not. */
typedef void batch_found(void *context, uint64_t start, const struct batch_header *header,
			 const struct batch_entry *entries);
uint64_t file_scan(int fd, const struct store_key *key, uint64_t from, struct file_header *header,
		   batch_found *found, void *context);
/* The record of an entry of a batch; NULL if it is damaged. */
void *file_read(int fd, uint64_t start, const struct batch_entry *entry);
/* Appends bytes at `end`, behind the header that is made if `end` is 0, and cuts what may lie behind. On failure the file ends
 * at `end`. Returns where they start, or 0. */
uint64_t file_append(int fd, const struct store_key *key, uint64_t end, const void *bytes, size_t size,
		     struct error *error);
/* Locks for appending; false if somebody else holds it for long. */
bool file_lock(int fd);
void file_unlock(int fd);

/* --- store_directory.c --- */

/* A descriptor of the directory; -1 if it cannot be used. `make`: it is made if missing. `missing`, if not NULL, says so. */
int directory_open(const char *path, bool make, bool *missing, struct error *error);
/* A file of it that is the user's only; -1 if it is not, or there is none. */
int directory_open_file(int directory, const char *name, bool make, struct error *error);
/* Whether a name is of a file of a key, and of which generation. */
bool file_name_of_key(const char *name, const struct store_key *key, unsigned *generation);
void file_name(char *name, size_t size, const struct store_key *key, unsigned generation);
/* Removes files, the ones not used for longest first, until all but `kept` have no more than `limit` bytes. */
void directory_trim(int directory, const char *kept, uint64_t limit);
/* Calls for each file of a cache, in the order of their names. */
typedef void file_named(void *context, int directory, const char *name);
void directory_each(int directory, file_named *each, void *context);

#endif

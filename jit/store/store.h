/* The persistent translation cache: records on disk, found by the address and the first bytes of guest code. What a record is
 * made of is its user's business (jit/kept.c); here it is bytes with a checksum.
 *
 * A directory has files, each of one *key*: all that made code depends on beside guest bytes. Files only grow, by batches at
 * their ends, under a lock; readers use what was complete when they opened them, and copy what they use. All files are opened
 * by store_open: afterwards no name is looked up any more. What is read is not trusted: everything is bounded and has a
 * checksum, and directory and files must be the user's and nobody else's to write.
 *
 * One thread at a time. Knows nothing of the rest of jit/; used by it and by cli/. */
#ifndef JIT161_JIT_STORE_STORE_H
#define JIT161_JIT_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/core/error.h"

#define STORE_DEFAULT_SIZE ((uint64_t)256 << 20)
#define STORE_MIN_SIZE	   ((uint64_t)1 << 20)
#define STORE_MAX_RECORD   ((uint32_t)4 << 20) /* bytes */
#define STORE_LABEL_SIZE   64
#define STORE_TITLE_SIZE   128

struct store;

struct store_options {
	const char *directory; /* made, with its parent, if missing */
	uint64_t limit;	       /* bytes of all its files; what was not used for longest goes */
	const char *label;     /* of the guest, for who looks at the cache; NULL: none */
};

/* What code depends on. */
struct store_key {
	uint64_t hash;
	char title[STORE_TITLE_SIZE]; /* in words */
};

/* What a record is found by. */
struct store_name {
	uint32_t va, space,
	    first_word;	    /* of the code; 0 to 3, its user's business; the word as it lies in RAM */
	uint32_t head_size; /* bytes of its first block */
	uint64_t head_hash; /* of them */
	uint64_t identity;  /* of all guest code in the record: equal ones are not stored twice */
};

struct store_figures {
	uint64_t records;	/* to choose from at the start */
	uint64_t stored, bytes; /* written */
	uint64_t refused;	/* damaged ones met */
};

/* NULL, with the reason, if the directory cannot be used. Else the error is empty, or says which file was not used and why. */
struct store *store_open(const struct store_options *options, const struct store_key *key,
			 struct error *error);
/* What was added and not written is lost. */
void store_close(struct store *store);

/* Records of this name's address, space and first word, one by one; `at` is 0 at first, and 0 when there are no more. */
const struct store_name *store_next(const struct store *store, uint32_t va, uint32_t space,
				    uint32_t first_word, uint32_t *at);
/* The record at `at`, to be freed; NULL if it is damaged, or not on disk yet. */
void *store_read(struct store *store, uint32_t at, uint32_t *size);
/* A record that turned out to make no sense: it is not offered again. */
void store_refuse(struct store *store, uint32_t at);

/* Adds a record, unless there is one of its identity; `bytes`, from malloc, is the store's from now on. */
void store_add(struct store *store, const struct store_name *name, void *bytes, uint32_t size);
/* Writes what was added. False, with the reason, if it cannot be; then it is forgotten. */
bool store_write(struct store *store, struct error *error);
/* Bytes that wait to be written. */
uint64_t store_waiting(const struct store *store);

struct store_figures store_figures(const struct store *store);

/* For checksums and to compare content, not against intent. */
uint64_t store_hash(const void *bytes, size_t size, uint64_t seed);

/* --- store_directory.c: for who looks at a cache --- */

/* $JIT161_CACHE, or jit161 in $XDG_CACHE_HOME or in .cache of the home directory; to be freed. NULL: none. "off": not wanted. */
char *store_default_directory(void);

struct store_file_info {
	const char *name;
	char title[STORE_TITLE_SIZE];
	uint64_t bytes, records, damaged;
	uint64_t changed; /* seconds since 1970 */
	bool readable;	  /* a file of this program; else the rest is unknown */
};

struct store_visitor {
	void *context;
	void (*file)(void *context, const struct store_file_info *info);
	/* A batch of records that one run wrote. */
	void (*batch)(void *context, const char *label, uint64_t records, uint64_t bytes);
};

/* Looks at all files; `thorough`: and at all records. False, with the reason, if the directory cannot be used. No directory
 * is an empty one. */
bool store_visit(const char *directory, bool thorough, const struct store_visitor *visitor,
		 struct error *error);
/* Removes all files of a cache; `removed` gets their number. */
bool store_clear(const char *directory, unsigned *removed, struct error *error);

#endif

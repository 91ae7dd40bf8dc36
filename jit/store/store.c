/* What is in the files of a key, by what it is found by, and what is to be added. */
#define _GNU_SOURCE
#include "jit/store/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_SHARE 4u /* a file has no more than this part of the limit before the next one is begun */

struct known {
	struct batch_entry entry;
	uint32_t next; /* of the same bucket; 0: none */
	uint16_t file;
	bool refused;
	uint64_t start; /* of its batch; 0: waits to be written */
	void *waiting;
};

struct store {
	struct store_key key;
	char label[STORE_LABEL_SIZE];
	int files[MAX_FILES]; /* the last one is written to */
	unsigned file_count;
	uint64_t end;  /* of the last one's good batches */
	uint64_t room; /* bytes that may be added to it */

	struct known *known; /* from 1 */
	uint32_t count, limit;
	uint32_t *buckets; /* a power of two, at least `limit` */
	uint32_t first_waiting;
	uint64_t waiting;
	struct store_figures figures;
};

/* --- the index --- */

static uint32_t *bucket(const struct store *store, const struct store_name *name)
{
	uint32_t hash = (name->va >> 2 ^ name->first_word ^ name->space << 30) * 0x9E3779B1u;

	return &store->buckets[(hash ^ hash >> 15) & (store->limit - 1)];
}

static void grow(struct store *store)
{
	store->limit = store->limit ? 2 * store->limit : 256;
	store->known = realloc(store->known, store->limit * sizeof(*store->known));
	free(store->buckets);
	store->buckets = calloc(store->limit, sizeof(*store->buckets));
	if (!store->known || !store->buckets)
		abort();
	for (uint32_t i = 1; i <= store->count; i++) {
		uint32_t *first = bucket(store, &store->known[i].entry.name);

		store->known[i].next = *first;
		*first = i;
	}
}

static bool same_place(const struct store_name *a, const struct store_name *b)
{
	return a->va == b->va && a->space == b->space && a->first_word == b->first_word;
}

static bool is_known(const struct store *store, const struct store_name *name)
{
	for (uint32_t at = store->limit ? *bucket(store, name) : 0; at; at = store->known[at].next) {
		const struct known *known = &store->known[at];

		if (same_place(&known->entry.name, name) && known->entry.name.identity == name->identity &&
		    (known->start || known->waiting) && !known->refused)
			return true;
	}
	return false;
}

static struct known *add(struct store *store, const struct batch_entry *entry)
{
	if (store->count + 1 >= store->limit)
		grow(store);
	uint32_t *first = bucket(store, &entry->name), number = ++store->count;
	struct known *known = &store->known[number];

	*known = (struct known){.entry = *entry, .next = *first};
	*first = number;
	return known;
}

static void add_batch(void *context, uint64_t start, const struct batch_header *header,
		      const struct batch_entry *entries)
{
	struct store *store = context;

	for (uint32_t i = 0; i < header->count; i++) {
		struct known *known = add(store, &entries[i]);

		known->start = start;
		known->file = (uint16_t)(store->file_count - 1);
	}
}

/* --- opening --- */

struct generations {
	const struct store_key *key;
	unsigned numbers[MAX_FILES]; /* the last ones, in order */
	unsigned count;
};

static void note_generation(void *context, int directory, const char *name)
{
	struct generations *generations = context;
	unsigned number;

	(void)directory;
	if (!file_name_of_key(name, generations->key, &number))
		return;
	if (generations->count == MAX_FILES - 1)
		memmove(generations->numbers, generations->numbers + 1,
			--generations->count * sizeof(unsigned));
	generations->numbers[generations->count++] = number;
}

/* Opens a file and learns what is in it. False if it cannot be used. */
static bool open_file(struct store *store, int directory, unsigned generation, bool make, struct error *error)
{
	char name[64];
	struct stat status;
	int fd;

	file_name(name, sizeof(name), &store->key, generation);
	fd = directory_open_file(directory, name, make, error);
	if (fd < 0)
		return false;
	if (fstat(fd, &status) < 0)
		status.st_size = 0;
	store->files[store->file_count++] = fd;
	store->end = file_scan(fd, &store->key, 0, NULL, add_batch, store);
	futimens(fd, NULL); /* in use */
	if (store->end == 0 && status.st_size > 0) {
		/* Not what its name says: left alone, and not written to. */
		close(fd);
		store->file_count--;
		store->figures.refused++;
		return error_set(error, "%s in the cache of translated code is damaged", name);
	}
	return true;
}

static bool open_files(struct store *store, int directory, uint64_t limit, struct error *error)
{
	struct generations generations = {.key = &store->key};
	unsigned current = 1;
	bool usable = false;
	char name[64];

	directory_each(directory, note_generation, &generations);
	for (unsigned i = 0; i < generations.count; i++) {
		usable = open_file(store, directory, generations.numbers[i], false, error);
		current = generations.numbers[i];
	}
	if (generations.count && (!usable || store->end >= limit / FILE_SHARE)) {
		current++;
		usable = false;
	}
	if (!usable && !open_file(store, directory, current, true, error))
		return false;
	store->room = limit / FILE_SHARE;
	file_name(name, sizeof(name), &store->key, current);
	directory_trim(directory, name, limit - 2 * (limit / FILE_SHARE));
	return true;
}

struct store *store_open(const struct store_options *options, const struct store_key *key,
			 struct error *error)
{
	int directory;
	struct store *store;
	bool done;

	*error = (struct error){0};
	directory = directory_open(options->directory, true, NULL, error);
	if (directory < 0)
		return NULL;
	store = calloc(1, sizeof(*store));
	if (!store)
		abort();
	store->key = *key;
	if (options->label)
		strncpy(store->label, options->label, sizeof(store->label) - 1);
	done = open_files(store, directory, options->limit, error);
	close(directory);
	store->first_waiting = store->count + 1;
	store->figures.records = store->count;
	if (done)
		return store;
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (uint32_t i = 1; i <= store->count; i++)
		free(store->known[i].waiting);
	for (unsigned i = 0; i < store->file_count; i++)
		close(store->files[i]);
	free(store->known);
	free(store->buckets);
	free(store);
}

/* --- using it --- */

const struct store_name *store_next(const struct store *store, uint32_t va, uint32_t space,
				    uint32_t first_word, uint32_t *at)
{
	const struct store_name name = {.va = va, .space = space, .first_word = first_word};

	if (*at)
		*at = store->known[*at].next;
	else if (store->limit)
		*at = *bucket(store, &name);
	while (*at) {
		const struct known *known = &store->known[*at];

		if (known->start && !known->refused && same_place(&known->entry.name, &name))
			return &known->entry.name;
		*at = known->next;
	}
	return NULL;
}

void *store_read(struct store *store, uint32_t at, uint32_t *size)
{
	const struct known *known = &store->known[at];
	void *bytes = known->start ? file_read(store->files[known->file], known->start, &known->entry) : NULL;

	*size = known->entry.size;
	if (!bytes)
		store_refuse(store, at);
	return bytes;
}

void store_refuse(struct store *store, uint32_t at)
{
	store->known[at].refused = true;
	store->figures.refused++;
}

void store_add(struct store *store, const struct store_name *name, void *bytes, uint32_t size)
{
	struct batch_entry entry = {.name = *name, .size = size};

	if (size == 0 || size > STORE_MAX_RECORD || is_known(store, name)) {
		free(bytes);
		return;
	}
	entry.checksum = store_hash(bytes, size, 0);
	add(store, &entry)->waiting = bytes;
	store->waiting += size;
}

uint64_t store_waiting(const struct store *store)
{
	return store->waiting;
}

struct store_figures store_figures(const struct store *store)
{
	return store->figures;
}

/* --- writing --- */

/* What others have written since need not be written again. */
static void learn_batch(void *context, uint64_t start, const struct batch_header *header,
			const struct batch_entry *entries)
{
	struct store *store = context;
	uint32_t count = store->count;

	for (uint32_t i = 0; i < header->count; i++)
		for (uint32_t k = store->first_waiting; k <= count; k++)
			if (store->known[k].waiting &&
			    same_place(&store->known[k].entry.name, &entries[i].name) &&
			    store->known[k].entry.name.identity == entries[i].name.identity) {
				free(store->known[k].waiting);
				store->known[k].waiting = NULL;
			}
	add_batch(context, start, header, entries);
}

/* A batch of all that waits; NULL if nothing does. */
static uint8_t *make_batch(struct store *store, size_t *size)
{
	struct batch_header header = {.magic = BATCH_MAGIC, .time = (uint64_t)time(NULL)};
	struct batch_entry *entries;
	uint8_t *batch, *at;

	*size = sizeof(header);
	for (uint32_t i = store->first_waiting; i <= store->count; i++) {
		if (!store->known[i].waiting)
			continue;
		header.count++;
		*size += sizeof(*entries) + store->known[i].entry.size;
	}
	if (header.count == 0)
		return NULL;
	header.size = *size;
	memcpy(header.label, store->label, sizeof(header.label));
	batch = malloc(*size);
	entries = calloc(header.count, sizeof(*entries));
	if (!batch || !entries)
		abort();
	at = batch + sizeof(header) + header.count * sizeof(*entries);
	header.count = 0;
	for (uint32_t i = store->first_waiting; i <= store->count; i++) {
		struct known *known = &store->known[i];

		if (!known->waiting)
			continue;
		known->entry.offset = (uint64_t)(at - batch);
		memcpy(at, known->waiting, known->entry.size);
		at += known->entry.size;
		entries[header.count++] = known->entry;
	}
	uint64_t hash = store_hash(&header, offsetof(struct batch_header, checksum), 0);
	header.checksum = store_hash(entries, header.count * sizeof(*entries), hash);
	memcpy(batch, &header, sizeof(header));
	memcpy(batch + sizeof(header), entries, header.count * sizeof(*entries));
	free(entries);
	return batch;
}

static bool write_batch(struct store *store, struct error *error)
{
	int fd = store->files[store->file_count - 1];
	size_t size;
	uint64_t start;
	uint8_t *batch;

	if (!file_lock(fd))
		return error_set(error, "the cache of translated code is locked by another program");
	store->end = file_scan(fd, &store->key, store->end, NULL, learn_batch, store);
	batch = make_batch(store, &size);
	if (!batch) {
		file_unlock(fd);
		return true;
	}
	start = size <= store->room ? file_append(fd, &store->key, store->end, batch, size, error) : 0;
	file_unlock(fd);
	free(batch);
	if (size > store->room)
		return error_set(error, "the cache of translated code has no room for %zu bytes", size);
	if (!start)
		return false;
	store->end = start + size;
	store->room -= size;
	for (uint32_t i = store->first_waiting; i <= store->count; i++) {
		if (!store->known[i].waiting)
			continue;
		store->known[i].start = start;
		store->known[i].file = (uint16_t)(store->file_count - 1);
		store->figures.stored++;
	}
	store->figures.bytes += size;
	return true;
}

bool store_write(struct store *store, struct error *error)
{
	bool done = store->waiting == 0 || write_batch(store, error);

	for (uint32_t i = store->first_waiting; i <= store->count; i++) {
		free(store->known[i].waiting);
		store->known[i].waiting = NULL;
	}
	store->first_waiting = store->count + 1;
	store->waiting = 0;
	return done;
}

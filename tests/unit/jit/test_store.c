/* What is kept between runs: records come back as they were; damaged files, other people's files, full disks and other
 * writers do no harm. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "jit/kept.h"
#include "jit/store/store.h"

#define RECORDS	 20u
#define MUTATED	 800u
#define WRITERS	 6u
#define RAM_SIZE 0x00100000u

static const struct store_key key = {.hash = 0x0123456789ABCDEF, .title = "a machine"};
static char directory[64];

static struct store_options options(uint64_t limit)
{
	return (struct store_options){.directory = directory, .limit = limit, .label = "guest"};
}

static struct store *open_store(uint64_t limit)
{
	struct store_options how = options(limit);
	struct error error;
	struct store *store = store_open(&how, &key, &error);

	if (!store)
		fail_msg("%s", error.text);
	return store;
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/jit161-store-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	struct error error;
	unsigned removed;

	(void)state;
	chmod(directory, 0700);
	store_clear(directory, &removed, &error);
	return rmdir(directory);
}

/* Record number `i`, whose bytes follow from it. */
static struct store_name name_of(unsigned i)
{
	return (struct store_name){.va = 0x80000000 + 16 * (i / 2),
				   .space = 0,
				   .first_word = 7,
				   .head_size = 4,
				   .identity = 1000 + i};
}

static uint32_t size_of(unsigned i)
{
	return 100 + 37 * i;
}

static void add(struct store *store, unsigned i)
{
	struct store_name name = name_of(i);
	uint8_t *bytes = malloc(size_of(i));

	memset(bytes, (int)i + 1, size_of(i));
	store_add(store, &name, bytes, size_of(i));
}

static bool add_all(struct store *store, unsigned first, unsigned count, struct error *error)
{
	for (unsigned i = first; i < first + count; i++)
		add(store, i);
	return store_write(store, error);
}

/* Whether record `i` is there; if it is, it must be the one that was stored. */
static bool has(struct store *store, unsigned i)
{
	const struct store_name want = name_of(i), *name;
	uint32_t at = 0, size;

	while ((name = store_next(store, want.va, want.space, want.first_word, &at))) {
		if (name->identity != want.identity)
			continue;
		uint8_t *bytes = store_read(store, at, &size);
		if (!bytes)
			continue;
		assert_int_equal(size, size_of(i));
		for (uint32_t k = 0; k < size; k++)
			assert_int_equal(bytes[k], i + 1);
		free(bytes);
		return true;
	}
	return false;
}

static unsigned count(struct store *store, unsigned all)
{
	unsigned found = 0;

	for (unsigned i = 0; i < all; i++)
		found += has(store, i);
	return found;
}

static void path_of_file(char *path, size_t size, unsigned generation)
{
	snprintf(path, size, "%s/%016llx-%06u.regions", directory, (unsigned long long)key.hash, generation);
}

static void test_comes_back(void **state)
{
	struct store *store = open_store(STORE_DEFAULT_SIZE);
	struct error error;

	(void)state;
	assert_int_equal(store_figures(store).records, 0);
	assert_true(add_all(store, 0, RECORDS / 2, &error));
	assert_int_equal(count(store, RECORDS), RECORDS / 2); /* at once */
	assert_true(add_all(store, 0, RECORDS, &error));      /* the first ones again: not stored twice */
	assert_int_equal(store_figures(store).stored, RECORDS);
	add(store, RECORDS); /* never written */
	store_close(store);

	store = open_store(STORE_DEFAULT_SIZE);
	assert_int_equal(store_figures(store).records, RECORDS);
	assert_int_equal(count(store, RECORDS + 1), RECORDS);
	uint32_t at = 0;
	assert_null(store_next(store, name_of(0).va, true, 7, &at));
	at = 0;
	assert_null(store_next(store, name_of(0).va, false, 8, &at));
	at = 0;
	assert_non_null(store_next(store, name_of(0).va, false, 7, &at));
	store_refuse(store, at);
	assert_int_equal(count(store, RECORDS), RECORDS - 1);
	store_close(store);

	/* Another key sees nothing of it. */
	struct store_options how = options(STORE_DEFAULT_SIZE);
	store = store_open(&how, &(struct store_key){.hash = key.hash + 1}, &error);
	assert_non_null(store);
	assert_int_equal(store_figures(store).records, 0);
	store_close(store);
}

/* Files with changed, missing and additional bytes: every record that is offered is one that was stored. */
static void test_damaged(void **state)
{
	struct store *store = open_store(STORE_DEFAULT_SIZE);
	uint8_t *good, *bad;
	struct error error;
	char path[128];
	size_t size;
	unsigned all = 0, some = 0;

	(void)state;
	assert_true(add_all(store, 0, RECORDS / 2, &error) &&
		    add_all(store, RECORDS / 2, RECORDS / 2, &error));
	store_close(store);
	path_of_file(path, sizeof(path), 1);
	int fd = open(path, O_RDWR);
	size = (size_t)lseek(fd, 0, SEEK_END);
	good = malloc(size);
	bad = malloc(2 * size);
	assert_int_equal(pread(fd, good, size, 0), size);

	srand(1);
	for (unsigned i = 0; i < MUTATED; i++) {
		size_t length = size;

		memcpy(bad, good, size);
		memcpy(bad + size, good, size);
		if (rand() % 4 == 0)
			length = (size_t)rand() % (2 * size);
		/* Heads and tables are where it hurts. */
		for (int k = rand() % 4; k > 0; k--) {
			size_t at = (size_t)rand() % (rand() % 2 ? size : 512);
			uint32_t value = rand() % 2 ? (uint32_t)rand() : 0xFFFFFFFFu << rand() % 32;

			if (at + sizeof(value) <= size)
				memcpy(bad + at, &value, rand() % 2 ? 1 : sizeof(value));
		}
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bad, length, 0), length);
		struct store_options how = options(STORE_DEFAULT_SIZE);
		store = store_open(&how, &key, &error);
		assert_non_null(store); /* with a new file, if this one is no good */
		unsigned found = count(store, RECORDS);
		assert_true(found <= RECORDS);
		all += found == RECORDS;
		some += found > 0 && found < RECORDS;
		/* What is stored now is found next time. */
		add(store, 2 * RECORDS);
		if (!store_write(store, &error))
			fail_msg("%s", error.text);
		store_close(store);
		store = open_store(STORE_DEFAULT_SIZE);
		assert_true(has(store, 2 * RECORDS));
		assert_true(count(store, RECORDS) >= found);
		store_close(store);
		path_of_file(path, sizeof(path), 2);
		unlink(path);
	}
	assert_in_range(all, MUTATED / 20, MUTATED);
	assert_in_range(some, MUTATED / 20, MUTATED);
	close(fd);
	free(good);
	free(bad);
}

/* A checksum that is right says nothing about sizes: a batch by somebody who knows how. */
static void test_sealed_nonsense(void **state)
{
	static const uint64_t sizes[] = {0, 1, 64, UINT32_MAX, UINT64_MAX, UINT64_MAX - 100};
	struct store *store = open_store(STORE_DEFAULT_SIZE);
	struct error error;
	char path[128];
	uint8_t file[4096];

	(void)state;
	assert_true(add_all(store, 0, 1, &error));
	store_close(store);
	path_of_file(path, sizeof(path), 1);
	int fd = open(path, O_RDWR);
	ssize_t length = pread(fd, file, sizeof(file), 0);
	/* jit/store/store_internal.h: the batch's head of 96 bytes behind the file's of 168, an entry of 56. */
	assert_int_equal(length, 168 + 96 + 56 + (ssize_t)size_of(0));
	uint64_t *batch_size = (uint64_t *)(file + 168 + 8), *offset = (uint64_t *)(file + 168 + 96 + 32);
	uint64_t *checksum = (uint64_t *)(file + 168 + 88);
	uint32_t *batch_count = (uint32_t *)(file + 168 + 4),
		 *record_size = (uint32_t *)(file + 168 + 96 + 40);
	uint64_t good_size = *batch_size, good_offset = *offset;
	for (unsigned i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t value = sizes[i / 4];

		*batch_size = i % 4 == 0 ? value : good_size;
		*offset = i % 4 == 1 ? value : good_offset;
		*record_size = i % 4 == 2 ? (uint32_t)value : size_of(0);
		*batch_count = i % 4 == 3 ? (uint32_t)value : 1;
		*checksum = store_hash(file + 168 + 96, 56, store_hash(file + 168, 88, 0));
		assert_int_equal(pwrite(fd, file, (size_t)length, 0), length);
		store = open_store(STORE_DEFAULT_SIZE);
		if (i % 4 != 3 || value != 1)
			assert_false(has(store, 0));
		store_close(store);
	}
	close(fd);
}

/* Again while others have the lock for long. */
static bool add_patiently(struct store *store, unsigned i)
{
	struct error error;

	for (unsigned tries = 0; tries < 100; tries++)
		if (add_all(store, i, 1, &error))
			return true;
	return false;
}

/* Runs that end at the same time: what each has to say is there afterwards, and nothing twice. */
static void test_writers(void **state)
{
	pid_t children[WRITERS];
	struct store *store;

	(void)state;
	for (unsigned i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			store = open_store(STORE_DEFAULT_SIZE);
			for (unsigned k = 0; k < 10; k++)
				if (!add_patiently(store, 10 * i + k) || !add_patiently(store, 500 + k % 3))
					_exit(1);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	store = open_store(STORE_DEFAULT_SIZE);
	assert_int_equal(count(store, 10 * WRITERS), 10 * WRITERS);
	assert_int_equal(store_figures(store).records, 10 * WRITERS + 3);
	store_close(store);
}

static void test_full_disk(void **state)
{
	struct store *store = open_store(STORE_DEFAULT_SIZE);
	struct rlimit limit, before;
	struct error error;

	(void)state;
	assert_true(add_all(store, 0, 5, &error));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)store_figures(store).bytes + 600;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_false(add_all(store, 5, 5, &error));
	assert_non_null(strstr(error.text, "cannot write"));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(count(store, RECORDS), 5);
	store_close(store);
	/* Nothing of it is left in the way. */
	store = open_store(STORE_DEFAULT_SIZE);
	assert_int_equal(count(store, RECORDS), 5);
	assert_true(add_all(store, 5, 5, &error));
	store_close(store);
	store = open_store(STORE_DEFAULT_SIZE);
	assert_int_equal(count(store, RECORDS), 10);
	assert_int_equal(store_figures(store).refused, 0);
	store_close(store);
}

static void test_not_ones_own(void **state)
{
	struct store_options how = options(STORE_DEFAULT_SIZE);
	struct store *store = open_store(STORE_DEFAULT_SIZE);
	struct error error;
	char path[128], other[128];

	(void)state;
	assert_true(add_all(store, 0, 5, &error));
	store_close(store);
	chmod(directory, 0755);
	assert_null(store_open(&how, &key, &error));
	assert_non_null(strstr(error.text, "others may have access"));
	chmod(directory, 0700);
	path_of_file(path, sizeof(path), 1);
	snprintf(other, sizeof(other), "%s/other", directory);

	for (unsigned i = 0; i < 3; i++) {
		if (i == 0)
			chmod(path, 0620);
		else if (i == 1)
			assert_int_equal(link(path, other), 0);
		else
			assert_true(rename(path, other) == 0 && symlink(other, path) == 0);
		store = store_open(&how, &key, &error);
		assert_non_null(store); /* with a file of its own */
		assert_true(error.text[0]);
		assert_int_equal(count(store, RECORDS), 0);
		store_close(store);
		path_of_file(path, sizeof(path), 2);
		unlink(path);
		path_of_file(path, sizeof(path), 1);
		chmod(path, 0600);
		if (i == 1)
			unlink(other);
	}
	unlink(path);
	assert_int_equal(rename(other, path), 0);
	store = open_store(STORE_DEFAULT_SIZE);
	assert_int_equal(count(store, RECORDS), 5);
	store_close(store);
}

static uint64_t bytes_in_directory(void)
{
	DIR *stream = opendir(directory);
	struct dirent *found;
	struct stat status;
	uint64_t bytes = 0;

	while ((found = readdir(stream)))
		if (found->d_name[0] != '.' && fstatat(dirfd(stream), found->d_name, &status, 0) == 0)
			bytes += (uint64_t)status.st_size;
	closedir(stream);
	return bytes;
}

/* Many runs that have a lot to say each. */
static void test_bounded(void **state)
{
	const uint64_t limit = STORE_MIN_SIZE;
	struct error error;

	(void)state;
	for (unsigned run = 0; run < 60; run++) {
		struct store *store = open_store(limit);
		struct store_name name = name_of(0);
		uint32_t size = (uint32_t)limit / 9;

		name.va += 64 * run;
		name.identity = run;
		store_add(store, &name, calloc(1, size), size);
		assert_true(store_write(store, &error));
		store_close(store);
		assert_in_range(bytes_in_directory(), 1, limit);
	}
	/* The last ones are there, the first ones not. */
	struct store *store = open_store(limit);
	uint32_t at = 0;
	assert_non_null(store_next(store, name_of(0).va + 64 * 59, false, 7, &at));
	at = 0;
	assert_null(store_next(store, name_of(0).va, false, 7, &at));
	struct store_name name = name_of(0);
	uint32_t large = (uint32_t)limit / 2;
	store_add(store, &name, calloc(1, large), large);
	assert_false(store_write(store, &error));
	assert_non_null(strstr(error.text, "no room"));
	store_close(store);
}

/* --- regions as records --- */

static struct region *make_region(bool user)
{
	struct region *region = calloc(1, sizeof(*region));
	uint32_t va = user ? 0x00400100 : 0x80000100, targets[6] = {va + 4, NO_TARGET, va, va + 64, 8, 12};

	region->mode = (struct ir_mode){.user = user, .mapped = user, .big_endian = true};
	region->block_count = 3;
	region->blocks = calloc(3, sizeof(*region->blocks));
	region->content = calloc(12, 4);
	for (unsigned i = 0; i < 3; i++)
		region->blocks[i] = (struct scanned_block){
		    .va = va + 32 * i, .pa = 0x100 + 32 * i, .words = 4, .content = 4 * i};
	for (unsigned i = 0; i < 12; i++)
		region->content[i] = 0x1000 + i;
	region->entry_count = 2;
	region->entries = calloc(2, sizeof(*region->entries));
	region->image_entries = calloc(2, sizeof(uint32_t));
	for (unsigned i = 0; i < 2; i++) {
		region->entries[i] = (struct region_entry){.va = va + 64 * i, .pa = 0x100 + 64 * i};
		region->image_entries[i] = 16 * i;
	}
	region->slot_count = 6;
	region->slot_targets = malloc(sizeof(targets));
	memcpy(region->slot_targets, targets, sizeof(targets));
	region->image = (struct code_image){.size = 51, .code_size = 40, .site_count = 2};
	region->image.bytes = calloc(1, 51);
	region->image.sites = calloc(2, sizeof(struct image_site));
	region->image.sites[0] = (struct image_site){47, IMAGE_THUNKS};
	region->image.sites[1] = (struct image_site){8, IMAGE_SLOT};
	memset(region->image.bytes, 0x90, 51);
	region->instructions_lifted = 12;
	region->blocks_lifted = 3;
	return region;
}

static void test_record(void **state)
{
	(void)state;
	for (unsigned user = 0; user < 2; user++) {
		struct region *region = make_region(user), *again;
		uint32_t size, pa = user ? 0x5100 : 0x100;
		uint8_t *record = record_make(region, RECORD_REGION, &size);

		again = record_region(record, size, RECORD_REGION, region->mode, pa, RAM_SIZE);
		assert_non_null(again);
		assert_int_equal(again->block_count, 3);
		assert_int_equal(again->blocks[2].va, region->blocks[2].va);
		assert_int_equal(again->blocks[2].pa, pa + 64);
		assert_int_equal(again->entries[1].pa, pa + 64);
		assert_int_equal(again->image_entries[1], 16);
		assert_memory_equal(again->content, region->content, 48);
		assert_memory_equal(again->slot_targets, region->slot_targets, 24);
		assert_int_equal(again->image.size, 51);
		assert_memory_equal(again->image.sites, region->image.sites, 2 * sizeof(struct image_site));
		assert_int_equal(record_name(again, RECORD_REGION).identity,
				 record_name(region, RECORD_REGION).identity);
		region_free(again);
		/* Not at another place in the page, nor beyond RAM, nor as code of the other mode. */
		assert_null(record_region(record, size, RECORD_REGION, region->mode, pa + 4, RAM_SIZE));
		assert_null(record_region(record, size, RECORD_REGION, region->mode, pa, 0x100));
		struct ir_mode other = {.user = !user, .mapped = !user, .big_endian = true};
		assert_null(
		    record_region(record, size, RECORD_REGION, other, user ? 0x100 : 0x5100, RAM_SIZE));
		region_free(region);
		free(record);
	}
}

/* A request has the blocks with their bytes, is found elsewhere than what is compiled, and is neither taken for the other. */
static void test_request(void **state)
{
	(void)state;
	for (unsigned user = 0; user < 2; user++) {
		struct region *region = make_region(user), *again;
		uint32_t size, compiled_size, pa = user ? 0x5100 : 0x100;

		region->blocks[1].entry = true;
		region->tries = 2;
		region->run_cycles = 100000000;
		uint8_t *record = record_make(region, RECORD_REQUEST, &size);
		uint8_t *compiled = record_make(region, RECORD_REGION, &compiled_size);
		struct store_name name = record_name(region, RECORD_REQUEST),
				  other = record_name(region, RECORD_REGION);
		assert_true(name.space != other.space && name.identity != other.identity);
		assert_null(record_region(record, size, RECORD_REGION, region->mode, pa, RAM_SIZE));
		assert_null(record_region(record, size, RECORD_REQUEST, region->mode, pa + 4, RAM_SIZE));
		assert_null(record_region(record, size - 4, RECORD_REQUEST, region->mode, pa, RAM_SIZE));
		again = record_region(record, size, RECORD_REQUEST, region->mode, pa, RAM_SIZE);
		assert_non_null(again);
		assert_int_equal(again->block_count, 3);
		assert_int_equal(again->slot_count, 6);
		assert_int_equal(again->instructions, 12);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(again->blocks[i].va, region->blocks[i].va);
			assert_int_equal(again->blocks[i].pa, pa + 32 * i);
			assert_int_equal(again->blocks[i].words, 4);
			assert_int_equal(again->blocks[i].entry, i == 1);
		}
		assert_memory_equal(again->content, region->content, 48);
		assert_int_equal(again->tries, 2);
		assert_in_range(again->run_cycles, 98000000, 100000000);
		assert_false(again->compiled);
		region->tries = 3; /* another record, which is stored beside it */
		assert_true(record_name(region, RECORD_REQUEST).identity != name.identity);
		region_free(again);
		region_free(region);
		free(record);
		free(compiled);
	}
}

/* Any change of the numbers: no region, or one within its bounds. */
static void test_record_nonsense(void **state)
{
	struct region *region = make_region(false);
	uint32_t size, accepted = 0;
	uint8_t *record = record_make(region, RECORD_REGION, &size), *bad = malloc(size);

	(void)state;
	srand(2);
	for (unsigned i = 0; i < 50 * MUTATED; i++) {
		uint32_t length = rand() % 8 ? size : (uint32_t)rand() % size;

		memcpy(bad, record, size);
		for (int k = rand() % 3; k >= 0; k--) {
			uint32_t value = rand() % 2 ? (uint32_t)rand() % 64 : 0xFFFFFFFFu << rand() % 32;

			memcpy(bad + 4 * ((uint32_t)rand() % (size / 4)), &value, 4);
		}
		/* Exactly as large as it is, for the sanitizers. */
		uint8_t *exact = malloc(length ? length : 1);
		memcpy(exact, bad, length);
		struct region *again =
		    record_region(exact, length, RECORD_REGION, region->mode, 0x100, RAM_SIZE);
		free(exact);
		if (!again)
			continue;
		accepted++;
		assert_true(code_image_sound(&again->image));
		for (unsigned k = 0; k < again->block_count; k++) {
			const struct scanned_block *block = &again->blocks[k];

			assert_true(block->pa < RAM_SIZE && 4u * block->words <= RAM_SIZE - block->pa);
			assert_true((block->pa & 0xFFF) + 4u * block->words <= 0x1004);
		}
		for (unsigned k = 0; k < again->entry_count; k++)
			assert_true(again->image_entries[k] < again->image.size);
		record_name(again, RECORD_REGION);
		region_free(again);
	}
	assert_in_range(accepted, MUTATED / 10, 50 * MUTATED);
	region_free(region);
	free(record);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_comes_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sealed_nonsense, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_writers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_ones_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	    cmocka_unit_test(test_record),
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_record_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

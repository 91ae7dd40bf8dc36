#define _GNU_SOURCE

#include "jit/code_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/host_pages.h"

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Two mappings of one file without a name. */
static bool map_file(struct code_memory *code)
{
	int fd = memfd_create("jit161-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool mapped;

	if (fd < 0)
		return false;
	code->writable = MAP_FAILED;
	mapped = ftruncate(fd, (off_t)code->size) == 0 &&
		 fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
	if (mapped)
		code->writable = mmap(NULL, code->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mapped = code->writable != MAP_FAILED && mmap(code->executable, code->size, PROT_READ | PROT_EXEC,
						      MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
	close(fd);
	return mapped;
}

/* The same without a file. perf looks names up only in such memory. A mapping that is resized from nothing is a second one of
 * the same pages. */
static bool map_anonymous(struct code_memory *code)
{
	code->writable = MAP_FAILED;
	if (mmap(code->executable, code->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return false;
	code->writable = mremap(code->executable, 0, code->size, MREMAP_MAYMOVE);
	return code->writable != MAP_FAILED &&
	       mprotect(code->writable, code->size, PROT_READ | PROT_WRITE) == 0;
}

bool code_memory_init(struct code_memory *code, size_t size, size_t tables, bool anonymous,
		      struct error *error)
{
	*code = (struct code_memory){.size = round_up(size, CODE_PAGE_SIZE),
				     .tables_size = round_up(tables, CODE_PAGE_SIZE)};
	/* The code at its executable address, and the tables behind it. */
	uint8_t *start = mmap(NULL, code->size + code->tables_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool mapped = start != MAP_FAILED;

	if (mapped) {
		code->executable = start;
		code->tables = start + code->size;
		mapped = anonymous ? map_anonymous(code) : map_file(code);
	}
	if (!mapped) {
		error_set(error, "cannot map %zu bytes for translated code: %s", code->size, strerror(errno));
		if (start != MAP_FAILED) {
			if (code->writable && code->writable != MAP_FAILED)
				munmap(code->writable, code->size);
			munmap(start, code->size + code->tables_size);
		}
		*code = (struct code_memory){0};
		return false;
	}
	code->taken = calloc(code->size / CODE_PAGE_SIZE, 1);
	if (!code->taken)
		abort();
	pthread_mutex_init(&code->lock, NULL);
	return true;
}

void code_memory_free(struct code_memory *code)
{
	if (!code->writable)
		return;
	munmap(code->writable, code->size);
	munmap(code->executable, code->size + code->tables_size);
	free(code->taken);
	pthread_mutex_destroy(&code->lock);
	*code = (struct code_memory){0};
}

/* The first page of the first gap of so many pages; the number of all pages if there is none. */
static size_t find_gap(const struct code_memory *code, size_t pages, size_t alignment)
{
	size_t all = code->size / CODE_PAGE_SIZE, start = round_up(code->lowest, alignment);

	while (start < all && pages <= all - start) {
		size_t free = 0;

		while (free < pages && !code->taken[start + free])
			free++;
		if (free == pages)
			return start;
		start = round_up(start + free + 1, alignment);
	}
	return all;
}

static void mark(struct code_memory *code, size_t page, size_t pages, bool taken)
{
	memset(code->taken + page, taken, pages);
	if (taken)
		code->used += pages * CODE_PAGE_SIZE;
	else
		code->used -= pages * CODE_PAGE_SIZE;
	if (!taken && page < code->lowest)
		code->lowest = page;
	while (code->lowest < code->size / CODE_PAGE_SIZE && code->taken[code->lowest])
		code->lowest++;
}

/* Has the host make the pages up to `end` at once, which is cheaper than a fault for each in each mapping. It may decline. */
static void touch(struct code_memory *code, size_t end)
{
	size_t from = code->touched;

	if (end <= from)
		return;
	code->touched = end;
	host_pages_make(code->writable + from, end - from);
#ifdef MADV_POPULATE_READ
	madvise(code->executable + from, end - from, MADV_POPULATE_READ);
#endif
}

void *code_memory_allocate(struct code_memory *code, size_t size, size_t alignment)
{
	size_t pages = round_up(size, CODE_PAGE_SIZE) / CODE_PAGE_SIZE;
	void *result = NULL;

	alignment = alignment < CODE_PAGE_SIZE ? 1 : alignment / CODE_PAGE_SIZE;
	pthread_mutex_lock(&code->lock);
	size_t page = find_gap(code, pages, alignment);
	if (page < code->size / CODE_PAGE_SIZE) {
		mark(code, page, pages, true);
		touch(code, (page + pages) * CODE_PAGE_SIZE);
		result = code->writable + page * CODE_PAGE_SIZE;
	} else if (size > code->wanted) {
		code->wanted = size;
	}
	pthread_mutex_unlock(&code->lock);
	return result;
}

void *code_memory_table(struct code_memory *code, size_t size)
{
	size_t start = round_up(code->tables_used, CODE_PAGE_SIZE);

	if (start > code->tables_size || size > code->tables_size - start)
		return NULL;
	code->tables_used = start + size;
	return code->tables + start;
}

void code_memory_release(struct code_memory *code, const struct code_run *run)
{
	pthread_mutex_lock(&code->lock);
	mark(code, (size_t)(run->start - code->writable) / CODE_PAGE_SIZE,
	     round_up(run->size, CODE_PAGE_SIZE) / CODE_PAGE_SIZE, false);
	pthread_mutex_unlock(&code->lock);
}

bool code_memory_has_room(struct code_memory *code, size_t size, size_t reserve)
{
	pthread_mutex_lock(&code->lock);
	bool room =
	    code->size - code->used >= round_up(size, CODE_PAGE_SIZE) + reserve &&
	    find_gap(code, round_up(size, CODE_PAGE_SIZE) / CODE_PAGE_SIZE, 1) < code->size / CODE_PAGE_SIZE;
	pthread_mutex_unlock(&code->lock);
	return room;
}

size_t code_memory_wanted(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	size_t wanted = code->wanted;
	code->wanted = 0;
	pthread_mutex_unlock(&code->lock);
	return wanted;
}

size_t code_memory_used(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	size_t used = code->used;
	pthread_mutex_unlock(&code->lock);
	return used;
}

void code_memory_keep(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	code->kept = code->used;
	pthread_mutex_unlock(&code->lock);
}

void code_memory_reset(struct code_memory *code)
{
	size_t kept;

	pthread_mutex_lock(&code->lock);
	kept = code->kept / CODE_PAGE_SIZE;
	memset(code->taken + kept, 0, code->size / CODE_PAGE_SIZE - kept);
	code->used = code->kept;
	code->lowest = kept;
	code->wanted = 0;
	pthread_mutex_unlock(&code->lock);
}

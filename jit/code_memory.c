#define _GNU_SOURCE

#include "jit/code_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

bool code_memory_init(struct code_memory *code, size_t size, struct error *error)
{
	int fd = memfd_create("jit161-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	*code = (struct code_memory){.size = round_up(size, (size_t)sysconf(_SC_PAGESIZE))};
	if (fd < 0)
		return error_set(error, "cannot create the memory for translated code: %s", strerror(errno));
	if (ftruncate(fd, (off_t)code->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		error_set(error, "cannot set up %zu bytes for translated code: %s", code->size,
			  strerror(errno));
		close(fd);
		return false;
	}
	code->writable = mmap(NULL, code->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	code->executable = mmap(NULL, code->size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	close(fd);
	if (code->writable == MAP_FAILED || code->executable == MAP_FAILED) {
		error_set(error, "cannot map %zu bytes for translated code: %s", code->size, strerror(errno));
		if (code->writable != MAP_FAILED)
			munmap(code->writable, code->size);
		if (code->executable != MAP_FAILED)
			munmap(code->executable, code->size);
		*code = (struct code_memory){0};
		return false;
	}
	pthread_mutex_init(&code->lock, NULL);
	return true;
}

void code_memory_free(struct code_memory *code)
{
	if (!code->writable)
		return;
	munmap(code->writable, code->size);
	munmap(code->executable, code->size);
	pthread_mutex_destroy(&code->lock);
	*code = (struct code_memory){0};
}

void *code_memory_allocate(struct code_memory *code, size_t size, size_t alignment)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *result = NULL;
	size_t start;

	if (alignment < page)
		alignment = page;
	pthread_mutex_lock(&code->lock);
	start = round_up(code->used, alignment);
	if (start <= code->size && size <= code->size - start) {
		result = code->writable + start;
		code->used = round_up(start + size, page);
	} else {
		code->full = code->used > code->kept;
	}
	pthread_mutex_unlock(&code->lock);
	return result;
}

bool code_memory_full(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	bool full = code->full;
	pthread_mutex_unlock(&code->lock);
	return full;
}

void code_memory_keep(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	code->kept = code->used;
	pthread_mutex_unlock(&code->lock);
}

void code_memory_reset(struct code_memory *code)
{
	pthread_mutex_lock(&code->lock);
	code->used = code->kept;
	code->full = false;
	pthread_mutex_unlock(&code->lock);
}

#include "runtime/core/host_pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void *host_pages_new(size_t size)
{
	void *pages =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

void host_pages_free(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

void host_pages_make(void *start, size_t size)
{
#ifdef MADV_POPULATE_WRITE
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)start & ~(page - 1);

	if (size)
		madvise((void *)from, (uintptr_t)start + size - from, MADV_POPULATE_WRITE);
#else
	(void)start;
	(void)size;
#endif
}

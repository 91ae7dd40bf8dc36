#include "runtime/cpu/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The ROM is 1023 NOPs and a BREAK (System/161 reference, section 1.12). */
#define BREAK_WORD 0x0000000Du

static void ignore_write(void *context, uint32_t offset, uint32_t size)
{
	(void)context;
	(void)offset;
	(void)size;
}

bool memory_init(struct memory *memory, uint32_t ram_size, struct error *error)
{
	uint32_t granules = (ram_size + PAGE_SIZE) >> CODE_GRANULE_SHIFT;

	memory->ram_size = ram_size;
	memory->rom_offset = ram_size;
	memory->code_map_offset = ram_size + PAGE_SIZE;
	memory->mapped_size =
	    (memory->code_map_offset + (size_t)granules + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	memory->code_written = ignore_write;
	memory->code_context = NULL;

	int fd = memfd_create("guest-memory", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)memory->mapped_size) != 0) {
		if (fd >= 0)
			close(fd);
		return error_set(error, "Cannot allocate guest memory: %s", strerror(errno));
	}
	void *at = mmap(NULL, memory->mapped_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int reason = errno;
	close(fd);
	if (at == MAP_FAILED)
		return error_set(error, "Cannot map guest memory: %s", strerror(reason));
	memory->ram = at;
	uint32_t word = __builtin_bswap32(BREAK_WORD);
	memcpy(memory->ram + memory->rom_offset + PAGE_SIZE - sizeof(word), &word, sizeof(word));
	return true;
}

void memory_free(struct memory *memory)
{
	if (memory->ram)
		munmap(memory->ram, memory->mapped_size);
	memory->ram = NULL;
}

#include "runtime/cpu/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The ROM is 1023 NOPs and a BREAK (System/161 reference, section 1.12). */
#define BREAK_WORD 0x0000000Du

const struct memory_map memory_map_system161 = {
    .big_endian = true,
    .high_ram = PHYSICAL_HIGH_RAM,
    .high_shift = HIGH_RAM_SHIFT,
    .bus_base = PHYSICAL_BUS,
    .bus_end = PHYSICAL_HIGH_RAM,
    .rom_end = BREAK_WORD,
};

static void ignore_write(void *context, uint32_t offset, uint32_t size)
{
	(void)context;
	(void)offset;
	(void)size;
}

bool memory_init(struct memory *memory, uint32_t ram_size, const struct memory_map *map, struct error *error)
{
	uint32_t granules = (ram_size + PAGE_SIZE) >> CODE_GRANULE_SHIFT;

	memory->ram_size = ram_size;
	memory->map = *map;
	memory->rom_offset = ram_size;
	memory->code_map_offset = ram_size + PAGE_SIZE;
	memory->mapped_size =
	    (memory->code_map_offset + (size_t)granules + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	for (unsigned owner = 0; owner < CODE_OWNERS; owner++)
		memory->listeners[owner] = (struct code_listener){.written = ignore_write};

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
	memory_write_word(memory, memory->rom_offset + PAGE_SIZE - 4, map->rom_end);
	return true;
}

bool memory_page_has_code(const struct memory *memory, uint32_t frame)
{
	const uint8_t *granules = memory->ram + memory->code_map_offset + (frame >> CODE_GRANULE_SHIFT);

	for (unsigned i = 0; i < PAGE_SIZE >> CODE_GRANULE_SHIFT; i++)
		if (granules[i])
			return true;
	return false;
}

void memory_code_written(struct memory *memory, uint32_t offset, uint32_t size)
{
	const uint8_t *code_map = memory->ram + memory->code_map_offset;
	uint32_t last = (offset + size - 1) >> CODE_GRANULE_SHIFT, marks = 0;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT; granule <= last; granule++)
		marks |= code_map[granule];
	for (unsigned owner = 0; owner < CODE_OWNERS; owner++)
		if (marks >> owner & 1)
			memory->listeners[owner].written(memory->listeners[owner].context, offset, size);
}

void memory_free(struct memory *memory)
{
	if (memory->ram)
		munmap(memory->ram, memory->mapped_size);
	memory->ram = NULL;
}

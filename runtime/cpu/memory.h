/* Guest physical memory: RAM, the boot ROM and the code map, in one mapping that never moves.
 *
 *   ram                     ram_size bytes, in the guest's byte order
 *   ram + rom_offset        the boot ROM page
 *   ram + code_map_offset   one byte per granule of RAM: not 0 while translated code was made from it
 *
 * "Offsets" are from `ram`; a page of RAM or ROM is named by its offset, so that CPU state holds no host
 * pointer. */
#ifndef JIT161_RUNTIME_CPU_MEMORY_H
#define JIT161_RUNTIME_CPU_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "runtime/core/error.h"

#define PAGE_SIZE	   4096u
#define PAGE_MASK	   (~(PAGE_SIZE - 1))
#define CODE_GRANULE_SHIFT 7 /* 128 bytes */

/* System/161 reference, section 1.10. */
#define PHYSICAL_ROM	  0x1FC00000u
#define PHYSICAL_BUS	  0x1FE00000u
#define PHYSICAL_HIGH_RAM 0x20000000u
#define HIGH_RAM_SHIFT	  0x00400000u

#define NO_FRAME UINT32_MAX

struct memory {
	uint8_t *ram;
	uint32_t ram_size;
	uint32_t rom_offset;
	uint32_t code_map_offset;
	size_t mapped_size;
	/* Bytes that translated code was made from are about to be or have been overwritten. */
	void (*code_written)(void *context, uint32_t offset, uint32_t size);
	void *code_context;
};

bool memory_init(struct memory *memory, uint32_t ram_size, struct error *error);
void memory_free(struct memory *memory);

/* The page of RAM or ROM that holds a physical address, or NO_FRAME if there is none to execute from. */
static inline uint32_t memory_frame(const struct memory *memory, uint32_t physical)
{
	uint32_t page = physical & PAGE_MASK;

	if (page < memory->ram_size)
		return page; /* RAM is far smaller than PHYSICAL_ROM */
	if (page == PHYSICAL_ROM)
		return memory->rom_offset;
	if (page >= PHYSICAL_HIGH_RAM && page - HIGH_RAM_SHIFT < memory->ram_size)
		return page - HIGH_RAM_SHIFT;
	return NO_FRAME;
}

static inline uint32_t memory_read_word(const struct memory *memory, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, memory->ram + offset, sizeof(word));
	return __builtin_bswap32(word);
}

/* Tells the translator, if one is attached, that `size` bytes of RAM change. Every writer other than
 * translated code's own fast path calls it: interpreters, DMA, the debugger, the loader. */
static inline void memory_notify_write(struct memory *memory, uint32_t offset, uint32_t size)
{
	const uint8_t *code_map = memory->ram + memory->code_map_offset;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT;
	     granule <= (offset + size - 1) >> CODE_GRANULE_SHIFT; granule++) {
		if (code_map[granule]) {
			memory->code_written(memory->code_context, offset, size);
			return;
		}
	}
}

static inline void memory_write_word(struct memory *memory, uint32_t offset, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(memory->ram + offset, &value, sizeof(value));
	if (memory->ram[memory->code_map_offset + (offset >> CODE_GRANULE_SHIFT)])
		memory->code_written(memory->code_context, offset, sizeof(value));
}

#endif

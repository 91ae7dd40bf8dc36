/* Guest physical memory: RAM, the boot ROM and the code map, in one mapping that never moves.
 *
 *   ram                     ram_size bytes, in the guest's byte order
 *   ram + rom_offset        the boot ROM page
 *   ram + code_map_offset   one byte per granule of RAM: not 0 while code was made from it, translated or
 *                           decoded; a bit for each kind
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
#define PHYSICAL_ROM	  0x1FC00000u /* of all machines: where MIPS processors start */
#define PHYSICAL_BUS	  0x1FE00000u
#define PHYSICAL_HIGH_RAM 0x20000000u
#define HIGH_RAM_SHIFT	  0x00400000u

/* Where things are in a machine's physical memory. RAM starts at 0. */
struct memory_map {
	bool big_endian;
	/* RAM again: physical addresses from high_ram on, less high_shift. */
	uint32_t high_ram, high_shift;
	/* What is not RAM below bus_end belongs to devices; their offsets count from bus_base. */
	uint32_t bus_base, bus_end;
	uint32_t rom_end; /* the ROM's last word; the others are 0 until the machine fills them */
};
extern const struct memory_map memory_map_system161;

#define NO_FRAME UINT32_MAX

/* Who makes code from guest bytes. Bit n of the code map's bytes is owner n's. */
enum code_owner {
	CODE_TRANSLATED,
	CODE_DECODED,
	CODE_WATCHED,  /* no code: data that a debugger watches (debug.h) */
	CODE_STANDING, /* no code: a loop that processors stand still in (runtime/vm/still.c) */
	CODE_OWNERS
};

/* What an owner is told: bytes in granules that it has marked are about to be or have been overwritten. */
struct code_listener {
	void (*written)(void *context, uint32_t offset, uint32_t size);
	void *context;
};

struct memory {
	uint8_t *ram;
	uint32_t ram_size;
	struct memory_map map;
	uint32_t rom_offset;
	uint32_t code_map_offset;
	size_t mapped_size;
	struct code_listener listeners[CODE_OWNERS];
};

bool memory_init(struct memory *memory, uint32_t ram_size, const struct memory_map *map, struct error *error);
void memory_free(struct memory *memory);

/* Marks a granule as holding an owner's code, or no more. Who marks the first granule of a page takes away write
 * permission from the soft TLBs (soft_tlb_protect). */
static inline void memory_mark_code(struct memory *memory, uint32_t granule, enum code_owner owner,
				    bool marked)
{
	uint8_t *byte = &memory->ram[memory->code_map_offset + granule];

	*byte = (uint8_t)(marked ? *byte | 1u << owner : *byte & ~(1u << owner));
}

static inline bool memory_is_marked(const struct memory *memory, uint32_t offset, enum code_owner owner)
{
	return memory->ram[memory->code_map_offset + (offset >> CODE_GRANULE_SHIFT)] >> owner & 1;
}

/* Whether any granule of a RAM page is marked. */
bool memory_page_has_code(const struct memory *memory, uint32_t frame);

/* Tells the owners of marks in the range. */
void memory_code_written(struct memory *memory, uint32_t offset, uint32_t size);

/* The page of RAM or ROM that holds a physical address, or NO_FRAME if there is none to execute from. */
static inline uint32_t memory_frame(const struct memory *memory, uint32_t physical)
{
	uint32_t page = physical & PAGE_MASK;

	if (page < memory->ram_size)
		return page; /* RAM is far smaller than PHYSICAL_ROM */
	if (page == PHYSICAL_ROM)
		return memory->rom_offset;
	if (page >= memory->map.high_ram && page - memory->map.high_shift < memory->ram_size)
		return page - memory->map.high_shift;
	return NO_FRAME;
}

/* A word between host order, which is little-endian, and the guest's. */
static inline uint32_t memory_word_order(uint32_t word, bool big_endian)
{
	return big_endian ? __builtin_bswap32(word) : word;
}

/* For those who know the byte order at compile time. */
static inline uint32_t memory_read_word_in(const struct memory *memory, uint32_t offset, bool big_endian)
{
	uint32_t word;

	memcpy(&word, memory->ram + offset, sizeof(word));
	return memory_word_order(word, big_endian);
}

static inline uint32_t memory_read_word(const struct memory *memory, uint32_t offset)
{
	return memory_read_word_in(memory, offset, memory->map.big_endian);
}

/* Tells whoever made code from them that `size` bytes of RAM change. Every writer other than an engine's own
 * fast path, which tests the code map itself, calls it: interpreters, DMA, the debugger, the loader. */
static inline void memory_notify_write(struct memory *memory, uint32_t offset, uint32_t size)
{
	const uint8_t *code_map = memory->ram + memory->code_map_offset;

	for (uint32_t granule = offset >> CODE_GRANULE_SHIFT;
	     granule <= (offset + size - 1) >> CODE_GRANULE_SHIFT; granule++) {
		if (code_map[granule]) {
			memory_code_written(memory, offset, size);
			return;
		}
	}
}

static inline void memory_write_word_in(struct memory *memory, uint32_t offset, uint32_t value,
					bool big_endian)
{
	value = memory_word_order(value, big_endian);
	memcpy(memory->ram + offset, &value, sizeof(value));
	if (memory->ram[memory->code_map_offset + (offset >> CODE_GRANULE_SHIFT)])
		memory_code_written(memory, offset, sizeof(value));
}

static inline void memory_write_word(struct memory *memory, uint32_t offset, uint32_t value)
{
	memory_write_word_in(memory, offset, value, memory->map.big_endian);
}

#endif

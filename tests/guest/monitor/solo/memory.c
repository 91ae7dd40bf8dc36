/* A program's memory: one table for its 8 MiB, pages of zeros on demand, its code read-only. Entries are EntryLo words. */
#include "tests/guest/monitor/solo/solo.h"

#include "tests/guest/common/string.h"

#define USER_END (USER_PAGES * PAGE_SIZE)
/* In the low byte, which the hardware ignores: a page that may be used. */
#define NOTE_WANTED 1

/* As much of ELF as the loader needs. */
struct elf_header {
	uint8_t unused1[24];
	uint32_t entry, segments_offset;
	uint8_t unused2[12];
	uint16_t segment_count;
};
struct elf_segment {
	uint32_t type, offset, vaddr, paddr, file_size, memory_size, flags, alignment;
};
#define ELF_LOAD  1
#define ELF_WRITE 2

uint32_t page_table[USER_PAGES];
uint32_t faults;

static uint32_t first_frame, next_frame, frame_end, heap_end;

void memory_start(uint32_t end)
{
	first_frame = (uint32_t)(kernel_end - segment);
	frame_end = (end - (uint32_t)segment) & ~(PAGE_SIZE - 1);
	memory_clear();
}

void memory_clear(void)
{
	memset(page_table, 0, sizeof(page_table));
	next_frame = first_frame;
}

static void want(uint32_t from, uint32_t to)
{
	for (uint32_t page = from / PAGE_SIZE; page <= (to - 1) / PAGE_SIZE; page++)
		page_table[page] |= NOTE_WANTED;
}

char *memory_page(uint32_t address)
{
	return segment + (page_table[address / PAGE_SIZE] & ENTRYLO_FRAME) + address % PAGE_SIZE;
}

static bool fill(uint32_t address)
{
	uint32_t *entry = &page_table[address / PAGE_SIZE];

	if (*entry & ENTRYLO_VALID)
		return true;
	if (!(*entry & NOTE_WANTED) || next_frame == frame_end)
		return false;
	*entry |= next_frame | ENTRYLO_VALID | ENTRYLO_WRITE;
	next_frame += PAGE_SIZE;
	memset(memory_page(address & ~(PAGE_SIZE - 1)), 0, PAGE_SIZE);
	return true;
}

bool memory_load(const uint8_t *elf, uint32_t *entry)
{
	const struct elf_header *header = (const struct elf_header *)elf;
	const struct elf_segment *part = (const struct elf_segment *)(elf + header->segments_offset);

	for (unsigned i = 0; i < header->segment_count; i++, part++) {
		uint32_t end = part->vaddr + part->memory_size;

		if (part->type != ELF_LOAD || part->memory_size == 0)
			continue;
		if (end > USER_END || end < part->vaddr)
			return false;
		want(part->vaddr, end);
		for (uint32_t n = 0; n < part->file_size; n++) {
			if (!fill(part->vaddr + n))
				return false;
			*memory_page(part->vaddr + n) = (char)elf[part->offset + n];
		}
		if (!(part->flags & ELF_WRITE)) {
			for (uint32_t page = part->vaddr / PAGE_SIZE; page <= (end - 1) / PAGE_SIZE; page++)
				page_table[page] &= ~(uint32_t)ENTRYLO_WRITE;
		}
		heap_end = (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	}
	want(USER_END - STACK_PAGES * PAGE_SIZE, USER_END);
	*entry = header->entry;
	return true;
}

bool memory_fault(uint32_t address)
{
	uint32_t page = address / PAGE_SIZE;

	if (page >= USER_PAGES || (page_table[page] & ENTRYLO_VALID) || !fill(address))
		return false;
	faults++;
	tlb_replace(address, page_table[page]);
	return true;
}

uint32_t memory_grow(uint32_t bytes)
{
	uint32_t old = heap_end, size = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	if (size > USER_END - STACK_PAGES * PAGE_SIZE - old)
		return 0;
	heap_end += size;
	if (size != 0)
		want(old, heap_end);
	return old;
}

bool memory_readable(uint32_t address, uint32_t length)
{
	if (length == 0 || address >= USER_END || length > USER_END - address)
		return false;
	for (uint32_t page = address / PAGE_SIZE; page <= (address + length - 1) / PAGE_SIZE; page++) {
		if (!(page_table[page] & ENTRYLO_VALID) && !memory_fault(page * PAGE_SIZE))
			return false;
	}
	return true;
}

/* Guest memory for gdb: by virtual address, through the selected processor's TLB. Devices are never touched. */
#include "runtime/vm/gdb_internal.h"

#include <string.h>

/* Where a virtual address is in RAM or ROM, or NO_FRAME. What the processor could not access for want of a privilege or a
 * dirty bit, the debugger can. */
static uint32_t find(const struct gdb *gdb, uint32_t va)
{
	uint32_t physical;

	if (!cpu_translate_quietly(gdb_cpu(gdb), va, ACCESS_LOAD, false, &physical))
		return NO_FRAME;
	uint32_t frame = memory_frame(&gdb->vm->memory, physical);
	return frame == NO_FRAME ? NO_FRAME : frame | (physical & ~PAGE_MASK);
}

static size_t to_page_end(uint32_t va, size_t size)
{
	size_t left = PAGE_SIZE - (va & ~PAGE_MASK);

	return size < left ? size : left;
}

size_t gdb_peek(const struct gdb *gdb, uint32_t va, uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t part = to_page_end(va, size - done);
		uint32_t offset = find(gdb, va);

		if (offset == NO_FRAME)
			break;
		memcpy(bytes + done, gdb->vm->memory.ram + offset, part);
		done += part;
		va += (uint32_t)part;
	}
	return done;
}

void gdb_read_memory(struct gdb *gdb, const char *arguments)
{
	uint8_t bytes[GDB_MAX_PACKET / 2 - 1];
	char text[GDB_MAX_PACKET];
	uint32_t va, size;

	if (!gdb_parse_hex(&arguments, &va) || *arguments++ != ',' || !gdb_parse_hex(&arguments, &size) ||
	    *arguments) {
		gdb_reply(gdb, "E01");
		return;
	}
	size_t count = gdb_peek(gdb, va, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
	if (count == 0 && size > 0) {
		gdb_reply(gdb, "E03");
		return;
	}
	gdb_put_bytes(text, bytes, count);
	gdb_reply(gdb, text);
}

/* All bytes or none. */
static bool poke(struct gdb *gdb, uint32_t va, const uint8_t *bytes, size_t size)
{
	struct memory *memory = &gdb->vm->memory;

	for (size_t done = 0; done < size; done += to_page_end(va + (uint32_t)done, size - done))
		if (find(gdb, va + (uint32_t)done) >= memory->ram_size)
			return false; /* not mapped, a device, or the ROM */
	for (size_t done = 0, part; done < size; done += part) {
		uint32_t offset = find(gdb, va + (uint32_t)done);

		part = to_page_end(va + (uint32_t)done, size - done);
		memcpy(memory->ram + offset, bytes + done, part);
		memory_notify_write(memory, offset, (uint32_t)part);
	}
	return true;
}

void gdb_write_memory(struct gdb *gdb, const char *arguments, size_t size, bool binary)
{
	const char *end = arguments + size;
	uint8_t bytes[GDB_MAX_PACKET];
	uint32_t va, count;

	if (!gdb_parse_hex(&arguments, &va) || *arguments++ != ',' || !gdb_parse_hex(&arguments, &count) ||
	    *arguments++ != ':') {
		gdb_reply(gdb, "E01");
		return;
	}
	size_t left = (size_t)(end - arguments);
	if (binary ? left != count
		   : !gdb_parse_bytes(arguments, left, bytes, left / 2) || left != 2 * (size_t)count) {
		gdb_reply(gdb, "E01");
		return;
	}
	gdb_reply(gdb, poke(gdb, va, binary ? (const uint8_t *)arguments : bytes, count) ? "OK" : "E03");
}

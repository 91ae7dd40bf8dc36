#include "elf_image.h"

#include <stdio.h>
#include <string.h>

void elf_put16(struct elf_image *image, size_t offset, uint32_t value)
{
	image->bytes[offset] = (uint8_t)(value >> 8);
	image->bytes[offset + 1] = (uint8_t)value;
}

void elf_put32(struct elf_image *image, size_t offset, uint32_t value)
{
	elf_put16(image, offset, value >> 16);
	elf_put16(image, offset + 2, value);
}

uint32_t elf_get32(const struct elf_image *image, size_t offset)
{
	const uint8_t *at = image->bytes + offset;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void elf_start(struct elf_image *image, uint32_t entry)
{
	static const uint8_t ident[] = {0x7F, 'E', 'L', 'F', 1 /* 32 bits */, 2 /* big-endian */, 1};

	memset(image, 0, sizeof(*image));
	memcpy(image->bytes, ident, sizeof(ident));
	elf_put16(image, ELF_TYPE_OFFSET, 2);	 /* ET_EXEC */
	elf_put16(image, ELF_MACHINE_OFFSET, 8); /* EM_MIPS */
	elf_put32(image, ELF_VERSION_OFFSET, 1);
	elf_put32(image, ELF_ENTRY_OFFSET, entry);
	elf_put32(image, ELF_PHOFF_OFFSET, ELF_HEADER_SIZE);
	elf_put16(image, 40, ELF_HEADER_SIZE);
	elf_put16(image, ELF_PHENTSIZE_OFFSET, ELF_PROGRAM_HEADER);
	image->size = ELF_FIRST_CODE;
}

size_t elf_add_header(struct elf_image *image, uint32_t type, uint32_t offset, uint32_t address,
		      uint32_t file_size, uint32_t size)
{
	unsigned number = image->bytes[ELF_PHNUM_OFFSET + 1];
	size_t header = ELF_HEADER_SIZE + number * ELF_PROGRAM_HEADER;

	elf_put16(image, ELF_PHNUM_OFFSET, number + 1);
	elf_put32(image, header + SEGMENT_TYPE, type);
	elf_put32(image, header + SEGMENT_OFFSET, offset);
	elf_put32(image, header + SEGMENT_ADDRESS, address);
	elf_put32(image, header + 12, address);
	elf_put32(image, header + SEGMENT_FILE_SIZE, file_size);
	elf_put32(image, header + SEGMENT_SIZE, size);
	elf_put32(image, header + 24, 7); /* readable, writable, executable */
	elf_put32(image, header + 28, 4);
	return header;
}

size_t elf_add_segment(struct elf_image *image, uint32_t address, const uint32_t *words, size_t count)
{
	size_t start = image->size;

	for (size_t i = 0; i < count; i++, image->size += 4)
		elf_put32(image, image->size, words[i]);
	return elf_add_header(image, 1, (uint32_t)start, address, (uint32_t)(4 * count),
			      (uint32_t)(4 * count));
}

bool elf_write(const struct elf_image *image, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return false;
	bool good = fwrite(image->bytes, 1, image->size, file) == image->size;
	return fclose(file) == 0 && good;
}

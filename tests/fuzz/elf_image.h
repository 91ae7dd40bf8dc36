/* Small ELF kernels made in memory, for tests to load and to damage. */
#ifndef JIT161_TESTS_FUZZ_ELF_IMAGE_H
#define JIT161_TESTS_FUZZ_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_IMAGE_MAX	     32768u
#define ELF_IMAGE_SEGMENTS   8u
#define ELF_HEADER_SIZE	     52u
#define ELF_PROGRAM_HEADER   32u
#define ELF_FIRST_CODE	     (ELF_HEADER_SIZE + ELF_IMAGE_SEGMENTS * ELF_PROGRAM_HEADER)
#define ELF_TYPE_OFFSET	     16u
#define ELF_MACHINE_OFFSET   18u
#define ELF_VERSION_OFFSET   20u
#define ELF_ENTRY_OFFSET     24u
#define ELF_PHOFF_OFFSET     28u
#define ELF_PHENTSIZE_OFFSET 42u
#define ELF_PHNUM_OFFSET     44u

/* Offsets within a program header. */
enum {
	SEGMENT_TYPE = 0,
	SEGMENT_OFFSET = 4,
	SEGMENT_ADDRESS = 8,
	SEGMENT_FILE_SIZE = 16,
	SEGMENT_SIZE = 20
};

struct elf_image {
	uint8_t bytes[ELF_IMAGE_MAX];
	size_t size;
};

void elf_put16(struct elf_image *image, size_t offset, uint32_t value);
void elf_put32(struct elf_image *image, size_t offset, uint32_t value);
uint32_t elf_get32(const struct elf_image *image, size_t offset);

/* A big-endian MIPS executable without segments. */
void elf_start(struct elf_image *image, uint32_t entry);

/* Appends words and a program header that loads them. Returns the program header's offset. */
size_t elf_add_segment(struct elf_image *image, uint32_t address, const uint32_t *words, size_t count);

/* Appends a program header alone. */
size_t elf_add_header(struct elf_image *image, uint32_t type, uint32_t offset, uint32_t address,
		      uint32_t file_size, uint32_t size);

bool elf_write(const struct elf_image *image, const char *path);

#endif

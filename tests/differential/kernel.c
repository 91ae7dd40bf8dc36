#include "tests/differential/kernel.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"

#define KSEG0	  0x80000000u
#define PAGE_SIZE 4096u

#define JR_31_WORD	   0x03E00008u
#define FLAGS_O32_MIPS32R2 0x70001000u // e_flags

static uint32_t first_page(const struct target *target, unsigned count)
{
	return (target->base + LAYOUT_PROGRAMS + count * PROGRAM_SIZE + PAGE_SIZE - 1) / PAGE_SIZE;
}

void kernel_generate(struct kernel *kernel, const struct target *target, const struct style *style,
		     uint64_t seed, unsigned count)
{
	*kernel = (struct kernel){.target = target, .style = *style, .count = count, .running = count};
	kernel->programs = calloc(count, sizeof(*kernel->programs));
	if (!kernel->programs)
		abort();
	for (unsigned i = 0; i < count; i++) {
		program_generate(&kernel->programs[i], target, style, (seed << 20) + i,
				 first_page(target, count) + i / 2, i % 2);
		kernel->programs[i].prelude = seed;
	}
}

void kernel_free(struct kernel *kernel)
{
	free(kernel->programs);
}

// Physical address behind the last byte.
static uint32_t image_end(const struct kernel *kernel)
{
	uint32_t end = kernel->target->base + LAYOUT_PROGRAMS + kernel->count * PROGRAM_SIZE;

	for (unsigned i = 0; i < kernel->running; i++) {
		const struct program *program = &kernel->programs[i];

		if (program->address + 4 * program->count > end)
			end = program->address + 4 * program->count;
	}
	return end;
}

uint32_t kernel_ram_size(const struct kernel *kernel)
{
	uint32_t size = (image_end(kernel) / PAGE_SIZE + 2) * PAGE_SIZE;

	return size > kernel->target->ram_size ? size : kernel->target->ram_size;
}

bool kernel_write_conf(const struct kernel *kernel, FILE *file)
{
	return fprintf(file, "0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=%u\n",
		       kernel_ram_size(kernel)) > 0;
}

// The file: an ELF header, and from the next page on the bytes from the target's base.
struct image {
	const struct target *target;
	uint8_t *elf;
};

static void put_number(const struct image *image, uint8_t *at, uint32_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(number >> 8 * (image->target->big_endian ? bytes - 1 - i : i));
}

// A word of RAM.
static void put_word(const struct image *image, uint32_t physical, uint32_t word)
{
	put_number(image, image->elf + PAGE_SIZE + physical - image->target->base, word, 4);
}

// What the handlers start with: instructions that disturb nothing but what the digest takes in.
static void put_prelude(const struct image *image, uint32_t vector, struct numbers *numbers)
{
	static const uint32_t words[] = {
	    0,		// nop
	    0x0000d010, // mfhi k0
	    0x0000d812, // mflo k1
	    0x401a4800, // mfc0 k0, count
	    0x401b0800, // mfc0 k1, random
	    0x401a5000, // mfc0 k0, entryhi
	    0x401b7000, // mfc0 k1, epc
	    0x0000000f, // sync
	    0x275a0001, // addiu k0, k0, 1
	    0x42000008, // tlbp
	};

	for (unsigned i = 0; i < PRELUDE_WORDS; i++)
		put_word(image, vector + 4 * i,
			 words[numbers_below(numbers, sizeof(words) / sizeof(words[0]))]);
}

// The places where programs put code: each instruction that may come is followed by a return.
static void put_places(const struct image *image)
{
	for (unsigned i = 0; i < 2 * GENERATED_PLACES; i++) {
		uint32_t place = image->target->base + LAYOUT_DATA + i / GENERATED_PLACES * PAGE_SIZE +
				 GENERATED_START + i % GENERATED_PLACES * GENERATED_BYTES;

		put_word(image, place + 16, JR_31_WORD);
		put_word(image, place + 24, JR_31_WORD);
	}
}

static void put_program(const struct image *image, const struct program *program, uint32_t row)
{
	for (unsigned i = 0; i < PROGRAM_SIZE / 4; i++)
		put_word(image, row + 4 * i, program->table[i]);
	for (unsigned i = 0; i < program->count; i++)
		put_word(image, program->address + 4 * i, program->words[i]);
}

#define PUT(type, at, field, number)                                                                         \
	put_number(image, (at) + offsetof(type, field), (number), sizeof(((type *)0)->field))

static void put_headers(const struct image *image, uint32_t size)
{
	const struct target *target = image->target;
	uint8_t *elf = image->elf, *segment = elf + sizeof(Elf32_Ehdr);

	memcpy(elf, ELFMAG, SELFMAG);
	elf[EI_CLASS] = ELFCLASS32;
	elf[EI_DATA] = target->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	elf[EI_VERSION] = EV_CURRENT;
	PUT(Elf32_Ehdr, elf, e_type, ET_EXEC);
	PUT(Elf32_Ehdr, elf, e_machine, EM_MIPS);
	PUT(Elf32_Ehdr, elf, e_version, EV_CURRENT);
	PUT(Elf32_Ehdr, elf, e_entry, KSEG0 + target->base + LAYOUT_ENTRY);
	PUT(Elf32_Ehdr, elf, e_phoff, sizeof(Elf32_Ehdr));
	PUT(Elf32_Ehdr, elf, e_flags, target->cpu ? FLAGS_O32_MIPS32R2 : 0);
	PUT(Elf32_Ehdr, elf, e_ehsize, sizeof(Elf32_Ehdr));
	PUT(Elf32_Ehdr, elf, e_phentsize, sizeof(Elf32_Phdr));
	PUT(Elf32_Ehdr, elf, e_phnum, 1);
	PUT(Elf32_Phdr, segment, p_type, PT_LOAD);
	PUT(Elf32_Phdr, segment, p_offset, PAGE_SIZE);
	PUT(Elf32_Phdr, segment, p_vaddr, KSEG0 + target->base);
	PUT(Elf32_Phdr, segment, p_paddr, KSEG0 + target->base);
	PUT(Elf32_Phdr, segment, p_filesz, size);
	PUT(Elf32_Phdr, segment, p_memsz, size);
	PUT(Elf32_Phdr, segment, p_flags, PF_R | PF_W | PF_X);
	PUT(Elf32_Phdr, segment, p_align, PAGE_SIZE);
}

bool kernel_write_elf(const struct kernel *kernel, FILE *file)
{
	const struct target *target = kernel->target;
	uint32_t size = image_end(kernel) - target->base, header = target->base + LAYOUT_HEADER;
	struct image image = {.target = target, .elf = calloc(1, PAGE_SIZE + size)};
	struct numbers numbers = {kernel->programs[0].prelude};

	if (!image.elf)
		abort();
	put_headers(&image, size);
	memcpy(image.elf + PAGE_SIZE, target->driver, (size_t)(target->driver_end - target->driver));
	if (!target->cpu) {
		put_prelude(&image, LAYOUT_REFILL, &numbers);
		put_prelude(&image, MIPS161_GENERAL, &numbers);
	}
	put_places(&image);
	put_word(&image, header + HEADER_COUNT, kernel->running);
	put_word(&image, header + HEADER_DUMP, kernel->dump);
	put_word(&image, header + HEADER_DEFINED, kernel->style.defined);
	for (unsigned i = 0; i < kernel->running; i++)
		put_program(&image, &kernel->programs[i], target->base + LAYOUT_PROGRAMS + i * PROGRAM_SIZE);
	bool ok = fwrite(image.elf, 1, PAGE_SIZE + size, file) == PAGE_SIZE + size;
	free(image.elf);
	return ok;
}

void kernel_write_text(const struct kernel *kernel, const struct program *program, FILE *file)
{
	uint32_t va = program->table[PROGRAM_ENTRY / 4];

	fprintf(file, "target %s\n%s", kernel->target->name, kernel->style.defined ? "defined\n" : "");
	fprintf(file, "prelude %llu\n", (unsigned long long)program->prelude);
	fprintf(file, "at %08x\n", program->address);
	for (unsigned i = 0; i < PROGRAM_SIZE / 4; i++)
		if (program->table[i])
			fprintf(file, "table %u %08x\n", i * 4, program->table[i]);
	for (unsigned i = 0; i < program->count; i++) {
		struct insn insn;
		char text[96];

		mips_decode(kernel->target->isa, program->words[i], &insn);
		mips_disassemble(&insn, va + 4 * i, text, sizeof(text));
		fprintf(file, "word %08x # %08x: %s\n", program->words[i], va + 4 * i, text);
	}
}

static bool read_line(struct kernel *kernel, const char *line)
{
	struct program *program = kernel->programs;
	unsigned long long prelude;
	unsigned offset, value;
	char name[32];

	if (line[0] == '#' || line[0] == '\n')
		return true;
	if (sscanf(line, "target %31s", name) == 1)
		kernel->target = target_find(name, 0);
	else if (strcmp(line, "defined\n") == 0)
		kernel->style.defined = true;
	else if (sscanf(line, "prelude %llu", &prelude) == 1)
		program->prelude = prelude;
	else if (sscanf(line, "at %x", &value) == 1)
		program->address = value;
	else if (sscanf(line, "table %u %x", &offset, &value) == 2 && offset < PROGRAM_SIZE)
		program->table[offset / 4] = value;
	else if (sscanf(line, "word %x", &value) == 1 && program->count < PROGRAM_WORDS_MAX)
		program->words[program->count++] = value;
	else
		return false;
	return kernel->target;
}

bool kernel_read_text(struct kernel *kernel, FILE *file)
{
	char line[256];
	bool ok = true;

	*kernel = (struct kernel){.target = &target_mips161,
				  .count = 1,
				  .running = 1,
				  .programs = calloc(1, sizeof(struct program))};
	if (!kernel->programs)
		abort();
	while (ok && fgets(line, sizeof(line), file))
		ok = read_line(kernel, line);
	if (ok) {
		uint32_t offset = kernel->programs->address - kernel->target->base;

		ok = offset >= LAYOUT_PROGRAMS + PROGRAM_SIZE && offset < 15u << 20;
	}
	if (!ok)
		kernel_free(kernel);
	return ok;
}

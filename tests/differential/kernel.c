#include "tests/differential/kernel.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"

#define KSEG0	  0x80000000u
#define PAGE_SIZE 4096u

extern const uint8_t driver_image[], driver_image_end[];

static uint32_t first_page(unsigned count)
{
	return (LAYOUT_PROGRAMS + count * PROGRAM_SIZE + PAGE_SIZE - 1) / PAGE_SIZE;
}

void kernel_generate(struct kernel *kernel, uint64_t seed, unsigned count)
{
	*kernel = (struct kernel){.count = count, .running = count};
	kernel->programs = calloc(count, sizeof(*kernel->programs));
	if (!kernel->programs)
		abort();
	for (unsigned i = 0; i < count; i++) {
		program_generate(&kernel->programs[i], (seed << 20) + i, first_page(count) + i / 2, i % 2);
		kernel->programs[i].prelude = seed;
	}
}

void kernel_free(struct kernel *kernel)
{
	free(kernel->programs);
}

static uint32_t image_end(const struct kernel *kernel)
{
	uint32_t end = LAYOUT_PROGRAMS + kernel->count * PROGRAM_SIZE;

	for (unsigned i = 0; i < kernel->running; i++) {
		const struct program *program = &kernel->programs[i];

		if (program->address + 4 * program->count > end)
			end = program->address + 4 * program->count;
	}
	return end;
}

uint32_t kernel_ram_size(const struct kernel *kernel)
{
	return (image_end(kernel) / PAGE_SIZE + 2) * PAGE_SIZE;
}

bool kernel_write_conf(const struct kernel *kernel, FILE *file)
{
	return fprintf(file, "0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=%u\n",
		       kernel_ram_size(kernel)) > 0;
}

static void put_word(uint8_t *at, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void put_half(uint8_t *at, uint32_t half)
{
	at[0] = (uint8_t)(half >> 8);
	at[1] = (uint8_t)half;
}

// What the handlers start with: instructions that disturb nothing but what the digest takes in.
static void put_prelude(uint8_t *image, struct numbers *numbers)
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
		put_word(image + 4 * i, words[numbers_below(numbers, sizeof(words) / sizeof(words[0]))]);
}

bool kernel_write_elf(const struct kernel *kernel, FILE *file)
{
	uint32_t size = image_end(kernel);
	uint32_t header = PAGE_SIZE;
	uint8_t *elf = calloc(1, header + size), *image = elf + header;
	struct numbers numbers = {kernel->programs[0].prelude};

	if (!elf)
		abort();
	memcpy(elf, ELFMAG, SELFMAG);
	elf[EI_CLASS] = ELFCLASS32;
	elf[EI_DATA] = ELFDATA2MSB;
	elf[EI_VERSION] = EV_CURRENT;
	put_half(elf + offsetof(Elf32_Ehdr, e_type), ET_EXEC);
	put_half(elf + offsetof(Elf32_Ehdr, e_machine), EM_MIPS);
	put_word(elf + offsetof(Elf32_Ehdr, e_version), EV_CURRENT);
	put_word(elf + offsetof(Elf32_Ehdr, e_entry), KSEG0 + LAYOUT_ENTRY);
	put_word(elf + offsetof(Elf32_Ehdr, e_phoff), sizeof(Elf32_Ehdr));
	put_half(elf + offsetof(Elf32_Ehdr, e_ehsize), sizeof(Elf32_Ehdr));
	put_half(elf + offsetof(Elf32_Ehdr, e_phentsize), sizeof(Elf32_Phdr));
	put_half(elf + offsetof(Elf32_Ehdr, e_phnum), 1);
	uint8_t *segment = elf + sizeof(Elf32_Ehdr);
	put_word(segment + offsetof(Elf32_Phdr, p_type), PT_LOAD);
	put_word(segment + offsetof(Elf32_Phdr, p_offset), header);
	put_word(segment + offsetof(Elf32_Phdr, p_vaddr), KSEG0);
	put_word(segment + offsetof(Elf32_Phdr, p_paddr), KSEG0);
	put_word(segment + offsetof(Elf32_Phdr, p_filesz), size);
	put_word(segment + offsetof(Elf32_Phdr, p_memsz), size);
	put_word(segment + offsetof(Elf32_Phdr, p_flags), PF_R | PF_W | PF_X);
	put_word(segment + offsetof(Elf32_Phdr, p_align), PAGE_SIZE);

	memcpy(image, driver_image, (size_t)(driver_image_end - driver_image));
	put_prelude(image + LAYOUT_UTLB + PRELUDE_OFFSET, &numbers);
	put_prelude(image + LAYOUT_GENERAL + PRELUDE_OFFSET, &numbers);
	put_word(image + LAYOUT_HEADER + HEADER_COUNT, kernel->running);
	put_word(image + LAYOUT_HEADER + HEADER_DUMP, kernel->dump);
	for (unsigned i = 0; i < kernel->running; i++) {
		const struct program *program = &kernel->programs[i];

		for (unsigned k = 0; k < PROGRAM_SIZE / 4; k++)
			put_word(image + LAYOUT_PROGRAMS + i * PROGRAM_SIZE + 4 * k, program->table[k]);
		for (unsigned k = 0; k < program->count; k++)
			put_word(image + program->address + 4 * k, program->words[k]);
	}
	bool ok = fwrite(elf, 1, header + size, file) == header + size;
	free(elf);
	return ok;
}

void program_write_text(const struct program *program, FILE *file)
{
	uint32_t va = program->table[PROGRAM_ENTRY / 4];

	fprintf(file, "prelude %llu\n", (unsigned long long)program->prelude);
	fprintf(file, "at %08x\n", program->address);
	for (unsigned i = 0; i < PROGRAM_SIZE / 4; i++)
		if (program->table[i])
			fprintf(file, "table %u %08x\n", i * 4, program->table[i]);
	for (unsigned i = 0; i < program->count; i++) {
		struct insn insn;
		char text[96];

		mips_decode(&mips_isa_mips161, program->words[i], &insn);
		mips_disassemble(&insn, va + 4 * i, text, sizeof(text));
		fprintf(file, "word %08x # %08x: %s\n", program->words[i], va + 4 * i, text);
	}
}

bool program_read_text(struct program *program, FILE *file)
{
	char line[256];

	memset(program, 0, sizeof(*program));
	while (fgets(line, sizeof(line), file)) {
		unsigned long long prelude;
		unsigned offset, value;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "prelude %llu", &prelude) == 1)
			program->prelude = prelude;
		else if (sscanf(line, "at %x", &value) == 1)
			program->address = value;
		else if (sscanf(line, "table %u %x", &offset, &value) == 2 && offset < PROGRAM_SIZE)
			program->table[offset / 4] = value;
		else if (sscanf(line, "word %x", &value) == 1 && program->count < PROGRAM_WORDS_MAX)
			program->words[program->count++] = value;
		else
			return false;
	}
	return program->address >= LAYOUT_PROGRAMS + PROGRAM_SIZE && program->address < 15u << 20;
}

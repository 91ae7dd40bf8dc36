/* Reads the object files that LLVM makes, before they are linked. Only what code may hold that moves with its
 * allocation is let through: references relative to themselves, to the same file or to the thunk table. */
#include "jit/llvm/llvm_internal.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const uint8_t *data;
	size_t size;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;
	const char *section_names;
	struct error *error;
};

/* Bytes [offset, offset + size) of the file. */
static const void *part(const struct reader *reader, uint64_t offset, uint64_t size)
{
	return offset <= reader->size && size <= reader->size - offset ? reader->data + offset : NULL;
}

static bool malformed(const struct reader *reader)
{
	return error_set(reader->error, "LLVM made an object file that cannot be read");
}

static bool check_relocations(const struct reader *reader, const Elf64_Shdr *section)
{
	const Elf64_Rela *rela = part(reader, section->sh_offset, section->sh_size);
	const Elf64_Shdr *table, *strings;
	const Elf64_Sym *symbols;
	const char *names;

	if (!rela || section->sh_link >= reader->header->e_shnum)
		return malformed(reader);
	table = &reader->sections[section->sh_link];
	if (table->sh_link >= reader->header->e_shnum)
		return malformed(reader);
	strings = &reader->sections[table->sh_link];
	symbols = part(reader, table->sh_offset, table->sh_size);
	names = part(reader, strings->sh_offset, strings->sh_size);
	if (!symbols || !names)
		return malformed(reader);

	for (size_t i = 0; i < section->sh_size / sizeof(*rela); i++) {
		const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(rela[i].r_info)];
		const char *name = names + symbol->st_name;
		unsigned type = (unsigned)ELF64_R_TYPE(rela[i].r_info);
		bool here = symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS;

		if ((type == R_X86_64_PC32 && (here || strcmp(name, THUNK_TABLE_NAME) == 0)) ||
		    (type == R_X86_64_PLT32 && here && ELF64_ST_BIND(symbol->st_info) == STB_LOCAL))
			continue;
		return error_set(reader->error,
				 "translated code does not move with its memory: relocation %u against '%s'",
				 type, name);
	}
	return true;
}

static bool check_section(const struct reader *reader, const Elf64_Shdr *section)
{
	if (section->sh_type == SHT_RELA) {
		/* Of sections that are loaded. */
		if (section->sh_info < reader->header->e_shnum &&
		    reader->sections[section->sh_info].sh_flags & SHF_ALLOC)
			return check_relocations(reader, section);
		return true;
	}
	if (section->sh_flags & SHF_ALLOC && section->sh_flags & SHF_WRITE && section->sh_size)
		return error_set(reader->error, "translated code wants writable data: section '%s'",
				 reader->section_names + section->sh_name);
	return true;
}

static int by_offset(const void *a, const void *b)
{
	const struct object_function *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool list_functions(const struct reader *reader, const Elf64_Shdr *table, unsigned text,
			   struct object *object)
{
	const Elf64_Sym *symbols = part(reader, table->sh_offset, table->sh_size);
	size_t count = table->sh_size / sizeof(*symbols);
	const Elf64_Shdr *strings = &reader->sections[table->sh_link];
	const char *names = part(reader, strings->sh_offset, strings->sh_size);

	object->functions = calloc(count + 1, sizeof(*object->functions));
	if (!object->functions)
		abort();
	if (!symbols || !names)
		return malformed(reader);
	for (size_t i = 0; i < count; i++) {
		if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx == text)
			object->functions[object->count++] = (struct object_function){
			    names + symbols[i].st_name, symbols[i].st_value, symbols[i].st_size};
	}
	qsort(object->functions, object->count, sizeof(*object->functions), by_offset);
	return true;
}

bool object_inspect(const void *data, size_t size, struct object *object, struct error *error)
{
	struct reader reader = {.data = data, .size = size, .error = error};
	const Elf64_Shdr *symbols = NULL;
	unsigned text = 0;

	*object = (struct object){0};
	reader.header = part(&reader, 0, sizeof(*reader.header));
	if (!reader.header || memcmp(reader.header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    reader.header->e_ident[EI_CLASS] != ELFCLASS64 || reader.header->e_machine != EM_X86_64)
		return malformed(&reader);
	reader.sections = part(&reader, reader.header->e_shoff,
			       (uint64_t)reader.header->e_shnum * sizeof(*reader.sections));
	if (!reader.sections || reader.header->e_shstrndx >= reader.header->e_shnum)
		return malformed(&reader);
	reader.section_names = part(&reader, reader.sections[reader.header->e_shstrndx].sh_offset,
				    reader.sections[reader.header->e_shstrndx].sh_size);
	if (!reader.section_names)
		return malformed(&reader);

	for (unsigned i = 0; i < reader.header->e_shnum; i++) {
		const Elf64_Shdr *section = &reader.sections[i];

		if (!check_section(&reader, section))
			return false;
		if (section->sh_type == SHT_SYMTAB)
			symbols = section;
		if (strcmp(reader.section_names + section->sh_name, ".text") == 0) {
			text = i;
			object->text_size = section->sh_size;
		}
	}
	if (!symbols || !text || symbols->sh_link >= reader.header->e_shnum)
		return malformed(&reader);
	return list_functions(&reader, symbols, text, object);
}

void object_free(struct object *object)
{
	free(object->functions);
	*object = (struct object){0};
}

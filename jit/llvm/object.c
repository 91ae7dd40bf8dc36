/* Reads the object files that LLVM makes: checks them and makes images of them. Only what code may hold that moves with its
 * allocation is let through: references relative to themselves, to the same file or to the thunk table; and slots. */
#include "jit/llvm/llvm_internal.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_PLACED UINT32_MAX

/* An image being put together. */
struct builder {
	const struct object *object;
	struct code_image *image;
	uint32_t *placed; /* where in it each section lies, or NOT_PLACED */
	unsigned *order;  /* sections in it */
	unsigned count;
};

/* Bytes [offset, offset + size) of the file. */
static const void *part(const struct object *object, uint64_t offset, uint64_t size)
{
	return offset <= object->size && size <= object->size - offset ? object->data + offset : NULL;
}

static bool malformed(const struct object *object)
{
	return error_set(object->error, "LLVM made an object file that cannot be read");
}

static bool read_symbols(struct object *object)
{
	for (unsigned i = 0; i < object->section_count; i++) {
		const Elf64_Shdr *section = &object->sections[i];

		if (section->sh_flags & SHF_ALLOC && section->sh_flags & SHF_WRITE && section->sh_size)
			return error_set(object->error, "translated code wants writable data: section '%s'",
					 object->section_names + section->sh_name);
		if (section->sh_type != SHT_SYMTAB || section->sh_link >= object->section_count)
			continue;
		const Elf64_Shdr *strings = &object->sections[section->sh_link];
		object->symbols = part(object, section->sh_offset, section->sh_size);
		object->symbol_count = section->sh_size / sizeof(Elf64_Sym);
		object->names = part(object, strings->sh_offset, strings->sh_size);
	}
	return (object->symbols && object->names) || malformed(object);
}

bool object_open(const void *data, size_t size, struct object *object, struct error *error)
{
	const Elf64_Ehdr *header;
	const Elf64_Shdr *names;

	*object = (struct object){.data = data, .size = size, .error = error};
	header = part(object, 0, sizeof(*header));
	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return malformed(object);
	object->sections =
	    part(object, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*object->sections));
	object->section_count = header->e_shnum;
	if (!object->sections || header->e_shstrndx >= header->e_shnum)
		return malformed(object);
	names = &object->sections[header->e_shstrndx];
	object->section_names = part(object, names->sh_offset, names->sh_size);
	return object->section_names ? read_symbols(object) : malformed(object);
}

const uint8_t *object_section(const struct object *object, const char *name, size_t *size)
{
	for (unsigned i = 0; i < object->section_count; i++) {
		const Elf64_Shdr *section = &object->sections[i];

		if (strcmp(object->section_names + section->sh_name, name) != 0)
			continue;
		*size = section->sh_size;
		return part(object, section->sh_offset, section->sh_size);
	}
	return NULL;
}

const char *object_function(const struct object *object, const char *section, size_t *next, uint64_t *offset,
			    uint64_t *size)
{
	while (*next < object->symbol_count) {
		const Elf64_Sym *symbol = &object->symbols[(*next)++];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx >= object->section_count ||
		    strcmp(object->section_names + object->sections[symbol->st_shndx].sh_name, section) != 0)
			continue;
		*offset = symbol->st_value;
		*size = symbol->st_size;
		return object->names + symbol->st_name;
	}
	return NULL;
}

/* Adds a section to the image, if it is not there. */
static bool place(struct builder *builder, unsigned number)
{
	const struct object *object = builder->object;
	const Elf64_Shdr *section = &object->sections[number];
	struct code_image *image = builder->image;
	const void *bytes = part(object, section->sh_offset, section->sh_size);
	uint64_t alignment = section->sh_addralign ? section->sh_addralign : 1;

	if (builder->placed[number] != NOT_PLACED)
		return true;
	if (!bytes || section->sh_type == SHT_NOBITS || !(section->sh_flags & SHF_ALLOC) ||
	    alignment > CODE_PAGE_SIZE || section->sh_size > UINT32_MAX / 4)
		return malformed(object);
	uint32_t start = (uint32_t)((image->size + alignment - 1) / alignment * alignment);
	uint32_t end = start + (uint32_t)section->sh_size;
	image->bytes = realloc(image->bytes, end ? end : 1);
	if (!image->bytes)
		abort();
	memset(image->bytes + image->size, 0, start - image->size);
	memcpy(image->bytes + start, bytes, section->sh_size);
	image->size = end;
	builder->placed[number] = start;
	builder->order[builder->count++] = number;
	return true;
}

static void add_site(struct code_image *image, uint32_t offset, enum image_reference reference)
{
	if ((image->site_count & (image->site_count - 1)) == 0) {
		size_t room = image->site_count ? (size_t)2 * image->site_count : 1;

		image->sites = realloc(image->sites, room * sizeof(*image->sites));
		if (!image->sites)
			abort();
	}
	image->sites[image->site_count++] = (struct image_site){offset, reference};
}

/* What a symbol that is nowhere defined stands for; false: nothing that may be referred to so. */
static bool outside(const char *name, unsigned type, enum image_reference *reference)
{
	unsigned kind, operation;

	if (strcmp(name, THUNK_TABLE_NAME) == 0) {
		*reference = IMAGE_THUNKS;
		return type == R_X86_64_PC32;
	}
	if (sscanf(name, STENCIL_HOLE_NAME, &kind, &operation) != 2 ||
	    (kind != HOLE_SLOT && kind != HOLE_SLOT_AT))
		return false;
	*reference = kind == HOLE_SLOT ? IMAGE_SLOT : IMAGE_SLOT_AT;
	if (kind == HOLE_SLOT_AT)
		return type == R_X86_64_PC32;
	return type == R_X86_64_32 || type == R_X86_64_32S;
}

static bool resolve(struct builder *builder, unsigned number, const Elf64_Rela *rela)
{
	const struct object *object = builder->object;
	struct code_image *image = builder->image;
	uint32_t site = builder->placed[number] + (uint32_t)rela->r_offset;
	unsigned type = (unsigned)ELF64_R_TYPE(rela->r_info);
	enum image_reference reference;
	int64_t value = rela->r_addend;

	if (ELF64_R_SYM(rela->r_info) >= object->symbol_count ||
	    rela->r_offset > object->sections[number].sh_size ||
	    object->sections[number].sh_size - rela->r_offset < sizeof(uint32_t))
		return malformed(object);
	const Elf64_Sym *symbol = &object->symbols[ELF64_R_SYM(rela->r_info)];
	const char *name = object->names + symbol->st_name;
	bool here = symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < object->section_count;

	if (here && (type == R_X86_64_PC32 || type == R_X86_64_PLT32)) {
		if (!place(builder, symbol->st_shndx))
			return false;
		value += (int64_t)(builder->placed[symbol->st_shndx] + symbol->st_value) - site;
	} else if (symbol->st_shndx == SHN_UNDEF && outside(name, type, &reference)) {
		add_site(image, site, reference);
	} else {
		return error_set(object->error,
				 "translated code does not move with its memory: relocation %u against '%s'",
				 type, name);
	}
	int32_t stored = (int32_t)value;
	if (stored != value)
		return malformed(object);
	memcpy(image->bytes + site, &stored, sizeof(stored));
	return true;
}

static bool resolve_section(struct builder *builder, unsigned number)
{
	const struct object *object = builder->object;

	for (unsigned i = 0; i < object->section_count; i++) {
		const Elf64_Shdr *section = &object->sections[i];
		const Elf64_Rela *rela = part(object, section->sh_offset, section->sh_size);

		if (section->sh_type != SHT_RELA || section->sh_info != number)
			continue;
		if (!rela)
			return malformed(object);
		for (size_t k = 0; k < section->sh_size / sizeof(*rela); k++)
			if (!resolve(builder, number, &rela[k]))
				return false;
	}
	return true;
}

static bool build(struct builder *builder, const char *section)
{
	const struct object *object = builder->object;

	for (unsigned i = 0; i < object->section_count; i++) {
		builder->placed[i] = NOT_PLACED;
		if (strcmp(object->section_names + object->sections[i].sh_name, section) == 0)
			builder->order[0] = i;
	}
	if (!builder->order[0])
		return malformed(object);
	if (!place(builder, builder->order[0]))
		return false;
	builder->image->code_size = builder->image->size;
	for (unsigned i = 0; i < builder->count; i++)
		if (!resolve_section(builder, builder->order[i]))
			return false;
	return true;
}

bool object_image(const struct object *object, const char *section, struct code_image *image)
{
	struct builder builder = {.object = object, .image = image};
	bool done;

	*image = (struct code_image){0};
	builder.placed = calloc(object->section_count, sizeof(*builder.placed));
	builder.order = calloc(object->section_count, sizeof(*builder.order));
	if (!builder.placed || !builder.order)
		abort();
	done = build(&builder, section);
	if (!done)
		code_image_free(image);
	free(builder.placed);
	free(builder.order);
	return done;
}

/* gdb's JIT interface: a list of ELF files in memory, and a function that gdb has a breakpoint in. Each file here has one section
 * without contents, where the code lies, and one symbol. */
#include "cli/code_names.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the gdb manual has them, with their names. */
enum jit_action {
	JIT_NOACTION,
	JIT_REGISTER_FN,
	JIT_UNREGISTER_FN
};
struct jit_code_entry {
	struct jit_code_entry *next_entry, *prev_entry;
	const char *symfile_addr;
	uint64_t symfile_size;
};
struct jit_descriptor {
	uint32_t version;
	uint32_t action_flag;
	struct jit_code_entry *relevant_entry, *first_entry;
};
extern struct jit_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);

/* The program's, for gdb looks for these names. Written by the machine's thread only. */
__attribute__((visibility("default"))) struct jit_descriptor __jit_debug_descriptor = {.version = 1};
__attribute__((visibility("default"), noinline)) void __jit_debug_register_code(void)
{
	__asm__ volatile("" ::: "memory");
}

enum section {
	SECTION_NONE,
	SECTION_TEXT,
	SECTION_SYMBOLS,
	SECTION_STRINGS,
	SECTION_COUNT
};
#define STRINGS	     "\0.text\0.symtab\0.strtab"
#define NAME_TEXT    1
#define NAME_SYMBOLS 7
#define NAME_STRINGS 15
#define NAME_CODE    sizeof(STRINGS)

struct symbol_file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[SECTION_COUNT];
	Elf64_Sym symbols[2];
	char strings[sizeof(STRINGS) + 256];
};

struct gdb_symbols {
	struct jit_code_entry entry;
	struct symbol_file file;
};

static void fill(struct symbol_file *file, const char *name, const void *code, size_t size)
{
	*file = (struct symbol_file){
	    .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		       .e_type = ET_EXEC,
		       .e_machine = EM_X86_64,
		       .e_version = EV_CURRENT,
		       .e_shoff = offsetof(struct symbol_file, sections),
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_shentsize = sizeof(Elf64_Shdr),
		       .e_shnum = SECTION_COUNT,
		       .e_shstrndx = SECTION_STRINGS},
	    .sections = {[SECTION_TEXT] = {.sh_name = NAME_TEXT,
					   .sh_type = SHT_NOBITS,
					   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
					   .sh_addr = (uintptr_t)code,
					   .sh_size = size,
					   .sh_addralign = 1},
			 [SECTION_SYMBOLS] = {.sh_name = NAME_SYMBOLS,
					      .sh_type = SHT_SYMTAB,
					      .sh_offset = offsetof(struct symbol_file, symbols),
					      .sh_size = sizeof(file->symbols),
					      .sh_link = SECTION_STRINGS,
					      .sh_info = 1,
					      .sh_addralign = 8,
					      .sh_entsize = sizeof(Elf64_Sym)},
			 [SECTION_STRINGS] = {.sh_name = NAME_STRINGS,
					      .sh_type = SHT_STRTAB,
					      .sh_offset = offsetof(struct symbol_file, strings),
					      .sh_size = sizeof(file->strings),
					      .sh_addralign = 1}},
	    .symbols = {[1] = {.st_name = NAME_CODE,
			       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			       .st_shndx = SECTION_TEXT,
			       .st_value = (uintptr_t)code,
			       .st_size = size}}};
	memcpy(file->strings, STRINGS, sizeof(STRINGS));
	snprintf(file->strings + NAME_CODE, sizeof(file->strings) - NAME_CODE, "%s", name);
}

static void tell(struct jit_code_entry *entry, enum jit_action action)
{
	__jit_debug_descriptor.relevant_entry = entry;
	__jit_debug_descriptor.action_flag = action;
	__jit_debug_register_code();
}

struct gdb_symbols *gdb_symbols_register(const char *name, const void *code, size_t size)
{
	struct gdb_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		abort();
	fill(&symbols->file, name, code, size);
	symbols->entry.symfile_addr = (const char *)&symbols->file;
	symbols->entry.symfile_size = sizeof(symbols->file);
	symbols->entry.next_entry = __jit_debug_descriptor.first_entry;
	if (symbols->entry.next_entry)
		symbols->entry.next_entry->prev_entry = &symbols->entry;
	__jit_debug_descriptor.first_entry = &symbols->entry;
	tell(&symbols->entry, JIT_REGISTER_FN);
	return symbols;
}

void gdb_symbols_unregister(struct gdb_symbols *symbols)
{
	struct jit_code_entry *entry = &symbols->entry;

	if (entry->prev_entry)
		entry->prev_entry->next_entry = entry->next_entry;
	else
		__jit_debug_descriptor.first_entry = entry->next_entry;
	if (entry->next_entry)
		entry->next_entry->prev_entry = entry->prev_entry;
	tell(entry, JIT_UNREGISTER_FN);
	free(symbols);
}

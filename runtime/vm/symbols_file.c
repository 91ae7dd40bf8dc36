/* libelf and libdw behind runtime/vm/symbols.h: a shared object of its own, since loading libdw would cost every start two
 * milliseconds. DWARF Debugging Information Format, version 5; registers of MIPS have their
 * own numbers there. */
#include "runtime/vm/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SECTIONS 64
#define SHOWN_PARTS  3 /* of a path, if all else is long */
#define MAX_DEPTH    8 /* of typedefs and of structures in structures */

struct symbol {
	uint32_t address, size;
	bool function;
	const char *name;
};

struct range {
	uint32_t start, end;
};

struct symbols_file {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *cfi[2]; /* .debug_frame and .eh_frame */
	struct symbol *table;
	size_t count;
	size_t code_count; /* the first ones, in order of addresses; the others are data */
	struct range code[MAX_SECTIONS];
	unsigned ranges;
};

/* --- symbols --- */

/* Code first, then by address; of several at one address functions first. */
static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (int)y->function - (int)x->function;
}

static bool file_is_code(const struct symbols_file *symbols, uint32_t pc)
{
	for (unsigned i = 0; i < symbols->ranges; i++)
		if (pc - symbols->code[i].start < symbols->code[i].end - symbols->code[i].start)
			return true;
	return symbols->ranges == 0;
}

static void add_symbols(struct symbols_file *symbols, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	if (count == 0 || count > INT_MAX || symbols->table)
		return;
	symbols->table = calloc(count, sizeof(*symbols->table));
	for (size_t i = 0; symbols->table && i < count; i++) {
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
			continue;
		unsigned type = GELF_ST_TYPE(symbol.st_info);
		if (type != STT_FUNC && type != STT_NOTYPE && type != STT_OBJECT)
			continue;
		name = elf_strptr(symbols->elf, header->sh_link, symbol.st_name);
		/* The assembler's own labels say nothing. */
		if (!name || !*name || name[0] == '$' || (name[0] == '.' && name[1] == 'L'))
			continue;
		symbols->table[symbols->count++] = (struct symbol){
		    .address = (uint32_t)symbol.st_value,
		    .size = (uint32_t)symbol.st_size,
		    .function = type == STT_FUNC,
		    .name = name,
		};
	}
}

static void read_sections(struct symbols_file *symbols)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(symbols->elf, section));) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB)
			add_symbols(symbols, section, &header);
		if ((header.sh_flags & SHF_ALLOC) && (header.sh_flags & SHF_EXECINSTR) &&
		    symbols->ranges < MAX_SECTIONS)
			symbols->code[symbols->ranges++] = (struct range){
			    (uint32_t)header.sh_addr, (uint32_t)(header.sh_addr + header.sh_size)};
	}
}

/* Moves the symbols of code to the front. */
static void sort_symbols(struct symbols_file *symbols)
{
	size_t code = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		if (!file_is_code(symbols, symbols->table[i].address))
			continue;
		struct symbol other = symbols->table[code];
		symbols->table[code++] = symbols->table[i];
		symbols->table[i] = other;
	}
	symbols->code_count = code;
	if (code)
		qsort(symbols->table, code, sizeof(*symbols->table), compare);
}

static struct symbols_file *file_open(int fd)
{
	struct symbols_file *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		abort();
	symbols->fd = dup(fd);
	if (symbols->fd >= 0 && elf_version(EV_CURRENT) != EV_NONE)
		symbols->elf = elf_begin(symbols->fd, ELF_C_READ, NULL);
	if (!symbols->elf || elf_kind(symbols->elf) != ELF_K_ELF)
		return symbols;
	read_sections(symbols);
	sort_symbols(symbols);
	symbols->dwarf = dwarf_begin_elf(symbols->elf, DWARF_C_READ, NULL);
	if (symbols->dwarf)
		symbols->cfi[0] = dwarf_getcfi(symbols->dwarf);
	symbols->cfi[1] = dwarf_getcfi_elf(symbols->elf);
	return symbols;
}

static void file_close(struct symbols_file *symbols)
{
	if (!symbols)
		return;
	if (symbols->cfi[1])
		dwarf_cfi_end(symbols->cfi[1]);
	if (symbols->dwarf)
		dwarf_end(symbols->dwarf);
	if (symbols->elf)
		elf_end(symbols->elf);
	if (symbols->fd >= 0)
		close(symbols->fd);
	free(symbols->table);
	free(symbols);
}

static bool file_has_functions(const struct symbols_file *symbols)
{
	return symbols->code_count > 0;
}

static bool file_has_debug(const struct symbols_file *symbols)
{
	return symbols->dwarf != NULL;
}

static bool file_address(const struct symbols_file *symbols, const char *name, uint32_t *address)
{
	for (size_t i = 0; i < symbols->count; i++) {
		if (strcmp(symbols->table[i].name, name) == 0) {
			*address = symbols->table[i].address;
			return true;
		}
	}
	return false;
}

/* The function that covers `pc`, else the last label before it. */
static const struct symbol *find_code(const struct symbols_file *symbols, uint32_t pc)
{
	const struct symbol *label = NULL;
	size_t low = 0, high = symbols->code_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbols->table[middle].address <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i-- > 0;) {
		const struct symbol *symbol = &symbols->table[i];

		if (symbol->function && pc - symbol->address < symbol->size)
			return symbol;
		if (!label || (symbol->address == label->address && symbol->function))
			label = symbol;
		if (symbol->function && symbol->size) /* functions do not overlap */
			break;
	}
	return label;
}

/* --- source lines --- */

/* Build folders are of no interest: what follows the last ".." is, else what follows the folder of the compilation, else the
 * end of the path. */
static const char *short_name(const char *file, Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	const char *rest = file;

	for (const char *up; (up = strstr(rest, "../"));)
		rest = up + 3;
	if (rest == file && folder && strncmp(file, folder, strlen(folder)) == 0 &&
	    file[strlen(folder)] == '/')
		rest = file + strlen(folder) + 1;
	if (*rest == '/') {
		unsigned parts = 0;

		for (const char *at = rest + strlen(rest); at-- > rest && parts < SHOWN_PARTS;)
			if (*at == '/' && ++parts == SHOWN_PARTS)
				rest = at + 1;
	}
	return rest;
}

/* The unit that an address belongs to. libdw's own look-up needs .debug_aranges, which kernels are often linked without. */
static bool find_unit(Dwarf *dwarf, uint32_t pc, Dwarf_Die *unit)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	if (dwarf_addrdie(dwarf, pc, unit))
		return true;
	for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next)
		if (dwarf_offdie(dwarf, offset + header, unit) && dwarf_haspc(unit, pc) > 0)
			return true;
	return false;
}

static void find_line(struct symbols_file *symbols, uint32_t pc, struct place *place)
{
	Dwarf_Die unit;
	Dwarf_Line *line;
	const char *file;

	if (!symbols->dwarf || !find_unit(symbols->dwarf, pc, &unit) ||
	    !(line = dwarf_getsrc_die(&unit, pc)) || !(file = dwarf_linesrc(line, NULL, NULL)) ||
	    dwarf_lineno(line, &place->line) != 0)
		return;
	place->file = short_name(file, &unit);
}

static struct place file_function(const struct symbols_file *symbols, uint32_t pc)
{
	struct place place = {0};

	if (symbols->ranges == 0 || !file_is_code(symbols, pc))
		return place;
	const struct symbol *symbol = find_code(symbols, pc);
	if (symbol) {
		place.function = symbol->name;
		place.start = symbol->address;
	}
	return place;
}

static struct place file_place(struct symbols_file *symbols, uint32_t pc)
{
	struct place place = file_function(symbols, pc);

	if (symbols->ranges != 0 && file_is_code(symbols, pc))
		find_line(symbols, pc, &place);
	return place;
}

/* The rows of one line table: a row's code ends where the next one's begins. */
static void tell_rows(Dwarf_Lines *rows, size_t count, symbols_line_function *tell, void *context)
{
	for (size_t i = 0; i + 1 < count; i++) {
		Dwarf_Line *row = dwarf_onesrcline(rows, i), *next = dwarf_onesrcline(rows, i + 1);
		const char *file;
		Dwarf_Addr start, end;
		bool is_end = true;
		int line;

		if (!row || !next || dwarf_lineendsequence(row, &is_end) != 0 || is_end ||
		    dwarf_lineaddr(row, &start) != 0 || dwarf_lineaddr(next, &end) != 0 || start >= end ||
		    end > UINT32_MAX || dwarf_lineno(row, &line) != 0 || line <= 0 ||
		    !(file = dwarf_linesrc(row, NULL, NULL)))
			continue;
		tell(context, (uint32_t)start, (uint32_t)end, file, line);
	}
}

static void file_lines(struct symbols_file *symbols, symbols_line_function *tell, void *context)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (symbols->dwarf && dwarf_get_units(symbols->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		Dwarf_Lines *rows;
		size_t count;

		if (dwarf_getsrclines(&die, &rows, &count) == 0)
			tell_rows(rows, count, tell, context);
	}
}

/* --- structures --- */

/* Takes typedefs and qualifiers off a type. */
static bool peel(Dwarf_Die *die)
{
	for (unsigned i = 0; i < MAX_DEPTH; i++) {
		Dwarf_Attribute attribute;
		int tag = dwarf_tag(die);

		if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
			return true;
		if (!dwarf_attr(die, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, die))
			return false;
	}
	return false;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type) && peel(type);
}

static bool find_child(Dwarf_Die *parent, int tag, const char *name, size_t length, Dwarf_Die *child)
{
	if (dwarf_child(parent, child) != 0)
		return false;
	do {
		const char *its;

		if (dwarf_tag(child) == tag && (its = dwarf_diename(child)) &&
		    strncmp(its, name, length) == 0 && its[length] == '\0')
			return true;
	} while (dwarf_siblingof(child, child) == 0);
	return false;
}

/* The definition of a structure, wherever it is. */
static bool find_structure(struct symbols_file *symbols, const char *name, Dwarf_Die *die)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die top;

	if (!symbols->dwarf)
		return false;
	while (dwarf_get_units(symbols->dwarf, unit, &unit, NULL, NULL, &top, NULL) == 0) {
		Dwarf_Die child;

		if (dwarf_child(&top, &child) != 0)
			continue;
		do {
			const char *its;

			if (dwarf_tag(&child) == DW_TAG_structure_type && (its = dwarf_diename(&child)) &&
			    strcmp(its, name) == 0 && dwarf_hasattr(&child, DW_AT_byte_size)) {
				*die = child;
				return true;
			}
		} while (dwarf_siblingof(&child, &child) == 0);
	}
	return false;
}

static bool find_member(struct symbols_file *symbols, const char *structure, const char *path,
			uint32_t *offset, Dwarf_Die *type)
{
	Dwarf_Die die, member;

	*offset = 0;
	if (!find_structure(symbols, structure, &die))
		return false;
	for (unsigned i = 0; i < MAX_DEPTH; i++) {
		size_t length = strcspn(path, ".");
		Dwarf_Attribute attribute;
		Dwarf_Word at;

		if (!find_child(&die, DW_TAG_member, path, length, &member) ||
		    dwarf_formudata(dwarf_attr(&member, DW_AT_data_member_location, &attribute), &at) != 0 ||
		    !type_of(&member, type))
			return false;
		*offset += (uint32_t)at;
		if (!path[length])
			return true;
		path += length + 1;
		die = *type;
	}
	return false;
}

static bool file_member(struct symbols_file *symbols, const char *structure, const char *path,
			struct member *member)
{
	Dwarf_Die type;
	Dwarf_Word size;

	if (!find_member(symbols, structure, path, &member->offset, &type))
		return false;
	member->is_array = dwarf_tag(&type) == DW_TAG_array_type;
	member->size = dwarf_aggregate_size(&type, &size) == 0 ? (uint32_t)size : 0;
	return true;
}

static void file_members(struct symbols_file *symbols, const char *structure, symbols_member_function *tell,
			 void *context)
{
	Dwarf_Die die, child;

	if (!find_structure(symbols, structure, &die) || dwarf_child(&die, &child) != 0)
		return;
	do {
		const char *name = dwarf_diename(&child);
		struct member member;

		if (dwarf_tag(&child) == DW_TAG_member && name &&
		    file_member(symbols, structure, name, &member))
			tell(context, name, &member);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static bool file_structure_size(struct symbols_file *symbols, const char *structure, uint32_t *size)
{
	Dwarf_Die die;
	int bytes;

	if (!find_structure(symbols, structure, &die) || (bytes = dwarf_bytesize(&die)) < 0)
		return false;
	*size = (uint32_t)bytes;
	return true;
}

static const char *file_enumerator(struct symbols_file *symbols, const char *structure, const char *member,
				   uint32_t value)
{
	Dwarf_Die type, child;
	uint32_t offset;

	if (!find_member(symbols, structure, member, &offset, &type) ||
	    dwarf_tag(&type) != DW_TAG_enumeration_type || dwarf_child(&type, &child) != 0)
		return NULL;
	do {
		Dwarf_Attribute attribute;
		Dwarf_Word its;

		if (dwarf_tag(&child) == DW_TAG_enumerator &&
		    dwarf_formudata(dwarf_attr(&child, DW_AT_const_value, &attribute), &its) == 0 &&
		    (uint32_t)its == value)
			return dwarf_diename(&child);
	} while (dwarf_siblingof(&child, &child) == 0);
	return NULL;
}

/* --- call frames --- */

/* register + offset, the one form of a CFA that compilers use here. */
static bool read_cfa(Dwarf_Frame *frame, struct frame_rule *cfa)
{
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count == 0)
		return false;
	cfa->kind = RULE_VALUE;
	if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		cfa->base = (unsigned)(ops[0].atom - DW_OP_breg0);
		cfa->offset = (int32_t)ops[0].number;
	} else if (ops[0].atom == DW_OP_bregx && ops[0].number < 32) {
		cfa->base = (unsigned)ops[0].number;
		cfa->offset = (int32_t)ops[0].number2;
	} else {
		return false;
	}
	return count == 1;
}

static struct frame_rule read_rule(Dwarf_Frame *frame, int number, const struct frame_rule *cfa)
{
	struct frame_rule rule = {.kind = RULE_UNKNOWN};
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
		return rule;
	if (count == 0) {
		/* libdw knows no MIPS and takes registers that are not mentioned for lost ones. */
		rule.kind = RULE_SAME;
		return rule;
	}
	if (ops[0].atom != DW_OP_call_frame_cfa)
		return rule;
	rule = (struct frame_rule){.kind = RULE_MEMORY, .base = cfa->base, .offset = cfa->offset};
	size_t at = 1;
	if (at < count && ops[at].atom == DW_OP_plus_uconst) {
		rule.offset += (int32_t)ops[at++].number;
	}
	if (at < count && ops[at].atom == DW_OP_stack_value) {
		rule.kind = RULE_VALUE;
		at++;
	}
	if (at != count)
		rule.kind = RULE_UNKNOWN;
	return rule;
}

static bool read_frame(Dwarf_Frame *from, struct frame_rules *frame)
{
	struct frame_rule cfa = {0};
	int column;

	memset(frame, 0, sizeof(*frame));
	column = dwarf_frame_info(from, NULL, NULL, &frame->exception);
	if (column < 0 || !read_cfa(from, &cfa))
		return false;
	for (int i = 0; i < 32; i++)
		frame->registers[i] = read_rule(from, i, &cfa);
	frame->pc = read_rule(from, column, &cfa);
	if (frame->pc.kind == RULE_SAME)
		frame->pc = (struct frame_rule){.kind = RULE_VALUE, .base = (unsigned)column & 31};
	if (frame->registers[REGISTER_SP].kind != RULE_MEMORY)
		frame->registers[REGISTER_SP] = cfa;
	return true;
}

static bool file_frame(struct symbols_file *symbols, uint32_t pc, struct frame_rules *frame)
{
	for (unsigned i = 0; i < 2; i++) {
		Dwarf_Frame *from = NULL;
		bool ok;

		if (!symbols->cfi[i] || dwarf_cfi_addrframe(symbols->cfi[i], pc, &from) != 0)
			continue;
		ok = read_frame(from, frame);
		free(from);
		if (ok)
			return true;
	}
	return false;
}

static const struct symbols_reader reader = {
    .open = file_open,
    .close = file_close,
    .has_functions = file_has_functions,
    .has_debug = file_has_debug,
    .place = file_place,
    .function = file_function,
    .lines = file_lines,
    .is_code = file_is_code,
    .address = file_address,
    .member = file_member,
    .members = file_members,
    .structure_size = file_structure_size,
    .enumerator = file_enumerator,
    .frame = file_frame,
};

__attribute__((visibility("default"))) const struct symbols_reader *jit161_symbols_reader(void)
{
	return &reader;
}

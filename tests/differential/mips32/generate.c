// Writes a kernel of random programs for MIPS32 release 2 and the Malta board.
//
//   generate-mips32 [--endian=big|little] [--only=N[,M]] [--nop=I,J,...] [--text] -o FILE SEED COUNT
//
// Programs SEED * 2^20 ...; --only runs some of them, --nop makes words of them NOPs, --text prints the last one.
//
// Every instruction of the table occurs with random operands, but for the FPU's, for what waits, what needs time, and
// what the architecture leaves undefined: branches in delay slots, registers that have to be the same, bit fields that
// leave their word. Reserved registers:
//   $16, $17  addresses of data        $18  of nothing     $19  of aligned data
//   $20       the code, for stores     $21  the code, to jump     $22  an instruction
//   $28, $29  only ever counted down: what bounds loops
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"
#include "tests/differential/mips32/layout.h"

#define KSEG0	  0x80000000u
#define KSEG1	  0xA0000000u
#define PAGE_SIZE 4096u
#define WORDS_MAX 96
#define COUNT_MAX 2000
#define END_WORDS 8 // system calls that end a program

#define STATUS_EXL  0x02u
#define STATUS_USER 0x10u

#define LO_CACHED 0x18u
#define LO_D	  0x04u
#define LO_V	  0x02u
#define LO_G	  0x01u

extern const uint8_t mips32_driver_big[], mips32_driver_little[], mips32_driver_end[];

struct program {
	uint32_t table[PROGRAM_SIZE / 4];
	uint32_t address; // physical, of the first word
	unsigned count;
	uint32_t words[WORDS_MAX];
};

struct generator {
	uint64_t state;
	struct program *program;
	bool user;
	uint32_t address; // virtual, of the first word
	bool target[WORDS_MAX];
	bool patchable[WORDS_MAX];
};

static uint32_t any_word(struct generator *generator)
{
	uint64_t value = generator->state += UINT64_C(0x9E3779B97F4A7C15);

	value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
	return (uint32_t)(value ^ value >> 31);
}

static uint32_t below(struct generator *generator, uint32_t bound)
{
	return (uint32_t)((uint64_t)any_word(generator) * bound >> 32);
}

static bool chance(struct generator *generator, unsigned percent)
{
	return below(generator, 100) < percent;
}

// Values that are likely to matter.
static uint32_t value(struct generator *generator)
{
	static const uint32_t edges[] = {0,	     1,		 2,	     4,	     0xFFFFFFFF, 0xFFFFFFFE,
					 0x7FFF,     0x8000,	 0xFFFF,     0x80,   0x7FFFFFFF, 0x80000000,
					 0x80000001, 0x40000000, 0xC0000000, 0x10000};
	unsigned roll = below(generator, 4);

	if (roll == 0)
		return edges[below(generator, sizeof(edges) / sizeof(edges[0]))];
	return roll == 1 ? below(generator, 256) - 64 : any_word(generator);
}

static int32_t destination(struct generator *generator)
{
	return 1 + (int32_t)below(generator, 15);
}

static bool is_plain(enum mips_op op)
{
	const struct op_info *info = &mips_op_info[op];

	switch (op) {
	case MIPS_OP_SDBBP:
	case MIPS_OP_SYSCALL:
	case MIPS_OP_RDHWR:
	case MIPS_OP_SYNCI:
	case MIPS_OP_PREF:
		return false;
	default:
		return !(info->flags & (MIPS_FLAG_DELAY | MIPS_FLAG_LOAD | MIPS_FLAG_STORE | MIPS_FLAG_COP0 |
					MIPS_FLAG_COP1)) &&
		       !(info->levels &
			 (MIPS_LEVEL_FPU1 | MIPS_LEVEL_FPU2 | MIPS_LEVEL_FPU32 | MIPS_LEVEL_FPU32R2));
	}
}

static bool is_memory(enum mips_op op)
{
	return (mips_op_info[op].flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)) &&
	       !(mips_op_info[op].flags & MIPS_FLAG_COP1) && op != MIPS_OP_SC;
}

static bool is_branch(enum mips_op op)
{
	return (mips_op_info[op].flags & MIPS_FLAG_BRANCH) && !(mips_op_info[op].flags & MIPS_FLAG_COP1);
}

static enum mips_op choose(struct generator *generator, bool (*belongs)(enum mips_op))
{
	for (;;) {
		enum mips_op op = (enum mips_op)below(generator, MIPS_OP_RESERVED);

		if (mips_encoding_for(&mips_isa_mips32r2, op) && belongs(op))
			return op;
	}
}

static uint32_t encode(struct generator *generator, enum mips_op op)
{
	const struct mips_encoding *encoding = mips_encoding_for(&mips_isa_mips32r2, op);
	struct mips_fields fields = {0};

	for (unsigned i = 0; i < encoding->field_count; i++) {
		unsigned letter = (unsigned char)encoding->fields[i].letter;

		fields.value[letter] = (int32_t)any_word(generator);
		if (letter == 's' || letter == 't')
			fields.value[letter] = (int32_t)below(generator, 32);
		if ((letter == 'i' || letter == 'u') && chance(generator, 40))
			fields.value[letter] = (int32_t)value(generator);
		if ((letter == 't' && (mips_op_info[op].writes & MIPS_REG_RT)) ||
		    (letter == 'd' && (mips_op_info[op].writes & MIPS_REG_RD)))
			fields.value[letter] = destination(generator);
	}
	if (op == MIPS_OP_CLZ || op == MIPS_OP_CLO)
		fields.value['t'] = fields.value['d'];
	if (mips_op_info[op].flags & MIPS_FLAG_FIELD) {
		uint32_t first = below(generator, 32), size = 1 + below(generator, 32 - first);

		fields.value['a'] = (int32_t)first;
		fields.value['m'] = (int32_t)(op == MIPS_OP_INS ? first + size - 1 : size - 1);
	}
	return mips_encode(op, &fields);
}

static uint32_t memory_access(struct generator *generator)
{
	static const uint8_t pointers[] = {16, 16, 16, 16, 17, 17, 17, 18};
	enum mips_op op = choose(generator, is_memory);
	const struct op_info *info = &mips_op_info[op];
	bool writes = info->flags & MIPS_FLAG_LOAD;
	int32_t base = pointers[below(generator, sizeof(pointers))];
	int32_t reg = writes ? destination(generator) : (int32_t)below(generator, 32);
	uint32_t offset = below(generator, WINDOW_WORDS * 4) - WINDOW_WORDS * 2;

	if (!(info->flags & MIPS_FLAG_PARTIAL) && !chance(generator, 7))
		offset &= ~(info->bytes - 1u);
	return mips_encode(
	    op, &(struct mips_fields){
		    {['s'] = base, ['t'] = reg, ['o'] = (int32_t)offset, ['i'] = (int32_t)offset}});
}

static uint32_t simple(struct generator *generator)
{
	unsigned roll = below(generator, 100);

	if (roll < 70)
		return encode(generator, choose(generator, is_plain));
	if (roll < 96)
		return memory_access(generator);
	if (roll < 98 || generator->user) // traps in user mode
		return MIPS_WORD(MFC0, ['t'] = destination(generator), ['r'] = 14, ['l'] = 0);
	return MIPS_WORD(PREF, ['s'] = 16, ['p'] = (int32_t)below(generator, 2), ['o'] = 0);
}

static void put(struct generator *generator, uint32_t word, bool target)
{
	struct program *program = generator->program;

	if (program->count == WORDS_MAX)
		return;
	generator->target[program->count] = target;
	generator->patchable[program->count] = false;
	program->words[program->count++] = word;
}

static void put_simple(struct generator *generator, bool target)
{
	put(generator, simple(generator), target);
	generator->patchable[generator->program->count - 1] = true;
}

// QEMU takes branches that can never be taken for NOPs: an exception in the delay slot then has no BD.
static bool is_never_taken(uint32_t word)
{
	switch (mips_decode_op(&mips_isa_mips32r2, word)) {
	case MIPS_OP_BNE:
	case MIPS_OP_BNEL:
		return mips_word_rs(word) == mips_word_rt(word);
	case MIPS_OP_BGTZ:
	case MIPS_OP_BGTZL:
	case MIPS_OP_BLTZ:
	case MIPS_OP_BLTZL:
	case MIPS_OP_BLTZAL:
	case MIPS_OP_BLTZALL:
		return mips_word_rs(word) == 0;
	default:
		return false;
	}
}

static uint32_t branch_word(struct generator *generator)
{
	uint32_t word;

	do
		word = encode(generator, choose(generator, is_branch)) & 0xFFFF0000;
	while (is_never_taken(word));
	return word;
}

// Branches get their targets at the end; until then the low half is 0.
static void put_branch(struct generator *generator)
{
	int32_t reg = destination(generator);

	switch (below(generator, 6)) {
	case 0:
		put(generator, chance(generator, 50) ? MIPS_WORD(J, 0) : MIPS_WORD(JAL, 0), true);
		break;
	case 1:
		put(generator, MIPS_WORD(ADDIU, ['t'] = reg, ['s'] = 21), true);
		if (chance(generator, 50))
			put(generator, MIPS_WORD(JR, ['s'] = reg), false);
		else
			put(generator, MIPS_WORD(JALR, ['s'] = reg, ['d'] = 1 + reg % 15), false);
		break;
	default:
		put(generator, branch_word(generator), true);
	}
	put_simple(generator, false);
}

// Back to a word before, as long as a counter lasts.
static void put_loop(struct generator *generator)
{
	unsigned here = generator->program->count, back = 1 + below(generator, 12);
	int32_t counter = 28 + (int32_t)below(generator, 2);

	if (back > here)
		back = here;
	while (back > 0 && !generator->target[here - back])
		back--;
	put(generator, MIPS_WORD(ADDIU, ['t'] = counter, ['s'] = counter, ['i'] = -1), true);
	put(generator, MIPS_WORD(BGTZ, ['s'] = counter, ['b'] = -(int32_t)back - 2), false);
	put_simple(generator, false);
}

// LL and SC come as a pair: without a link the architecture leaves SC open, and QEMU does not even look at its address.
static void put_link(struct generator *generator)
{
	int32_t offset = 4 * (int32_t)below(generator, 16) - 32;

	put(generator, MIPS_WORD(LL, ['s'] = 19, ['t'] = destination(generator), ['o'] = offset), true);
	if (chance(generator, 50))
		put(generator, encode(generator, choose(generator, is_plain)), false);
	if (chance(generator, 10)) // another value there
		put(generator, MIPS_WORD(SW, ['s'] = 19, ['t'] = 31, ['o'] = offset), false);
	put(generator, MIPS_WORD(SC, ['s'] = 19, ['t'] = destination(generator), ['o'] = offset), false);
}

// Stores over an instruction. Without SYNCI the architecture leaves open when that shows; QEMU executes on to the end of
// its block.
static void put_patch(struct generator *generator)
{
	put(generator, MIPS_WORD(SW, ['s'] = 20, ['t'] = 22), true);
	put(generator, MIPS_WORD(SYNCI, ['s'] = 21), false);
}

static unsigned forward_target(struct generator *generator, unsigned from, unsigned end)
{
	unsigned at = from + 2 + below(generator, 6);

	while (at < end && !generator->target[at])
		at++;
	return at < end ? at : end;
}

static void resolve(struct generator *generator, unsigned end)
{
	struct program *program = generator->program;

	for (unsigned i = 0; i < end; i++) {
		uint32_t *word = &program->words[i];
		enum mips_op op = mips_decode_op(&mips_isa_mips32r2, *word);
		uint32_t flags = mips_op_info[op].flags;

		if ((flags & MIPS_FLAG_BRANCH) && (*word & 0xFFFF) == 0)
			*word |= forward_target(generator, i, end) - i - 1;
		else if ((flags & MIPS_FLAG_JUMP) && (flags & MIPS_FLAG_DELAY) &&
			 !(flags & MIPS_FLAG_INDIRECT))
			*word |=
			    (generator->address + 4 * forward_target(generator, i, end)) >> 2 & 0x03FFFFFF;
		else if ((flags & MIPS_FLAG_INDIRECT) && (flags & MIPS_FLAG_DELAY))
			program->words[i - 1] |= 4 * forward_target(generator, i, end);
		else if (*word == MIPS_WORD(SW, ['s'] = 20, ['t'] = 22)) {
			unsigned at = below(generator, end);

			while (at < end && !generator->patchable[at])
				at++;
			*word |= 4 * (at < end ? at : end + 4);
		}
	}
}

static void fill_table(struct generator *generator, unsigned end)
{
	struct program *program = generator->program;
	uint32_t *table = program->table, *registers = table + PROGRAM_REGISTERS / 4;
	uint32_t asid = below(generator, 256), code_page = program->address & ~(2 * PAGE_SIZE - 1);
	uint32_t pages[PROGRAM_TLB_COUNT],
	    frames[PROGRAM_TLB_COUNT] = {code_page, LAYOUT_DATA, code_page, LAYOUT_DATA};

	pages[0] = generator->user ? generator->address & ~(2 * PAGE_SIZE - 1)
				   : (0x100 + below(generator, 0x100)) * 2 * PAGE_SIZE;
	pages[1] = (0x1000 + below(generator, 0x1000)) * 2 * PAGE_SIZE;
	pages[2] = (0x4000 + below(generator, 0x1000)) * 2 * PAGE_SIZE;
	pages[3] = 0xC0000000 + below(generator, 0x1000) * 2 * PAGE_SIZE;
	for (unsigned i = 0; i < PROGRAM_TLB_COUNT; i++) {
		uint32_t global = chance(generator, 25) ? LO_G : 0;
		uint32_t *entry = table + PROGRAM_TLB / 4 + 3 * i;

		entry[0] = pages[i] | (i == 0 || chance(generator, 85) ? asid : below(generator, 256));
		for (unsigned k = 0; k < 2; k++) {
			entry[1 + k] = (frames[i] + k * PAGE_SIZE) >> 6 | LO_CACHED | global;
			entry[1 + k] |= i == 0 || chance(generator, 90) ? LO_V : 0;
			entry[1 + k] |= chance(generator, 75) ? LO_D : 0;
		}
	}
	table[PROGRAM_ENTRY / 4] = generator->address;
	table[PROGRAM_STATUS / 4] = STATUS_EXL | (generator->user ? STATUS_USER : 0);
	table[PROGRAM_END / 4] = (generator->address + 4 * end) % PAGE_SIZE;
	table[PROGRAM_LIMIT / 4] = 12 + below(generator, 20);
	table[PROGRAM_CODE / 4] = KSEG0 | program->address;
	table[PROGRAM_CODE_WORDS / 4] = program->count;
	table[PROGRAM_FILL / 4] = any_word(generator);
	table[PROGRAM_ENTRY_HI / 4] = asid;
	table[PROGRAM_HI / 4] = value(generator);
	table[PROGRAM_LO / 4] = value(generator);
	for (unsigned i = 1; i < PROGRAM_RUNS; i++)
		table[PROGRAM_MIX / 4 + i] =
		    chance(generator, 50) ? below(generator, 256) : any_word(generator);

	uint32_t offset = WINDOW_START + WINDOW_WORDS * 2 + (chance(generator, 90) ? 0 : below(generator, 9));
	for (unsigned i = 1; i < 32; i++)
		registers[i] = value(generator);
	registers[16] = pages[1] + offset;
	registers[17] = (generator->user	 ? pages[1]
			 : chance(generator, 70) ? KSEG0 | LAYOUT_DATA
						 : KSEG1 | LAYOUT_DATA) +
			offset;
	registers[18] = chance(generator, 70) ? pages[3] + offset : 0x70000000;
	registers[19] = pages[1] + WINDOW_START + WINDOW_WORDS * 2;
	registers[20] = generator->address;
	if (chance(generator, 30))
		registers[20] = pages[2] | (program->address % (2 * PAGE_SIZE));
	registers[21] = generator->address;
	registers[22] = encode(generator, MIPS_OP_ADDIU);
	for (unsigned i = 28; i < 30; i++)
		registers[i] = 1 + below(generator, 6);
	registers[26] = registers[27] = 0;
}

static void generate(struct program *program, uint64_t seed, uint32_t page)
{
	struct generator generator = {.state = seed * UINT64_C(0xD1342543DE82EF95) + 0x5DEECE66D,
				      .program = program};
	unsigned length = 6 + below(&generator, 30), end;

	memset(program, 0, sizeof(*program));
	generator.user = chance(&generator, 50);
	// Anywhere in a pair of pages, now and then across its middle.
	program->address =
	    page * PAGE_SIZE + (chance(&generator, 25) ? PAGE_SIZE - 4 * (1 + below(&generator, 30))
						       : 4 * below(&generator, 1024 + 900));
	generator.address = program->address + (chance(&generator, 50) ? KSEG0 : KSEG1);
	if (generator.user)
		generator.address =
		    (0x100 + below(&generator, 0x100)) * 2 * PAGE_SIZE + program->address % (2 * PAGE_SIZE);
	while (program->count < length) {
		unsigned roll = below(&generator, 100);

		if (roll < 75)
			put_simple(&generator, true);
		else if (roll < 90)
			put_branch(&generator);
		else if (roll < 93)
			put_loop(&generator);
		else if (roll < 96)
			put_link(&generator);
		else
			put_patch(&generator);
	}
	end = program->count;
	for (unsigned i = 0; i < END_WORDS; i++)
		put(&generator, MIPS_WORD(SYSCALL, 0), true);
	resolve(&generator, end);
	fill_table(&generator, end);
}

// --- The file ---

static void put_bytes(uint8_t *at, uint32_t number, unsigned bytes, bool big)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(number >> 8 * (big ? bytes - 1 - i : i));
}

#define PUT(structure, type, field, number)                                                                  \
	put_bytes((structure) + offsetof(type, field), (number), sizeof(((type *)0)->field), big)

static bool write_elf(const struct program *programs, unsigned count, unsigned running, bool big, FILE *file)
{
	const uint8_t *driver = big ? mips32_driver_big : mips32_driver_little;
	uint32_t pages = (count * PROGRAM_SIZE + 2 * PAGE_SIZE - 1) / (2 * PAGE_SIZE) * 2 + 2 * count;
	uint32_t size = LAYOUT_PROGRAMS - LAYOUT_BASE + pages * PAGE_SIZE;
	uint8_t *elf = calloc(1, PAGE_SIZE + size), *image = elf + PAGE_SIZE,
		*segment = elf + sizeof(Elf32_Ehdr);

	if (!elf)
		abort();
	memcpy(elf, ELFMAG, SELFMAG);
	elf[EI_CLASS] = ELFCLASS32;
	elf[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	elf[EI_VERSION] = EV_CURRENT;
	PUT(elf, Elf32_Ehdr, e_type, ET_EXEC);
	PUT(elf, Elf32_Ehdr, e_machine, EM_MIPS);
	PUT(elf, Elf32_Ehdr, e_version, EV_CURRENT);
	PUT(elf, Elf32_Ehdr, e_entry, KSEG0 + LAYOUT_BASE);
	PUT(elf, Elf32_Ehdr, e_phoff, sizeof(Elf32_Ehdr));
	PUT(elf, Elf32_Ehdr, e_flags, 0x70001000); // o32, MIPS32 release 2
	PUT(elf, Elf32_Ehdr, e_ehsize, sizeof(Elf32_Ehdr));
	PUT(elf, Elf32_Ehdr, e_phentsize, sizeof(Elf32_Phdr));
	PUT(elf, Elf32_Ehdr, e_phnum, 1);
	PUT(segment, Elf32_Phdr, p_type, PT_LOAD);
	PUT(segment, Elf32_Phdr, p_offset, PAGE_SIZE);
	PUT(segment, Elf32_Phdr, p_vaddr, KSEG0 + LAYOUT_BASE);
	PUT(segment, Elf32_Phdr, p_paddr, KSEG0 + LAYOUT_BASE);
	PUT(segment, Elf32_Phdr, p_filesz, size);
	PUT(segment, Elf32_Phdr, p_memsz, size);
	PUT(segment, Elf32_Phdr, p_flags, PF_R | PF_W | PF_X);
	PUT(segment, Elf32_Phdr, p_align, PAGE_SIZE);
	memcpy(image, driver, LAYOUT_SAVE - LAYOUT_BASE);
	put_bytes(image + LAYOUT_COUNT - LAYOUT_BASE, running, 4, big);
	for (unsigned i = 0; i < running; i++) {
		uint8_t *row = image + LAYOUT_PROGRAMS - LAYOUT_BASE + i * PROGRAM_SIZE;

		for (unsigned k = 0; k < PROGRAM_SIZE / 4; k++)
			put_bytes(row + 4 * k, programs[i].table[k], 4, big);
		for (unsigned k = 0; k < programs[i].count; k++)
			put_bytes(image + programs[i].address - LAYOUT_BASE + 4 * k, programs[i].words[k], 4,
				  big);
	}
	bool ok = fwrite(elf, 1, PAGE_SIZE + size, file) == PAGE_SIZE + size;
	free(elf);
	return ok;
}

static void print_text(const struct program *program)
{
	for (unsigned i = 0; i < program->count; i++) {
		uint32_t va = program->table[PROGRAM_ENTRY / 4] + 4 * i;
		struct insn insn;
		char text[96];

		mips_decode(&mips_isa_mips32r2, program->words[i], &insn);
		mips_disassemble(&insn, va, text, sizeof(text));
		printf("%2u  %08x: %08x %s\n", i, va, program->words[i], text);
	}
	for (unsigned i = 0; i < 32; i++)
		printf("r%-2u %08x%s", i, program->table[PROGRAM_REGISTERS / 4 + i],
		       i % 8 == 7 ? "\n" : "  ");
	for (unsigned i = 0; i < PROGRAM_TLB_COUNT; i++)
		printf("tlb %u: %08x %08x %08x\n", i, program->table[PROGRAM_TLB / 4 + 3 * i],
		       program->table[PROGRAM_TLB / 4 + 3 * i + 1],
		       program->table[PROGRAM_TLB / 4 + 3 * i + 2]);
}

// N or N,M
static void parse_range(const char *text, long *first, long *last)
{
	char *end;

	*first = *last = strtol(text, &end, 10);
	if (*end == ',')
		*last = strtol(end + 1, NULL, 10);
}

// I,J,...
static void drop_words(struct program *program, const char *list)
{
	while (*list) {
		char *end;
		unsigned long index = strtoul(list, &end, 10);

		if (end == list)
			return;
		if (index + END_WORDS < program->count) // the end stays
			program->words[index] = 0;
		list = *end ? end + 1 : end;
	}
}

int main(int argc, char **argv)
{
	long first = 0, last = -1;
	const char *name = NULL, *nops = "", *words[2] = {0};
	bool big = true, text = false;
	unsigned word_count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			name = argv[++i];
		else if (strcmp(argv[i], "--endian=little") == 0)
			big = false;
		else if (strcmp(argv[i], "--endian=big") == 0)
			big = true;
		else if (strcmp(argv[i], "--text") == 0)
			text = true;
		else if (strncmp(argv[i], "--only=", 7) == 0)
			parse_range(argv[i] + 7, &first, &last);
		else if (strncmp(argv[i], "--nop=", 6) == 0)
			nops = argv[i] + 6;
		else if (word_count < 2)
			words[word_count++] = argv[i];
	}
	unsigned count = words[1] ? (unsigned)strtoul(words[1], NULL, 10) : 0;
	if (last < 0)
		last = (long)count - 1;
	if (!name || count == 0 || count > COUNT_MAX || first < 0 || first > last || last >= (long)count) {
		fprintf(stderr, "usage: %s [options] -o FILE SEED COUNT; see the head of generate.c\n",
			argv[0]);
		return 2;
	}
	struct program *programs = calloc(count, sizeof(*programs));
	if (!programs)
		abort();
	uint32_t page = (LAYOUT_PROGRAMS + count * PROGRAM_SIZE + 2 * PAGE_SIZE - 1) / (2 * PAGE_SIZE) * 2;
	for (unsigned i = 0; i < count; i++) {
		generate(&programs[i], (strtoull(words[0], NULL, 10) << 20) + i, page + 2 * i);
		drop_words(&programs[i], nops);
	}
	FILE *file = fopen(name, "w");
	bool ok = file && write_elf(programs + first, count, (unsigned)(last - first + 1), big, file);
	ok &= file && fclose(file) == 0;
	if (text)
		print_text(&programs[last]);
	free(programs);
	return ok ? 0 : 2;
}

// A program as a whole: its place, references between its words, and its row in the driver's table.
#include "tests/differential/program.h"

#include <string.h>

#include "tests/differential/generator.h"

#define FIRST_FREE_OFFSET                                                                                    \
	0x100u // of a page; what is before belongs to the program that ended the page before

// --- References to other words ---

// A word after `from` that may be jumped to, with a liking for the ends of pages.
static unsigned forward_target(struct generator *generator, unsigned from)
{
	unsigned end = generator->last, reach = 2 + below(generator, 10);

	if (chance(generator, 25))
		for (unsigned i = from + 2; i < end && i < from + 24; i++)
			if (page_offset_of(generator, i) == (chance(generator, 60) ? 0xFFC : 0xFF8) &&
			    !(generator->flags[i] & WORD_NEVER))
				return i;
	for (unsigned i = from + reach; i < end; i++)
		if (generator->flags[i] & WORD_TARGET)
			return i;
	return end;
}

// What may have its immediate replaced stays an instruction that has one.
static unsigned patch_target(struct generator *generator, unsigned from, uint8_t flag)
{
	unsigned end = generator->body_end,
		 start = chance(generator, 50) ? from + below(generator, 4) : below(generator, end);

	for (unsigned i = 0; i < end; i++) {
		unsigned at = (start + i) % end;

		if ((generator->flags[at] & (WORD_PATCHABLE | WORD_IMMEDIATE)) == flag && at != from)
			return at;
	}
	return end + 4; // one of the last system calls, which is never reached
}

static bool is_branch_or_jump(const struct generator *generator, uint32_t word)
{
	return mips_op_info[mips_decode_op(generator->target->isa, word)].flags & MIPS_FLAG_DELAY;
}

// A branch in the delay slot of the one before it counts from that one's target, if it is taken. Both ways it
// has to arrive at a word that may be jumped to; if that is impossible, it becomes a NOP.
static void resolve_slot(struct generator *generator, unsigned index)
{
	uint32_t *words = generator->program->words, outer = words[index - 1];
	unsigned opcode = outer >> 26, from;

	if (opcode == 2 || opcode == 3)
		from = ((outer & 0x03FFFFFF) - (generator->address >> 2 & 0x03FFFFFF)) & 0x03FFFFFF;
	else
		from = index + (unsigned)(int16_t)outer;
	// What is at the outer target becomes this branch's delay slot. Three in a row would go too far.
	if (from < generator->program->count && is_branch_or_jump(generator, words[from]))
		from = PROGRAM_WORDS_MAX;
	for (unsigned distance = below(generator, 3); distance < 16; distance++) {
		unsigned first = from + distance, second = index + 1 + distance;

		if (opcode != 0 && first < generator->last && second < generator->last &&
		    (generator->flags[first] & WORD_TARGET) && (generator->flags[second] & WORD_TARGET)) {
			words[index] |= distance;
			return;
		}
	}
	words[index] = 0;
}

// Where the bytes are whose word has its immediate replaced.
static unsigned immediate_offset(const struct generator *generator, uint32_t store)
{
	enum mips_op op = mips_decode_op(generator->target->isa, store);

	if (generator->target->big_endian)
		return op == MIPS_OP_SB ? 3 : 2;
	return op == MIPS_OP_SWL ? 1 : 0;
}

static void resolve_word(struct generator *generator, unsigned index, enum fixup_kind kind)
{
	struct program *program = generator->program;
	uint32_t *word = &program->words[index];
	unsigned target;

	switch (kind) {
	case FIXUP_NONE:
		return;
	case FIXUP_PATCH:
		*word |= 4 * patch_target(generator, index, WORD_PATCHABLE);
		return;
	case FIXUP_PATCH_IMMEDIATE:
		target = patch_target(generator, index, WORD_PATCHABLE | WORD_IMMEDIATE);
		*word |= 4 * target + immediate_offset(generator, *word);
		return;
	case FIXUP_PATCH_AGAIN:
		*word |= program->words[index - 1] & 0xFFFF;
		return;
	case FIXUP_SLOT:
		resolve_slot(generator, index);
		return;
	default:
		break;
	}
	target = kind == FIXUP_CALL ? generator->subroutine : forward_target(generator, index);
	if (kind == FIXUP_CALL)
		kind = *word >> 26 == 3 ? FIXUP_JUMP : *word >> 26 == 1 ? FIXUP_BRANCH : FIXUP_OFFSET;
	if (kind == FIXUP_BRANCH)
		*word = (*word & 0xFFFF0000) | ((target - index - 1) & 0xFFFF);
	else if (kind == FIXUP_JUMP)
		*word = (*word & 0xFC000000) | ((generator->address + 4 * target) >> 2 & 0x03FFFFFF);
	else
		*word |= 4 * target;
}

// --- Pages ---

uint32_t codeless_frame(struct generator *generator)
{
	switch (below(generator, 3)) {
	case 0:
		return 0x01000000 + (any_word(generator) & 0x00FFF000); // beyond RAM
	case 1:
		return 0x1FFF0000; // configuration of System/161's slots
	default:
		return 0x1FC00000; // boot ROM
	}
}

uint32_t any_frame(struct generator *generator)
{
	switch (below(generator, 6)) {
	case 0:
	case 1:
		return codeless_frame(generator);
	case 2:
		return generator->program->address & PAGE_MASK;
	default:
		return generator->target->base + LAYOUT_DATA + below(generator, 2) * PAGE_SIZE;
	}
}

static unsigned page_flags(struct generator *generator, bool writable)
{
	unsigned flags = below(generator, 8) == 0 ? PAGE_UNCACHED : 0;

	if (generator->calm || chance(generator, 92))
		flags |= PAGE_VALID;
	if (writable ? generator->calm || chance(generator, 85) : chance(generator, 30))
		flags |= PAGE_DIRTY;
	return flags;
}

static void add_page(struct page_list *list, uint32_t vpn, uint32_t frame, unsigned flags)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->pages[i].vpn == vpn)
			return;
	list->pages[list->count++] = (struct page){vpn, frame, flags};
}

static void choose_pages(struct generator *generator, struct page_list *list)
{
	uint32_t code = generator->program->address & PAGE_MASK;
	uint32_t data = generator->target->base + LAYOUT_DATA;

	if (generator->mapped) {
		add_page(list, generator->code_vpn, code,
			 page_flags(generator, chance(generator, 60)) | PAGE_VALID);
		if (chance(generator, 90)) {
			bool gone = !generator->style.defined && chance(generator, 5);

			add_page(list, (generator->code_vpn + 1) & 0xFFFFF,
				 gone ? codeless_frame(generator) : code + PAGE_SIZE,
				 page_flags(generator, chance(generator, 60)));
		}
	}
	for (unsigned i = 0; i < 2; i++)
		add_page(list, generator->data_vpn + i, data + i * PAGE_SIZE, page_flags(generator, true));
	for (unsigned i = 0; i < 2; i++)
		add_page(list, generator->alias_vpn + i, code + i * PAGE_SIZE, page_flags(generator, true));
	for (unsigned i = 0; i < 2; i++)
		add_page(list, generator->high_vpn + i, data + i * PAGE_SIZE, page_flags(generator, true));
	if (chance(generator, 20)) {
		uint32_t frame = any_frame(generator);

		add_page(list, below(generator, 0x80000), frame, page_flags(generator, false));
	}
}

// --- Registers ---

static uint32_t data_pointer(struct generator *generator, uint32_t base)
{
	uint32_t pointer = base + WINDOW_START + WINDOW_WORDS * 2;

	bool exact = generator->calm || generator->style.defined || chance(generator, 90);

	return exact ? pointer : pointer + below(generator, 9) - 4;
}

static uint32_t code_pointer(struct generator *generator)
{
	switch (below(generator, 4)) {
	case 0:
		return generator->address;
	case 1:
		return generator->kernel ? KSEG1 | generator->program->address : generator->address;
	case 2:
		return generator->kernel ? KSEG0 | generator->program->address : generator->address;
	default:
		return generator->alias_vpn << 12 | (generator->program->address & ~PAGE_MASK);
	}
}

static bool accesses_device(const struct generator *generator, uint32_t word)
{
	const struct op_info *info = &mips_op_info[mips_decode_op(generator->target->isa, word)];

	return (info->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)) && mips_word_rs(word) == 19;
}

static void fill_registers(struct generator *generator)
{
	uint32_t *registers = program_field(generator->program, PROGRAM_REGISTERS);
	uint32_t data = generator->target->base + LAYOUT_DATA;
	bool high = chance(generator, 50);
	uint8_t flags;

	for (unsigned i = 1; i < 32; i++)
		registers[i] = value(generator);
	registers[16] = data_pointer(generator, generator->data_vpn << 12);
	registers[17] =
	    data_pointer(generator, generator->kernel ? data | (chance(generator, 75) ? KSEG0 : KSEG1)
						      : generator->data_vpn << 12);
	registers[18] = chance(generator, 70) ? data_pointer(generator, generator->high_vpn << 12)
					      : any_word(generator) & 0x7FFFFFFF;
	if (generator->device)
		registers[19] = generator->device->base;
	else
		registers[19] = data_pointer(
		    generator, (high && !generator->calm ? generator->high_vpn : generator->data_vpn) << 12);
	registers[20] = code_pointer(generator);
	registers[21] = generator->address;
	// It may stay behind among the data, where a program with another device comes upon it.
	do
		registers[22] = simple(generator, &flags);
	while (accesses_device(generator, registers[22]));
	registers[23] = generator->target->family->status(generator, true);
	registers[24] = chance(generator, 50) ? value(generator) & 0x7FFFFFFF : below(generator, 100);
	registers[25] =
	    (chance(generator, 50) ? any_word(generator) | 0x80000000 : (uint32_t)-2 - below(generator, 40)) &
	    ~1u;
	registers[26] = registers[27] = 0;
	registers[28] = generator->calm ? 20 + below(generator, 200) : 1 + below(generator, 3);
}

// --- The row in the table ---

static void fill_table(struct generator *generator)
{
	struct program *program = generator->program;
	static const uint8_t asids[] = {0, 0, 1, 2, 63};
	uint32_t asid = PICK(generator, asids);
	struct page_list list = {.count = 0};

	*program_field(program, PROGRAM_ENTRY) = generator->address;
	*program_field(program, PROGRAM_END) = page_offset_of(generator, generator->body_end);
	*program_field(program, PROGRAM_POLICY) = below(generator, 32);
	*program_field(program, PROGRAM_LIMIT) = 12 + below(generator, generator->calm ? 100 : 20);
	if (chance(generator, 70)) {
		uint32_t soon = generator->calm ? 1000 : 100;

		*program_field(program, PROGRAM_COMPARE) = 20 + below(generator, soon);
		*program_field(program, PROGRAM_COMPARE_NEXT) = soon + below(generator, 4 * soon);
		*program_field(program, PROGRAM_COUNT) = below(generator, 20);
	} else {
		*program_field(program, PROGRAM_COMPARE) = value(generator);
		*program_field(program, PROGRAM_COMPARE_NEXT) = value(generator);
		*program_field(program, PROGRAM_COUNT) = value(generator);
	}
	*program_field(program, PROGRAM_INDEX) = any_word(generator);
	*program_field(program, PROGRAM_CONTEXT) = any_word(generator);
	*program_field(program, PROGRAM_HI) = value(generator);
	*program_field(program, PROGRAM_LO) = value(generator);
	*program_field(program, PROGRAM_RUNS) = generator->calm ? 1 : 3;
	for (unsigned i = 1; i < 4; i++)
		program_field(program, PROGRAM_MIX)[i] =
		    chance(generator, 50) ? below(generator, 256) : any_word(generator);
	*program_field(program, PROGRAM_CODE) = KSEG0 | program->address;
	*program_field(program, PROGRAM_CODE_WORDS) = program->count;
	*program_field(program, PROGRAM_FILL) = any_word(generator);
	choose_pages(generator, &list);
	generator->target->family->fill_table(generator, &list, asid);
}

// --- Places ---

// Some pages are used by many programs: the same addresses with other bytes, and in other processes.
static uint32_t page_number(struct generator *generator, bool high)
{
	static const uint32_t shared[] = {0x00400, 0x10010, 0x7FFF0, 0x12346};
	uint32_t first = high ? KSEG2 >> 12 : 0, count = high ? 0x40000 : 0x80000;
	uint32_t last = first + count - 1;

	if (!high && chance(generator, 50))
		return PICK(generator, shared);
	// The first page would do, were it not for jumps to small numbers.
	if (chance(generator, 4))
		return last;
	return first + 16 + below(generator, count - 32);
}

static void choose_addresses(struct generator *generator, uint32_t offset)
{
	// Kernel code would go on into Malta's vectors.
	bool not_last = generator->target->cpu && generator->kernel;

	do {
		generator->code_vpn = page_number(generator, generator->place == PLACE_KERNEL_HIGH);
		generator->data_vpn = page_number(generator, false) & 0x7FFFE;
		generator->alias_vpn = page_number(generator, false) & 0x7FFFE;
		generator->high_vpn = page_number(generator, true) & 0xFFFFE;
	} while (generator->data_vpn == generator->alias_vpn ||
		 (not_last && generator->code_vpn == 0x7FFFF) ||
		 (generator->mapped && (generator->code_vpn - generator->data_vpn + 1 < 3 ||
					generator->code_vpn - generator->alias_vpn + 1 < 3)));
	if (generator->place == PLACE_KSEG0)
		generator->address = KSEG0 | generator->program->address;
	else if (generator->place == PLACE_KSEG1)
		generator->address = KSEG1 | generator->program->address;
	else
		generator->address = generator->code_vpn << 12 | offset;
}

static void choose_place(struct generator *generator, uint32_t page, bool second)
{
	static const uint8_t places[] = {PLACE_KSEG0,	   PLACE_KSEG0,	     PLACE_KSEG0, PLACE_KSEG0,
					 PLACE_KSEG1,	   PLACE_USER,	     PLACE_USER,  PLACE_USER,
					 PLACE_USER,	   PLACE_USER,	     PLACE_USER,  PLACE_USER,
					 PLACE_KERNEL_LOW, PLACE_KERNEL_HIGH};
	static const uint8_t odd[] = {0, 0, 2, 10};
	const struct family *family = generator->target->family;
	uint32_t offset;

	generator->place = PICK(generator, places);
	generator->kernel = generator->place != PLACE_USER;
	generator->mapped = generator->place >= PLACE_USER;
	generator->wired = generator->mapped && generator->kernel && chance(generator, 70);
	generator->calm = generator->place <= PLACE_USER && chance(generator, 45);
	generator->odd = generator->calm ? PICK(generator, odd) : 100;
	generator->device = NULL;
	if (generator->kernel && chance(generator, 60) && !generator->style.defined)
		generator->device =
		    &family->devices[chance(generator, 40) ? 0 : below(generator, family->device_count)];
	// Some places in the page are those of many programs, like some pages.
	bool shared = chance(generator, 50);
	if (!second)
		offset =
		    FIRST_FREE_OFFSET + (shared ? 0x40 * below(generator, 4) : 4 * below(generator, 100));
	else if (chance(generator, 80))
		offset = PAGE_SIZE - 4 - (shared ? 0x20 * below(generator, 4) : 4 * below(generator, 40));
	else
		offset = 0x800 + 4 * below(generator, 100);
	generator->program->address = page * PAGE_SIZE + offset;
	choose_addresses(generator, offset);
}

void program_generate(struct program *program, const struct target *target, const struct style *style,
		      uint64_t seed, uint32_t page, bool second)
{
	struct generator generator = {.numbers = {seed * UINT64_C(0xD1342543DE82EF95) + 0x5DEECE66D},
				      .target = target,
				      .style = *style,
				      .program = program};
	unsigned length, most;

	memset(program, 0, sizeof(*program));
	choose_place(&generator, page, second);
	// The rest of the page and the part of the next one that is this program's.
	most = second ? (PAGE_SIZE - program->address % PAGE_SIZE) / 4 + FIRST_FREE_OFFSET / 4 : 0x100;
	most -= 40;
	length = style->brief ? 4 + below(&generator, 7) : 8 + below(&generator, 30);
	if (length > most - 20)
		length = most - 20;
	put_start(&generator);
	while (program->count < length)
		put_item(&generator);
	put_end(&generator);
	for (unsigned i = 0; i < program->count; i++)
		resolve_word(&generator, i, generator.fixups[i]);
	fill_table(&generator);
	fill_registers(&generator);
}

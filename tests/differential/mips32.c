// What random programs for MIPS32 release 2 on the Malta board have of their own: coprocessor 0, the TLB, devices.
//
// BEV and ERL are never set, and the base of the vectors stays where it is.
#include "tests/differential/generator.h"

#define STATUS_IE   0x0001u
#define STATUS_EXL  0x0002u
#define STATUS_USER 0x0010u
#define STATUS_KSU  0x0018u
#define STATUS_IM   0xFF00u
#define STATUS_IM7  0x8000u
#define STATUS_CU0  0x10000000u
#define CAUSE_IV    0x00800000u

#define LO_FRAME_SHIFT 6
#define LO_UNCACHED    0x10u
#define LO_CACHED      0x18u
#define LO_D	       0x04u
#define LO_V	       0x02u
#define LO_G	       0x01u
#define ANY_LO_FLAGS   0x3Fu

#define FREE_RAM  0x00800000u // behind the programs
#define ERET_WORD 0x42000018u
#define PAIR_MASK (~(2 * PAGE_SIZE - 1))
#define CP0_MOVE  (16u << 26)
#define COP1	  (17u << 26)
#define COP2	  (18u << 26)

// Of the UART only what prints nothing; of the board's registers not the reset.
static const struct device_registers devices[] = {
    {0xB80003F8, {0x2, 0x3, 0x4, 0x5, 0x6, 0x7, -1}, {0x7, -1}},
    {0xBF000000, {0x208, 0x408, 0x410, 0x508, -1}, {0x408, 0x410, 0x508, -1}},
    {0xB8000000, {0x0, 0x70, 0x3F0, -1}, {0x80, 0x3F0, -1}},   // ports without a device
    {0xBBE00000, {0x0, 0xC00, 0xC08, -1}, {0x100, 0xC04, -1}}, // nothing
};

// --- Coprocessor 0 ---

static uint32_t move_word(enum mips_op op, unsigned reg, unsigned number, unsigned select)
{
	return mips_encode(op, &(struct mips_fields){
				   {['t'] = (int32_t)reg, ['r'] = (int32_t)number, ['l'] = (int32_t)select}});
}

static uint32_t move_from_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 1,  2,  3,  4,  5,  6,  7,  8,  9,
					    9, 10, 10, 11, 12, 13, 14, 15, 16, 30};
	unsigned likely = generator->calm ? 99 : 92;
	unsigned number = chance(generator, likely) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = number == 16			 ? below(generator, 4)
			  : number == 12 || number == 15 ? below(generator, 2)
							 : 0;

	if (!chance(generator, likely))
		select = below(generator, 8);
	return move_word(MIPS_OP_MFC0, destination(generator), number, select);
}

static uint32_t move_to_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 12, 13, 13, 14, 14, 16, 30};
	unsigned number = chance(generator, 94) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = number == 12 ? below(generator, 8) < 1 : 0, from = source(generator);

	if (number == 15) // EBase
		number = 2;
	if (number == 5) // PageMask: what lies beside the data must not be mapped with it
		from = 0;
	if (number == 12 && select == 0)
		from = 23;
	if (number == 14 && chance(generator, 80)) // where an exception under EXL would return to
		from = 21;
	return move_word(MIPS_OP_MTC0, from, number, select);
}

// Moves that nobody knows, and operations.
static uint32_t odd_coprocessor_0(struct generator *generator)
{
	static const uint8_t moves[] = {1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15};
	uint32_t rest = any_word(generator);

	if (chance(generator, 50))
		return CP0_MOVE | (uint32_t)PICK(generator, moves) << 21 | rest >> 11;
	return CP0_MOVE | 1u << 25 | (rest & 0x01FFFFC0) | 0x2F;
}

static uint32_t coprocessor_0(struct generator *generator)
{
	static const uint8_t simple_ones[] = {MIPS_OP_TLBP, MIPS_OP_TLBR,   MIPS_OP_DI,
					      MIPS_OP_EI,   MIPS_OP_RDPGPR, MIPS_OP_WRPGPR};
	static const uint8_t traps[] = {MIPS_OP_ERET, MIPS_OP_WAIT, MIPS_OP_TLBWI, MIPS_OP_TLBWR};
	bool kernel = generator->kernel;

	if (generator->style.defined) // in user mode they trap
		return kernel ? MIPS_WORD(PREF, ['s'] = 16, ['p'] = (int32_t)below(generator, 2))
			      : move_word(MIPS_OP_MFC0, destination(generator), 14, 0);
	switch (below(generator, 24)) {
	case 0:
	case 1:
		return encode(generator, PICK(generator, simple_ones));
	case 2:
		return encode(generator, MIPS_OP_RDHWR);
	case 3:
		return MIPS_WORD(
		    RDHWR, ['t'] = (int32_t)destination(generator), ['r'] = (int32_t)below(generator, 5));
	case 4: // reserved ones; in user mode, what only traps
		if (kernel || chance(generator, 50))
			return chance(generator, generator->odd) ? odd_coprocessor_0(generator)
								 : move_from_cp0(generator);
		return mips_encode(PICK(generator, traps), &(struct mips_fields){{0}});
	case 5: {
		unsigned base = chance(generator, 70) ? pointer(generator) : source(generator);

		return memory_word(MIPS_OP_CACHE, base, below(generator, 32), below(generator, 256) - 128);
	}
	case 6:
		return MIPS_WORD(
		    SYNCI, ['s'] = (int32_t)pointer(generator), ['o'] = (int32_t)below(generator, 256) - 128);
	case 7:
		return encode(generator, MIPS_OP_PREF);
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
		return move_to_cp0(generator);
	default:
		return move_from_cp0(generator);
	}
}

static bool is_conditional_trap(const struct op_info *info)
{
	return info->traps & MIPS_TRAP_TR;
}

// Two registers, or a register and a constant, are hardly ever equal.
static uint32_t conditional_trap(struct generator *generator)
{
	enum mips_op op = choose(generator, is_conditional_trap);
	uint32_t word = encode(generator, op);

	if (!chance(generator, 30))
		return word;
	if (mips_encoding_field(mips_encoding_for(generator->target->isa, op), 't'))
		return (word & ~(31u << 16)) | mips_word_rs(word) << 16;
	return word & ~(31u << 21 | 0xFFFF);
}

// System calls, breaks, traps, reserved words, the coprocessors that are not there.
static uint32_t trapping(struct generator *generator)
{
	static const uint8_t reserved[] = {19, 24, 25, 26, 27, 29, 30, 39, 44, 45, 52, 55, 60, 63};
	static const uint8_t reserved_special[] = {5,  20, 21, 22, 23, 28, 29, 30,
						   31, 40, 41, 44, 53, 55, 61, 63};
	uint32_t rest = any_word(generator);

	switch (below(generator, generator->style.defined ? 5 : 9)) {
	case 0:
		return encode(generator, MIPS_OP_SYSCALL);
	case 1:
		return encode(generator, MIPS_OP_BREAK);
	case 2:
	case 3:
	case 4:
		return conditional_trap(generator);
	case 5:
		return encode(generator, chance(generator, 50) ? MIPS_OP_SDBBP : MIPS_OP_DERET);
	case 6:
		return (chance(generator, 50) ? COP1 : COP2) | rest >> 6;
	case 7:
		return (uint32_t)PICK(generator, reserved) << 26 | rest >> 6;
	default:
		return (rest >> 6 & ~63u) | PICK(generator, reserved_special);
	}
}

static uint32_t status(struct generator *generator, bool here)
{
	uint32_t word = below(generator, 0x10000) & (STATUS_IM | STATUS_IE | STATUS_KSU);

	if (chance(generator, 20))
		word |= STATUS_EXL;
	return here ? word & ~STATUS_KSU : word;
}

// --- Sequences ---

// To a word ahead by ERET.
static void put_eret(struct generator *generator)
{
	int32_t reg = 1 + (int32_t)below(generator, 15);

	put_fixup(generator, MIPS_WORD(ADDIU, ['t'] = reg, ['s'] = 21), WORD_TARGET, FIXUP_OFFSET);
	put(generator, move_word(MIPS_OP_MTC0, (unsigned)reg, 14, 0), WORD_NEVER);
	put(generator, ERET_WORD, WORD_NEVER);
}

// Waits for the timer, which comes soon.
static void put_wait(struct generator *generator)
{
	put(generator, move_word(MIPS_OP_MFC0, 1, 9, 0), WORD_TARGET);
	put(generator, MIPS_WORD(ADDIU, ['t'] = 1, ['s'] = 1, ['i'] = 8 + (int32_t)below(generator, 60)),
	    WORD_NEVER);
	put(generator, move_word(MIPS_OP_MTC0, 1, 11, 0), WORD_NEVER);
	put(generator, MIPS_WORD(ORI, ['t'] = 23, ['s'] = 0, ['u'] = (int32_t)(STATUS_IM7 | STATUS_IE)),
	    WORD_NEVER);
	put(generator, move_word(MIPS_OP_MTC0, 23, 12, 0), WORD_NEVER);
	put(generator, WAIT_WORD, WORD_NEVER);
}

// Turns a software interrupt on.
static void put_interrupt(struct generator *generator)
{
	put(generator,
	    MIPS_WORD(ORI, ['t'] = 1, ['s'] = 0, ['u'] = (int32_t)((1 + below(generator, 3)) << 8)),
	    WORD_TARGET);
	put(generator, move_word(MIPS_OP_MTC0, 1, 13, 0), WORD_NEVER);
}

static void put_special(struct generator *generator)
{
	switch (below(generator, 6)) {
	case 0:
		put_wait(generator);
		break;
	case 1:
	case 2:
		put_interrupt(generator);
		break;
	default:
		put_eret(generator);
	}
}

// A pair of pages, of which the program uses one or none. Large ones are of RAM that nobody uses.
static void put_tlb_write(struct generator *generator)
{
	static const uint32_t masks[] = {0x6000, 0x1E000, 0x2000};
	uint32_t hi = any_word(generator) & 0x7FFFE0FF, mask = 0;

	if (chance(generator, 60))
		hi =
		    ((chance(generator, 50) ? generator->data_vpn : generator->alias_vpn) << 12 & PAIR_MASK) |
		    (chance(generator, 70) ? 0 : below(generator, 256));
	if (chance(generator, 15))
		mask = PICK(generator, masks);
	put_constant(generator, 1, hi, WORD_TARGET);
	put(generator, move_word(MIPS_OP_MTC0, 1, 10, 0), WORD_NEVER);
	for (unsigned number = 2; number < 4; number++) {
		uint32_t frame = mask ? FREE_RAM + below(generator, 0x100) * PAGE_SIZE : any_frame(generator);

		put_constant(generator, 2,
			     frame >> LO_FRAME_SHIFT | (any_word(generator) & ANY_LO_FLAGS) | LO_V,
			     WORD_NEVER);
		put(generator, move_word(MIPS_OP_MTC0, 2, number, 0), WORD_NEVER);
	}
	put_constant(generator, 2, mask, WORD_NEVER);
	put(generator, move_word(MIPS_OP_MTC0, mask ? 2 : 0, 5, 0), WORD_NEVER);
	if (chance(generator, 40))
		put(generator, MIPS_WORD(TLBP, 0), WORD_NEVER);
	put(generator, chance(generator, 70) ? MIPS_WORD(TLBWI, 0) : MIPS_WORD(TLBWR, 0), WORD_NEVER);
}

// --- The row in the table ---

static uint32_t entry_lo(const struct page *page)
{
	return page->frame >> LO_FRAME_SHIFT | (page->flags & PAGE_UNCACHED ? LO_UNCACHED : LO_CACHED) |
	       (page->flags & PAGE_DIRTY ? LO_D : 0) | (page->flags & PAGE_VALID ? LO_V : 0);
}

struct pair {
	uint32_t vpn2, lo[2];
};

static unsigned make_pairs(const struct page_list *list, struct pair *pairs)
{
	unsigned count = 0;

	for (unsigned i = 0; i < list->count; i++) {
		const struct page *page = &list->pages[i];
		unsigned at = 0;

		while (at < count && pairs[at].vpn2 != page->vpn >> 1)
			at++;
		if (at == count)
			pairs[count++] = (struct pair){page->vpn >> 1, {0, 0}};
		pairs[at].lo[page->vpn & 1] = entry_lo(page);
	}
	return count;
}

static void fill_tlb(struct generator *generator, const struct pair *pairs, unsigned count, uint32_t asid)
{
	uint32_t *row = program_field(generator->program, PROGRAM_TLB);
	uint32_t *end = row + PROGRAM_TLB_WORDS - MIPS32_TLB_WORDS;
	unsigned wired = generator->wired ? 2 : 0, slot = wired;

	for (unsigned i = 0; i < count && row < end; i++) {
		uint32_t global = chance(generator, 25) ? LO_G : 0;
		uint32_t owner = generator->calm || chance(generator, 85) ? asid : below(generator, 256);

		if ((i >= wired && !chance(generator, generator->calm ? 90 : 60)) || pairs[i].vpn2 >> 17 == 2)
			continue;
		row[0] = slot++;
		row[1] = 0;
		row[2] = pairs[i].vpn2 << 13 | owner;
		row[3] = pairs[i].lo[0] | global;
		row[4] = pairs[i].lo[1] | global;
		row += MIPS32_TLB_WORDS;
	}
	row[0] = 0xFFFFFFFF;
	*program_field(generator->program, PROGRAM_WIRED) = wired;
}

static void fill_table(struct generator *generator, const struct page_list *list, uint32_t asid)
{
	struct program *program = generator->program;
	uint32_t at_entry = STATUS_EXL | (generator->kernel ? 0 : STATUS_USER), cause = 0;
	uint32_t *pages = program_field(program, PROGRAM_PAGES);
	struct pair pairs[PAGES_MAX];
	unsigned count = make_pairs(list, pairs);

	if (!generator->style.defined) {
		at_entry |= chance(generator, 70) ? STATUS_IE : 0;
		at_entry |= chance(generator, 60) ? STATUS_IM7 : 0;
		at_entry |= any_word(generator) & 0x0300;
		at_entry |= chance(generator, 10) ? STATUS_CU0 : 0;
		cause = chance(generator, 15) ? any_word(generator) & 0x0300 : 0;
		cause |= chance(generator, 40) ? CAUSE_IV : 0;
	}
	*program_field(program, PROGRAM_STATUS) = at_entry;
	*program_field(program, PROGRAM_CAUSE) = cause;
	*program_field(program, PROGRAM_ENTRY_HI) = asid | (any_word(generator) & PAIR_MASK);
	if (generator->style.defined) {
		*program_field(program, PROGRAM_POLICY) &= ~(uint32_t)POLICY_RANDOM;
		*program_field(program, PROGRAM_COMPARE) = 0;
		*program_field(program, PROGRAM_INDEX) = 0;
		*program_field(program, PROGRAM_CONTEXT) = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		*pages++ = pairs[i].vpn2 << 13;
		*pages++ = pairs[i].lo[0];
		*pages++ = pairs[i].lo[1];
	}
	*pages = 1;
	fill_tlb(generator, pairs, count, asid);
}

const struct family family_mips32 = {
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .return_word = ERET_WORD,
    .coprocessor_0 = coprocessor_0,
    .trapping = trapping,
    .status = status,
    .put_special = put_special,
    .put_tlb_write = put_tlb_write,
    .fill_table = fill_table,
};

// What random programs for System/161 have of their own: coprocessor 0, the TLB, devices.
//
// BEV is never set, and the TLB gets no two entries that could match at once (System/161 reference, section 7.3).
#include "tests/differential/generator.h"

#define STATUS_KUP 0x08u
#define STATUS_IEP 0x04u

#define LO_N 0x800u
#define LO_D 0x400u
#define LO_V 0x200u
#define LO_G 0x100u

#define RFE_WORD      0x42000010u
#define TIMER_ADDRESS 0xBFFD0000u
#define CP0_MOVE      (16u << 26)

static const struct device_registers devices[] = {
    {TIMER_ADDRESS, {0x4, 0x4, 0x8, 0xC, 0x10, 0x20, 0x7FFC, -1}, {0x20, 0x7FFC, -1}},
    {0xBFFC0000, {0x0, 0x4, -1}, {0x0, 0x4, -1}},						 // random
    {0xBFFE0000, {0x0, 0x8, 0x14, -1}, {0x1C, 0x14, -1}},					 // trace
    {0xBFE00000, {0x0, 0x4, 0x8, 0xC, -1}, {0x0, 0xC, -1}},					 // serial
    {0xBFFF7E00, {0x0, 0x4, 0xC, 0x10, 0x14, 0x18, 0x1C, -1}, {0x0, 0x4, 0x10, 0x18, 0x20, -1}}, // controller
    {0xBFFF8000,
     {0x0, 0x4, 0x8, 0x300, 0x37C, 0x400, -1},
     {0x4, 0x4, 0x8, 0x300, 0x37C, 0x400, -1}},						   // own CPU
    {0xBFFF0000, {0x0, 0x4, 0x8, 0xC, 0x400, 0x7000, 0x7404, 0x7C08, -1}, {0x0, 0x8, -1}}, // configuration
    {0xBFE10000, {0x0, -1}, {0x0, -1}},							   // an empty slot
};

static uint32_t move_from_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 1, 2, 4, 8, 9, 9, 10, 10, 11, 12, 13, 14, 15, 16};
	unsigned reg =
	    chance(generator, generator->calm ? 99 : 90) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = chance(generator, generator->calm ? 99 : 92) ? reg == 16 ? below(generator, 2) : 0
								       : below(generator, 8);
	uint32_t word = MIPS_WORD(
	    MFC0, ['t'] = (int32_t)destination(generator), ['r'] = (int32_t)reg, ['l'] = (int32_t)select);

	return chance(generator, 10) ? word | (any_word(generator) & 0x7F8) : word;
}

static uint32_t move_to_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 1, 2, 2, 4, 8, 9, 10, 11, 12, 12, 12, 13, 13, 14, 15, 16};
	unsigned likely = generator->calm ? 99 : 94;
	unsigned reg = chance(generator, likely) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = chance(generator, likely) ? 0 : 1 + below(generator, 7);
	unsigned from = source(generator);

	// The original dies when a stall (section 1.7) finds the page of its code no longer mapped.
	if (reg == 10 && generator->mapped && !generator->wired)
		reg = 2;
	if (reg == 12) // also where another select is meant: they are alike in no harm
		from = 23;
	return MIPS_WORD(MTC0, ['t'] = (int32_t)from, ['r'] = (int32_t)reg, ['l'] = (int32_t)select);
}

// CFC0 and its like; ERET, WAIT with a code.
static uint32_t odd_coprocessor_0(struct generator *generator)
{
	static const uint8_t moves[] = {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint32_t rest = any_word(generator);

	if (chance(generator, 50))
		return CP0_MOVE | (uint32_t)PICK(generator, moves) << 21 | rest >> 11;
	return CP0_MOVE | 1u << 25 | (rest & 0x01FFFFFF) | 0x40;
}

// Operations of all kinds; those that use an address get one that is mapped or not.
static uint32_t cache_operation(struct generator *generator)
{
	unsigned base = chance(generator, 70) ? 16 + below(generator, 3) : source(generator);
	unsigned operation = below(generator, 32);

	return memory_word(MIPS_OP_CACHE, base, 0, below(generator, 256) - 128) | operation << 16;
}

static uint32_t coprocessor_0(struct generator *generator)
{
	bool hot = !chance(generator, generator->odd);

	switch (below(generator, 24)) {
	case 0:
		return MIPS_WORD(TLBP, 0);
	case 1:
		if (!generator->kernel) { // they only trap
			static const uint8_t traps[] = {MIPS_OP_TLBR, MIPS_OP_TLBWI, MIPS_OP_TLBWR};

			return mips_encode(PICK(generator, traps), &(struct mips_fields){{0}});
		}
		return generator->mapped && !generator->wired ? MIPS_WORD(TLBP, 0) : MIPS_WORD(TLBR, 0);
	case 2:
		return chance(generator, 50) ? RFE_WORD : MIPS_WORD(TLBP, 0);
	case 3:
		return chance(generator, 40) ? WAIT_WORD : MIPS_WORD(TLBP, 0);
	case 4:
		return hot ? MIPS_WORD(TLBP, 0) : odd_coprocessor_0(generator);
	case 5:
	case 6:
		return hot ? move_from_cp0(generator) : cache_operation(generator);
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
		return move_to_cp0(generator);
	default:
		return move_from_cp0(generator);
	}
}

// System calls, breaks, reserved words, other coprocessors.
static uint32_t trapping(struct generator *generator)
{
	static const uint8_t coprocessors[] = {17, 18, 19, 49, 50, 51, 57, 58, 59};
	static const uint8_t reserved[] = {20, 21, 22, 23, 24, 28, 30, 31, 39, 44, 45, 52, 53, 55, 60, 63};
	static const uint8_t reserved_special[] = {1,  5,  10, 11, 14, 20, 23, 28, 31,
						   40, 41, 44, 48, 52, 54, 56, 63};
	static const uint8_t reserved_regimm[] = {2, 3, 4, 8, 12, 14, 15, 18, 19, 20, 24, 31};
	uint32_t rest = any_word(generator);

	switch (below(generator, 6)) {
	case 0:
		return encode(generator, MIPS_OP_SYSCALL);
	case 1:
		return encode(generator, MIPS_OP_BREAK);
	case 2:
		return (uint32_t)PICK(generator, coprocessors) << 26 | rest >> 6;
	case 3:
		return (uint32_t)PICK(generator, reserved) << 26 | rest >> 6;
	case 4:
		return (rest >> 6 & ~63u) | PICK(generator, reserved_special);
	default:
		return 1u << 26 | (rest >> 6 & ~(31u << 16)) |
		       (uint32_t)PICK(generator, reserved_regimm) << 16;
	}
}

static uint32_t status(struct generator *generator, bool here)
{
	uint32_t word = below(generator, 0x10000);

	return here ? word & ~2u : word;
}

// A timer that restarts itself goes on for ever for each value that it was given (section 3.1), and 1024 are the end of the
// original: nothing for programs that go round often.
static void put_bus_timer(struct generator *generator)
{
	if (generator->calm || !generator->device || generator->device->base != TIMER_ADDRESS) {
		put_simple(generator);
		return;
	}
	put(generator, MIPS_WORD(ORI, ['t'] = 1, ['s'] = 0, ['u'] = 1 + (int32_t)below(generator, 60)),
	    WORD_TARGET);
	put(generator, memory_word(MIPS_OP_SW, 19, 1, 16), 0);
}

// A page that the program uses: whatever entry it has is replaced.
static void put_known_page(struct generator *generator)
{
	static const uint8_t asids[] = {0, 1, 2, 63};
	uint32_t page = chance(generator, 50) ? generator->data_vpn : generator->alias_vpn;
	uint32_t hi = page << 12 | (uint32_t)PICK(generator, asids) << 6;
	uint32_t lo = any_frame(generator) | (any_word(generator) & 0xFFF & ~LO_G) | LO_V;

	put_constant(generator, 1, hi, WORD_TARGET);
	put_constant(generator, 2, lo, WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 1, ['r'] = 10), WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 2, ['r'] = 2), WORD_NEVER);
	put(generator, MIPS_WORD(TLBP, 0), WORD_NEVER);
	put(generator, MIPS_WORD(TLBWI, 0), WORD_NEVER);
}

// A page that depends on the time, so that a loop mostly writes another one. The same time may come again, since Count starts
// anew at each match with Compare: then the entry is there already and stays the only one.
static void put_new_page(struct generator *generator)
{
	uint32_t hi = any_word(generator) & (PAGE_MASK | 0xFC0);
	uint32_t lo = any_frame(generator) | (any_word(generator) & 0xFFF) | LO_V;

	if (hi >> 30 == 2)
		hi &= 0x7FFFFFFF;
	if (generator->mapped) { // an interrupt would leave the page of the code in EntryHi
		put(generator,
		    MIPS_WORD(ORI, ['t'] = 23, ['s'] = 0, ['u'] = (int32_t)(any_word(generator) & 0xFF3C)),
		    WORD_TARGET);
		put(generator, MIPS_WORD(MTC0, ['t'] = 23, ['r'] = 12), WORD_NEVER);
	}
	put(generator, MIPS_WORD(MFC0, ['t'] = 1, ['r'] = 9), WORD_TARGET);
	put(generator, MIPS_WORD(SLL, ['d'] = 1, ['t'] = 1, ['a'] = 12), WORD_NEVER);
	put_constant(generator, 2, hi, WORD_NEVER);
	put(generator, MIPS_WORD(ADDU, ['d'] = 1, ['s'] = 1, ['t'] = 2), WORD_NEVER);
	put_constant(generator, 2, lo, WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 1, ['r'] = 10), WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 2, ['r'] = 2), WORD_NEVER);
	put(generator, MIPS_WORD(TLBP, 0), WORD_NEVER);
	put(generator, MIPS_WORD(MFC0, ['t'] = 1, ['r'] = 0), WORD_NEVER);
	bool random = chance(generator, 50);
	put(generator, MIPS_WORD(BGEZ, ['s'] = 1, ['b'] = random ? 2 : 4), WORD_NEVER);
	put(generator, 0, WORD_NEVER);
	if (random) {
		put(generator, MIPS_WORD(TLBWR, 0), WORD_NEVER);
		return;
	}
	put(generator,
	    MIPS_WORD(ORI, ['t'] = 3, ['s'] = 0, ['u'] = (int32_t)((4 + below(generator, 60)) << 8)),
	    WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 3, ['r'] = 0), WORD_NEVER);
	put(generator, MIPS_WORD(TLBWI, 0), WORD_NEVER);
}

static void put_tlb_write(struct generator *generator)
{
	uint32_t offset = page_offset_of(generator, generator->program->count);

	if (generator->mapped && (!generator->wired || offset > 0xFA0 || offset < 8))
		put_simple(generator);
	else if (!generator->mapped && (generator->calm || chance(generator, 40)))
		put_known_page(generator);
	else
		put_new_page(generator);
}

static uint32_t entry_lo(const struct page *page)
{
	return page->frame | (page->flags & PAGE_UNCACHED ? LO_N : 0) |
	       (page->flags & PAGE_DIRTY ? LO_D : 0) | (page->flags & PAGE_VALID ? LO_V : 0);
}

static void fill_tlb(struct generator *generator, const struct page_list *list, uint32_t asid)
{
	uint32_t *row = program_field(generator->program, PROGRAM_TLB);
	uint32_t *end = row + PROGRAM_TLB_WORDS - MIPS161_TLB_WORDS;
	unsigned slot = below(generator, 3);

	for (unsigned i = 0; i < list->count && row < end; i++) {
		const struct page *page = &list->pages[i];
		bool wired = generator->wired && i < 2;
		uint32_t flags = chance(generator, 25) ? LO_G : 0;
		uint32_t owner = generator->calm || chance(generator, 85) ? asid : below(generator, 64);

		if ((!wired && !chance(generator, generator->calm ? 90 : 60)) || page->vpn >> 18 == 2)
			continue;
		if (wired) {
			flags |= LO_G | LO_V;
			row[0] = i << 8;
		} else {
			slot = slot < 4 ? 4 : slot + 1 + below(generator, 6);
			row[0] = slot << 8;
		}
		row[1] = page->vpn << 12 | owner << 6;
		row[2] = entry_lo(page) | flags;
		row += MIPS161_TLB_WORDS;
	}
	row[0] = 0xFFFFFFFF;
}

static void fill_table(struct generator *generator, const struct page_list *list, uint32_t asid)
{
	struct program *program = generator->program;
	uint32_t lines = chance(generator, 60) ? 0x0C00 : 0x7F00, *pages;
	uint32_t at_entry = chance(generator, 70) ? STATUS_IEP : 0;

	if (!generator->kernel)
		at_entry |= STATUS_KUP;
	at_entry |= any_word(generator) & 0x30;
	at_entry |= chance(generator, 60) ? 0x8000 : 0;
	at_entry |= any_word(generator) & lines;
	if (chance(generator, 15))
		at_entry |= below(generator, 16) << 28;
	*program_field(program, PROGRAM_STATUS) = at_entry;
	*program_field(program, PROGRAM_ENTRY_HI) = (any_word(generator) & PAGE_MASK) | asid << 6;
	*program_field(program, PROGRAM_ENTRY_LO) = any_word(generator);
	*program_field(program, PROGRAM_CAUSE) = chance(generator, 15) ? any_word(generator) : 0;
	*program_field(program, PROGRAM_TIMER) = !generator->calm && chance(generator, 50)
						     ? 1 + below(generator, 30)
						     : 20 + below(generator, 1000);
	pages = program_field(program, PROGRAM_PAGES);
	for (unsigned i = 0; i < list->count; i++) {
		// The handler makes a wired page writable in place: it has to stay everybody's.
		uint32_t flags = generator->wired && i < 2 ? LO_G : 0;

		*pages++ = list->pages[i].vpn << 12;
		*pages++ = entry_lo(&list->pages[i]) | flags;
	}
	*pages = 1;
	fill_tlb(generator, list, asid);
}

const struct family family_mips161 = {
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .return_word = RFE_WORD,
    .slot_returns = true,
    .coprocessor_0 = coprocessor_0,
    .trapping = trapping,
    .status = status,
    .put_special = put_bus_timer,
    .put_tlb_write = put_tlb_write,
    .fill_table = fill_table,
};

// Random programs for MIPS-161, from the instruction table.
//
// Every instruction of the table occurs with random operands, but for what would not end or what the original
// does not survive (System/161 reference, sections 1.2, 7.3): register 0 is never written, DIV never
// overflows, BEV is never set, and the TLB gets no two entries that could match at once. Reserved registers:
//   $16 to $19  addresses of data, devices, and of nothing; $20 of the code, for stores; $21 of the code, to jump
//   $22         an instruction            $23  a value that Status may have
//   $24, $25    divisors that are not -1  $28 to $30  only ever counted down: what bounds loops and calls
// Control flow goes forward, except under a test of a register that is counted down.
#include "tests/differential/program.h"

#include <string.h>

#include "frontend/decode.h"
#include "frontend/encode.h"
#include "frontend/insn.h"
#include "frontend/isa.h"

#define KSEG0	  0x80000000u
#define KSEG1	  0xA0000000u
#define KSEG2	  0xC0000000u
#define PAGE_SIZE 4096u
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define STATUS_KUP 0x08u
#define STATUS_IEP 0x04u

#define LO_N 0x800u
#define LO_D 0x400u
#define LO_V 0x200u
#define LO_G 0x100u

#define RFE_WORD     0x42000010u
#define WAIT_WORD    0x42000020u
#define SYSCALL_WORD 0x0000000Cu

#define FIRST_FREE_OFFSET                                                                                    \
	0x100u // of a page; what is before belongs to the program that ended the page before
#define TIMER_ADDRESS 0xBFFD0000u

enum place {
	PLACE_KSEG0,
	PLACE_KSEG1,
	PLACE_USER,
	PLACE_KERNEL_LOW,  // kernel mode in kuseg
	PLACE_KERNEL_HIGH, // kernel mode in kseg2
};

// What may happen to a word.
enum {
	WORD_TARGET = 1,    // may be jumped to
	WORD_PATCHABLE = 2, // may be replaced while the program runs,
	WORD_IMMEDIATE = 4, // or only the immediate in its lower half
	WORD_NEVER = 8,	    // must not be jumped to
};

enum fixup_kind {
	FIXUP_NONE,
	FIXUP_BRANCH,
	FIXUP_JUMP,
	FIXUP_OFFSET, // of the target from the start of the program
	FIXUP_SLOT,   // a branch in a delay slot
	FIXUP_CALL,   // BRANCH, JUMP or OFFSET to the subroutine
	FIXUP_PATCH,  // offset of a patchable word
	FIXUP_PATCH_IMMEDIATE,
	FIXUP_PATCH_AGAIN, // the offset of the word before
};

struct device_registers;

struct generator {
	struct numbers numbers;
	struct program *program;
	enum place place;
	bool kernel, mapped;
	bool wired;	  // mapped kernel code that the TLB is certain to hold
	bool jumps_only;  // in a delay slot
	uint32_t address; // virtual, of the first word
	uint32_t code_vpn, data_vpn, alias_vpn, high_vpn;
	uint8_t flags[PROGRAM_WORDS_MAX];
	uint8_t fixups[PROGRAM_WORDS_MAX];
	unsigned body_end, subroutine;
	const struct device_registers *device; // where $19 points, if anywhere
};

uint64_t numbers_next(struct numbers *numbers)
{
	uint64_t value = numbers->state += UINT64_C(0x9E3779B97F4A7C15);

	value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
	return value ^ value >> 31;
}

uint32_t numbers_below(struct numbers *numbers, uint32_t bound)
{
	return (uint32_t)((numbers_next(numbers) >> 32) * bound >> 32);
}

static uint32_t below(struct generator *generator, uint32_t bound)
{
	return numbers_below(&generator->numbers, bound);
}

static bool chance(struct generator *generator, unsigned percent)
{
	return below(generator, 100) < percent;
}

static uint32_t any_word(struct generator *generator)
{
	return (uint32_t)numbers_next(&generator->numbers);
}

#define PICK(generator, array) ((array)[below(generator, sizeof(array) / sizeof((array)[0]))])

// Values that are likely to matter.
static uint32_t value(struct generator *generator)
{
	static const uint32_t edges[] = {0,	     1,		 2,	 3,	     4,		 0xFFFFFFFF,
					 0xFFFFFFFE, 0x7FFF,	 0x8000, 0xFFFF,     0xFFFF8000, 0x10000,
					 0x7FFFFFFF, 0x7FFFFFFE, 0x80,	 0x80000000, 0x80000001, 0x40000000,
					 0xC0000000, 31,	 32};

	switch (below(generator, 4)) {
	case 0:
		return PICK(generator, edges);
	case 1:
		return below(generator, 256) - 64;
	default:
		return any_word(generator);
	}
}

static unsigned source(struct generator *generator)
{
	return below(generator, 32);
}

static unsigned destination(struct generator *generator)
{
	switch (below(generator, 40)) {
	case 0: // in kernel mode no wild stores: one might hit the driver
		return generator->kernel ? 1 : 16 + below(generator, 4);
	case 1:
		return 26 + below(generator, 2);
	default:
		return 1 + below(generator, 15);
	}
}

// --- Single instructions ---

// A word of the operation with every field at random, and now and then the reserved bits.
static uint32_t encode(struct generator *generator, enum mips_op op)
{
	const struct mips_encoding *encoding = mips_encoding_for(&mips_isa_mips161, op);
	uint32_t writes = mips_op_info[op].writes;
	struct mips_fields fields = {0};
	uint32_t word;

	for (unsigned i = 0; i < encoding->field_count; i++) {
		const struct mips_field *field = &encoding->fields[i];
		unsigned letter = (unsigned char)field->letter;

		fields.value[letter] = (int32_t)any_word(generator);
		if (letter == 's' || letter == 't')
			fields.value[letter] = (int32_t)source(generator);
		if ((letter == 'i' || letter == 'u') && chance(generator, 40))
			fields.value[letter] = (int32_t)value(generator);
		if ((letter == 't' && (writes & MIPS_REG_RT)) || (letter == 'd' && (writes & MIPS_REG_RD)))
			fields.value[letter] = (int32_t)destination(generator);
	}
	if (op == MIPS_OP_DIV)
		fields.value['t'] = 24 + (int32_t)below(generator, 2);
	word = mips_encode(op, &fields);
	if (chance(generator, 10))
		word |= any_word(generator) & (encoding->ignored | encoding->decoded);
	return word;
}

// A random operation of a class; asks `belongs` about each that the instruction set has.
static enum mips_op choose(struct generator *generator, bool (*belongs)(const struct op_info *))
{
	for (;;) {
		enum mips_op op = below(generator, MIPS_OP_RESERVED);

		if (mips_encoding_for(&mips_isa_mips161, op) && belongs(&mips_op_info[op]))
			return op;
	}
}

static bool is_plain(const struct op_info *info)
{
	return !(info->flags & (MIPS_FLAG_DELAY | MIPS_FLAG_LOAD | MIPS_FLAG_STORE | MIPS_FLAG_COP0)) &&
	       !((info->reads | info->writes) & (MIPS_REG_HI | MIPS_REG_LO)) &&
	       (info->writes & (MIPS_REG_RD | MIPS_REG_RT)) && !(info->traps & ~MIPS_TRAP_OV);
}

static bool is_hilo(const struct op_info *info)
{
	return (info->reads | info->writes) & (MIPS_REG_HI | MIPS_REG_LO);
}

static bool is_load(const struct op_info *info)
{
	return info->flags & MIPS_FLAG_LOAD;
}

static bool is_store(const struct op_info *info)
{
	return info->flags & MIPS_FLAG_STORE;
}

static bool is_branch(const struct op_info *info)
{
	return info->flags & MIPS_FLAG_BRANCH;
}

static uint32_t memory_word(enum mips_op op, unsigned base, unsigned reg, uint32_t offset)
{
	return mips_encode(op, &(struct mips_fields){
				   {['s'] = (int32_t)base, ['t'] = (int32_t)reg, ['o'] = (int32_t)offset}});
}

// Device registers that may be read, and written with anything, without stopping the machine or its clock.
struct device_registers {
	uint32_t base;
	int16_t loads[12], stores[8]; // -1 ends
};
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

static uint32_t device_offset(struct generator *generator, bool stores)
{
	const int16_t *offsets = stores ? generator->device->stores : generator->device->loads;
	unsigned count = 0;

	while (offsets[count] != -1)
		count++;
	return (uint32_t)offsets[below(generator, count)];
}

static uint32_t memory_access(struct generator *generator, bool stores_allowed)
{
	static const uint8_t pointers[] = {16, 16, 16, 16, 17, 17, 17, 18, 19, 21};
	bool is_store_op = stores_allowed && chance(generator, 45);
	enum mips_op op = choose(generator, is_store_op ? is_store : is_load);
	unsigned bytes = mips_op_info[op].bytes;
	unsigned base = PICK(generator, pointers);
	unsigned reg = is_store_op && op != MIPS_OP_SC ? source(generator) : destination(generator);
	uint32_t offset;

	if (chance(generator, 4) && (!is_store_op || !generator->kernel)) {
		base = source(generator);
		return memory_word(op, base, reg, any_word(generator));
	}
	if (base == 19 && generator->device) {
		offset = device_offset(generator, is_store_op);
		if (chance(generator, 25))
			offset += below(generator, 4);
		return memory_word(op, base, reg, offset);
	}
	if (base == 21) { // code
		if (is_store_op)
			base = 16;
		else
			return memory_word(op, base, reg, below(generator, 0x100) & ~(bytes - 1));
	}
	offset = below(generator, WINDOW_WORDS * 4) - WINDOW_WORDS * 2;
	if (chance(generator, 4))
		offset = below(generator, 0xE00) - 0x700;
	if (mips_op_info[op].flags & MIPS_FLAG_PARTIAL)
		bytes = 1;
	if (!chance(generator, 7))
		offset &= ~(bytes - 1);
	return memory_word(op, base, reg, offset);
}

static uint32_t move_from_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 1, 2, 4, 8, 9, 9, 10, 10, 11, 12, 13, 14, 15, 16};
	unsigned reg = chance(generator, 90) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = chance(generator, 92) ? reg == 16 ? below(generator, 2) : 0 : below(generator, 8);
	uint32_t word = MIPS_WORD(
	    MFC0, ['t'] = (int32_t)destination(generator), ['r'] = (int32_t)reg, ['l'] = (int32_t)select);

	return chance(generator, 10) ? word | (any_word(generator) & 0x7F8) : word;
}

static uint32_t move_to_cp0(struct generator *generator)
{
	static const uint8_t registers[] = {0, 1, 2, 2, 4, 8, 9, 10, 11, 12, 12, 12, 13, 13, 14, 15, 16};
	unsigned reg = chance(generator, 94) ? PICK(generator, registers) : below(generator, 32);
	unsigned select = chance(generator, 94) ? 0 : 1 + below(generator, 7);
	unsigned from = source(generator);

	// The original dies when a stall (section 1.7) finds the page of its code no longer mapped.
	if (reg == 10 && generator->mapped && !generator->wired)
		reg = 2;
	if (reg == 12) // also where another select is meant: they are alike in no harm
		from = 23;
	return MIPS_WORD(MTC0, ['t'] = (int32_t)from, ['r'] = (int32_t)reg, ['l'] = (int32_t)select);
}

static uint32_t coprocessor_0(struct generator *generator)
{
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
	case 4: { // CFC0 and its like; ERET, WAIT with a code
		static const uint8_t moves[] = {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

		uint32_t rest = any_word(generator);

		if (chance(generator, 50))
			return 16u << 26 | (uint32_t)PICK(generator, moves) << 21 | rest >> 11;
		return 16u << 26 | 1u << 25 | (rest & 0x01FFFFFF) | 0x40;
	}
	case 5:
	case 6: {
		// Operations of all kinds; those that use an address get one that is mapped or not.
		unsigned base = chance(generator, 70) ? 16 + below(generator, 3) : source(generator);

		unsigned operation = below(generator, 32);

		return memory_word(MIPS_OP_CACHE, base, 0, below(generator, 256) - 128) | operation << 16;
	}
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

// Any instruction that needs no place of its own. `flags` says what may replace it.
static uint32_t simple(struct generator *generator, uint8_t *flags)
{
	unsigned roll = below(generator, 100);
	uint32_t word;

	*flags = WORD_PATCHABLE;
	if (roll < 44) {
		enum mips_op op = choose(generator, is_plain);

		word = encode(generator, op);
		if (word >> 26 >= 8 && word >> 26 <= 15)
			*flags |= WORD_IMMEDIATE;
		return word;
	}
	if (roll < 58)
		return encode(generator, choose(generator, is_hilo));
	if (roll < 84)
		return memory_access(generator, true);
	if (roll < 87)
		return trapping(generator);
	if (roll < (generator->kernel ? 96 : 90))
		return coprocessor_0(generator);
	if (roll < 97)
		return encode(generator, MIPS_OP_SYNC);
	switch (below(generator, 3)) {
	case 0:
		word = value(generator);
		return MIPS_WORD(ANDI, ['t'] = 24, ['s'] = (int32_t)source(generator), ['u'] = (int32_t)word);
	case 1:
		return MIPS_WORD(LUI, ['t'] = 25, ['U'] = (int32_t)value(generator));
	default:
		if (chance(generator, 20))
			return MIPS_WORD(LUI, ['t'] = 23, ['U'] = (int32_t)(below(generator, 16) << 12));
		word = any_word(generator) & 0xFFFF;
		if (chance(generator, 80))
			word &= ~2u; // stays in kernel mode
		return MIPS_WORD(ORI, ['t'] = 23, ['s'] = 0, ['u'] = (int32_t)word);
	}
}

// --- Sequences ---

static void put(struct generator *generator, uint32_t word, uint8_t flags)
{
	struct program *program = generator->program;

	if (program->count == PROGRAM_WORDS_MAX)
		return;
	generator->flags[program->count] = flags;
	generator->fixups[program->count] = FIXUP_NONE;
	program->words[program->count++] = word;
}

static void put_fixup(struct generator *generator, uint32_t word, uint8_t flags, enum fixup_kind kind)
{
	put(generator, word, flags);
	generator->fixups[generator->program->count - 1] = (uint8_t)kind;
}

static void put_simple(struct generator *generator)
{
	uint8_t flags;
	uint32_t word = simple(generator, &flags);

	put(generator, word, flags | WORD_TARGET);
}

static uint32_t page_offset_of(const struct generator *generator, unsigned index)
{
	return (generator->address + 4 * index) % PAGE_SIZE;
}

static uint32_t branch_word(struct generator *generator)
{
	uint32_t word = encode(generator, choose(generator, is_branch)) & 0xFFFF0000;

	// Two registers are hardly ever equal.
	if (mips_decode_op(&mips_isa_mips161, word) == MIPS_OP_BEQ && chance(generator, 25))
		word = (word & ~(31u << 16)) | mips_word_rs(word) << 16;
	return word;
}

static void put_slot_jump(struct generator *generator)
{
	int32_t reg = below(generator, 2) ? 22 : 24;

	if (chance(generator, 50))
		put(generator, MIPS_WORD(JR, ['s'] = reg), 0);
	else
		put(generator, MIPS_WORD(JALR, ['s'] = reg, ['d'] = 31), 0);
}

static void put_slot(struct generator *generator)
{
	uint8_t flags;
	uint32_t word;

	switch (below(generator, 16)) {
	case 0: // a branch in a delay slot: forward from wherever it counts
		put_fixup(generator, branch_word(generator), 0, FIXUP_SLOT);
		return;
	case 1:
		if (chance(generator, 50))
			put_fixup(generator,
				  encode(generator, chance(generator, 50) ? MIPS_OP_J : MIPS_OP_JAL), 0,
				  FIXUP_JUMP);
		else
			put_slot_jump(generator);
		return;
	case 2:
		if (generator->kernel && chance(generator, 30)) {
			put(generator, RFE_WORD, 0);
			return;
		}
		put(generator, trapping(generator), 0);
		return;
	case 3:
		put(generator, encode(generator, choose(generator, is_hilo)), WORD_PATCHABLE);
		return;
	default:
		word = simple(generator, &flags);
		put(generator, word, flags);
	}
}

static void put_constant(struct generator *generator, int32_t reg, uint32_t constant, uint8_t flags)
{
	put(generator, MIPS_WORD(LUI, ['t'] = reg, ['U'] = (int32_t)(constant >> 16)), flags);
	put(generator, MIPS_WORD(ORI, ['t'] = reg, ['s'] = reg, ['u'] = (int32_t)constant), WORD_NEVER);
}

// Nothing can be fetched from there, for one reason or another.
static uint32_t bad_address(struct generator *generator)
{
	bool here = chance(generator, 50);
	uint32_t address = any_word(generator);

	switch (below(generator, 5)) {
	case 0: // misaligned
		return (here ? generator->address : address) | (1 + below(generator, 3));
	case 1: // no memory
		return (here ? KSEG0 : KSEG1) + 0x02000000 + below(generator, 0x01000000) * 4;
	case 2: // a device, or behind the boot ROM
		return KSEG1 + 0x1FC01000 + below(generator, 0x100000) * 4;
	case 3:
		return below(generator, 0x20000000) * 4;
	default:
		return KSEG2 + below(generator, 0x10000000) * 4;
	}
}

static void put_forward_branch(struct generator *generator)
{
	uint32_t word;

	switch (below(generator, 10)) {
	case 0:
	case 1:
		put_fixup(generator, encode(generator, chance(generator, 50) ? MIPS_OP_J : MIPS_OP_JAL),
			  WORD_TARGET, FIXUP_JUMP);
		break;
	case 2:
	case 3: { // through a register
		int32_t reg = 1 + (int32_t)below(generator, 15);

		put_fixup(generator, MIPS_WORD(ADDIU, ['t'] = reg, ['s'] = 21), WORD_TARGET, FIXUP_OFFSET);
		if (chance(generator, 30))
			put(generator, MIPS_WORD(SLTU, ['d'] = 1 + reg % 15, ['s'] = reg, ['t'] = 16), 0);
		word = chance(generator, 50)
			   ? MIPS_WORD(JR, ['s'] = reg)
			   : MIPS_WORD(JALR, ['s'] = reg,
				       ['d'] = chance(generator, 10)   ? reg
					       : chance(generator, 50) ? 31
								       : (int32_t)destination(generator));
		put(generator, word, WORD_NEVER);
		break;
	}
	case 4: // where there is nothing to execute
		if (chance(generator, 50)) {
			put_constant(generator, 1, bad_address(generator), WORD_TARGET);
			put(generator, MIPS_WORD(JR, ['s'] = 1), WORD_NEVER);
			break;
		}
		// fall through
	default:
		put_fixup(generator, branch_word(generator), WORD_TARGET, FIXUP_BRANCH);
	}
	put_slot(generator);
}

// Back to a word before, as long as there is fuel.
static void put_loop_end(struct generator *generator)
{
	unsigned here = generator->program->count, back = 1 + below(generator, 16);
	int32_t fuel = 28 + (int32_t)below(generator, 3);

	if (back > here)
		back = here;
	while (back > 0 && !(generator->flags[here - back] & WORD_TARGET))
		back--;
	put(generator, MIPS_WORD(ADDIU, ['t'] = fuel, ['s'] = fuel, ['i'] = -1), WORD_TARGET);
	for (unsigned i = below(generator, 3); i > 0; i--) {
		uint8_t flags;
		uint32_t word = simple(generator, &flags);

		put(generator, word, flags | WORD_NEVER);
	}
	here = generator->program->count - (here - back);
	put(generator, MIPS_WORD(BGTZ, ['s'] = fuel, ['b'] = -(int32_t)here - 1), WORD_NEVER);
	put_slot(generator);
}

static void put_call(struct generator *generator)
{
	int32_t reg = 1 + (int32_t)below(generator, 15);

	switch (below(generator, 3)) {
	case 0:
		put_fixup(generator, MIPS_WORD(JAL, 0), WORD_TARGET, FIXUP_CALL);
		break;
	case 1:
		put_fixup(generator, MIPS_WORD(BGEZAL, ['s'] = 0), WORD_TARGET, FIXUP_CALL);
		break;
	default:
		put_fixup(generator, MIPS_WORD(ADDIU, ['t'] = reg, ['s'] = 21), WORD_TARGET, FIXUP_CALL);
		put(generator, MIPS_WORD(JALR, ['s'] = reg, ['d'] = 31), WORD_NEVER);
	}
	put_slot(generator);
}

static uint32_t codeless_frame(struct generator *generator)
{
	switch (below(generator, 3)) {
	case 0:
		return 0x01000000 + (any_word(generator) & 0x00FFF000); // beyond RAM
	case 1:
		return 0x1FFF0000; // configuration of the slots
	default:
		return 0x1FC00000; // boot ROM
	}
}

static uint32_t frame(struct generator *generator)
{
	switch (below(generator, 6)) {
	case 0:
	case 1:
		return codeless_frame(generator);
	case 2:
		return generator->program->address & PAGE_MASK;
	default:
		return LAYOUT_DATA + below(generator, 2) * PAGE_SIZE;
	}
}

static void put_tlb_write(struct generator *generator)
{
	unsigned here = generator->program->count;
	bool known = !generator->mapped && chance(generator, 40);
	uint32_t hi = any_word(generator) & (PAGE_MASK | 0xFC0), flags = any_word(generator) & 0xFFF;
	uint32_t lo = frame(generator) | flags | LO_V;
	uint32_t page = page_offset_of(generator, here);

	if (hi >> 30 == 2)
		hi &= 0x7FFFFFFF;
	if (generator->mapped && (!generator->wired || page > 0xFA0 || page < 8)) {
		put_simple(generator);
		return;
	}
	if (generator->mapped) { // an interrupt would leave the page of the code in EntryHi
		put(generator,
		    MIPS_WORD(ORI, ['t'] = 23, ['s'] = 0, ['u'] = (int32_t)(any_word(generator) & 0xFF3C)),
		    WORD_TARGET);
		put(generator, MIPS_WORD(MTC0, ['t'] = 23, ['r'] = 12), WORD_NEVER);
	}
	if (known) {
		static const uint8_t asids[] = {0, 1, 2, 63};

		lo &= ~LO_G;
		hi = (chance(generator, 50) ? generator->data_vpn : generator->alias_vpn) << 12;
		hi |= (uint32_t)PICK(generator, asids) << 6;
	}
	if (known) {
		put_constant(generator, 1, hi, WORD_TARGET);
	} else { // in a loop, not the same page again
		put(generator, MIPS_WORD(MFC0, ['t'] = 1, ['r'] = 9), WORD_TARGET);
		put(generator, MIPS_WORD(SLL, ['d'] = 1, ['t'] = 1, ['a'] = 12), WORD_NEVER);
		put_constant(generator, 2, hi, WORD_NEVER);
		put(generator, MIPS_WORD(ADDU, ['d'] = 1, ['s'] = 1, ['t'] = 2), WORD_NEVER);
	}
	put_constant(generator, 2, lo, WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 1, ['r'] = 10), WORD_NEVER);
	put(generator, MIPS_WORD(MTC0, ['t'] = 2, ['r'] = 2), WORD_NEVER);
	if (known) {
		put(generator, MIPS_WORD(TLBP, 0), WORD_NEVER);
		put(generator, MIPS_WORD(TLBWI, 0), WORD_NEVER);
	} else if (chance(generator, 50)) {
		put(generator, MIPS_WORD(TLBWR, 0), WORD_NEVER);
	} else {
		put(generator,
		    MIPS_WORD(ORI, ['t'] = 3, ['s'] = 0, ['u'] = (int32_t)((4 + below(generator, 60)) << 8)),
		    WORD_NEVER);
		put(generator, MIPS_WORD(MTC0, ['t'] = 3, ['r'] = 0), WORD_NEVER);
		put(generator, MIPS_WORD(TLBWI, 0), WORD_NEVER);
	}
}

// Stores $22 over an instruction.
static void put_patch_of_word(struct generator *generator)
{
	switch (below(generator, 10)) {
	case 0:
		put_fixup(generator, memory_word(MIPS_OP_SWR, 20, 22, 3), WORD_TARGET, FIXUP_PATCH);
		break;
	case 1:
		put(generator, MIPS_WORD(OR, ['d'] = 2, ['s'] = 22, ['t'] = 0), WORD_TARGET);
		put_fixup(generator, memory_word(MIPS_OP_LL, 20, 3, 0), WORD_NEVER, FIXUP_PATCH);
		put_fixup(generator, memory_word(MIPS_OP_SC, 20, 2, 0), WORD_NEVER, FIXUP_PATCH_AGAIN);
		break;
	default:
		put_fixup(generator, memory_word(MIPS_OP_SW, 20, 22, 0), WORD_TARGET, FIXUP_PATCH);
	}
}

// A store into the code of the program.
static void put_patch(struct generator *generator)
{
	static const uint32_t stores[] = {MIPS_OP_SB, MIPS_OP_SH, MIPS_OP_SWL};

	if (chance(generator, 60)) {
		if (chance(generator, 40)) {
			uint8_t flags;
			uint32_t word;

			do // one that is harmless also with only its upper half
				word = simple(generator, &flags);
			while (!(flags & WORD_IMMEDIATE));
			put_constant(generator, 22, word, WORD_TARGET);
		}
		put_patch_of_word(generator);
	} else {
		enum mips_op op = PICK(generator, stores);

		put_fixup(generator, memory_word(op, 20, source(generator), 0), WORD_TARGET,
			  FIXUP_PATCH_IMMEDIATE);
	}
}

static void put_link(struct generator *generator)
{
	unsigned base = chance(generator, 70) ? 16 : 17;
	uint32_t offset = (below(generator, WINDOW_WORDS) - WINDOW_WORDS / 2) * 4;

	put(generator, memory_word(MIPS_OP_LL, base, destination(generator), offset), WORD_TARGET);
	for (unsigned i = below(generator, 4); i > 0; i--)
		put_simple(generator);
	if (chance(generator, 15))
		offset ^= 4;
	put(generator, memory_word(MIPS_OP_SC, base, destination(generator), offset), WORD_TARGET);
}

static void put_bus_timer(struct generator *generator)
{
	if (!generator->device || generator->device->base != TIMER_ADDRESS) {
		put_simple(generator);
		return;
	}
	put(generator, MIPS_WORD(ORI, ['t'] = 1, ['s'] = 0, ['u'] = 1 + (int32_t)below(generator, 60)),
	    WORD_TARGET);
	put(generator, memory_word(MIPS_OP_SW, 19, 1, 16), 0);
}

// Looks at EntryHi before and after an access, which writes it if its address is mapped.
static void put_entry_hi(struct generator *generator)
{
	int32_t reg = 1 + (int32_t)below(generator, 15), next = 1 + reg % 15;
	bool may_write = !generator->mapped || generator->wired;

	if (may_write && chance(generator, 50))
		put(generator, MIPS_WORD(MTC0, ['t'] = reg, ['r'] = 10), WORD_TARGET);
	else
		put(generator, MIPS_WORD(MFC0, ['t'] = reg, ['r'] = 10), WORD_TARGET);
	put(generator, memory_word(chance(generator, 50) ? MIPS_OP_LW : MIPS_OP_SW, 16, (unsigned)next, 0),
	    WORD_NEVER);
	put(generator, MIPS_WORD(MFC0, ['t'] = next, ['r'] = 10), WORD_NEVER);
}

static void put_item(struct generator *generator)
{
	unsigned roll = below(generator, 100);

	if (roll < 62)
		put_simple(generator);
	else if (roll < 78)
		put_forward_branch(generator);
	else if (roll < 84)
		put_loop_end(generator);
	else if (roll < 87)
		put_call(generator);
	else if (roll < 91)
		put_patch(generator);
	else if (roll < 94)
		put_link(generator);
	else if (roll < 97 && generator->kernel)
		put_tlb_write(generator);
	else if (roll < 98 && generator->kernel)
		put_bus_timer(generator);
	else if (generator->kernel)
		put_entry_hi(generator);
	else
		put_simple(generator);
}

// Returns to its caller as long as there is fuel.
static void put_subroutine(struct generator *generator)
{
	struct program *program = generator->program;

	generator->subroutine = program->count;
	for (unsigned i = below(generator, 4); i > 0; i--)
		put_simple(generator);
	put(generator, MIPS_WORD(ADDIU, ['t'] = 30, ['s'] = 30, ['i'] = -1), 0);
	put(generator,
	    MIPS_WORD(BLEZ, ['s'] = 30, ['b'] = (int32_t)generator->body_end - (int32_t)program->count - 1),
	    0);
	put(generator, 0, 0);
	put(generator, MIPS_WORD(JR, ['s'] = 31), 0);
	put_slot(generator);
	for (unsigned i = 0; i < 2; i++) { // in case that the jump is skipped
		put(generator,
		    MIPS_WORD(
			BGEZ, ['s'] = 0, ['b'] = (int32_t)generator->body_end - (int32_t)program->count - 1),
		    0);
		put(generator, 0, 0);
	}
}

// --- References to other words ---

// A word after `from` that may be jumped to, with a liking for the ends of pages.
static unsigned forward_target(struct generator *generator, unsigned from)
{
	unsigned end = generator->body_end, reach = 2 + below(generator, 10);

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
	unsigned start =
	    chance(generator, 50) ? from + below(generator, 4) : below(generator, generator->body_end);

	for (unsigned i = 0; i < generator->body_end; i++) {
		unsigned at = (start + i) % generator->body_end;

		if ((generator->flags[at] & (WORD_PATCHABLE | WORD_IMMEDIATE)) == flag && at != from)
			return at;
	}
	return generator->body_end + 4; // one of the last system calls, which is never reached
}

static bool is_branch_or_jump(uint32_t word)
{
	return mips_op_info[mips_decode_op(&mips_isa_mips161, word)].flags & MIPS_FLAG_DELAY;
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
	if (from < generator->program->count && is_branch_or_jump(words[from]))
		from = PROGRAM_WORDS_MAX;
	for (unsigned distance = below(generator, 3); distance < 16; distance++) {
		unsigned first = from + distance, second = index + 1 + distance;

		if (opcode != 0 && first < generator->body_end && second < generator->body_end &&
		    (generator->flags[first] & WORD_TARGET) && (generator->flags[second] & WORD_TARGET)) {
			words[index] |= distance;
			return;
		}
	}
	words[index] = 0;
}

static void resolve(struct generator *generator)
{
	struct program *program = generator->program;

	for (unsigned i = 0; i < program->count; i++) {
		enum fixup_kind kind = generator->fixups[i];
		uint32_t *word = &program->words[i];
		unsigned target;

		if (kind == FIXUP_PATCH || kind == FIXUP_PATCH_IMMEDIATE) {
			target = 4 * patch_target(generator, i,
						  kind == FIXUP_PATCH ? WORD_PATCHABLE
								      : WORD_PATCHABLE | WORD_IMMEDIATE);
			if (kind == FIXUP_PATCH_IMMEDIATE)
				target += *word >> 26 == 40 ? 3 : 2;
			*word |= target;
			continue;
		}
		if (kind == FIXUP_PATCH_AGAIN)
			*word |= program->words[i - 1] & 0xFFFF;
		if (kind == FIXUP_NONE || kind == FIXUP_PATCH_AGAIN)
			continue;
		if (kind == FIXUP_SLOT) {
			resolve_slot(generator, i);
			continue;
		}
		target = kind == FIXUP_CALL ? generator->subroutine : forward_target(generator, i);
		if (kind == FIXUP_CALL)
			kind = *word >> 26 == 3 ? FIXUP_JUMP : *word >> 26 == 1 ? FIXUP_BRANCH : FIXUP_OFFSET;
		if (kind == FIXUP_BRANCH)
			*word = (*word & 0xFFFF0000) | ((target - i - 1) & 0xFFFF);
		else if (kind == FIXUP_JUMP)
			*word = (*word & 0xFC000000) | ((generator->address + 4 * target) >> 2 & 0x03FFFFFF);
		else if (kind == FIXUP_OFFSET)
			*word |= 4 * target;
	}
}

// --- The row in the table ---

static uint32_t page_flags(struct generator *generator, bool writable)
{
	uint32_t flags = below(generator, 8) == 0 ? LO_N : 0;

	if (chance(generator, 92))
		flags |= LO_V;
	if (writable ? chance(generator, 85) : chance(generator, 30))
		flags |= LO_D;
	return flags;
}

struct page_list {
	uint32_t vpn[PROGRAM_PAGES_MAX], lo[PROGRAM_PAGES_MAX];
	unsigned count;
};

static void add_page(struct page_list *list, uint32_t vpn, uint32_t lo)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->vpn[i] == vpn)
			return;
	list->vpn[list->count] = vpn;
	list->lo[list->count++] = lo;
}

static void choose_pages(struct generator *generator, struct page_list *list)
{
	uint32_t frame_of_code = generator->program->address & PAGE_MASK;

	if (generator->mapped) {
		add_page(list, generator->code_vpn,
			 frame_of_code | page_flags(generator, chance(generator, 60)) | LO_V);
		if (chance(generator, 90)) {
			uint32_t next = frame_of_code + PAGE_SIZE;

			if (chance(generator, 5))
				next = codeless_frame(generator);
			next |= page_flags(generator, chance(generator, 60));
			add_page(list, (generator->code_vpn + 1) & 0xFFFFF, next);
		}
	}
	add_page(list, generator->data_vpn, LAYOUT_DATA | page_flags(generator, true));
	add_page(list, generator->data_vpn + 1, (LAYOUT_DATA + PAGE_SIZE) | page_flags(generator, true));
	add_page(list, generator->alias_vpn, frame_of_code | page_flags(generator, true));
	add_page(list, generator->alias_vpn + 1, (frame_of_code + PAGE_SIZE) | page_flags(generator, true));
	add_page(list, generator->high_vpn, LAYOUT_DATA | page_flags(generator, true));
	add_page(list, generator->high_vpn + 1, (LAYOUT_DATA + PAGE_SIZE) | page_flags(generator, true));
	if (chance(generator, 20)) {
		uint32_t lo = frame(generator);

		lo |= page_flags(generator, false);
		add_page(list, below(generator, 0x80000), lo);
	}
}

static void fill_tlb(struct generator *generator, const struct page_list *list, uint32_t asid)
{
	uint32_t *row = program_field(generator->program, PROGRAM_TLB);
	unsigned slot = below(generator, 3), used = 0;

	for (unsigned i = 0; i < list->count && used < PROGRAM_TLB_MAX - 1; i++) {
		bool wired = generator->wired && i < 2;
		uint32_t flags = chance(generator, 25) ? LO_G : 0;
		uint32_t owner = chance(generator, 85) ? asid : below(generator, 64);

		if ((!wired && !chance(generator, 60)) || list->vpn[i] >> 18 == 2)
			continue;
		if (wired) {
			flags |= LO_G | LO_V;
			row[0] = i << 8;
		} else {
			slot = slot < 4 ? 4 : slot + 1 + below(generator, 6);
			row[0] = slot << 8;
		}
		row[1] = list->vpn[i] << 12 | owner << 6;
		row[2] = list->lo[i] | flags;
		row += 3;
		used++;
	}
	row[0] = 0xFFFFFFFF;
}

static uint32_t data_pointer(struct generator *generator, uint32_t base)
{
	uint32_t pointer = base + WINDOW_START + WINDOW_WORDS * 2;

	return chance(generator, 90) ? pointer : pointer + below(generator, 9) - 4;
}

static void fill_registers(struct generator *generator)
{
	uint32_t *registers = program_field(generator->program, PROGRAM_REGISTERS);
	uint32_t physical_data = LAYOUT_DATA;
	uint8_t flags;

	for (unsigned i = 1; i < 32; i++)
		registers[i] = value(generator);
	registers[16] = data_pointer(generator, generator->data_vpn << 12);
	if (generator->kernel)
		registers[17] =
		    data_pointer(generator, physical_data + (chance(generator, 75) ? KSEG0 : KSEG1));
	else
		registers[17] = data_pointer(generator, generator->data_vpn << 12);
	registers[18] = chance(generator, 70) ? data_pointer(generator, generator->high_vpn << 12)
					      : any_word(generator) & 0x7FFFFFFF;
	if (generator->device)
		registers[19] = generator->device->base;
	else
		registers[19] = data_pointer(generator, chance(generator, 50) ? generator->high_vpn << 12
									      : generator->data_vpn << 12);
	switch (below(generator, 4)) {
	case 0:
		registers[20] = generator->address;
		break;
	case 1:
		registers[20] = generator->kernel ? KSEG1 | generator->program->address : generator->address;
		break;
	case 2:
		registers[20] = generator->kernel ? KSEG0 | generator->program->address : generator->address;
		break;
	default:
		registers[20] = generator->alias_vpn << 12 | (generator->program->address & ~PAGE_MASK);
	}
	registers[21] = generator->address;
	registers[22] = simple(generator, &flags);
	registers[23] = below(generator, 0x10000) & ~2u;
	registers[24] = chance(generator, 50) ? value(generator) & 0x7FFFFFFF : below(generator, 100);
	registers[25] =
	    (chance(generator, 50) ? any_word(generator) | 0x80000000 : (uint32_t)-2 - below(generator, 40)) &
	    ~1u;
	registers[26] = registers[27] = 0;
	for (unsigned i = 28; i < 31; i++)
		registers[i] = 1 + below(generator, 6);
}

static void fill_table(struct generator *generator)
{
	struct program *program = generator->program;
	static const uint8_t asids[] = {0, 0, 1, 2, 63};
	uint32_t asid = PICK(generator, asids);
	struct page_list list = {.count = 0};
	uint32_t status, lines, *pages = program_field(program, PROGRAM_PAGES);

	status = chance(generator, 70) ? STATUS_IEP : 0;
	if (!generator->kernel)
		status |= STATUS_KUP;
	status |= any_word(generator) & 0x30;
	status |= chance(generator, 60) ? 0x8000 : 0;
	lines = chance(generator, 60) ? 0x0C00 : 0x7F00;
	status |= any_word(generator) & lines;
	if (chance(generator, 15))
		status |= below(generator, 16) << 28;
	*program_field(program, PROGRAM_ENTRY) = generator->address;
	*program_field(program, PROGRAM_STATUS) = status;
	*program_field(program, PROGRAM_END) = page_offset_of(generator, generator->body_end);
	*program_field(program, PROGRAM_POLICY) = below(generator, 32);
	*program_field(program, PROGRAM_LIMIT) = 12 + below(generator, 20);
	if (chance(generator, 70)) {
		*program_field(program, PROGRAM_COMPARE) = 20 + below(generator, 150);
		*program_field(program, PROGRAM_COMPARE_NEXT) = 120 + below(generator, 400);
		*program_field(program, PROGRAM_COUNT) = below(generator, 20);
	} else {
		*program_field(program, PROGRAM_COMPARE) = value(generator);
		*program_field(program, PROGRAM_COMPARE_NEXT) = value(generator);
		*program_field(program, PROGRAM_COUNT) = value(generator);
	}
	*program_field(program, PROGRAM_ENTRY_HI) = (any_word(generator) & PAGE_MASK) | asid << 6;
	*program_field(program, PROGRAM_ENTRY_LO) = any_word(generator);
	*program_field(program, PROGRAM_INDEX) = any_word(generator);
	*program_field(program, PROGRAM_CONTEXT) = any_word(generator);
	*program_field(program, PROGRAM_CAUSE) = chance(generator, 15) ? any_word(generator) : 0;
	*program_field(program, PROGRAM_HI) = value(generator);
	*program_field(program, PROGRAM_LO) = value(generator);
	*program_field(program, PROGRAM_TIMER) =
	    chance(generator, 50) ? 1 + below(generator, 30) : 20 + below(generator, 1000);
	*program_field(program, PROGRAM_RUNS) = 3;
	for (unsigned i = 1; i < 4; i++)
		program_field(program, PROGRAM_MIX)[i] =
		    chance(generator, 50) ? below(generator, 256) : any_word(generator);
	*program_field(program, PROGRAM_CODE) = KSEG0 | program->address;
	*program_field(program, PROGRAM_CODE_WORDS) = program->count;
	*program_field(program, PROGRAM_FILL) = any_word(generator);

	choose_pages(generator, &list);
	for (unsigned i = 0; i < list.count && i < PROGRAM_PAGES_MAX - 1; i++) {
		pages[2 * i] = list.vpn[i] << 12;
		pages[2 * i + 1] = list.lo[i];
	}
	pages[2 * (list.count < PROGRAM_PAGES_MAX ? list.count : PROGRAM_PAGES_MAX - 1)] = 1;
	fill_tlb(generator, &list, asid);
}

static uint32_t page_number(struct generator *generator, bool high)
{
	uint32_t first = high ? KSEG2 >> 12 : 0, count = high ? 0x40000 : 0x80000;
	uint32_t last = first + count - 1;

	// The first page would do, were it not for jumps to small numbers.
	if (chance(generator, 4))
		return last;
	return first + 16 + below(generator, count - 32);
}

static void choose_place(struct generator *generator, uint32_t page, bool second)
{
	static const uint8_t places[] = {PLACE_KSEG0,	   PLACE_KSEG0,	     PLACE_KSEG0, PLACE_KSEG0,
					 PLACE_KSEG1,	   PLACE_USER,	     PLACE_USER,  PLACE_USER,
					 PLACE_USER,	   PLACE_USER,	     PLACE_USER,  PLACE_USER,
					 PLACE_KERNEL_LOW, PLACE_KERNEL_HIGH};
	struct program *program = generator->program;
	uint32_t offset;

	generator->place = PICK(generator, places);
	generator->kernel = generator->place != PLACE_USER;
	generator->mapped = generator->place >= PLACE_USER;
	generator->wired = generator->mapped && generator->kernel && chance(generator, 70);
	generator->device = NULL;
	if (generator->kernel && chance(generator, 60))
		generator->device = chance(generator, 40) ? &devices[0] : &PICK(generator, devices);
	if (!second)
		offset = FIRST_FREE_OFFSET + 4 * below(generator, 100);
	else if (chance(generator, 80))
		offset = PAGE_SIZE - 4 - 4 * below(generator, 40);
	else
		offset = 0x800 + 4 * below(generator, 100);
	program->address = page * PAGE_SIZE + offset;
	do {
		generator->code_vpn = page_number(generator, generator->place == PLACE_KERNEL_HIGH);
		generator->data_vpn = page_number(generator, false) & 0x7FFFE;
		generator->alias_vpn = page_number(generator, false) & 0x7FFFE;
		generator->high_vpn = page_number(generator, true) & 0xFFFFE;
	} while (generator->data_vpn == generator->alias_vpn);
	switch (generator->place) {
	case PLACE_KSEG0:
		generator->address = KSEG0 | program->address;
		break;
	case PLACE_KSEG1:
		generator->address = KSEG1 | program->address;
		break;
	default:
		generator->address = generator->code_vpn << 12 | offset;
	}
}

void program_generate(struct program *program, uint64_t seed, uint32_t page, bool second)
{
	struct generator generator = {.numbers = {seed * UINT64_C(0xD1342543DE82EF95) + 0x5DEECE66D},
				      .program = program};
	unsigned length, most;

	memset(program, 0, sizeof(*program));
	choose_place(&generator, page, second);
	// The rest of the page and the part of the next one that is this program's.
	most = second ? (PAGE_SIZE - program->address % PAGE_SIZE) / 4 + FIRST_FREE_OFFSET / 4 : 0x100;
	most -= 40;
	length = 6 + below(&generator, 30);
	if (length > most - 20)
		length = most - 20;
	while (program->count < length)
		put_item(&generator);
	generator.body_end = program->count;
	for (unsigned i = 0; i < 8; i++)
		put(&generator, SYSCALL_WORD, 0);
	put_subroutine(&generator);
	resolve(&generator);
	fill_table(&generator);
	fill_registers(&generator);
}

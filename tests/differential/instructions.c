// Single random instructions.
#include "tests/differential/generator.h"

// Values that are likely to matter.
uint32_t value(struct generator *generator)
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

unsigned source(struct generator *generator)
{
	return below(generator, 32);
}

unsigned destination(struct generator *generator)
{
	switch (below(generator, 40)) {
	case 0: // in kernel mode no wild stores: one might hit the driver. $16 and $17 lead to code, too
		return generator->kernel || generator->style.defined ? 1 : 18 + below(generator, 2);
	case 1:
		return 26 + below(generator, 2);
	default:
		return 1 + below(generator, 15);
	}
}

// The fields for which the architecture leaves the outcome open.
static void define_fields(struct generator *generator, enum mips_op op, struct mips_fields *fields)
{
	if (op == MIPS_OP_CLZ || op == MIPS_OP_CLO)
		fields->value['t'] = fields->value['d'];
	if (mips_op_info[op].flags & MIPS_FLAG_FIELD) {
		uint32_t first = below(generator, 32), size = 1 + below(generator, 32 - first);

		fields->value['a'] = (int32_t)first;
		fields->value['m'] = (int32_t)(op == MIPS_OP_INS ? first + size - 1 : size - 1);
	}
}

uint32_t encode(struct generator *generator, enum mips_op op)
{
	const struct mips_encoding *encoding = mips_encoding_for(generator->target->isa, op);
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
	if (generator->style.defined || chance(generator, 80))
		define_fields(generator, op, &fields);
	word = mips_encode(op, &fields);
	if (!generator->style.defined && chance(generator, 10))
		word |= any_word(generator) &
			(encoding->ignored |
			 (chance(generator, generator->calm ? 0 : 20) ? encoding->decoded : 0));
	return word;
}

enum mips_op choose(struct generator *generator, bool (*belongs)(const struct op_info *))
{
	for (;;) {
		enum mips_op op = below(generator, MIPS_OP_RESERVED);
		const struct op_info *info = &mips_op_info[op];

		if (mips_encoding_for(generator->target->isa, op) && !(info->flags & MIPS_FLAG_COP1) &&
		    belongs(info))
			return op;
	}
}

bool is_plain(const struct op_info *info)
{
	return !(info->flags & (MIPS_FLAG_DELAY | MIPS_FLAG_LOAD | MIPS_FLAG_STORE | MIPS_FLAG_COP0)) &&
	       !((info->reads | info->writes) & (MIPS_REG_HI | MIPS_REG_LO)) &&
	       (info->writes & (MIPS_REG_RD | MIPS_REG_RT)) && !(info->traps & ~MIPS_TRAP_OV);
}

static bool is_plain_and_quiet(const struct op_info *info)
{
	return is_plain(info) && !info->traps;
}

bool is_hilo(const struct op_info *info)
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

static bool is_defined_store(const struct op_info *info)
{
	return is_store(info) && !(info->reads & MIPS_REG_LLBIT); // SC fails or not, without LL
}

bool is_branch(const struct op_info *info)
{
	return info->flags & MIPS_FLAG_BRANCH;
}

uint32_t memory_word(enum mips_op op, unsigned base, unsigned reg, uint32_t offset)
{
	return mips_encode(op, &(struct mips_fields){
				   {['s'] = (int32_t)base, ['t'] = (int32_t)reg, ['o'] = (int32_t)offset}});
}

static uint32_t device_offset(struct generator *generator, bool stores)
{
	const int16_t *offsets = stores ? generator->device->stores : generator->device->loads;
	unsigned count = 0;

	while (offsets[count] != -1)
		count++;
	return (uint32_t)offsets[below(generator, count)];
}

unsigned pointer(struct generator *generator)
{
	static const uint8_t pointers[] = {16, 16, 16, 16, 17, 17, 17, 18, 19, 21};
	unsigned base = PICK(generator, pointers);

	return generator->calm && base == 18 ? 16 : base;
}

static uint32_t memory_access(struct generator *generator)
{
	bool defined = generator->style.defined, stores = chance(generator, 45);
	enum mips_op op = choose(generator, !stores ? is_load : defined ? is_defined_store : is_store);
	unsigned bytes = mips_op_info[op].bytes, base = pointer(generator);
	unsigned reg = stores && op != MIPS_OP_SC ? source(generator) : destination(generator);
	uint32_t offset;

	if (!defined && chance(generator, generator->calm ? generator->odd / 5 : 4) &&
	    (!stores || !generator->kernel)) {
		base = source(generator);
		return memory_word(op, base, reg, any_word(generator));
	}
	if (base == 19 && generator->device) {
		offset = device_offset(generator, stores);
		if (chance(generator, generator->calm ? generator->odd / 5 : 25))
			offset += below(generator, 4);
		return memory_word(op, base, reg, offset);
	}
	if (base == 21) { // code
		if (stores)
			base = 16;
		else
			return memory_word(op, base, reg, below(generator, 0x100) & ~(bytes - 1));
	}
	offset = below(generator, WINDOW_WORDS * 4) - WINDOW_WORDS * 2;
	if (chance(generator, 4) && !generator->style.defined)
		offset = below(generator, 0xE00) - 0x700;
	if (mips_op_info[op].flags & MIPS_FLAG_PARTIAL)
		bytes = 1;
	if (!chance(generator, generator->calm ? generator->odd / 5 : 7))
		offset &= ~(bytes - 1);
	return memory_word(op, base, reg, offset);
}

// Branches of which others make something else: QEMU takes those that can never be taken for NOPs, so that an exception
// in the delay slot has no BD; and looks up the delay slot of a likely one that is not taken, so that it can fault.
static bool is_unclear(const struct generator *generator, enum mips_op op, uint32_t word)
{
	uint32_t next = (generator->address + 4 * (generator->program->count + 1)) % PAGE_SIZE;

	if (next == 0 && (mips_op_info[op].flags & MIPS_FLAG_LIKELY))
		return true;
	switch (op) {
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

// Its target is still missing.
uint32_t branch_word(struct generator *generator)
{
	enum mips_op op;
	uint32_t word;

	do {
		op = choose(generator, is_branch);
		word = encode(generator, op) & 0xFFFF0000;
	} while (generator->style.defined && is_unclear(generator, op, word));
	// Two registers are hardly ever equal.
	if (op == MIPS_OP_BEQ && chance(generator, 25))
		word = (word & ~(31u << 16)) | mips_word_rs(word) << 16;
	return word;
}

// Divisors, and what Status may become.
static uint32_t reserved_register(struct generator *generator)
{
	uint32_t word;

	switch (below(generator, 3)) {
	case 0:
		word = value(generator);
		return MIPS_WORD(ANDI, ['t'] = 24, ['s'] = (int32_t)source(generator), ['u'] = (int32_t)word);
	case 1:
		return MIPS_WORD(LUI, ['t'] = 25, ['U'] = (int32_t)value(generator));
	default:
		if (chance(generator, 20))
			return MIPS_WORD(LUI, ['t'] = 23, ['U'] = (int32_t)(below(generator, 16) << 12));
		word = generator->target->family->status(generator, chance(generator, 80)) & 0xFFFF;
		return MIPS_WORD(ORI, ['t'] = 23, ['s'] = 0, ['u'] = (int32_t)word);
	}
}

uint32_t simple(struct generator *generator, uint8_t *flags)
{
	unsigned roll = below(generator, 100);
	bool rarely = chance(generator, generator->odd);
	uint32_t word;

	*flags = WORD_PATCHABLE;
	if (roll >= 44 && roll < 58)
		return encode(generator, choose(generator, is_hilo));
	if (roll >= 58 && roll < 84)
		return memory_access(generator);
	if (roll >= 84 && roll < 87 && rarely)
		return generator->target->family->trapping(generator);
	if (roll >= 87 && roll < (generator->kernel ? 96 : 90) && (rarely || generator->kernel))
		return generator->target->family->coprocessor_0(generator);
	if (roll >= 90 && roll < 97)
		return encode(generator, MIPS_OP_SYNC);
	if (roll >= 97)
		return reserved_register(generator);
	word = encode(generator, choose(generator, rarely ? is_plain : is_plain_and_quiet));
	if (word >> 26 >= 8 && word >> 26 <= 15)
		*flags |= WORD_IMMEDIATE;
	return word;
}

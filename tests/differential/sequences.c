// Sequences of instructions that belong together.
#include "tests/differential/generator.h"

void put(struct generator *generator, uint32_t word, uint8_t flags)
{
	struct program *program = generator->program;

	if (program->count == PROGRAM_WORDS_MAX)
		return;
	generator->flags[program->count] = flags;
	generator->fixups[program->count] = FIXUP_NONE;
	program->words[program->count++] = word;
}

void put_fixup(struct generator *generator, uint32_t word, uint8_t flags, enum fixup_kind kind)
{
	put(generator, word, flags);
	generator->fixups[generator->program->count - 1] = (uint8_t)kind;
}

void put_simple(struct generator *generator)
{
	uint8_t flags;
	uint32_t word = simple(generator, &flags);

	put(generator, word, flags | WORD_TARGET);
}

void put_constant(struct generator *generator, int32_t reg, uint32_t constant, uint8_t flags)
{
	put(generator, MIPS_WORD(LUI, ['t'] = reg, ['U'] = (int32_t)(constant >> 16)), flags);
	put(generator, MIPS_WORD(ORI, ['t'] = reg, ['s'] = reg, ['u'] = (int32_t)constant), WORD_NEVER);
}

uint32_t page_offset_of(const struct generator *generator, unsigned index)
{
	return (generator->address + 4 * index) % PAGE_SIZE;
}

// --- Branches ---

static void put_slot_jump(struct generator *generator)
{
	int32_t reg = below(generator, 2) ? 22 : 24;

	if (chance(generator, 50))
		put(generator, MIPS_WORD(JR, ['s'] = reg), 0);
	else
		put(generator, MIPS_WORD(JALR, ['s'] = reg, ['d'] = 31), 0);
}

static void put_simple_slot(struct generator *generator)
{
	uint8_t flags;
	uint32_t word = simple(generator, &flags);

	put(generator, word, flags);
}

static void put_slot(struct generator *generator)
{
	const struct family *family = generator->target->family;
	bool jumps = !generator->style.defined && (!generator->calm || chance(generator, 20));

	switch (below(generator, 16)) {
	case 0: // a branch in a delay slot: forward from wherever it counts
		if (!jumps)
			break;
		put_fixup(generator, branch_word(generator), 0, FIXUP_SLOT);
		return;
	case 1:
		if (!jumps)
			break;
		if (chance(generator, 50))
			put_fixup(generator,
				  encode(generator, chance(generator, 50) ? MIPS_OP_J : MIPS_OP_JAL), 0,
				  FIXUP_JUMP);
		else
			put_slot_jump(generator);
		return;
	case 2:
		if (generator->kernel && family->slot_returns && chance(generator, 30)) {
			put(generator, family->return_word, 0);
			return;
		}
		if (!chance(generator, generator->odd))
			break;
		put(generator, family->trapping(generator), 0);
		return;
	case 3:
		put(generator, encode(generator, choose(generator, is_hilo)), WORD_PATCHABLE);
		return;
	default:
		break;
	}
	put_simple_slot(generator);
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

static void put_indirect(struct generator *generator)
{
	int32_t reg = 1 + (int32_t)below(generator, 15), link = (int32_t)destination(generator);
	bool twice = !generator->style.defined && chance(generator, 10);

	put_fixup(generator, MIPS_WORD(ADDIU, ['t'] = reg, ['s'] = 21), WORD_TARGET, FIXUP_OFFSET);
	if (chance(generator, 30))
		put(generator, MIPS_WORD(SLTU, ['d'] = 1 + reg % 15, ['s'] = reg, ['t'] = 16),
		    generator->style.defined ? WORD_NEVER : 0);
	if (chance(generator, 50))
		put(generator, MIPS_WORD(JR, ['s'] = reg), WORD_NEVER);
	else
		put(generator,
		    MIPS_WORD(JALR, ['s'] = reg,
			      ['d'] = twice				     ? reg
				      : chance(generator, 50) || link == reg ? 31
									     : link),
		    WORD_NEVER);
}

// To one of the words behind it, another one in each pass or round.
static void put_select(struct generator *generator)
{
	int32_t reg = 1 + (int32_t)below(generator, 14), sum = reg + 1, mask = (2 << below(generator, 3)) - 1;
	int32_t first = (int32_t)generator->program->count + 6;

	put(generator, MIPS_WORD(ANDI, ['t'] = reg, ['s'] = 28 + (int32_t)below(generator, 3), ['u'] = mask),
	    WORD_TARGET);
	put(generator, MIPS_WORD(SLL, ['d'] = reg, ['t'] = reg, ['a'] = 2), WORD_NEVER);
	put(generator, MIPS_WORD(ADDIU, ['t'] = sum, ['s'] = 21, ['i'] = 4 * first), WORD_NEVER);
	put(generator, MIPS_WORD(ADDU, ['d'] = sum, ['s'] = sum, ['t'] = reg), WORD_NEVER);
	put(generator, MIPS_WORD(JR, ['s'] = sum), WORD_NEVER);
	put_simple_slot(generator);
	for (int32_t i = 0; i <= mask; i++)
		put_simple(generator);
}

static void put_forward_branch(struct generator *generator)
{
	bool bad = !generator->style.defined && !generator->calm && chance(generator, 50);

	switch (below(generator, 10)) {
	case 0:
	case 1:
		put_fixup(generator, encode(generator, chance(generator, 50) ? MIPS_OP_J : MIPS_OP_JAL),
			  WORD_TARGET, FIXUP_JUMP);
		break;
	case 2:
	case 3:
		put_indirect(generator);
		break;
	case 4: // where there is nothing to execute
		if (bad) {
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
	int32_t fuel = 29 + (int32_t)below(generator, 2);

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

// --- Stores to code ---

// MIPS32 leaves open when a store to code shows, without SYNCI; ours notice it at once.
static void put_synci(struct generator *generator, int32_t base, uint32_t offset)
{
	if (mips_encoding_for(generator->target->isa, MIPS_OP_SYNCI) &&
	    (generator->style.defined || chance(generator, 30)))
		put(generator, MIPS_WORD(SYNCI, ['s'] = base, ['o'] = (int32_t)offset), WORD_NEVER);
}

// One that is harmless also with only its upper half.
static uint32_t word_with_immediate(struct generator *generator)
{
	uint8_t flags;
	uint32_t word;

	do
		word = simple(generator, &flags);
	while (!(flags & WORD_IMMEDIATE));
	return word;
}

// Stores $22 over an instruction.
static void put_patch_of_word(struct generator *generator)
{
	switch (generator->style.defined ? 2 : below(generator, 10)) {
	case 0:
		put_fixup(generator,
			  generator->target->big_endian ? memory_word(MIPS_OP_SWR, 20, 22, 3)
							: memory_word(MIPS_OP_SWL, 20, 22, 3),
			  WORD_TARGET, FIXUP_PATCH);
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
	static const uint8_t stores[] = {MIPS_OP_SB, MIPS_OP_SH, MIPS_OP_SWL};
	bool defined = generator->style.defined;

	if (chance(generator, 60) || defined) {
		if (chance(generator, 40))
			put_constant(generator, 22, word_with_immediate(generator), WORD_TARGET);
		put_patch_of_word(generator);
	} else {
		put_fixup(generator, memory_word(PICK(generator, stores), 20, source(generator), 0),
			  WORD_TARGET, FIXUP_PATCH_IMMEDIATE);
	}
	put_synci(generator, 21, 0);
}

// Code among the data: one or two instructions that are another each time, and a call of them.
static void put_generated(struct generator *generator)
{
	bool mapped = !generator->kernel && chance(generator, 50);
	int32_t base = mapped ? 16 : 17, varies = 1 + (int32_t)below(generator, 15);
	uint32_t to = GENERATED_START + GENERATED_BYTES * below(generator, GENERATED_PLACES) -
		      (WINDOW_START + WINDOW_WORDS * 2) + (chance(generator, 50) ? PAGE_SIZE : 0);
	unsigned at = below(generator, 4);

	put(generator, MIPS_WORD(ANDI, ['t'] = 1, ['s'] = varies, ['u'] = 0xFFFF), WORD_TARGET);
	put(generator, MIPS_WORD(LUI, ['t'] = 2, ['U'] = (int32_t)(word_with_immediate(generator) >> 16)),
	    WORD_NEVER);
	put(generator, MIPS_WORD(OR, ['d'] = 1, ['s'] = 1, ['t'] = 2), WORD_NEVER);
	put(generator, memory_word(MIPS_OP_SW, (unsigned)base, 1, to + 4 * at), WORD_NEVER);
	if (chance(generator, 30))
		put(generator, memory_word(MIPS_OP_SW, (unsigned)base, 22, to + 4 * (3 - at)), WORD_NEVER);
	put_synci(generator, base, to);
	put(generator, MIPS_WORD(ADDIU, ['t'] = 3, ['s'] = base, ['i'] = (int32_t)to), WORD_NEVER);
	put(generator, MIPS_WORD(JALR, ['s'] = 3, ['d'] = 31), WORD_NEVER);
	put_slot(generator);
}

// --- The rest ---

static void put_link(struct generator *generator)
{
	bool defined = generator->style.defined;
	unsigned base = chance(generator, 70) ? 16 : 17;
	uint32_t offset = (below(generator, WINDOW_WORDS) - WINDOW_WORDS / 2) * 4;

	put(generator, memory_word(MIPS_OP_LL, base, destination(generator), offset), WORD_TARGET);
	for (unsigned i = below(generator, defined ? 1 : 4); i > 0; i--)
		put_simple(generator);
	if (chance(generator, 25)) // another value there
		put(generator, memory_word(MIPS_OP_SW, base, source(generator), offset), WORD_NEVER);
	if (chance(generator, 15) && !defined)
		offset ^= 4;
	put(generator, memory_word(MIPS_OP_SC, base, destination(generator), offset),
	    defined ? WORD_NEVER : WORD_TARGET);
}

// Looks at EntryHi before and after an access, which may write it if its address is mapped.
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

void put_item(struct generator *generator)
{
	const struct family *family = generator->target->family;
	bool special = generator->kernel && !generator->style.defined;
	unsigned roll = below(generator, 100);

	if (roll >= 58 && roll < 60)
		put_select(generator);
	else if (roll >= 60 && roll < 76)
		put_forward_branch(generator);
	else if (roll >= 76 && roll < 82)
		put_loop_end(generator);
	else if (roll >= 82 && roll < 85)
		put_call(generator);
	else if (roll >= 85 && roll < 89)
		put_patch(generator);
	else if (roll >= 89 && roll < 91)
		put_generated(generator);
	else if (roll >= 91 && roll < 94)
		put_link(generator);
	else if (roll >= 94 && roll < 96 && special)
		family->put_tlb_write(generator);
	else if (roll >= 96 && roll < 98 && special)
		family->put_special(generator);
	else if (roll >= 98 && special)
		put_entry_hi(generator);
	else
		put_simple(generator);
}

// Fuel for a pass.
void put_start(struct generator *generator)
{
	for (int32_t fuel = 29; fuel <= 30; fuel++)
		put(generator,
		    MIPS_WORD(ADDIU, ['t'] = fuel, ['s'] = 0, ['i'] = 1 + (int32_t)below(generator, 6)),
		    WORD_NEVER);
}

// The next pass, or the end.
void put_end(struct generator *generator)
{
	struct program *program = generator->program;

	generator->last = program->count;
	put(generator, MIPS_WORD(ADDIU, ['t'] = 28, ['s'] = 28, ['i'] = -1), WORD_TARGET);
	put(generator, MIPS_WORD(BGTZ, ['s'] = 28, ['b'] = -(int32_t)program->count - 1), WORD_NEVER);
	put_simple_slot(generator);
	generator->body_end = program->count;
	for (unsigned i = 0; i < 8; i++)
		put(generator, SYSCALL_WORD, 0);

	// The subroutine, which returns to its caller as long as there is fuel.
	generator->subroutine = program->count;
	for (unsigned i = below(generator, 4); i > 0; i--)
		put_simple(generator);
	put(generator, MIPS_WORD(ADDIU, ['t'] = 30, ['s'] = 30, ['i'] = -1), 0);
	put(generator,
	    MIPS_WORD(BLEZ, ['s'] = 30, ['b'] = (int32_t)generator->last - (int32_t)program->count - 1), 0);
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

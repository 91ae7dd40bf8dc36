#include "tests/differential/shrink.h"

#include <string.h>

struct shrinking {
	struct program *program;
	bool (*differs)(void *context, const struct program *program);
	void *context;
};

// Takes the candidate if it is another program and still differs.
static bool take(struct shrinking *shrinking, const struct program *candidate)
{
	if (memcmp(candidate, shrinking->program, sizeof(*candidate)) == 0 ||
	    !shrinking->differs(shrinking->context, candidate))
		return false;
	*shrinking->program = *candidate;
	return true;
}

// Instructions become NOPs: halves, quarters, ... single ones.
static bool drop_words(struct shrinking *shrinking)
{
	unsigned count = shrinking->program->count;
	bool changed = false;

	for (unsigned size = count; size > 0; size /= 2) {
		for (unsigned first = 0; first < count; first += size) {
			struct program candidate = *shrinking->program;

			for (unsigned i = first; i < first + size && i < count; i++)
				candidate.words[i] = 0;
			changed |= take(shrinking, &candidate);
		}
	}
	return changed;
}

// NOPs at the end go.
static bool shorten(struct shrinking *shrinking)
{
	bool changed = false;

	for (unsigned size = PROGRAM_WORDS_MAX; size > 0; size /= 2) {
		struct program candidate = *shrinking->program;
		bool only_nops = candidate.count > size;

		for (unsigned i = 0; only_nops && i < size; i++)
			only_nops = candidate.words[candidate.count - 1 - i] == 0;
		if (!only_nops)
			continue;
		candidate.count -= size;
		*program_field(&candidate, PROGRAM_CODE_WORDS) = candidate.count;
		changed |= take(shrinking, &candidate);
	}
	return changed;
}

// A list in the table, of `size` words in all, that a certain first word ends.
static bool drop_entries(struct shrinking *shrinking, unsigned offset, unsigned size, unsigned words,
			 uint32_t last)
{
	unsigned most = size / words;
	bool changed = false;

	for (unsigned i = 0; i < most;) {
		struct program candidate = *shrinking->program;
		uint32_t *list = program_field(&candidate, offset);

		if (list[i * words] == last)
			break;
		memmove(list + i * words, list + (i + 1) * words, (most - i - 1) * words * sizeof(*list));
		list[(most - 1) * words] = last;
		if (take(shrinking, &candidate))
			changed = true;
		else
			i++;
	}
	return changed;
}

static bool set_field(struct shrinking *shrinking, unsigned offset, uint32_t value)
{
	struct program candidate = *shrinking->program;

	*program_field(&candidate, offset) = value;
	return take(shrinking, &candidate);
}

// Whether zero is a plain value for a field of the table.
static bool may_be_zero(unsigned offset)
{
	switch (offset) {
	case PROGRAM_ENTRY:
	case PROGRAM_END:
	case PROGRAM_LIMIT:
	case PROGRAM_RUNS:
	case PROGRAM_CODE:
	case PROGRAM_CODE_WORDS:
	case PROGRAM_TIMER:
		return false;
	default:
		return offset < PROGRAM_TLB || offset >= PROGRAM_REGISTERS;
	}
}

void program_shrink(struct program *program, bool mips32,
		    bool (*differs)(void *context, const struct program *program), void *context)
{
	struct shrinking shrinking = {program, differs, context};
	bool changed = true;

	for (unsigned round = 0; changed && round < 4; round++) {
		changed = drop_words(&shrinking);
		for (uint32_t runs = 1; runs < *program_field(program, PROGRAM_RUNS); runs++)
			changed |= set_field(&shrinking, PROGRAM_RUNS, runs);
		changed |= drop_entries(&shrinking, PROGRAM_TLB, PROGRAM_TLB_WORDS,
					mips32 ? MIPS32_TLB_WORDS : MIPS161_TLB_WORDS, UINT32_MAX);
		changed |= drop_entries(&shrinking, PROGRAM_PAGES, PROGRAM_PAGES_WORDS,
					mips32 ? MIPS32_PAGES_WORDS : MIPS161_PAGES_WORDS, 1);
		for (unsigned offset = 0; offset < PROGRAM_SIZE; offset += 4)
			if (may_be_zero(offset) && *program_field(program, offset))
				changed |= set_field(&shrinking, offset, 0);
		changed |= shorten(&shrinking);
	}
}

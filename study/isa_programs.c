/* The words and the program states that the experiment tries. */
#include <assert.h>

#include "frontend/encode.h"
#include "runtime/cpu/cpu_internal.h"
#include "study/isa_experiment_internal.h"

#define SOURCE	    8u /* rs */
#define OTHER	    9u /* rt */
#define DESTINATION 10u

/* The values to try of a field of the encoding; several for what chooses among registers or operations. */
static unsigned field_values(char letter, int32_t values[32])
{
	switch (letter) {
	case 's':
		values[0] = SOURCE;
		return 1;
	case 't':
		values[0] = OTHER;
		return 1;
	case 'd':
		values[0] = DESTINATION;
		return 1;
	case 'r':
	case 'p':
		for (int i = 0; i < 32; i++)
			values[i] = i;
		return 32;
	case 'l':
		values[0] = 0;
		values[1] = 1;
		return 2;
	case 'o':
		values[0] = 0;
		values[1] = 4;
		return 2;
	case 'i':
	case 'u':
		values[0] = 0x1234;
		values[1] = -1;
		return 2;
	case 'U':
		values[0] = 0x1234;
		return 1;
	case 'b':
		values[0] = 4;
		return 1;
	case 'j':
		values[0] = (int32_t)(CODE_TARGET >> 2);
		return 1;
	case 'a':
		values[0] = 5;
		return 1;
	case 'm':
		values[0] = 9;
		return 1;
	case 'x':
		values[0] = 31;
		return 1;
	case 'R':
	case 'T':
	case 'S':
	case 'D':
		values[0] = 2;
		return 1;
	default:
		values[0] = 0;
		return 1;
	}
}

unsigned isa_words(const struct cpu_model *model, enum mips_op op, uint32_t words[MAX_WORDS])
{
	const struct mips_encoding *encoding = mips_encoding_for(model->lift.isa, op);
	unsigned count = 1;

	if (!encoding)
		return 0;
	words[0] = encoding->match;
	for (unsigned i = 0; i < encoding->field_count; i++) {
		const struct mips_field *field = &encoding->fields[i];
		uint32_t mask = (1u << field->width) - 1;
		int32_t values[32];
		unsigned of_field = field_values(field->letter, values), before = count;

		assert(before * of_field <= MAX_WORDS);
		for (unsigned value = of_field; value-- > 0;)
			for (unsigned word = 0; word < before; word++)
				words[value * before + word] = words[word] | ((uint32_t)values[value] & mask)
										 << field->shift;
		count = before * of_field;
	}
	return count;
}

static const uint32_t sources[] = {
    DATA_AT, DATA_AT + 1, KSEG0_BASE + DIRECT_DATA, CODE_TARGET, 0x7FFFFFFFu, UINT32_MAX, 0};
static const uint32_t others[] = {0x12345678u, 0, UINT32_MAX, 0x80000000u};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))
#define OTHERS	(sizeof(others) / sizeof(others[0]))

unsigned isa_program_states(void)
{
	return SOURCES * OTHERS * 2;
}

void isa_program_state(struct cpu *cpu, unsigned number)
{
	for (unsigned i = 1; i < 32; i++)
		cpu->gpr[i] = i * 0x01234567u;
	cpu->gpr[SOURCE] = sources[number % SOURCES];
	cpu->gpr[OTHER] = others[number / SOURCES % OTHERS];
	cpu->hi = 0x13579BDFu;
	cpu->lo = 0x02468ACEu;
	cpu->ll_active = number / SOURCES / OTHERS;
	cpu->ll_address = cpu->gpr[SOURCE];
}

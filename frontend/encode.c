// Words from operations and field values, by the layout that gen_decode.c reads from mips.def.
#include "frontend/encode.h"

#include <assert.h>
#include <stddef.h>

const struct mips_encoding *mips_encoding_for(const struct mips_isa *isa, enum mips_op op)
{
	for (unsigned i = 0; i < mips_encoding_count; i++)
		if (mips_encodings[i].op == op && (mips_encodings[i].levels & isa->levels))
			return &mips_encodings[i];
	return NULL;
}

const struct mips_field *mips_encoding_field(const struct mips_encoding *encoding, char letter)
{
	for (unsigned i = 0; i < encoding->field_count; i++)
		if (encoding->fields[i].letter == letter)
			return &encoding->fields[i];
	return NULL;
}

uint32_t mips_encode(enum mips_op op, const struct mips_fields *fields)
{
	assert(op < MIPS_OP_RESERVED); // pseudo operations have no encoding
	const struct mips_encoding *encoding = &mips_encodings[op];
	uint32_t word = encoding->match;
	for (unsigned i = 0; i < encoding->field_count; i++) {
		const struct mips_field *field = &encoding->fields[i];
		uint32_t value = (uint32_t)fields->value[(unsigned char)field->letter];

		word |= (value & ((1u << field->width) - 1)) << field->shift;
	}
	return word;
}

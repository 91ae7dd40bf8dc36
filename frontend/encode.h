// The encoder for tests and generators of programs: words from operations and field values.
//
// The layout of every row of mips.def is open, so that a generator can fill fields at random.
#ifndef FRONTEND_ENCODE_H
#define FRONTEND_ENCODE_H

#include "frontend/insn.h"
#include "frontend/isa.h"

enum {
	MIPS_FIELDS_MAX = 5
};

struct mips_field {
	char letter; // as in mips.def; no letter occurs twice in a row of the table
	uint8_t shift, width;
};

// One way to encode an operation.
struct mips_encoding {
	uint16_t op;	  // enum mips_op
	uint32_t mask;	  // the bits that decide which instruction it is,
	uint32_t match;	  // and their value
	uint32_t decoded; // reserved bits marked ':'
	uint32_t ignored; // reserved bits marked '.'
	uint32_t levels;  // MIPS_LEVEL_*
	unsigned field_count;
	struct mips_field fields[MIPS_FIELDS_MAX];
};

// Row by row in the order of enum mips_op; then the second encodings (ALSO rows).
extern const struct mips_encoding mips_encodings[];
extern const unsigned mips_encoding_count;

// How `isa` encodes `op`; NULL if it does not have it.
const struct mips_encoding *mips_encoding_for(const struct mips_isa *isa, enum mips_op op);

// NULL if the encoding has no such field.
const struct mips_field *mips_encoding_field(const struct mips_encoding *encoding, char letter);

// Field values by letter, for instance {['t'] = 8, ['i'] = -4}. Only the low bits that fit are used. 'b' and
// 'j' count words, as in the encoding.
struct mips_fields {
	int32_t value[128];
};

uint32_t mips_encode(enum mips_op op, const struct mips_fields *fields);

// MIPS_WORD(ADDIU, ['t'] = 8, ['s'] = 9, ['i'] = -4)
#define MIPS_WORD(op, ...) mips_encode(MIPS_OP_##op, &(struct mips_fields){{__VA_ARGS__}})

#endif

// Which instructions a CPU has: the part of a CPU model that the decoder needs.
#ifndef FRONTEND_ISA_H
#define FRONTEND_ISA_H

#include <stdint.h>

enum mips_reserved {
	MIPS_RESERVED_IGNORED,
	MIPS_RESERVED_DECODED,
	MIPS_RESERVED_CHECKED,
};

// Made at build time from isa.def and mips.def by gen_decode.c.
struct mips_isa {
	const char *name;
	uint32_t levels; // MIPS_LEVEL_*
	enum mips_reserved reserved_fields;
	const uint32_t *decode; // see decode.h
};

#define ISA(name, ...) extern const struct mips_isa mips_isa_##name;
#include "frontend/isa.def"

#endif

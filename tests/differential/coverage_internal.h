// The coverage table itself: who counts and who prints have it in common.
#ifndef TESTS_DIFFERENTIAL_COVERAGE_INTERNAL_H
#define TESTS_DIFFERENTIAL_COVERAGE_INTERNAL_H

#include "frontend/decode.h"
#include "tests/differential/coverage.h"

// The place of an instruction as it is executed. A block starts where control arrives and ends with a branch.
enum place {
	PLACE_FIRST,
	PLACE_MIDDLE,
	PLACE_LAST,  // the branch, or what is before it
	PLACE_TAKEN, // in the delay slot of a branch that is taken
	PLACE_NOT_TAKEN,
	PLACE_PAGE_END, // in the last two words of a page: beside one of the others
	PLACE_COUNT,
};

enum exit {
	EXIT_NEXT,
	EXIT_TAKEN,
	EXIT_NOT,
	EXIT_STALL,	// HI or LO was busy
	EXIT_INTERRUPT, // instead of it
	EXIT_FETCH,	// the look-up of the next page failed
	EXIT_MOD,
	EXIT_TLBL,
	EXIT_TLBS,
	EXIT_ADEL,
	EXIT_ADES,
	EXIT_IBE,
	EXIT_DBE,
	EXIT_SYSCALL,
	EXIT_BREAK,
	EXIT_RESERVED,
	EXIT_COPROCESSOR,
	EXIT_OVERFLOW,
	EXIT_TRAP,
	EXIT_RUN_END, // done, and the run ends or Compare matches
	EXIT_CODE,    // done, and has stored to code
	EXIT_NEAR,    // so, and that code comes in the next 16 words
	EXIT_DEVICE,  // done, to a device
	EXIT_WAITS,
	EXIT_COUNT,
};

struct coverage {
	const struct target *target;
	uint64_t counts[MIPS_OP_COUNT][PLACE_COUNT][EXIT_COUNT];
	uint64_t instructions;
};

#endif

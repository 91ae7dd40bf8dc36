// A random program: its words, where they lie, and its row in the driver's table.
//
// Made by program.c from a number, the same on every host; kernel.c puts programs into a kernel, and writes
// and reads single ones as text.
#ifndef TESTS_DIFFERENTIAL_PROGRAM_H
#define TESTS_DIFFERENTIAL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/differential/layout.h"
#include "tests/differential/numbers.h"
#include "tests/differential/target.h"

enum {
	PROGRAM_WORDS_MAX = 256,
};

struct program {
	uint64_t prelude; // seed of what the handlers start with
	uint32_t table[PROGRAM_SIZE / 4];
	uint32_t address; // physical, of the first word
	unsigned count;
	uint32_t words[PROGRAM_WORDS_MAX];
};

// Which programs are made.
struct style {
	// Only what the architecture defines and what takes no time to tell: to compare with other
	// implementations of it. Not for System/161, whose original is the definition.
	bool defined;
	bool brief; // shorter programs, for engines that take long to compile
};

// The program of number `seed` in the given page; the second of two in a page may go on in the next one.
void program_generate(struct program *program, const struct target *target, const struct style *style,
		      uint64_t seed, uint32_t page, bool second);

static inline uint32_t *program_field(struct program *program, unsigned offset)
{
	return &program->table[offset / 4];
}

#endif

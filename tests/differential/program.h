// A random program: its words, where they lie, and its row in the driver's table.
//
// Made by program.c from a number, the same on every host; kernel.c puts programs into a kernel, and writes
// and reads single ones as text.
#ifndef TESTS_DIFFERENTIAL_PROGRAM_H
#define TESTS_DIFFERENTIAL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/differential/layout.h"

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

// A generator of numbers: splitmix64.
struct numbers {
	uint64_t state;
};
uint64_t numbers_next(struct numbers *numbers);
// Below `bound`.
uint32_t numbers_below(struct numbers *numbers, uint32_t bound);

// The program of number `seed` in the given page; the second of two in a page may go on in the next one.
void program_generate(struct program *program, uint64_t seed, uint32_t page, bool second);

static inline uint32_t *program_field(struct program *program, unsigned offset)
{
	return &program->table[offset / 4];
}

#endif

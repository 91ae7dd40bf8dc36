// All that can be compared of the run of a kernel.
#ifndef TESTS_DIFFERENTIAL_OUTCOME_H
#define TESTS_DIFFERENTIAL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target;
struct vm;

enum end {
	END_OFF,     // powered off in order
	END_STOPPED, // a programming error of the guest stopped it
	END_IDLE,    // waits for ever
	END_LIMIT,   // ran wild
	END_BROKEN,  // no run at all: `lines` says why
};

struct outcome {
	enum end end;
	uint32_t *codes; // a digest for each program that came to its end
	unsigned code_count;
	char *lines; // all else that it printed
	size_t line_bytes;
	uint64_t console; // digest of what it printed on its console
	const struct target *target;
	uint32_t digits;		// of a digest that is not complete
	uint64_t executed, translated;	// cycles; 0 from the original
	struct vm *vm;			// of our engines: the machine as it ended
	const struct outcome *expected; // while it runs: ends it at the first digest that differs
};

// While it runs: the digest of the next program; a line of its messages; a character of its console, for System/161.
void outcome_add_code(struct outcome *outcome, uint32_t code);
void outcome_add_line(struct outcome *outcome, const char *text);
void outcome_add_console(struct outcome *outcome, uint8_t character);
void outcome_add_format(struct outcome *outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void outcome_free(struct outcome *outcome);
// The first difference: what, and in which program if that is known, else -1. False if there is one.
bool outcome_same(const struct outcome *a, const struct outcome *b, char *where, size_t size, int *program);
const char *end_name(enum end end);

#endif

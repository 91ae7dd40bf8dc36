// A kernel of random programs as an ELF file, and single programs as text files.
#ifndef TESTS_DIFFERENTIAL_KERNEL_H
#define TESTS_DIFFERENTIAL_KERNEL_H

#include <stdio.h>

#include "tests/differential/program.h"

enum {
	KERNEL_PROGRAMS_MAX = 2000,
};

struct kernel {
	unsigned count; // programs that there is room for in the table
	bool dump;
	struct program *programs; // those that run
	unsigned running;
};

// The programs `seed` * 2^20 + 0 ... as they lie in a kernel of `count`.
void kernel_generate(struct kernel *kernel, uint64_t seed, unsigned count);
void kernel_free(struct kernel *kernel);

// RAM that the machine needs.
uint32_t kernel_ram_size(const struct kernel *kernel);
bool kernel_write_elf(const struct kernel *kernel, FILE *file);
// The configuration of the machine that it runs on.
bool kernel_write_conf(const struct kernel *kernel, FILE *file);

void program_write_text(const struct program *program, FILE *file);
bool program_read_text(struct program *program, FILE *file);

#endif

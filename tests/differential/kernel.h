// A kernel of random programs as an ELF file, and single programs as text files.
#ifndef TESTS_DIFFERENTIAL_KERNEL_H
#define TESTS_DIFFERENTIAL_KERNEL_H

#include <stdio.h>

#include "tests/differential/program.h"

enum {
	KERNEL_PROGRAMS_MAX = 2000,
};

struct kernel {
	const struct target *target;
	struct style style;
	unsigned count; // programs that there is room for in the table
	bool dump;
	struct program *programs; // those that run
	unsigned running;
};

// The programs `seed` * 2^20 + 0 ... as they lie in a kernel of `count`.
void kernel_generate(struct kernel *kernel, const struct target *target, const struct style *style,
		     uint64_t seed, unsigned count);
void kernel_free(struct kernel *kernel);

// `count` of its programs from the one numbered `first`, as a kernel that runs only them. It borrows them.
static inline struct kernel kernel_part(const struct kernel *kernel, unsigned first, unsigned count)
{
	struct kernel part = *kernel;

	part.programs += first;
	part.running = count;
	return part;
}

// RAM that the machine needs.
uint32_t kernel_ram_size(const struct kernel *kernel);
bool kernel_write_elf(const struct kernel *kernel, FILE *file);
// The configuration of the System/161 that it runs on.
bool kernel_write_conf(const struct kernel *kernel, FILE *file);

// A program as text: a kernel that runs nothing else. Reading makes such a kernel.
void kernel_write_text(const struct kernel *kernel, const struct program *program, FILE *file);
bool kernel_read_text(struct kernel *kernel, FILE *file);

#endif

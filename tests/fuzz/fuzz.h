/* Shared by the files of the machine fuzzer: its random numbers and its two generators. */
#ifndef JIT161_TESTS_FUZZ_FUZZ_H
#define JIT161_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf_image.h"

/* One case's source of choices: the case is a function of its seed. */
struct chooser {
	uint64_t state;
};

static inline uint32_t choose(struct chooser *chooser, uint32_t bound)
{
	/* splitmix64 */
	uint64_t z = (chooser->state += 0x9E3779B97F4A7C15u);

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(((z ^ z >> 31) >> 32) * bound >> 32);
}

static inline bool one_in(struct chooser *chooser, uint32_t n)
{
	return choose(chooser, n) == 0;
}

/* A number that programs get wrong: near a power of two, a page, the end of RAM ... or any. */
uint32_t awkward_number(struct chooser *chooser);

/* A valid kernel whose program drives the devices, CP0 and the TLB with random arguments. */
void kernel_generate(struct chooser *chooser, struct elf_image *image);
/* Damages it: header fields, program headers, sizes, offsets, the file's end, code words. */
void kernel_mutate(struct chooser *chooser, struct elf_image *image);

#define CONFIG_MAX 8192

struct config_text {
	char bytes[CONFIG_MAX];
	size_t size;
};

/* A valid configuration. Files it names are in the current directory. */
void config_generate(struct chooser *chooser, struct config_text *config);
/* Damages it: slots, devices, options, numbers, line structure. Never names a file elsewhere. */
void config_mutate(struct chooser *chooser, struct config_text *config);

#endif

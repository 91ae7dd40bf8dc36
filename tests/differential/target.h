// What random programs are made for and run on.
#ifndef TESTS_DIFFERENTIAL_TARGET_H
#define TESTS_DIFFERENTIAL_TARGET_H

#include <stdbool.h>
#include <stdint.h>

struct mips_isa;
struct family;

struct target {
	const char *name;
	const struct mips_isa *isa;
	const struct family *family; // generator.h: how programs for it are made
	const char *cpu;	     // on the Malta board; NULL: System/161
	bool big_endian;
	unsigned tlb_entries;
	uint32_t base;	   // physical address that layout.h counts from
	uint32_t ram_size; // at least
	const uint8_t *driver, *driver_end;
};

extern const struct target target_mips161;

// NULL if there is none of that name. "mips32" is one of the four MIPS32 targets, which one decides `number`.
const struct target *target_find(const char *name, uint64_t number);
const char *target_names(void);

#endif

/* A processor on its own: memory, hooks that note what is asked of them, and a clock that moves cycle by
 * cycle as the run loop moves it. */
#ifndef JIT161_TESTS_UNIT_RUNTIME_CPU_FIXTURE_H
#define JIT161_TESTS_UNIT_RUNTIME_CPU_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frontend/encode.h"
#include "runtime/cpu/cpu.h"

#define RAM_SIZE 0x20000u
#define ENTRY	 0x80001000u
#define NOP	 0u
#define RFE	 0x42000010u
#define WAIT	 0x42000020u
#define TLBR	 0x42000001u
#define TLBWI	 0x42000002u
#define TLBWR	 0x42000006u
#define TLBP	 0x42000008u

enum {
	CP0_INDEX = 0,
	CP0_RANDOM = 1,
	CP0_ENTRY_LO = 2,
	CP0_CONTEXT = 4,
	CP0_BAD_VADDR = 8,
	CP0_COUNT = 9,
	CP0_ENTRY_HI = 10,
	CP0_COMPARE = 11,
	CP0_STATUS = 12,
	CP0_CAUSE = 13,
	CP0_EPC = 14,
};

#define MTC0(from, register) MIPS_WORD(MTC0, ['t'] = (from), ['r'] = (register))
#define MFC0(to, register)   MIPS_WORD(MFC0, ['t'] = (to), ['r'] = (register))

struct cpu_fixture {
	struct memory memory;
	struct cpu cpu;
	char hang[256];	    /* the last one's text */
	char messages[512]; /* one line each */
	unsigned stops;
	uint32_t device; /* what every device register reads and the last value written */
	uint32_t device_offset;
	bool device_fails;
};

/* A processor after reset, standing at ENTRY with exceptions going to low memory. */
struct cpu_fixture *cpu_fixture_new(void);
/* The same of a MIPS32 model, with RAM again from physical 80000000 on. */
struct cpu_fixture *cpu_fixture_new_mips32(const char *name, bool big_endian);
void cpu_fixture_free(struct cpu_fixture *fixture);

/* Puts words at a physical address. */
void put_words(struct cpu_fixture *fixture, uint32_t physical, const uint32_t *words, size_t count);
#define PUT(fixture, physical, ...)                                                                          \
	put_words(fixture, physical, (const uint32_t[]){__VA_ARGS__},                                        \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
/* A program at ENTRY. */
#define PROGRAM(fixture, ...) PUT(fixture, ENTRY - 0x80000000u, __VA_ARGS__)

/* Lets machine cycles pass. */
void cycles(struct cpu_fixture *fixture, unsigned count);

/* Maps a page for good, beside whatever the TLB holds. */
void map_page(struct cpu_fixture *fixture, unsigned index, uint32_t va, uint32_t physical, uint32_t flags);

/* Makes the next instruction that of `pc`, with a look-up as a jump there would make. */
void go_to(struct cpu_fixture *fixture, uint32_t pc);

static inline unsigned exception_code(const struct cpu *cpu)
{
	return cpu->cause >> CAUSE_CODE_SHIFT & 31;
}

#endif

// Making random programs: what program.c, sequences.c, instructions.c and the two families have in common.
//
// Every instruction of the table occurs with random operands, but for what would not end, what the original of
// System/161 does not survive (System/161 reference, sections 1.2, 7.3), and what would leave nothing to compare.
// Reserved registers:
//   $16 to $19  addresses of data, devices, and of nothing; $20 of the code, for stores; $21 of the code, to jump
//   $22         an instruction            $23  a value that Status may have
//   $24, $25    divisors that are not -1
//   $28         counts the passes through the whole program
//   $29, $30    only ever counted down within a pass: what bounds loops and calls
// Control flow goes forward, except under a test of a register that is counted down.
#ifndef TESTS_DIFFERENTIAL_GENERATOR_H
#define TESTS_DIFFERENTIAL_GENERATOR_H

#include "frontend/decode.h"
#include "frontend/encode.h"
#include "frontend/insn.h"
#include "tests/differential/program.h"

#define KSEG0	  0x80000000u
#define KSEG1	  0xA0000000u
#define KSEG2	  0xC0000000u
#define PAGE_SIZE 4096u
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define SYSCALL_WORD 0x0000000Cu
#define WAIT_WORD    0x42000020u

enum place {
	PLACE_KSEG0,
	PLACE_KSEG1,
	PLACE_USER,
	PLACE_KERNEL_LOW,  // kernel mode in kuseg
	PLACE_KERNEL_HIGH, // kernel mode in kseg2
};

// What may happen to a word.
enum {
	WORD_TARGET = 1,    // may be jumped to
	WORD_PATCHABLE = 2, // may be replaced while the program runs,
	WORD_IMMEDIATE = 4, // or only the immediate in its lower half
	WORD_NEVER = 8,	    // must not be jumped to
};

enum fixup_kind {
	FIXUP_NONE,
	FIXUP_BRANCH,
	FIXUP_JUMP,
	FIXUP_OFFSET, // of the target from the start of the program
	FIXUP_SLOT,   // a branch in a delay slot
	FIXUP_CALL,   // BRANCH, JUMP or OFFSET to the subroutine
	FIXUP_PATCH,  // offset of a patchable word
	FIXUP_PATCH_IMMEDIATE,
	FIXUP_PATCH_AGAIN, // the offset of the word before
};

// Device registers that may be read, and written with anything, without stopping the machine or its clock.
struct device_registers {
	uint32_t base;
	int16_t loads[12], stores[8]; // -1 ends
};

struct generator {
	struct numbers numbers;
	const struct target *target;
	struct style style;
	struct program *program;
	enum place place;
	bool kernel, mapped;
	bool wired;	  // mapped kernel code that the TLB is certain to hold
	bool calm;	  // goes round often: seldom does what traps and faults
	unsigned odd;	  // percent of what would do that are made so all the same; 100 if not calm
	uint32_t address; // virtual, of the first word
	uint32_t code_vpn, data_vpn, alias_vpn, high_vpn;
	uint8_t flags[PROGRAM_WORDS_MAX];
	uint8_t fixups[PROGRAM_WORDS_MAX];
	unsigned last;	   // index of what ends a pass, up to where jumps go forward
	unsigned body_end; // and of the system calls that end the program
	unsigned subroutine;
	const struct device_registers *device; // where $19 points, if anywhere
};

// Pages of a program's address space, as the table has them: the row is made of these by the family.
enum {
	PAGES_MAX = 12,
};
enum {
	PAGE_UNCACHED = 1,
	PAGE_DIRTY = 2,
	PAGE_VALID = 4,
};
struct page {
	uint32_t vpn, frame;
	unsigned flags; // PAGE_*
};
struct page_list {
	struct page pages[PAGES_MAX];
	unsigned count;
};

// What programs of a kind of processor are made of, apart from what all have.
struct family {
	const struct device_registers *devices; // the first is the most interesting
	unsigned device_count;
	uint32_t return_word; // RFE or ERET
	bool slot_returns;    // return_word may be in the delay slot of a jump
	uint32_t (*coprocessor_0)(struct generator *generator);
	uint32_t (*trapping)(struct generator *generator);
	// A word that $23 may get; `here`: it does not leave the mode.
	uint32_t (*status)(struct generator *generator, bool here);
	// Sequences of its own, and one that writes the TLB.
	void (*put_special)(struct generator *generator);
	void (*put_tlb_write)(struct generator *generator);
	// The TLB and coprocessor 0 in the row of the table.
	void (*fill_table)(struct generator *generator, const struct page_list *list, uint32_t asid);
};
extern const struct family family_mips161, family_mips32;

// --- instructions.c ---

static inline uint32_t below(struct generator *generator, uint32_t bound)
{
	return numbers_below(&generator->numbers, bound);
}

static inline bool chance(struct generator *generator, unsigned percent)
{
	return below(generator, 100) < percent;
}

static inline uint32_t any_word(struct generator *generator)
{
	return (uint32_t)numbers_next(&generator->numbers);
}

#define PICK(generator, array) ((array)[below(generator, sizeof(array) / sizeof((array)[0]))])

uint32_t value(struct generator *generator);
unsigned source(struct generator *generator);
unsigned destination(struct generator *generator);
// A register with an address.
unsigned pointer(struct generator *generator);

// A random operation of a class; asks `belongs` about each that the instruction set has.
enum mips_op choose(struct generator *generator, bool (*belongs)(const struct op_info *));
bool is_plain(const struct op_info *info);
bool is_hilo(const struct op_info *info);
bool is_branch(const struct op_info *info);

// A word of the operation with every field at random, and now and then the reserved bits.
uint32_t encode(struct generator *generator, enum mips_op op);
uint32_t memory_word(enum mips_op op, unsigned base, unsigned reg, uint32_t offset);
uint32_t branch_word(struct generator *generator);

// Any instruction that needs no place of its own. `flags` says what may replace it.
uint32_t simple(struct generator *generator, uint8_t *flags);

// --- sequences.c ---

void put(struct generator *generator, uint32_t word, uint8_t flags);
void put_fixup(struct generator *generator, uint32_t word, uint8_t flags, enum fixup_kind kind);
void put_simple(struct generator *generator);
void put_constant(struct generator *generator, int32_t reg, uint32_t constant, uint8_t flags);
uint32_t page_offset_of(const struct generator *generator, unsigned index);
void put_item(struct generator *generator);
void put_start(struct generator *generator);
void put_end(struct generator *generator);

// --- program.c ---

// Frames that have no code and no data, and any frame.
uint32_t codeless_frame(struct generator *generator);
uint32_t any_frame(struct generator *generator);

#endif

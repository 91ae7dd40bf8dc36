/* Stencils: the first tier's templates of host code. A stencil is what our own lowering and LLVM made, at build time, of
 * the operations that one guest instruction lifts to; what differs between instructions of the same shape (registers,
 * immediates, addresses, times) are holes that are filled when the stencil is copied. So there is one statement of what
 * an instruction does, the lifter's, and one of what an operation does, the lowering's.
 *
 * This header is the format that jit/llvm/make_stencils writes and jit/emit.c reads, and how a block's operations are
 * split into the groups that stencils are made of. It knows IR, and neither LLVM nor the cache. */
#ifndef JIT161_JIT_STENCIL_H
#define JIT161_JIT_STENCIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/ir.h"

/* What a hole is filled with. HOLE(name, description); `operation` is the one that the hole belongs to. */
#define STENCIL_HOLES(HOLE)                                                                                  \
	HOLE(STATE, "offset in struct cpu of the general register that the operation reads or writes")       \
	HOLE(REGISTER, "the same in a byte; all others are 32 bits wide")                                    \
	HOLE(VALUE, "the operation's constant, or a call's fixed argument")                                  \
	HOLE(VALUE_IN_KSEG0, "the constant as an offset from 0x80000000")                                    \
	HOLE(PC, "address of the operation's instruction")                                                   \
	HOLE(REFUND, "cycles from the start of the operation's instruction to the end of the block")         \
	HOLE(PACKED, "the same, where a thunk's last argument has it")                                       \
	HOLE(TARGET_0, "where a jump or taken branch goes, if not through a slot")                           \
	HOLE(TARGET_1, "where a branch goes that is not taken")                                              \
	HOLE(SLOT, "number of the block's first slot")                                                       \
	HOLE(RAM_BYTES, "size of RAM")                                                                       \
	HOLE(RAM_HALVES, "size of RAM in units of 2 bytes")                                                  \
	HOLE(RAM_WORDS, "size of RAM in units of 4 bytes")                                                   \
	HOLE(CODE_MAP, "offset of the code map from RAM")                                                    \
	HOLE(COST, "cycles that the block takes")                                                            \
	/* From here on addresses, relative to the end of the hole. First data near code. */                 \
	HOLE(COUNTDOWN, "the block's countdown")                                                             \
	HOLE(SLOT_AT, "the block's first slot")                                                              \
	/* Code that is jumped to and called. */                                                             \
	HOLE(NEXT, "the next stencil of the block")                                                          \
	HOLE(HOT, "this stencil's hot part")                                                                 \
	HOLE(COLD, "this stencil's cold part")                                                               \
	HOLE(CODE, "a common function, whose number is `operation`")

/* Where a thunk's packed argument has the refund; jit/llvm/llvm_internal.h says what else is in it. */
#define PACKED_REFUND_SHIFT 16

enum hole {
#define HOLE(name, description) HOLE_##name,
	STENCIL_HOLES(HOLE)
#undef HOLE
	HOLE_COUNT
};

/* How a hole is filled: with an address relative to its own end, or with a number. */
static inline bool hole_is_relative(enum hole kind)
{
	return kind >= HOLE_COUNTDOWN;
}

/* Functions that all translated code shares, made at build time too, and kept in code memory. */
#define STENCIL_COMMON(COMMON)                                                                               \
	COMMON(ENTER, "jit161_enter", "the way in: void (cpu, ram, budget, code) in the C convention")       \
	COMMON(STUB, "jit161_stub", "content of unlinked slots; the argument is the slot")                   \
	COMMON(LOAD, "jit161_load", "thunk")                                                                 \
	COMMON(STORE, "jit161_store", "thunk")                                                               \
	COMMON(PROBE, "jit161_probe", "thunk")                                                               \
	COMMON(CALL, "jit161_call", "thunk")                                                                 \
	/* What stencils call in place of the thunks: jit/llvm/stubs.c. */                                   \
	COMMON(LOAD_OR_LEAVE, "jit161_load_or_leave", "")                                                    \
	COMMON(STORE_OR_LEAVE, "jit161_store_or_leave", "")                                                  \
	COMMON(PROBE_OR_LEAVE, "jit161_probe_or_leave", "")                                                  \
	COMMON(CALL_OR_LEAVE, "jit161_call_or_leave", "")                                                    \
	/* Ways out; the argument is the pc, the budget that of the pc. */                                   \
	COMMON(LEAVE_HEAD, "jit161_leave_head", "EXIT_HEAD")                                                 \
	COMMON(LEAVE_BEFORE, "jit161_leave_before", "for the interpreter, and on from where it gets")        \
	COMMON(LEAVE_AFTER, "jit161_leave_after", "EXIT_AFTER")                                              \
	COMMON(LEAVE_INDIRECT, "jit161_leave_indirect", "EXIT_INDIRECT")

enum stencil_common {
#define COMMON(name, symbol, description) STENCIL_##name,
	STENCIL_COMMON(COMMON)
#undef COMMON
	STENCIL_COMMON_COUNT
};

struct stencil_hole {
	uint16_t offset; /* in the hot part, or behind it in the cold part */
	uint8_t kind;	 /* enum hole */
	uint8_t operation;
	int32_t addend;
};

struct stencil {
	uint32_t hash;
	uint32_t key, code, holes;    /* where in the library's arrays they start */
	uint16_t key_size;	      /* bytes */
	uint16_t hot_size, cold_size; /* bytes of code; the cold part follows the hot one */
	uint16_t hole_count;
	uint16_t hot_instructions; /* host instructions in the hot part, for the record */
};

struct stencil_library {
	const struct stencil *stencils;
	const uint8_t *keys, *code;
	const struct stencil_hole *holes;
	const uint16_t *buckets; /* by hash, open addressing; index + 1, 0: none */
	unsigned count;
	unsigned bucket_count; /* a power of two */
	/* The start of every block: takes the cost off, tests the budget, counts. [1]: of one that may take a cycle more. */
	struct stencil head[2];
	struct stencil common[STENCIL_COMMON_COUNT]; /* all their holes are HOLE_CODE */
};

/* Made by make_stencils at build time. */
extern const struct stencil_library stencil_library;

/* --- groups --- */

#define MAX_GROUP_OPS 64

/* Operations that one stencil stands for, in order: those of one guest instruction, or the end of the block, or both of a
 * branch with what ends the block. A value made in one group and used in a later one is carried in the last argument of
 * translated code; there is at most one at a time. */
struct stencil_group {
	const struct ir_block *block;
	uint16_t guest; /* the instruction */
	uint16_t count;
	ir_value ops[MAX_GROUP_OPS];
	ir_value input;	 /* made by an earlier group; IR_NO_VALUE if none */
	ir_value output; /* used by a later group */
};

/* Splits a block. False if that cannot be done within the limits. At most `limit` groups. */
bool stencil_split(const struct ir_block *block, struct stencil_group *groups, unsigned limit,
		   unsigned *count);

#define MAX_KEY_SIZE (MAX_GROUP_OPS * 12 + 8)

/* Writes down all of a group but what goes into holes; groups with equal keys have the same stencil. Returns the size. */
size_t stencil_key(const struct stencil_group *group, struct ir_mode mode, uint8_t key[MAX_KEY_SIZE]);
uint32_t stencil_hash(const uint8_t *key, size_t size);

/* NULL if there is none. */
const struct stencil *stencil_find(const struct stencil_library *library, const uint8_t *key, size_t size);

#endif

/* Decoded guest code: what the threaded interpreter executes. A page of RAM has an array with one operation for
 * each word, filled as execution reaches it. Nothing in it depends on virtual addresses or modes, so that all
 * mappings of a page share it.
 *
 * Granules with decoded words are marked in the code map. A write to such a word forgets the whole page at
 * once, in place: whoever executes there finds undecoded operations and decodes anew. */
#ifndef JIT161_RUNTIME_CPU_DECODED_H
#define JIT161_RUNTIME_CPU_DECODED_H

#include "runtime/cpu/cpu.h"
#include "runtime/cpu/threaded.h"

#define PAGE_WORDS (PAGE_SIZE / 4)
#define LAST_WORD  (PAGE_WORDS - 1)

/* clang-format off */

/* Operations that can also be executed in a delay slot. A, B and C name the registers of fields a, b, c. */
#define DECODED_SIMPLE(X)                                                                                    \
	X(NOP)                                                                                               \
	X(MOVE) X(LI)                                                                                        \
	X(SLL) X(SRL) X(SRA) X(SLLV) X(SRLV) X(SRAV)                                                         \
	X(ADDU) X(SUBU) X(AND) X(OR) X(XOR) X(NOR) X(SLT) X(SLTU)                                            \
	X(ADDIU) X(SLTI) X(SLTIU) X(ANDI) X(ORI) X(XORI)                                                     \
	X(ADD) X(SUB) X(ADDI)                                                                                \
	X(MFHI) X(MTHI) X(MFLO) X(MTLO) X(MULT) X(MULTU) X(DIV) X(DIVU)                                      \
	X(LB) X(LBU) X(LH) X(LHU) X(LW) X(LWL) X(LWR)                                                        \
	X(SB) X(SH) X(SW) X(SWL) X(SWR)                                                                      \
	X(LL) X(SC) X(SYNC) X(MFC0) X(WAIT) X(PRIVILEGED_NOP)

/* And those that only MIPS32 has. */
#define DECODED_SIMPLE32(X)                                                                                  \
	X(ROTR) X(ROTRV) X(MOVZ) X(MOVN) X(CLZ) X(CLO) X(EXT) X(INS) X(WSBH) X(SEB) X(SEH)                   \
	X(MUL) X(MADD) X(MADDU) X(MSUB) X(MSUBU)                                                             \
	X(TGE) X(TGEU) X(TLT) X(TLTU) X(TEQ) X(TNE) X(TGEI) X(TGEIU) X(TLTI) X(TLTIU) X(TEQI) X(TNEI)        \
	X(RDHWR)

/* Branches whose target lies in the same page, by the distance in `imm`; the second of each pair has a NOP in
 * its delay slot, which it executes along. */
#define DECODED_NEAR(X)                                                                                      \
	X(B, true) X(BEQ, B == C) X(BNE, B != C) X(BLEZ, (int32_t)B <= 0) X(BGTZ, (int32_t)B > 0)            \
	X(BLTZ, (int32_t)B < 0) X(BGEZ, (int32_t)B >= 0)

/* Branches elsewhere. */
#define DECODED_FAR(X)                                                                                       \
	X(BEQ, B == C) X(BNE, B != C) X(BLEZ, (int32_t)B <= 0) X(BGTZ, (int32_t)B > 0)                       \
	X(BLTZ, (int32_t)B < 0) X(BGEZ, (int32_t)B >= 0)

/* MIPS32's that skip their delay slot if they are not taken, wherever they go. */
#define DECODED_LIKELY(X)                                                                                    \
	X(BEQL, B == C) X(BNEL, B != C) X(BLEZL, (int32_t)B <= 0) X(BGTZL, (int32_t)B > 0)                   \
	X(BLTZL, (int32_t)B < 0) X(BGEZL, (int32_t)B >= 0)

enum decoded_code {
	DECODED_NOTHING,   /* not decoded yet */
	DECODED_REFERENCE, /* the reference interpreter's */
	DECODED_CROSS,	   /* last word but one of a page: MIPS-161 looks the next page up before it executes */
	DECODED_NEXT_PAGE, /* past the last word */
#define X(name) DECODED_##name,
	DECODED_SIMPLE(X)
	DECODED_SIMPLE32(X)
#undef X
	DECODED_SIMPLE_END,
	DECODED_BEFORE_NEAR = DECODED_SIMPLE_END - 1,
#define X(name, condition) DECODED_NEAR_##name, DECODED_NEAR_##name##_NOP,
	DECODED_NEAR(X)
#undef X
#define X(name, condition) DECODED_FAR_##name,
	DECODED_FAR(X)
#undef X
#define X(name, condition) DECODED_LIKELY_##name,
	DECODED_LIKELY(X)
#undef X
	DECODED_J, DECODED_JAL, DECODED_JR, DECODED_JALR, DECODED_BLTZAL, DECODED_BGEZAL,
	DECODED_MTC0,
	DECODED_CODES
};
/* clang-format on */

struct decoded_op {
	int32_t handler; /* of the threaded loop, from the handler for DECODED_NOTHING */
	uint16_t
	    cost; /* most cycles from here to where the budget is looked at again, times the size of this */
	uint8_t code;	 /* enum decoded_code: what the word is. In a delay slot this alone counts */
	uint8_t first;	 /* what to do where the word is reached in sequence; DECODED_NOTHING: decode it */
	uint8_t a, b, c; /* registers */
	uint8_t unused;
	int32_t imm;
};
_Static_assert(sizeof(struct decoded_op) == 16, "four to a cache line");

struct decoded_page {
	struct decoded_op ops[PAGE_WORDS + 1]; /* the last one is DECODED_NEXT_PAGE */
	uint32_t frame;
};

struct threaded {
	struct memory *memory;
	struct cpu *cpus;
	unsigned cpu_count;
	const int32_t *handlers;     /* by code; the loop's */
	struct decoded_op outside;   /* what a processor executes that is not in decoded code */
	struct ahead *ahead;	     /* threaded_ahead.c's; owned; NULL until several run */
	uint64_t steps;		     /* cycles left to the reference interpreter */
	struct decoded_page **pages; /* by page of RAM; NULL where nothing was executed yet */
};

/* The page for a frame of RAM, made if missing. */
struct decoded_page *decoded_page_new(struct threaded *threaded, uint32_t frame);

static inline struct decoded_page *decoded_page(struct threaded *threaded, uint32_t frame)
{
	struct decoded_page *page = threaded->pages[frame / PAGE_SIZE];

	return __builtin_expect(page != NULL, 1) ? page : decoded_page_new(threaded, frame);
}

/* Decodes from a word on, as far as execution goes without looking at the budget. */
void decoded_fill(struct threaded *threaded, struct cpu *cpu, struct decoded_page *page,
		  struct decoded_op *from);

/* Decodes one word that is executed as a delay slot. */
void decoded_fill_slot(struct threaded *threaded, struct cpu *cpu, struct decoded_page *page,
		       struct decoded_op *slot);

/* Where the handlers of a model's threaded loop are, by code, relative to the one for DECODED_NOTHING (threaded.c). */
const int32_t *threaded_handlers(const struct cpu_model *model);

/* The listener for CODE_DECODED. */
void decoded_code_written(void *threaded, uint32_t offset, uint32_t size);

#endif

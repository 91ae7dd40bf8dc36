/* Benchmarks that are a loop of guest instructions: how one is made of words, run and counted. */
#ifndef JIT161_BENCH_MICRO_LOOP_H
#define JIT161_BENCH_MICRO_LOOP_H

#include "bench/micro/machine.h"
#include "frontend/encode.h"

#define MTC0(from, register) MIPS_WORD(MTC0, ['t'] = (from), ['r'] = (register))
#define MFC0(to, register)   MIPS_WORD(MFC0, ['t'] = (to), ['r'] = (register))
#define ADDIU(to, from, n)   MIPS_WORD(ADDIU, ['t'] = (to), ['s'] = (from), ['i'] = (n))
#define LW(to, base, at)     MIPS_WORD(LW, ['t'] = (to), ['s'] = (base), ['o'] = (at))
#define SW(from, base, at)   MIPS_WORD(SW, ['t'] = (from), ['s'] = (base), ['o'] = (at))
#define LUI(to, n)	     MIPS_WORD(LUI, ['t'] = (to), ['U'] = (n))
#define ORI(to, from, n)     MIPS_WORD(ORI, ['t'] = (to), ['s'] = (from), ['u'] = (n))
#define ADDU(to, a, b)	     MIPS_WORD(ADDU, ['d'] = (to), ['s'] = (a), ['t'] = (b))
#define AND(to, a, b)	     MIPS_WORD(AND, ['d'] = (to), ['s'] = (a), ['t'] = (b))
#define OR(to, a, b)	     MIPS_WORD(OR, ['d'] = (to), ['s'] = (a), ['t'] = (b))
#define JR(reg)		     MIPS_WORD(JR, ['s'] = (reg))
#define J(address)	     MIPS_WORD(J, ['j'] = (int32_t)((address) >> 2))
#define BRANCH(distance)     MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = (distance))
#define NOP		     0u
#define SYSCALL		     0x0000000Cu
#define RFE		     0x42000010u
#define TLBR		     0x42000001u
#define TLBWI		     0x42000002u
#define TLBWR		     0x42000006u
#define TLBP		     0x42000008u

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
	CP0_PRID = 15,
};

enum {
	T0 = 8,
	T1,
	T2,
	T3,
	S0 = 16,
	K0 = 26,
	K1,
};

#define LOOP_MAX 64u

/* Preparation, then `body` again and again with a branch back; no instruction in it stalls. */
struct loop {
	uint32_t words[LOOP_MAX];
	unsigned count;
	unsigned body; /* words in the loop, the branch included */
};

/* `repeat` times the body after the preparation. */
void loop_make(struct loop *loop, const uint32_t *prepare, unsigned prepare_count, const uint32_t *body,
	       unsigned body_count, unsigned repeat);

/* Runs the machine for the benchmark: reports the time per `pieces` of a loop of `cycles`. Frees it. */
void loop_measure(struct micro_state *state, struct machine *machine, const char *what, double pieces,
		  double cycles);

/* The same, per exception that the machine took. */
void loop_measure_exceptions(struct micro_state *state, struct machine *machine, const char *what);

#endif

/* Instructions that the tests' small programs are made of, written as their fields are ordered in assembly language. */
#ifndef JIT161_TESTS_UNIT_INSTRUCTIONS_H
#define JIT161_TESTS_UNIT_INSTRUCTIONS_H

#include "frontend/encode.h"

#define ADDIU(to, from, value) MIPS_WORD(ADDIU, ['t'] = (to), ['s'] = (from), ['i'] = (value))
#define LUI(to, value)	       MIPS_WORD(LUI, ['t'] = (to), ['U'] = (value))
#define LOAD(to, base, at)     MIPS_WORD(LW, ['t'] = (to), ['s'] = (base), ['o'] = (at))
#define STORE(from, base, at)  MIPS_WORD(SW, ['t'] = (from), ['s'] = (base), ['o'] = (at))
/* The distance is in words, from the delay slot. */
#define BNEZ(reg, distance) MIPS_WORD(BNE, ['s'] = (reg), ['t'] = 0, ['b'] = (distance))
#define HERE		    MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -1)

/* Words of a program, or elements of any array. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

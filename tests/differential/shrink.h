// Makes a program that differs as small as the difference allows.
#ifndef TESTS_DIFFERENTIAL_SHRINK_H
#define TESTS_DIFFERENTIAL_SHRINK_H

#include "tests/differential/program.h"

// `differs` says whether a program still shows the difference; it is called some hundred times. The program differs
// at first and afterwards.
void program_shrink(struct program *program, bool mips32,
		    bool (*differs)(void *context, const struct program *program), void *context);

#endif

// Text of instructions, in the syntax of the GNU and LLVM assemblers with o32 register names.
#ifndef FRONTEND_DISASSEMBLE_H
#define FRONTEND_DISASSEMBLE_H

#include "frontend/insn.h"

#include <stddef.h>

// "zero", "at", "v0" ...
extern const char *const mips_register_names[32];

// Writes the text of the instruction at `pc` ("lw\t$t0, 8($a0)"): mnemonic, a tab if there are operands,
// operands. Branch and jump targets are absolute addresses. What is no instruction becomes ".word\t0x...".
// Returns the length of the whole text, as snprintf does; `buf` always ends up terminated if `size` is not 0.
size_t mips_disassemble(const struct insn *insn, uint32_t pc, char *buf, size_t size);

#endif

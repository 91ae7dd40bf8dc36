/* The host's disassembler, which is LLVM's: the shared object's other symbol, for dumps of code that LLVM did not make. */
#ifndef JIT161_JIT_LLVM_DISASSEMBLER_H
#define JIT161_JIT_LLVM_DISASSEMBLER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes the instructions in `size` bytes at `code`, a line each, as they are at the offset `offset`: "%6x:<tab>text". */
void jit161_disassemble(const uint8_t *code, size_t size, uint64_t offset, FILE *file);
#define DISASSEMBLER_SYMBOL "jit161_disassemble"

#endif

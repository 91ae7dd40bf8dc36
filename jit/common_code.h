/* The functions that all translated code shares, of both tiers: made at build time like stencils, copied to the front of
 * code memory, where they stay. */
#ifndef JIT161_JIT_COMMON_CODE_H
#define JIT161_JIT_COMMON_CODE_H

#include <stdint.h>

#include "jit/code_memory.h"
#include "jit/stencil.h"

struct cpu;

struct common_code {
	const void *address[STENCIL_COMMON_COUNT]; /* to execute at */
	void *thunk_table; /* addresses of the thunks, in code memory; at its writable address */
	/* Runs translated code until it returns. */
	void (*enter)(struct cpu *cpu, uint8_t *ram, int64_t budget, const void *code);
};

/* To be called first: what it allocates is kept by resets. */
bool common_code_install(struct common_code *common, struct code_memory *code, struct error *error);

#endif

/* Memory for translated code: one sealed memfd mapped twice, once writable and once executable, so that no
 * address is ever both. Allocated in whole pages, front to back; reset as a whole when it is full.
 * Code in it must be position-independent within one allocation: it is written and relocated at its writable
 * address and runs at the executable one. What is allocated first and kept (common_code.h) survives
 * resets. */
#ifndef JIT161_JIT_CODE_MEMORY_H
#define JIT161_JIT_CODE_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/core/error.h"

struct code_memory {
	uint8_t *writable;
	uint8_t *executable;
	size_t size, used;
	size_t kept; /* bytes at the front that resets leave alone */
	bool full;   /* an allocation failed that a reset could make room for */
	pthread_mutex_t lock;
};

bool code_memory_init(struct code_memory *code, size_t size, struct error *error);
void code_memory_free(struct code_memory *code);

/* `size` bytes at the writable address, or NULL if there is no room. Any thread. */
void *code_memory_allocate(struct code_memory *code, size_t size, size_t alignment);

/* The executable address of a writable one. */
static inline const void *code_memory_executable(const struct code_memory *code, const void *writable)
{
	return code->executable + ((const uint8_t *)writable - code->writable);
}

/* Whether an allocation has failed since the last reset that one could make room for. */
bool code_memory_full(struct code_memory *code);

/* Makes all allocations so far permanent. */
void code_memory_keep(struct code_memory *code);

/* Forgets all allocations but the kept ones. Nobody may be executing or writing code in it. */
void code_memory_reset(struct code_memory *code);

#endif

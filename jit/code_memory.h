/* Memory for translated code: one sealed memfd mapped twice, once writable and once executable, so that no
 * address is ever both. Its size is the budget of all translated code. Allocated and given back in whole pages.
 * Code in it must be position-independent within one allocation: it is written and relocated at its writable
 * address and runs at the executable one. What is allocated first and kept (common_code.h) is never given back.
 * Behind the code, at a distance that fits into an instruction, there is room for the tables that it reads and writes. */
#ifndef JIT161_JIT_CODE_MEMORY_H
#define JIT161_JIT_CODE_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/core/error.h"

#define CODE_PAGE_SIZE 4096u

/* Bytes in one piece. */
struct code_run {
	uint8_t *start; /* at its writable address */
	size_t size;
};

struct code_memory {
	uint8_t *writable;
	uint8_t *executable;
	size_t size;
	size_t used;	/* bytes of pages taken */
	size_t kept;	/* bytes at the front that are never given back */
	size_t touched; /* bytes at the front that the host has pages for */
	size_t wanted;	/* bytes of the largest allocation that failed since code_memory_wanted */
	uint8_t *taken; /* a byte for each page */
	uint8_t *tables;
	size_t tables_size, tables_used;
	size_t lowest; /* page before which all are taken */
	pthread_mutex_t lock;
};

/* `size` bytes of code and `tables` bytes of tables. `anonymous`: without a file, and not sealed, for perf. */
bool code_memory_init(struct code_memory *code, size_t size, size_t tables, bool anonymous,
		      struct error *error);
void code_memory_free(struct code_memory *code);

/* `size` bytes at the writable address, or NULL if there is no room in one piece. Any thread. */
void *code_memory_allocate(struct code_memory *code, size_t size, size_t alignment);
/* Gives an allocation back, by its size when it was made. Nobody may be executing or writing code in it. Any thread. */
void code_memory_release(struct code_memory *code, const struct code_run *run);

/* Room for a table, all zero, until code_memory_free; the host's memory is taken as it is touched. NULL: there was not so much
 * asked for at the start. */
void *code_memory_table(struct code_memory *code, size_t size);

/* Whether an allocation of `size` bytes would find room, and leave `reserve` bytes beside it. */
bool code_memory_has_room(struct code_memory *code, size_t size, size_t reserve);
/* The largest allocation that failed since the last call, in bytes; 0: none. */
size_t code_memory_wanted(struct code_memory *code);
size_t code_memory_used(struct code_memory *code);

/* The executable address of a writable one. */
static inline const void *code_memory_executable(const struct code_memory *code, const void *writable)
{
	return code->executable + ((const uint8_t *)writable - code->writable);
}

/* Makes all allocations so far permanent. */
void code_memory_keep(struct code_memory *code);

/* Gives back all allocations but the kept ones. Nobody may be executing or writing code in it. */
void code_memory_reset(struct code_memory *code);

#endif

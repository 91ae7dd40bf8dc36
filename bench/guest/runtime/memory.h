/* Copying in plain C, the same on every machine, so that the compiler's or the host's own functions are not what is
 * measured. */
#ifndef BENCH_GUEST_RUNTIME_MEMORY_H
#define BENCH_GUEST_RUNTIME_MEMORY_H

#include <stddef.h>

/* The areas do not overlap. */
void memory_copy(void *to, const void *from, size_t size);

#endif

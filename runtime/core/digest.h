/* Digests of plain data: equal data has equal digests, and unequal data has other ones but by chance (64 bits). Not against an
 * adversary. */
#ifndef JIT161_RUNTIME_CORE_DIGEST_H
#define JIT161_RUNTIME_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_START UINT64_C(0xCBF29CE484222325)

/* The digest of what `digest` is of, followed by `size` bytes. */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t size);
uint64_t digest_number(uint64_t digest, uint64_t number);

#endif

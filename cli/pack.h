/* Text made short for pages: LZ4's block format (lz4_Block_format.md), in base64. explorer.html has the other half. */
#ifndef JIT161_CLI_PACK_H
#define JIT161_CLI_PACK_H

#include <stddef.h>
#include <stdio.h>

void pack(const char *text, size_t size, FILE *file);

#endif

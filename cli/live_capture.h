/* What `jit161 dump --live` shows of a machine, taken on the machine's thread between two of its runs. */
#ifndef JIT161_CLI_LIVE_CAPTURE_H
#define JIT161_CLI_LIVE_CAPTURE_H

#include "cli/address_counts.h"

struct live_bytes {
	uint8_t *data; /* owned */
	size_t size;
};

/* All but the kernel's file, as cli/live_wire.h has it. Changes nothing. The machine has a translator. */
struct live_bytes live_capture(const struct vm *vm, const struct address_counts *samples);
/* Adds the kernel's file, which is open at `descriptor`, and its name. Any thread. */
void live_add_kernel(struct live_bytes *bytes, int descriptor, const char *path);

#endif

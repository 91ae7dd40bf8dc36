/* How often something was seen at guest instructions: by virtual address, place in RAM and mode. */
#ifndef JIT161_CLI_ADDRESS_COUNTS_H
#define JIT161_CLI_ADDRESS_COUNTS_H

#include "runtime/vm/vm.h"

struct address_count {
	uint32_t va, pa; /* pa: RAM offset */
	bool user;
	uint64_t count; /* 0: free */
};

struct address_counts {
	struct address_count *rows; /* a hash table; `room` is a power of two, or 0 */
	uint32_t room, used;
	uint32_t most;	/* rows that there may be; 0: any number. What does not fit is in `total` only */
	uint64_t total; /* all that was seen */
};

void address_counts_free(struct address_counts *counts);
void address_counts_add(struct address_counts *counts, uint32_t va, uint32_t pa, bool user, uint64_t count);
/* Sets a count, not 0; `total` stays. */
void address_counts_set(struct address_counts *counts, uint32_t va, uint32_t pa, bool user, uint64_t count);
uint64_t address_counts_at(const struct address_counts *counts, uint32_t va, uint32_t pa, bool user);
/* Counts where each processor stands that executes something. Between runs. */
void address_counts_sample(struct address_counts *counts, const struct vm *vm);

#endif

/* A running machine as `jit161 dump --live` sees it: what its control socket sent, and a machine of our own with the same memory
 * in which what is expensive is done. */
#ifndef JIT161_CLI_LIVE_H
#define JIT161_CLI_LIVE_H

#include "cli/explore.h"
#include "cli/live_wire.h"

struct live_machine {
	struct live_head head;
	uint8_t *data; /* owned; what follows points into it */
	const struct live_block *blocks;
	const struct live_part *parts;
	const struct live_event *events;
	const struct live_sample *samples;
	const struct live_page *pages;
	const uint8_t *code, *kernel;
	int kernel_file; /* descriptor, or -1 */
	struct address_counts counts;
	struct jit_event *lost; /* owned */
};

/* Asks the machine whose control socket is at `path`. What was found is to be freed even if it fails. */
bool live_ask(struct live_machine *live, const char *path, struct error *error);
void live_free(struct live_machine *live);

/* A machine like that one, with its code in memory. `jit` is filled with the other's options; it must stay. */
struct vm *live_build(const struct live_machine *live, struct jit_options *jit,
		      const struct vm_options *options, struct error *error);

/* All of its blocks, the hottest first. `exploration` has our machine and must not outlive `live`. */
void live_explore(struct live_machine *live, struct exploration *exploration);

/* A System/161 machine of nothing but RAM, bytes. */
bool bare_machine(struct vm *vm, uint32_t ram_size, struct error *error);

#endif

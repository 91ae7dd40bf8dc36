/* How to leave a function's frame, found by reading its code from the start on: MIPS has no frame pointers to follow. Where
 * call frame information is missing, and for what it does not say of exception frames. */
#ifndef JIT161_RUNTIME_VM_PROLOGUE_H
#define JIT161_RUNTIME_VM_PROLOGUE_H

#include "frontend/isa.h"
#include "runtime/vm/symbols.h"

/* Reads a word of the guest's memory without any effect; false if there is none at `va`. */
struct guest_reader {
	void *context;
	bool (*word)(void *context, uint32_t va, uint32_t *value);
};

/* The rules that hold before the instruction at `pc` of the function that starts at `start`. False: the code cannot be read,
 * or the function is too long. */
bool prologue_rules(const struct guest_reader *reader, const struct mips_isa *isa, uint32_t start,
		    uint32_t pc, struct frame_rules *rules);

/* The start of the function around `pc` as its code suggests: where it makes its frame. False: nothing like it nearby. */
bool prologue_guess_start(const struct guest_reader *reader, const struct mips_isa *isa, uint32_t pc,
			  uint32_t *start);

#endif

/* Evaluates a block of IR on a toy guest: plain, slow, and strict about what op.def leaves undefined. */
#ifndef JIT161_TESTS_UNIT_LIFT_EVALUATE_H
#define JIT161_TESTS_UNIT_LIFT_EVALUATE_H

#include "ir/ir.h"

#define GUEST_MEMORY 4096

/* Memory repeats every 4 KiB. Accesses and probes fail in every sixteenth page. Calls and accesses change the
 * registers that real ones can change, to values that depend on all that came before. */
struct guest {
	uint64_t state[IR_STATE_COUNT];
	uint64_t active; /* at the start of the block */
	uint64_t trace;	 /* of accesses and calls, in order */
	uint8_t memory[GUEST_MEMORY];
};

struct outcome {
	bool left; /* before the instruction at `time`, else continues at `target` */
	struct ir_time time;
	uint32_t target;
};

/* Fails the test if the block does something undefined. */
struct outcome evaluate(const struct ir_region *region, const struct ir_block *block, struct guest *guest);

#endif

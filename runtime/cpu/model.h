/* CPU models: what differs between the processors jit161 emulates, as parameters. */
#ifndef JIT161_RUNTIME_CPU_MODEL_H
#define JIT161_RUNTIME_CPU_MODEL_H

#include "frontend/lift.h"

struct cpu_model {
	const char *name;
	struct lift_model lift; /* instruction set, byte order, interlock: what translation needs */
	uint32_t status_reset;
};

/* The processor of System/161 (reference, section 1). */
extern const struct cpu_model cpu_model_mips161;

#endif

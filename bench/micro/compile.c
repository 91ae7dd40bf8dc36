/* Code generation, measured where it happens: a bench program runs with everything compiled the first time it is
 * executed. The time of an iteration is not what counts but `instruction`, the CPU time of compiling per guest
 * instruction, lifting, passes and linking included.
 *
 * Tier 1's counterpart, the emission of stencils, belongs here as `compile/stencils`. */
#include "bench/micro/groups.h"
#include "bench/micro/machine.h"

#include <stdio.h>

#define CYCLES 300000u

static const unsigned region_sizes[] = {1, 20, 200};

static void llvm(struct micro_state *state, const void *context)
{
	const unsigned *size = context;
	double compiled = 0, nanoseconds = 0;

	while (micro_running(state)) {
		struct machine *machine = machine_load(state, MACHINE_INLINE, GUEST_DIR "/system161.conf",
						       GUEST_DIR "/system161/short/mix.elf", *size, 1);
		struct jit_statistics figures;

		if (!machine)
			break;
		machine_run(machine, state, CYCLES);
		jit_statistics(machine->vm->jit, &figures);
		if (figures.backend_error[0])
			micro_fail(state, figures.backend_error);
		compiled += (double)figures.guest_instructions;
		nanoseconds += (double)figures.compile_ns;
		machine_free(machine);
	}
	micro_figure(state, "instruction", compiled > 0 ? nanoseconds / compiled * 1e-9 : 0);
}

void register_compile(void)
{
	for (unsigned i = 0; i < sizeof(region_sizes) / sizeof(region_sizes[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "compile/llvm/region:%u", region_sizes[i]);
		micro_register(name, llvm, &region_sizes[i]);
	}
}

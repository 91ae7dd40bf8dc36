#include "bench/micro/loop.h"

#include <stdlib.h>

#define WARM_UP 200000u /* cycles: translated by then */
#define BATCH	100000u /* cycles of an iteration */

void loop_make(struct loop *loop, const uint32_t *prepare, unsigned prepare_count, const uint32_t *body,
	       unsigned body_count, unsigned repeat)
{
	loop->count = 0;
	if (prepare_count + repeat * body_count + 2 > LOOP_MAX)
		abort();
	for (unsigned i = 0; i < prepare_count; i++)
		loop->words[loop->count++] = prepare[i];
	for (unsigned turn = 0; turn < repeat; turn++)
		for (unsigned i = 0; i < body_count; i++)
			loop->words[loop->count++] = body[i];
	loop->words[loop->count] = BRANCH(-(int32_t)(repeat * body_count) - 1);
	loop->words[loop->count + 1] = NOP;
	loop->count += 2;
	loop->body = repeat * body_count + 2;
}

void loop_measure(struct micro_state *state, struct machine *machine, const char *what, double pieces,
		  double cycles)
{
	uint64_t before;

	if (!machine)
		return;
	machine_run(machine, state, WARM_UP);
	before = machine->vm->totals.executed;
	while (micro_running(state) && machine_run(machine, state, BATCH))
		;
	micro_per(state, what, (double)(machine->vm->totals.executed - before) * pieces / cycles);
	machine_free(machine);
}

void loop_measure_exceptions(struct micro_state *state, struct machine *machine, const char *what)
{
	uint64_t before;

	if (!machine)
		return;
	machine_run(machine, state, WARM_UP);
	before = machine_cpu(machine)->exceptions;
	while (micro_running(state) && machine_run(machine, state, BATCH))
		;
	micro_per(state, what, (double)(machine_cpu(machine)->exceptions - before));
	machine_free(machine);
}

// Kernels of a campaign, and runs of them on any engine.
#include <time.h>

#include "tests/differential/differ.h"
#include "tests/differential/original.h"

uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

const char *differ_engine_name(const struct engine *engine)
{
	return engine ? engine_name(engine) : "original";
}

void differ_run(const struct engine *engine, uint64_t number, const struct kernel *kernel,
		const struct outcome *expected, struct outcome *outcome, struct figures *figures)
{
	// The original is another process.
	clockid_t clock = engine ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
	uint64_t before = clock_ns(clock);

	if (engine)
		machine_run(engine, number, kernel, expected, outcome);
	else
		original_run(kernel, outcome);
	if (!figures)
		return;
	__atomic_fetch_add(&figures->ns, clock_ns(clock) - before, __ATOMIC_RELAXED);
	__atomic_fetch_add(&figures->executed, outcome->executed, __ATOMIC_RELAXED);
	__atomic_fetch_add(&figures->translated, outcome->translated, __ATOMIC_RELAXED);
}

void differ_generate(const struct settings *settings, uint64_t number, struct kernel *kernel)
{
	kernel_generate(kernel, target_find(settings->target, number), &settings->style, number,
			settings->programs);
}

struct kernel differ_alone(const struct kernel *kernel, struct program *program)
{
	return (struct kernel){
	    .target = kernel->target, .style = kernel->style, .count = 1, .running = 1, .programs = program};
}

// See shim.h.
#include "bench/micro/shim.h"

#include <benchmark/benchmark.h>

struct micro_state {
	benchmark::State &state;
	bool failed;
};

void micro_register(const char *name, micro_function *function, const void *context)
{
	benchmark::RegisterBenchmark(name, [function, context](benchmark::State &state) {
		micro_state wrapped = {state, false};

		function(&wrapped, context);
	});
}

bool micro_running(micro_state *state)
{
	return !state->failed && state->state.KeepRunning();
}

void micro_pause(micro_state *state)
{
	state->state.PauseTiming();
}

void micro_resume(micro_state *state)
{
	state->state.ResumeTiming();
}

void micro_per(micro_state *state, const char *name, double pieces)
{
	state->state.counters[name] =
	    benchmark::Counter(pieces, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void micro_figure(micro_state *state, const char *name, double value)
{
	state->state.counters[name] = value;
}

void micro_fail(micro_state *state, const char *reason)
{
	state->failed = true;
	state->state.SkipWithError(reason);
}

int micro_main(int argc, char **argv)
{
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}

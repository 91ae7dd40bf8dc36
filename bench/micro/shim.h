/* Google Benchmark for C. shim.cc is the project's only C++ file; everything else here is C and sees this. */
#ifndef JIT161_BENCH_MICRO_SHIM_H
#define JIT161_BENCH_MICRO_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct micro_state;

/* A benchmark: prepares, repeats what is measured while micro_running says so, and cleans up. */
typedef void micro_function(struct micro_state *state, const void *context);

/* The name is copied, the context is not. */
void micro_register(const char *name, micro_function *function, const void *context);

bool micro_running(struct micro_state *state);

/* Between these, time does not count. */
void micro_pause(struct micro_state *state);
void micro_resume(struct micro_state *state);

/* Reports the time per piece, where the iterations so far did `pieces` in all, as the counter `name`. */
void micro_per(struct micro_state *state, const char *name, double pieces);

/* Reports a figure as it is. */
void micro_figure(struct micro_state *state, const char *name, double value);

/* Ends the benchmark with a reason; micro_running is false from then on. */
void micro_fail(struct micro_state *state, const char *reason);

/* Keeps the compiler from leaving out what computes a value. */
static inline void micro_use(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

/* Runs what is registered, as Google Benchmark's command line says; the exit status. */
int micro_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif

/* The host's clocks, in ns. */
#ifndef JIT161_RUNTIME_CORE_HOST_CLOCK_H
#define JIT161_RUNTIME_CORE_HOST_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t host_clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Since some moment; it never goes back. */
static inline uint64_t host_ns(void)
{
	return host_clock_ns(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread. */
static inline uint64_t host_thread_ns(void)
{
	return host_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

#endif

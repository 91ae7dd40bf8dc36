/* A bench program: one C file that defines BENCH and bench_run, and runs on every machine and on the host.
 *
 * It may use this header, the memory functions of runtime/memory.h, and nothing else; the files marked `guest`
 * or `kernel` in programs.list also runtime/guest.h or runtime/calls.h. It must not depend on the byte order.
 * Its arrays are zero when it starts. */
#ifndef BENCH_GUEST_BENCH_H
#define BENCH_GUEST_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does so many rounds of the program's work. The result depends on nothing but `rounds`. */
uint32_t bench_run(uint32_t rounds);

extern const char bench_name[];
extern const uint32_t bench_rounds_per_unit;

/* A unit of work is what takes QEMU about 10 ms: 10 to 25 million guest instructions, fewer in programs that are
 * hard for it. The programs are built in forms of 1 unit (short), 8 and 128: runtime/units.c. */
#define BENCH(name, rounds_per_unit)                                                                         \
	const char bench_name[] = name;                                                                      \
	const uint32_t bench_rounds_per_unit = (rounds_per_unit)

/* Takes a value into a checksum. */
static inline uint32_t bench_mix(uint32_t checksum, uint32_t value)
{
	checksum ^= value;
	return (checksum << 5 | checksum >> 27) + 0x9E3779B9u;
}

/* The next of a fixed sequence of numbers (xorshift); the state must not be 0. */
static inline uint32_t bench_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

#endif

/* The threaded interpreter: guest code decoded once, each instruction leading directly to the next one's
 * handler, memory through the soft TLBs. An engine under test like the translator: what it does not do itself
 * (faults, devices, exceptions and returns from them, TLB writes, anything but clean fetch states) it leaves to
 * the reference interpreter, instruction by instruction. Used by runtime/vm. */
#ifndef JIT161_RUNTIME_CPU_THREADED_H
#define JIT161_RUNTIME_CPU_THREADED_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct memory;
struct threaded;

/* One for all processors of a memory; attaches itself to them and to the code map. */
struct threaded *threaded_new(struct memory *memory, struct cpu *cpus, unsigned cpu_count);
void threaded_free(struct threaded *threaded);

/* Forgets what was decoded, for when memory was replaced as a whole. */
void threaded_flush(struct threaded *threaded);

/* How many cycles so far were left to the reference interpreter. */
uint64_t threaded_reference_cycles(const struct threaded *threaded);

/* The contracts of reference_run, reference_run_block and reference_run_in_turn. */
void threaded_run(struct cpu *cpu);
void threaded_run_block(struct cpu *cpu);
uint64_t threaded_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles, struct cpu **current);

#endif

/* How many instructions the host executes, on hosts that have no counter of them: a child does the work, and its parent has it stop
 * after each instruction (ptrace(2)). Some microseconds for each, and only what runs in user mode; but exact. */
#ifndef JIT161_STUDY_HOST_STEPS_H
#define JIT161_STUDY_HOST_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_STEPS_MAX 4000000u /* in one part of the work */

/* Has a child do `parts` pieces of work, and counts each. What it changes in memory that is not shared is gone afterwards. The process
 * has one thread. A constant number for calling and stopping is in each count. False: `problem` says why. */
bool host_steps_count(void (*work)(void *context, unsigned part), void *context, unsigned parts,
		      uint64_t *counts, char *problem, size_t size);

#endif

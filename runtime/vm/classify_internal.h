/* Shared by the files that choose the word for a machine that stopped. */
#ifndef JIT161_RUNTIME_VM_CLASSIFY_INTERNAL_H
#define JIT161_RUNTIME_VM_CLASSIFY_INTERNAL_H

#include "runtime/vm/diagnosis.h"
#include "runtime/vm/history.h"
#include "runtime/vm/vm_internal.h"

#define FEWEST_MS 500 /* for statements about how long something has been so */

/* What the samples of the last second cover. There are few of a machine that idles, since it is polled seldom. */
struct window {
	const struct sample *from, *to;
	unsigned first, samples; /* of those there are */
	double ms;
};

static inline bool conclude(struct diagnosis *diagnosis, const char *cause)
{
	diagnosis->cause = cause;
	return true;
}

static inline double seconds(const struct window *window)
{
	return window->ms / 1000;
}

static inline bool is_kernel(const struct cpu *cpu, uint32_t status)
{
	return (status & cpu->model->status_user_mask) != cpu->model->status_user;
}

/* Nothing that a user could notice happened: no system call, no user code, no transfer, no output. */
bool classify_quiet(const struct window *window);

/* Mistakes that show in exceptions (classify_faults.c). Each says what it found, and is false if that is nothing. */
bool classify_wild_jump(struct diagnosis *diagnosis, const struct vm *vm);
/* The kernel faulted next to its stack pointer, which now points to no memory. */
bool classify_lost_stack(struct diagnosis *diagnosis, const struct vm *vm);
/* The exception handler itself faults, over and over; also chooses the cause. */
bool classify_faulting_handler(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window);

#endif

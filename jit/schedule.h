/* Who goes on when, of a machine's thread and its compile threads. For tests, which force orders that would hardly ever come by
 * themselves; without a schedule (jit_options.schedule) nothing is asked. */
#ifndef JIT161_JIT_SCHEDULE_H
#define JIT161_JIT_SCHEDULE_H

#include <stdbool.h>

/* Where a compile thread is held. */
enum compile_step {
	COMPILE_STEP_TAKE,    /* it comes for work, of which there may be none: then it comes again */
	COMPILE_STEP_COMPILE, /* it has taken some */
	COMPILE_STEP_PLACE,   /* the back end is done; code memory comes next */
	COMPILE_STEP_GIVE,    /* it is about to give back what it took */
	COMPILE_STEPS
};

struct compile_schedule {
	void *context;
	/* On compile threads, without a lock: returns when the thread may go on. */
	void (*reach)(void *context, enum compile_step step);
	/* On the machine's thread, between two stays in translated code: whether finished regions are collected now.
	 * `threads`: the compile threads that there are, each of which is or will soon be at a step. */
	bool (*collect)(void *context, unsigned threads);
	/* On the machine's thread: from now on (or no more) it waits for compile threads, so that `reach` must not hold
	 * them. With a lock that compile threads want between steps. */
	void (*open)(void *context, bool open);
	unsigned
	    patience_ms; /* how long the end of a run waits for compile threads; 0: as without a schedule */
};

#endif

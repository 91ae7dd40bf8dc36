/* Keeps what goes wrong in a compilation from ending the process: a lack of memory, a failed assertion or a fault within
 * LLVM, all of which end in a signal. The guest does not need the compiler: it goes on without. */
#ifndef JIT161_JIT_COMPILE_GUARD_H
#define JIT161_JIT_COMPILE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Calls work(argument). False if that ended in SIGABRT, SIGSEGV, SIGBUS or SIGFPE of this thread; `reason` says which. Then what
 * it had allocated is lost, locks that it held stay locked, and what it called must not be called again, by no thread.
 * May not be nested. */
bool compile_guard_call(void (*work)(void *argument), void *argument, char *reason, size_t reason_size);

/* Gives the calling thread a stack of its own for signals, so that one is heard of when the thread's is used up. False: there is
 * no memory for it; all else works. To be taken back by the same thread. */
bool compile_guard_begin_thread(void);
void compile_guard_end_thread(void);

#endif

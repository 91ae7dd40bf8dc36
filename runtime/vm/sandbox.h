/* Confines the process before the guest's first instruction, so that a guest which broke out of the machine could not get
 * further: Landlock for files, a seccomp filter for system calls. It is the process's and for good; used by cli/. The
 * sources are the kernel's Documentation/userspace-api/landlock.rst and seccomp_filter.rst. */
#ifndef JIT161_RUNTIME_VM_SANDBOX_H
#define JIT161_RUNTIME_VM_SANDBOX_H

#include <stdbool.h>

#include "runtime/core/host_needs.h"

struct sandbox {
	bool files;	   /* no file but what was asked for can be opened */
	bool calls;	   /* no system calls but those that a machine makes */
	char problem[128]; /* what the kernel lacks; empty: nothing */
};

/* Enters it, as far as the kernel can. Shared objects of the system stay readable, for those that are loaded later. To be
 * called while the process has one thread: Landlock holds for the caller and the threads it makes from now on. */
struct sandbox sandbox_enter(const struct host_needs *needs);

/* The part for system calls (sandbox_calls.c). False: errno says why. */
bool sandbox_enter_calls(void);

#endif

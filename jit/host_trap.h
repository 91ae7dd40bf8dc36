/* The policy `trap`: sensitive instructions of kernel code as real traps of the host. What would be a helper call executes UD2;
 * the host's kernel delivers SIGILL, and the handler does the helper's work, gives the registers the result and goes on behind
 * the instruction: trap-and-emulate as a monitor without help of its processor has it, and its price.
 *
 * The trap is synchronous and comes where a call would be, so that the handler may do whatever the helper may: nothing that
 * it uses is half done, and no lock is held. It is the process's only handler of SIGILL; those that are not ours end the
 * process as if there were none. */
#ifndef JIT161_JIT_HOST_TRAP_H
#define JIT161_JIT_HOST_TRAP_H

#include "jit/llvm/backend.h"
#include "runtime/core/error.h"

/* Replaces the helpers of sensitive instructions, and what leaves for the interpreter to execute one, by traps, which are
 * counted in jit->statistics; installs the handler, once for all machines of the process. False: not on this host. */
bool host_trap_use(struct translated_code_helpers *helpers, struct error *error);

#endif

/* Shared by the files of runtime/vm. */
#ifndef JIT161_RUNTIME_VM_VM_INTERNAL_H
#define JIT161_RUNTIME_VM_VM_INTERNAL_H

#include "runtime/vm/vm.h"

/* A stop that cannot go on: prints the original's text (section 5.7). */
void vm_hang(struct vm *vm, const char *text);

/* What the processors call. */
extern const struct machine_hooks vm_hooks;

#endif

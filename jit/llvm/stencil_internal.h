/* Between the lowering of stencils and make_stencils. */
#ifndef JIT161_JIT_LLVM_STENCIL_INTERNAL_H
#define JIT161_JIT_LLVM_STENCIL_INTERNAL_H

#include "jit/llvm/lower_internal.h"

#define STENCIL_NEXT_NAME "stencil_next"

extern const char *const stencil_common_names[STENCIL_COMMON_COUNT];

/* Each adds a function to the module. */
void lower_stencil(const struct types *types, LLVMContextRef context, LLVMModuleRef module,
		   struct ir_mode mode, const struct stencil_group *group, const char *name);
/* The start of a block that may take `spare` cycles more than its cost. */
void lower_head(const struct types *types, LLVMContextRef context, LLVMModuleRef module, unsigned spare,
		const char *name);
/* stubs.c: adds the functions of STENCIL_COMMON. */
void stubs_build(const struct types *types, LLVMContextRef context, LLVMModuleRef module);

#endif

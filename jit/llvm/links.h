/* Which line of LLVM IR and which host instruction were made from which IR operation. */
#ifndef JIT161_JIT_LLVM_LINKS_H
#define JIT161_JIT_LLVM_LINKS_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

#include "jit/llvm/backend.h"

/* Of a module that is being made. */
struct links {
	LLVMContextRef context;
	LLVMModuleRef module;
	LLVMDIBuilderRef builder;
	LLVMMetadataRef file, scope;
};

void links_begin(struct links *links, LLVMContextRef context, LLVMModuleRef module);
/* Before the function's first instruction. */
void links_function(struct links *links, LLVMValueRef function);
/* What is built from now on is made from this operation, or BACKEND_NO_OP. */
void links_at(const struct links *links, LLVMBuilderRef builder, uint32_t op);
/* Before the module is verified. */
void links_end(struct links *links);

/* Takes the marks out of a module's text, in place, and fills `lines` from them. */
char *links_take(char *text, struct backend_links *lines);
/* Adds a line. */
void links_line(struct backend_links *lines, uint32_t op);

/* --- line_table.c --- */

/* Where in a region's code an operation's instructions begin. */
struct code_line {
	uint64_t offset;
	uint32_t op; /* BACKEND_NO_OP: of none */
};
struct code_lines {
	struct code_line *lines; /* by offset */
	unsigned count;
};

/* Reads a .debug_line section of DWARF 4 (section 6.2) with one sequence, whose addresses begin with 0. What is not as
 * expected ends it. */
struct code_lines code_lines_read(const uint8_t *data, size_t size);
void code_lines_free(struct code_lines *lines);
uint32_t code_lines_find(const struct code_lines *lines, uint64_t offset);

#endif

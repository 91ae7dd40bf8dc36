/* The functions that all translated code shares: the way in, the ways out, the content of unlinked slots, and the thunks.
 * They are compiled at build time, like stencils. */
#include "jit/llvm/stencil_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/cpu.h"

struct stubs {
	const struct types *types;
	LLVMContextRef context;
	LLVMModuleRef module;
};

static LLVMBuilderRef open_function(const struct stubs *stubs, LLVMValueRef function)
{
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(stubs->context);

	LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(stubs->context, function, ""));
	return builder;
}

/* void enter(cpu, ram, budget, code) in the C convention */
static void make_enter(const struct stubs *stubs)
{
	const struct types *types = stubs->types;
	LLVMTypeRef parameters[] = {types->pointer, types->pointer, types->i64, types->pointer};
	LLVMValueRef function =
	    add_function(types, stubs->module, stencil_common_names[STENCIL_ENTER],
			 LLVMFunctionType(types->nothing, parameters, 4, false), LLVMCCallConv);
	LLVMBuilderRef builder = open_function(stubs, function);
	LLVMValueRef arguments[] = {LLVMGetParam(function, 0), LLVMGetParam(function, 1),
				    LLVMGetParam(function, 2), LLVMConstInt(types->i32, 0, false)};
	LLVMValueRef call =
	    LLVMBuildCall2(builder, types->region, LLVMGetParam(function, 3), arguments, 4, "");

	LLVMSetInstructionCallConv(call, CALL_PRESERVE_NONE);
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
}

static void make_stub(const struct stubs *stubs)
{
	const struct types *types = stubs->types;
	LLVMValueRef function = add_function(types, stubs->module, stencil_common_names[STENCIL_STUB],
					     types->region, CALL_PRESERVE_NONE);
	LLVMBuilderRef builder = open_function(stubs, function);
	LLVMValueRef cpu = LLVMGetParam(function, 0);

	LLVMBuildStore(builder, LLVMGetParam(function, 2),
		       build_offset(builder, types, cpu, offsetof(struct cpu, budget)));
	LLVMBuildStore(builder, LLVMGetParam(function, 3),
		       build_offset(builder, types, cpu, offsetof(struct cpu, exit_slot)));
	LLVMBuildStore(builder, LLVMConstInt(types->i32, EXIT_SLOT, false),
		       build_offset(builder, types, cpu, offsetof(struct cpu, exit_reason)));
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
}

/* What a thunk does with its packed argument. */
enum packed_use {
	PACKED_BEFORE_BUDGET, /* passes it as the helper's argument before the budget */
	PACKED_UNUSED,
	PACKED_HELPER /* calls the helper of that number */
};

static const struct {
	size_t helper; /* offset in struct translated_code_helpers */
	enum packed_use use;
} thunks[THUNK_COUNT] = {
    [THUNK_LOAD] = {offsetof(struct translated_code_helpers, load), PACKED_BEFORE_BUDGET},
    [THUNK_STORE] = {offsetof(struct translated_code_helpers, store), PACKED_BEFORE_BUDGET},
    [THUNK_PROBE] = {offsetof(struct translated_code_helpers, probe), PACKED_BEFORE_BUDGET},
    [THUNK_CALL] = {offsetof(struct translated_code_helpers, call), PACKED_HELPER},
};

static void make_thunk(const struct stubs *stubs, enum thunk thunk)
{
	const struct types *types = stubs->types;
	LLVMTypeRef type = types->thunk[thunk], parameters[6];
	LLVMValueRef function =
	    add_function(types, stubs->module, stencil_common_names[STENCIL_LOAD + (unsigned)thunk], type,
			 CALL_PRESERVE_MOST);
	LLVMBuilderRef builder = open_function(stubs, function);
	unsigned last = LLVMCountParams(function) - 1, count = last;
	LLVMValueRef arguments[6], packed, budget, argument, helper;

	LLVMGetParamTypes(type, parameters);
	LLVMGetParams(function, arguments);
	packed = arguments[last];
	budget = LLVMBuildLShr(builder, packed, LLVMConstInt(types->i32, PACKED_REFUND_SHIFT, false), "");
	budget =
	    LLVMBuildAdd(builder, arguments[last - 1], LLVMBuildZExt(builder, budget, types->i64, ""), "");
	argument = LLVMBuildAnd(builder, packed, LLVMConstInt(types->i32, PACKED_ARGUMENT_MASK, false), "");

	helper =
	    LLVMBuildLoad2(builder, types->pointer,
			   build_offset(builder, types, arguments[0], offsetof(struct cpu, helpers)), "");
	helper = build_offset(builder, types, helper, thunks[thunk].helper);
	if (thunks[thunk].use == PACKED_HELPER) {
		LLVMValueRef index = LLVMBuildZExt(builder, argument, types->i64, "");

		helper = LLVMBuildInBoundsGEP2(builder, types->pointer, helper, &index, 1, "");
	} else if (thunks[thunk].use == PACKED_BEFORE_BUDGET) {
		arguments[last - 1] = argument;
		parameters[last - 1] = types->i32;
		count++;
	}
	arguments[count - 1] = budget;
	parameters[count - 1] = types->i64;
	helper = LLVMBuildLoad2(builder, types->pointer, helper, "");
	LLVMBuildRet(builder,
		     LLVMBuildCall2(builder,
				    LLVMFunctionType(LLVMGetReturnType(type), parameters, count, false),
				    helper, arguments, count, ""));
	LLVMDisposeBuilder(builder);
}

/* What stencils call in place of thunks (stencil_call). It leaves by itself if the helper says so; there is nothing of the
 * stencil's to be undone, since all states are in memory and it has no stack frame.
 *
 * Registers, beside those of translated code (cpu r12, ram r13, budget r14, argument r15): eax the instruction's pc, edi the
 * packed argument, esi, edx, ecx the operands. Back comes the value in eax; ecx, edx, esi and edi have changed. LLVM has no
 * name for such a convention. */
static const char *const or_leave_arguments[THUNK_COUNT] = {
    [THUNK_LOAD] = "movl %edi, %edx\n movq %r8, %rcx",
    [THUNK_STORE] = "movl %edi, %ecx",
    [THUNK_PROBE] = "movl %edi, %edx\n movq %r8, %rcx",
    [THUNK_CALL] = "leaq (%rax,%rdi,8), %rax",
};

static void make_or_leave(const struct stubs *stubs, enum thunk thunk)
{
	const struct types *types = stubs->types;
	LLVMTypeRef type = LLVMFunctionType(types->nothing, NULL, 0, false);
	LLVMValueRef function =
	    add_function(types, stubs->module, stencil_common_names[STENCIL_LOAD_OR_LEAVE + (unsigned)thunk],
			 type, LLVMCCallConv);
	LLVMBuilderRef builder = open_function(stubs, function);
	bool wide = LLVMGetReturnType(types->thunk[thunk]) == types->i64;
	char text[1024];
	int length =
	    snprintf(text, sizeof(text),
		     /* With the return addresses of `enter' and of this call the stack is aligned then. */
		     "pushq %%r8\n pushq %%r9\n pushq %%r10\n pushq %%r11\n pushq %%rax\n pushq %%rdi\n"
		     /* r8: the budget as at the start of the instruction; edi: what else is packed. */
		     "movl %%edi, %%r8d\n shrl $$%u, %%r8d\n addq %%r14, %%r8\n andl $$%u, %%edi\n"
		     "movq %zu(%%r12), %%rax\n"
		     "%s\n"
		     "movq %%r12, %%rdi\n callq *%zu(%%rax)\n"
		     "popq %%rdi\n popq %%rdx\n popq %%r11\n popq %%r10\n popq %%r9\n popq %%r8\n"
		     /* ecx: the status */
		     "%s\n"
		     "jne 1f\n retq\n"
		     /* To leave: the budget is given back, the call forgotten. */
		     "1: movl %%edi, %%eax\n shrl $$%u, %%eax\n addq %%rax, %%r14\n addq $$8, %%rsp\n"
		     "cmpl $$%u, %%ecx\n je 3f\n"
		     /* Before the instruction, or before the branch that it is in the slot of. */
		     "testl $$%u, %%edi\n je 2f\n incq %%r14\n subl $$4, %%edx\n"
		     "2: movl %%edx, %%r15d\n jmp %s\n"
		     /* After it. */
		     "3: decq %%r14\n leal 4(%%rdx), %%r15d\n jmp %s",
		     PACKED_REFUND_SHIFT, PACKED_ARGUMENT_MASK & ~PACKED_DELAY_SLOT,
		     offsetof(struct cpu, helpers), or_leave_arguments[thunk], thunks[thunk].helper,
		     wide ? "movq %rax, %rcx\n shrq $$32, %rcx" : "movl %eax, %ecx\n testl %ecx, %ecx",
		     PACKED_REFUND_SHIFT, HELPER_AFTER, PACKED_DELAY_SLOT,
		     stencil_common_names[STENCIL_LEAVE_BEFORE], stencil_common_names[STENCIL_LEAVE_AFTER]);
	unsigned naked = LLVMGetEnumAttributeKindForName("naked", strlen("naked"));

	LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(stubs->context, naked, 0));
	LLVMBuildCall2(
	    builder, type,
	    LLVMGetInlineAsm(type, text, (size_t)length, "", 0, true, false, LLVMInlineAsmDialectATT, false),
	    NULL, 0, "");
	LLVMBuildUnreachable(builder);
	LLVMDisposeBuilder(builder);
}

static void store_place(const struct types *types, LLVMBuilderRef builder, LLVMValueRef function)
{
	LLVMValueRef cpu = LLVMGetParam(function, 0);

	LLVMBuildStore(builder, LLVMGetParam(function, 2),
		       build_offset(builder, types, cpu, offsetof(struct cpu, budget)));
	LLVMBuildStore(builder, LLVMGetParam(function, 3),
		       build_offset(builder, types, cpu, offsetof(struct cpu, pc)));
}

/* leave(cpu, ram, budget, pc) for the interpreter: goes on with translated code after what it did, if it is at hand. */
static void make_leave_before(const struct stubs *stubs)
{
	const struct types *types = stubs->types;
	LLVMValueRef function = add_function(types, stubs->module, stencil_common_names[STENCIL_LEAVE_BEFORE],
					     types->region, CALL_PRESERVE_NONE);
	LLVMBuilderRef builder = open_function(stubs, function);
	LLVMValueRef cpu = LLVMGetParam(function, 0), helper, code;
	LLVMTypeRef parameters[] = {types->pointer};
	LLVMBasicBlockRef found = LLVMAppendBasicBlockInContext(stubs->context, function, "found"),
			  none = LLVMAppendBasicBlockInContext(stubs->context, function, "none");

	store_place(types, builder, function);
	helper = LLVMBuildLoad2(builder, types->pointer,
				build_offset(builder, types, cpu, offsetof(struct cpu, helpers)), "");
	helper = LLVMBuildLoad2(
	    builder, types->pointer,
	    build_offset(builder, types, helper, offsetof(struct translated_code_helpers, interpret)), "");
	code = LLVMBuildCall2(builder, LLVMFunctionType(types->pointer, parameters, 1, false), helper, &cpu,
			      1, "");
	LLVMBuildCondBr(builder, LLVMBuildIsNull(builder, code, ""), none, found);

	LLVMPositionBuilderAtEnd(builder, found);
	build_musttail(builder, types, code, cpu, LLVMGetParam(function, 1),
		       LLVMBuildLoad2(builder, types->i64,
				      build_offset(builder, types, cpu, offsetof(struct cpu, budget)), ""),
		       LLVMConstInt(types->i32, 0, false));
	LLVMPositionBuilderAtEnd(builder, none);
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
}

/* void leave(cpu, ram, budget, pc) */
static void make_leave(const struct stubs *stubs, enum stencil_common number, enum exit_reason reason)
{
	const struct types *types = stubs->types;
	LLVMValueRef function = add_function(types, stubs->module, stencil_common_names[number],
					     types->region, CALL_PRESERVE_NONE);
	LLVMBuilderRef builder = open_function(stubs, function);

	store_place(types, builder, function);
	LLVMBuildStore(
	    builder, LLVMConstInt(types->i32, reason, false),
	    build_offset(builder, types, LLVMGetParam(function, 0), offsetof(struct cpu, exit_reason)));
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
}

void stubs_build(const struct types *types, LLVMContextRef context, LLVMModuleRef module)
{
	const struct stubs stubs = {.types = types, .context = context, .module = module};

	make_enter(&stubs);
	make_stub(&stubs);
	for (unsigned i = 0; i < THUNK_COUNT; i++) {
		make_thunk(&stubs, i);
		make_or_leave(&stubs, i);
	}
	make_leave(&stubs, STENCIL_LEAVE_HEAD, EXIT_HEAD);
	make_leave_before(&stubs);
	make_leave(&stubs, STENCIL_LEAVE_AFTER, EXIT_AFTER);
	make_leave(&stubs, STENCIL_LEAVE_INDIRECT, EXIT_INDIRECT);
}

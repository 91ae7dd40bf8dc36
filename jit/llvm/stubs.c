/* The functions that all translated code shares: the way in, the content of unlinked slots, and the thunks.
 * They are compiled like regions, once per backend, and stay when code memory is reset. */
#include "jit/llvm/llvm_internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/cpu.h"

static LLVMBuilderRef open_function(const struct backend_thread *thread, LLVMValueRef function)
{
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(thread->context);

	LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(thread->context, function, ""));
	return builder;
}

/* void enter(cpu, ram, budget, code) in the C convention */
static void make_enter(const struct backend_thread *thread, LLVMModuleRef module)
{
	const struct types *types = &thread->types;
	LLVMTypeRef parameters[] = {types->pointer, types->pointer, types->i64, types->pointer};
	LLVMValueRef function =
	    add_function(types, module, "jit161_enter",
			 LLVMFunctionType(types->nothing, parameters, 4, false), LLVMCCallConv);
	LLVMBuilderRef builder = open_function(thread, function);
	LLVMValueRef arguments[] = {LLVMGetParam(function, 0), LLVMGetParam(function, 1),
				    LLVMGetParam(function, 2), LLVMConstInt(types->i32, 0, false)};
	LLVMValueRef call =
	    LLVMBuildCall2(builder, types->region, LLVMGetParam(function, 3), arguments, 4, "");

	LLVMSetInstructionCallConv(call, CALL_PRESERVE_NONE);
	LLVMBuildRetVoid(builder);
	LLVMDisposeBuilder(builder);
}

static void make_stub(const struct backend_thread *thread, LLVMModuleRef module)
{
	const struct types *types = &thread->types;
	LLVMValueRef function = add_function(types, module, "jit161_stub", types->region, CALL_PRESERVE_NONE);
	LLVMBuilderRef builder = open_function(thread, function);
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
	const char *name;
	size_t helper; /* offset in struct translated_code_helpers */
	enum packed_use use;
} thunks[THUNK_COUNT] = {
    [THUNK_LOAD] = {"jit161_load", offsetof(struct translated_code_helpers, load), PACKED_BEFORE_BUDGET},
    [THUNK_STORE] = {"jit161_store", offsetof(struct translated_code_helpers, store), PACKED_BEFORE_BUDGET},
    [THUNK_PROBE] = {"jit161_probe", offsetof(struct translated_code_helpers, probe), PACKED_BEFORE_BUDGET},
    [THUNK_CALL] = {"jit161_call", offsetof(struct translated_code_helpers, call), PACKED_HELPER},
};

static void make_thunk(const struct backend_thread *thread, LLVMModuleRef module, enum thunk thunk)
{
	const struct types *types = &thread->types;
	LLVMTypeRef type = types->thunk[thunk], parameters[6];
	LLVMValueRef function = add_function(types, module, thunks[thunk].name, type, CALL_PRESERVE_MOST);
	LLVMBuilderRef builder = open_function(thread, function);
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

static bool install(struct backend_thread *thread, const struct object *object, struct error *error)
{
	struct backend *backend = thread->backend;
	const void **table =
	    code_memory_allocate(backend->options.code, THUNK_COUNT * sizeof(void *), sizeof(void *));

	if (!table)
		return error_set(error, "the memory for translated code is too small");
	for (unsigned i = 0; i < THUNK_COUNT; i++)
		table[i] = module_address(thread, object, thunks[i].name);
	backend->thunk_table = table;
	backend->stub = module_address(thread, object, "jit161_stub");
	backend->enter = (void (*)(struct cpu *, uint8_t *, int64_t, const void *))module_address(
	    thread, object, "jit161_enter");
	code_memory_keep(backend->options.code);
	return true;
}

bool stubs_make(struct backend_thread *thread, struct error *error)
{
	struct object object = {0};
	LLVMModuleRef module;
	bool done = false;

	if (thread->backend->ready)
		return true;
	module = LLVMModuleCreateWithNameInContext("stubs", thread->context);
	make_enter(thread, module);
	make_stub(thread, module);
	for (unsigned i = 0; i < THUNK_COUNT; i++)
		make_thunk(thread, module, i);
	if (module_compile(thread, module, &object, NULL, error))
		done = install(thread, &object, error);
	object_free(&object);
	LLVMDisposeModule(module);
	thread->backend->ready = done;
	return done;
}

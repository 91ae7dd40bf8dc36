/* Links object files through ORC. Its RTDyld layer asks for section memory, which comes from code memory's
 * writable mapping; the object is relocated there and runs, unchanged, at the executable mapping. Once an
 * object is linked ORC forgets it, so that nothing grows with the number of translations. */
#include "jit/llvm/llvm_internal.h"

#include <stdlib.h>
#include <string.h>

#include <llvm-c/OrcEE.h>

/* Memory for sections when code memory is full: LLVM would end the process if it got none. The object is
 * thrown away afterwards. */
static uint8_t *allocate_scratch(struct backend_thread *thread, uintptr_t size, unsigned alignment)
{
	size_t head = alignment > sizeof(void *) ? alignment : sizeof(void *);
	void *block = NULL;

	thread->exhausted = true;
	if (posix_memalign(&block, head, head + size) != 0)
		abort();
	*(void **)block = thread->scratch;
	thread->scratch = block;
	return (uint8_t *)block + head;
}

static void free_scratch(struct backend_thread *thread)
{
	while (thread->scratch) {
		void *next = *(void **)thread->scratch;

		free(thread->scratch);
		thread->scratch = next;
	}
}

static uint8_t *allocate_section(struct backend_thread *thread, uintptr_t size, unsigned alignment)
{
	struct backend_code *code = &thread->code;
	uint8_t *memory = NULL;

	if (code->run_count < BACKEND_RUNS)
		memory = code_memory_allocate(thread->backend->options.code, size, alignment);
	if (!memory)
		return allocate_scratch(thread, size, alignment);
	code->runs[code->run_count++] = (struct code_run){memory, size};
	return memory;
}

static uint8_t *allocate_code(void *context, uintptr_t size, unsigned alignment, unsigned id,
			      const char *name)
{
	struct backend_thread *thread = context;
	uint8_t *memory = allocate_section(thread, size, alignment);

	(void)id;
	if (strcmp(name, ".text") == 0)
		thread->text = memory;
	return memory;
}

static uint8_t *allocate_data(void *context, uintptr_t size, unsigned alignment, unsigned id,
			      const char *name, LLVMBool read_only)
{
	(void)id;
	(void)name;
	(void)read_only; /* object_inspect lets nothing else through */
	return allocate_section(context, size, alignment);
}

static LLVMBool finalize_memory(void *context, char **message)
{
	(void)context;
	(void)message;
	return false;
}

static void *create_context(void *context)
{
	return context;
}

static void ignore(void *context)
{
	(void)context;
}

static LLVMOrcObjectLayerRef create_layer(void *context, LLVMOrcExecutionSessionRef session,
					  const char *triple)
{
	(void)triple;
	return LLVMOrcCreateRTDyldObjectLinkingLayerWithMCJITMemoryManagerLikeCallbacks(
	    session, context, create_context, ignore, allocate_code, allocate_data, finalize_memory, ignore);
}

/* Consumes the LLVM error. */
static bool fail(struct error *error, const char *what, LLVMErrorRef llvm_error)
{
	char *text = LLVMGetErrorMessage(llvm_error);

	error_set(error, "%s: %s", what, text);
	LLVMDisposeErrorMessage(text);
	return false;
}

/* Errors that ORC has no caller for; those of lookups come with the lookup. */
static void report(void *context, LLVMErrorRef llvm_error)
{
	struct backend_thread *thread = context;

	if (thread->error && !thread->failed) {
		thread->failed = true;
		fail(thread->error, "cannot link translated code", llvm_error);
	} else {
		LLVMConsumeError(llvm_error);
	}
}

bool link_init(struct backend_thread *thread, struct error *error)
{
	LLVMTargetRef target = LLVMGetTargetMachineTarget(thread->machine);
	LLVMTargetMachineRef machine =
	    LLVMCreateTargetMachine(target, thread->triple, thread->cpu, thread->features,
				    LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelSmall);
	LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
	LLVMErrorRef llvm_error;

	/* Both are consumed by what they are given to. */
	LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
	    builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(machine));
	LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(builder, create_layer, thread);
	llvm_error = LLVMOrcCreateLLJIT(&thread->jit, builder);
	if (llvm_error) {
		thread->jit = NULL;
		return fail(error, "cannot start LLVM's linker", llvm_error);
	}
	LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(thread->jit), report, thread);
	return true;
}

void link_free(struct backend_thread *thread)
{
	if (thread->jit)
		LLVMConsumeError(LLVMOrcDisposeLLJIT(thread->jit));
	free_scratch(thread);
}

bool link_define_thunks(struct backend_thread *thread, struct error *error)
{
	LLVMOrcCSymbolMapPair symbol = {
	    .Name = LLVMOrcLLJITMangleAndIntern(thread->jit, THUNK_TABLE_NAME),
	    .Sym = {.Address = (LLVMOrcExecutorAddress)(uintptr_t)thread->backend->options.thunk_table,
		    .Flags = {.GenericFlags = LLVMJITSymbolGenericFlagsExported}},
	};
	LLVMErrorRef llvm_error = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(thread->jit),
							LLVMOrcAbsoluteSymbols(&symbol, 1));

	return llvm_error ? fail(error, "cannot start LLVM's linker", llvm_error) : true;
}

bool link_object(struct backend_thread *thread, LLVMMemoryBufferRef buffer, const char *symbol,
		 struct error *error)
{
	LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(thread->jit);
	LLVMOrcResourceTrackerRef tracker = LLVMOrcJITDylibCreateResourceTracker(library);
	LLVMOrcExecutorAddress address = 0;
	LLVMErrorRef llvm_error;
	bool done = true;

	thread->exhausted = false;
	thread->text = NULL;
	llvm_error = LLVMOrcLLJITAddObjectFileWithRT(thread->jit, tracker, buffer);
	if (!llvm_error) /* this links */
		llvm_error = LLVMOrcLLJITLookup(thread->jit, &address, symbol);
	if (llvm_error)
		done = fail(error, "cannot link translated code", llvm_error);
	LLVMConsumeError(LLVMOrcResourceTrackerRemove(tracker));
	LLVMOrcReleaseResourceTracker(tracker);
	LLVMOrcSymbolStringPoolClearDeadEntries(
	    LLVMOrcExecutionSessionGetSymbolStringPool(LLVMOrcLLJITGetExecutionSession(thread->jit)));
	if (done && thread->exhausted)
		done = error_set(error, "the memory for translated code is full");
	else if (done && !thread->text)
		done = error_set(error, "LLVM made no code");
	free_scratch(thread);
	return done;
}

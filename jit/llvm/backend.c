/* The back end's function table, its threads, and the way of a module through LLVM. */
#include "jit/llvm/llvm_internal.h"

#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "runtime/cpu/cpu.h"

/* More passes cost more than they gain here: nearly all time goes into code generation, in proportion to the
 * number of LLVM blocks. */
#define PASSES "function(sroa,early-cse,simplifycfg)"

/* LLVM's own tables and its fatal error handler are the process's. The handler finds the compilation that
 * failed through this. */
static pthread_once_t llvm_once = PTHREAD_ONCE_INIT;
static _Thread_local struct backend_thread *compiling;

/* LLVM would end the process when this returns. What it has built is abandoned, and the thread not used
 * again. */
static void on_fatal_error(const char *reason)
{
	if (!compiling || !compiling->on_fatal)
		return;
	snprintf(compiling->fatal_reason, sizeof(compiling->fatal_reason), "%s", reason);
	longjmp(*compiling->on_fatal, 1);
}

/* Loop strength reduction rewrites every budget and address in terms of loop counters, which takes registers
 * and time and gains nothing where each access has to form its own address for the helpers. */
static const char *const llvm_options[] = {"jit161", "-disable-lsr"};

static void init_llvm(void)
{
	LLVMParseCommandLineOptions(sizeof(llvm_options) / sizeof(llvm_options[0]), llvm_options, NULL);
	LLVMInitializeNativeTarget();
	LLVMInitializeNativeAsmPrinter();
	LLVMInitializeNativeDisassembler();
	LLVMInstallFatalErrorHandler(on_fatal_error);
}

/* Without a handler LLVM prints errors and ends the process. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *context)
{
	struct backend_thread *thread = context;
	char *text;

	if (LLVMGetDiagInfoSeverity(info) != LLVMDSError || thread->failed)
		return;
	text = LLVMGetDiagInfoDescription(info);
	thread->failed = true;
	if (thread->error)
		error_set(thread->error, "LLVM cannot compile this: %s", text);
	LLVMDisposeMessage(text);
}

const void *module_address(const struct backend_thread *thread, const struct object *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++) {
		if (strcmp(object->functions[i].name, name) == 0)
			return code_memory_executable(thread->backend->options.code,
						      thread->text + object->functions[i].offset);
	}
	return NULL;
}

static bool run_passes(struct backend_thread *thread, LLVMModuleRef module, struct error *error)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef llvm_error = LLVMRunPasses(module, PASSES, thread->machine, options);
	char *text;

	LLVMDisposePassBuilderOptions(options);
	if (!llvm_error)
		return true;
	text = LLVMGetErrorMessage(llvm_error);
	error_set(error, "LLVM's passes failed: %s", text);
	LLVMDisposeErrorMessage(text);
	return false;
}

static bool generate(struct backend_thread *thread, LLVMModuleRef module, LLVMMemoryBufferRef *buffer,
		     struct error *error)
{
	char *message = NULL;

	if (!LLVMTargetMachineEmitToMemoryBuffer(thread->machine, module, LLVMObjectFile, &message, buffer))
		return true;
	error_set(error, "LLVM cannot generate code: %s", message ? message : "no reason given");
	LLVMDisposeMessage(message);
	return false;
}

bool module_compile(struct backend_thread *thread, LLVMModuleRef module, struct object *object,
		    struct backend_text *text, struct error *error)
{
	LLVMMemoryBufferRef buffer = NULL;
	char *message = NULL;
	const char *symbol = NULL;

	LLVMSetTarget(module, thread->triple);
	LLVMSetModuleDataLayout(module, thread->layout);
	if (text)
		text->llvm_ir = text_of_module(module);
	if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message)) {
		error_set(error, "the lowering made wrong LLVM IR: %s", message);
		LLVMDisposeMessage(message);
		return false;
	}
	LLVMDisposeMessage(message);
	if (!run_passes(thread, module, error))
		return false;
	if (text)
		text->llvm_ir_optimised = text_of_module(module);
	if (!generate(thread, module, &buffer, error))
		return false;
	if (thread->failed ||
	    !object_inspect(LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer), object, error)) {
		LLVMDisposeMemoryBuffer(buffer);
		return false;
	}
	/* Names must outlive the buffer. */
	for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
		size_t length;
		const char *name = LLVMGetValueName2(f, &length);

		for (size_t i = 0; i < object->count; i++) {
			if (strcmp(object->functions[i].name, name) == 0)
				object->functions[i].name = name;
		}
		if (!symbol && !LLVMIsDeclaration(f) && LLVMGetLinkage(f) == LLVMExternalLinkage)
			symbol = name;
	}
	if (!symbol) {
		LLVMDisposeMemoryBuffer(buffer);
		return error_set(error, "a module without an entry");
	}
	if (!link_object(thread, buffer, symbol, error))
		return false;
	if (text)
		text->assembly = text_of_code(thread, object);
	return true;
}

static bool compile_module(struct backend_thread *thread, struct backend_region *regions, unsigned count,
			   struct backend_text *text, struct error *error)
{
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("regions", thread->context);
	struct object object = {0};
	bool done = true;

	LLVMContextSetDiscardValueNames(thread->context, !text);
	for (unsigned i = 0; done && i < count; i++)
		done = lower_region(thread, module, &regions[i], i, error);
	done = done && module_compile(thread, module, &object, text, error);
	for (unsigned i = 0; done && i < count; i++) {
		const struct ir_region *ir = regions[i].ir;
		char name[64];

		for (unsigned j = 0; j < ir->count; j++) {
			regions[i].entries[j] = NULL;
			if (!ir->blocks[j].entry)
				continue;
			region_entry_name(name, sizeof(name), i, &ir->blocks[j]);
			regions[i].entries[j] = module_address(thread, &object, name);
		}
	}
	thread->code.bytes = object.text_size;
	object_free(&object);
	LLVMDisposeModule(module);
	return done;
}

static void begin(struct backend_thread *thread, jmp_buf *on_fatal, struct error *error)
{
	thread->error = error;
	thread->failed = false;
	thread->on_fatal = on_fatal;
	compiling = thread;
}

static void end(struct backend_thread *thread)
{
	thread->error = NULL;
	thread->on_fatal = NULL;
	compiling = NULL;
}

static void give_back_code(struct backend_thread *thread)
{
	while (thread->code.run_count > 0)
		code_memory_release(thread->backend->options.code,
				    &thread->code.runs[--thread->code.run_count]);
}

static bool fatal(struct backend_thread *thread, struct error *error)
{
	thread->broken = true;
	give_back_code(thread);
	end(thread);
	return error_set(error, "LLVM failed: %s", thread->fatal_reason);
}

static bool backend_compile(struct backend_thread *thread, struct backend_region *regions, unsigned count,
			    struct backend_code *code, struct backend_text *text, struct error *error)
{
	jmp_buf on_fatal;
	bool done;

	if (text)
		*text = (struct backend_text){0};
	if (code)
		*code = (struct backend_code){0};
	if (thread->broken)
		return error_set(error, "LLVM failed before in this thread: %s", thread->fatal_reason);
	if (setjmp(on_fatal))
		return fatal(thread, error);
	begin(thread, &on_fatal, error);
	thread->code = (struct backend_code){0};
	done = compile_module(thread, regions, count, text, error);
	if (!done)
		give_back_code(thread);
	if (code)
		*code = thread->code;
	end(thread);
	return done;
}

static void thread_destroy(struct backend_thread *thread)
{
	if (!thread)
		return;
	if (!thread->broken) {
		link_free(thread);
		if (thread->layout)
			LLVMDisposeTargetData(thread->layout);
		if (thread->machine)
			LLVMDisposeTargetMachine(thread->machine);
		if (thread->context)
			LLVMContextDispose(thread->context);
		LLVMDisposeMessage(thread->triple);
		LLVMDisposeMessage(thread->cpu);
		LLVMDisposeMessage(thread->features);
	}
	free(thread);
}

static bool thread_init(struct backend_thread *thread, struct error *error)
{
	LLVMTargetRef target;
	char *message = NULL;

	thread->triple = LLVMGetDefaultTargetTriple();
	thread->cpu = LLVMGetHostCPUName();
	thread->features = LLVMGetHostCPUFeatures();
	if (LLVMGetTargetFromTriple(thread->triple, &target, &message)) {
		error_set(error, "LLVM does not know the host: %s", message);
		LLVMDisposeMessage(message);
		return false;
	}
	thread->machine = LLVMCreateTargetMachine(target, thread->triple, thread->cpu, thread->features,
						  LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelSmall);
	if (!thread->machine)
		return error_set(error, "LLVM cannot generate code for the host");
	thread->layout = LLVMCreateTargetDataLayout(thread->machine);
	thread->context = LLVMContextCreate();
	LLVMContextSetDiagnosticHandler(thread->context, on_diagnostic, thread);
	types_init(&thread->types, thread->context);
	return link_init(thread, error) && link_define_thunks(thread, error);
}

static struct backend_thread *thread_create(struct backend *backend, struct error *error)
{
	struct backend_thread *thread = calloc(1, sizeof(*thread));
	bool done;

	if (!thread)
		abort();
	pthread_once(&llvm_once, init_llvm);
	thread->backend = backend;
	begin(thread, NULL, error);
	done = thread_init(thread, error);
	end(thread);
	if (!done) {
		thread_destroy(thread);
		return NULL;
	}
	return thread;
}

static struct backend *backend_create(const struct backend_options *options, struct error *error)
{
	struct backend *backend = calloc(1, sizeof(*backend));

	(void)error;
	if (!backend)
		abort();
	backend->options = *options;
	return backend;
}

static void backend_destroy(struct backend *backend)
{
	free(backend);
}

__attribute__((visibility("default"))) const struct backend_interface *jit161_backend(void)
{
	static const struct backend_interface interface = {
	    .version = BACKEND_VERSION,
	    .create = backend_create,
	    .destroy = backend_destroy,
	    .thread_create = thread_create,
	    .thread_destroy = thread_destroy,
	    .compile = backend_compile,
	};

	return &interface;
}

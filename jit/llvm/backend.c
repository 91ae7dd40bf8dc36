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
static const char *const llvm_options[] = {
    "jit161",
    "-disable-lsr",
    /* They take 5 to 9 % of the time and find nothing to do in guest code, or nothing that can be measured: */
    "-disable-post-ra",
    "-disable-x86-domain-reassignment",
    "-x86-disable-avoid-SFB",
    "-disable-mergeicmps",
    "-disable-partial-libcall-inlining",
    "-disable-constant-hoisting",
};

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

/* Optimises a module and makes an object file of it. */
static bool make_object(struct backend_thread *thread, LLVMModuleRef module, LLVMMemoryBufferRef *buffer,
			struct backend_text *text, struct error *error)
{
	char *message = NULL;

	LLVMSetTarget(module, thread->triple);
	LLVMSetModuleDataLayout(module, thread->layout);
	if (text)
		text->llvm_ir = text_of_module(module, &text->llvm_ir_links);
	if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message)) {
		error_set(error, "the lowering made wrong LLVM IR: %s", message);
		LLVMDisposeMessage(message);
		return false;
	}
	LLVMDisposeMessage(message);
	if (!run_passes(thread, module, error))
		return false;
	if (text)
		text->llvm_ir_optimised = text_of_module(module, &text->llvm_ir_optimised_links);
	if (!generate(thread, module, buffer, error))
		return false;
	if (!thread->failed)
		return true;
	LLVMDisposeMemoryBuffer(*buffer);
	return false;
}

static void free_images(struct backend_region *regions, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		code_image_free(&regions[i].image);
}

/* Finds where the blocks that are entries start. */
static void find_entries(const struct object *object, struct backend_region *region, unsigned number,
			 const char *section)
{
	const struct ir_region *ir = region->ir;
	const char *function;
	uint64_t offset, size;
	char name[64];

	for (unsigned i = 0; i < ir->count; i++) {
		region->entries[i] = NO_ENTRY;
		if (!ir->blocks[i].entry)
			continue;
		region_entry_name(name, sizeof(name), number, &ir->blocks[i]);
		for (size_t next = 0; (function = object_function(object, section, &next, &offset, &size));)
			if (strcmp(function, name) == 0)
				region->entries[i] = (uint32_t)offset;
	}
}

static bool make_images(struct backend_thread *thread, LLVMMemoryBufferRef buffer,
			struct backend_region *regions, unsigned count, struct backend_text *text,
			struct error *error)
{
	struct object object;

	if (!object_open(LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer), &object, error))
		return false;
	for (unsigned i = 0; i < count; i++) {
		char section[32];

		region_section_name(section, sizeof(section), i);
		if (!object_image(&object, section, &regions[i].image)) {
			free_images(regions, i);
			return false;
		}
		find_entries(&object, &regions[i], i, section);
	}
	if (text)
		text->assembly = text_of_code(thread, &object, regions, count, &text->assembly_links);
	return true;
}

static bool has_entry(const struct ir_region *ir)
{
	for (unsigned i = 0; i < ir->count; i++)
		if (ir->blocks[i].entry)
			return true;
	return false;
}

static bool compile_module(struct backend_thread *thread, struct backend_region *regions, unsigned count,
			   struct backend_text *text, struct error *error)
{
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("regions", thread->context);
	LLVMMemoryBufferRef buffer = NULL;
	struct links links;
	bool done = true;

	thread->links = NULL;
	if (text && count == 1) {
		links_begin(&links, thread->context, module);
		thread->links = &links;
	}
	LLVMContextSetDiscardValueNames(thread->context, !text);
	for (unsigned i = 0; done && i < count; i++)
		done = has_entry(regions[i].ir) ? lower_region(thread, module, &regions[i], i, error)
						: error_set(error, "a region without an entry");
	if (thread->links)
		links_end(thread->links);
	done = done && make_object(thread, module, &buffer, text, error);
	if (done) {
		done = make_images(thread, buffer, regions, count, text, error);
		LLVMDisposeMemoryBuffer(buffer);
	}
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

static bool fatal(struct backend_thread *thread, struct error *error)
{
	thread->broken = true;
	end(thread);
	return error_set(error, "LLVM failed: %s", thread->fatal_reason);
}

static bool backend_compile(struct backend_thread *thread, struct backend_region *regions, unsigned count,
			    struct backend_text *text, struct error *error)
{
	jmp_buf on_fatal;
	bool done;

	if (text)
		*text = (struct backend_text){0};
	if (thread->broken)
		return error_set(error, "LLVM failed before in this thread: %s", thread->fatal_reason);
	if (setjmp(on_fatal))
		return fatal(thread, error);
	begin(thread, &on_fatal, error);
	done = compile_module(thread, regions, count, text, error);
	end(thread);
	return done;
}

static void thread_destroy(struct backend_thread *thread)
{
	if (!thread)
		return;
	if (!thread->broken) {
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
	return true;
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
	    .cpu_size = sizeof(struct cpu),
	    .create = backend_create,
	    .destroy = backend_destroy,
	    .thread_create = thread_create,
	    .thread_destroy = thread_destroy,
	    .compile = backend_compile,
	};

	return &interface;
}

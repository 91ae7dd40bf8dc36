/* The stages of a compilation as text. */
#include "jit/llvm/llvm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Disassembler.h>

char *text_of_module(LLVMModuleRef module)
{
	char *text = LLVMPrintModuleToString(module), *copy = strdup(text);

	LLVMDisposeMessage(text);
	return copy;
}

char *text_of_code(const struct backend_thread *thread, const struct object *object)
{
	LLVMDisasmContextRef context =
	    LLVMCreateDisasmCPUFeatures(thread->triple, thread->cpu, thread->features, NULL, 0, NULL, NULL);
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	if (!context)
		return strdup("");
	file = open_memstream(&text, &size);
	if (!file)
		abort();
	for (size_t i = 0; i < object->count; i++) {
		const struct object_function *function = &object->functions[i];

		fprintf(file, "%s%s:\n", i ? "\n" : "", function->name);
		print_host_instructions(file, context, thread->text + function->offset, function->offset,
					function->offset + function->size);
	}
	LLVMDisasmDispose(context);
	fclose(file);
	return text;
}

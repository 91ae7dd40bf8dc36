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

char *text_of_code(const struct backend_thread *thread, const struct object *object,
		   const struct backend_region *regions, unsigned count)
{
	LLVMDisasmContextRef context =
	    LLVMCreateDisasmCPUFeatures(thread->triple, thread->cpu, thread->features, NULL, 0, NULL, NULL);
	char *text = NULL, section[32];
	size_t size = 0;
	FILE *file;

	if (!context)
		return strdup("");
	file = open_memstream(&text, &size);
	if (!file)
		abort();
	for (unsigned i = 0; i < count; i++) {
		size_t next = 0;
		uint64_t start, length;
		const char *name;

		region_section_name(section, sizeof(section), i);
		while ((name = object_function(object, section, &next, &start, &length))) {
			if (start > regions[i].image.size || length > regions[i].image.size - start)
				continue;
			fprintf(file, "%s%s:\n", ftell(file) ? "\n" : "", name);
			print_host_instructions(file, context, regions[i].image.bytes + start, start,
						start + length);
		}
	}
	LLVMDisasmDispose(context);
	fclose(file);
	return text;
}

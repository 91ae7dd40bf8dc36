/* The stages of a compilation as text. */
#include "jit/llvm/llvm_internal.h"

#include <inttypes.h>
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

static void print_insns(FILE *file, LLVMDisasmContextRef context, uint8_t *code, uint64_t start, uint64_t end)
{
	char line[256];

	while (start < end) {
		size_t length =
		    LLVMDisasmInstruction(context, code + start, end - start, start, line, sizeof(line));

		if (length == 0) {
			snprintf(line, sizeof(line), "\t.byte\t0x%02x", code[start]);
			length = 1;
		}
		fprintf(file, "%6" PRIx64 ":%s\n", start, line);
		start += length;
	}
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
	/* On x86 variant 1 is Intel's syntax. */
	LLVMSetDisasmOptions(context,
			     LLVMDisassembler_Option_AsmPrinterVariant | LLVMDisassembler_Option_PrintImmHex);
	for (size_t i = 0; i < object->count; i++) {
		const struct object_function *function = &object->functions[i];

		fprintf(file, "%s%s:\n", i ? "\n" : "", function->name);
		print_insns(file, context, thread->text, function->offset, function->offset + function->size);
	}
	LLVMDisasmDispose(context);
	fclose(file);
	return text;
}

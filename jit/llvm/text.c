/* The stages of a compilation as text. */
#include "jit/llvm/llvm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Disassembler.h>

char *text_of_module(LLVMModuleRef module, struct backend_links *links)
{
	char *text = LLVMPrintModuleToString(module), *copy = strdup(text);

	LLVMDisposeMessage(text);
	return copy ? links_take(copy, links) : copy;
}

char *text_of_code(const struct backend_thread *thread, const struct object *object,
		   const struct backend_region *regions, unsigned count, struct backend_links *links)
{
	LLVMDisasmContextRef context =
	    LLVMCreateDisasmCPUFeatures(thread->triple, thread->cpu, thread->features, NULL, 0, NULL, NULL);
	char *text = NULL, section[32];
	size_t size = 0, table_size = 0;
	const uint8_t *table = object_section(object, ".debug_line", &table_size);
	struct code_lines lines = {0};
	FILE *file;

	if (!context)
		return strdup("");
	file = open_memstream(&text, &size);
	if (!file)
		abort();
	if (table)
		lines = code_lines_read(table, table_size);
	for (unsigned i = 0; i < count; i++) {
		size_t next = 0;
		uint64_t start, length;
		const char *name;

		region_section_name(section, sizeof(section), i);
		while ((name = object_function(object, section, &next, &start, &length))) {
			if (start > regions[i].image.size || length > regions[i].image.size - start)
				continue;
			if (ftell(file)) {
				fputc('\n', file);
				links_line(links, BACKEND_NO_OP);
			}
			fprintf(file, "%s:\n", name);
			links_line(links, BACKEND_NO_OP);
			print_host_instructions(file, context, regions[i].image.bytes + start, start,
						start + length, count == 1 ? &lines : NULL, links);
		}
	}
	code_lines_free(&lines);
	LLVMDisasmDispose(context);
	fclose(file);
	return text;
}

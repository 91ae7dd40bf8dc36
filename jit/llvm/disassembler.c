#include "jit/llvm/disassembler.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#include "jit/llvm/llvm_internal.h"

void print_host_instructions(FILE *file, void *context, const uint8_t *code, uint64_t start, uint64_t end,
			     const struct code_lines *lines, struct backend_links *links)
{
	char line[256];

	/* On x86 variant 1 is Intel's syntax. */
	LLVMSetDisasmOptions(context,
			     LLVMDisassembler_Option_AsmPrinterVariant | LLVMDisassembler_Option_PrintImmHex);
	for (uint64_t at = start; at < end;) {
		size_t length = LLVMDisasmInstruction(context, (uint8_t *)code + (at - start), end - at, at,
						      line, sizeof(line));

		if (length == 0) {
			snprintf(line, sizeof(line), "\t.byte\t0x%02x", code[at - start]);
			length = 1;
		}
		fprintf(file, "%6" PRIx64 ":%s\n", at, line);
		if (links)
			links_line(links, lines ? code_lines_find(lines, at) : BACKEND_NO_OP);
		at += length;
	}
}

static LLVMDisasmContextRef host; /* LLVM's own tables are the process's, and so is this */

static void make_context(void)
{
	char *triple = LLVMGetDefaultTargetTriple();
	char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();

	LLVMInitializeNativeTarget();
	LLVMInitializeNativeDisassembler();
	host = LLVMCreateDisasmCPUFeatures(triple, cpu, features, NULL, 0, NULL, NULL);
	LLVMDisposeMessage(features);
	LLVMDisposeMessage(cpu);
	LLVMDisposeMessage(triple);
}

__attribute__((visibility("default"))) void jit161_disassemble(const uint8_t *code, size_t size,
							       uint64_t offset, FILE *file)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_context);
	if (host)
		print_host_instructions(file, host, code, offset, offset + size, NULL, NULL);
}

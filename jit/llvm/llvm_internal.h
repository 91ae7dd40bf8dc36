/* Inside the LLVM back end. From IR to running code: lower.c and lower_memory.c build LLVM IR, backend.c runs
 * LLVM's passes and its code generator, object.c checks the object file and makes images of it
 * (jit/code_image.h), text.c prints every stage. At build time make_stencils.c makes the first tier's stencils with
 * lower_stencil.c, and with stubs.c the few functions that all translated code shares.
 *
 * One backend_thread belongs to one thread at a time; threads share the backend, which is constant. */
#ifndef JIT161_JIT_LLVM_LLVM_INTERNAL_H
#define JIT161_JIT_LLVM_LLVM_INTERNAL_H

#include <elf.h>
#include <pthread.h>
#include <setjmp.h>

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "jit/llvm/backend.h"
#include "jit/llvm/links.h"
#include "jit/stencil.h"

/* Calling conventions by LLVM's numbers; the C API names neither. */
#define CALL_PRESERVE_MOST 14u
#define CALL_PRESERVE_NONE 21u

/* Out-of-line paths. A thunk calls the helper of cpu->helpers and preserves all registers but its result's,
 * so that the calls cost the hot path no registers. Thunks are reached through a table in code memory at a
 * fixed distance from all translated code. */
enum thunk {
	THUNK_LOAD,  /* i64 (cpu, va, budget, packed access) */
	THUNK_STORE, /* i32 (cpu, va, value, budget, packed access) */
	THUNK_PROBE, /* i32 (cpu, va, budget, packed enum access) */
	THUNK_CALL,  /* i64 (cpu, immediate, a, b, budget, packed helper) */
	THUNK_COUNT
};
_Static_assert((int)STENCIL_LOAD + (int)THUNK_COUNT == (int)STENCIL_CALL + 1,
	       "thunks come in one order everywhere");
_Static_assert((int)STENCIL_LOAD_OR_LEAVE + (int)THUNK_COUNT == (int)STENCIL_CALL_OR_LEAVE + 1,
	       "and what stencils call in place of them");

/* The budget that thunks get is that of the end of the block, which code has at hand; what has to be added
 * for the instruction's time comes packed with the last argument. */
#define PACKED_ARGUMENT_MASK 0xFFFFu
/* Only to what stencils call: the instruction is in a delay slot, so that leaving before it is before its branch. */
#define PACKED_DELAY_SLOT 0x8000u

#define THUNK_TABLE_NAME  "jit161_thunks"
#define STENCIL_HOLE_NAME "hole_%u_%u" /* symbol of a hole: enum hole, operation */

struct backend {
	struct backend_options options;
};

/* What lowering needs of a context again and again. */
struct types {
	LLVMTypeRef i1, i8, i16, i32, i64, pointer, nothing;
	LLVMTypeRef region;		/* the signature of translated code */
	LLVMTypeRef thunk[THUNK_COUNT]; /* signatures of thunks */
	LLVMAttributeRef nounwind, no_jump_tables;
	LLVMValueRef likely, unlikely; /* branch weights */
	unsigned prof;
};

struct backend_thread {
	struct backend *backend;
	LLVMContextRef context;
	struct types types;
	LLVMTargetMachineRef machine;
	LLVMTargetDataRef layout;
	char *triple, *cpu, *features;

	/* State of the compilation under way. */
	struct error *error;	/* where LLVM's diagnostics go */
	bool failed;		/* there was one */
	jmp_buf *on_fatal;	/* where to continue after a fatal error inside LLVM */
	bool broken;		/* there was one: LLVM's structures are not to be touched again */
	char fatal_reason[256]; /* and its text */
	struct links *links;	/* NULL: nobody wants to know */
};

/* An object file that LLVM made. */
struct object {
	const uint8_t *data;
	size_t size;
	const Elf64_Shdr *sections;
	unsigned section_count;
	const char *section_names;
	const Elf64_Sym *symbols;
	size_t symbol_count;
	const char *names; /* of symbols */
	struct error *error;
};

/* --- lower.c --- */

void types_init(struct types *types, LLVMContextRef context);

/* Adds the functions of region `number` to the module. The entry of block i gets the name that
 * region_entry_name gives. */
bool lower_region(struct backend_thread *thread, LLVMModuleRef module, const struct backend_region *region,
		  unsigned number, struct error *error);
void region_entry_name(char *name, size_t size, unsigned number, const struct ir_block *block);
/* The section that the functions of region `number` are in. */
void region_section_name(char *name, size_t size, unsigned number);

LLVMValueRef add_function(const struct types *types, LLVMModuleRef module, const char *name, LLVMTypeRef type,
			  unsigned convention);
LLVMValueRef build_musttail(LLVMBuilderRef builder, const struct types *types, LLVMValueRef code,
			    LLVMValueRef cpu, LLVMValueRef ram, LLVMValueRef budget, LLVMValueRef argument);
/* The address `offset` bytes behind a pointer. */
LLVMValueRef build_offset(LLVMBuilderRef builder, const struct types *types, LLVMValueRef pointer,
			  uint64_t offset);

/* --- object.c --- */

/* The buffer must stay, and `error`, which later calls fill as well. */
bool object_open(const void *data, size_t size, struct object *object, struct error *error);
/* Makes an image of a section of code and all that it refers to. Fails if there is something that could not run at another
 * address than it is linked at, or is written at run time. */
bool object_image(const struct object *object, const char *section, struct code_image *image);
/* The bytes of a section by its name, as they are in the file; NULL if there is none. */
const uint8_t *object_section(const struct object *object, const char *name, size_t *size);
/* The name of the next function in a section, NULL if there are no more; where it starts in it. `next` is 0 at first. */
const char *object_function(const struct object *object, const char *section, size_t *next, uint64_t *offset,
			    uint64_t *size);

/* --- text.c --- */

char *text_of_module(LLVMModuleRef module, struct backend_links *links);
/* Of `count` regions. */
char *text_of_code(const struct backend_thread *thread, const struct object *object,
		   const struct backend_region *regions, unsigned count, struct backend_links *links);
/* The instructions at `code`, which lie at the offsets from `start` to `end`. With `links`, adds theirs, as `lines` has them;
 * `lines` may be NULL. */
void print_host_instructions(FILE *file, void *disassembler, const uint8_t *code, uint64_t start,
			     uint64_t end, const struct code_lines *lines, struct backend_links *links);

#endif

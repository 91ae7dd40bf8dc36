/* Inside the LLVM back end. From IR to running code: lower.c and lower_memory.c build LLVM IR, backend.c runs
 * LLVM's passes and its code generator, object.c checks the object file, link.c puts it into code memory
 * through ORC, text.c prints every stage. At build time make_stencils.c makes the first tier's stencils with
 * lower_stencil.c, and with stubs.c the few functions that all translated code shares.
 *
 * One backend_thread belongs to one thread at a time; threads share the backend, which is constant. */
#ifndef JIT161_JIT_LLVM_LLVM_INTERNAL_H
#define JIT161_JIT_LLVM_LLVM_INTERNAL_H

#include <pthread.h>
#include <setjmp.h>

#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/TargetMachine.h>

#include "jit/llvm/backend.h"
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

#define THUNK_TABLE_NAME "jit161_thunks"

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
	LLVMOrcLLJITRef jit;

	/* State of the compilation under way. */
	struct error *error;	  /* where LLVM's diagnostics go */
	bool failed;		  /* there was one */
	struct backend_code code; /* what it has taken of code memory */
	bool exhausted;		  /* which is full */
	void *scratch;		  /* list of the blocks handed to the linker instead */
	uint8_t *text;		  /* the .text section, at its writable address */
	jmp_buf *on_fatal;	  /* where to continue after a fatal error inside LLVM */
	bool broken;		  /* there was one: LLVM's structures are not to be touched again */
	char fatal_reason[256];	  /* and its text */
};

/* A defined function of an object file. */
struct object_function {
	const char *name;
	uint64_t offset, size; /* in .text */
};

struct object {
	size_t text_size;
	struct object_function *functions; /* by offset */
	size_t count;
};

/* --- lower.c --- */

void types_init(struct types *types, LLVMContextRef context);

/* Adds the functions of region `number` to the module. The entry of block i gets the name that
 * region_entry_name gives. */
bool lower_region(struct backend_thread *thread, LLVMModuleRef module, const struct backend_region *region,
		  unsigned number, struct error *error);
void region_entry_name(char *name, size_t size, unsigned number, const struct ir_block *block);

LLVMValueRef add_function(const struct types *types, LLVMModuleRef module, const char *name, LLVMTypeRef type,
			  unsigned convention);
LLVMValueRef build_musttail(LLVMBuilderRef builder, const struct types *types, LLVMValueRef code,
			    LLVMValueRef cpu, LLVMValueRef ram, LLVMValueRef budget, LLVMValueRef argument);
/* The address `offset` bytes behind a pointer. */
LLVMValueRef build_offset(LLVMBuilderRef builder, const struct types *types, LLVMValueRef pointer,
			  uint64_t offset);

/* --- backend.c --- */

/* Optimises a module, generates code for it and links it. The object's names stay valid until object_free. */
bool module_compile(struct backend_thread *thread, LLVMModuleRef module, struct object *object,
		    struct backend_text *text, struct error *error);
const void *module_address(const struct backend_thread *thread, const struct object *object,
			   const char *name);

/* --- object.c --- */

/* Checks that an object file can run at another address than it is linked at and holds nothing that is
 * written at run time; lists its functions. The buffer must stay. */
bool object_inspect(const void *data, size_t size, struct object *object, struct error *error);
void object_free(struct object *object);

/* --- link.c --- */

bool link_init(struct backend_thread *thread, struct error *error);
void link_free(struct backend_thread *thread);
/* Tells the linker where the thunk table is. */
bool link_define_thunks(struct backend_thread *thread, struct error *error);
/* Links an object file (the buffer is consumed) into code memory; sets thread->text. */
bool link_object(struct backend_thread *thread, LLVMMemoryBufferRef buffer, const char *symbol,
		 struct error *error);

/* --- text.c --- */

char *text_of_module(LLVMModuleRef module);
char *text_of_code(const struct backend_thread *thread, const struct object *object);
/* The instructions at `code`, which lie at the offsets from `start` to `end`. */
void print_host_instructions(FILE *file, void *disassembler, const uint8_t *code, uint64_t start,
			     uint64_t end);

#endif

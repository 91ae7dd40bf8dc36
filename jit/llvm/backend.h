/* The LLVM back end behind one function table, so that LLVM is loaded only when the first region is wanted. This
 * header includes nothing of LLVM; jit/ includes it, jit/llvm/ implements it as its own shared object.
 *
 * What translated code looks like
 *
 *   Every region is one function of the signature
 *       void region(struct cpu *cpu, uint8_t *ram, int64_t budget, uint32_t argument)
 *   in the preserve_none calling convention. It is left by musttail calls of the same signature or by returning to
 *   `enter`, which is an ordinary C function. Each entry block has its own entry function.
 *
 *   budget      Cycles left in the slice. Each guest block takes its cost off. Entries and the targets of backward
 *               jumps check first that the budget covers the longest way from there to the next check; else the
 *               region is left AT the block (reason EXIT_BUDGET, pc = block).
 *   slots       A static exit to a block outside the region jumps through slot n with argument = n. An unlinked slot
 *               holds `stub`, which stores budget and exit_slot = n, sets reason EXIT_SLOT and returns; the pc is
 *               that of the slot's target.
 *   indirect    JUMP_INDIRECT, and static jumps to another page of mapped code, probe cpu->jump_cache[user]; kernel
 *               mode compares va, user mode also that the soft TLB for code has the target's page with the entry's
 *               addend. Hit: tail call with argument 0. Miss: pc = target, reason EXIT_INDIRECT, return.
 *   cases       A JUMP_INDIRECT of a block with `switches` first looks for its target among the region's cases, in a
 *               table of the image by guest address, and goes on there.
 *   before      A cold exit before guest instruction i: dirty registers are stored, budget is refunded so that it
 *               counts from the start of that instruction's cycle, pc = the instruction, or the branch (one
 *               instruction and one cycle earlier) if it stands in a delay slot; reason EXIT_INTERPRET. The
 *               first tier calls helpers->interpret in place of returning.
 *   after       The same with the state of instruction i + 1; reason EXIT_AFTER. Only from stores in kernel mode and
 *               helper calls without a result, never in delay slots.
 *
 * Memory accesses
 *
 *   kernel      va - 0x80000000 < ram_size (a constant of the region) and aligned: RAM at ram + that. Stores also
 *               test the code map byte ram[code_map_offset + (offset >> CODE_GRANULE_SHIFT)] == 0.
 *   user        soft TLB, cpu->soft_tlb[SOFT_TLB_USER]: tag == (va & (0xFFFFF000 | size - 1) | asid);
 *               host = addend + va.
 *   otherwise   helpers->load / store, with the budget as at the start of the instruction.
 *   pages       In user regions, for one or two registers that loops access memory from: the page of the last access and
 *               its addend are values, and an access to the same page needs no look at the soft TLB. Forgotten at
 *               entries and after helpers.
 *   clusters    Several accesses of a block at constants from the same value are tested together, before the first of
 *               them. If they cannot all be made directly, the block is left there.
 *
 * In user regions lookup_va is kept like a register; in kernel regions it lives in memory, since accesses and
 * helpers change it. States marked MEMORY always live in struct cpu. */
#ifndef JIT161_JIT_LLVM_BACKEND_H
#define JIT161_JIT_LLVM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/ir.h"
#include "jit/code_image.h"
#include "runtime/core/error.h"

struct cpu;

enum exit_reason {
	EXIT_SLOT,	/* cpu->exit_slot: not linked yet */
	EXIT_INDIRECT,	/* jump cache miss; cpu->pc is the target */
	EXIT_BUDGET,	/* not enough cycles for the block at cpu->pc */
	EXIT_INTERPRET, /* the instruction at cpu->pc is the interpreter's */
	EXIT_AFTER,	/* the machine wants to stop before cpu->pc */
	EXIT_HOT,	/* the block at cpu->pc was executed so often that it is worth a region */
	EXIT_DISPATCH, /* the processor stands where the interpreter brought it; the code for that is not at hand */
	EXIT_REASON_COUNT,
	EXIT_HEAD =
	    EXIT_REASON_COUNT /* of the first tier: EXIT_BUDGET or EXIT_HOT, as the block's countdown tells */
};

/* How a helper ends. Values of the high half of the helpers' results. */
enum helper_status {
	HELPER_DONE,   /* go on */
	HELPER_BEFORE, /* nothing done: leave before the instruction */
	HELPER_AFTER,  /* done, but leave after the instruction; never for loads, calls with results, delay
			  slots */
};

#define ACCESS_SIZE_MASK  0x07u /* 1, 2 or 4 bytes */
#define ACCESS_LEFT	  0x08u /* SWL */
#define ACCESS_RIGHT	  0x10u /* SWR */
#define ACCESS_DELAY_SLOT 0x20u
#define ACCESS_USER	  0x40u

/* What translated code calls; cpu->helpers. `budget` is as at the start of the instruction's cycle. */
struct translated_code_helpers {
	/* Result: status << 32 | value, zero-extended. */
	uint64_t (*load)(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget);
	/* Result: status. */
	uint32_t (*store)(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t access, int64_t budget);
	/* A page that the user's soft TLB does not have, for an enum access of user code. Afterwards it has it, or the
	 * result is HELPER_BEFORE. */
	uint32_t (*probe)(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget);
	/* ir/helper.def. Result: status << 32 | value. */
	uint64_t (*call[IR_HELPER_COUNT])(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b,
					  int64_t budget);
	/* Does what translated code left to the interpreter at cpu->pc, up to where code can start again. Result: the code
	 * there, to go on with; or NULL, to return to the dispatcher, with the reason set. */
	const void *(*interpret)(struct cpu *cpu);
};

/* One region to compile and what came of it. */
struct backend_region {
	const struct ir_region *ir;
	/* Results. Exit k (0, 1) of block b uses slot 2 b + k from the region's first. */
	struct code_image image; /* the caller's to free */
	uint32_t
	    *entries; /* where in it each block that is an entry starts, else NO_ENTRY; the caller's array */
};
#define NO_ENTRY UINT32_MAX

struct backend_options {
	uint32_t ram_size;
	uint32_t code_map_offset;
};

/* Of each line of a text, the number of the IR operation that it was made from (BACKEND_OP), or BACKEND_NO_OP. */
struct backend_links {
	uint32_t *ops;
	unsigned count;
};
/* The number of an operation in its region. */
#define BACKEND_OP(block, insn) ((uint32_t)(block) << 16 | (uint32_t)(insn))
#define BACKEND_NO_OP		UINT32_MAX

/* Text of the stages of a compilation, for dumps. Owned by the caller, freed with free(), the links' `ops` as well. */
struct backend_text {
	char *llvm_ir;		 /* as lowered */
	char *llvm_ir_optimised; /* after LLVM's passes */
	char *assembly;		 /* host assembly, Intel syntax, with offsets */
	struct backend_links llvm_ir_links, llvm_ir_optimised_links,
	    assembly_links; /* of one region at a time */
};

struct backend;	       /* one per VM */
struct backend_thread; /* one per compile thread: LLVM context and target machine */

#define BACKEND_VERSION 8

struct backend_interface {
	unsigned version;
	uint32_t cpu_size; /* of struct cpu, whose layout made code knows */
	struct backend *(*create)(const struct backend_options *options, struct error *error);
	void (*destroy)(struct backend *backend);
	struct backend_thread *(*thread_create)(struct backend *backend, struct error *error);
	void (*thread_destroy)(struct backend_thread *thread);

	/* Compiles `count` regions as one module, which takes less time than one after the other. False: nothing was made,
	 * for LLVM's reason. `text` may be NULL. */
	bool (*compile)(struct backend_thread *thread, struct backend_region *regions, unsigned count,
			struct backend_text *text, struct error *error);
};

/* The shared object's only symbol. */
const struct backend_interface *jit161_backend(void);
#define BACKEND_SYMBOL "jit161_backend"

#endif

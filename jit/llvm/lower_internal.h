/* What the files of the lowering share: the region and block at hand. */
#ifndef JIT161_JIT_LLVM_LOWER_INTERNAL_H
#define JIT161_JIT_LLVM_LOWER_INTERNAL_H

#include "jit/llvm/llvm_internal.h"
#include "jit/stencil.h"
#include "runtime/cpu/cpu.h"

/* A set of guest states. */
typedef uint64_t state_set;
_Static_assert(IR_STATE_COUNT <= 64, "state_set has a bit for each state");

/* One step of a guest block's cold exits, see lower.c. */
struct stair {
	LLVMBasicBlockRef block;
	state_set dirty;
	LLVMValueRef exit;	      /* packed, the last that leads to it */
	LLVMBasicBlockRef exit_block; /* where that does */
};

/* Accesses of a block that are tested together: see lower_clusters.c. */
struct cluster {
	ir_value base;	   /* the value that their addresses add constants to */
	uint32_t anchor;   /* the constant of the first of the largest accesses */
	int32_t low;	   /* where the accesses begin, bytes from there; as aligned as the anchor is */
	int32_t end;	   /* and where they end */
	uint16_t count;	   /* accesses */
	uint8_t size;	   /* of the largest, bytes */
	bool stores;	   /* some are stores */
	LLVMValueRef host; /* host address of the first; NULL before the test */
};
#define MAX_CLUSTERS 64

/* The page that accesses from a register were in last: see lower_pages.c. */
struct kept_page {
	enum ir_state base;
	bool stores;		 /* some are stores: it may be written too */
	LLVMValueRef va, addend; /* variables: of its first byte; what makes a host address of a guest's */
};
#define MAX_PAGES 2

struct lowering {
	const struct types *types;
	const struct backend_options *options;
	LLVMContextRef context;
	LLVMModuleRef module;
	struct links *links; /* NULL: not wanted */
	LLVMBuilderRef builder;

	/* The region. */
	const struct ir_region *region;
	unsigned number; /* in the module */
	LLVMValueRef function, cpu, ram;

	/* Not a region but a stencil: what differs between blocks are holes, states are in memory, and it is left at once by
	 * tail calls. lower_stencil.c. */
	const struct stencil_group *group;
	unsigned op;			/* the operation at hand, in the group */
	const struct ir_insn *deferred; /* a SET that is done where the group's branch goes; NULL if none */
	LLVMValueRef budget_variable;
	LLVMValueRef variables[IR_STATE_COUNT]; /* of cached states */
	LLVMBasicBlockRef *heads;		/* of the guest blocks */
	state_set *dirty_in;			/* what may be dirty at their starts */
	uint32_t *needed;			/* cycles that their heads check for; 0: no check */
	state_set cached; /* states that live in LLVM values; the others stay in struct cpu */
	state_set used;	  /* cached states that the region names */

	struct kept_page pages[MAX_PAGES];
	unsigned page_count;

	/* Shared ends of the region: all ways to return to the caller, and the cold ones among them. */
	LLVMBasicBlockRef leave, leave_cold;
	LLVMValueRef leave_pc, leave_budget, leave_reason;
	LLVMValueRef cold_va, cold_budget;

	/* The block. */
	const struct ir_block *block;
	LLVMValueRef *values;
	LLVMValueRef budget; /* the block's cost is taken off */
	state_set dirty;     /* what may be dirty at this point */
	struct stair stairs[IR_STATE_COUNT + 1];
	unsigned stair_count;
	struct cluster clusters[MAX_CLUSTERS];
	unsigned cluster_count;
};

LLVMValueRef const32(const struct lowering *lowering, uint32_t value);
LLVMValueRef lower_insn(struct lowering *lowering, const struct ir_insn *insn);

/* Holes of a stencil (lower_stencil.c): a constant that is filled in later, plus an addend. `op` is the operation's number
 * in the group. */
LLVMValueRef hole64(struct lowering *lowering, enum hole kind, unsigned op, int32_t addend);
LLVMValueRef hole32(struct lowering *lowering, enum hole kind, unsigned op, int32_t addend);
/* The address of what a relative hole leads to, plus an addend. */
LLVMValueRef hole_address(struct lowering *lowering, enum hole kind, int32_t addend);
/* The number of the operation that makes a value. */
unsigned group_index(const struct lowering *lowering, ir_value value);
LLVMBasicBlockRef stencil_exit_before(struct lowering *lowering, struct ir_time time);
/* call_helper's call; leaves or comes back with the value. */
LLVMValueRef stencil_call(struct lowering *lowering, enum thunk thunk, LLVMValueRef *operands, unsigned count,
			  uint32_t argument, struct ir_time time);
/* Ends the current LLVM block: leaves for good. */
void stencil_leave(struct lowering *lowering, enum stencil_common how, LLVMValueRef budget, LLVMValueRef pc);

/* RAM's size in units of 1 << shift bytes; the code map's first byte. */
LLVMValueRef ram_limit(struct lowering *lowering, unsigned shift);
LLVMValueRef code_marks(struct lowering *lowering);
LLVMBasicBlockRef new_block(struct lowering *lowering, const char *name);
void position(struct lowering *lowering, LLVMBasicBlockRef block);
LLVMValueRef load_cpu(struct lowering *lowering, LLVMTypeRef type, size_t offset);
LLVMTypeRef lowered_type(const struct types *types, enum ir_type type);

/* Ends the current LLVM block: to `rare` if the condition is 1, else to `usual`. */
void branch_rarely(struct lowering *lowering, LLVMValueRef condition, LLVMBasicBlockRef rare,
		   LLVMBasicBlockRef usual);

/* The cold exit before an instruction; the caller branches there from the current LLVM block. */
LLVMBasicBlockRef exit_before(struct lowering *lowering, struct ir_time time);

/* A call of an LLVM intrinsic for one type. */
LLVMValueRef intrinsic(struct lowering *lowering, const char *name, LLVMTypeRef type, LLVMValueRef *arguments,
		       unsigned count);

/* How much what a block does counts that is in so many loops. */
uint64_t loop_weight(unsigned depth);

/* lower_pages.c: chooses them by how many loops each block is in; makes the variables, at the start of the function; and forgets
 * what is in them, at entries and after helpers. */
void choose_pages(struct lowering *lowering, const unsigned *depths);
void make_page_variables(struct lowering *lowering);
void forget_pages(struct lowering *lowering);
/* The page for accesses at an address of the block, or NULL. */
const struct kept_page *kept_page_of(const struct lowering *lowering, ir_value address);
/* Whether an access of `size` bytes is in another page, or misaligned. */
LLVMValueRef is_in_other_page(struct lowering *lowering, const struct kept_page *page, LLVMValueRef va,
			      unsigned size);
/* A tag of an entry of the soft TLB, a pointer to which is at hand. */
LLVMValueRef soft_tlb_tag(struct lowering *lowering, LLVMValueRef entry, bool store);
/* What makes a host address of a guest's, from the soft TLB's entry for `va`, whose tag has been tested for a load or store.
 * From here on that page is kept, if `page` is not NULL; but not if stores need it and it may not be written. */
LLVMValueRef use_entry(struct lowering *lowering, const struct kept_page *page, LLVMValueRef va,
		       LLVMValueRef entry, bool store);

/* The soft TLB's entry for an address as a pointer, and whether its tag is not what an access of `size` bytes wants. */
LLVMValueRef soft_tlb_entry(struct lowering *lowering, enum soft_tlb_table table, LLVMValueRef va);
LLVMValueRef soft_tlb_misses(struct lowering *lowering, LLVMValueRef tag, LLVMValueRef va, unsigned size);

/* Ends the current LLVM block: calls a helper through a thunk, with `count` operands of 32 bits and what its packed argument
 * has beside the refund. Goes on at `done`, or leaves as the helper's status says. Returns the value, if the helper has one. */
LLVMValueRef call_helper(struct lowering *lowering, enum thunk thunk, LLVMValueRef *operands, unsigned count,
			 uint32_t argument, bool may_be_after, struct ir_time time, LLVMBasicBlockRef done);

/* lower_clusters.c: finds the block's clusters; and the host address of an access that is in one, after the cluster's test, or
 * NULL. */
void find_clusters(struct lowering *lowering);
LLVMValueRef cluster_access(struct lowering *lowering, const struct ir_insn *insn);

/* Guest accesses (lower_memory.c). */
unsigned access_size(const struct ir_insn *insn); /* bytes */
/* Rotating an offset in RAM brings the bits that must be 0 to the top, so that one comparison tests range and alignment. */
LLVMValueRef rotate_right(struct lowering *lowering, LLVMValueRef value, unsigned bits);
LLVMValueRef lower_load(struct lowering *lowering, const struct ir_insn *insn);
void lower_store(struct lowering *lowering, const struct ir_insn *insn);
void lower_probe(struct lowering *lowering, const struct ir_insn *insn);

#endif

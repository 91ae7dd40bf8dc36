/* From a region of IR to one LLVM function; backend.h says what translated code has to do.
 *
 * Cached guest states and the budget are LLVM variables (allocas) that LLVM's sroa turns into values. At the
 * entries all states that the region names are loaded; LLVM drops the loads nobody needs. At exits those that
 * may have been written since any entry are stored.
 *
 * Cold exits of a guest block share code. The register stores form a staircase: exits with the same set of
 * dirty states meet in one stair, which stores what became dirty since the stair below and falls down to it,
 * so that each state is stored by one instruction per guest block and no old value is kept alive for an early
 * exit. Which exit it was is one packed constant in cpu->exit_reason, taken apart at the foot, where the whole
 * region's stairs meet. */
#include "jit/llvm/lower_internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/cpu.h"
#include "runtime/core/planted.h"

/* A packed exit. */
#define EXIT_REFUND_MASK  0xFFFFu /* cycles given back */
#define EXIT_INDEX_SHIFT  16	  /* guest instruction */
#define EXIT_INDEX_MASK	  0xFFFu
#define EXIT_REASON_SHIFT 28
/* From the exit before an instruction to the one after it: the next reason and instruction, a cycle less. */
#define EXIT_AFTER_STEP ((1u << EXIT_REASON_SHIFT) + (1u << EXIT_INDEX_SHIFT) - 1u)
_Static_assert(EXIT_AFTER == EXIT_INTERPRET + 1 && HELPER_BEFORE == 1 && HELPER_AFTER == 2,
	       "after is a step on from before");
_Static_assert(EXIT_REASON_COUNT <= 8, "a reason has 3 bits");
_Static_assert(PAGE_SIZE / 4 <= EXIT_INDEX_MASK, "an index has 12 bits");

#define HOST_REGISTERS 10u /* that are free for states */
#define USES_PER_ENTRY 4u  /* of a state that is kept beside those, loops counted */
#define MAX_LOOP_DEPTH 5u
#define MAX_TARGETS    IR_MAX_CASES /* of a block, in its region; others than cases are two at most */

_Static_assert(IR_STATE_AT == 0 && IR_STATE_RA == 30, "general registers come first and in order");
_Static_assert(sizeof(struct soft_tlb_entry) == 16, "indexing shifts");

/* Where a state lives. */
static size_t state_offset(enum ir_state state)
{
	static const size_t offsets[IR_STATE_COUNT] = {
	    [IR_STATE_HI] = offsetof(struct cpu, hi),
	    [IR_STATE_LO] = offsetof(struct cpu, lo),
	    [IR_STATE_LOOKUP_VA] = offsetof(struct cpu, lookup_va),
	    [IR_STATE_HI_READY] = offsetof(struct cpu, hi_ready),
	    [IR_STATE_LO_READY] = offsetof(struct cpu, lo_ready),
	    [IR_STATE_INDEX] = offsetof(struct cpu, index),
	    [IR_STATE_ENTRY_LO] = offsetof(struct cpu, entry_lo),
	    [IR_STATE_CONTEXT] = offsetof(struct cpu, context),
	    [IR_STATE_BAD_VADDR] = offsetof(struct cpu, bad_vaddr),
	    [IR_STATE_ASID] = offsetof(struct cpu, asid),
	    [IR_STATE_COMPARE] = offsetof(struct cpu, compare),
	    [IR_STATE_STATUS] = offsetof(struct cpu, status),
	    [IR_STATE_CAUSE] = offsetof(struct cpu, cause),
	    [IR_STATE_EPC] = offsetof(struct cpu, epc),
	    [IR_STATE_COUNT_BASE] = offsetof(struct cpu, count_base),
	    [IR_STATE_SYNC_COUNT] = offsetof(struct cpu, sync_count),
	};

	if (state <= IR_STATE_RA)
		return offsetof(struct cpu, gpr) + 4 * (size_t)(state - IR_STATE_AT + 1);
	return offsets[state];
}
_Static_assert(IR_STATE_COUNT == IR_STATE_SYNC_COUNT + 1, "every state has its offset above");

void types_init(struct types *types, LLVMContextRef context)
{
	LLVMTypeRef i32 = LLVMInt32TypeInContext(context), i64 = LLVMInt64TypeInContext(context);
	LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);
	unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", strlen("nounwind"));
	LLVMMetadataRef weights[3] = {LLVMMDStringInContext2(context, "branch_weights", 14),
				      LLVMValueAsMetadata(LLVMConstInt(i32, 1 << 20, false)),
				      LLVMValueAsMetadata(LLVMConstInt(i32, 1, false))};
	LLVMMetadataRef swapped[3] = {weights[0], weights[2], weights[1]};

	*types = (struct types){
	    .i1 = LLVMInt1TypeInContext(context),
	    .i8 = LLVMInt8TypeInContext(context),
	    .i16 = LLVMInt16TypeInContext(context),
	    .i32 = i32,
	    .i64 = i64,
	    .pointer = pointer,
	    .nothing = LLVMVoidTypeInContext(context),
	    .nounwind = LLVMCreateEnumAttribute(context, nounwind, 0),
	    .no_jump_tables = LLVMCreateStringAttribute(context, "no-jump-tables", 14, "true", 4),
	    .likely = LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, weights, 3)),
	    .unlikely = LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, swapped, 3)),
	    .prof = LLVMGetMDKindIDInContext(context, "prof", 4),
	};
	types->region =
	    LLVMFunctionType(types->nothing, (LLVMTypeRef[]){pointer, pointer, i64, i32}, 4, false);
	types->thunk[THUNK_LOAD] = LLVMFunctionType(i64, (LLVMTypeRef[]){pointer, i32, i64, i32}, 4, false);
	types->thunk[THUNK_STORE] =
	    LLVMFunctionType(i32, (LLVMTypeRef[]){pointer, i32, i32, i64, i32}, 5, false);
	types->thunk[THUNK_PROBE] = LLVMFunctionType(i32, (LLVMTypeRef[]){pointer, i32, i64, i32}, 4, false);
	types->thunk[THUNK_CALL] =
	    LLVMFunctionType(i64, (LLVMTypeRef[]){pointer, i32, i32, i32, i64, i32}, 6, false);
}

LLVMTypeRef lowered_type(const struct types *types, enum ir_type type)
{
	switch (type) {
	case IR_I1:
		return types->i1;
	case IR_I8:
		return types->i8;
	case IR_I16:
		return types->i16;
	case IR_I32:
		return types->i32;
	case IR_I64:
		return types->i64;
	default:
		return NULL; /* lowering has refused the region */
	}
}

LLVMValueRef add_function(const struct types *types, LLVMModuleRef module, const char *name, LLVMTypeRef type,
			  unsigned convention)
{
	LLVMValueRef function = LLVMAddFunction(module, name, type);

	LLVMSetFunctionCallConv(function, convention);
	LLVMAddAttributeAtIndex(function, (unsigned)LLVMAttributeFunctionIndex, types->nounwind);
	LLVMAddAttributeAtIndex(function, (unsigned)LLVMAttributeFunctionIndex, types->no_jump_tables);
	return function;
}

/* Each region has a section, so that its code can be told from the others' of the module. */
static void set_section(LLVMValueRef function, unsigned number)
{
	char name[32];

	region_section_name(name, sizeof(name), number);
	LLVMSetSection(function, name);
}

LLVMValueRef build_offset(LLVMBuilderRef builder, const struct types *types, LLVMValueRef pointer,
			  uint64_t offset)
{
	LLVMValueRef index = LLVMConstInt(types->i64, offset, false);

	return LLVMBuildInBoundsGEP2(builder, types->i8, pointer, &index, 1, "");
}

LLVMValueRef build_musttail(LLVMBuilderRef builder, const struct types *types, LLVMValueRef code,
			    LLVMValueRef cpu, LLVMValueRef ram, LLVMValueRef budget, LLVMValueRef argument)
{
	LLVMValueRef arguments[] = {cpu, ram, budget, argument};
	LLVMValueRef call = LLVMBuildCall2(builder, types->region, code, arguments, 4, "");

	LLVMSetInstructionCallConv(call, CALL_PRESERVE_NONE);
	LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
	return LLVMBuildRetVoid(builder);
}

LLVMValueRef const32(const struct lowering *lowering, uint32_t value)
{
	return LLVMConstInt(lowering->types->i32, value, false);
}

static LLVMValueRef const64(const struct lowering *lowering, uint64_t value)
{
	return LLVMConstInt(lowering->types->i64, value, false);
}

LLVMBasicBlockRef new_block(struct lowering *lowering, const char *name)
{
	return LLVMAppendBasicBlockInContext(lowering->context, lowering->function, name);
}

void position(struct lowering *lowering, LLVMBasicBlockRef block)
{
	LLVMPositionBuilderAtEnd(lowering->builder, block);
}

LLVMValueRef load_cpu(struct lowering *lowering, LLVMTypeRef type, size_t offset)
{
	return LLVMBuildLoad2(lowering->builder, type,
			      build_offset(lowering->builder, lowering->types, lowering->cpu, offset), "");
}

static void store_cpu(struct lowering *lowering, LLVMValueRef value, size_t offset)
{
	LLVMBuildStore(lowering->builder, value,
		       build_offset(lowering->builder, lowering->types, lowering->cpu, offset));
}

void branch_rarely(struct lowering *lowering, LLVMValueRef condition, LLVMBasicBlockRef rare,
		   LLVMBasicBlockRef usual)
{
	LLVMValueRef branch = LLVMBuildCondBr(lowering->builder, condition, rare, usual);

	LLVMSetMetadata(branch, lowering->types->prof, lowering->types->unlikely);
}

/* A thunk's address, for regions. */
static LLVMValueRef thunk_address(struct lowering *lowering, enum thunk thunk)
{
	const struct types *types = lowering->types;
	LLVMValueRef table = LLVMGetNamedGlobal(lowering->module, THUNK_TABLE_NAME);

	if (!table) {
		table = LLVMAddGlobal(lowering->module, LLVMArrayType2(types->pointer, THUNK_COUNT),
				      THUNK_TABLE_NAME);
		LLVMSetLinkage(table, LLVMExternalLinkage);
		LLVMSetVisibility(table, LLVMHiddenVisibility);
		LLVMSetGlobalConstant(table, true);
	}
	return LLVMBuildLoad2(lowering->builder, types->pointer,
			      build_offset(lowering->builder, types, table, thunk * sizeof(void *)), "");
}

static LLVMValueRef call_thunk(struct lowering *lowering, enum thunk thunk, LLVMValueRef *arguments,
			       unsigned count)
{
	const struct types *types = lowering->types;
	LLVMValueRef call = LLVMBuildCall2(lowering->builder, types->thunk[thunk],
					   thunk_address(lowering, thunk), arguments, count, "");

	LLVMSetInstructionCallConv(call, CALL_PRESERVE_MOST);
	LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, types->nounwind);
	return call;
}

static bool is_cached(const struct lowering *lowering, enum ir_state state)
{
	return lowering->cached >> state & 1; /* none in a stencil */
}

/* Where in struct cpu a state lives that is not cached. */
static LLVMValueRef state_pointer(struct lowering *lowering, enum ir_state state)
{
	LLVMValueRef offset = lowering->group && state <= IR_STATE_RA
				  ? hole64(lowering, HOLE_STATE, lowering->op, 0)
				  : LLVMConstInt(lowering->types->i64, state_offset(state), false);

	return LLVMBuildInBoundsGEP2(lowering->builder, lowering->types->i8, lowering->cpu, &offset, 1, "");
}

static LLVMValueRef get_state(struct lowering *lowering, enum ir_state state)
{
	LLVMTypeRef type = lowered_type(lowering->types, ir_state_info[state].type);

	return LLVMBuildLoad2(
	    lowering->builder, type,
	    is_cached(lowering, state) ? lowering->variables[state] : state_pointer(lowering, state), "");
}

static void set_state(struct lowering *lowering, enum ir_state state, LLVMValueRef value)
{
	if (is_cached(lowering, state)) {
		LLVMBuildStore(lowering->builder, value, lowering->variables[state]);
		lowering->dirty |= (state_set)1 << state;
	} else {
		LLVMBuildStore(lowering->builder, value, state_pointer(lowering, state));
	}
}

static void store_states(struct lowering *lowering, state_set set)
{
	for (unsigned state = 0; state < IR_STATE_COUNT; state++) {
		if (set >> state & 1)
			store_cpu(lowering, get_state(lowering, state), state_offset(state));
	}
}

/* --- leaving --- */

static void add_incoming(struct lowering *lowering, LLVMValueRef phi, LLVMValueRef value)
{
	LLVMBasicBlockRef from = LLVMGetInsertBlock(lowering->builder);

	LLVMAddIncoming(phi, &value, &from, 1);
}

/* The stair for exits with what is dirty now. */
static struct stair *current_stair(struct lowering *lowering)
{
	struct stair *stair = lowering->stair_count ? &lowering->stairs[lowering->stair_count - 1] : NULL;

	if (!stair || (stair->dirty != lowering->dirty && !planted(BUG_STAIR))) {
		stair = &lowering->stairs[lowering->stair_count++];
		*stair = (struct stair){.dirty = lowering->dirty, .block = new_block(lowering, "cold")};
	}
	return stair;
}

/* The cold exit that is told by a packed one. It waits in memory: a value that differs by the way into a stair would be made
 * before the way is taken. */
static LLVMBasicBlockRef cold_exit(struct lowering *lowering, LLVMValueRef exit)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(lowering->builder), block;
	struct stair *stair = current_stair(lowering);

	if (stair->exit == exit && LLVMIsConstant(exit))
		return stair->exit_block; /* the tests of one access leave alike */
	block = new_block(lowering, "exit");
	position(lowering, block);
	store_cpu(lowering, exit, offsetof(struct cpu, exit_reason));
	LLVMBuildBr(lowering->builder, stair->block);
	position(lowering, here);
	stair->exit = exit;
	stair->exit_block = block;
	return block;
}

static void finish_stairs(struct lowering *lowering)
{
	for (unsigned i = lowering->stair_count; i-- > 0;) {
		const struct stair *stair = &lowering->stairs[i], *below = i ? stair - 1 : NULL;

		position(lowering, stair->block);
		store_states(lowering, stair->dirty & ~(below ? below->dirty : 0));
		if (below) {
			LLVMBuildBr(lowering->builder, below->block);
		} else {
			add_incoming(lowering, lowering->cold_va, const32(lowering, lowering->block->va));
			/* A block that may stall has two budgets; the variable knows which. */
			add_incoming(lowering, lowering->cold_budget,
				     LLVMBuildLoad2(lowering->builder, lowering->types->i64,
						    lowering->budget_variable, ""));
			LLVMBuildBr(lowering->builder, lowering->leave_cold);
		}
	}
}

static uint32_t pack_exit(const struct lowering *lowering, enum exit_reason reason, unsigned index,
			  unsigned cycle)
{
	return (uint32_t)reason << EXIT_REASON_SHIFT | (uint32_t)index << EXIT_INDEX_SHIFT |
	       (uint32_t)(lowering->block->cost - cycle);
}

static uint32_t pack_before(const struct lowering *lowering, struct ir_time time)
{
	unsigned back = planted(BUG_DELAY_SLOT) ? 0 : time.delay_slot; /* the branch is executed anew */

	return pack_exit(lowering, EXIT_INTERPRET, time.index - back, time.cycle - back);
}

LLVMBasicBlockRef exit_before(struct lowering *lowering, struct ir_time time)
{
	if (lowering->group)
		return stencil_exit_before(lowering, time);
	return cold_exit(lowering, const32(lowering, pack_before(lowering, time)));
}

/* The cold exit for a helper's status other than HELPER_DONE. */
static LLVMBasicBlockRef exit_by_status(struct lowering *lowering, LLVMValueRef status, bool may_be_after,
					struct ir_time time)
{
	uint32_t before = pack_before(lowering, time);
	LLVMValueRef exit;

	if (!may_be_after || time.delay_slot)
		return exit_before(lowering, time);
	/* The status is 1 or 2: before, or one step on. */
	exit = LLVMBuildMul(lowering->builder, status, const32(lowering, EXIT_AFTER_STEP), "");
	exit = LLVMBuildAdd(lowering->builder, exit, const32(lowering, before - EXIT_AFTER_STEP), "");
	return cold_exit(lowering, exit);
}

LLVMValueRef call_helper(struct lowering *lowering, enum thunk thunk, LLVMValueRef *operands, unsigned count,
			 uint32_t argument, bool may_be_after, struct ir_time time, LLVMBasicBlockRef done)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	uint32_t refund = (uint32_t)(lowering->block->cost - time.cycle);
	LLVMValueRef arguments[6], result, status, value = NULL;

	if (lowering->group) {
		value = stencil_call(lowering, thunk, operands, count, argument, time);
		LLVMBuildBr(builder, done);
		return value;
	}
	arguments[0] = lowering->cpu;
	for (unsigned i = 0; i < count; i++)
		arguments[1 + i] = operands[i];
	arguments[count + 1] = lowering->budget;
	arguments[count + 2] = const32(lowering, refund << PACKED_REFUND_SHIFT | argument);
	result = status = call_thunk(lowering, thunk, arguments, count + 3);
	forget_pages(lowering);
	if (LLVMTypeOf(result) == types->i64) {
		value = LLVMBuildTrunc(builder, result, types->i32, "");
		status = LLVMBuildTrunc(builder, LLVMBuildLShr(builder, result, const64(lowering, 32), ""),
					types->i32, "");
	}
	branch_rarely(lowering, LLVMBuildICmp(builder, LLVMIntNE, status, const32(lowering, HELPER_DONE), ""),
		      exit_by_status(lowering, status, may_be_after, time), done);
	return value;
}

/* The block in the region that a jump of a block to `target` may go to directly, or -1. */
static int internal_target(const struct ir_region *region, const struct ir_block *block, uint32_t target)
{
	const struct ir_block *found;

	if (!region->count)
		return -1; /* a stencil */
	/* What another page holds can change without a write to it. */
	if (region->mode.mapped && (target ^ block->va) & PAGE_MASK)
		return -1;
	found = ir_block_find(region, target,
			      block->next && target == block->next_va ? block->next_copy : block->copy);
	return found ? (int)(found - region->blocks) : -1;
}

/* The numbers of the blocks that indirect jumps of the region select among; where code is mapped, all in the jump's page. */
static unsigned find_cases(const struct ir_region *region, unsigned cases[IR_MAX_CASES])
{
	unsigned count = 0;

	for (unsigned i = 0; i < region->count; i++)
		if (region->blocks[i].is_case && count < IR_MAX_CASES)
			cases[count++] = i;
	return count;
}

/* The block in the region that an indirect jump is expected to go to, or -1. */
static int predicted_target(const struct ir_region *region, const struct ir_block *block)
{
	return block->next ? internal_target(region, block, block->next_va) : -1;
}

LLVMValueRef soft_tlb_entry(struct lowering *lowering, enum soft_tlb_table table, LLVMValueRef va)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef base =
	    build_offset(builder, lowering->types, lowering->cpu,
			 offsetof(struct cpu, soft_tlb) + table * sizeof(((struct cpu *)0)->soft_tlb[0]));
	/* (va / page size) mod entries, times the size of an entry */
	LLVMValueRef index = LLVMBuildAnd(builder, LLVMBuildLShr(builder, va, const32(lowering, 12 - 4), ""),
					  const32(lowering, (SOFT_TLB_SIZE - 1) << 4), "");

	index = LLVMBuildZExt(builder, index, lowering->types->i64, "");
	return LLVMBuildInBoundsGEP2(builder, lowering->types->i8, base, &index, 1, "");
}

LLVMValueRef soft_tlb_misses(struct lowering *lowering, LLVMValueRef tag, LLVMValueRef va, unsigned size)
{
	LLVMBuilderRef builder = lowering->builder;
	uint32_t looked_at = PAGE_MASK | (size - 1);
	LLVMValueRef wanted = LLVMBuildAnd(builder, va, const32(lowering, looked_at), "");

	if (planted(BUG_ASID))
		tag = LLVMBuildAnd(builder, tag, const32(lowering, looked_at), "");
	else
		wanted =
		    LLVMBuildOr(builder, wanted,
				load_cpu(lowering, lowering->types->i32, offsetof(struct cpu, asid)), "");
	return LLVMBuildICmp(builder, LLVMIntNE, tag, wanted, "");
}

/* Through the block's slot `k`. */
static void leave_through_slot(struct lowering *lowering, unsigned k)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMValueRef number, at, code;

	if (!lowering->group)
		k += 2 * (unsigned)(lowering->block - lowering->region->blocks);
	number = hole32(lowering, HOLE_SLOT, 0, (int32_t)k);
	at = hole_address(lowering, HOLE_SLOT_AT, (int32_t)(k * sizeof(void *)));
	code = LLVMBuildLoad2(builder, types->pointer, at, "");
	build_musttail(builder, types, code, lowering->cpu, lowering->ram, lowering->budget, number);
}

static void leave_through_jump_cache(struct lowering *lowering, LLVMValueRef target)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	bool user = lowering->region->mode.user;
	LLVMBasicBlockRef hit = new_block(lowering, "hit");
	LLVMValueRef base =
	    build_offset(builder, types, lowering->cpu,
			 user ? offsetof(struct cpu, jump_cache[1]) : offsetof(struct cpu, jump_cache[0]));
	/* jump_cache_index() */
	LLVMValueRef index =
	    LLVMBuildLShr(builder, LLVMBuildMul(builder, target, const32(lowering, JUMP_CACHE_FACTOR), ""),
			  const32(lowering, 32 - JUMP_CACHE_BITS), "");
	LLVMValueRef entry, condition, code;

	index = LLVMBuildAnd(builder, index, const32(lowering, JUMP_CACHE_SIZE - 1), "");
	index = LLVMBuildMul(builder, LLVMBuildZExt(builder, index, types->i64, ""),
			     const64(lowering, sizeof(struct jump_cache_entry)), "");
	entry = LLVMBuildInBoundsGEP2(builder, types->i8, base, &index, 1, "");
	condition = LLVMBuildICmp(
	    builder, LLVMIntNE, target,
	    LLVMBuildLoad2(builder, types->i32,
			   build_offset(builder, types, entry, offsetof(struct jump_cache_entry, va)), ""),
	    "");
	if (user) {
		LLVMValueRef page = soft_tlb_entry(lowering, SOFT_TLB_USER_CODE, target);
		LLVMValueRef tag = LLVMBuildLoad2(
		    builder, types->i32,
		    build_offset(builder, types, page, offsetof(struct soft_tlb_entry, read_tag)), "");
		LLVMValueRef addend = LLVMBuildLoad2(
		    builder, types->i64,
		    build_offset(builder, types, page, offsetof(struct soft_tlb_entry, addend)), "");
		LLVMValueRef wanted = LLVMBuildLoad2(
		    builder, types->i64,
		    build_offset(builder, types, entry, offsetof(struct jump_cache_entry, addend)), "");

		condition = LLVMBuildOr(builder, condition, soft_tlb_misses(lowering, tag, target, 1), "");
		condition = LLVMBuildOr(builder, condition,
					LLVMBuildICmp(builder, LLVMIntNE, addend, wanted, ""), "");
	}
	if (lowering->group) {
		LLVMBasicBlockRef here = LLVMGetInsertBlock(builder), miss = new_block(lowering, "miss");

		position(lowering, miss);
		stencil_leave(lowering, STENCIL_LEAVE_INDIRECT, lowering->budget, target);
		position(lowering, here);
		branch_rarely(lowering, condition, miss, hit);
	} else {
		add_incoming(lowering, lowering->leave_pc, target);
		add_incoming(lowering, lowering->leave_budget, lowering->budget);
		add_incoming(lowering, lowering->leave_reason, const32(lowering, EXIT_INDIRECT));
		branch_rarely(lowering, condition, lowering->leave, hit);
	}

	position(lowering, hit);
	code =
	    LLVMBuildLoad2(builder, types->pointer,
			   build_offset(builder, types, entry, offsetof(struct jump_cache_entry, code)), "");
	build_musttail(builder, types, code, lowering->cpu, lowering->ram, lowering->budget,
		       const32(lowering, 0));
}

/* A static jump to `target`, the block's exit number `k`, that leaves the region; all is stored. */
static void leave_statically(struct lowering *lowering, uint32_t target, unsigned k)
{
	if (lowering->region->mode.mapped && (target ^ lowering->block->va) & PAGE_MASK)
		leave_through_jump_cache(
		    lowering, lowering->group
				  ? hole32(lowering, k ? HOLE_TARGET_1 : HOLE_TARGET_0, lowering->op, 0)
				  : const32(lowering, target));
	else
		leave_through_slot(lowering, k);
}

static void lower_jump(struct lowering *lowering, const struct ir_insn *insn)
{
	int inside = internal_target(lowering->region, lowering->block, insn->targets[0]);

	if (inside >= 0) {
		LLVMBuildBr(lowering->builder, lowering->heads[inside]);
	} else {
		store_states(lowering, lowering->dirty);
		leave_statically(lowering, insn->targets[0], 0);
	}
}

/* What a table of cases has for one of them, or for what is none: the distance of its code from that of `base`, which the
 * assembler knows. */
static LLVMValueRef case_entry(const struct lowering *lowering, LLVMValueRef base, LLVMBasicBlockRef block)
{
	const struct types *types = lowering->types;
	LLVMValueRef code = LLVMBlockAddress(lowering->function, block);

	return LLVMConstTrunc(
	    LLVMConstSub(LLVMConstPtrToInt(code, types->i64), LLVMConstPtrToInt(base, types->i64)),
	    types->i32);
}

/* The table of `count` cases, for the addresses of `size` guest instructions from `first` on; `out` for those that are none. */
static LLVMValueRef make_case_table(struct lowering *lowering, const unsigned *cases, unsigned count,
				    uint32_t first, uint32_t size, LLVMValueRef base, LLVMBasicBlockRef out)
{
	const struct types *types = lowering->types;
	LLVMValueRef table, *entries;
	char name[64];

	snprintf(name, sizeof(name), ".rodata.cases.%u.%u", lowering->number,
		 (unsigned)(lowering->block - lowering->region->blocks));
	table = LLVMAddGlobal(lowering->module, LLVMArrayType2(types->i32, size), name);
	LLVMSetSection(table, name); /* its own, so that it can be told from those of other regions */
	LLVMSetLinkage(table, LLVMPrivateLinkage);
	LLVMSetGlobalConstant(table, true);
	entries = calloc(size, sizeof(*entries));
	if (!entries)
		abort();
	for (uint32_t i = 0; i < size; i++)
		entries[i] = case_entry(lowering, base, out);
	for (unsigned i = 0; i < count; i++)
		entries[(lowering->region->blocks[cases[i]].va - first) / 4] =
		    case_entry(lowering, base, lowering->heads[cases[(i + planted(BUG_CASES)) % count]]);
	LLVMSetInitializer(table, LLVMConstArray2(types->i32, entries, size));
	free(entries);
	return table;
}

/* Goes on to the case at `target`, by a table of a word for each guest instruction from the first case to the last; to `out`
 * if there is none. LLVM's own tables are for cases that lie denser. */
static void select_case(struct lowering *lowering, LLVMValueRef target, LLVMBasicBlockRef out)
{
	const struct ir_region *region = lowering->region;
	const struct types *types = lowering->types;
	LLVMBuilderRef builder = lowering->builder;
	unsigned cases[IR_MAX_CASES], count = find_cases(region, cases);
	uint32_t first = UINT32_MAX, last = 0, size;
	LLVMValueRef base, table, index, jump;
	LLVMBasicBlockRef near;

	for (unsigned i = 0; i < count; i++) {
		uint32_t va = region->blocks[cases[i]].va;

		first = va < first ? va : first;
		last = va > last ? va : last;
	}
	if (count == 0 || last - first > IR_CASES_SPAN) {
		LLVMBuildBr(builder, out);
		return;
	}
	near = new_block(lowering, "near");
	size = (last - first) / 4 + 1;
	base = LLVMBlockAddress(lowering->function, out);
	table = make_case_table(lowering, cases, count, first, size, base, out);

	/* Rotated, an address that is not aligned is far. */
	index = LLVMBuildSub(builder, target, const32(lowering, first), "");
	index = intrinsic(lowering, "llvm.fshr", types->i32,
			  (LLVMValueRef[]){index, index, const32(lowering, 2)}, 3);
	branch_rarely(lowering, LLVMBuildICmp(builder, LLVMIntUGE, index, const32(lowering, size), ""), out,
		      near);
	position(lowering, near);
	index =
	    LLVMBuildShl(builder, LLVMBuildZExt(builder, index, types->i64, ""), const64(lowering, 2), "");
	index = LLVMBuildLoad2(builder, types->i32,
			       LLVMBuildInBoundsGEP2(builder, types->i8, table, &index, 1, ""), "");
	index = LLVMBuildSExt(builder, index, types->i64, "");
	jump = LLVMBuildIndirectBr(builder, LLVMBuildInBoundsGEP2(builder, types->i8, base, &index, 1, ""),
				   count + 1);
	for (unsigned i = 0; i < count; i++)
		LLVMAddDestination(jump, lowering->heads[cases[i]]);
	LLVMAddDestination(jump, out);
}

static void lower_jump_indirect(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMValueRef target = lowering->values[insn->operands[0]];
	int inside = predicted_target(lowering->region, lowering->block);

	if (inside >= 0) {
		LLVMBasicBlockRef out = new_block(lowering, "out");
		LLVMValueRef other = LLVMBuildICmp(lowering->builder, LLVMIntNE, target,
						   const32(lowering, lowering->block->next_va), "");

		branch_rarely(lowering, other, out, lowering->heads[inside]);
		position(lowering, out);
	} else if (lowering->block->switches) {
		LLVMBasicBlockRef out = new_block(lowering, "out");

		select_case(lowering, target, out);
		position(lowering, out);
	}
	store_states(lowering, lowering->dirty);
	leave_through_jump_cache(lowering, target);
}

/* In a group that ends in a branch: whether a SET chooses by the branch's own condition, and nothing can tell whether it is
 * done before or after the branch. Then neither way has to choose. */
static bool can_defer(const struct lowering *lowering, const struct ir_insn *set)
{
	const struct stencil_group *group = lowering->group;
	const struct ir_insn *insns = lowering->block->insns;

	if (!group || lowering->deferred)
		return false;
	const struct ir_insn *end = &insns[group->ops[group->count - 1]], *value = &insns[set->operands[0]];
	if (end->op != IR_BRANCH || value->op != IR_SELECT || value->operands[0] != end->operands[0])
		return false;
	for (unsigned i = lowering->op + 1; i < group->count; i++) {
		const struct ir_insn *later = &insns[group->ops[i]];

		if (ir_op_info[later->op].timed ||
		    ((later->op == IR_GET || later->op == IR_SET) && later->state == set->state))
			return false;
	}
	return true;
}

/* The deferred SET, where the branch is taken (`k` is 0) or not. */
static void set_deferred(struct lowering *lowering, unsigned k)
{
	const struct ir_insn *insns = lowering->block->insns, *set = lowering->deferred;

	if (!set)
		return;
	ir_value chosen = insns[set->operands[0]].operands[1 + k];
	if (insns[chosen].op != IR_GET || insns[chosen].state != set->state)
		set_state(lowering, set->state, lowering->values[chosen]);
}

static void lower_branch(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBasicBlockRef next[2];
	bool outside[2];

	for (unsigned k = 0; k < 2; k++) {
		int inside = internal_target(lowering->region, lowering->block, insn->targets[k]);

		outside[k] = inside < 0;
		next[k] = outside[k] ? new_block(lowering, "out") : lowering->heads[inside];
	}
	if (outside[0] && outside[1])
		store_states(lowering, lowering->dirty);
	LLVMBuildCondBr(lowering->builder, lowering->values[insn->operands[0]], next[0], next[1]);
	for (unsigned k = 0; k < 2; k++) {
		if (!outside[k])
			continue;
		position(lowering, next[k]);
		set_deferred(lowering, k);
		if (!outside[1 - k])
			store_states(lowering, lowering->dirty);
		leave_statically(lowering, insn->targets[k], k);
	}
}

/* --- operations --- */

static LLVMValueRef lower_call(struct lowering *lowering, const struct ir_insn *insn)
{
	bool has_result = ir_helper_info[insn->state].result != IR_NONE;
	LLVMBasicBlockRef done = new_block(lowering, "done");
	LLVMValueRef operands[3], value;

	operands[0] = lowering->group ? hole32(lowering, HOLE_VALUE, lowering->op, 0)
				      : const32(lowering, (uint32_t)insn->immediate);
	for (unsigned i = 0; i < 2; i++)
		operands[1 + i] = insn->operands[i] == IR_NO_VALUE ? const32(lowering, 0)
								   : lowering->values[insn->operands[i]];
	value = call_helper(lowering, THUNK_CALL, operands, 3, insn->state, !has_result, insn->time, done);
	position(lowering, done);
	return has_result ? value : NULL;
}

static LLVMValueRef lower_active(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMValueRef end = load_cpu(lowering, lowering->types->i64, offsetof(struct cpu, active_end));
	LLVMValueRef refund = lowering->group
				  ? hole64(lowering, HOLE_REFUND, lowering->op, 0)
				  : const64(lowering, (uint64_t)(lowering->block->cost - insn->time.cycle));

	if (planted(BUG_CLOCK))
		end = LLVMBuildAdd(lowering->builder, end, const64(lowering, 1), "");
	end = LLVMBuildSub(lowering->builder, end, lowering->budget, "");
	return LLVMBuildSub(lowering->builder, end, refund, "");
}

static void lower_exit_if(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBasicBlockRef stay = new_block(lowering, "stay");

	branch_rarely(lowering, lowering->values[insn->operands[0]], exit_before(lowering, insn->time), stay);
	position(lowering, stay);
}

/* Leaves at the block unless the budget covers the longest way from it to the next check. The block's cost is
 * off already. */
static void check_budget(struct lowering *lowering, uint32_t needed)
{
	LLVMBasicBlockRef paid = new_block(lowering, "paid");
	LLVMValueRef rest = const64(lowering, (uint64_t)needed - lowering->block->cost - planted(BUG_BUDGET));

	branch_rarely(lowering, LLVMBuildICmp(lowering->builder, LLVMIntSLT, lowering->budget, rest, ""),
		      cold_exit(lowering, const32(lowering, pack_exit(lowering, EXIT_BUDGET, 0, 0))), paid);
	position(lowering, paid);
}

static void lower_stall(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMValueRef stalled =
	    LLVMBuildZExt(lowering->builder, lowering->values[insn->operands[0]], lowering->types->i64, "");

	lowering->budget = LLVMBuildSub(lowering->builder, lowering->budget, stalled, "");
	if (!lowering->group)
		LLVMBuildStore(lowering->builder, lowering->budget, lowering->budget_variable);
}

static LLVMValueRef lower_value(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMTypeRef type = lowered_type(lowering->types, insn->type);
	LLVMValueRef operands[3] = {NULL, NULL, NULL};

	for (unsigned i = 0; i < 3; i++) {
		if (insn->operands[i] != IR_NO_VALUE)
			operands[i] = lowering->values[insn->operands[i]];
	}
#define A operands[0]
#define B operands[1]
	switch (insn->op) {
	case IR_CONST:
		if (lowering->group && insn->parameter)
			return hole32(lowering, HOLE_VALUE, lowering->op, 0);
		return LLVMConstInt(type, insn->immediate, false);
	case IR_ADD:
		return LLVMBuildAdd(builder, A, B, "");
	case IR_SUB:
		return LLVMBuildSub(builder, A, B, "");
	case IR_MUL:
		return LLVMBuildMul(builder, A, B, "");
	case IR_SDIV:
		return LLVMBuildSDiv(builder, A, B, "");
	case IR_UDIV:
		return LLVMBuildUDiv(builder, A, B, "");
	case IR_SREM:
		return LLVMBuildSRem(builder, A, B, "");
	case IR_UREM:
		return LLVMBuildURem(builder, A, B, "");
	case IR_AND:
		return LLVMBuildAnd(builder, A, B, "");
	case IR_OR:
		return LLVMBuildOr(builder, A, B, "");
	case IR_XOR:
		return LLVMBuildXor(builder, A, B, "");
	case IR_SHL:
		return LLVMBuildShl(builder, A, B, "");
	case IR_SHR:
		return LLVMBuildLShr(builder, A, B, "");
	case IR_SAR:
		return LLVMBuildAShr(builder, A, B, "");
	case IR_EQ:
		return LLVMBuildICmp(builder, LLVMIntEQ, A, B, "");
	case IR_NE:
		return LLVMBuildICmp(builder, LLVMIntNE, A, B, "");
	case IR_SLT:
		return LLVMBuildICmp(builder, LLVMIntSLT, A, B, "");
	case IR_SLE:
		return LLVMBuildICmp(builder, LLVMIntSLE, A, B, "");
	case IR_ULT:
		return LLVMBuildICmp(builder, LLVMIntULT, A, B, "");
	case IR_ZEXT: /* of what its load extended, nothing */
		return LLVMTypeOf(A) == type ? A : LLVMBuildZExt(builder, A, type, "");
	case IR_SEXT:
		return LLVMTypeOf(A) == type ? A : LLVMBuildSExt(builder, A, type, "");
	case IR_TRUNC:
		return LLVMBuildTrunc(builder, A, type, "");
	case IR_SELECT:
		return LLVMBuildSelect(builder, A, B, operands[2], "");
	default:
		abort(); /* lower_insn knows all others */
	}
#undef A
#undef B
}

LLVMValueRef lower_insn(struct lowering *lowering, const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_GET:
		return get_state(lowering, insn->state);
	case IR_SET:
		if (can_defer(lowering, insn)) {
			lowering->deferred = insn;
			return NULL;
		}
		set_state(lowering, insn->state, lowering->values[insn->operands[0]]);
		return NULL;
	case IR_ACTIVE:
		return lower_active(lowering, insn);
	case IR_LOAD:
		return lower_load(lowering, insn);
	case IR_STORE:
	case IR_STORE_LEFT:
	case IR_STORE_RIGHT:
		lower_store(lowering, insn);
		return NULL;
	case IR_PROBE:
		lower_probe(lowering, insn);
		return NULL;
	case IR_CALL:
		return lower_call(lowering, insn);
	case IR_EXIT_IF:
		lower_exit_if(lowering, insn);
		return NULL;
	case IR_STALL:
		lower_stall(lowering, insn);
		return NULL;
	case IR_EXIT:
		LLVMBuildBr(lowering->builder, exit_before(lowering, insn->time));
		return NULL;
	case IR_JUMP:
		lower_jump(lowering, insn);
		return NULL;
	case IR_BRANCH:
		lower_branch(lowering, insn);
		return NULL;
	case IR_JUMP_INDIRECT:
		lower_jump_indirect(lowering, insn);
		return NULL;
	default:
		return lower_value(lowering, insn);
	}
}

static void lower_block(struct lowering *lowering, unsigned number)
{
	const struct ir_block *block = &lowering->region->blocks[number];
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef budget;

	lowering->block = block;
	lowering->dirty = lowering->dirty_in[number];
	lowering->stair_count = 0;
	find_clusters(lowering);

	position(lowering, lowering->heads[number]);
	budget = LLVMBuildLoad2(builder, lowering->types->i64, lowering->budget_variable, "");
	lowering->budget = LLVMBuildSub(builder, budget, const64(lowering, block->cost), "");
	LLVMBuildStore(builder, lowering->budget, lowering->budget_variable);
	if (lowering->needed[number])
		check_budget(lowering, lowering->needed[number]);
	for (unsigned i = 0; i < block->count; i++) {
		if (block->insns[i].dead)
			continue;
		if (lowering->links)
			links_at(lowering->links, builder, BACKEND_OP(number, i));
		lowering->values[i] = lower_insn(lowering, &block->insns[i]);
	}
	if (lowering->links)
		links_at(lowering->links, builder, BACKEND_NO_OP);
	finish_stairs(lowering);
}

/* --- regions --- */

/* The blocks of the region that a block may go on to. */
static unsigned internal_targets(const struct ir_region *region, const struct ir_block *block,
				 unsigned targets[MAX_TARGETS])
{
	const struct ir_insn *end = &block->insns[block->count - 1];
	unsigned count = 0;

	if (end->op == IR_JUMP_INDIRECT) {
		int target = predicted_target(region, block);

		if (target >= 0)
			targets[count++] = (unsigned)target;
		else if (block->switches)
			count = find_cases(region, targets);
	}
	for (unsigned k = 0; k < (end->op == IR_BRANCH ? 2u : end->op == IR_JUMP); k++) {
		int target = internal_target(region, block, end->targets[k]);

		if (target >= 0)
			targets[count++] = (unsigned)target;
	}
	return count;
}

static bool may_stall(const struct ir_block *block)
{
	for (unsigned i = 0; i < block->count; i++)
		if (block->insns[i].op == IR_STALL && !block->insns[i].dead)
			return true;
	return false;
}

/* Which blocks check the budget, and for how many cycles: entries and the targets of backward jumps, so that
 * every way through the region meets a check; each for the longest way from there to the next. */
static void find_needed(struct lowering *lowering)
{
	const struct ir_region *region = lowering->region;
	uint32_t *longest = calloc(region->count, sizeof(*longest));
	bool *checks = calloc(region->count, sizeof(*checks)), changed = true;
	unsigned targets[MAX_TARGETS];

	if (!longest || !checks)
		abort();
	for (unsigned i = 0; i < region->count; i++) {
		const struct ir_block *block = &region->blocks[i];

		checks[i] |= block->entry;
		for (unsigned k = internal_targets(region, block, targets); k-- > 0;)
			if (region->blocks[targets[k]].va <= block->va)
				checks[targets[k]] = true;
	}
	while (changed) { /* forward jumps only: ends after as many rounds as the longest way has blocks */
		changed = false;
		for (unsigned i = 0; i < region->count; i++) {
			const struct ir_block *block = &region->blocks[i];
			uint32_t rest = 0;

			for (unsigned k = internal_targets(region, block, targets); k-- > 0;)
				if (!checks[targets[k]] && longest[targets[k]] > rest)
					rest = longest[targets[k]];
			rest += block->cost + (uint32_t)may_stall(block);
			changed |= rest != longest[i];
			longest[i] = rest;
		}
	}
	for (unsigned i = 0; i < region->count; i++)
		lowering->needed[i] = checks[i] ? longest[i] : 0;
	free(longest);
	free(checks);
}

/* How many loops of the region each block is in, as addresses tell. */
static void find_loop_depths(const struct ir_region *region, unsigned *depths)
{
	for (unsigned i = 0; i < region->count; i++) {
		const struct ir_block *end = &region->blocks[i];
		unsigned targets[MAX_TARGETS];
		uint32_t first = UINT32_MAX;

		for (unsigned k = internal_targets(region, end, targets); k-- > 0;) {
			const struct ir_block *head = &region->blocks[targets[k]];

			if (head->copy == end->copy && head->va <= end->va && head->va < first)
				first = head->va;
		}
		for (unsigned k = 0; k < region->count; k++) {
			const struct ir_block *block = &region->blocks[k];

			depths[k] += block->copy == end->copy && first <= block->va && block->va <= end->va;
		}
	}
}

uint64_t loop_weight(unsigned depth)
{
	return (uint64_t)1 << 3 * (depth < MAX_LOOP_DEPTH ? depth : MAX_LOOP_DEPTH);
}

static unsigned count_entries(const struct ir_region *region)
{
	unsigned entries = 0;

	for (unsigned i = 0; i < region->count; i++)
		entries += region->blocks[i].entry;
	return entries;
}

/* Which states to keep in values: those that are used most, as many as the host has registers for, and others that loops use
 * much more often than the region is entered. The rest would be loaded at each entry only to be put on the stack, and stored
 * at each exit; where they are they can be used as well. In kernel mode accesses and helpers change lookup_va behind the
 * region's back. */
static void choose_cached(struct lowering *lowering, const unsigned *depths)
{
	const struct ir_region *region = lowering->region;
	uint64_t uses[IR_STATE_COUNT] = {0}, worth_it = (uint64_t)USES_PER_ENTRY * count_entries(region);

	for (unsigned i = 0; i < region->count; i++) {
		const struct ir_block *block = &region->blocks[i];
		uint64_t weight = loop_weight(depths[i]);

		for (unsigned j = 0; j < block->count; j++) {
			const struct ir_insn *insn = &block->insns[j];

			if (!insn->dead && (insn->op == IR_GET || insn->op == IR_SET) &&
			    ir_state_info[insn->state].cached &&
			    (insn->state != IR_STATE_LOOKUP_VA || region->mode.user))
				uses[insn->state] += weight;
		}
	}
	lowering->cached = 0;
	for (unsigned count = 0;; count++) {
		unsigned most = 0;

		for (unsigned state = 1; state < IR_STATE_COUNT; state++)
			if (uses[state] > uses[most])
				most = state;
		if (uses[most] == 0 || (count >= HOST_REGISTERS && uses[most] < worth_it))
			break;
		lowering->cached |= (state_set)1 << most;
		uses[most] = 0;
	}
}

/* What may be dirty at the start of each block: written since some entry on some way there. */
static void find_dirty(struct lowering *lowering)
{
	const struct ir_region *region = lowering->region;
	unsigned targets[MAX_TARGETS];
	bool changed;

	lowering->used = 0;
	memset(lowering->dirty_in, 0, region->count * sizeof(*lowering->dirty_in));
	do {
		changed = false;
		for (unsigned i = 0; i < region->count; i++) {
			const struct ir_block *block = &region->blocks[i];
			state_set dirty = lowering->dirty_in[i];

			for (unsigned j = 0; j < block->count; j++) {
				const struct ir_insn *insn = &block->insns[j];

				if (insn->dead)
					continue;
				if ((insn->op == IR_GET || insn->op == IR_SET) &&
				    is_cached(lowering, insn->state)) {
					lowering->used |= (state_set)1 << insn->state;
					if (insn->op == IR_SET)
						dirty |= (state_set)1 << insn->state;
				}
			}
			for (unsigned k = internal_targets(region, block, targets); k-- > 0;) {
				if (dirty & ~lowering->dirty_in[targets[k]]) {
					lowering->dirty_in[targets[k]] |= dirty;
					changed = true;
				}
			}
		}
	} while (changed);
}

static bool check_supported(const struct ir_region *region, struct error *error)
{
	unsigned entries = 0;

	for (unsigned i = 0; i < region->count; i++) {
		const struct ir_block *block = &region->blocks[i];

		entries += block->entry;
		for (unsigned j = 0; j < block->count; j++) {
			const struct ir_insn *insn = &block->insns[j];
			bool access = insn->op == IR_LOAD || insn->op == IR_STORE;

			if (!insn->dead && (insn->type == IR_F32 || insn->type == IR_F64 ||
					    (access && insn->type == IR_I64)))
				return error_set(error, "block va=%08x: %s.%s cannot be translated",
						 (unsigned)block->va, ir_op_info[insn->op].name,
						 ir_type_name(insn->type));
		}
	}
	if (!entries)
		return error_set(error, "a region without an entry cannot be translated");
	return true;
}

void region_section_name(char *name, size_t size, unsigned number)
{
	snprintf(name, size, ".text.region.%u", number);
}

void region_entry_name(char *name, size_t size, unsigned number, const struct ir_block *block)
{
	snprintf(name, size, "guest_%08x.%u", (unsigned)block->va, number);
}

/* A block that loads the states and enters a guest block. */
static void lower_entry(struct lowering *lowering, unsigned number)
{
	for (unsigned state = 0; state < IR_STATE_COUNT; state++) {
		if (lowering->used >> state & 1) {
			LLVMTypeRef type = lowered_type(lowering->types, ir_state_info[state].type);

			LLVMBuildStore(lowering->builder, load_cpu(lowering, type, state_offset(state)),
				       lowering->variables[state]);
		}
	}
	forget_pages(lowering);
	LLVMBuildBr(lowering->builder, lowering->heads[number]);
}

static void lower_entries(struct lowering *lowering, unsigned count)
{
	const struct ir_region *region = lowering->region;
	const struct types *types = lowering->types;
	LLVMValueRef dispatch = NULL;
	unsigned index = 0;

	for (unsigned i = 0; i < region->count; i++) {
		LLVMBasicBlockRef entry, here = LLVMGetInsertBlock(lowering->builder);
		LLVMValueRef function;
		char name[64];

		if (!region->blocks[i].entry)
			continue;
		if (count == 1) {
			lower_entry(lowering, i);
			return;
		}
		entry = new_block(lowering, "entry");
		/* The first one is the default, which saves its comparison. */
		if (!dispatch)
			dispatch = LLVMBuildSwitch(lowering->builder, LLVMGetParam(lowering->function, 3),
						   entry, count);
		else
			LLVMAddCase(dispatch, const32(lowering, index), entry);
		position(lowering, entry);
		lower_entry(lowering, i);

		region_entry_name(name, sizeof(name), lowering->number, &region->blocks[i]);
		function = add_function(types, lowering->module, name, types->region, CALL_PRESERVE_NONE);
		set_section(function, lowering->number);
		position(lowering, LLVMAppendBasicBlockInContext(lowering->context, function, ""));
		build_musttail(lowering->builder, types, lowering->function, LLVMGetParam(function, 0),
			       LLVMGetParam(function, 1), LLVMGetParam(function, 2),
			       const32(lowering, index++));
		position(lowering, here);
	}
}

/* The foot of all stairs, and what is common to all returns. */
static void lower_leave(struct lowering *lowering)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMValueRef exit, index, refund;

	position(lowering, lowering->leave_cold);
	exit = load_cpu(lowering, types->i32, offsetof(struct cpu, exit_reason));
	index =
	    LLVMBuildAnd(builder, LLVMBuildLShr(builder, exit, const32(lowering, EXIT_INDEX_SHIFT - 2), ""),
			 const32(lowering, EXIT_INDEX_MASK << 2), "");
	refund = LLVMBuildZExt(builder, LLVMBuildAnd(builder, exit, const32(lowering, EXIT_REFUND_MASK), ""),
			       types->i64, "");
	add_incoming(lowering, lowering->leave_pc, LLVMBuildAdd(builder, lowering->cold_va, index, ""));
	add_incoming(lowering, lowering->leave_budget,
		     LLVMBuildAdd(builder, lowering->cold_budget, refund, ""));
	add_incoming(lowering, lowering->leave_reason,
		     LLVMBuildLShr(builder, exit, const32(lowering, EXIT_REASON_SHIFT), ""));
	LLVMBuildBr(builder, lowering->leave);

	position(lowering, lowering->leave);
	store_cpu(lowering, lowering->leave_pc, offsetof(struct cpu, pc));
	store_cpu(lowering, lowering->leave_budget, offsetof(struct cpu, budget));
	store_cpu(lowering, lowering->leave_reason, offsetof(struct cpu, exit_reason));
	LLVMBuildRetVoid(builder);
}

static void lower_function(struct lowering *lowering)
{
	const struct ir_region *region = lowering->region;
	const struct types *types = lowering->types;
	LLVMBuilderRef builder = lowering->builder;
	unsigned entries = 0, first = 0;
	LLVMBasicBlockRef start;
	char name[64];

	for (unsigned i = region->count; i-- > 0;) {
		entries += region->blocks[i].entry;
		first = region->blocks[i].entry ? i : first;
	}
	if (entries == 1)
		region_entry_name(name, sizeof(name), lowering->number, &region->blocks[first]);
	else
		snprintf(name, sizeof(name), "region.%u", lowering->number);
	lowering->function = add_function(types, lowering->module, name, types->region, CALL_PRESERVE_NONE);
	set_section(lowering->function, lowering->number);
	if (lowering->links)
		links_function(lowering->links, lowering->function);
	if (entries > 1)
		LLVMSetLinkage(lowering->function, LLVMInternalLinkage);
	lowering->cpu = LLVMGetParam(lowering->function, 0);
	lowering->ram = LLVMGetParam(lowering->function, 1);

	start = new_block(lowering, "start");
	for (unsigned i = 0; i < region->count; i++) {
		snprintf(name, sizeof(name), "b_%08x", (unsigned)region->blocks[i].va);
		lowering->heads[i] = new_block(lowering, name);
	}
	lowering->leave = new_block(lowering, "leave");
	position(lowering, lowering->leave);
	lowering->leave_pc = LLVMBuildPhi(builder, types->i32, "");
	lowering->leave_budget = LLVMBuildPhi(builder, types->i64, "");
	lowering->leave_reason = LLVMBuildPhi(builder, types->i32, "");
	lowering->leave_cold = new_block(lowering, "leave_cold");
	position(lowering, lowering->leave_cold);
	lowering->cold_va = LLVMBuildPhi(builder, types->i32, "");
	lowering->cold_budget = LLVMBuildPhi(builder, types->i64, "");

	position(lowering, start);
	for (unsigned state = 0; state < IR_STATE_COUNT; state++) {
		if (lowering->used >> state & 1)
			lowering->variables[state] =
			    LLVMBuildAlloca(builder, lowered_type(types, ir_state_info[state].type),
					    ir_state_info[state].name);
	}
	make_page_variables(lowering);
	lowering->budget_variable = LLVMBuildAlloca(builder, types->i64, "budget");
	LLVMBuildStore(builder, LLVMGetParam(lowering->function, 2), lowering->budget_variable);
	lower_entries(lowering, entries);

	for (unsigned i = 0; i < region->count; i++)
		lower_block(lowering, i);
	lower_leave(lowering);
}

bool lower_region(struct backend_thread *thread, LLVMModuleRef module, const struct backend_region *region,
		  unsigned number, struct error *error)
{
	const struct ir_region *ir = region->ir;
	struct lowering lowering = {
	    .number = number,
	    .types = &thread->types,
	    .options = &thread->backend->options,
	    .context = thread->context,
	    .module = module,
	    .links = thread->links,
	    .region = ir,
	};
	unsigned longest = 0, *depths;

	if (!check_supported(ir, error))
		return false;
	for (unsigned i = 0; i < ir->count; i++)
		longest = ir->blocks[i].count > longest ? ir->blocks[i].count : longest;
	lowering.builder = LLVMCreateBuilderInContext(thread->context);
	lowering.heads = calloc(ir->count, sizeof(*lowering.heads));
	lowering.needed = calloc(ir->count, sizeof(*lowering.needed));
	lowering.dirty_in = calloc(ir->count, sizeof(*lowering.dirty_in));
	lowering.values = calloc(longest + 1, sizeof(*lowering.values));
	if (!lowering.heads || !lowering.needed || !lowering.dirty_in || !lowering.values)
		abort();
	depths = calloc(ir->count, sizeof(*depths));
	if (!depths)
		abort();
	find_loop_depths(ir, depths);
	choose_cached(&lowering, depths);
	choose_pages(&lowering, depths);
	free(depths);
	find_dirty(&lowering);
	find_needed(&lowering);
	lower_function(&lowering);
	LLVMDisposeBuilder(lowering.builder);
	free(lowering.heads);
	free(lowering.dirty_in);
	free(lowering.needed);
	free(lowering.values);
	return true;
}

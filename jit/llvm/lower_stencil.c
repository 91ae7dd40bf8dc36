/* From a group of operations to a stencil: the same lowering as for regions, with holes for what differs between
 * instructions, all states in memory, and tail calls to what follows. make_stencils uses this at build time; regions have the
 * holes alone. */
#include "jit/llvm/stencil_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const stencil_common_names[STENCIL_COMMON_COUNT] = {
#define COMMON(name, symbol, description) [STENCIL_##name] = symbol,
    STENCIL_COMMON(COMMON)
#undef COMMON
};

/* A hole is the address of a symbol that is nowhere defined; who resolves it is jit/emit.c. Those that are numbers can be any of
 * 32 bits. Regions have holes for slots only, whose numbers are not that large (jit/code_image.h). */
static LLVMValueRef hole_symbol(struct lowering *lowering, enum hole kind, unsigned op)
{
	const struct types *types = lowering->types;
	char name[32];

	snprintf(name, sizeof(name), STENCIL_HOLE_NAME, (unsigned)kind, op);
	LLVMValueRef symbol = LLVMGetNamedGlobal(lowering->module, name);
	if (symbol)
		return symbol;
	symbol = LLVMAddGlobal(lowering->module, types->i8, name);
	LLVMSetVisibility(symbol, LLVMHiddenVisibility);
	if (!hole_is_relative(kind)) {
		uint64_t end = (uint64_t)1 << (lowering->group ? 32 : 31);
		unsigned key = LLVMGetMDKindIDInContext(lowering->context, "absolute_symbol", 15);
		LLVMMetadataRef range[] = {
		    LLVMValueAsMetadata(LLVMConstInt(types->i64, 0, false)),
		    LLVMValueAsMetadata(LLVMConstInt(types->i64, end, false)),
		};

		LLVMGlobalSetMetadata(symbol, key, LLVMMDNodeInContext2(lowering->context, range, 2));
	}
	return symbol;
}

static LLVMValueRef symbol_plus(struct lowering *lowering, enum hole kind, unsigned op, int32_t addend)
{
	LLVMValueRef offset = LLVMConstInt(lowering->types->i64, (uint64_t)(int64_t)addend, true);

	return LLVMConstGEP2(lowering->types->i8, hole_symbol(lowering, kind, op), &offset, 1);
}

LLVMValueRef hole_address(struct lowering *lowering, enum hole kind, int32_t addend)
{
	return symbol_plus(lowering, kind, 0, addend);
}

LLVMValueRef hole64(struct lowering *lowering, enum hole kind, unsigned op, int32_t addend)
{
	return LLVMConstPtrToInt(symbol_plus(lowering, kind, op, addend), lowering->types->i64);
}

LLVMValueRef hole32(struct lowering *lowering, enum hole kind, unsigned op, int32_t addend)
{
	return LLVMConstTrunc(hole64(lowering, kind, op, addend), lowering->types->i32);
}

unsigned group_index(const struct lowering *lowering, ir_value value)
{
	unsigned i = 0;

	while (lowering->group->ops[i] != value)
		i++;
	return i;
}

/* A function of translated code's signature. */
static LLVMValueRef code_named(struct lowering *lowering, const char *name)
{
	LLVMValueRef function = LLVMGetNamedFunction(lowering->module, name);

	return function ? function
			: add_function(lowering->types, lowering->module, name, lowering->types->region,
				       CALL_PRESERVE_NONE);
}

void stencil_leave(struct lowering *lowering, enum stencil_common how, LLVMValueRef budget, LLVMValueRef pc)
{
	build_musttail(lowering->builder, lowering->types, code_named(lowering, stencil_common_names[how]),
		       lowering->cpu, lowering->ram, budget, pc);
}

LLVMBasicBlockRef stencil_exit_before(struct lowering *lowering, struct ir_time time)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(lowering->builder), block = new_block(lowering, "cold");
	int back = time.delay_slot;
	LLVMValueRef refund = hole64(lowering, HOLE_REFUND, lowering->op, back);

	position(lowering, block);
	stencil_leave(lowering, STENCIL_LEAVE_BEFORE,
		      LLVMBuildAdd(lowering->builder, lowering->budget, refund, ""),
		      hole32(lowering, HOLE_PC, lowering->op, -4 * back));
	position(lowering, here);
	return block;
}

/* Registers as stubs.c wants them. What is not named here stays: the function called is none of LLVM's calls, so that the
 * stencil needs no stack frame and no place for a status. */
LLVMValueRef stencil_call(struct lowering *lowering, enum thunk thunk, LLVMValueRef *operands, unsigned count,
			  uint32_t argument, struct ir_time time)
{
	static const char constraints[] =
	    "={eax},={edi},={esi},={edx},={ecx},{r12},{r13},{r14},{eax},{edi},{esi},{edx},{ecx},"
	    "~{xmm0},~{xmm1},~{xmm2},~{xmm3},~{xmm4},~{xmm5},~{xmm6},~{xmm7},~{xmm8},"
	    "~{xmm9},~{xmm10},~{xmm11},~{xmm12},~{xmm13},~{xmm14},~{xmm15},~{memory},~{dirflag},~{fpsr},~{"
	    "flags}";
	const struct types *types = lowering->types;
	LLVMTypeRef i32 = types->i32, results[] = {i32, i32, i32, i32, i32};
	LLVMTypeRef parameters[] = {types->pointer, types->pointer, types->i64, i32, i32, i32, i32, i32};
	LLVMTypeRef type = LLVMFunctionType(LLVMStructTypeInContext(lowering->context, results, 5, false),
					    parameters, 8, false);
	LLVMValueRef arguments[8] = {lowering->cpu, lowering->ram, lowering->budget,
				     hole32(lowering, HOLE_PC, lowering->op, 0)};
	char text[64];

	if (time.delay_slot)
		argument |= PACKED_DELAY_SLOT;
	arguments[4] = hole32(lowering, HOLE_PACKED, lowering->op, (int32_t)argument);
	for (unsigned i = 0; i < 3; i++)
		arguments[5 + i] = i < count ? operands[i] : LLVMGetUndef(i32);
	int length = snprintf(text, sizeof(text), "call %s",
			      stencil_common_names[STENCIL_LOAD_OR_LEAVE + (unsigned)thunk]);
	LLVMValueRef code = LLVMGetInlineAsm(type, text, (size_t)length, constraints, sizeof(constraints) - 1,
					     true, false, LLVMInlineAsmDialectATT, false);
	return LLVMBuildExtractValue(lowering->builder,
				     LLVMBuildCall2(lowering->builder, type, code, arguments, 8, ""), 0, "");
}

static void open_stencil(struct lowering *lowering, const char *name)
{
	lowering->function = add_function(lowering->types, lowering->module, name, lowering->types->region,
					  CALL_PRESERVE_NONE);
	lowering->cpu = LLVMGetParam(lowering->function, 0);
	lowering->ram = LLVMGetParam(lowering->function, 1);
	lowering->budget = LLVMGetParam(lowering->function, 2);
	lowering->builder = LLVMCreateBuilderInContext(lowering->context);
	/* What is called by stencil_call uses the stack below. */
	unsigned no_red_zone = LLVMGetEnumAttributeKindForName("noredzone", strlen("noredzone"));
	LLVMAddAttributeAtIndex(lowering->function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(lowering->context, no_red_zone, 0));
	position(lowering, new_block(lowering, "start"));
}

static void go_on(struct lowering *lowering, LLVMValueRef argument)
{
	build_musttail(lowering->builder, lowering->types, code_named(lowering, STENCIL_NEXT_NAME),
		       lowering->cpu, lowering->ram, lowering->budget, argument);
}

void lower_stencil(const struct types *types, LLVMContextRef context, LLVMModuleRef module,
		   struct ir_mode mode, const struct stencil_group *group, const char *name)
{
	const struct ir_block *block = group->block;
	const struct ir_region region = {.mode = mode};
	struct lowering lowering = {
	    .types = types,
	    .context = context,
	    .module = module,
	    .region = &region,
	    .block = block,
	    .group = group,
	    .values = calloc(block->count, sizeof(LLVMValueRef)),
	};

	if (!lowering.values)
		abort();
	open_stencil(&lowering, name);
	LLVMValueRef argument = LLVMGetParam(lowering.function, 3);
	if (group->input != IR_NO_VALUE)
		lowering.values[group->input] =
		    ir_type_of(block, group->input) == IR_I1
			? LLVMBuildICmp(lowering.builder, LLVMIntNE, argument, const32(&lowering, 0), "")
			: argument;
	for (unsigned i = 0; i < group->count; i++) {
		lowering.op = i;
		lowering.values[group->ops[i]] = lower_insn(&lowering, &block->insns[group->ops[i]]);
	}
	if (group->output != IR_NO_VALUE)
		argument = LLVMBuildZExt(lowering.builder, lowering.values[group->output], types->i32, "");
	if (ir_op_info[block->insns[group->ops[group->count - 1]].op].effect != IR_EFFECT_END)
		go_on(&lowering, argument);
	LLVMDisposeBuilder(lowering.builder);
	free(lowering.values);
}

void lower_head(const struct types *types, LLVMContextRef context, LLVMModuleRef module, unsigned spare,
		const char *name)
{
	static const struct stencil_group none;
	struct lowering lowering = {.types = types, .context = context, .module = module, .group = &none};
	LLVMBasicBlockRef leave, paid, go;
	LLVMValueRef countdown, left;

	open_stencil(&lowering, name);
	leave = new_block(&lowering, "leave");
	paid = new_block(&lowering, "paid");
	go = new_block(&lowering, "go");
	lowering.budget =
	    LLVMBuildSub(lowering.builder, lowering.budget, hole64(&lowering, HOLE_COST, 0, 0), "");
	branch_rarely(&lowering,
		      LLVMBuildICmp(lowering.builder, LLVMIntSLT, lowering.budget,
				    LLVMConstInt(types->i64, spare, false), ""),
		      leave, paid);

	position(&lowering, paid);
	countdown = hole_address(&lowering, HOLE_COUNTDOWN, 0);
	left = LLVMBuildSub(lowering.builder, LLVMBuildLoad2(lowering.builder, types->i32, countdown, ""),
			    const32(&lowering, 1), "");
	LLVMBuildStore(lowering.builder, left, countdown);
	branch_rarely(&lowering, LLVMBuildICmp(lowering.builder, LLVMIntEQ, left, const32(&lowering, 0), ""),
		      leave, go);

	/* Both ways out are one; the countdown tells which it was. The cost's second hole keeps LLVM from using the budget
	 * of before, which would take an instruction where the block goes on. */
	position(&lowering, leave);
	stencil_leave(&lowering, STENCIL_LEAVE_HEAD,
		      LLVMBuildAdd(lowering.builder, lowering.budget, hole64(&lowering, HOLE_COST, 1, 0), ""),
		      hole32(&lowering, HOLE_PC, 0, 0));
	position(&lowering, go);
	go_on(&lowering, LLVMGetParam(lowering.function, 3));
	LLVMDisposeBuilder(lowering.builder);
}

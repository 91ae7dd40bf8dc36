/* Guest memory accesses: a fast path inline, and a helper called out of line that joins it again unless it
 * wants to leave. Guest accesses are volatile, so that LLVM neither removes, repeats nor reorders them. */
#include "jit/llvm/lower_internal.h"

#include <string.h>

#include "runtime/cpu/cpu.h"
#include "runtime/core/planted.h"

/* One access under way. */
struct guest_access {
	LLVMValueRef va;
	LLVMValueRef host; /* its host address, for the fast path */
	struct ir_time time;
	/* NULL if the region leaves before what is not fast: */
	LLVMBasicBlockRef slow; /* calls the helper */
	LLVMBasicBlockRef done; /* where both paths meet */
	unsigned size;		/* 1, 2 or 4 */
	bool store, partial;	/* partial: SWL or SWR, of the word that va is in */
};

unsigned access_size(const struct ir_insn *insn)
{
	return insn->type == IR_I8 ? 1 : insn->type == IR_I16 ? 2 : 4;
}

/* Where an access goes that does not pass a test. */
static LLVMBasicBlockRef not_fast(struct lowering *lowering, const struct guest_access *access)
{
	return access->slow ? access->slow : exit_before(lowering, access->time);
}

/* The operand + a constant, with a constant addend of the operand's own folded in. */
static LLVMValueRef add_constant(struct lowering *lowering, ir_value operand, uint32_t constant)
{
	const struct ir_insn *insns = lowering->block->insns;
	const struct ir_insn *insn = &insns[operand];
	LLVMValueRef base = lowering->values[operand], addend;

	if (insn->op == IR_ADD && insns[insn->operands[1]].op == IR_CONST) {
		const struct ir_insn *own = &insns[insn->operands[1]];

		base = lowering->values[insn->operands[0]];
		if (lowering->group && own->parameter) {
			/* Nothing else is asked for: an addend of this size would not fold into the hole. */
			addend = hole32(lowering, constant ? HOLE_VALUE_IN_KSEG0 : HOLE_VALUE,
					group_index(lowering, insn->operands[1]), 0);
			return LLVMBuildAdd(lowering->builder, base, addend, "");
		}
		constant += (uint32_t)own->immediate;
	}
	return LLVMBuildAdd(lowering->builder, base, const32(lowering, constant), "");
}

LLVMValueRef intrinsic(struct lowering *lowering, const char *name, LLVMTypeRef type, LLVMValueRef *arguments,
		       unsigned count)
{
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
	LLVMValueRef function = LLVMGetIntrinsicDeclaration(lowering->module, id, &type, 1);

	return LLVMBuildCall2(lowering->builder, LLVMIntrinsicGetType(lowering->context, id, &type, 1),
			      function, arguments, count, "");
}

static LLVMValueRef guest_order(struct lowering *lowering, LLVMValueRef value, unsigned size)
{
	if (size == 1 || !lowering->region->mode.big_endian)
		return value;
	return intrinsic(lowering, "llvm.bswap", LLVMTypeOf(value), &value, 1);
}

LLVMValueRef rotate_right(struct lowering *lowering, LLVMValueRef value, unsigned bits)
{
	LLVMValueRef arguments[] = {value, value, const32(lowering, bits)};

	return bits ? intrinsic(lowering, "llvm.fshr", lowering->types->i32, arguments, 3) : value;
}

/* The fast path's tests in kernel mode; leaves the builder where the access is allowed. */
static void open_kernel(struct lowering *lowering, struct guest_access *access, ir_value operand)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMBasicBlockRef fast = new_block(lowering, "fast");
	LLVMValueRef offset = add_constant(lowering, operand, -KSEG0_BASE), index, inside;
	/* Here, next to the addition, it takes no instruction of its own. */
	LLVMValueRef wide = LLVMBuildZExt(builder, offset, types->i64, "");
	unsigned shift = access->partial || access->size == 1 ? 0 : access->size == 2 ? 1 : 2;

	index = rotate_right(lowering, offset, shift);
	inside = LLVMBuildICmp(builder, LLVMIntUGE, index, ram_limit(lowering, shift), "");
	branch_rarely(lowering, inside, not_fast(lowering, access), fast);
	position(lowering, fast);

	if (access->store) {
		LLVMBasicBlockRef plain = new_block(lowering, "plain");
		LLVMValueRef granule =
		    LLVMBuildLShr(builder, index, const32(lowering, CODE_GRANULE_SHIFT - shift), "");
		LLVMValueRef mark;

		granule = LLVMBuildZExt(builder, granule, types->i64, "");
		mark = LLVMBuildInBoundsGEP2(builder, types->i8, code_marks(lowering), &granule, 1, "");
		mark = LLVMBuildLoad2(builder, types->i8, mark, "");
		branch_rarely(lowering,
			      LLVMBuildICmp(builder, LLVMIntNE, mark, LLVMConstInt(types->i8, 0, false), ""),
			      not_fast(lowering, access), plain);
		position(lowering, plain);
	}
	if (access->partial)
		wide = LLVMBuildAnd(builder, wide, LLVMConstInt(types->i64, ~3u, false), "");
	access->host = LLVMBuildInBoundsGEP2(builder, types->i8, lowering->ram, &wide, 1, "");
}

/* What makes a host address of a guest's, from the page's entry in the soft TLB after its test. */
static LLVMValueRef look_up(struct lowering *lowering, const struct guest_access *access,
			    const struct kept_page *page)
{
	LLVMBasicBlockRef found = new_block(lowering, "found");
	LLVMValueRef entry = soft_tlb_entry(lowering, SOFT_TLB_USER, access->va);
	LLVMValueRef tag = soft_tlb_tag(lowering, entry, access->store);
	LLVMValueRef misses = soft_tlb_misses(lowering, tag, access->va, access->partial ? 1 : access->size);

	branch_rarely(lowering, misses, not_fast(lowering, access), found);
	position(lowering, found);
	return use_entry(lowering, page, access->va, entry, access->store);
}

static void open_user(struct lowering *lowering, struct guest_access *access, ir_value operand)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	const struct kept_page *page = access->slow ? NULL : kept_page_of(lowering, operand);
	LLVMValueRef wide = LLVMBuildZExt(builder, access->va, types->i64, ""), addend;

	if (page) {
		LLVMBasicBlockRef other = new_block(lowering, "other"), same = new_block(lowering, "same");

		branch_rarely(
		    lowering,
		    is_in_other_page(lowering, page, access->va, access->partial ? 1 : access->size), other,
		    same);
		position(lowering, other);
		look_up(lowering, access, page);
		LLVMBuildBr(builder, same);
		position(lowering, same);
		addend = LLVMBuildLoad2(builder, types->i64, page->addend, "");
	} else {
		addend = look_up(lowering, access, NULL);
	}
	if (access->partial)
		wide = LLVMBuildAnd(builder, wide, LLVMConstInt(types->i64, ~3u, false), "");
	access->host =
	    LLVMBuildIntToPtr(builder, LLVMBuildAdd(builder, addend, wide, ""), types->pointer, "");
}

LLVMValueRef ram_limit(struct lowering *lowering, unsigned shift)
{
	static const enum hole holes[] = {HOLE_RAM_BYTES, HOLE_RAM_HALVES, HOLE_RAM_WORDS};

	return lowering->group ? hole32(lowering, holes[shift], 0, 0)
			       : const32(lowering, lowering->options->ram_size >> shift);
}

LLVMValueRef code_marks(struct lowering *lowering)
{
	LLVMValueRef offset =
	    lowering->group ? hole64(lowering, HOLE_CODE_MAP, 0, 0)
			    : LLVMConstInt(lowering->types->i64, lowering->options->code_map_offset, false);

	return LLVMBuildInBoundsGEP2(lowering->builder, lowering->types->i8, lowering->ram, &offset, 1, "");
}

static struct guest_access open_access(struct lowering *lowering, const struct ir_insn *insn)
{
	struct guest_access access = {
	    .size = access_size(insn),
	    .store = insn->op != IR_LOAD,
	    .partial = insn->op == IR_STORE_LEFT || insn->op == IR_STORE_RIGHT,
	    .va = lowering->values[insn->operands[0]],
	    .time = insn->time,
	};

	if (lowering->group || lowering->block->accesses == IR_SLOW) {
		access.slow = new_block(lowering, "slow");
		access.done = new_block(lowering, "done");
	}

	if (lowering->region->mode.user)
		open_user(lowering, &access, insn->operands[0]);
	else
		open_kernel(lowering, &access, insn->operands[0]);
	return access;
}

static LLVMValueRef load_direct(struct lowering *lowering, LLVMTypeRef type, LLVMValueRef host, unsigned size)
{
	LLVMValueRef value = LLVMBuildLoad2(lowering->builder, type, host, "");

	LLVMSetVolatile(value, true);
	LLVMSetAlignment(value, size);
	return guest_order(lowering, value, size);
}

static void store_direct(struct lowering *lowering, LLVMValueRef value, LLVMValueRef host, unsigned size)
{
	LLVMValueRef store = LLVMBuildStore(lowering->builder, guest_order(lowering, value, size), host);

	LLVMSetVolatile(store, true);
	LLVMSetAlignment(store, size);
}

static uint32_t access_flags(const struct lowering *lowering, const struct guest_access *access,
			     const struct ir_insn *insn)
{
	uint32_t flags = access->size;

	if (insn->op == IR_STORE_LEFT)
		flags |= ACCESS_LEFT;
	if (insn->op == IR_STORE_RIGHT)
		flags |= ACCESS_RIGHT;
	if (insn->time.delay_slot)
		flags |= ACCESS_DELAY_SLOT;
	if (lowering->region->mode.user)
		flags |= ACCESS_USER;
	return flags;
}

/* In the slow block the address is computed anew, so that the fast path need not have it. */
static LLVMValueRef slow_address(struct lowering *lowering, const struct guest_access *access,
				 const struct ir_insn *insn)
{
	return lowering->region->mode.user ? access->va : add_constant(lowering, insn->operands[0], 0);
}

/* How the values of a narrow load are used: extended in one way, as the guest's loads do, or IR_CONST. Then it is extended
 * where it is loaded, by the host's load. */
static enum ir_op extension_of(const struct ir_block *block, const struct ir_insn *load)
{
	ir_value value = (ir_value)(load - block->insns);
	enum ir_op extension = IR_CONST;

	for (unsigned i = value + 1u; i < block->count; i++) {
		const struct ir_insn *user = &block->insns[i];

		for (unsigned k = 0; k < 3 && !user->dead; k++) {
			if (user->operands[k] != value)
				continue;
			if ((user->op != IR_ZEXT && user->op != IR_SEXT) || user->type != IR_I32 ||
			    (extension != IR_CONST && user->op != extension))
				return IR_CONST;
			extension = user->op;
		}
	}
	return extension;
}

static LLVMValueRef extend(struct lowering *lowering, enum ir_op extension, LLVMValueRef value)
{
	LLVMTypeRef type = lowering->types->i32;

	return extension == IR_SEXT   ? LLVMBuildSExt(lowering->builder, value, type, "")
	       : extension == IR_ZEXT ? LLVMBuildZExt(lowering->builder, value, type, "")
				      : value;
}

/* A load with its extension. Halfwords of the other byte order are swapped as words: what writes 16 bits of a host register
 * waits for what was in it before. */
static LLVMValueRef load_extended(struct lowering *lowering, LLVMTypeRef type, LLVMValueRef host,
				  unsigned size, enum ir_op extension)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef value;

	if (extension == IR_CONST || size != 2 || !lowering->region->mode.big_endian)
		return extend(lowering, extension, load_direct(lowering, type, host, size));
	value = LLVMBuildLoad2(builder, type, host, "");
	LLVMSetVolatile(value, true);
	LLVMSetAlignment(value, size);
	value = guest_order(lowering, LLVMBuildZExt(builder, value, lowering->types->i32, ""), 4);
	return extension == IR_SEXT ? LLVMBuildAShr(builder, value, const32(lowering, 16), "")
				    : LLVMBuildLShr(builder, value, const32(lowering, 16), "");
}

LLVMValueRef lower_load(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMTypeRef type = lowered_type(types, insn->type);
	LLVMValueRef incoming[2], value, host = cluster_access(lowering, insn);
	unsigned size = access_size(insn);
	enum ir_op extension = lowering->group || size == 4 ? IR_CONST : extension_of(lowering->block, insn);
	LLVMBasicBlockRef from[2];

	if (host)
		return load_extended(lowering, type, host, size, extension);
	struct guest_access access = open_access(lowering, insn);
	incoming[0] = load_extended(lowering, type, access.host, size, extension);
	if (!access.slow)
		return incoming[0];
	from[0] = LLVMGetInsertBlock(builder);
	LLVMBuildBr(builder, access.done);

	position(lowering, access.slow);
	value = slow_address(lowering, &access, insn);
	value = call_helper(lowering, THUNK_LOAD, &value, 1, access_flags(lowering, &access, insn), false,
			    insn->time, access.done);
	LLVMPositionBuilderBefore(builder, LLVMGetBasicBlockTerminator(access.slow));
	incoming[1] = extend(lowering, extension, LLVMBuildTrunc(builder, value, type, ""));
	from[1] = access.slow;

	position(lowering, access.done);
	value = LLVMBuildPhi(builder, LLVMTypeOf(incoming[0]), "");
	LLVMAddIncoming(value, incoming, from, 2);
	return value;
}

/* The word after SWL or SWR: bytes of the value, the rest as it was. */
static LLVMValueRef merge_partial(struct lowering *lowering, const struct guest_access *access,
				  const struct ir_insn *insn, LLVMValueRef value)
{
	LLVMBuilderRef builder = lowering->builder;
	bool left = insn->op == IR_STORE_LEFT;
	LLVMValueRef old = LLVMBuildLoad2(builder, lowering->types->i32, access->host, "");
	LLVMValueRef mask = const32(lowering, UINT32_MAX), shift = access->va;

	LLVMSetVolatile(old, true);
	old = guest_order(lowering, old, 4);
	/* Bytes between va and the end of the word that the value's bytes move towards. */
	if (left != lowering->region->mode.big_endian)
		shift = LLVMBuildXor(builder, shift, const32(lowering, 3), "");
	shift = LLVMBuildAnd(builder, LLVMBuildShl(builder, shift, const32(lowering, 3), ""),
			     const32(lowering, 24), "");
	if (left) {
		value = LLVMBuildLShr(builder, value, shift, "");
		mask = LLVMBuildLShr(builder, mask, shift, "");
	} else {
		value = LLVMBuildShl(builder, value, shift, "");
		mask = LLVMBuildShl(builder, mask, shift, "");
	}
	if (left || !planted(BUG_UNALIGNED))
		mask = LLVMBuildXor(builder, mask, const32(lowering, UINT32_MAX), "");
	return LLVMBuildOr(builder, LLVMBuildAnd(builder, old, mask, ""), value, "");
}

void lower_store(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMValueRef value = lowering->values[insn->operands[1]];
	LLVMValueRef host = cluster_access(lowering, insn);

	if (host) {
		store_direct(lowering, value, host, access_size(insn));
		return;
	}
	struct guest_access access = open_access(lowering, insn);
	store_direct(lowering, access.partial ? merge_partial(lowering, &access, insn, value) : value,
		     access.host, access.size);
	if (!access.slow)
		return;
	LLVMBuildBr(builder, access.done);

	position(lowering, access.slow);
	if (access.size < 4)
		value = LLVMBuildZExt(builder, value, types->i32, "");
	call_helper(lowering, THUNK_STORE, (LLVMValueRef[]){slow_address(lowering, &access, insn), value}, 2,
		    access_flags(lowering, &access, insn), !lowering->region->mode.user, insn->time,
		    access.done);
	position(lowering, access.done);
}

void lower_probe(struct lowering *lowering, const struct ir_insn *insn)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMValueRef va = lowering->values[insn->operands[0]];
	LLVMBasicBlockRef slow = new_block(lowering, "slow"), done = new_block(lowering, "done");
	LLVMValueRef entry = soft_tlb_entry(lowering, SOFT_TLB_USER_CODE, va);
	LLVMValueRef tag = LLVMBuildLoad2(
	    builder, types->i32,
	    build_offset(builder, types, entry, offsetof(struct soft_tlb_entry, read_tag)), "");

	branch_rarely(lowering, soft_tlb_misses(lowering, tag, va, 1), slow, done);
	position(lowering, slow);
	call_helper(lowering, THUNK_PROBE, &va, 1, ACCESS_FETCH, false, insn->time, done);
	position(lowering, done);
}

/* Accesses of a block at constants from the same value, tested together: the fields of a structure, a few elements of an array,
 * the registers that a function saves. Testing each of them costs most of such a block's code and of the time to compile it.
 * Where one of them could not be accessed directly, the region is left before the first, and the interpreter executes the block.
 *
 * RAM has no borders within; user code comes to the end of a page now and then. What happens too often is noticed (jit/slow.c):
 * then the block's accesses are tested one by one. */
#include "jit/llvm/lower_internal.h"

#include <assert.h>

#include "runtime/cpu/cpu.h"

#define MAX_SPAN       128 /* bytes, with stores: two granules of the code map cover it */
#define MAX_LOADS_SPAN 1024
#define MIN_COUNT      2 /* accesses */
#define USER_MIN_COUNT 3 /* the test of a page takes more */

_Static_assert(MAX_SPAN <= 1 << CODE_GRANULE_SHIFT, "two granules cover it");
_Static_assert(MAX_LOADS_SPAN <= PAGE_SIZE, "no RAM is smaller");

/* The address of an access as a value and a constant; false if it is no access. */
static bool find_base(const struct lowering *lowering, const struct ir_insn *insn, ir_value *base,
		      uint32_t *constant)
{
	const struct ir_insn *insns = lowering->block->insns;

	if (insn->dead || (insn->op != IR_LOAD && insn->op != IR_STORE))
		return false;
	*constant = 0;
	for (*base = insn->operands[0]; insns[*base].op == IR_ADD; *base = insns[*base].operands[0]) {
		const struct ir_insn *addend = &insns[insns[*base].operands[1]];

		if (addend->op != IR_CONST)
			break;
		*constant += (uint32_t)addend->immediate;
	}
	return true;
}

static struct cluster *cluster_of(struct lowering *lowering, ir_value base)
{
	for (unsigned i = 0; i < lowering->cluster_count; i++)
		if (lowering->clusters[i].base == base)
			return &lowering->clusters[i];
	return NULL;
}

/* Whether an access can be part of a cluster: near its anchor, and aligned if the anchor is; and its distance from there. */
static bool is_near(const struct cluster *cluster, uint32_t constant, unsigned size, int32_t *distance)
{
	*distance = (int32_t)(constant - cluster->anchor);
	return *distance > -MAX_LOADS_SPAN && *distance < MAX_LOADS_SPAN &&
	       ((uint32_t)*distance & (size - 1)) == 0;
}

/* The cluster that an access is part of, and its distance from the anchor; NULL: it is part of none. */
static struct cluster *cluster_with(struct lowering *lowering, const struct ir_insn *insn, int32_t *distance)
{
	struct cluster *cluster;
	uint32_t constant;
	ir_value base;

	if (!find_base(lowering, insn, &base, &constant))
		return NULL;
	cluster = cluster_of(lowering, base);
	return cluster && is_near(cluster, constant, access_size(insn), distance) ? cluster : NULL;
}

/* The clusters with their largest accesses, which are their anchors. */
static void find_anchors(struct lowering *lowering)
{
	for (unsigned i = 0; i < lowering->block->count; i++) {
		const struct ir_insn *insn = &lowering->block->insns[i];
		struct cluster *cluster;
		uint32_t constant;
		ir_value base;

		if (!find_base(lowering, insn, &base, &constant))
			continue;
		cluster = cluster_of(lowering, base);
		if (!cluster) {
			if (lowering->cluster_count == MAX_CLUSTERS)
				continue;
			cluster = &lowering->clusters[lowering->cluster_count++];
			*cluster = (struct cluster){.base = base};
		}
		if (access_size(insn) > cluster->size) {
			cluster->size = access_size(insn);
			cluster->anchor = constant;
		}
	}
}

/* Where the clusters begin and end. */
static void find_spans(struct lowering *lowering)
{
	for (unsigned i = 0; i < lowering->block->count; i++) {
		const struct ir_insn *insn = &lowering->block->insns[i];
		int32_t distance;
		struct cluster *cluster = cluster_with(lowering, insn, &distance);

		if (!cluster)
			continue;
		int32_t end = distance + (int32_t)access_size(insn);
		while (distance < cluster->low)
			cluster->low -= cluster->size; /* stays aligned */
		cluster->end = end > cluster->end ? end : cluster->end;
		cluster->stores |= insn->op == IR_STORE;
		cluster->count++;
	}
}

static uint32_t span_of(const struct cluster *cluster)
{
	return (uint32_t)(cluster->end - cluster->low);
}

void find_clusters(struct lowering *lowering)
{
	bool user = lowering->region->mode.user;

	lowering->cluster_count = 0;
	if (lowering->block->accesses != IR_TOGETHER)
		return;
	find_anchors(lowering);
	find_spans(lowering);
	for (unsigned i = 0; i < lowering->cluster_count; i++) {
		struct cluster *cluster = &lowering->clusters[i];
		uint32_t longest = cluster->stores || user ? MAX_SPAN : MAX_LOADS_SPAN;

		if (cluster->count < (user ? USER_MIN_COUNT : MIN_COUNT) || span_of(cluster) > longest)
			cluster->base = IR_NO_VALUE;
	}
}

/* The guest address of its first byte, plus a constant. */
static LLVMValueRef first_plus(struct lowering *lowering, const struct cluster *cluster, uint32_t constant)
{
	return LLVMBuildAdd(lowering->builder, lowering->values[cluster->base],
			    const32(lowering, cluster->anchor + (uint32_t)cluster->low + constant), "");
}

static void leave_unless(struct lowering *lowering, LLVMValueRef condition, struct ir_time time)
{
	LLVMBasicBlockRef stay = new_block(lowering, "cluster");

	branch_rarely(lowering, LLVMBuildNot(lowering->builder, condition, ""), exit_before(lowering, time),
		      stay);
	position(lowering, stay);
}

static LLVMValueRef code_mark(struct lowering *lowering, LLVMValueRef offset)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMValueRef granule = LLVMBuildLShr(builder, offset, const32(lowering, CODE_GRANULE_SHIFT), "");

	granule = LLVMBuildZExt(builder, granule, lowering->types->i64, "");
	return LLVMBuildLoad2(
	    builder, lowering->types->i8,
	    LLVMBuildInBoundsGEP2(builder, lowering->types->i8, code_marks(lowering), &granule, 1, ""), "");
}

static void test_in_kernel(struct lowering *lowering, struct cluster *cluster, struct ir_time time)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	LLVMValueRef offset = first_plus(lowering, cluster, -KSEG0_BASE);
	unsigned shift = cluster->size == 1 ? 0 : cluster->size == 2 ? 1 : 2;
	uint32_t last_start = lowering->options->ram_size - span_of(cluster);
	LLVMValueRef index = rotate_right(lowering, offset, shift);

	leave_unless(lowering,
		     LLVMBuildICmp(builder, LLVMIntULE, index, const32(lowering, last_start >> shift), ""),
		     time);
	if (cluster->stores) {
		LLVMValueRef last =
		    LLVMBuildAdd(builder, offset, const32(lowering, span_of(cluster) - 1), "");
		LLVMValueRef marks =
		    LLVMBuildOr(builder, code_mark(lowering, offset), code_mark(lowering, last), "");

		leave_unless(lowering,
			     LLVMBuildICmp(builder, LLVMIntEQ, marks, LLVMConstInt(types->i8, 0, false), ""),
			     time);
	}
	offset = LLVMBuildZExt(builder, offset, types->i64, "");
	cluster->host = LLVMBuildInBoundsGEP2(builder, types->i8, lowering->ram, &offset, 1, "");
}

/* What makes host addresses of the cluster's, from the soft TLB. */
static LLVMValueRef look_up_cluster(struct lowering *lowering, const struct cluster *cluster,
				    LLVMValueRef first, const struct kept_page *page, struct ir_time time)
{
	LLVMBuilderRef builder = lowering->builder;
	LLVMBasicBlockRef slow = new_block(lowering, "slow"), found = new_block(lowering, "found");
	LLVMValueRef last = first_plus(lowering, cluster, span_of(cluster) - 1);
	LLVMValueRef entry = soft_tlb_entry(lowering, SOFT_TLB_USER, first), pages;

	/* All in one page, and aligned. */
	pages = LLVMBuildXor(builder, first, last, "");
	pages = LLVMBuildAnd(builder, pages, const32(lowering, PAGE_MASK), "");
	pages = LLVMBuildOr(builder, pages,
			    LLVMBuildAnd(builder, first, const32(lowering, cluster->size - 1u), ""), "");
	leave_unless(lowering, LLVMBuildICmp(builder, LLVMIntEQ, pages, const32(lowering, 0), ""), time);

	branch_rarely(
	    lowering,
	    soft_tlb_misses(lowering, soft_tlb_tag(lowering, entry, cluster->stores), first, cluster->size),
	    slow, found);
	position(lowering, slow);
	call_helper(lowering, THUNK_PROBE, &first, 1, cluster->stores ? ACCESS_STORE : ACCESS_LOAD, false,
		    time, found);

	position(lowering, found);
	return use_entry(lowering, page, first, entry, cluster->stores);
}

static void test_in_user(struct lowering *lowering, struct cluster *cluster, struct ir_time time)
{
	LLVMBuilderRef builder = lowering->builder;
	const struct types *types = lowering->types;
	const struct kept_page *page = kept_page_of(lowering, cluster->base);
	LLVMValueRef first = first_plus(lowering, cluster, 0), addend;

	if (page && (page->stores || !cluster->stores)) {
		LLVMBasicBlockRef other = new_block(lowering, "other"), same = new_block(lowering, "same");
		LLVMValueRef last = first_plus(lowering, cluster, span_of(cluster) - 1);

		branch_rarely(lowering,
			      LLVMBuildOr(builder, is_in_other_page(lowering, page, first, cluster->size),
					  is_in_other_page(lowering, page, last, 1), ""),
			      other, same);
		position(lowering, other);
		look_up_cluster(lowering, cluster, first, page, time);
		LLVMBuildBr(builder, same);
		position(lowering, same);
		addend = LLVMBuildLoad2(builder, types->i64, page->addend, "");
	} else {
		addend = look_up_cluster(lowering, cluster, first, NULL, time);
	}
	first = LLVMBuildAdd(builder, addend, LLVMBuildZExt(builder, first, types->i64, ""), "");
	cluster->host = LLVMBuildIntToPtr(builder, first, types->pointer, "");
}

LLVMValueRef cluster_access(struct lowering *lowering, const struct ir_insn *insn)
{
	int32_t distance;
	struct cluster *cluster = cluster_with(lowering, insn, &distance);

	if (!cluster)
		return NULL;
	assert(distance >= cluster->low && distance + (int32_t)access_size(insn) <= cluster->end);
	if (!cluster->host) {
		if (lowering->region->mode.user)
			test_in_user(lowering, cluster, insn->time);
		else
			test_in_kernel(lowering, cluster, insn->time);
	}
	return build_offset(lowering->builder, lowering->types, cluster->host,
			    (size_t)(distance - cluster->low));
}

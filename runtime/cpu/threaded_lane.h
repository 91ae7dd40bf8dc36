/* A processor that executes decoded code as one of several, cycle by cycle (threaded_turns.c) or a little ahead of the others
 * (threaded_ahead.c). */
#ifndef JIT161_RUNTIME_CPU_THREADED_LANE_H
#define JIT161_RUNTIME_CPU_THREADED_LANE_H

#include <assert.h>

#include "runtime/cpu/threaded_internal.h"

#define MAX_LANES      32
#define LONGEST_WINDOW 64 /* cycles that lanes run ahead */
#define FOR_MIPS32     0  /* no machine has several of them */
#define FOR_BIG_ENDIAN 1

struct lane {
	struct cpu *cpu;
	bool inside; /* executing decoded code; else the processor's own state counts */
	bool in_slot;
	bool user;
	uint32_t page_va, target_page_va;
	uint32_t direct_size, asid;
	struct decoded_op *op;
	struct decoded_page *page, *target_page; /* targets: while in_slot */
	struct decoded_op *target;
	const struct soft_tlb_entry *data_tlb;
};

static inline void lane_enter(struct lane *lane)
{
	struct cpu *cpu = lane->cpu;

	lane->in_slot = false;
	lane->inside = threaded_may_enter(cpu);
	if (!lane->inside) {
		lane->op = &cpu->threaded->outside;
		return;
	}
	lane->user = cpu_user_mode(cpu);
	lane->page_va = cpu->pc & PAGE_MASK;
	lane->direct_size = threaded_direct_size(cpu);
	lane->asid = cpu->asid;
	lane->page = decoded_page(cpu->threaded, cpu->pc_frame);
	lane->op = decoded_op_at(lane->page, cpu->pc);
	lane->data_tlb = cpu->soft_tlb[lane->user ? SOFT_TLB_USER : SOFT_TLB_KERNEL];
}

/* From the end of a page to the start of the next, which has been looked up. */
static inline void lane_turn_page(struct lane *lane)
{
	uint32_t frame = threaded_find_frame(lane->cpu, lane->page_va + PAGE_SIZE, lane->user);

	assert(frame != NO_FRAME);
	lane->page_va += PAGE_SIZE;
	lane->page = decoded_page(lane->cpu->threaded, frame);
	lane->op = lane->page->ops;
}

/* Brings a processor's own state up to date. */
static inline void lane_update(struct lane *lane, uint64_t left)
{
	lane->cpu->budget = (int64_t)left;
	if (!lane->inside)
		return;
	if (lane->op == &lane->page->ops[PAGE_WORDS])
		lane_turn_page(lane);
	uint32_t pc = lane->page_va + 4 * (uint32_t)(lane->op - lane->page->ops);
	if (lane->in_slot)
		threaded_stand_in_slot(lane->cpu, lane->page, pc, lane->target_page,
				       lane->target_page_va +
					   4 * (uint32_t)(lane->target - lane->target_page->ops));
	else
		threaded_stand_at(lane->cpu, lane->page, pc);
}

/* A jump; false if the reference interpreter has to make it. One to the last word of a page is looked up in two
 * cycles. */
static inline bool lane_jump(struct lane *lane, uint32_t target)
{
	struct landing landing;

	if ((target & ~PAGE_MASK) == PAGE_SIZE - 4 || !threaded_land(lane->cpu, target, lane->user, &landing))
		return false;
	lane->target_page = landing.page;
	lane->target_page_va = landing.page_va;
	lane->target = decoded_op_at(landing.page, target);
	return true;
}

/* Executes `wanted` (at most LONGEST_WINDOW) of the `left` cycles of all lanes, each lane's in one go, if that cannot be told
 * from executing them in turn; otherwise fewer, or none. Returns how many. */
uint64_t threaded_run_ahead(struct lane *lanes, unsigned count, uint64_t left, uint64_t wanted);

#endif

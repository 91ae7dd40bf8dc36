/* Decoded code cycle by cycle: several processors in turn, and one processor up to the end of a block.
 *
 * A lane is a processor at work. While it executes decoded code its place is kept here and `pc` and what goes with
 * it are not up to date; registers always are. Other processors could notice that only where the machine is shown
 * as a whole, which stores to devices do; before those every lane is brought up to date. All lanes have the
 * same slice, so that one count, `left`, is the budget of all. */
#include <assert.h>

#include "runtime/cpu/threaded_internal.h"

#define MAX_LANES      32
#define FOR_MIPS32     0 /* no machine has several of them */
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

static void enter(struct lane *lane)
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
static void turn_page(struct lane *lane)
{
	uint32_t frame = threaded_find_frame(lane->cpu, lane->page_va + PAGE_SIZE, lane->user);

	assert(frame != NO_FRAME);
	lane->page_va += PAGE_SIZE;
	lane->page = decoded_page(lane->cpu->threaded, frame);
	lane->op = lane->page->ops;
}

/* Brings a processor's own state up to date. */
static void update(struct lane *lane, uint64_t left)
{
	lane->cpu->budget = (int64_t)left;
	if (!lane->inside)
		return;
	if (lane->op == &lane->page->ops[PAGE_WORDS])
		turn_page(lane);
	uint32_t pc = lane->page_va + 4 * (uint32_t)(lane->op - lane->page->ops);
	if (lane->in_slot)
		threaded_stand_in_slot(lane->cpu, lane->page, pc, lane->target_page,
				       lane->target_page_va +
					   4 * (uint32_t)(lane->target - lane->target_page->ops));
	else
		threaded_stand_at(lane->cpu, lane->page, pc);
}

/* The lanes before `lane` have had their turn in this cycle. */
static void update_all(struct lane *lanes, unsigned count, const struct lane *lane, uint64_t left)
{
	for (struct lane *each = lanes; each < lanes + count; each++)
		update(each, each < lane ? left - 1 : left);
}

static bool is_store(const struct lane *lane)
{
	return lane->op->code >= DECODED_SB && lane->op->code <= DECODED_SC;
}

/* A cycle of one processor by the reference interpreter. */
static void step(struct lane *lanes, unsigned count, struct lane *lane, uint64_t left, struct cpu **current)
{
	bool shows = !lane->inside || lane->in_slot || is_store(lane);

	if (shows)
		update_all(lanes, count, lane, left);
	else
		update(lane, left);
	*current = lane->cpu;
	lane->cpu->threaded->steps++;
	reference_step(lane->cpu);
	enter(lane);
	/* It may have raised a line of another. */
	for (struct lane *each = lanes; each < lanes + count; each++) {
		if (each->inside && cpu_interrupt_due(each->cpu)) {
			update(each, each <= lane ? left - 1 : left);
			each->inside = false;
			each->in_slot = false;
			each->op = &each->cpu->threaded->outside;
		}
	}
}

/* A jump; false if the reference interpreter has to make it. One to the last word of a page is looked up in two
 * cycles. */
static bool jump(struct lane *lane, uint32_t target)
{
	struct landing landing;

	if ((target & ~PAGE_MASK) == PAGE_SIZE - 4 || !threaded_land(lane->cpu, target, lane->user, &landing))
		return false;
	lane->target_page = landing.page;
	lane->target_page_va = landing.page_va;
	lane->target = decoded_op_at(landing.page, target);
	return true;
}

/* Executes up to `cycles` cycles of each processor; with `block`, of the only one up to the end of its block. */
static uint64_t run_turns(struct lane *lanes, unsigned count, uint64_t cycles, bool block,
			  struct cpu **current)
{
	/* clang-format off */
#define X(name) [DECODED_##name] = &&in_slot_##name,
	static const void *const slot_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = &&in_slot_undecoded,
		[DECODED_REFERENCE ... DECODED_NEXT_PAGE] = &&leave,
		DECODED_SIMPLE(X)
		[DECODED_SIMPLE_END ... DECODED_CODES - 1] = &&leave,
	};
#undef X
#define X(name) [DECODED_##name] = &&first_##name,
#define NEAR(name, condition) [DECODED_NEAR_##name] = &&near_##name, [DECODED_NEAR_##name##_NOP] = &&near_##name,
#define FAR(name, condition) [DECODED_FAR_##name] = &&far_##name,
	static const void *const first_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = &&first_undecoded,
		[DECODED_REFERENCE] = &&leave,
		[DECODED_MTC0] = &&leave,
		DECODED_SIMPLE(X)
		DECODED_NEAR(NEAR)
		DECODED_FAR(FAR)
		X(CROSS) X(NEXT_PAGE) X(J) X(JAL) X(JR) X(JALR) X(BLTZAL) X(BGEZAL)
	};
#undef X
#undef NEAR
#undef FAR
	/* clang-format on */
	uint8_t *const ram = lanes->cpu->memory->ram;
	const uint8_t *const code_map = ram + lanes->cpu->memory->code_map_offset;
	struct lane *lane = lanes;
	uint64_t left = cycles;
	unsigned ending = 0; /* cycles to the end of the block, once that is near */
	struct cpu *cpu;
	struct decoded_op *op;
	uint32_t *gpr;
	uint32_t target_va;

#define PC     (lane->page_va + 4 * (uint32_t)(op - lane->page->ops))
#define BUDGET ((int64_t)left)
#define CYCLES (cpu->active_end - left)
/* The block ends with the next instruction, whatever that is. */
#define BRANCHED    (ending += ending ? 0 : 2)
#define DISPATCH    goto *first_handlers[op->first]
#define direct_size (lane->direct_size)
#define asid	    (lane->asid)
#define data_tlb    (lane->data_tlb)

	for (unsigned i = 0; i < count; i++)
		enter(&lanes[i]);
	if (left == 0)
		goto finished;

turn:
	cpu = lane->cpu;
	gpr = cpu->gpr;
	op = lane->op;
	if (lane->in_slot)
		goto *slot_handlers[op->code];
	DISPATCH;

turn_over:
	if (block && ending && --ending == 0) {
		left--;
		goto finished;
	}
	if (++lane == lanes + count) {
		lane = lanes;
		if (--left == 0)
			goto finished;
	}
	goto turn;

finished:
	update_all(lanes, count, lanes, left);
	return cycles - left;

leave:
	if (__builtin_expect(cpu->debug != NULL, 0)) {
		update(lane, left);
		if (debug_stops(cpu)) {
			*current = cpu;
			update_all(lanes, count, lane, left);
			return cycles - left;
		}
	}
	cpu->transfer = TRANSFER_NONE;
	step(lanes, count, lane, left, current);
	if (cpu->attention) {
		/* This one and those before it have completed the cycle. */
		update_all(lanes, count, lane + 1, left);
		return cycles - left;
	}
	if (cpu->transfer == TRANSFER_NOW)
		ending = 1;
	else if (cpu->transfer == TRANSFER_BRANCH)
		BRANCHED;
	goto turn_over;

	/* --- in sequence --- */

#define OP(name) first_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		lane->op = op + 1;                                                                           \
		goto turn_over;                                                                              \
	} while (0)
#define LEAVE goto leave
#define STALL                                                                                                \
	do {                                                                                                 \
		cpu->stalls++;                                                                               \
		if (!va_is_direct(lane->page_va))                                                            \
			cpu->lookup_va = lane->page_va;                                                      \
		goto turn_over;                                                                              \
	} while (0)
#include "runtime/cpu/threaded_ops.h"

first_undecoded:
	decoded_fill(cpu->threaded, cpu, lane->page, op);
	DISPATCH;

first_CROSS:
	if (threaded_find_frame(cpu, lane->page_va + PAGE_SIZE, lane->user) == NO_FRAME)
		goto leave;
	if (!va_is_direct(lane->page_va + PAGE_SIZE))
		cpu->lookup_va = lane->page_va + PAGE_SIZE;
	goto *first_handlers[op->code];

first_NEXT_PAGE:
	turn_page(lane);
	op = lane->op;
	DISPATCH;

#define B gpr[op->b]
#define C gpr[op->c]
#define X(name, condition)                                                                                   \
	near_##name : BRANCHED;                                                                              \
	if (!(condition))                                                                                    \
		NEXT;                                                                                        \
	lane->target = (struct decoded_op *)((char *)op + op->imm);                                          \
	lane->target_page = lane->page;                                                                      \
	lane->target_page_va = lane->page_va;                                                                \
	if (!va_is_direct(lane->page_va))                                                                    \
		cpu->lookup_va = lane->page_va;                                                              \
	lane->in_slot = true;                                                                                \
	NEXT;
	DECODED_NEAR(X)
#undef X
#define X(name, condition)                                                                                   \
	far_##name : target_va = PC + 4 + (uint32_t)op->imm;                                                 \
	if (condition)                                                                                       \
		goto jump;                                                                                   \
	BRANCHED;                                                                                            \
	NEXT;
	DECODED_FAR(X)
#undef X
first_J:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
	goto jump;
first_JR:
	target_va = B;
	goto jump;
first_BLTZAL:
	target_va = PC + 4 + (uint32_t)op->imm;
	if ((int32_t)B < 0)
		goto call;
	goto not_called;
first_BGEZAL:
	target_va = PC + 4 + (uint32_t)op->imm;
	if ((int32_t)B >= 0)
		goto call;
not_called:
	gpr[31] = PC + 8; /* linked all the same */
	BRANCHED;
	NEXT;
first_JALR:
	target_va = B;
	goto call;
first_JAL:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
call:
	if (!jump(lane, target_va))
		goto leave;
	gpr[op->a] = PC + 8;
	lane->in_slot = true;
	BRANCHED;
	NEXT;
jump:
	if (!jump(lane, target_va))
		goto leave;
	lane->in_slot = true;
	BRANCHED;
	NEXT;
#undef OP
#undef NEXT
#undef STALL
#undef B
#undef C

	/* --- in a delay slot --- */

#define OP(name) in_slot_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		lane->in_slot = false;                                                                       \
		lane->op = lane->target;                                                                     \
		lane->page = lane->target_page;                                                              \
		lane->page_va = lane->target_page_va;                                                        \
		goto turn_over;                                                                              \
	} while (0)
#define STALL __builtin_unreachable() /* the branch has given HI and LO the time */
#include "runtime/cpu/threaded_ops.h"

in_slot_undecoded:
	decoded_fill_slot(cpu->threaded, cpu, lane->page, op);
	goto *slot_handlers[op->code];
}

uint64_t threaded_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles, struct cpu **current)
{
	struct lane lanes[MAX_LANES];

	if (is_mips32(*cpus))
		return reference_run_in_turn(cpus, count, cycles, current);
	for (unsigned i = 0; i < count; i++)
		lanes[i].cpu = cpus[i];
	return run_turns(lanes, count, cycles, false, current);
}

void threaded_run_block(struct cpu *cpu)
{
	struct lane lane = {.cpu = cpu};
	struct cpu *current;

	if (is_mips32(cpu))
		reference_run_block(cpu);
	else if (cpu->budget > 0 && !cpu->attention)
		run_turns(&lane, 1, (uint64_t)cpu->budget, true, &current);
}

/* Decoded code cycle by cycle: several processors in turn, and one processor up to the end of a block.
 *
 * A lane is a processor at work. While it executes decoded code its place is kept here and `pc` and what goes with
 * it are not up to date; registers always are. Other processors could notice that only where the machine is shown
 * as a whole, which stores to devices do; before those every lane is brought up to date. All lanes have the
 * same slice, so that one count, `left`, is the budget of all. */
#include "runtime/cpu/threaded_lane.h"

/* The lanes before `lane` have had their turn in this cycle. */
static void update_all(struct lane *lanes, unsigned count, const struct lane *lane, uint64_t left)
{
	for (struct lane *each = lanes; each < lanes + count; each++)
		lane_update(each, each < lane ? left - 1 : left);
}

static bool is_store(const struct lane *lane)
{
	return lane->op->code >= DECODED_SB && lane->op->code <= DECODED_SC;
}

static void go_outside(struct lane *lane)
{
	lane->inside = false;
	lane->in_slot = false;
	lane->op = &lane->cpu->threaded->outside;
}

/* A cycle of one processor by the reference interpreter. */
static void step(struct lane *lanes, unsigned count, struct lane *lane, uint64_t left, struct cpu **current)
{
	bool shows = !lane->inside || lane->in_slot || is_store(lane);

	if (shows)
		update_all(lanes, count, lane, left);
	else
		lane_update(lane, left);
	*current = lane->cpu;
	lane->cpu->threaded->steps++;
	reference_step(lane->cpu);
	lane_enter(lane);
	/* It may have raised a line of another, or put one elsewhere. */
	for (struct lane *each = lanes; each < lanes + count; each++) {
		if (each->cpu->restarted)
			go_outside(each);
		each->cpu->restarted = false;
		if (each->inside && cpu_interrupt_due(each->cpu)) {
			lane_update(each, each <= lane ? left - 1 : left);
			go_outside(each);
		}
	}
}

/* Executes cycles of each processor, of which `left` are left, until only `end` are; with `block`, of the only one up to the end of
 * its block. Returns how many are left. All are up to date then if one of them wants attention or a debugger's point was
 * met, and with `block`; else only their lanes are. */
static uint64_t run_turns(struct lane *lanes, unsigned count, uint64_t left, uint64_t end, bool block,
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

	if (left == end)
		return left;

turn:
	cpu = lane->cpu;
	gpr = cpu->gpr;
	op = lane->op;
	if (lane->in_slot)
		goto *slot_handlers[op->code];
	DISPATCH;

turn_over:
	if (block && ending && --ending == 0) {
		lane_update(lane, --left);
		return left;
	}
	if (++lane == lanes + count) {
		lane = lanes;
		if (--left == end) {
			if (block)
				lane_update(lane, left);
			return left;
		}
	}
	goto turn;

leave:
	if (__builtin_expect(cpu->debug != NULL, 0)) {
		lane_update(lane, left);
		if (debug_stops(cpu)) {
			*current = cpu;
			update_all(lanes, count, lane, left);
			return left;
		}
	}
	cpu->transfer = TRANSFER_NONE;
	step(lanes, count, lane, left, current);
	if (cpu->attention) {
		/* This one and those before it have completed the cycle. */
		update_all(lanes, count, lane + 1, left);
		return left;
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
	lane_turn_page(lane);
	op = lane->op;
	DISPATCH;

#define TO_SLOT                                                                                              \
	do {                                                                                                 \
		lane->in_slot = true;                                                                        \
		NEXT;                                                                                        \
	} while (0)
#include "runtime/cpu/threaded_jumps.h"
#undef OP
#undef NEXT
#undef STALL

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

/* Windows pay for themselves from so many cycles on. After one that did not, lanes go cycle by cycle for a while, a longer one
 * each time. */
#define PAYS	   8
#define FIRST_REST 8
#define LAST_REST  1024

uint64_t threaded_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles, struct cpu **current)
{
	struct lane lanes[MAX_LANES];
	uint64_t left = cycles, rest = FIRST_REST;

	if (is_mips32(*cpus))
		return reference_run_in_turn(cpus, count, cycles, current);
	for (unsigned i = 0; i < count; i++) {
		lanes[i].cpu = cpus[i];
		cpus[i]->restarted = false;
		lane_enter(&lanes[i]);
	}
	while (left > 0) {
		uint64_t wanted = left < LONGEST_WINDOW ? left : LONGEST_WINDOW;
		uint64_t ahead = left > PAYS ? threaded_run_ahead(lanes, count, left, wanted) : 0;
		uint64_t end;

		left -= ahead;
		if (ahead == wanted) {
			rest = FIRST_REST;
			continue;
		}
		if (ahead < PAYS)
			rest = rest < LAST_REST ? 2 * rest : LAST_REST;
		end = left > rest ? left - rest : 0;
		left = run_turns(lanes, count, left, end, false, current);
		if (left != end)
			return cycles - left;
	}
	update_all(lanes, count, lanes, left);
	return cycles;
}

void threaded_run_block(struct cpu *cpu)
{
	struct lane lane = {.cpu = cpu};
	struct cpu *current = NULL;

	if (is_mips32(cpu)) {
		reference_run_block(cpu);
		return;
	}
	if (cpu->budget <= 0 || cpu->attention)
		return;
	lane_enter(&lane);
	run_turns(&lane, 1, (uint64_t)cpu->budget, 0, true, &current);
}

/* Needs clean fetch state, leaves clean fetch state or the one between a jump and its delay slot.
 *
 * Time. Nothing is counted. Operations of a page lie in a row, so the distance from `op` to `stop` is the budget,
 * the cycle of `op` included; a jump moves `stop` along, a stall moves it one back. Budget is looked at where code
 * jumps, enters a page or is decoded: each operation knows how many cycles can pass at most until the next such
 * place. If that is more than there are, the reference interpreter goes on.
 *
 * Addresses. The page that is executed is `page`, mapped at `page_va`. In mapped code each jump and each crossing
 * into another page is a look-up that shows in EntryHi. It is in the soft TLB or put there without effect; if that
 * cannot be, the reference interpreter raises the fault. Nothing that changes translations is executed here, so
 * the current page need not be looked for again. */
#include <assert.h>

#include "runtime/cpu/threaded_internal.h"

const uint8_t *threaded_find_readable(struct cpu *cpu, uint32_t va, unsigned size)
{
	if ((va & (size - 1)) || debug_watched(cpu, va, size, false))
		return NULL;
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_LOAD, cpu_user_mode(cpu));
	if (offset == NO_FRAME)
		return NULL;
	if (!va_is_direct(va))
		cpu->lookup_va = va;
	return cpu->memory->ram + offset;
}

uint8_t *threaded_find_writable(struct cpu *cpu, uint32_t va, unsigned size)
{
	if ((va & (size - 1)) || debug_watched(cpu, va, size, true))
		return NULL;
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_STORE, cpu_user_mode(cpu));
	if (offset == NO_FRAME)
		return NULL;
	if (!va_is_direct(va))
		cpu->lookup_va = va;
	memory_notify_write(cpu->memory, offset, size);
	return cpu->memory->ram + offset;
}

bool threaded_land(struct cpu *cpu, uint32_t target, bool user, struct landing *landing)
{
	uint32_t page_va = target & PAGE_MASK;

	if (target & 3)
		return false;
	uint32_t frame = threaded_find_frame(cpu, page_va, user);
	if (frame == NO_FRAME)
		return false;
	bool last = (target & ~PAGE_MASK) == PAGE_SIZE - 4;
	if (last && threaded_find_frame(cpu, page_va + PAGE_SIZE, user) == NO_FRAME)
		return false;
	if (!va_is_direct(page_va))
		cpu->lookup_va = page_va;
	/* While the delay slot is fetched, the page after the target's is looked up. */
	if (last && !va_is_direct(page_va + PAGE_SIZE))
		cpu->lookup_va = page_va + PAGE_SIZE;
	landing->page = decoded_page(cpu->threaded, frame);
	landing->page_va = page_va;
	return true;
}

void threaded_stand_at(struct cpu *cpu, const struct decoded_page *page, uint32_t pc)
{
	cpu->jump_pending = false;
	cpu->pc = pc;
	cpu->next_pc = pc + 4;
	cpu->pc_frame = cpu->next_frame = page->frame;
	if ((cpu->next_pc & ~PAGE_MASK) == 0)
		cpu->next_frame = threaded_find_frame(cpu, cpu->next_pc, cpu_user_mode(cpu));
}

void threaded_stand_in_slot(struct cpu *cpu, const struct decoded_page *page, uint32_t pc,
			    const struct decoded_page *target_page, uint32_t target)
{
	cpu->jump_pending = true;
	cpu->exception_pc = pc - 4;
	cpu->pc = pc;
	cpu->next_pc = target;
	cpu->pc_frame = page->frame;
	cpu->next_frame = target_page->frame;
}

enum outcome {
	AGAIN,	/* look at the processor anew */
	STEP_IT /* the reference interpreter executes the next instruction */
};

/* Executes from where `cpu` stands. Without a processor: tells where the handlers are. */
static enum outcome run(struct cpu *cpu, const int32_t **handlers)
{
	/* clang-format off */
#define X(name) [DECODED_##name] = &&in_slot_##name - &&first_NOTHING,
	static const int32_t slot_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = &&in_slot_undecoded - &&first_NOTHING,
		[DECODED_REFERENCE ... DECODED_NEXT_PAGE] = &&leave_slot - &&first_NOTHING,
		DECODED_SIMPLE(X)
		[DECODED_SIMPLE_END ... DECODED_CODES - 1] = &&leave_slot - &&first_NOTHING,
	};
#undef X
#define X(name) [DECODED_##name] = &&first_##name - &&first_NOTHING,
#define NEAR(name, condition) \
		[DECODED_NEAR_##name] = &&near_##name - &&first_NOTHING, \
		[DECODED_NEAR_##name##_NOP] = &&near_##name##_NOP - &&first_NOTHING,
#define FAR(name, condition) [DECODED_FAR_##name] = &&far_##name - &&first_NOTHING,
	static const int32_t first_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = 0,
		[DECODED_REFERENCE] = &&leave - &&first_NOTHING,
		DECODED_SIMPLE(X)
		DECODED_NEAR(NEAR)
		DECODED_FAR(FAR)
		X(CROSS) X(NEXT_PAGE) X(J) X(JAL) X(JR) X(JALR) X(BLTZAL) X(BGEZAL) X(MTC0)
	};
#undef X
#undef NEAR
#undef FAR
	/* clang-format on */
	if (!cpu) {
		*handlers = first_handlers;
		return AGAIN;
	}

	uint8_t *const ram = cpu->memory->ram;
	const uint8_t *const code_map = ram + cpu->memory->code_map_offset;
	uint32_t *const gpr = cpu->gpr;
	const bool user = cpu_user_mode(cpu);
	const uint32_t direct_size = threaded_direct_size(cpu), asid = cpu->asid;
	const struct soft_tlb_entry *const data_tlb = cpu->soft_tlb[user ? SOFT_TLB_USER : SOFT_TLB_KERNEL];
	struct decoded_page *page = decoded_page(cpu->threaded, cpu->pc_frame);
	uint32_t page_va = cpu->pc & PAGE_MASK, no_lookup;
	struct decoded_op *op = decoded_op_at(page, cpu->pc);
	const struct decoded_op *stop = op + cpu->budget;
	/* Where a jump in mapped code leaves its look-up. */
	uint32_t *lookup = va_is_direct(page_va) ? &no_lookup : &cpu->lookup_va;
	/* Between a jump and the end of its delay slot. */
	struct decoded_op *target = op;
	struct decoded_page *target_page = page;
	uint32_t target_page_va = page_va, target_va;

#define PC	       (page_va + 4 * (uint32_t)(op - page->ops))
#define BUDGET	       (stop - op)
#define CYCLES	       (cpu->active_end - (uint64_t)(stop - op))
#define DISPATCH       goto *(&&first_NOTHING + op->handler)
#define DISPATCH_SLOT  goto *(&&first_NOTHING + slot_handlers[op->code])
#define ENOUGH_FOR(at) ((const char *)stop - (const char *)(at) >= (at)->cost)
#define ENTER_CHECKED                                                                                        \
	do {                                                                                                 \
		if (__builtin_expect(!ENOUGH_FOR(op), 0))                                                    \
			goto leave;                                                                          \
		DISPATCH;                                                                                    \
	} while (0)

	ENTER_CHECKED;

	/* --- in sequence --- */

#define OP(name) first_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		op++;                                                                                        \
		DISPATCH;                                                                                    \
	} while (0)
#define LEAVE goto leave
#define STALL                                                                                                \
	do {                                                                                                 \
		stop--;                                                                                      \
		cpu->stalls++;                                                                               \
		*lookup = page_va;                                                                           \
	} while (0)
#include "runtime/cpu/threaded_ops.h"
#undef OP
#undef NEXT
#undef LEAVE
#undef STALL

first_NOTHING:
	decoded_fill(cpu->threaded, cpu, page, op);
	ENTER_CHECKED;

first_CROSS:
	/* The page after this one is looked up now. */
	if (threaded_find_frame(cpu, page_va + PAGE_SIZE, user) == NO_FRAME)
		goto leave;
	if (!va_is_direct(page_va + PAGE_SIZE))
		cpu->lookup_va = page_va + PAGE_SIZE;
	goto *(&&first_NOTHING + first_handlers[op->code]);

first_NEXT_PAGE : {
	uint32_t frame = threaded_find_frame(cpu, page_va + PAGE_SIZE, user);

	assert(frame != NO_FRAME); /* it was found two instructions ago */
	page_va = target_page_va = page_va + PAGE_SIZE;
	page = target_page = decoded_page(cpu->threaded, frame);
	stop = page->ops + (stop - op);
	op = page->ops;
	lookup = va_is_direct(page_va) ? &no_lookup : &cpu->lookup_va;
	ENTER_CHECKED;
}

first_MTC0:
	if (user)
		goto leave;
	cpu->budget = BUDGET;
	cp0_write(cpu, (unsigned)op->imm, gpr[op->b]);
	cpu->budget = BUDGET - 1;
	threaded_stand_at(cpu, page, PC + 4);
	return AGAIN;

	/* --- branches within the page --- */

#define X(name, condition)                                                                                   \
	near_##name : if (condition)                                                                         \
	{                                                                                                    \
		target = (struct decoded_op *)((char *)op + op->imm);                                        \
		*lookup = page_va;                                                                           \
		op++;                                                                                        \
		DISPATCH_SLOT;                                                                               \
	}                                                                                                    \
	op++;                                                                                                \
	DISPATCH;                                                                                            \
	near_##name##_NOP : if (condition)                                                                   \
	{                                                                                                    \
		*lookup = page_va;                                                                           \
		stop = (const struct decoded_op *)((const char *)stop + op->imm) - 2;                        \
		op = (struct decoded_op *)((char *)op + op->imm);                                            \
		ENTER_CHECKED;                                                                               \
	}                                                                                                    \
	op++;                                                                                                \
	DISPATCH;
#define B gpr[op->b]
#define C gpr[op->c]
	DECODED_NEAR(X)
#undef X

	/* --- other branches and jumps --- */

#define X(name, condition)                                                                                   \
	far_##name : if (condition)                                                                          \
	{                                                                                                    \
		target_va = PC + 4 + (uint32_t)op->imm;                                                      \
		goto jump;                                                                                   \
	}                                                                                                    \
	op++;                                                                                                \
	DISPATCH;
	DECODED_FAR(X)
#undef X

first_J:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
	goto jump;
first_JR:
	target_va = B;
	goto jump;
first_BLTZAL:
	target_va = (int32_t)B < 0 ? PC + 4 + (uint32_t)op->imm : 1;
	goto call_or_not;
first_BGEZAL:
	target_va = (int32_t)B >= 0 ? PC + 4 + (uint32_t)op->imm : 1;
call_or_not:
	if (target_va == 1) { /* linked all the same */
		gpr[31] = PC + 8;
		op++;
		DISPATCH;
	}
	goto call;
first_JALR:
	target_va = B;
	goto call;
first_JAL:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
call:
	if (!((target_va ^ page_va) & (PAGE_MASK | 3)) && (target_va & ~PAGE_MASK) != PAGE_SIZE - 4) {
		*lookup = page_va;
	} else {
		struct landing landing;

		if (!threaded_land(cpu, target_va, user, &landing))
			goto leave;
		target_page = landing.page;
		target_page_va = landing.page_va;
	}
	gpr[op->a] = PC + 8;
	target = decoded_op_at(target_page, target_va);
	op++;
	DISPATCH_SLOT;

jump:
	if (!((target_va ^ page_va) & (PAGE_MASK | 3)) && (target_va & ~PAGE_MASK) != PAGE_SIZE - 4) {
		*lookup = page_va;
	} else {
		struct landing landing;

		if (!threaded_land(cpu, target_va, user, &landing))
			goto leave;
		target_page = landing.page;
		target_page_va = landing.page_va;
	}
	target = decoded_op_at(target_page, target_va);
	op++;
	DISPATCH_SLOT;
#undef B
#undef C

	/* --- in a delay slot: then on to `target` --- */

#define OP(name) in_slot_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		stop = (const struct decoded_op *)((const char *)stop + ((char *)target - (char *)op)) - 1;  \
		op = target;                                                                                 \
		if (page_va != target_page_va)                                                               \
			goto another_page;                                                                   \
		ENTER_CHECKED;                                                                               \
	} while (0)
#define LEAVE goto leave_slot
#define STALL __builtin_unreachable() /* the branch has given HI and LO the time */
#include "runtime/cpu/threaded_ops.h"

in_slot_undecoded:
	decoded_fill_slot(cpu->threaded, cpu, page, op);
	DISPATCH_SLOT;

another_page:
	page = target_page;
	page_va = target_page_va;
	lookup = va_is_direct(page_va) ? &no_lookup : &cpu->lookup_va;
	ENTER_CHECKED;

	/* --- leaving --- */

leave_slot:
	cpu->budget = BUDGET;
	threaded_stand_in_slot(cpu, page, PC, target_page,
			       target_page_va + 4 * (uint32_t)(target - target_page->ops));
	return STEP_IT;

leave:
	cpu->budget = BUDGET;
	threaded_stand_at(cpu, page, PC);
	return STEP_IT;
}

const int32_t *threaded_handlers(void)
{
	const int32_t *handlers;

	run(NULL, &handlers);
	return handlers;
}

void threaded_run(struct cpu *cpu)
{
	while (cpu->budget > 0 && !cpu->attention) {
		if (threaded_may_enter(cpu) && run(cpu, NULL) == AGAIN)
			continue;
		if (cpu->budget > 0 && !debug_stops(cpu)) {
			cpu->threaded->steps++;
			reference_step(cpu);
		}
	}
}

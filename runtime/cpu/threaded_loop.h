/* The loop of the threaded interpreter (threaded.c), included as code once for each kind of processor, with no guards.
 * The includer defines
 *
 *   THREADED_LOOP	the function's name
 *   FOR_MIPS32		1: MIPS32, 0: MIPS-161
 *   FOR_BIG_ENDIAN	1 or 0: the byte order
 *
 * What differs: MIPS-161 looks ahead when it fetches, and its look-ups show in EntryHi; with MIPS32 the slot of a branch
 * that is not taken is a delay slot as well, which shows if it faults. */
#if FOR_MIPS32
#define LOOK_UP_PAGE (void)0
#else
#define LOOK_UP_PAGE *lookup = page_va
#endif

/* Executes from where `cpu` stands. Without a processor: tells where the handlers are. */
static enum outcome THREADED_LOOP(struct cpu *cpu, const int32_t **handlers)
{
	/* clang-format off */
#define X(name) [DECODED_##name] = &&in_slot_##name - &&first_NOTHING,
	static const int32_t slot_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = &&in_slot_undecoded - &&first_NOTHING,
		[DECODED_REFERENCE ... DECODED_NEXT_PAGE] = &&leave_slot - &&first_NOTHING,
		DECODED_SIMPLE(X)
#if FOR_MIPS32
		DECODED_SIMPLE32(X)
#endif
		[DECODED_SIMPLE_END ... DECODED_CODES - 1] = &&leave_slot - &&first_NOTHING,
	};
#undef X
#define X(name) [DECODED_##name] = &&first_##name - &&first_NOTHING,
#define NEAR(name, condition) \
		[DECODED_NEAR_##name] = &&near_##name - &&first_NOTHING, \
		[DECODED_NEAR_##name##_NOP] = &&near_##name##_NOP - &&first_NOTHING,
#define FAR(name, condition) [DECODED_FAR_##name] = &&far_##name - &&first_NOTHING,
#define LIKELY(name, condition) [DECODED_LIKELY_##name] = &&likely_##name - &&first_NOTHING,
	static const int32_t first_handlers[DECODED_CODES] = {
		[DECODED_NOTHING] = 0,
		[DECODED_REFERENCE] = &&leave - &&first_NOTHING,
		DECODED_SIMPLE(X)
		DECODED_NEAR(NEAR)
		DECODED_FAR(FAR)
#if FOR_MIPS32
		DECODED_SIMPLE32(X)
		DECODED_LIKELY(LIKELY)
#else
		X(CROSS)
#endif
		X(NEXT_PAGE) X(J) X(JAL) X(JR) X(JALR) X(BLTZAL) X(BGEZAL) X(MTC0)
	};
#undef X
#undef NEAR
#undef FAR
#undef LIKELY
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
	uint32_t page_va = cpu->pc & PAGE_MASK;
	struct decoded_page *page =
	    decoded_page(cpu->threaded, FOR_MIPS32 ? threaded_find_frame(cpu, page_va, user) : cpu->pc_frame);
	struct decoded_op *op = decoded_op_at(page, cpu->pc);
	const struct decoded_op *stop = op + cpu->budget;
#if !FOR_MIPS32
	/* Where a jump in mapped code leaves its look-up. */
	uint32_t no_lookup, *lookup = va_is_direct(page_va) ? &no_lookup : &cpu->lookup_va;
#endif
	/* Between a jump and the end of its delay slot. */
	struct decoded_op *target = op;
	struct decoded_page *target_page = page;
	uint32_t target_page_va = page_va, target_va;

#define PC	       (page_va + 4 * (uint32_t)(op - page->ops))
#define BUDGET	       (stop - op)
#define CYCLES	       (cpu->active_end - (uint64_t)(stop - op))
#define DISPATCH       goto *(&&first_NOTHING + op->handler)
#define DISPATCH_SLOT  goto *(&&first_NOTHING + slot_handlers[op->code])
#define ENOUGH_FOR(at) (BYTES_LEFT(at) >= (at)->cost)
#define BYTES_LEFT(at) ((const char *)(stop + planted(BUG_DECODED_BUDGET)) - (const char *)(at))
/* Whether a jump stays in the page, with nothing to look up that is not known. One that does not. Where the processor is
 * left to others. */
#if FOR_MIPS32
#define STAYS(va)		     (!(((va) ^ page_va) & (PAGE_MASK | 3)))
#define LAND			     land32
#define STAND_AT(pc)		     stand_at32(cpu, pc)
#define STAND_IN_SLOT(pc, target_pc) stand_in_slot32(cpu, pc, target_pc)
#else
#define STAYS(va)		     (!(((va) ^ page_va) & (PAGE_MASK | 3)) && ((va) & ~PAGE_MASK) != PAGE_SIZE - 4)
#define LAND			     threaded_land
#define STAND_AT(pc)		     threaded_stand_at(cpu, page, pc)
#define STAND_IN_SLOT(pc, target_pc) threaded_stand_in_slot(cpu, page, pc, target_page, target_pc)
#endif
/* After a branch that is not taken. */
#if FOR_MIPS32
#define NOT_TAKEN                                                                                            \
	do {                                                                                                 \
		target = op + 2;                                                                             \
		op++;                                                                                        \
		if (planted(BUG_DECODED_SLOT))                                                               \
			DISPATCH;                                                                            \
		DISPATCH_SLOT;                                                                               \
	} while (0)
#else
#define NOT_TAKEN                                                                                            \
	do {                                                                                                 \
		op++;                                                                                        \
		DISPATCH;                                                                                    \
	} while (0)
#endif
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
		LOOK_UP_PAGE;                                                                                \
	} while (0)
#include "runtime/cpu/threaded_ops.h"
#if FOR_MIPS32
#include "runtime/cpu/threaded_ops32.h"
#endif
#undef OP
#undef NEXT
#undef LEAVE
#undef STALL

first_NOTHING:
	decoded_fill(cpu->threaded, cpu, page, op);
	ENTER_CHECKED;

#if FOR_MIPS32
first_NEXT_PAGE : {
	uint32_t frame = threaded_find_frame(cpu, page_va + PAGE_SIZE, user);

	if (frame == NO_FRAME)
		goto leave;
	page_va = target_page_va = page_va + PAGE_SIZE;
	page = target_page = decoded_page(cpu->threaded, frame);
	stop = page->ops + (stop - op);
	op = page->ops;
	ENTER_CHECKED;
}
#else
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
#endif

first_MTC0:
	if (user)
		goto leave;
	cpu->budget = BUDGET;
	cp0_write(cpu, (unsigned)op->imm, gpr[op->b]);
	cpu->budget = BUDGET - 1;
	STAND_AT(PC + 4);
	return AGAIN;

	/* --- branches within the page --- */

#define X(name, condition)                                                                                   \
	near_##name : if (condition)                                                                         \
	{                                                                                                    \
		target = (struct decoded_op *)((char *)op + op->imm);                                        \
		LOOK_UP_PAGE;                                                                                \
		op++;                                                                                        \
		DISPATCH_SLOT;                                                                               \
	}                                                                                                    \
	NOT_TAKEN;                                                                                           \
	near_##name##_NOP : if (condition)                                                                   \
	{                                                                                                    \
		LOOK_UP_PAGE;                                                                                \
		stop = (const struct decoded_op *)((const char *)stop + op->imm) - 2;                        \
		op = (struct decoded_op *)((char *)op + op->imm);                                            \
		ENTER_CHECKED;                                                                               \
	}                                                                                                    \
	op += 1 + FOR_MIPS32; /* nothing about a NOP shows that it is in a slot */                           \
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
	NOT_TAKEN;
	DECODED_FAR(X)
#undef X

#if FOR_MIPS32
	/* Not taken, it is all that executes in its cycle, and its slot never does. */
#define X(name, condition)                                                                                   \
	likely_##name : if (condition)                                                                       \
	{                                                                                                    \
		target_va = PC + 4 + (uint32_t)op->imm;                                                      \
		goto jump;                                                                                   \
	}                                                                                                    \
	op += 2;                                                                                             \
	stop += !planted(BUG_DECODED_LIKELY);                                                                \
	ENTER_CHECKED;
	DECODED_LIKELY(X)
#undef X
#endif

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
		NOT_TAKEN;
	}
	goto call;
first_JALR:
	target_va = B;
	goto call;
first_JAL:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
call:
	if (STAYS(target_va)) {
		LOOK_UP_PAGE;
	} else {
		struct landing landing;

		if (!LAND(cpu, target_va, user, &landing))
			goto leave;
		target_page = landing.page;
		target_page_va = landing.page_va;
	}
	gpr[op->a] = PC + 8;
	target = decoded_op_at(target_page, target_va);
	op++;
	DISPATCH_SLOT;

jump:
	if (STAYS(target_va)) {
		LOOK_UP_PAGE;
	} else {
		struct landing landing;

		if (!LAND(cpu, target_va, user, &landing))
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
#if FOR_MIPS32
#include "runtime/cpu/threaded_ops32.h"
#endif

in_slot_undecoded:
	decoded_fill_slot(cpu->threaded, cpu, page, op);
	DISPATCH_SLOT;

another_page:
	page = target_page;
	page_va = target_page_va;
#if !FOR_MIPS32
	lookup = va_is_direct(page_va) ? &no_lookup : &cpu->lookup_va;
#endif
	ENTER_CHECKED;

	/* --- leaving --- */

leave_slot:
	cpu->budget = BUDGET;
	STAND_IN_SLOT(PC, target_page_va + 4 * (uint32_t)(target - target_page->ops));
	return STEP_IT;

leave:
	cpu->budget = BUDGET;
	STAND_AT(PC);
	return STEP_IT;
}

#undef LOOK_UP_PAGE
#undef PC
#undef BUDGET
#undef CYCLES
#undef DISPATCH
#undef DISPATCH_SLOT
#undef ENOUGH_FOR
#undef BYTES_LEFT
#undef ENTER_CHECKED
#undef STAYS
#undef LAND
#undef STAND_AT
#undef STAND_IN_SLOT
#undef NOT_TAKEN
#undef OP
#undef NEXT
#undef LEAVE
#undef STALL
#undef THREADED_LOOP
#undef FOR_MIPS32
#undef FOR_BIG_ENDIAN

/* Needs clean fetch state, leaves clean fetch state or the one between a jump and its delay slot.
 *
 * Time. Nothing is counted. Operations of a page lie in a row, so the distance from `op` to `stop` is the budget,
 * the cycle of `op` included; a jump moves `stop` along, a stall moves it one back. Budget is looked at where code
 * jumps, enters a page or is decoded: each operation knows how many cycles can pass at most until the next such
 * place. If that is more than there are, the reference interpreter goes on.
 *
 * Addresses. The page that is executed is `page`, mapped at `page_va`. MIPS-161 in mapped code: each jump and each
 * crossing into another page is a look-up that shows in EntryHi. It is in the soft TLB or put there without effect; if
 * that cannot be, the reference interpreter raises the fault. Nothing that changes translations is executed here, so
 * the current page need not be looked for again. */
#include <assert.h>

#include "runtime/cpu/threaded_internal.h"

/* In EntryHi, where look-ups show there. */
static void note_access(struct cpu *cpu, uint32_t va)
{
	if (!va_is_direct(va) && cpu->model->lift.lookup_sets_entry_hi)
		cpu->lookup_va = va;
}

const uint8_t *threaded_find_readable(struct cpu *cpu, uint32_t va, unsigned size)
{
	if ((va & (size - 1)) || debug_watched(cpu, va, size, false))
		return NULL;
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_LOAD, cpu_user_mode(cpu));
	if (offset == NO_FRAME)
		return NULL;
	note_access(cpu, va);
	return cpu->memory->ram + offset;
}

uint8_t *threaded_find_writable(struct cpu *cpu, uint32_t va, unsigned size)
{
	if ((va & (size - 1)) || debug_watched(cpu, va, size, true))
		return NULL;
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_STORE, cpu_user_mode(cpu));
	if (offset == NO_FRAME)
		return NULL;
	note_access(cpu, va);
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

/* --- the same for MIPS32, whose fetch state are the addresses alone --- */

/* It looks up the target when that is executed: after the delay slot, which nothing here lets change translations. */
static inline bool land32(struct cpu *cpu, uint32_t target, bool user, struct landing *landing)
{
	uint32_t page_va = target & PAGE_MASK, frame;

	if (target & 3)
		return false;
	frame = threaded_find_frame(cpu, page_va, user);
	if (frame == NO_FRAME)
		return false;
	landing->page = decoded_page(cpu->threaded, frame);
	landing->page_va = page_va;
	return true;
}

static inline void stand_at32(struct cpu *cpu, uint32_t pc)
{
	cpu->jump_pending = false;
	cpu->pc = pc;
	cpu->next_pc = pc + 4;
}

static inline void stand_in_slot32(struct cpu *cpu, uint32_t pc, uint32_t target)
{
	cpu->jump_pending = true;
	cpu->exception_pc = pc - 4;
	cpu->pc = pc;
	cpu->next_pc = target;
}

enum outcome {
	AGAIN,	/* look at the processor anew */
	STEP_IT /* the reference interpreter executes the next instruction */
};

#define THREADED_LOOP  run_mips161
#define FOR_MIPS32     0
#define FOR_BIG_ENDIAN 1
#include "runtime/cpu/threaded_loop.inc"

#define THREADED_LOOP  run_mips32_big
#define FOR_MIPS32     1
#define FOR_BIG_ENDIAN 1
#include "runtime/cpu/threaded_loop.inc"

#define THREADED_LOOP  run_mips32_little
#define FOR_MIPS32     1
#define FOR_BIG_ENDIAN 0
#include "runtime/cpu/threaded_loop.inc"

const int32_t *threaded_handlers(const struct cpu_model *model)
{
	const int32_t *handlers;

	if (model->family == FAMILY_MIPS161)
		run_mips161(NULL, &handlers);
	else if (model->lift.big_endian)
		run_mips32_big(NULL, &handlers);
	else
		run_mips32_little(NULL, &handlers);
	return handlers;
}

/* For each kind of processor on its own: `may_enter` and `loop` are known where it is used. */
static inline __attribute__((always_inline)) void run(struct cpu *cpu, bool (*may_enter)(struct cpu *cpu),
						      enum outcome (*loop)(struct cpu *cpu,
									   const int32_t **handlers))
{
	while (cpu->budget > 0 && !cpu->attention) {
		if (may_enter(cpu) && loop(cpu, NULL) == AGAIN)
			continue;
		if (cpu->budget > 0 && !debug_stops(cpu)) {
			cpu->threaded->steps++;
			reference_step(cpu);
		}
	}
}

void threaded_run(struct cpu *cpu)
{
	if (!is_mips32(cpu))
		run(cpu, threaded_may_enter, run_mips161);
	else if (cpu->model->lift.big_endian)
		run(cpu, threaded_may_enter32, run_mips32_big);
	else
		run(cpu, threaded_may_enter32, run_mips32_little);
}

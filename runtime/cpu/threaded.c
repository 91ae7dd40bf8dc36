/* Needs clean fetch state, leaves clean fetch state or the one between a jump and its delay slot.
 *
 * Time. Nothing is counted. Operations of a page lie in a row, so the distance from `op` to `stop` is the budget,
 * the cycle of `op` included; a jump moves `stop` along, a stall moves it one back. Budget is looked at where code
 * jumps, enters a page or is decoded: each operation knows how many cycles can pass at most until the next such
 * place. If that is more than there are, the reference interpreter goes on.
 *
 * Addresses. The page that is executed is `page`, mapped at `page_va`. With MIPS-161, in mapped code each jump and each crossing
 * into another page is a look-up that shows in EntryHi. It is in the soft TLB or put there without effect; if that
 * cannot be, the reference interpreter raises the fault. Nothing that changes translations is executed here, so
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

/* MIPS32 looks up the target when it is executed: after the delay slot, which nothing here lets change translations. */
static inline bool threaded_land32(struct cpu *cpu, uint32_t target, bool user, struct landing *landing)
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

void threaded_stand_at(struct cpu *cpu, const struct decoded_page *page, uint32_t pc)
{
	cpu->jump_pending = false;
	cpu->pc = pc;
	cpu->next_pc = pc + 4;
	if (!cpu->model->lift.fetch_looks_ahead)
		return;
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
	if (!cpu->model->lift.fetch_looks_ahead)
		return;
	cpu->pc_frame = page->frame;
	cpu->next_frame = target_page->frame;
}

enum outcome {
	AGAIN,	/* look at the processor anew */
	STEP_IT /* the reference interpreter executes the next instruction */
};

#define THREADED_LOOP  run_mips161
#define FOR_MIPS32     0
#define FOR_BIG_ENDIAN 1
#include "runtime/cpu/threaded_loop.h"

#define THREADED_LOOP  run_mips32_big
#define FOR_MIPS32     1
#define FOR_BIG_ENDIAN 1
#include "runtime/cpu/threaded_loop.h"

#define THREADED_LOOP  run_mips32_little
#define FOR_MIPS32     1
#define FOR_BIG_ENDIAN 0
#include "runtime/cpu/threaded_loop.h"

typedef enum outcome (*loop)(struct cpu *cpu, const int32_t **handlers);

static loop loop_of(const struct cpu_model *model)
{
	if (model->family == FAMILY_MIPS161)
		return run_mips161;
	return model->lift.big_endian ? run_mips32_big : run_mips32_little;
}

const int32_t *threaded_handlers(const struct cpu_model *model)
{
	const int32_t *handlers;

	loop_of(model)(NULL, &handlers);
	return handlers;
}

void threaded_run(struct cpu *cpu)
{
	loop run = loop_of(cpu->model);
	bool looks_ahead = cpu->model->lift.fetch_looks_ahead;

	while (cpu->budget > 0 && !cpu->attention) {
		if ((looks_ahead ? threaded_may_enter(cpu) : threaded_may_enter32(cpu)) &&
		    run(cpu, NULL) == AGAIN)
			continue;
		if (cpu->budget > 0 && !debug_stops(cpu)) {
			cpu->threaded->steps++;
			reference_step(cpu);
		}
	}
}

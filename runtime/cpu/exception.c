/* Exceptions, mode changes and instruction-fetch mapping of MIPS-161 (System/161 reference, sections 1.5, 1.6, 1.12),
 * and what is common to all processors. */
#include "runtime/cpu/cpu_internal.h"
#include "runtime/cpu/observe.h"

/* Books the time so far on the mode that is about to end. */
static void book_mode(struct cpu *cpu, bool charged)
{
	uint64_t run = cpu_cycles_run(cpu) + charged;

	if (cpu_user_mode(cpu))
		cpu->user_cycles += run - cpu->mode_since;
	else
		cpu->kernel_cycles += run - cpu->mode_since;
	cpu->mode_since = run;
	cpu->user_stalls = cpu_user_stalls(cpu);
	cpu->stalls_booked = cpu->stalls;
}

void cpu_mode_cycles(const struct cpu *cpu, uint64_t *kernel, uint64_t *user)
{
	uint64_t since = cpu_cycles_run(cpu) - cpu->mode_since;

	*kernel = cpu->kernel_cycles + (cpu_user_mode(cpu) ? 0 : since);
	*user = cpu->user_cycles + (cpu_user_mode(cpu) ? since : 0);
}

void cpu_set_status(struct cpu *cpu, uint32_t status, bool charged)
{
	uint32_t mask = cpu->model->status_user_mask, user = cpu->model->status_user;

	if (((cpu->status & mask) == user) != ((status & mask) == user))
		book_mode(cpu, charged);
	cpu->status = status;
}

void cpu_record_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr)
{
	struct exception_history *history = &cpu->history;
	enum exception_kind kind = RECORDED_OTHER;

	if (is_traced(cpu, CPU_OBSERVED))
		observe_exception(cpu, code, bad_vaddr);
	if (code == EXCEPTION_INTERRUPT)
		kind = RECORDED_INTERRUPT;
	else if (code <= EXCEPTION_TLBS)
		kind = RECORDED_TLB;
	else if (code == EXCEPTION_SYSCALL)
		kind = RECORDED_SYSCALL;
	history->records[kind][history->counts[kind]++ % EXCEPTION_RECORDS] =
	    (struct exception_record){.when = cpu_cycles_run(cpu),
				      .pc = cpu->exception_pc,
				      .bad_vaddr = bad_vaddr,
				      .status = cpu->status,
				      .sp = cpu->gpr[29],
				      .code = (uint8_t)code,
				      .delay_slot = cpu->delay_slot};
}

static void enter_handler(struct cpu *cpu, enum exception_code code, unsigned unit, uint32_t bad_vaddr,
			  bool tlb_miss, uint32_t vector_offset, bool charged)
{
	if (is_traced(cpu, TRACE_EXCEPTION))
		cpu_trace_exception(cpu, code, bad_vaddr, tlb_miss);
	cpu_record_exception(cpu, code, bad_vaddr);
	if (code == EXCEPTION_INTERRUPT)
		cpu->interrupts++;
	else
		cpu->exceptions++;
	if (charged)
		*(cpu_user_mode(cpu) ? &cpu->user_faults : &cpu->kernel_faults) += 1;

	cpu->cause = (cpu->cause & (CAUSE_SOFTWARE | CAUSE_LINES)) | (uint32_t)code << CAUSE_CODE_SHIFT |
		     unit << CAUSE_CE_SHIFT | (cpu->delay_slot ? CAUSE_BD : 0);
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu->ll_active = false;
	cpu_set_status(cpu, (cpu->status & ~STATUS_STACK) | ((cpu->status << 2) & STATUS_STACK), charged);
	/* Every exception writes these two, with 0 if there is no address. */
	cpu->bad_vaddr = bad_vaddr;
	cpu->context = (cpu->context & 0xFFE00000u) | (bad_vaddr & 0x7FFFF000u) >> 10;
	cpu->epc = cpu->exception_pc;

	cpu->pc = (cpu->status & STATUS_BEV ? VECTOR_BOOT : VECTOR_NORMAL) + vector_offset;
	cpu->next_pc = cpu->pc + 4;
	cpu->pc_frame = cpu->next_frame = memory_frame(cpu->memory, cpu->pc & DIRECT_MASK);
	cpu->transfer = TRANSFER_NOW;
}

void cpu_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr, bool charged)
{
	if (is_mips32(cpu))
		mips32_exception(cpu, code, 0, bad_vaddr, charged);
	else
		enter_handler(cpu, code, 0, bad_vaddr, false, VECTOR_GENERAL_OFFSET, charged);
}

void cpu_exception_tlb_miss(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr)
{
	enter_handler(cpu, code, 0, bad_vaddr, true, bad_vaddr < KSEG0_BASE ? 0 : VECTOR_GENERAL_OFFSET,
		      true);
}

void cpu_exception_coprocessor(struct cpu *cpu, unsigned unit)
{
	if (is_mips32(cpu))
		mips32_exception(cpu, EXCEPTION_COPROCESSOR, unit, 0, true);
	else
		enter_handler(cpu, EXCEPTION_COPROCESSOR, unit, 0, false, VECTOR_GENERAL_OFFSET, true);
}

void cpu_take_interrupt(struct cpu *cpu)
{
	/* Steps 1 and 2 of a cycle, section 1.5. */
	if (cpu->jump_pending) {
		cpu->jump_pending = false;
		cpu->delay_slot = true;
	} else {
		cpu->exception_pc = cpu->pc;
	}
	cpu_exception(cpu, EXCEPTION_INTERRUPT, 0, false);
	cpu->exception_pc = cpu->pc;
}

static bool map_for_fetch(struct cpu *cpu, uint32_t va, uint32_t *frame)
{
	uint32_t physical;

	if (!cpu_translate_inline(cpu, va, ACCESS_FETCH, &physical))
		return false;
	*frame = memory_frame(cpu->memory, physical);
	if (*frame == NO_FRAME) {
		cpu_exception(cpu, EXCEPTION_IBE, 0, true);
		return false;
	}
	return true;
}

bool cpu_map_pc(struct cpu *cpu)
{
	uint32_t frame;

	if (!map_for_fetch(cpu, cpu->pc, &frame))
		return false;
	cpu->pc_frame = frame;
	return true;
}

bool cpu_map_next_pc(struct cpu *cpu)
{
	uint32_t frame;

	if (!map_for_fetch(cpu, cpu->next_pc, &frame))
		return false;
	cpu->next_frame = frame;
	return true;
}

void mips161_pop_mode(struct cpu *cpu)
{
	uint32_t popped = (cpu->status & STATUS_STACK) >> 2 | (cpu->status & 0x30);

	cpu_set_status(cpu, (cpu->status & ~STATUS_STACK) | popped, true);
}

void cpu_return_from_exception(struct cpu *cpu)
{
	mips161_pop_mode(cpu);
	if (is_traced(cpu, TRACE_EXCEPTION))
		cpu_trace_return(cpu);
	/* The look-ups below are of the code returned to: their faults are its own. */
	cpu->delay_slot = false;
	cpu->exception_pc = cpu->pc;
	cpu->transfer = TRANSFER_NOW;
	cpu_map_pc(cpu);
	cpu_map_next_pc(cpu);
}

static uint32_t quiet_frame(const struct cpu *cpu, uint32_t va)
{
	uint32_t physical;

	/* System/161's kernel code that has just put itself into user mode goes on where it is. */
	if (va_is_direct(va) && !is_mips32(cpu))
		return memory_frame(cpu->memory, va & DIRECT_MASK);
	if (!cpu_translate_quietly(cpu, va, ACCESS_FETCH, cpu_user_mode(cpu), &physical))
		return NO_FRAME;
	return memory_frame(cpu->memory, physical);
}

uint32_t cpu_code_frame(const struct cpu *cpu)
{
	return cpu->model->lift.fetch_looks_ahead ? cpu->pc_frame : quiet_frame(cpu, cpu->pc);
}

/* The same, found through the soft TLB if that has it. */
static uint32_t engine_frame(struct cpu *cpu, uint32_t va)
{
	uint32_t offset = cpu_user_mode(cpu) ? soft_tlb_find(cpu, va, ACCESS_FETCH, true) : NO_FRAME;

	return offset == NO_FRAME ? quiet_frame(cpu, va) : offset & PAGE_MASK;
}

void cpu_resume_at(struct cpu *cpu, uint32_t pc)
{
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu->pc = pc;
	cpu->next_pc = pc + 4;
	if (!cpu->model->lift.fetch_looks_ahead)
		return;
	cpu->pc_frame = engine_frame(cpu, pc);
	cpu->next_frame = (cpu->next_pc & ~PAGE_MASK) ? cpu->pc_frame : engine_frame(cpu, cpu->next_pc);
}

#include "runtime/cpu/cpu_internal.h"

#include <string.h>

/* Reset state, System/161 reference, section 1.2. */
#define RESET_PC	0xBFC00000u
#define RESET_ENTRY_HI	0x81040000u
#define RESET_TLB_FIRST 0x81000000u

const struct field cpu_fields[] = {
    FIELD_ARRAY(struct cpu, gpr),
    FIELD(struct cpu, hi),
    FIELD(struct cpu, lo),
    FIELD(struct cpu, asid),
    FIELD(struct cpu, count_base),
    FIELD(struct cpu, index),
    FIELD(struct cpu, entry_lo),
    FIELD(struct cpu, context),
    FIELD(struct cpu, bad_vaddr),
    FIELD(struct cpu, compare),
    FIELD(struct cpu, status),
    FIELD(struct cpu, cause),
    FIELD(struct cpu, epc),
    FIELD(struct cpu, compare_written),
    FIELD(struct cpu, jump_pending),
    FIELD(struct cpu, delay_slot),
    FIELD(struct cpu, pc),
    FIELD(struct cpu, next_pc),
    FIELD(struct cpu, pc_frame),
    FIELD(struct cpu, next_frame),
    FIELD(struct cpu, ll_active),
    FIELD(struct cpu, ll_address),
    FIELD(struct cpu, ll_value),
    FIELD(struct cpu, run_state),
    FIELD(struct cpu, fetch_faults),
    FIELD(struct cpu, ll_count),
    FIELD(struct cpu, sc_succeeded),
    FIELD(struct cpu, sc_failed),
    FIELD(struct cpu, sync_count),
    FIELD(struct cpu, interrupts),
    FIELD(struct cpu, exceptions),
    FIELD_ARRAY(struct cpu, tlb_hi),
    FIELD_ARRAY(struct cpu, tlb_lo),
    FIELD_ARRAY(struct cpu, tlb_lo1),
    FIELD_ARRAY(struct cpu, tlb_page_mask),
    FIELD(struct cpu, entry_lo1),
    FIELD(struct cpu, page_mask),
    FIELD(struct cpu, wired),
    FIELD(struct cpu, hwr_enable),
    FIELD(struct cpu, interrupt_control),
    FIELD(struct cpu, exception_base),
    FIELD(struct cpu, config),
    FIELD(struct cpu, error_epc),
    FIELD(struct cpu, stopped_count),
    FIELD(struct cpu, random_base),
    FIELD_END,
};

static void mips161_reset(struct cpu *cpu)
{
	cpu->lookup_va = RESET_ENTRY_HI & ENTRY_HI_VPN;
	cpu->count_base = UINT64_MAX; /* Count reads 1 while the first instruction executes */
	for (unsigned i = 0; i < TLB_ENTRIES; i++) {
		cpu->tlb_hi[i] = RESET_TLB_FIRST + i * PAGE_SIZE;
		cpu->tlb_mask[i] = ENTRY_HI_VPN | ENTRY_HI_ASID;
	}
}

void cpu_init(struct cpu *cpu, unsigned number, const struct cpu_model *model, struct memory *memory)
{
	cpu->number = number;
	cpu->model = model;
	cpu->isa = *model->lift.isa;
	cpu->memory = memory;
	cpu->timer_deadline = UINT64_MAX;
	cpu->status = model->status_reset;
	cpu->run_state = CPU_DISABLED;
	if (model->family == FAMILY_MIPS32)
		mips32_reset(cpu);
	else
		mips161_reset(cpu);
	/* Entries of zeros are empty: no jump to address 0 looks for them, except for its own. */
	for (unsigned mode = 0; mode < 2; mode++)
		cpu->jump_cache[mode][jump_cache_index(0)].va = JUMP_CACHE_EMPTY;
	soft_tlb_clear(cpu);
	cpu->exception_pc = RESET_PC;
	cpu_resume_at(cpu, RESET_PC);
}

const char *cpu_set_entry(struct cpu *cpu, uint32_t entry)
{
	const char *problem = NULL;

	if (entry & 3) {
		problem = "Kernel entry point is not properly aligned";
		entry &= ~3u;
	}
	cpu->gpr[25] = entry; /* t9, for position-independent start code */
	cpu->exception_pc = entry;
	cpu->pc = entry;
	cpu->next_pc = entry + 4;
	if (!cpu->model->lift.fetch_looks_ahead)
		return problem;
	if (!cpu_map_pc(cpu))
		problem = "Kernel entry point is an invalid address";
	if (!cpu_map_next_pc(cpu))
		problem = "Kernel entry point is an invalid address";
	return problem;
}

bool cpu_set_lines(struct cpu *cpu, uint32_t asserted)
{
	cpu->cause = (cpu->cause & ~(CAUSE_LAMEBUS | CAUSE_IPI)) | asserted;
	if (cpu->trace && (cpu->trace->flags & TRACE_INTERRUPT)) /* in any run */
		cpu_trace_lines(cpu);
	if (cpu->run_state != CPU_WAITING || !asserted)
		return false;
	cpu->run_state = CPU_RUNNING;
	return true;
}

void cpu_waited(struct cpu *cpu, uint64_t cycles)
{
	if (!cpu_timer_runs_on(cpu))
		return;
	/* As if that much more had been executed: whatever derives from `active` stays, Count moves. */
	cpu->count_base -= cycles;
	if (cpu->timer_deadline != UINT64_MAX)
		cpu->timer_deadline -= cycles;
	if (cpu->timer_deadline == cpu_active(cpu))
		cpu_timer_match(cpu);
	if (cpu->run_state == CPU_WAITING && cpu_interrupt_due(cpu))
		cpu->run_state = CPU_RUNNING;
}

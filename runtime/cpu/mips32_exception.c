/* Exceptions of MIPS32: entered with EXL, left with ERET (Malta reference, section 14, Exceptions). */
#include "runtime/cpu/cpu_internal.h"

#define BOOT_BASE	  0xBFC00200u
#define REFILL_OFFSET	  0x000u
#define GENERAL_OFFSET	  0x180u
#define INTERRUPT_OFFSET  0x200u
#define EXCEPTION_PAGE	  0xFFFFF000u
#define VECTOR_SPACING	  0x000003E0u /* IntCtl.VS, in place: bytes between two vectors */
#define CAUSE_IP_SHIFT	  8
#define CONTEXT_PTE_BASE  0xFF800000u
#define CONTEXT_BAD_VPN2  0x007FFFF0u
#define CONTEXT_VPN_SHIFT 9

void mips32_set_status(struct cpu *cpu, uint32_t status)
{
	/* ERL makes kuseg unmapped, which the soft TLB does not know. */
	if ((cpu->status ^ status) & STATUS_ERL)
		soft_tlb_clear(cpu);
	cpu_set_status(cpu, status, true);
}

static bool is_tlb_code(enum exception_code code)
{
	return code == EXCEPTION_MOD || code == EXCEPTION_TLBL || code == EXCEPTION_TLBS;
}

static uint32_t interrupt_offset(const struct cpu *cpu)
{
	uint32_t pending = (cpu->cause & cpu->status & STATUS_IM) >> CAUSE_IP_SHIFT;
	unsigned highest = 31 - (unsigned)__builtin_clz(pending);

	if (!(cpu->cause & CAUSE_IV))
		return GENERAL_OFFSET;
	if (cpu->status & STATUS_BEV)
		return INTERRUPT_OFFSET;
	return INTERRUPT_OFFSET + highest * (cpu->interrupt_control & VECTOR_SPACING);
}

/* With EXL set already, EPC and BD keep what they say of the first exception. */
static void mips32_enter_handler(struct cpu *cpu, enum exception_code code, unsigned unit, uint32_t offset,
				 bool charged)
{
	cpu_record_exception(cpu, code, cpu->bad_vaddr);
	if (code == EXCEPTION_INTERRUPT)
		cpu->interrupts++;
	else
		cpu->exceptions++;

	cpu->cause = (cpu->cause & ~CAUSE_CODE) | (uint32_t)code << CAUSE_CODE_SHIFT;
	if (code == EXCEPTION_COPROCESSOR)
		cpu->cause = (cpu->cause & ~CAUSE_CE) | unit << CAUSE_CE_SHIFT;
	if (!(cpu->status & STATUS_EXL)) {
		cpu->epc = cpu->exception_pc;
		cpu->cause = (cpu->cause & ~CAUSE_BD) | (cpu->delay_slot ? CAUSE_BD : 0);
	}
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu_set_status(cpu, cpu->status | STATUS_EXL, charged);
	cpu->pc = (cpu->status & STATUS_BEV ? BOOT_BASE : cpu->exception_base & EXCEPTION_PAGE) + offset;
	cpu->next_pc = cpu->pc + 4;
	cpu->transfer = TRANSFER_NOW;
}

void mips32_exception(struct cpu *cpu, enum exception_code code, unsigned unit, uint32_t bad_vaddr,
		      bool charged)
{
	uint32_t offset = GENERAL_OFFSET;

	if (code == EXCEPTION_INTERRUPT)
		offset = interrupt_offset(cpu);
	if (is_tlb_code(code)) {
		cpu->lookup_va = bad_vaddr & MIPS32_VPN2;
		cpu->context =
		    (cpu->context & CONTEXT_PTE_BASE) | (bad_vaddr >> CONTEXT_VPN_SHIFT & CONTEXT_BAD_VPN2);
	}
	if (is_tlb_code(code) || code == EXCEPTION_ADEL || code == EXCEPTION_ADES)
		cpu->bad_vaddr = bad_vaddr;
	mips32_enter_handler(cpu, code, unit, offset, charged);
}

/* No entry matched: a vector of its own, unless a handler is at work. */
void mips32_exception_refill(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr)
{
	uint32_t old = cpu->status;

	mips32_exception(cpu, code, 0, bad_vaddr, true);
	if (!(old & STATUS_EXL)) {
		cpu->pc += REFILL_OFFSET - GENERAL_OFFSET;
		cpu->next_pc = cpu->pc + 4;
	}
}

void mips32_return_from_exception(struct cpu *cpu)
{
	if (cpu->status & STATUS_ERL) {
		cpu->pc = cpu->error_epc;
		mips32_set_status(cpu, cpu->status & ~STATUS_ERL);
	} else {
		cpu->pc = cpu->epc;
		mips32_set_status(cpu, cpu->status & ~STATUS_EXL);
	}
	cpu->next_pc = cpu->pc + 4;
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu->ll_active = false;
	cpu->transfer = TRANSFER_NOW;
}

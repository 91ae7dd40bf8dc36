/* The hot parts of address translation, shared by the files of runtime/cpu. */
#ifndef JIT161_RUNTIME_CPU_CPU_INTERNAL_H
#define JIT161_RUNTIME_CPU_CPU_INTERNAL_H

#include "runtime/core/trace.h"
#include "runtime/cpu/cpu.h"

#define KSEG2_BASE	      0xC0000000u
#define DIRECT_MASK	      0x1FFFFFFFu
#define RFE_WORD	      0x42000010u
#define ERET_WORD	      0x42000018u
#define VECTOR_BOOT	      0xBFC00100u
#define VECTOR_NORMAL	      0x80000000u
#define VECTOR_GENERAL_OFFSET 0x80u

/* --- tracing (trace.c): whole lines of their kind, whatever the flags are, but for the first --- */

/* What an instruction is about to do, if the flag of the mode is on; then cpu_trace_result is wanted. */
bool cpu_trace_instruction(struct cpu *cpu, uint32_t word);
/* What became of it: it raised an exception, or has to start again. */
void cpu_trace_result(struct cpu *cpu, uint32_t word, bool raised, bool stalled);
void cpu_trace_jump(struct cpu *cpu, uint32_t target);
void cpu_trace_lookup(struct cpu *cpu, uint32_t va, enum access access);
void cpu_trace_tlb_write(struct cpu *cpu, const char *name, unsigned index); /* before it is done */
void cpu_trace_tlb_read(struct cpu *cpu);				     /* after */
void cpu_trace_tlb_probe(struct cpu *cpu);
/* `miss`: no TLB entry matched. */
void cpu_trace_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr, bool miss);
void cpu_trace_return(struct cpu *cpu);
void cpu_trace_taking_interrupt(struct cpu *cpu);
void cpu_trace_lines(struct cpu *cpu);
void cpu_trace_timer(struct cpu *cpu, bool on);

static inline bool is_traced(const struct cpu *cpu, uint32_t flags)
{
	return __builtin_expect(cpu->tracing & flags, 0);
}

/* cpu_user_mode and cpu_interrupt_due where the family is known. */
static inline bool mips161_user_mode(const struct cpu *cpu)
{
	return cpu->status & STATUS_KUC;
}

static inline bool mips161_interrupt_due(const struct cpu *cpu)
{
	return (cpu->status & STATUS_IEC) && (cpu->status & cpu->cause & STATUS_IM);
}

static inline bool is_mips32(const struct cpu *cpu)
{
	return cpu->model->family == FAMILY_MIPS32;
}

/* kseg0 and kseg1, which need no TLB. */
static inline bool va_is_direct(uint32_t va)
{
	return va >> 30 == 2;
}

/* RFE's part in Status. */
void mips161_pop_mode(struct cpu *cpu);

/* Translation through the TLB: the part of cpu_translate that is worth a call. */
bool cpu_translate_mapped(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical);

static inline bool cpu_translate_inline(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical)
{
	if ((va >= KSEG0_BASE && mips161_user_mode(cpu)) || (va & 3)) {
		cpu_exception(cpu, access == ACCESS_STORE ? EXCEPTION_ADES : EXCEPTION_ADEL, va, true);
		return false;
	}
	if (va_is_direct(va)) {
		*physical = va & DIRECT_MASK;
		return true;
	}
	return cpu_translate_mapped(cpu, va, access, physical);
}

/* --- MIPS32: the other half of what cpu.h declares --- */

#define MIPS32_VPN2 0xFFFFE000u /* of EntryHi */
#define MIPS32_ASID 0x000000FFu

void mips32_reset(struct cpu *cpu);
void mips32_exception(struct cpu *cpu, enum exception_code code, unsigned unit, uint32_t bad_vaddr,
		      bool charged);
void mips32_exception_refill(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr);
void mips32_return_from_exception(struct cpu *cpu);
void mips32_set_status(struct cpu *cpu, uint32_t status);

/* Translates an aligned address of any width as the hardware does. */
bool mips32_translate(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical);
bool mips32_translate_quietly(const struct cpu *cpu, uint32_t va, enum access access, bool user,
			      uint32_t *physical);
void mips32_tlb_read(struct cpu *cpu);
void mips32_tlb_write(struct cpu *cpu, unsigned index);
void mips32_tlb_probe(struct cpu *cpu);

uint32_t mips32_cp0_read(const struct cpu *cpu, unsigned number);
void mips32_cp0_write(struct cpu *cpu, unsigned number, uint32_t value);
uint32_t mips32_count(const struct cpu *cpu);
unsigned mips32_random(const struct cpu *cpu);
void mips32_update_deadline(struct cpu *cpu);
void mips32_timer_match(struct cpu *cpu);
/* RDHWR; false: no such register, or not for user mode. */
bool mips32_hardware_register(const struct cpu *cpu, unsigned number, uint32_t *value);

/* Guest accesses, as cpu_load and its like. */
bool mips32_load(struct cpu *cpu, uint32_t va, unsigned size, uint32_t *value);
bool mips32_store(struct cpu *cpu, uint32_t va, unsigned size, uint32_t value);
/* The word that an unaligned address lies in. */
bool mips32_load_around(struct cpu *cpu, uint32_t va, uint32_t *value);
/* Replaces the bits under `mask` of the word that an unaligned address lies in. */
bool mips32_store_around(struct cpu *cpu, uint32_t va, uint32_t mask, uint32_t bits);
bool mips32_store_conditional(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t *success);
bool mips32_fetch(struct cpu *cpu, uint32_t *word);

#endif

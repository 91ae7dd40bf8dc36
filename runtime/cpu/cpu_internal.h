/* The hot parts of address translation, shared by the files of runtime/cpu. */
#ifndef JIT161_RUNTIME_CPU_CPU_INTERNAL_H
#define JIT161_RUNTIME_CPU_CPU_INTERNAL_H

#include "runtime/cpu/cpu.h"

#define KSEG0_BASE	      0x80000000u
#define KSEG2_BASE	      0xC0000000u
#define DIRECT_MASK	      0x1FFFFFFFu
#define RFE_WORD	      0x42000010u
#define VECTOR_BOOT	      0xBFC00100u
#define VECTOR_NORMAL	      0x80000000u
#define VECTOR_GENERAL_OFFSET 0x80u

/* kseg0 and kseg1, which need no TLB. */
static inline bool va_is_direct(uint32_t va)
{
	return va >> 30 == 2;
}

/* Translation through the TLB: the part of cpu_translate that is worth a call. */
bool cpu_translate_mapped(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical);

static inline bool cpu_translate_inline(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical)
{
	if ((va >= KSEG0_BASE && cpu_user_mode(cpu)) || (va & 3)) {
		cpu_exception(cpu, access == ACCESS_STORE ? EXCEPTION_ADES : EXCEPTION_ADEL, va, true);
		return false;
	}
	if (va_is_direct(va)) {
		*physical = va & DIRECT_MASK;
		return true;
	}
	return cpu_translate_mapped(cpu, va, access, physical);
}

#endif

/* The ways into and out of the kernel without fetching and decoding, for engines that leave translated code there. What they
 * do to the processor's state is exception.c's and mips32_exception.c's. */
#include "frontend/decode.h"
#include "runtime/cpu/cpu_internal.h"

#define PAGE_END 16u /* bytes of a page in which fetching looks at the next one */

static bool is_syscall(uint32_t word)
{
	return word >> 26 == 0 && (word & 0x3F) == 0x0C;
}

static bool is_jr(uint32_t word)
{
	return (word & 0xFC1FFFFFu) == 0x00000008u;
}

static void raise_syscall(struct cpu *cpu)
{
	cpu->exception_pc = cpu->pc;
	cpu->delay_slot = false;
	cpu->jump_pending = false;
	cpu_exception(cpu, EXCEPTION_SYSCALL, 0, true);
	cpu->budget--;
}

/* JR and RFE, which looks up the target in the mode it returns to (System/161 reference, sections 1.5 and 1.6). A target that
 * is not mapped is the interpreter's: it faults after the return. */
static bool jump_and_return(struct cpu *cpu, uint32_t target)
{
	uint32_t status = cpu->status, frame;
	bool to_user = status & (STATUS_KUC << 2); /* KUp */

	if (cpu->budget < 2 || (target & 3) || (target & ~PAGE_MASK) >= PAGE_SIZE - PAGE_END)
		return false;
	if (to_user) {
		uint32_t offset = soft_tlb_find(cpu, target, ACCESS_FETCH, true);

		if (offset == NO_FRAME)
			return false;
		frame = offset & PAGE_MASK;
	} else {
		frame = va_is_direct(target) ? memory_frame(cpu->memory, target & DIRECT_MASK) : NO_FRAME;
		if (frame == NO_FRAME)
			return false;
	}
	cpu->budget--; /* JR */
	mips161_pop_mode(cpu);
	if (to_user)
		cpu->lookup_va = target + 4;
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu->pc = cpu->exception_pc = target;
	cpu->next_pc = target + 4;
	cpu->pc_frame = cpu->next_frame = frame;
	cpu->budget--; /* RFE */
	return true;
}

bool cpu_step_quickly(struct cpu *cpu)
{
	const struct memory *memory = cpu->memory;
	bool user = cpu_user_mode(cpu);
	uint32_t offset, word;

	if (cpu->budget <= 0 || (cpu->pc & ~PAGE_MASK) >= PAGE_SIZE - PAGE_END)
		return false;
	if (user)
		offset = soft_tlb_find(cpu, cpu->pc, ACCESS_FETCH, true);
	else
		offset = va_is_direct(cpu->pc) ? cpu->pc & DIRECT_MASK : NO_FRAME;
	if (offset >= memory->ram_size)
		return false;
	word = memory_read_word(memory, offset);
	if (is_syscall(word)) {
		raise_syscall(cpu);
		return true;
	}
	if (user)
		return false;
	if (is_mips32(cpu) && word == ERET_WORD) {
		cpu->exception_pc = cpu->pc;
		mips32_return_from_exception(cpu);
		cpu->budget--;
		return true;
	}
	return !is_mips32(cpu) && is_jr(word) && memory_read_word(memory, offset + 4) == RFE_WORD &&
	       jump_and_return(cpu, cpu->gpr[mips_word_rs(word)]);
}

#include "runtime/cpu/observe.h"

#include "frontend/decode.h"
#include "runtime/cpu/cpu_internal.h"

/* Translated code and stencils address what is before these fields by constants. */
_Static_assert(offsetof(struct cpu, observer) > offsetof(struct cpu, history),
	       "plugins move nothing that code refers to");

#define TELL(observer, callback, event)                                                                      \
	for (unsigned i_ = 0; i_ < (observer)->count; i_++)                                                  \
		if ((observer)->plugins[i_].callback)                                                        \
	(observer)->plugins[i_].callback((observer)->plugins[i_].context, event)

static void end_block(struct observer *observer, unsigned cpu)
{
	struct observed_block *block = &observer->blocks[cpu];

	if (block->instructions) {
		struct jit161_block event = {.cpu = cpu,
					     .user = block->user,
					     .address = block->start,
					     .instructions = block->instructions};

		TELL(observer, block, &event);
	}
	block->instructions = 0;
	block->slot = false;
}

static bool is_device(const struct cpu *cpu, uint32_t physical)
{
	return memory_frame(cpu->memory, physical & PAGE_MASK) == NO_FRAME;
}

void observe_before(const struct cpu *cpu, uint32_t word, struct observed *seen)
{
	struct insn insn;

	mips_decode(&cpu->isa, word, &insn);
	*seen = (struct observed){.pc = cpu->delay_slot ? cpu->exception_pc + 4 : cpu->exception_pc,
				  .word = word,
				  .op = &mips_op_info[insn.op],
				  .user = cpu_user_mode(cpu),
				  .exceptions = cpu->exceptions,
				  .stalls = cpu->stalls,
				  .sc_succeeded = cpu->sc_succeeded};
	/* Kernel code that has just put itself into user mode goes on where it is (section 1.5). */
	if (va_is_direct(seen->pc))
		seen->physical = seen->pc & DIRECT_MASK;
	else
		cpu_translate_quietly(cpu, seen->pc, ACCESS_FETCH, seen->user, &seen->physical);
	if (!(seen->op->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)))
		return;
	bool store = seen->op->flags & MIPS_FLAG_STORE;

	seen->va = cpu->gpr[insn.rs] + (uint32_t)insn.imm;
	if (seen->op->flags & MIPS_FLAG_PARTIAL)
		seen->va &= ~3u;
	seen->value = cpu->gpr[insn.rt];
	seen->access = cpu_translate_quietly(cpu, seen->va & ~3u, store ? ACCESS_STORE : ACCESS_LOAD,
					     seen->user, &seen->va_physical);
	seen->va_physical |= seen->va & 3;
	seen->device = seen->access && is_device(cpu, seen->va_physical);
}

static void tell_access(const struct cpu *cpu, const struct observed *seen)
{
	bool store = seen->op->flags & MIPS_FLAG_STORE;
	struct jit161_access event = {.cpu = cpu->number,
				      .user = seen->user,
				      .store = store,
				      .instruction = seen->pc,
				      .address = seen->va,
				      .physical = seen->va_physical,
				      .size = seen->op->bytes,
				      .device = seen->device};

	if (seen->device)
		event.value = store ? seen->value : cpu->gpr[mips_word_rt(seen->word)];
	TELL(cpu->observer, access, &event);
}

void observe_after(const struct cpu *cpu, const struct observed *seen)
{
	struct observer *observer = cpu->observer;
	struct observed_block *block = &observer->blocks[cpu->number];
	struct jit161_instruction event = {.cpu = cpu->number,
					   .user = seen->user,
					   .address = seen->pc,
					   .physical = seen->physical,
					   .word = seen->word};
	bool conditional = seen->op == &mips_op_info[MIPS_OP_SC];

	if (cpu->exceptions != seen->exceptions || cpu->stalls != seen->stalls)
		return;
	if (seen->access && (!conditional || cpu->sc_succeeded != seen->sc_succeeded))
		tell_access(cpu, seen);
	TELL(observer, instruction, &event);

	/* A branch-likely that is not taken skips its delay slot. */
	if (block->instructions && (seen->pc != block->next || seen->user != block->user))
		end_block(observer, cpu->number);
	if (!block->instructions) {
		block->start = seen->pc;
		block->user = seen->user;
	}
	block->instructions++;
	block->next = seen->pc + 4;
	bool last = block->slot || seen->word == RFE_WORD || (seen->word == ERET_WORD && is_mips32(cpu));

	block->slot = seen->op->flags & MIPS_FLAG_DELAY;
	if (last)
		end_block(observer, cpu->number);
}

void observe_exception(const struct cpu *cpu, unsigned code, uint32_t bad_vaddr)
{
	struct jit161_exception event = {.cpu = cpu->number,
					 .user = cpu_user_mode(cpu),
					 .code = code,
					 .address = cpu->exception_pc,
					 .bad_address = bad_vaddr};

	end_block(cpu->observer, cpu->number);
	TELL(cpu->observer, exception, &event);
}

void observe_tlb_write(const struct cpu *cpu, unsigned index)
{
	struct jit161_tlb_write event = {.cpu = cpu->number,
					 .index = index,
					 .high = cpu->tlb_hi[index],
					 .low = cpu->tlb_lo[index],
					 .low_odd = cpu->tlb_lo1[index],
					 .page_mask = cpu->tlb_page_mask[index]};

	TELL(cpu->observer, tlb_write, &event);
}

void observe_finish(struct observer *observer)
{
	for (unsigned cpu = 0; cpu < OBSERVED_CPUS; cpu++)
		end_block(observer, cpu);
	for (unsigned i = 0; i < observer->count; i++)
		if (observer->plugins[i].finish)
			observer->plugins[i].finish(observer->plugins[i].context);
	observer->count = 0;
}

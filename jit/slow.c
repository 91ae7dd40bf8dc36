/* Accesses that do not pass their tests often: of devices, mapped by the kernel, in pages that a soft TLB has no room for. A
 * region leaves before such an access and the interpreter takes the rest of the block: that is the least code, and most
 * accesses of most guests always pass. An instruction that makes a region leave too often is remembered by where it is in
 * RAM, and its regions are dropped; in those made later its block calls helpers instead. */
#include "frontend/decode.h"
#include "jit/jit_internal.h"

#include <stdlib.h>
#include <string.h>

/* Leaving costs some 150 ns: 64 in so many cycles are about a hundredth of the time. */
#define SLOW_CYCLES 1000000

/* The instruction that a region left at `offset` to leave it to the interpreter, and where it is; false if it is no access.
 * One in a delay slot is left at its branch. */
static bool find_access(const struct jit *jit, uint32_t *offset, struct insn *insn)
{
	mips_decode(jit->cpus[0].model->lift.isa, memory_read_word(jit->memory, *offset), insn);
	if (insn_has_delay_slot(insn) && *offset + 4 < jit->memory->ram_size) {
		*offset += 4;
		mips_decode(jit->cpus[0].model->lift.isa, memory_read_word(jit->memory, *offset), insn);
	}
	return mips_op_info[insn->op].flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE);
}

static unsigned place(uint32_t offset, unsigned count)
{
	return (offset >> 2) * 0x9E3779B1u >> 7 & (count - 1);
}

/* What the interpreter does leaves no trace in the soft TLB: without this all accesses to a page that is missing there would
 * leave. */
static void find_page(struct cpu *cpu, const struct insn *insn)
{
	soft_tlb_find(cpu, cpu->gpr[insn->rs] + insn->imm,
		      mips_op_info[insn->op].flags & MIPS_FLAG_STORE ? ACCESS_STORE : ACCESS_LOAD, true);
}

void slow_note(struct jit *jit, struct cpu *cpu, uint32_t offset)
{
	struct insn insn;
	uint32_t access = offset;
	struct slow_accesses *slow = &jit->slow;
	int64_t active = (int64_t)cpu_active(cpu);

	if (cpu_user_mode(cpu) && find_access(jit, &access, &insn))
		find_page(cpu, &insn);
	if (llabs(active - slow->since) > SLOW_CYCLES) { /* another processor may be behind */
		memset(slow->exits, 0, sizeof(slow->exits));
		slow->since = active;
	}
	uint8_t *exits = &slow->exits[place(offset, SLOW_PLACES)];
	if (++*exits < jit->options.slow_exits)
		return;
	*exits = 0;
	access = offset;
	if (!find_access(jit, &access, &insn))
		return;
	unsigned at = place(access, SLOW_KNOWN);
	slow->known[at / 8] |= (uint8_t)(1u << at % 8);
	cache_drop_regions(jit, access);
}

bool slow_in_block(const struct jit *jit, const struct scanned_block *block, uint32_t distance)
{
	if (jit->options.slow_exits == 0)
		return true;
	for (unsigned i = 0; i < block->words; i++) {
		unsigned at = place(block->pa + distance + 4 * i, SLOW_KNOWN);

		if (jit->slow.known[at / 8] >> at % 8 & 1)
			return true;
	}
	return false;
}

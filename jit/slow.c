/* Accesses that do not pass their tests often: of devices, mapped by the kernel, in pages that a soft TLB has no room for. A
 * region leaves before such an access and the interpreter takes the rest of the block: that is the least code, and most
 * accesses of most guests always pass. An instruction that makes a region leave too often is remembered by where it is in
 * RAM, and its regions are dropped. If it passes by itself, others failed that were tested with it: then the accesses of its
 * block are tested one by one in regions made later. Else they call helpers. */
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

/* Whether an access passes the tests that are made of it alone. It may have been left with others that do not. */
static bool is_fast(const struct cpu *cpu, const struct insn *insn)
{
	const struct memory *memory = cpu->memory;
	uint32_t va = cpu->gpr[insn->rs] + insn->imm, offset = va - KSEG0_BASE;
	bool stores = mips_op_info[insn->op].flags & MIPS_FLAG_STORE;

	if (!cpu_user_mode(cpu))
		return offset < memory->ram_size &&
		       !(stores && memory->ram[memory->code_map_offset + (offset >> CODE_GRANULE_SHIFT)]);
	const struct soft_tlb_entry *entry = &cpu->soft_tlb[SOFT_TLB_USER][va >> 12 & (SOFT_TLB_SIZE - 1)];
	return (stores ? entry->write_tag : entry->read_tag) == ((va & PAGE_MASK) | cpu->asid);
}

/* What the interpreter does leaves no trace in the soft TLB: without this all accesses to a page that is missing there would
 * leave. */
static void find_page(struct cpu *cpu, const struct insn *insn)
{
	soft_tlb_find(cpu, cpu->gpr[insn->rs] + insn->imm,
		      mips_op_info[insn->op].flags & MIPS_FLAG_STORE ? ACCESS_STORE : ACCESS_LOAD, true);
}

static bool marked(const uint8_t *marks, unsigned at)
{
	return marks[at / 8] >> at % 8 & 1;
}

/* The access at a RAM offset makes its blocks be left too often: from now on they are compiled in a slower way. */
static void make_slower(struct jit *jit, uint32_t offset, bool fast)
{
	unsigned at = place(offset, SLOW_KNOWN);
	uint8_t *marks = fast && !marked(jit->slow.apart, at) ? jit->slow.apart : jit->slow.slow;

	marks[at / 8] |= (uint8_t)(1u << at % 8);
	cache_drop_regions(jit, offset);
}

void slow_note(struct jit *jit, struct cpu *cpu, uint32_t offset)
{
	struct insn insn;
	struct slow_accesses *slow = &jit->slow;
	int64_t active = (int64_t)cpu_active(cpu);

	if (llabs(active - slow->since) > SLOW_CYCLES) { /* another processor may be behind */
		memset(slow->exits, 0, sizeof(slow->exits));
		slow->since = active;
	}
	uint8_t *exits = &slow->exits[place(offset, SLOW_PLACES)];
	bool often = ++*exits >= jit->options.slow_exits;
	if (often)
		*exits = 0;
	if ((!often && !cpu_user_mode(cpu)) || !find_access(jit, &offset, &insn))
		return;
	bool fast = is_fast(cpu, &insn);
	if (cpu_user_mode(cpu) && !fast)
		find_page(cpu, &insn);
	if (often)
		make_slower(jit, offset, fast);
}

enum ir_accesses slow_known_of(const struct jit *jit, const struct scanned_block *block, uint32_t distance)
{
	enum ir_accesses known = IR_TOGETHER;

	if (jit->options.slow_exits == 0)
		return IR_SLOW;
	for (unsigned i = 0; i < block->words; i++) {
		unsigned at = place(block->pa + distance + 4 * i, SLOW_KNOWN);

		if (marked(jit->slow.slow, at))
			return IR_SLOW;
		if (marked(jit->slow.apart, at))
			known = IR_APART;
	}
	return known;
}

#include "runtime/cpu/debug.h"

#include "frontend/decode.h"
#include "runtime/cpu/cpu_internal.h"

bool debug_find_split(const struct debug *debug, uint32_t va)
{
	for (unsigned i = 0; i < debug->split_count; i++)
		if (debug->splits[i] == va)
			return true;
	return false;
}

bool debug_has_split_slot(const struct cpu *cpu, uint32_t va, uint32_t word)
{
	struct insn insn;

	if (!debug_splits_at(cpu, va + 4))
		return false;
	mips_decode(&cpu->isa, word, &insn);
	return insn_has_delay_slot(&insn);
}

static bool is_watch(const struct debug_point *point)
{
	return point->kind >= DEBUG_WRITE;
}

/* Whether an access is one that the point is about. Addresses wrap at the end of the address space. */
static bool touches(const struct debug_point *point, uint32_t va, unsigned size, bool store)
{
	if (!is_watch(point) || (store ? point->kind == DEBUG_READ : point->kind == DEBUG_WRITE))
		return false;
	return va - point->address < point->length || point->address - va < size;
}

static const struct debug_point *find_watch(const struct debug_set *set, uint32_t va, unsigned size,
					    bool store)
{
	for (unsigned i = 0; set->watches && i < set->count; i++)
		if (touches(&set->points[i], va, size, store))
			return &set->points[i];
	return NULL;
}

bool debug_find_watch(const struct debug *debug, uint32_t va, unsigned size, bool store)
{
	return debug->watching && (find_watch(&debug->points, va, size, store) ||
				   (debug->only >= 0 && find_watch(&debug->others, va, size, store)));
}

bool debug_watches_page(const struct cpu *cpu, uint32_t va)
{
	return debug_watched(cpu, va & PAGE_MASK, PAGE_SIZE, true) ||
	       debug_watched(cpu, va & PAGE_MASK, PAGE_SIZE, false);
}

/* The data access that the instruction at `pc` would make. */
static bool next_access(const struct cpu *cpu, uint32_t *va, unsigned *size, bool *store)
{
	uint32_t frame = cpu_code_frame(cpu), physical;
	struct insn insn;

	if (frame == NO_FRAME || (cpu->pc & 3))
		return false;
	mips_decode(&cpu->isa, memory_read_word(cpu->memory, frame | (cpu->pc & ~PAGE_MASK)), &insn);
	const struct op_info *op = &mips_op_info[insn.op];
	if (!(op->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)))
		return false;
	*va = (insn.rs ? cpu->gpr[insn.rs] : 0) + (uint32_t)insn.imm;
	*size = op->bytes;
	*store = op->flags & MIPS_FLAG_STORE;
	if (op->flags & MIPS_FLAG_PARTIAL)
		*va &= ~3u;
	/* One that faults touches nothing yet. */
	return cpu_translate_quietly(cpu, *va & ~3u, *store ? ACCESS_STORE : ACCESS_LOAD, cpu_user_mode(cpu),
				     &physical);
}

static const struct debug_point *find_breakpoint(const struct cpu *cpu, const struct debug_set *set)
{
	for (unsigned i = 0; i < set->count && debug_splits_word(cpu, (cpu->pc & ~PAGE_MASK) / 4); i++)
		if (!is_watch(&set->points[i]) && set->points[i].address == cpu->pc)
			return &set->points[i];
	return NULL;
}

bool debug_stands_at_breakpoint(const struct cpu *cpu)
{
	return !cpu_interrupt_due(cpu) && find_breakpoint(cpu, &cpu->debug->points);
}

static bool is_other(const struct cpu *cpu)
{
	return cpu->debug->only >= 0 && (unsigned)cpu->debug->only != cpu->number;
}

static bool hit(struct cpu *cpu, const struct debug_point *point, uint32_t address)
{
	struct debug *debug = cpu->debug;

	/* The debugger would not believe that another one has met something. So the one that it knows to run stops here, and
	 * the other will when all go on. But one that has not got anywhere yet must not be held up. */
	debug->by_other = is_other(cpu);
	if (debug->by_other && !debug->only_moved)
		return false;
	debug->hit = true;
	debug->hit_cpu = debug->by_other ? (unsigned)debug->only : cpu->number;
	debug->hit_point = *point;
	debug->hit_address = address;
	cpu->attention = 1;
	return true;
}

bool debug_meets(struct cpu *cpu)
{
	const struct debug *debug = cpu->debug;
	const struct debug_set *set = is_other(cpu) ? &debug->others : &debug->points;
	const struct debug_point *point;
	uint32_t va;
	unsigned size;
	bool store;

	if (set->count == 0)
		return false;
	if (cpu_interrupt_due(cpu))
		cpu_take_interrupt(cpu);
	point = find_breakpoint(cpu, set);
	if (point)
		return hit(cpu, point, cpu->pc);
	if (!set->watches || !next_access(cpu, &va, &size, &store))
		return false;
	point = find_watch(set, va, size, store);
	/* gdb looks for an address of its own: one of the point's. */
	return point && hit(cpu, point, va - point->address < point->length ? va : point->address);
}

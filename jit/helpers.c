/* What translated code calls: the accesses that its inline checks do not cover, and sensitive instructions. A
 * helper either does all of the instruction or nothing; what it declines, the interpreter does with every
 * side effect.
 *
 * `budget` is as at the start of the instruction's cycle, so cpu->budget = budget makes the clocks exact. */
#include "jit/jit_internal.h"
#include "runtime/core/planted.h"
#include "runtime/cpu/debug.h"

static uint64_t result(enum helper_status status, uint32_t value)
{
	return (uint64_t)status << 32 | value;
}

static bool is_direct(uint32_t va)
{
	return va >> 30 == 2;
}

static uint32_t read_tag(const struct cpu *cpu, uint32_t va)
{
	return (va & PAGE_MASK) | (planted(BUG_ASID) ? 0 : cpu->asid);
}

static void record_lookup(struct cpu *cpu, uint32_t va, bool user)
{
	if (cpu->model->lift.lookup_sets_entry_hi && !user && !is_direct(va) &&
	    !planted(BUG_LOOKUP)) /* user regions keep it in a register */
		cpu->lookup_va = va;
}

/* Whether an access of kernel code is one to a device, and its place on the bus. */
static bool is_device(const struct cpu *cpu, uint32_t va, unsigned size, uint32_t *offset)
{
	const struct memory_map *map = &cpu->memory->map;
	uint32_t physical = va & 0x1FFFFFFF;

	*offset = physical - map->bus_base;
	if (size != 4 && cpu->model->family == FAMILY_MIPS161)
		return false; /* it makes word accesses of it */
	return is_direct(va) && physical >= map->bus_base && physical < map->bus_end &&
	       memory_frame(cpu->memory, physical) == NO_FRAME;
}

/* The word of the buffer that was accessed last, if this is one of its; NULL: it is not. Kernels copy buffers word by word. */
static uint8_t *buffer_word(struct cpu *cpu, uint32_t va, uint32_t access)
{
	uint32_t distance = va - cpu->buffer_va;

	if (distance >= cpu->buffer.size || (access & (ACCESS_SIZE_MASK | ACCESS_USER)) != 4)
		return NULL;
	++*cpu->buffer.accesses;
	return cpu->buffer.bytes + distance;
}

/* A word of a device was accessed quietly: the next one may be of the same buffer. */
static void remember_buffer(struct cpu *cpu, uint32_t va, uint32_t offset)
{
	struct device_buffer buffer;

	if (!cpu->hooks->bus_find_buffer || !cpu->hooks->bus_find_buffer(cpu, offset, &buffer))
		return;
	cpu->buffer = buffer;
	cpu->buffer_va = va - (offset - buffer.offset);
}

/* A load from a device: only where it cannot matter that translated code goes on at once. */
static uint64_t load_from_device(struct cpu *cpu, uint32_t va, unsigned size, bool user)
{
	uint32_t offset, value;

	if (user || !is_device(cpu, va, size, &offset) ||
	    !cpu->hooks->bus_load_quietly(cpu, offset, size, &value))
		return result(HELPER_BEFORE, 0);
	remember_buffer(cpu, va, offset);
	return result(HELPER_DONE, value);
}

static uint64_t help_load(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget)
{
	unsigned size = access & ACCESS_SIZE_MASK;
	bool user = access & ACCESS_USER;
	const uint8_t *at;

	cpu->budget = budget;
	if ((va & (size - 1)) || debug_watched(cpu, va, size, false))
		return result(HELPER_BEFORE, 0);
	const uint8_t *word = buffer_word(cpu, va, access);
	if (word)
		return result(HELPER_DONE, buffer_load(word, 0));
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_LOAD, user);
	if (offset == NO_FRAME)
		return load_from_device(cpu, va, size, user);
	record_lookup(cpu, va, user);
	at = cpu->memory->ram + offset;
	if (size == 1)
		return result(HELPER_DONE, *at);
	if (size == 2)
		return result(HELPER_DONE, cpu->memory->map.big_endian ? (uint32_t)at[0] << 8 | at[1]
								       : (uint32_t)at[1] << 8 | at[0]);
	return result(HELPER_DONE, memory_read_word(cpu->memory, offset));
}

/* Whether the machine must be looked at before the next instruction. */
static enum helper_status after(struct cpu *cpu)
{
	struct jit *jit = cpu->jit;

	if (jit->invalidated && !planted(BUG_STOP_AFTER)) {
		jit->invalidated = false;
		return HELPER_AFTER;
	}
	return cpu->attention || cpu_interrupt_due(cpu) ? HELPER_AFTER : HELPER_DONE;
}

/* A store to a device: from kernel code only. In a delay slot translated code could not stop after it, so there only
 * what cannot stop the machine is done. */
static uint32_t store_to_device(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t access)
{
	unsigned size = access & ACCESS_SIZE_MASK;
	uint32_t offset;

	if ((access & (ACCESS_USER | ACCESS_LEFT | ACCESS_RIGHT)) || !is_device(cpu, va, size, &offset))
		return HELPER_BEFORE;
	if (cpu->hooks->bus_store_quietly(cpu, offset, size, value)) {
		remember_buffer(cpu, va, offset);
		return HELPER_DONE;
	}
	if ((access & ACCESS_DELAY_SLOT) || cpu->hooks->bus_store_shows_state(cpu, offset) ||
	    !cpu->hooks->bus_store(cpu, offset, size, value))
		return HELPER_BEFORE;
	return after(cpu);
}

/* Whether the machine may have to be looked at after a store there. */
static bool may_stop(const struct cpu *cpu, uint32_t offset, uint32_t size)
{
	return cache_overlaps(cpu->jit, offset, size) || memory_is_marked(cpu->memory, offset, CODE_STANDING);
}

static void write_ram(struct cpu *cpu, uint32_t offset, uint32_t value, uint32_t access)
{
	uint8_t *at = cpu->memory->ram + offset;
	bool big = cpu->memory->map.big_endian;
	uint32_t word;

	if (access & (ACCESS_LEFT | ACCESS_RIGHT)) {
		unsigned byte = offset & 3;
		unsigned shift = (bool)(access & ACCESS_LEFT) == big ? 8 * byte : 24 - 8 * byte;
		uint32_t mask = access & ACCESS_LEFT ? UINT32_MAX >> shift : UINT32_MAX << shift;

		value = access & ACCESS_LEFT ? value >> shift : value << shift;
		word = memory_read_word(cpu->memory, offset & ~3u);
		memory_write_word(cpu->memory, offset & ~3u, (word & ~mask) | value);
		return;
	}
	switch (access & ACCESS_SIZE_MASK) {
	case 1:
		at[0] = (uint8_t)value;
		break;
	case 2:
		at[0] = (uint8_t)(big ? value >> 8 : value);
		at[1] = (uint8_t)(big ? value : value >> 8);
		break;
	default:
		memory_write_word(cpu->memory, offset, value);
		return;
	}
	memory_notify_write(cpu->memory, offset, access & ACCESS_SIZE_MASK);
}

static uint32_t help_store(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t access, int64_t budget)
{
	bool partial = access & (ACCESS_LEFT | ACCESS_RIGHT);
	bool user = access & ACCESS_USER;
	unsigned size = partial ? 4 : access & ACCESS_SIZE_MASK;

	cpu->budget = budget;
	if (!partial && (va & (size - 1)))
		return HELPER_BEFORE;
	if (debug_watched(cpu, partial ? va & ~3u : va, size, true))
		return HELPER_BEFORE;
	uint8_t *word = partial ? NULL : buffer_word(cpu, va, access);
	if (word) {
		buffer_store(word, 0, value);
		return HELPER_DONE;
	}
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_STORE, user);
	if (offset == NO_FRAME)
		return store_to_device(cpu, va, value, access);
	uint32_t first = partial ? offset & ~3u : offset;
	/* Where the code cannot stop after the store, one that hits code is the interpreter's. */
	if ((user || (access & ACCESS_DELAY_SLOT)) && may_stop(cpu, first, size))
		return HELPER_BEFORE;
	record_lookup(cpu, va, user);
	write_ram(cpu, offset, value, access);
	return user || (access & ACCESS_DELAY_SLOT) ? HELPER_DONE : after(cpu);
}

static uint32_t help_probe(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget)
{
	(void)budget;
	if (soft_tlb_find(cpu, va, (enum access)access, true) == NO_FRAME)
		return HELPER_BEFORE;
	if (access == ACCESS_FETCH)
		return HELPER_DONE;
	/* A page that holds code cannot be written directly, one with data under watch not accessed. */
	const struct soft_tlb_entry *entry = &cpu->soft_tlb[SOFT_TLB_USER][va >> 12 & (SOFT_TLB_SIZE - 1)];
	return (access == ACCESS_STORE ? entry->write_tag : entry->read_tag) == read_tag(cpu, va)
		   ? HELPER_DONE
		   : HELPER_BEFORE;
}

static uint64_t help_cp0_read(struct cpu *cpu, uint32_t number, uint32_t a, uint32_t b, int64_t budget)
{
	(void)a;
	(void)b;
	cpu->budget = budget;
	return result(HELPER_DONE, cp0_read(cpu, number));
}

static uint64_t help_cp0_write(struct cpu *cpu, uint32_t number, uint32_t a, uint32_t b, int64_t budget)
{
	(void)b;
	cpu->budget = budget;
	cp0_write(cpu, number, a);
	if (planted(BUG_INTERRUPT))
		return result(HELPER_DONE, 0);
	/* Kernel code that put itself into user mode goes on in the interpreter; or faults there. */
	return result(cpu_user_mode(cpu) ? HELPER_AFTER : after(cpu), 0);
}

static uint64_t help_tlb_read(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b, int64_t budget)
{
	(void)immediate;
	(void)a;
	(void)b;
	(void)budget;
	tlb_read(cpu);
	return result(HELPER_DONE, 0);
}

static uint64_t help_tlb_write_index(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b,
				     int64_t budget)
{
	(void)immediate;
	(void)a;
	(void)b;
	cpu->budget = budget;
	tlb_write(cpu, tlb_index(cpu));
	return result(after(cpu), 0);
}

static uint64_t help_tlb_write_random(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b,
				      int64_t budget)
{
	(void)immediate;
	(void)a;
	(void)b;
	cpu->budget = budget;
	tlb_write(cpu, cpu_random(cpu));
	return result(after(cpu), 0);
}

static uint64_t help_tlb_probe(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b, int64_t budget)
{
	(void)immediate;
	(void)a;
	(void)b;
	(void)budget;
	tlb_probe(cpu);
	return result(HELPER_DONE, 0);
}

static uint64_t help_load_linked(struct cpu *cpu, uint32_t immediate, uint32_t va, uint32_t b, int64_t budget)
{
	bool user = cpu_user_mode(cpu);

	(void)immediate;
	(void)b;
	(void)budget;
	if ((va & 3) || debug_watched(cpu, va, 4, false))
		return result(HELPER_BEFORE, 0);
	uint32_t offset = soft_tlb_find(cpu, va, ACCESS_LOAD, user);
	if (offset == NO_FRAME)
		return result(HELPER_BEFORE, 0);
	record_lookup(cpu, va, user);
	cpu->ll_active = true;
	cpu->ll_address = va;
	cpu->ll_value = memory_read_word(cpu->memory, offset);
	cpu->ll_count++;
	return result(HELPER_DONE, cpu->ll_value);
}

/* MIPS32's SC ends the link, MIPS-161's leaves it. */
static void end_link(struct cpu *cpu)
{
	if (cpu->model->family == FAMILY_MIPS32)
		cpu->ll_active = false;
}

static uint64_t help_store_conditional(struct cpu *cpu, uint32_t reports, uint32_t va, uint32_t value,
				       int64_t budget)
{
	bool user = cpu_user_mode(cpu);
	uint32_t accessed = reports ? 2 : 0;

	(void)budget;
	if (((va & 3) && cpu->model->family == FAMILY_MIPS32) || debug_watched(cpu, va, 4, true))
		return result(HELPER_BEFORE, 0);
	if (!cpu->ll_active || cpu->ll_address != va) {
		end_link(cpu);
		cpu->sc_failed++;
		return result(HELPER_DONE, 0);
	}
	uint32_t offset = va & 3 ? NO_FRAME : soft_tlb_find(cpu, va, ACCESS_STORE, user);
	if (offset == NO_FRAME || may_stop(cpu, offset, 4))
		return result(HELPER_BEFORE, 0);
	record_lookup(cpu, va, user);
	end_link(cpu);
	if (memory_read_word(cpu->memory, offset) != cpu->ll_value && !planted(BUG_LINKED_STORE)) {
		cpu->sc_failed++;
		return result(HELPER_DONE, accessed);
	}
	memory_write_word(cpu->memory, offset, value);
	cpu->sc_succeeded++;
	return result(HELPER_DONE, accessed | 1);
}

const struct translated_code_helpers jit_helpers = {
    .load = help_load,
    .store = help_store,
    .probe = help_probe,
    .interpret = jit_interpret,
    .call =
	{
	    [IR_HELPER_CP0_READ] = help_cp0_read,
	    [IR_HELPER_CP0_WRITE] = help_cp0_write,
	    [IR_HELPER_TLB_READ] = help_tlb_read,
	    [IR_HELPER_TLB_WRITE_INDEX] = help_tlb_write_index,
	    [IR_HELPER_TLB_WRITE_RANDOM] = help_tlb_write_random,
	    [IR_HELPER_TLB_PROBE] = help_tlb_probe,
	    [IR_HELPER_LOAD_LINKED] = help_load_linked,
	    [IR_HELPER_STORE_CONDITIONAL] = help_store_conditional,
	},
};

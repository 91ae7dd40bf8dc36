/* Data accesses as MIPS-161 makes them: every one is a word access, sub-word ones are built from it
 * (System/161 reference, section 1.10). */
#include "runtime/cpu/cpu_internal.h"

bool cpu_physical_load(struct cpu *cpu, uint32_t physical, uint32_t *value)
{
	const struct memory *memory = cpu->memory;

	if (physical < memory->ram_size) {
		*value = memory_read_word_in(memory, physical, true);
		return true;
	}
	if (physical >= PHYSICAL_BUS && physical < PHYSICAL_HIGH_RAM)
		return cpu->hooks->bus_load(cpu, physical - PHYSICAL_BUS, 4, value);
	uint32_t frame = memory_frame(memory, physical);
	if (frame == NO_FRAME)
		return false;
	*value = memory_read_word_in(memory, frame | (physical & ~PAGE_MASK), true);
	return true;
}

bool cpu_physical_store(struct cpu *cpu, uint32_t physical, uint32_t value)
{
	struct memory *memory = cpu->memory;

	if (physical < memory->ram_size) {
		memory_write_word_in(memory, physical, value, true);
		return true;
	}
	if (physical >= PHYSICAL_BUS && physical < PHYSICAL_HIGH_RAM)
		return cpu->hooks->bus_store(cpu, physical - PHYSICAL_BUS, 4, value);
	if (physical < PHYSICAL_HIGH_RAM || physical - HIGH_RAM_SHIFT >= memory->ram_size)
		return false;
	memory_write_word_in(memory, physical - HIGH_RAM_SHIFT, value, true);
	return true;
}

/* One word access; `access` decides how a fault is reported, whether or not this step writes. */
static bool load_word(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical, uint32_t *value)
{
	if (!cpu_translate_inline(cpu, va, access, physical))
		return false;
	if (!cpu_physical_load(cpu, *physical, value)) {
		cpu_exception(cpu, EXCEPTION_DBE, 0, true);
		return false;
	}
	return true;
}

static bool store_word(struct cpu *cpu, uint32_t physical, uint32_t value)
{
	if (!cpu_physical_store(cpu, physical, value)) {
		cpu_exception(cpu, EXCEPTION_DBE, 0, true);
		return false;
	}
	return true;
}

/* The word address a sub-word access uses: halfwords keep bit 0, so that it makes them misaligned. */
static uint32_t word_address(uint32_t va, unsigned size)
{
	return size == 1 ? va & ~3u : size == 2 ? va & ~2u : va;
}

/* How far left a sub-word value sits in its big-endian word. */
static unsigned word_shift(uint32_t va, unsigned size)
{
	return size == 1 ? 24 - 8 * (va & 3) : size == 2 ? 16 - 8 * (va & 2) : 0;
}

static uint32_t size_mask(unsigned size)
{
	return size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

bool cpu_load(struct cpu *cpu, uint32_t va, unsigned size, uint32_t *value)
{
	uint32_t physical, word;

	if (!load_word(cpu, word_address(va, size), ACCESS_LOAD, &physical, &word))
		return false;
	*value = word >> word_shift(va, size) & size_mask(size);
	return true;
}

/* The original looks an address up anew to write what it has read; the outcome is the same. */
static void trace_second_lookup(struct cpu *cpu, uint32_t va)
{
	if (is_traced(cpu, TRACE_TLB) && !va_is_direct(va))
		cpu_trace_lookup(cpu, va, ACCESS_STORE);
}

/* A sub-word store: reads the word, replaces the bits under `mask`, writes it back. */
static bool modify_word(struct cpu *cpu, uint32_t va, uint32_t mask, uint32_t bits)
{
	uint32_t physical, word;

	if (!load_word(cpu, va, ACCESS_STORE, &physical, &word))
		return false;
	trace_second_lookup(cpu, va);
	return store_word(cpu, physical, (word & ~mask) | (bits & mask));
}

bool cpu_store(struct cpu *cpu, uint32_t va, unsigned size, uint32_t value)
{
	uint32_t physical;

	if (size != 4) {
		unsigned shift = word_shift(va, size);

		return modify_word(cpu, word_address(va, size), size_mask(size) << shift, value << shift);
	}
	return cpu_translate_inline(cpu, va, ACCESS_STORE, &physical) && store_word(cpu, physical, value);
}

bool cpu_store_left(struct cpu *cpu, uint32_t va, uint32_t value)
{
	unsigned shift = 8 * (va & 3);

	return modify_word(cpu, va & ~3u, UINT32_MAX >> shift, value >> shift);
}

bool cpu_store_right(struct cpu *cpu, uint32_t va, uint32_t value)
{
	unsigned shift = 24 - 8 * (va & 3);

	return modify_word(cpu, va & ~3u, UINT32_MAX << shift, value << shift);
}

bool cpu_load_linked(struct cpu *cpu, uint32_t va, uint32_t *value)
{
	if (!cpu_load(cpu, va, 4, value))
		return false;
	cpu->ll_active = true;
	cpu->ll_address = va;
	cpu->ll_value = *value;
	cpu->ll_count++;
	return true;
}

/* Compare-and-swap against what LL saw; only exceptions end the link (section 1.14). */
bool cpu_store_conditional(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t *success)
{
	uint32_t physical, word;

	*success = 0;
	if (cpu->ll_active && cpu->ll_address == va) {
		if (!load_word(cpu, va, ACCESS_STORE, &physical, &word))
			return false;
		if (word == cpu->ll_value) {
			if (!store_word(cpu, physical, value))
				return false;
			*success = 1;
		}
	}
	if (*success)
		cpu->sc_succeeded++;
	else
		cpu->sc_failed++;
	return true;
}

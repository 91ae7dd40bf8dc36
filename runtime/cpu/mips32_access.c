/* Data accesses and fetches of MIPS32: of the width the instruction has, in either byte order. What is wrong with the
 * address itself comes before the TLB (Malta reference, section 14). */
#include "runtime/cpu/cpu_internal.h"

static uint32_t mips32_read_ram(const struct cpu *cpu, uint32_t offset, unsigned size)
{
	const uint8_t *at = cpu->memory->ram + offset;

	if (size == 1)
		return *at;
	if (size == 4)
		return memory_read_word(cpu->memory, offset);
	return cpu->memory->map.big_endian ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

static void mips32_write_ram(const struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	uint8_t *at = cpu->memory->ram + offset;
	bool big = cpu->memory->map.big_endian;

	if (size == 4) {
		memory_write_word(cpu->memory, offset, value);
		return;
	}
	at[0] = (uint8_t)(size == 2 && big ? value >> 8 : value);
	if (size == 2)
		at[1] = (uint8_t)(big ? value : value >> 8);
	memory_notify_write(cpu->memory, offset, size);
}

/* Devices answer wherever there is no RAM below their end; above it nothing does. */
static bool mips32_physical_load(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t *value)
{
	const struct memory *memory = cpu->memory;
	uint32_t frame = memory_frame(memory, physical);

	if (frame != NO_FRAME) {
		*value = mips32_read_ram(cpu, frame | (physical & ~PAGE_MASK), size);
		return true;
	}
	return physical < memory->map.bus_end &&
	       cpu->hooks->bus_load(cpu, physical - memory->map.bus_base, size, value);
}

static bool mips32_physical_store(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t value)
{
	const struct memory *memory = cpu->memory;
	uint32_t frame = memory_frame(memory, physical);

	if (frame < memory->ram_size) {
		mips32_write_ram(cpu, frame | (physical & ~PAGE_MASK), size, value);
		return true;
	}
	if (frame != NO_FRAME)
		return true; /* the ROM */
	return physical < memory->map.bus_end &&
	       cpu->hooks->bus_store(cpu, physical - memory->map.bus_base, size, value);
}

static bool mips32_aligned(struct cpu *cpu, uint32_t va, unsigned size, enum exception_code code)
{
	if (va & (size - 1))
		cpu_exception(cpu, code, va, true);
	return !(va & (size - 1));
}

static bool mips32_bus_error(struct cpu *cpu)
{
	cpu_exception(cpu, EXCEPTION_DBE, 0, true);
	return false;
}

bool mips32_load(struct cpu *cpu, uint32_t va, unsigned size, uint32_t *value)
{
	uint32_t physical;

	if (!mips32_aligned(cpu, va, size, EXCEPTION_ADEL) ||
	    !mips32_translate(cpu, va, ACCESS_LOAD, &physical))
		return false;
	return mips32_physical_load(cpu, physical, size, value) || mips32_bus_error(cpu);
}

bool mips32_store(struct cpu *cpu, uint32_t va, unsigned size, uint32_t value)
{
	uint32_t physical;

	if (!mips32_aligned(cpu, va, size, EXCEPTION_ADES) ||
	    !mips32_translate(cpu, va, ACCESS_STORE, &physical))
		return false;
	return mips32_physical_store(cpu, physical, size, value) || mips32_bus_error(cpu);
}

bool mips32_load_around(struct cpu *cpu, uint32_t va, uint32_t *value)
{
	uint32_t physical;

	if (!mips32_translate(cpu, va, ACCESS_LOAD, &physical))
		return false;
	return mips32_physical_load(cpu, physical & ~3u, 4, value) || mips32_bus_error(cpu);
}

bool mips32_store_around(struct cpu *cpu, uint32_t va, uint32_t mask, uint32_t bits)
{
	uint32_t physical, word;

	if (!mips32_translate(cpu, va, ACCESS_STORE, &physical))
		return false;
	physical &= ~3u;
	if (!mips32_physical_load(cpu, physical, 4, &word))
		return mips32_bus_error(cpu);
	return mips32_physical_store(cpu, physical, 4, (word & ~mask) | (bits & mask)) ||
	       mips32_bus_error(cpu);
}

/* Compare-and-swap with what LL saw, as QEMU does it; ends the link either way. */
bool mips32_store_conditional(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t *success)
{
	uint32_t word;

	*success = 0;
	if (!mips32_aligned(cpu, va, 4, EXCEPTION_ADES))
		return false;
	if (cpu->ll_active && cpu->ll_address == va) {
		uint32_t physical;

		if (!mips32_translate(cpu, va, ACCESS_STORE, &physical))
			return false;
		if (!mips32_physical_load(cpu, physical, 4, &word))
			return mips32_bus_error(cpu);
		if (word == cpu->ll_value) {
			if (!mips32_physical_store(cpu, physical, 4, value))
				return mips32_bus_error(cpu);
			*success = 1;
		}
	}
	cpu->ll_active = false;
	if (*success)
		cpu->sc_succeeded++;
	else
		cpu->sc_failed++;
	return true;
}

bool mips32_fetch(struct cpu *cpu, uint32_t *word)
{
	uint32_t physical, frame;

	if (!mips32_aligned(cpu, cpu->pc, 4, EXCEPTION_ADEL) ||
	    !mips32_translate(cpu, cpu->pc, ACCESS_FETCH, &physical))
		return false;
	frame = memory_frame(cpu->memory, physical);
	if (frame == NO_FRAME) {
		cpu_exception(cpu, EXCEPTION_IBE, 0, true);
		return false;
	}
	*word = memory_read_word(cpu->memory, frame | (physical & ~PAGE_MASK));
	return true;
}

/* Shared by the two ways of executing decoded code: threaded.c, one processor for as long as it can, and
 * threaded_turns.c, cycle by cycle. */
#ifndef JIT161_RUNTIME_CPU_THREADED_INTERNAL_H
#define JIT161_RUNTIME_CPU_THREADED_INTERNAL_H

#include <string.h>

#include "runtime/core/planted.h"
#include "runtime/cpu/cpu_internal.h"
#include "runtime/cpu/debug.h"
#include "runtime/cpu/decoded.h"

#define HILO_LATENCY 2

/* Whether a processor stands where decoded code can be executed: with nothing pending, in RAM, and with the page it
 * is fetched from being the one that a jump to the same place would find. */
static inline bool threaded_may_enter(struct cpu *cpu)
{
	uint32_t pc = cpu->pc, ram_size = cpu->memory->ram_size;

	if (!cpu_fetch_clean(cpu) || cpu->pc_frame >= ram_size || cpu_interrupt_due(cpu))
		return false;
	if (va_is_direct(pc)) {
		if (cpu_user_mode(cpu))
			return false; /* kernel code that put itself into user mode */
		if ((pc & ~PAGE_MASK) == PAGE_SIZE - 4)
			return cpu->next_frame == cpu->pc_frame + PAGE_SIZE && cpu->next_frame < ram_size;
		return cpu->next_frame == cpu->pc_frame;
	}
	if (cpu->next_frame != cpu->pc_frame || (pc & ~PAGE_MASK) == PAGE_SIZE - 4)
		return false;
	return soft_tlb_find(cpu, pc & PAGE_MASK, ACCESS_FETCH, cpu_user_mode(cpu)) == cpu->pc_frame;
}

/* Bytes of RAM that the inline tests find in kseg0. */
static inline uint32_t threaded_direct_size(const struct cpu *cpu)
{
	return cpu_user_mode(cpu) || (cpu->debug && cpu->debug->direct_loads) ? 0 : cpu->memory->ram_size;
}

/* The frame to execute a page from, or NO_FRAME: not RAM, or it would fault. Records no look-up. */
static inline uint32_t threaded_find_frame(struct cpu *cpu, uint32_t page_va, bool user)
{
	if (va_is_direct(page_va)) {
		uint32_t frame = page_va & DIRECT_MASK;

		return user || frame >= cpu->memory->ram_size ? NO_FRAME : frame;
	}
	return soft_tlb_find(cpu, page_va, ACCESS_FETCH, user);
}

/* The same for MIPS32, which fetches what it executes, and whose fetch state has no frames. */
static inline bool threaded_may_enter32(struct cpu *cpu)
{
	return cpu_fetch_clean(cpu) && (cpu->pc & 3) == 0 && !cpu_interrupt_due(cpu) &&
	       threaded_find_frame(cpu, cpu->pc & PAGE_MASK, cpu_user_mode(cpu)) != NO_FRAME;
}

/* Data accesses that the inline tests do not cover. NULL: the reference interpreter's. Records the look-up; a store
 * has to follow, since whoever watches the place has been told. */
const uint8_t *threaded_find_readable(struct cpu *cpu, uint32_t va, unsigned size);
uint8_t *threaded_find_writable(struct cpu *cpu, uint32_t va, unsigned size);

/* Where a jump goes. */
struct landing {
	struct decoded_page *page;
	uint32_t page_va;
};

/* Makes the look-ups of a jump. False: nothing done, the jump is the reference interpreter's. */
bool threaded_land(struct cpu *cpu, uint32_t target, bool user, struct landing *landing);

/* Brings the fetch state up to date for an instruction in sequence and for one in a delay slot. */
void threaded_stand_at(struct cpu *cpu, const struct decoded_page *page, uint32_t pc);
void threaded_stand_in_slot(struct cpu *cpu, const struct decoded_page *page, uint32_t pc,
			    const struct decoded_page *target_page, uint32_t target);

static inline struct decoded_op *decoded_op_at(struct decoded_page *page, uint32_t va)
{
	return &page->ops[(va & ~PAGE_MASK) / 4];
}

/* Whether an access of `size` at `offset` is aligned and below `limit`, a multiple of the page size. */
static inline bool within_direct(uint32_t offset, unsigned size, uint32_t limit)
{
	if (size == 4)
		return (offset >> 2 | offset << 30) < limit >> 2;
	if (size == 2)
		return (offset >> 1 | offset << 31) < limit >> 1;
	return offset < limit;
}

static inline uint32_t get_word(const uint8_t *at, bool big_endian)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return memory_word_order(word, big_endian);
}

static inline uint16_t get_half(const uint8_t *at, bool big_endian)
{
	uint16_t half;

	memcpy(&half, at, sizeof(half));
	return big_endian ? __builtin_bswap16(half) : half;
}

static inline void put_word(uint8_t *at, uint32_t word, bool big_endian)
{
	word = memory_word_order(word, big_endian);
	memcpy(at, &word, sizeof(word));
}

static inline void put_half(uint8_t *at, uint32_t value, bool big_endian)
{
	uint16_t half = big_endian ? __builtin_bswap16((uint16_t)value) : (uint16_t)value;

	memcpy(at, &half, sizeof(half));
}

/* By zero MIPS-161 gives fixed numbers and MIPS32 divides by one. */
static inline void divide(struct cpu *cpu, int32_t dividend, int32_t divisor, bool by_one)
{
	if (divisor == 0) {
		cpu->hi = 0;
		cpu->lo = by_one ? (uint32_t)dividend : dividend < 0 ? UINT32_MAX : INT32_MAX;
	} else if (divisor == -1) {
		cpu->hi = 0;
		cpu->lo = 0u - (uint32_t)dividend; /* without overflow */
	} else {
		cpu->hi = (uint32_t)(dividend % divisor);
		cpu->lo = (uint32_t)(dividend / divisor);
	}
}

static inline void divide_unsigned(struct cpu *cpu, uint32_t dividend, uint32_t divisor, bool by_one)
{
	cpu->hi = divisor ? dividend % divisor : 0;
	cpu->lo = divisor ? dividend / divisor : by_one ? dividend : UINT32_MAX;
}

#endif

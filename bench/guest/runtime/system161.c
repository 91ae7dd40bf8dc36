/* System/161, with the serial device in slot 0. Section numbers are those of the System/161 reference. */
#include "bench/guest/runtime/guest.h"
#include "bench/guest/runtime/run.h"

#define SERIAL_CHARACTER 0xBFE00000u /* section 3.3 */
#define SERIAL_WRITE	 0xBFE00004u
#define SERIAL_ENABLE	 1u
#define SERIAL_READY	 2u
#define BUS_POWER	 0xBFFF7E08u /* section 2.3 */
#define TLB_ENTRIES	 64u	     /* section 1.11 */
#define INDEX_SHIFT	 8
#define ASID_SHIFT	 6
#define ENTRYLO_WRITE	 0x400u
#define ENTRYLO_VALID	 0x200u
#define KSEG0		 0x80000000u

static volatile uint32_t *device(uint32_t address)
{
	return (volatile uint32_t *)(uintptr_t)address;
}

/* Polling would last until the end of a run, up to 50,000 cycles for each character (section 6.4). */
static void wait(void)
{
	__asm__ volatile(".word 0x42000020" : : : "memory");
}

const char *boot_argument(uint32_t a0, uint32_t a1)
{
	(void)a1;
	return (const char *)(uintptr_t)a0;
}

void console_put(char character)
{
	*device(SERIAL_WRITE) = SERIAL_ENABLE; /* the line wakes the processor; no interrupt is enabled */
	*device(SERIAL_CHARACTER) = (uint8_t)character;
	while (!(*device(SERIAL_WRITE) & SERIAL_READY))
		wait();
}

void power_off(void)
{
	*device(BUS_POWER) = 0; /* takes 5 ms */
	for (;;)
		wait();
}

void code_changed(void *start, size_t size)
{
	/* Stores and fetches agree on this machine. */
	(void)size;
	__asm__ volatile("" : : "r"(start) : "memory");
}

uint32_t table_word(uint32_t physical)
{
	return physical | ENTRYLO_WRITE | ENTRYLO_VALID;
}

uint32_t table_physical(uint32_t word)
{
	return word & ~(PAGE_SIZE - 1u);
}

static void set_entry_hi(uint32_t value)
{
	__asm__ volatile("mtc0 %0, $10" : : "r"(value) : "memory");
}

/* An entry that never matches: a page of kseg0, a different one for each. */
static void clear_entry(uint32_t index)
{
	set_entry_hi(KSEG0 + index * PAGE_SIZE);
	__asm__ volatile("mtc0 $0, $2\n\tmtc0 %0, $0\n\ttlbwi" : : "r"(index << INDEX_SHIFT) : "memory");
}

void tlb_start(void)
{
	for (uint32_t index = 0; index < TLB_ENTRIES; index++)
		clear_entry(index);
}

void tlb_select(unsigned asid)
{
	set_entry_hi(asid << ASID_SHIFT);
}

void tlb_drop(uint32_t va, unsigned asid)
{
	int32_t index;

	set_entry_hi((va & ~(PAGE_SIZE - 1u)) | asid << ASID_SHIFT);
	__asm__ volatile("tlbp\n\tmfc0 %0, $0\n\tnop" : "=r"(index) : : "memory");
	if (index >= 0)
		clear_entry((uint32_t)index >> INDEX_SHIFT);
	set_entry_hi(asid << ASID_SHIFT);
}

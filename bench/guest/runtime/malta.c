/* MIPS Malta (user's manual, MD00048): the 16550 at port 3f8 sends without being set up; a program ends by resetting the
 * board. The TLB is MIPS32's. */
#include "bench/guest/runtime/guest.h"
#include "bench/guest/runtime/run.h"

#define UART_DATA      0xB80003F8u /* 16550 at port 3f8, through kseg1 */
#define UART_STATUS    (UART_DATA + 5)
#define UART_CAN_SEND  0x20
#define SOFTRES	       0xBF000500u /* the board's reset register */
#define SOFTRES_RESET  0x42
#define CACHE_LINE     16u /* the smallest there is */
#define TLB_MAX	       64u
#define ENTRYLO_CACHED 0x18u
#define ENTRYLO_DIRTY  0x04u
#define ENTRYLO_VALID  0x02u
#define KSEG0	       0x80000000u

const char *boot_argument(uint32_t a0, uint32_t a1)
{
	const char *const *arguments = (const char *const *)(uintptr_t)a1;

	return a0 > 1 && a1 >= KSEG0 ? arguments[1] : NULL;
}

void console_put(char character)
{
	while (!(*(volatile uint8_t *)UART_STATUS & UART_CAN_SEND))
		;
	*(volatile uint8_t *)UART_DATA = (uint8_t)character;
}

void power_off(void)
{
	for (;;)
		*(volatile uint32_t *)SOFTRES = SOFTRES_RESET;
}

void code_changed(void *start, size_t size)
{
	uintptr_t end = (uintptr_t)start + size;

	for (uintptr_t line = (uintptr_t)start & -(uintptr_t)CACHE_LINE; line < end; line += CACHE_LINE)
		__asm__ volatile("synci 0(%0)" : : "r"(line) : "memory");
	__asm__ volatile("sync\n\tehb" : : : "memory");
}

uint32_t table_word(uint32_t physical)
{
	return physical >> 6 | ENTRYLO_CACHED | ENTRYLO_DIRTY | ENTRYLO_VALID;
}

uint32_t table_physical(uint32_t word)
{
	return word >> 6 << 12;
}

static void set_entry_hi(uint32_t value)
{
	__asm__ volatile("mtc0 %0, $10\n\tehb" : : "r"(value) : "memory");
}

/* An entry that never matches: a page of kseg0, a different one for each. */
static void clear_entry(uint32_t index)
{
	set_entry_hi(KSEG0 + (index << 13));
	__asm__ volatile("mtc0 $0, $2\n\tmtc0 $0, $3\n\tmtc0 %0, $0\n\tehb\n\ttlbwi\n\tehb"
			 :
			 : "r"(index)
			 : "memory");
}

void tlb_start(void)
{
	uint32_t config1;

	__asm__ volatile("mfc0 %0, $16, 1" : "=r"(config1));
	for (uint32_t index = 0; index <= (config1 >> 25 & (TLB_MAX - 1)); index++)
		clear_entry(index);
}

void tlb_select(unsigned asid)
{
	set_entry_hi(asid);
}

void tlb_drop(uint32_t va, unsigned asid)
{
	int32_t index;

	set_entry_hi((va & ~0x1FFFu) | asid);
	__asm__ volatile("tlbp\n\tehb\n\tmfc0 %0, $0" : "=r"(index) : : "memory");
	if (index >= 0)
		clear_entry((uint32_t)index);
	set_entry_hi(asid);
}

/* Recursion without an end, on a mapped stack with nothing below it, where exceptions are handled too. */
#include "tests/guest/broken/broken.h"

#define STACK_PAGE 0xc0001000
#define STACK_AT   0x00040000 /* physical */

static volatile uint32_t deep = 1;

__attribute__((noinline)) static uint32_t descend(uint32_t n)
{
	volatile uint32_t local[16];

	local[n & 15] = n;
	if (deep)
		local[n & 15] += descend(n + 1);
	return local[n & 15];
}

static void start(void)
{
	descend(0);
}

void broken_main(void)
{
	write_tlb(0, STACK_PAGE, STACK_AT | ENTRYLO_WRITE | ENTRYLO_VALID | ENTRYLO_GLOBAL);
	call_on(start, STACK_PAGE + PAGE_SIZE);
}

/* The exception handler makes the mistake that it should handle. */
#include "tests/guest/broken/broken.h"

static uint32_t stack[1024];
static volatile uint32_t *volatile misaligned = (volatile uint32_t *)0x80001003;

void fault(struct frame *frame)
{
	frame->epc = *misaligned;
}

void broken_main(void)
{
	exception_stack = (uint32_t)(uintptr_t)&stack[1024];
	*misaligned = 1;
}

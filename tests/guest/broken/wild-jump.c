/* Calls through a pointer that was overwritten. */
#include "tests/guest/broken/broken.h"

static volatile uint32_t handler = 0x12345678;

__attribute__((noinline)) static void call_handler(void)
{
	((void (*)(void))(uintptr_t)handler)();
}

void broken_main(void)
{
	call_handler();
	print("done\n");
}

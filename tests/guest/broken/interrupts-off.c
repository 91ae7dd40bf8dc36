/* Takes a spinlock that it holds already, with interrupts off. */
#include "tests/guest/broken/broken.h"

static volatile uint32_t lock;

__attribute__((noinline)) static void take_spinlock(volatile uint32_t *word)
{
	set_status(STATUS_IM_BUS);
	while (*word)
		;
	*word = 1;
}

void broken_main(void)
{
	start_ticks();
	take_spinlock(&lock);
	take_spinlock(&lock);
	print("done\n");
}

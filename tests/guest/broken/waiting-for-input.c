/* Waits for a key. */
#include "tests/guest/broken/broken.h"

void broken_main(void)
{
	REGISTER(SERIAL_SLOT, 8) = SERIAL_ENABLE;
	print("press a key\n");
	while (keys == 0)
		wait_for_interrupt();
	REGISTER(TRACE_SLOT, TRACE_STOP) = 1;
	*(volatile uint32_t *)BUS_POWER = 0;
	for (;;)
		wait_for_interrupt();
}

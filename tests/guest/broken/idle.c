/* Waits for an interrupt that nobody will raise. */
#include "tests/guest/broken/broken.h"

void broken_main(void)
{
	for (;;)
		wait_for_interrupt();
}

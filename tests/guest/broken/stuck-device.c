/* Waits for the disk's interrupt, which it has masked at the bus. */
#include "tests/guest/broken/broken.h"

void broken_main(void)
{
	start_ticks();
	BUS_ENABLED = ~(1u << DISK_SLOT);
	REGISTER(DISK_SLOT, DISK_SECTOR) = 0;
	REGISTER(DISK_SLOT, DISK_STATUS) = DISK_START_READ;
	for (;;)
		wait_for_interrupt();
}

/* Polls the disk for the end of an operation that it never started. */
#include "tests/guest/broken/broken.h"

void broken_main(void)
{
	start_ticks();
	set_status(STATUS_IEC | STATUS_IM_BUS);
	while (!(REGISTER(DISK_SLOT, DISK_STATUS) & DISK_COMPLETE))
		;
	print("done\n");
}

/* Two parties give way to each other for ever, with interrupts on. */
#include "tests/guest/broken/broken.h"

static volatile bool wants[2];

__attribute__((noinline)) static bool give_way(unsigned self)
{
	wants[self] = true;
	wants[!self] = true;
	if (wants[!self])
		wants[self] = false;
	return wants[self];
}

void broken_main(void)
{
	start_ticks();
	set_status(STATUS_IEC | STATUS_IM_BUS);
	for (unsigned self = 0; !give_way(self); self = !self)
		;
	print("done\n");
}

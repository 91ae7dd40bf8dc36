/* As deadlock.c, after some output, and with a tick a second, like a kernel of OS/161 that idles. */
#define START_TICKS start_slow_ticks
static void start_slow_ticks(void);

#include "tests/guest/broken/deadlock.c"

static void start_slow_ticks(void)
{
	REGISTER(TIMER_SLOT, TIMER_RESTART) = 1;
	REGISTER(TIMER_SLOT, TIMER_COUNTDOWN) = 1000000;
	print("two philosophers\n");
}

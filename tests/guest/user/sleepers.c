/* Processes that sleep for different times, measure how long, and then report to their parent. */
#include "tests/guest/user/user.h"

#define SLEEPERS 4
#define CHANNEL	 3

static int sleeper(uint32_t number)
{
	uint32_t ticks = 4 * number, start = sys_time();

	sys_sleep(ticks);

	uint32_t slept = sys_time() - start;

	sys_send(CHANNEL, &number, sizeof(number));
	/* The first tick may come at once; none comes early. */
	return slept >= (ticks - 1) * TICK_MICROSECONDS ? 0 : 1;
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 1 : 4; round > 0; round--) {
		uint32_t reported = 0;
		unsigned started = 0;

		for (uint32_t i = SLEEPERS; i > 0; i--)
			started += start_child(sleeper, i) > 0;
		ok = started == SLEEPERS && ok;
		for (unsigned i = 0; i < started; i++) {
			uint32_t number;

			ok = sys_receive(CHANNEL, &number, sizeof(number)) == sizeof(number) && ok;
			reported += number; /* they may well come in another order, if the machine is busy */
		}
		for (unsigned i = 0; i < started; i++)
			ok = wait_child() == 0 && ok;
		checksum = mix(checksum, reported);
	}
	return report("sleepers", ok, checksum);
}

/* Sleeps, so that the processor waits for an interrupt, and computes a little in between. */
#include "tests/guest/user/user.h"

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned i = is_quick(argument) ? 2 : 10; i > 0; i--) {
		ok = sys_raw(SYS_SLEEP, 1, 0, 0) == 0 && ok;
		for (uint32_t n = 0; n < 1000; n++)
			checksum = mix(checksum, n * i);
	}
	return report("nap", ok, checksum);
}

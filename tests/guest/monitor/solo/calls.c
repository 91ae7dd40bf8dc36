/* System calls, good and bad, many of them: what a round trip costs. */
#include "tests/guest/user/user.h"

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = sys_write((void *)0x00700000, 4) == ERROR_FAULT &&
		  sys_write("", WRITE_MAX + 1) == ERROR_INVALID && sys_raw(999, 0, 0, 0) == ERROR_INVALID &&
		  (int)sys_sbrk(0x70000000) == ERROR_MEMORY;

	for (unsigned i = is_quick(argument) ? 100 : 5000; i > 0; i--)
		checksum = mix(checksum, (uint32_t)sys_getpid() + i);
	return report("calls", ok, checksum);
}

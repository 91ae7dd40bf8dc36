/* System calls one after the other: cheap ones in great number, and wrong ones, which must say so and do no
 * harm. */
#include "tests/guest/user/user.h"

#define KERNEL_ADDRESS 0x80001000
#define NOWHERE	       0x30000000

static bool check_errors(void)
{
	return sys_raw(0, 0, 0, 0) == ERROR_INVALID && sys_raw(9999, 0, 0, 0) == ERROR_INVALID &&
	       sys_raw(SYS_WRITE, KERNEL_ADDRESS, 4, 0) == ERROR_FAULT &&
	       sys_raw(SYS_WRITE, NOWHERE, 4, 0) == ERROR_FAULT &&
	       sys_raw(SYS_WRITE, 0x7ffffffe, 100, 0) == ERROR_FAULT &&
	       sys_raw(SYS_WRITE, 0x400000, WRITE_MAX + 1, 0) == ERROR_INVALID &&
	       sys_raw(SYS_DISK_WRITE, 0, NOWHERE, 0) == ERROR_FAULT &&
	       sys_raw(SYS_DISK_READ, 0, 0x400000, 0) == ERROR_FAULT && /* our own text: read only */
	       sys_raw(SYS_SEND, CHANNELS, 0x400000, 1) == ERROR_INVALID &&
	       sys_raw(SYS_EXEC, NOWHERE, 0, 0) == ERROR_FAULT && sys_exec("no such one", "") == ERROR_NONE &&
	       sys_share((void *)0x400000) == ERROR_FAULT &&
	       sys_raw(SYS_SBRK, 0x7fffffff, 0, 0) == ERROR_INVALID && wait_child() == ERROR_NONE;
}

int main(const char *argument)
{
	unsigned rounds = is_quick(argument) ? 300 : 20000;
	uint32_t checksum = MIX_START, last_time = sys_time();
	int pid = sys_getpid();
	bool ok = pid > 0 && check_errors();

	for (unsigned i = 0; i < rounds; i++) {
		uint32_t time = sys_time();

		ok = sys_getpid() == pid && (int32_t)(time - last_time) >= 0 && ok;
		last_time = time;
		checksum = mix(checksum, (uint32_t)sys_raw(1000 + i, i, i, i));
		if (i % 64 == 0)
			sys_yield();
	}
	/* Which random words come depends on all that happens in the machine; that they differ does not. */
	ok = sys_random() != sys_random() && ok;
	ok = sys_write("", 0) == 0 && ok;
	return report("syscalls", ok, checksum);
}

#include "tests/guest/user/user.h"

#include "tests/guest/common/format.h"

void print(const char *pattern, ...)
{
	char line[WRITE_MAX];
	va_list arguments;

	va_start(arguments, pattern);
	sys_write(line, format(line, sizeof(line), pattern, arguments));
	va_end(arguments);
}

bool is_quick(const char *argument)
{
	return strcmp(argument, "quick") == 0;
}

int report(const char *name, bool ok, uint32_t checksum)
{
	print("%s: %s, checksum %08x\n", name, ok ? "ok" : "FAILED", checksum);
	return ok ? 0 : 1;
}

int start_child(int (*function)(uint32_t), uint32_t value)
{
	int pid = sys_fork();

	if (pid == 0)
		sys_exit(function(value));
	return pid;
}

int wait_child(void)
{
	int status;
	int pid = sys_wait(&status);

	return pid < 0 ? pid : status;
}

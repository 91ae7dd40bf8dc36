#define _GNU_SOURCE
#include "devices/host/wait.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

#define LONGEST_WAIT_NS 1000000000u

void host_wait_add(struct host_wait *wait, int descriptor)
{
	if (descriptor >= 0 && wait->count < HOST_WAIT_FILES)
		wait->files[wait->count++] = descriptor;
}

bool host_wait(struct host_wait *wait, uint64_t timeout)
{
	struct pollfd files[HOST_WAIT_FILES];
	struct timespec time;

	/* A signal may come just before the wait begins: never wait for long. */
	if (timeout > LONGEST_WAIT_NS)
		timeout = LONGEST_WAIT_NS;
	time.tv_sec = (time_t)(timeout / 1000000000);
	time.tv_nsec = (long)(timeout % 1000000000);
	for (unsigned i = 0; i < wait->count; i++)
		files[i] = (struct pollfd){.fd = wait->files[i], .events = POLLIN};
	return ppoll(files, wait->count, &time, NULL) > 0;
}

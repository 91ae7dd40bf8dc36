#include "study/host_counter.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_counter(bool kernel)
{
	struct perf_event_attr attributes = {.type = PERF_TYPE_HARDWARE,
					     .size = sizeof(attributes),
					     .config = PERF_COUNT_HW_INSTRUCTIONS,
					     .exclude_kernel = !kernel,
					     .exclude_hv = 1};

	return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void host_counter_open(struct host_counter *counter)
{
	*counter = (struct host_counter){.kernel = true};
	counter->fd = open_counter(true);
	if (counter->fd < 0) {
		counter->kernel = false;
		counter->fd = open_counter(false);
	}
	if (counter->fd >= 0)
		return;
	if (errno == EACCES || errno == EPERM)
		snprintf(counter->problem, sizeof(counter->problem),
			 "not permitted: see /proc/sys/kernel/perf_event_paranoid");
	else if (errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV)
		snprintf(counter->problem, sizeof(counter->problem),
			 "this host, or its hypervisor, has no counter of instructions");
	else
		snprintf(counter->problem, sizeof(counter->problem), "perf_event_open: %.80s",
			 strerror(errno));
}

void host_counter_close(struct host_counter *counter)
{
	if (counter->fd >= 0)
		close(counter->fd);
	counter->fd = -1;
}

uint64_t host_counter_read(const struct host_counter *counter)
{
	uint64_t count;

	if (counter->fd < 0 || read(counter->fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

/* Waiting for several files at once: whoever has one adds it. */
#ifndef JIT161_DEVICES_HOST_WAIT_H
#define JIT161_DEVICES_HOST_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_WAIT_FILES 64 /* more are left out; they are looked at when the wait is over */

struct host_wait {
	int files[HOST_WAIT_FILES]; /* descriptors */
	unsigned count;
};

/* Adds a file to read from; none if `descriptor` is negative. */
void host_wait_add(struct host_wait *wait, int descriptor);
/* Waits at most `timeout` ns, possibly less, until there is something to read. True: there is. */
bool host_wait(struct host_wait *wait, uint64_t timeout);

#endif

/* How many instructions the host executes for the calling thread, where it permits to count them. */
#ifndef JIT161_STUDY_HOST_COUNTER_H
#define JIT161_STUDY_HOST_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct host_counter {
	int fd;		   /* -1: not permitted, or there is no such counter */
	bool kernel;	   /* the host's kernel is counted, too: what it does for traps */
	char problem[128]; /* why there is none */
};

/* perf_event_open(2). Starts to count. */
void host_counter_open(struct host_counter *counter);
void host_counter_close(struct host_counter *counter);
/* So far; 0 if there is no counter. */
uint64_t host_counter_read(const struct host_counter *counter);

#endif

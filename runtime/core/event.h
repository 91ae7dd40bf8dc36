/* The machine's event queue and its clock. Events are data, (device, kind, argument), so that a snapshot of
 * the queue is a copy of it. One queue belongs to one machine; plain data throughout.
 *
 * Order and jitter follow System/161 reference, section 6.3: due time first, first-in-first-out among equals,
 * no event is ever removed, and each is scheduled 0..1 % late by one value of the machine's random generator.
 */
#ifndef JIT161_RUNTIME_CORE_EVENT_H
#define JIT161_RUNTIME_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/random.h"

/* 292 years of virtual time, ns. Events due later never come, so that no clock wraps round. */
#define EVENT_END_OF_TIME (UINT64_C(1) << 63)
#define EVENT_CAPACITY	  1024 /* the original's limit */

struct event {
	uint64_t due;	   /* virtual time, ns */
	uint64_t argument; /* the device's business */
	uint16_t device;   /* bus slot */
	uint16_t kind;	   /* the device's business */
	uint32_t reserved;
};

struct event_queue {
	uint64_t now;	/* virtual time in ns, exact whenever a device is called */
	bool jitter;	/* whether due times get the original's 0..1 % */
	bool marked;	/* events[0] ends the current run; section 6.4, step 1 */
	bool stop;	/* a new event displaced the marked one: end the run after this cycle */
	bool overflow;	/* an event was lost because the queue was full */
	uint32_t count; /* events in use */
	struct random_state random;
	struct event events[EVENT_CAPACITY]; /* sorted; [0] is the head */
};

/* An empty queue at virtual time 0 whose generator has the C library's initial state (seed 1). */
void event_queue_init(struct event_queue *queue);

/* Schedules an event `delay` ns after `now`, plus jitter. */
void event_schedule(struct event_queue *queue, uint64_t delay, uint16_t device, uint16_t kind,
		    uint64_t argument);

/* Takes the head off the queue if it is due at `now`. */
bool event_take_due(struct event_queue *queue, struct event *event);

#endif

#include "runtime/core/event.h"

#include <stddef.h>
#include <string.h>

void event_queue_init(struct event_queue *queue)
{
	memset(queue, 0, offsetof(struct event_queue, events));
	queue->jitter = true;
	random_seed(&queue->random, 1);
}

void event_schedule(struct event_queue *queue, uint64_t delay, uint16_t device, uint16_t kind,
		    uint64_t argument)
{
	uint64_t due = queue->now + delay;
	uint32_t at;

	if (queue->jitter) {
		/* In doubles and in this order, as the original computes it: the last nanosecond depends on
		 * it. */
		double late = ((double)random_next(&queue->random) * ((double)delay * 0.01)) / 2147483647.0;
		due += (uint64_t)late;
	}
	if (due > EVENT_END_OF_TIME)
		due = EVENT_END_OF_TIME;
	if (queue->count == EVENT_CAPACITY) {
		queue->overflow = true;
		return;
	}
	for (at = queue->count; at > 0 && queue->events[at - 1].due > due; at--)
		;
	memmove(&queue->events[at + 1], &queue->events[at], (queue->count - at) * sizeof(struct event));
	queue->events[at] = (struct event){.due = due, .argument = argument, .device = device, .kind = kind};
	queue->count++;
	if (queue->marked && at == 0) {
		queue->marked = false;
		queue->stop = true;
	}
}

bool event_take_due(struct event_queue *queue, struct event *event)
{
	if (queue->count == 0 || queue->events[0].due > queue->now)
		return false;
	*event = queue->events[0];
	queue->count--;
	memmove(&queue->events[0], &queue->events[1], queue->count * sizeof(struct event));
	return true;
}

#include "runtime/core/input_log.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct input_record record;
	uint8_t *bytes;
};

struct input_log {
	struct entry *entries;
	size_t count, capacity;
};

struct input_log *input_log_new(void)
{
	return calloc(1, sizeof(struct input_log));
}

void input_log_free(struct input_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->count; i++)
		free(log->entries[i].bytes);
	free(log->entries);
	free(log);
}

void input_log_append(struct input_log *log, uint64_t stamp, enum input_kind kind, uint16_t device,
		      const void *payload, uint32_t size)
{
	if (log->count == log->capacity) {
		log->capacity = log->capacity ? log->capacity * 2 : 64;
		log->entries = realloc(log->entries, log->capacity * sizeof(struct entry));
		if (!log->entries)
			abort();
	}
	struct entry *entry = &log->entries[log->count++];
	entry->bytes = size ? malloc(size) : NULL;
	if (size) {
		if (!entry->bytes)
			abort();
		memcpy(entry->bytes, payload, size);
	}
	entry->record = (struct input_record){
	    .stamp = stamp, .kind = (uint16_t)kind, .device = device, .size = size, .payload = entry->bytes};
}

size_t input_log_end(const struct input_log *log)
{
	return log ? log->count : 0;
}

bool input_log_read(const struct input_log *log, size_t position, struct input_record *record)
{
	if (position >= input_log_end(log))
		return false;
	*record = log->entries[position].record;
	return true;
}

void input_gate_record(struct input_gate *gate, uint64_t stamp, enum input_kind kind, uint16_t device,
		       const void *payload, uint32_t size)
{
	if (gate->log)
		input_log_append(gate->log, stamp, kind, device, payload, size);
}

bool input_gate_replay(struct input_gate *gate, enum input_kind kind, uint16_t device,
		       struct input_record *record)
{
	if (!input_log_read(gate->log, gate->position, record) || record->kind != kind ||
	    record->device != device) {
		gate->diverged = true;
		return false;
	}
	gate->position++;
	return true;
}

/* The one gate through which inputs from outside enter a machine: console characters, results of host file
 * operations, host time, entropy. Each is stamped with the machine's virtual time. A machine either records
 * what comes in, if it has a log, or replays what another machine recorded; the devices cannot tell the difference.
 *
 * The log is owned by whoever runs the machines and may be shared by one recorder and any number of readers
 * of the same thread; each reader has its own cursor. */
#ifndef JIT161_RUNTIME_CORE_INPUT_LOG_H
#define JIT161_RUNTIME_CORE_INPUT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_kind {
	INPUT_CONSOLE,	 /* payload: one byte, the character, or empty: end of input */
	INPUT_HOST_FILE, /* payload: the device's own record of one operation's result */
	INPUT_HOST_DISK, /* payload: status of a media transfer */
	INPUT_TIME,	 /* payload: 8 bytes, host seconds since 1970 */
	INPUT_ENTROPY,	 /* payload: 8 bytes */
	INPUT_FRAME,	 /* payload: what was read of a frame */
	INPUT_METER,	 /* payload: the meter's own record of what a client did */
	INPUT_WAKE, /* payload: 8 bytes, virtual time since when the machine had idled as something came */
};

struct input_log;

struct input_record {
	uint64_t stamp; /* virtual time, ns */
	uint16_t kind;	/* enum input_kind */
	uint16_t device;
	uint32_t size;
	const uint8_t *payload; /* valid until the log is freed */
};

struct input_log *input_log_new(void);
void input_log_free(struct input_log *log);

/* Appends a record (copies the payload). */
void input_log_append(struct input_log *log, uint64_t stamp, enum input_kind kind, uint16_t device,
		      const void *payload, uint32_t size);

/* Number of records so far: the position of the next one. NULL is a log without any. */
size_t input_log_end(const struct input_log *log);

/* Reads the record at a position. False if there is none, as in NULL. */
bool input_log_read(const struct input_log *log, size_t position, struct input_record *record);

/* One machine's side of the gate. */
struct input_gate {
	struct input_log *log; /* NULL: nothing is kept */
	bool replay;	       /* read from the log instead of the outside */
	bool diverged;	       /* replay asked for something the log does not have next */
	size_t position;       /* replay: the next record to read */
};

/* Recording: appends, if there is a log. Replaying: must not be called. */
void input_gate_record(struct input_gate *gate, uint64_t stamp, enum input_kind kind, uint16_t device,
		       const void *payload, uint32_t size);

/* Replaying: takes the next record if it has this kind and device; sets `diverged` and returns false
 * otherwise. */
bool input_gate_replay(struct input_gate *gate, enum input_kind kind, uint16_t device,
		       struct input_record *record);

#endif

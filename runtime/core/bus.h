/* The bus between processors and devices, as both sides see it: devices know this header and the event queue,
 * never the processors; the processors know bus_load/bus_store (devices/lamebus/lamebus.h implements them).
 */
#ifndef JIT161_RUNTIME_CORE_BUS_H
#define JIT161_RUNTIME_CORE_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/error.h"
#include "runtime/core/event.h"
#include "runtime/core/field.h"
#include "runtime/core/host_needs.h"
#include "runtime/core/input_log.h"
#include "runtime/core/trace.h"

/* What devices count for the shutdown lines (System/161 reference, section 5.5). */
struct device_statistics {
	uint32_t disk_reads, disk_writes;
	uint32_t console_reads, console_writes;
	uint32_t emufs_reads, emufs_writes, emufs_others;
	uint32_t net_reads, net_writes;
};

/* What devices may ask of the machine they sit in. Implemented by runtime/vm; `context` is passed to each. */
struct machine_services {
	void *context;
	struct event_queue
	    *events; /* schedule here; `events->now` is the time of the current access or event */
	struct input_gate *inputs;
	struct device_statistics *statistics;
	const struct trace *trace;

	/* Console output: one character as the guest wrote it. Muted in a replaying machine. */
	void (*console_write)(void *context, uint8_t character);
	/* A line of the message stream, without prefix and newline. */
	void (*message)(void *context, const char *text);
	/* A programming error of the guest that stops the machine (section 5.7): prints it and the fixed
	 * lines. */
	void (*hang)(void *context, const char *text);
	/* The trace card's STOP register: a debugger stop that is not lethal. */
	void (*debugger_stop)(void *context);
	/* ^G on the console: a debugger stop, too. */
	void (*debugger_key)(void *context);
	/* The trace card's DUMP register: the machine's state on the message stream. */
	void (*dump)(void *context);
	/* The trace card's ON and OFF registers. False: no such flag. */
	bool (*trace_flag)(void *context, char flag, bool on);
	/* A disk write starts that counts towards the doom counter. False: that was the last one, and it must not
	 * happen; the machine ends here. */
	bool (*doom)(void *context);
	/* The trace card's profile registers: whether samples and calls are being counted (only where a profile was
	 * asked for), switching that, and forgetting what was counted. */
	bool (*profiling)(void *context);
	void (*set_profiling)(void *context, bool on);
	void (*clear_profile)(void *context);

	/* From the bus controller only. */
	void (*set_lines)(void *context, unsigned cpu, bool lamebus, bool interprocessor);
	/* Starts a processor, or has one that runs or waits go on at `entry`. */
	void (*cpu_start)(void *context, unsigned cpu, uint32_t entry, uint32_t stack, uint32_t argument);
	void (*cpu_stop)(void *context, unsigned cpu);
	void (*power_off)(void *context); /* the power-off event was dispatched */
};

struct device;

/* A buffer of a device: plain memory, whose only effect it is to be there. Accesses to its words, which are big endian, may
 * leave the bus out if they count themselves. Both pointers stay good for as long as the device is there. */
struct device_buffer {
	uint32_t offset, size; /* on the bus; bytes, words only */
	uint8_t *bytes;
	uint64_t *accesses; /* so many were made */
};

/* Reading and writing a big-endian word in a device's buffer. */
static inline uint32_t buffer_load(const uint8_t *buffer, uint32_t offset)
{
	return (uint32_t)buffer[offset] << 24 | (uint32_t)buffer[offset + 1] << 16 |
	       (uint32_t)buffer[offset + 2] << 8 | buffer[offset + 3];
}

static inline void buffer_store(uint8_t *buffer, uint32_t offset, uint32_t value)
{
	buffer[offset] = (uint8_t)(value >> 24);
	buffer[offset + 1] = (uint8_t)(value >> 16);
	buffer[offset + 2] = (uint8_t)(value >> 8);
	buffer[offset + 3] = (uint8_t)value;
}

/* One kind of device. All functions run on the machine's thread. */
struct device_class {
	const char *keyword;	    /* in the configuration file */
	uint32_t id, revision;	    /* in the slot's configuration region; the vendor is always 1 */
	size_t state_size;	    /* bytes of `device->state` */
	const struct field *fields; /* layout of the state: all that the guest or the timing can depend on */

	/* A register or buffer word. `offset` is word aligned, 0 to 0xFFFC. False: bus error. */
	bool (*load)(struct device *device, uint32_t offset, uint32_t *value);
	bool (*store)(struct device *device, uint32_t offset, uint32_t value);
	/* The bytes of the buffer at this offset, which is the start of a row of the register map; NULL: it is none. May be NULL. */
	uint8_t *(*buffer)(struct device *device, uint32_t offset);
	/* An event that this device scheduled has come due. */
	void (*event)(struct device *device, uint16_t kind, uint64_t argument);
	/* Host input may be waiting: called where the original polls (section 6.4, step 4). May be NULL. */
	void (*poll)(struct device *device);
	/* Appends the device's part of a machine dump through services->message. May be NULL. */
	void (*dump)(struct device *device);
	/* Adds the files that the device opens while the machine runs. May be NULL. */
	void (*host_needs)(const struct device *device, struct host_needs *needs);
	void (*free)(struct device *device);
};

struct device {
	const struct device_class *class;
	const struct machine_services *services;
	struct bus *bus;
	unsigned slot;
	void *state; /* plain data described by class->fields; copied whole by snapshots */
	void *host;  /* handles on the outside (files, sockets, options); not part of the state */
};

#endif

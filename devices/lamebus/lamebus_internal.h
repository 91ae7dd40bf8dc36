/* What the devices of the bus share: the register maps, the bus's own state, the time of day. */
#ifndef JIT161_DEVICES_LAMEBUS_LAMEBUS_INTERNAL_H
#define JIT161_DEVICES_LAMEBUS_LAMEBUS_INTERNAL_H

#include "devices/host/disk_image.h"
#include "devices/lamebus/lamebus.h"

#define LAMEBUS_SLOT_SIZE   0x10000u
#define LAMEBUS_VENDOR	    1u
#define LAMEBUS_CRAM_WORDS  64u
#define CONTROLLER_POWEROFF 0 /* the controller's only kind of event */

#define NS_PER_SECOND 1000000000u

enum register_access {
	REGISTER_READ = 1,
	REGISTER_WRITE = 2,
	REGISTER_BOTH = 3,
	REGISTER_SHOWS =
	    4, /* writing it shows the processors' state outside, or changes it: it has to be exact */
};

/* What reading a register does. */
enum register_reading {
	READING_ACTS,	 /* anything */
	READING_SETTLES, /* may change the device and lower its line, but raises none and stops nothing */
	READING_SHOWS,	 /* nothing, so that dumps may do it */
};

/* One row of a device's register map. An access that no row allows is a bus error. */
struct device_register {
	const char *name; /* NULL ends the map */
	uint32_t offset, size;
	enum register_access access;
	enum register_reading reading;
};

/* One kind of hardware that a configuration line can name. */
struct lamebus_type {
	struct device_class class;
	bool controller;			 /* belongs in slot 31, and nothing else does */
	const struct device_register *registers; /* NULL: `find` tells */
	/* The row that allows an access at an offset from the slot's start, for devices with several maps. */
	const struct device_register *(*find)(const struct device *device, uint32_t offset,
					      enum register_access access);
	/* Sets up a new device whose state is all zero. arguments[0] is the first word after the keyword. In
	 * a replica `original` is the primary's device, whose host side may be shared; otherwise NULL. */
	bool (*configure)(struct device *device, const struct device *original, char **arguments,
			  struct error *error);
	/* The device's disk image, for snapshots. NULL for devices without. */
	struct disk_image *(*image)(const struct device *device);
	/* A file that input for the device may come from, -1 for none. NULL for devices without. */
	int (*descriptor)(const struct device *device);
	/* Whether the device that owns the keyboard has room for another character. */
	bool (*has_room)(const struct device *device);
	/* What a dump calls a pending event. NULL for devices without events. */
	const char *(*event_name)(uint16_t kind, uint64_t argument);
	/* What the device traces when the machine is put away. May be NULL. */
	void (*trace_closing)(struct device *device);
};

/* The state of the controller in slot 31 and of the bus. */
struct bus_state {
	uint32_t irqs;				/* slots whose line is raised */
	uint32_t irqe;				/* global slot mask */
	uint32_t cpue;				/* processors that CPUE shows as enabled: 0, or none */
	uint32_t cirqe[LAMEBUS_MAX_CPUS];	/* slot mask of each CPU */
	uint8_t cipi[LAMEBUS_MAX_CPUS];		/* interprocessor line of each CPU */
	uint8_t interrupting[LAMEBUS_MAX_CPUS]; /* bus line of each CPU, as last reported */
	uint32_t cram[LAMEBUS_MAX_CPUS * LAMEBUS_CRAM_WORDS];
	/* Wrapping offsets from virtual time to time of day. */
	uint32_t day_seconds, day_nanoseconds;
};

struct configuration_line {
	unsigned slot;
	const struct lamebus_type *type;
	char **arguments; /* owned; NULL at the end */
};

struct bus {
	const struct machine_services *services;
	const struct lamebus_type *types[LAMEBUS_SLOTS]; /* NULL: the slot is empty */
	struct device devices[LAMEBUS_SLOTS];
	struct bus_state state; /* is the state of the device in slot 31 */
	struct device_statistics statistics[LAMEBUS_SLOTS];
	uint32_t ram_size;
	unsigned cpu_count;
	unsigned accessor;		  /* the CPU whose access is being served */
	uint64_t accesses[LAMEBUS_SLOTS]; /* by processors, for reports */
	bool replica;
	uint32_t max_ram; /* what a configuration may ask for */
	bool fixed_start_time;
	uint64_t start_time;
	struct console_input *console;
	int keyboard;					/* slot of the device that owns the keyboard, or -1 */
	struct configuration_line lines[LAMEBUS_SLOTS]; /* in file order */
	unsigned line_count;
};

/* bus.c */
/* Takes over `arguments`. */
bool bus_add_device(struct bus *bus, unsigned slot, const struct lamebus_type *type, char **arguments,
		    const struct bus *primary, struct error *error);
/* Sets the time of day at virtual time 0. */
void bus_start_clock(struct bus *bus);
/* Recomputes every CPU's bus line and reports the changes. */
void bus_update_lines(struct bus *bus);
/* Time of day, as section 3.1 defines it. */
void bus_time_of_day(const struct bus *bus, uint32_t *seconds, uint32_t *nanoseconds);
void bus_set_seconds(struct bus *bus, uint32_t seconds);
void bus_set_nanoseconds(struct bus *bus, uint32_t nanoseconds);
/* Finds the row that covers `offset` and allows `access`, or NULL. */
const struct device_register *register_find(const struct device_register *map, uint32_t offset,
					    enum register_access access);
/* services->message with a format. */
void device_message(const struct machine_services *services, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Counts something that a device did, for the shutdown lines and for the device itself. */
#define count_device(device, field)                                                                          \
	do {                                                                                                 \
		(device)->services->statistics->field++;                                                     \
		(device)->bus->statistics[(device)->slot].field++;                                           \
	} while (0)

/* "KEYWORD: slot N: ..." as a line of the trace; the caller has looked at the flag. */
void device_trace(const struct device *device, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* config.c: a size with suffix, section 5.1. */
bool config_size(const char *text, int64_t *size, struct error *error);
/* The value of "KEY=value" if `argument` has this key, including the '=', else NULL. */
const char *config_value(const char *argument, const char *key);

extern const struct lamebus_type lamebus_mainboard, lamebus_oldmainboard, lamebus_busctl, lamebus_timer,
    lamebus_disk, lamebus_serial, lamebus_screen, lamebus_nic, lamebus_emufs, lamebus_trace, lamebus_random;

#endif

/* LAMEbus: 32 slots with devices, configured from a sys161.conf file, as the machine sees them. One bus
 * belongs to one machine and is used by that machine's thread only. Devices are reached by bus accesses and
 * events; what they ask of the machine goes through `struct machine_services` (runtime/core/bus.h).
 * System/161 reference, sections 2, 3 and 5.1. */
#ifndef JIT161_DEVICES_LAMEBUS_LAMEBUS_H
#define JIT161_DEVICES_LAMEBUS_LAMEBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/host/console_input.h"
#include "devices/host/wait.h"
#include "runtime/core/bus.h"

#define LAMEBUS_BASE		0x1fe00000u /* physical address of slot 0 */
#define LAMEBUS_SIZE		0x00200000u
#define LAMEBUS_SLOTS		32
#define LAMEBUS_CONTROLLER_SLOT 31
#define LAMEBUS_MAX_CPUS	32

struct bus;
struct bus_snapshot;

/* `services` must outlive the bus, and its event queue must already show the machine's start time. */
struct bus *bus_new(const struct machine_services *services);
void bus_free(struct bus *bus);

/* A second machine with the primary's configuration, for lockstep. Its disks read the primary's images and
 * keep what they write to themselves; host files, console input, host time and entropy come from
 * services->inputs, which must replay the primary's log from its beginning. Never touches the host. Implies
 * bus_isolate_disks(primary). May outlive the primary. */
struct bus *bus_new_replica(const struct bus *primary, const struct machine_services *services,
			    struct error *error);

/* The keyboard. The caller keeps ownership; without one the guest gets no input. */
void bus_set_console(struct bus *bus, struct console_input *console);
/* Host seconds since 1970 that the clock starts from, instead of the host's time. Before bus_configure. */
void bus_set_start_time(struct bus *bus, uint64_t seconds);
/* How much RAM a configuration may ask for, bytes, instead of the original's 16 MiB (section 2.6). LAMEBUS_MAX_RAM is what lies
 * before the boot ROM in the address map (section 1.10). Before bus_configure. */
#define LAMEBUS_DEFAULT_RAM_LIMIT (16u << 20)
#define LAMEBUS_MAX_RAM		  0x1FC00000u
void bus_set_max_ram(struct bus *bus, uint32_t bytes);

/* Reads the configuration file and creates the devices. `overrides` are the arguments of -C, "SLOT:ARGUMENT".
 * After an error the bus is only good for bus_free. */
bool bus_configure(struct bus *bus, const char *path, const char *const *overrides, unsigned override_count,
		   struct error *error);

/* The host time that the clock started from, for dumps. */
void bus_start_of_clock(const struct bus *bus, uint32_t *seconds, uint32_t *nanoseconds);

uint32_t bus_ram_size(const struct bus *bus);
unsigned bus_cpu_count(const struct bus *bus);

/* A word access by a processor. `offset` counts from LAMEBUS_BASE and is word aligned. False: bus error. */
bool bus_load(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t *value);
bool bus_store(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t value);

/* A load that raises no interrupt line and cannot stop the machine, such as of a buffer. False: not of that kind, or a
 * bus error; nothing was done. */
bool bus_load_quietly(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t *value);
/* Likewise a store: into a buffer, which is plain memory. */
bool bus_store_quietly(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t value);
/* The buffer there, if there is one. No access. */
bool bus_find_buffer(struct bus *bus, uint32_t offset, struct device_buffer *buffer);
/* Whether a store there makes the processors' state visible outside. */
bool bus_store_shows_state(struct bus *bus, uint32_t offset);

/* An event of one of the slots has come due. */
void bus_event(struct bus *bus, const struct event *event);

/* What the original's dump calls an event of a slot. */
const char *bus_event_name(const struct bus *bus, const struct event *event);

/* Takes at most one character and one frame for each card, as the original's poll does. */
void bus_poll(struct bus *bus);
/* Whether input from outside could still wake the machine. */
bool bus_has_live_input(const struct bus *bus);
/* Adds what to wait for. */
void bus_add_waits(const struct bus *bus, struct host_wait *wait);

/* Adds the files that devices open while the machine runs. */
void bus_host_needs(const struct bus *bus, struct host_needs *needs);

/* Everything about every slot on the message stream, in the original's words. RAM is the caller's. */
void bus_dump(struct bus *bus);
/* The original's hex dump of a piece of memory, on the message stream. */
void bus_dump_bytes(const struct machine_services *services, const uint8_t *bytes, size_t size);

/* What the device in a slot has done; `*keyword` says what kind it is. NULL: the slot is empty. */
const struct device_statistics *bus_slot_statistics(const struct bus *bus, unsigned slot,
						    const char **keyword);

/* What the devices trace when the machine is put away. */
void bus_trace_closing(struct bus *bus);

/* A slot as a report shows it (describe.c). */
struct bus_slot_info {
	const char *device; /* as in the configuration */
	bool controller;
	bool raised, enabled; /* its interrupt line, and whether the controller passes it on */
	uint32_t cpus;	      /* bit n: it goes to processor n */
	uint64_t accesses;    /* of its registers by processors, from the start */
	char registers[256];  /* "STAT 0x4 SECT 0x0"; those that can be read without an effect */
};
/* False: the slot is empty. No effect on the device. */
bool bus_describe_slot(struct bus *bus, unsigned slot, struct bus_slot_info *info);
uint64_t bus_accesses(const struct bus *bus, unsigned slot);
/* Bit n: slot n raises its interrupt line. */
uint32_t bus_raised_lines(const struct bus *bus);
/* The device's keyword, and what it is about. */
void bus_describe_event(const struct bus *bus, const struct event *event, const char **device,
			const char **what);
/* Whether the guest has asked for an interrupt when a key is pressed. */
bool bus_listens_for_input(const struct bus *bus);

/* Compares all device state and what was written to isolated disks. On the first difference writes
 * "slot 2 disk: status: ..." and returns false. */
bool bus_states_equal(const struct bus *a, const struct bus *b, char *where, size_t size);

/* A digest of the same. */
uint64_t bus_states_digest(const struct bus *bus);

/* Disks keep what is written in memory from now on. Lost unless bus_commit_disks is called. */
void bus_isolate_disks(const struct bus *bus);
/* Writes what isolated disks hold to their images. Afterwards older snapshots must not be restored. */
bool bus_commit_disks(struct bus *bus, struct error *error);

/* All device state, and the contents of the disks: implies bus_isolate_disks. The event queue, the input gate
 * and the statistics are the caller's to save. A snapshot may be restored into the machine it was taken from
 * or its replica, or the other way round. Host files are not part of it: after bus_restore the input gate
 * should replay. */
struct bus_snapshot *bus_snapshot(const struct bus *bus);
void bus_restore(struct bus *bus, const struct bus_snapshot *snapshot);
void bus_snapshot_free(struct bus_snapshot *snapshot);

/* For devices. */

/* Sets the level of the slot's interrupt line. */
void bus_raise(struct device *device, bool level);
/* The level of the slot's interrupt line. */
bool bus_raised(const struct device *device);

#endif

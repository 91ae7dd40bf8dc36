/* The bus itself: slots, address decoding, interrupt routing, events, snapshots. */
#include "devices/lamebus/lamebus_internal.h"
#include "runtime/core/digest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bus_snapshot {
	struct bus_state state;
	struct device_statistics statistics[LAMEBUS_SLOTS];
	void *states[LAMEBUS_SLOTS];		 /* copies, NULL for slot 31 and empty slots */
	struct overlay *overlays[LAMEBUS_SLOTS]; /* of disks */
};

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

struct bus *bus_new(const struct machine_services *services)
{
	struct bus *bus = allocate(sizeof(*bus));

	bus->services = services;
	bus->max_ram = LAMEBUS_DEFAULT_RAM_LIMIT;
	bus->state.irqe = 0xffffffff;
	bus->keyboard = -1;
	return bus;
}

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		struct device *device = &bus->devices[slot];

		if (!bus->types[slot])
			continue;
		if (device->class->free)
			device->class->free(device);
		if (slot != LAMEBUS_CONTROLLER_SLOT)
			free(device->state);
	}
	for (unsigned i = 0; i < bus->line_count; i++) {
		for (char **argument = bus->lines[i].arguments; *argument; argument++)
			free(*argument);
		free(bus->lines[i].arguments);
	}
	free(bus);
}

void bus_host_needs(const struct bus *bus, struct host_needs *needs)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		const struct device *device = &bus->devices[slot];

		if (bus->types[slot] && device->class->host_needs)
			device->class->host_needs(device, needs);
	}
}

bool bus_add_device(struct bus *bus, unsigned slot, const struct lamebus_type *type, char **arguments,
		    const struct bus *primary, struct error *error)
{
	struct device *device = &bus->devices[slot];

	bus->lines[bus->line_count++] =
	    (struct configuration_line){.slot = slot, .type = type, .arguments = arguments};
	bus->types[slot] = type;
	*device = (struct device){
	    .class = &type->class,
	    .services = bus->services,
	    .bus = bus,
	    .slot = slot,
	    .state = slot == LAMEBUS_CONTROLLER_SLOT ? &bus->state : allocate(type->class.state_size + 1),
	};
	return type->configure(device, primary ? &primary->devices[slot] : NULL, arguments, error);
}

struct bus *bus_new_replica(const struct bus *primary, const struct machine_services *services,
			    struct error *error)
{
	struct bus *bus = bus_new(services);

	bus->replica = true;
	bus_isolate_disks(primary);
	bus_start_clock(bus);
	for (unsigned i = 0; i < primary->line_count; i++) {
		const struct configuration_line *line = &primary->lines[i];
		unsigned count = 0;
		char **arguments;

		while (line->arguments[count])
			count++;
		arguments = allocate((count + 1) * sizeof(char *));
		for (unsigned k = 0; k < count; k++)
			if (!(arguments[k] = strdup(line->arguments[k])))
				abort();
		if (!bus_add_device(bus, line->slot, line->type, arguments, primary, error)) {
			bus_free(bus);
			return NULL;
		}
	}
	return bus;
}

void bus_set_console(struct bus *bus, struct console_input *console)
{
	bus->console = console;
}

void bus_set_start_time(struct bus *bus, uint64_t seconds)
{
	bus->fixed_start_time = true;
	bus->start_time = seconds;
}

void bus_set_max_ram(struct bus *bus, uint32_t bytes)
{
	bus->max_ram = bytes;
}

uint32_t bus_ram_size(const struct bus *bus)
{
	return bus->ram_size;
}

unsigned bus_cpu_count(const struct bus *bus)
{
	return bus->cpu_count;
}

/* Accesses */

const struct device_register *register_find(const struct device_register *map, uint32_t offset,
					    enum register_access access)
{
	for (; map->name; map++)
		if (offset - map->offset < map->size)
			return map->access & access ? map : NULL;
	return NULL;
}

/* The row of the register map that allows an access, and its device; NULL: bus error. */
static const struct device_register *find_row(struct bus *bus, uint32_t offset, enum register_access access,
					      struct device **device)
{
	unsigned slot = offset / LAMEBUS_SLOT_SIZE;
	const struct lamebus_type *type = slot < LAMEBUS_SLOTS ? bus->types[slot] : NULL;

	if (!type || offset % 4 != 0)
		return NULL;
	*device = &bus->devices[slot];
	offset %= LAMEBUS_SLOT_SIZE;
	return type->registers ? register_find(type->registers, offset, access)
			       : type->find(*device, offset, access);
}

/* An access is being made. */
static void count_access(struct bus *bus, unsigned cpu, uint32_t offset)
{
	unsigned slot = offset / LAMEBUS_SLOT_SIZE;

	bus->accessor = cpu;
	if (slot < LAMEBUS_SLOTS && bus->types[slot])
		bus->accesses[slot]++;
}

/* Registers are words; what is larger is a buffer. */
static bool is_buffer(const struct device_register *row)
{
	return row->reading == READING_SHOWS && row->size > sizeof(uint32_t);
}

bool bus_load(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t *value)
{
	struct device *device;

	count_access(bus, cpu, offset);
	return find_row(bus, offset, REGISTER_READ, &device) &&
	       device->class->load(device, offset % LAMEBUS_SLOT_SIZE, value);
}

bool bus_load_quietly(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t *value)
{
	struct device *device;
	const struct device_register *row = find_row(bus, offset, REGISTER_READ, &device);

	if (!row || row->reading == READING_ACTS)
		return false;
	count_access(bus, cpu, offset);
	return device->class->load(device, offset % LAMEBUS_SLOT_SIZE, value);
}

bool bus_store_quietly(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t value)
{
	struct device *device;
	const struct device_register *row = find_row(bus, offset, REGISTER_WRITE, &device);

	if (!row || !is_buffer(row))
		return false;
	count_access(bus, cpu, offset);
	return device->class->store(device, offset % LAMEBUS_SLOT_SIZE, value);
}

bool bus_find_buffer(struct bus *bus, uint32_t offset, struct device_buffer *buffer)
{
	struct device *device;
	const struct device_register *row = find_row(bus, offset, REGISTER_READ, &device);

	if (!row || !is_buffer(row) || !(row->access & REGISTER_WRITE) || !device->class->buffer)
		return false;
	*buffer = (struct device_buffer){
	    .offset = device->slot * LAMEBUS_SLOT_SIZE + row->offset,
	    .size = row->size,
	    .bytes = device->class->buffer(device, row->offset),
	    .accesses = &bus->accesses[device->slot],
	};
	return buffer->bytes != NULL;
}

bool bus_store_shows_state(struct bus *bus, uint32_t offset)
{
	struct device *device;
	const struct device_register *row = find_row(bus, offset, REGISTER_WRITE, &device);

	return row && (row->access & REGISTER_SHOWS);
}

bool bus_store(struct bus *bus, unsigned cpu, uint32_t offset, uint32_t value)
{
	struct device *device;

	count_access(bus, cpu, offset);
	return find_row(bus, offset, REGISTER_WRITE, &device) &&
	       device->class->store(device, offset % LAMEBUS_SLOT_SIZE, value);
}

const char *bus_event_name(const struct bus *bus, const struct event *event)
{
	const struct lamebus_type *type = event->device < LAMEBUS_SLOTS ? bus->types[event->device] : NULL;

	return type && type->event_name ? type->event_name(event->kind, event->argument) : "unknown";
}

void bus_event(struct bus *bus, const struct event *event)
{
	if (event->device < LAMEBUS_SLOTS && bus->types[event->device]) {
		struct device *device = &bus->devices[event->device];

		if (device->class->event)
			device->class->event(device, event->kind, event->argument);
	}
}

/* Interrupts */

void bus_update_lines(struct bus *bus)
{
	struct bus_state *state = &bus->state;
	uint32_t slots = state->irqs & state->irqe;

	for (unsigned cpu = 0; cpu < bus->cpu_count; cpu++) {
		bool level = (slots & state->cirqe[cpu]) != 0;

		if (level == (bool)state->interrupting[cpu])
			continue;
		state->interrupting[cpu] = level;
		bus->services->set_lines(bus->services->context, cpu, level, state->cipi[cpu]);
	}
}

void bus_raise(struct device *device, bool level)
{
	uint32_t mask = 1u << device->slot;
	struct bus_state *state = &device->bus->state;

	trace_device(device->services->trace, TRACE_INTERRUPT, "Slot %2u: irq %s", device->slot,
		     level ? "ON" : "OFF");
	state->irqs = level ? state->irqs | mask : state->irqs & ~mask;
	bus_update_lines(device->bus);
}

bool bus_raised(const struct device *device)
{
	return device->bus->state.irqs >> device->slot & 1;
}

/* Time of day: section 3.1. All offsets wrap at 32 bits. */

void bus_start_clock(struct bus *bus)
{
	struct input_gate *inputs = bus->services->inputs;
	uint64_t seconds = bus->fixed_start_time ? bus->start_time : (uint64_t)time(NULL);

	if (inputs->replay) {
		struct input_record record;

		seconds = 0;
		if (input_gate_replay(inputs, INPUT_TIME, LAMEBUS_CONTROLLER_SLOT, &record) &&
		    record.size == sizeof(seconds))
			memcpy(&seconds, record.payload, sizeof(seconds));
	} else {
		input_gate_record(inputs, bus->services->events->now, INPUT_TIME, LAMEBUS_CONTROLLER_SLOT,
				  &seconds, sizeof(seconds));
	}
	bus->state.day_seconds = (uint32_t)seconds;
	bus->state.day_nanoseconds = 0;
}

void bus_time_of_day(const struct bus *bus, uint32_t *seconds, uint32_t *nanoseconds)
{
	uint64_t now = bus->services->events->now;

	*seconds = bus->state.day_seconds + (uint32_t)(now / NS_PER_SECOND);
	*nanoseconds = bus->state.day_nanoseconds + (uint32_t)(now % NS_PER_SECOND);
	if (*nanoseconds > NS_PER_SECOND) {
		*nanoseconds -= NS_PER_SECOND;
		++*seconds;
	}
}

void bus_start_of_clock(const struct bus *bus, uint32_t *seconds, uint32_t *nanoseconds)
{
	*seconds = bus->state.day_seconds;
	*nanoseconds = bus->state.day_nanoseconds;
}

void bus_set_seconds(struct bus *bus, uint32_t seconds)
{
	bus->state.day_seconds = seconds - (uint32_t)(bus->services->events->now / NS_PER_SECOND);
}

void bus_set_nanoseconds(struct bus *bus, uint32_t nanoseconds)
{
	bus->state.day_nanoseconds = nanoseconds - (uint32_t)(bus->services->events->now % NS_PER_SECOND);
}

/* Host input */

void bus_poll(struct bus *bus)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		struct device *device = &bus->devices[slot];

		if (bus->types[slot] && device->class->poll &&
		    (bus->types[slot]->descriptor || bus->keyboard == (int)slot))
			device->class->poll(device);
	}
}

static bool keyboard_connected(const struct bus *bus)
{
	return bus->keyboard >= 0 && bus->console && !bus->services->inputs->replay;
}

static int device_descriptor(const struct bus *bus, unsigned slot)
{
	return bus->types[slot] && bus->types[slot]->descriptor
		   ? bus->types[slot]->descriptor(&bus->devices[slot])
		   : -1;
}

bool bus_has_live_input(const struct bus *bus)
{
	if (keyboard_connected(bus) && console_input_live(bus->console))
		return true;
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		if (device_descriptor(bus, slot) >= 0)
			return true;
	return false;
}

void bus_add_waits(const struct bus *bus, struct host_wait *wait)
{
	if (keyboard_connected(bus) && bus->types[bus->keyboard]->has_room(&bus->devices[bus->keyboard]))
		console_input_add_waits(bus->console, wait);
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		host_wait_add(wait, device_descriptor(bus, slot));
}

/* Dumps */

void device_message(const struct machine_services *services, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	services->message(services->context, text);
}

void device_trace(const struct device *device, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	trace_line(device->services->trace, TRACE_DEVICES, "%s: slot %u: %s", device->class->keyword,
		   device->slot, text);
}

void bus_dump_bytes(const struct machine_services *services, const uint8_t *bytes, size_t size)
{
	static const uint8_t zeros[16];
	bool skipping = false, any = false;
	size_t at;

	for (at = 0; at < size; at += 16) {
		size_t count = size - at < 16 ? size - at : 16;
		char line[128];
		int length;

		if (any && memcmp(bytes + at, zeros, count) == 0) {
			if (!skipping)
				services->message(services->context, "       *");
			skipping = true;
			continue;
		}
		skipping = false;
		any = true;
		length = snprintf(line, sizeof(line), "%6zx:", at);
		for (size_t i = 0; i < count; i++)
			length +=
			    snprintf(line + length, sizeof(line) - (size_t)length, "%02x ", bytes[at + i]);
		for (size_t i = 0; i < count; i++)
			line[length++] =
			    bytes[at + i] < 0x80 && isprint(bytes[at + i]) ? (char)bytes[at + i] : '.';
		line[length] = '\0';
		services->message(services->context, line);
	}
	device_message(services, "%6zx:", at);
}

void bus_dump(struct bus *bus)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		const struct lamebus_type *type = bus->types[slot];
		struct device *device = &bus->devices[slot];

		if (!type)
			continue;
		device_message(bus->services, "************ Slot %u ************", slot);
		if (type->class.dump)
			type->class.dump(device);
	}
}

const struct device_statistics *bus_slot_statistics(const struct bus *bus, unsigned slot,
						    const char **keyword)
{
	if (!bus->types[slot])
		return NULL;
	*keyword = bus->types[slot]->class.keyword;
	return &bus->statistics[slot];
}

void bus_trace_closing(struct bus *bus)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		if (bus->types[slot] && bus->types[slot]->trace_closing)
			bus->types[slot]->trace_closing(&bus->devices[slot]);
}

/* State */

static struct disk_image *image_of(const struct bus *bus, unsigned slot)
{
	const struct lamebus_type *type = bus->types[slot];

	return type && type->image ? type->image(&bus->devices[slot]) : NULL;
}

bool bus_states_equal(const struct bus *a, const struct bus *b, char *where, size_t size)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		char text[256];

		if (a->types[slot] != b->types[slot]) {
			snprintf(where, size, "slot %u: different devices", slot);
			return false;
		}
		if (!a->types[slot])
			continue;
		if (fields_equal(a->types[slot]->class.fields, a->devices[slot].state, b->devices[slot].state,
				 text, sizeof(text)) &&
		    (!image_of(a, slot) ||
		     disk_image_equal(image_of(a, slot), image_of(b, slot), text, sizeof(text))))
			continue;
		snprintf(where, size, "slot %u %s: %s", slot, a->types[slot]->class.keyword, text);
		return false;
	}
	return true;
}

uint64_t bus_states_digest(const struct bus *bus)
{
	uint64_t digest = DIGEST_START;

	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		if (!bus->types[slot])
			continue;
		digest = digest_number(digest, slot);
		digest = fields_digest(bus->types[slot]->class.fields, bus->devices[slot].state, digest);
		if (image_of(bus, slot))
			digest = digest_number(digest, disk_image_digest(image_of(bus, slot)));
	}
	return digest;
}

void bus_isolate_disks(const struct bus *bus)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		if (image_of(bus, slot))
			disk_image_isolate(image_of(bus, slot));
}

bool bus_commit_disks(struct bus *bus, struct error *error)
{
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		char label[32];

		snprintf(label, sizeof(label), "disk: slot %u", slot);
		if (!bus->replica && image_of(bus, slot) &&
		    !disk_image_commit(image_of(bus, slot), label, error))
			return false;
	}
	return true;
}

struct bus_snapshot *bus_snapshot(const struct bus *bus)
{
	struct bus_snapshot *snapshot = allocate(sizeof(*snapshot));

	snapshot->state = bus->state;
	memcpy(snapshot->statistics, bus->statistics, sizeof(bus->statistics));
	bus_isolate_disks(bus);
	for (unsigned slot = 0; slot < LAMEBUS_CONTROLLER_SLOT; slot++) {
		if (!bus->types[slot])
			continue;
		snapshot->states[slot] = allocate(bus->types[slot]->class.state_size + 1);
		memcpy(snapshot->states[slot], bus->devices[slot].state, bus->types[slot]->class.state_size);
		if (image_of(bus, slot))
			snapshot->overlays[slot] = disk_image_checkpoint(image_of(bus, slot));
	}
	return snapshot;
}

void bus_restore(struct bus *bus, const struct bus_snapshot *snapshot)
{
	bus->state = snapshot->state;
	memcpy(bus->statistics, snapshot->statistics, sizeof(bus->statistics));
	for (unsigned slot = 0; slot < LAMEBUS_CONTROLLER_SLOT; slot++) {
		if (!bus->types[slot] || !snapshot->states[slot])
			continue;
		memcpy(bus->devices[slot].state, snapshot->states[slot], bus->types[slot]->class.state_size);
		if (image_of(bus, slot) && snapshot->overlays[slot])
			disk_image_rollback(image_of(bus, slot), snapshot->overlays[slot]);
	}
}

void bus_snapshot_free(struct bus_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		free(snapshot->states[slot]);
		overlay_free(snapshot->overlays[slot]);
	}
	free(snapshot);
}

/* What the devices are doing, for reports on a machine that stopped. */
#include "devices/lamebus/lamebus_internal.h"

#include <stdio.h>
#include <string.h>

/* What a device's events are about. */
static const struct {
	const char *device;
	uint16_t kind;
	const char *name;
} event_names[] = {
    {"timer", 0, "countdown"},	   {"disk", 0, "seek"},
    {"disk", 1, "transfer"},	   {"serial", 0, "sending"},
    {"serial", 1, "next input"},   {"emufs", 0, "operation"},
    {"mainboard", 0, "power-off"}, {"oldmainboard", 0, "power-off"},
    {"busctl", 0, "power-off"},
};

static void describe_registers(struct device *device, const struct device_register *map, char *text,
			       size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (; map && map->name && length < size; map++) {
		uint32_t value;

		if (map->reading == READING_SHOWS && map->size == 4 && (map->access & REGISTER_READ) &&
		    device->class->load(device, map->offset, &value))
			length += (size_t)snprintf(text + length, size - length, "%s%s 0x%x",
						   length ? " " : "", map->name, value);
	}
}

bool bus_describe_slot(struct bus *bus, unsigned slot, struct bus_slot_info *info)
{
	memset(info, 0, sizeof(*info));
	if (slot >= LAMEBUS_SLOTS || !bus->types[slot])
		return false;
	info->device = bus->types[slot]->class.keyword;
	info->controller = bus->types[slot]->controller;
	info->raised = bus->state.irqs >> slot & 1;
	info->enabled = bus->state.irqe >> slot & 1;
	for (unsigned cpu = 0; cpu < bus->cpu_count; cpu++)
		info->cpus |= (bus->state.cirqe[cpu] >> slot & 1) << cpu;
	info->accesses = bus->accesses[slot];
	describe_registers(&bus->devices[slot], bus->types[slot]->registers, info->registers,
			   sizeof(info->registers));
	return true;
}

void bus_describe_event(const struct bus *bus, const struct event *event, const char **device,
			const char **what)
{
	*device = event->device < LAMEBUS_SLOTS && bus->types[event->device]
		      ? bus->types[event->device]->class.keyword
		      : "host";
	*what = "event";
	for (unsigned i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (strcmp(event_names[i].device, *device) == 0 && event_names[i].kind == event->kind)
			*what = event_names[i].name;
}

bool bus_listens_for_input(const struct bus *bus)
{
	const struct device_register *map;

	if (bus->keyboard < 0)
		return false;
	const struct device *device = &bus->devices[bus->keyboard];
	for (map = bus->types[bus->keyboard]->registers; map && map->name; map++) {
		uint32_t value;

		if (strcmp(map->name, "RIRQ") == 0)
			return device->class->load((struct device *)(uintptr_t)device, map->offset, &value) &&
			       (value & 1);
	}
	return false;
}

uint64_t bus_accesses(const struct bus *bus, unsigned slot)
{
	return bus->accesses[slot];
}

uint32_t bus_raised_lines(const struct bus *bus)
{
	return bus->state.irqs;
}

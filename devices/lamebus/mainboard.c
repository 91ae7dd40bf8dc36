/* The bus controllers: `mainboard` (several CPUs) and `oldmainboard`, alias `busctl` (one). Section 2. */
#include "devices/lamebus/lamebus_internal.h"

#include <stdlib.h>
#include <string.h>

#define OLD_DEVICE_ID	1
#define OLD_REVISION	2
#define DEVICE_ID	10
#define REVISION	1
#define POWEROFF_NS	5000000
#define REGION_SIZE	0x400u	    /* of one slot's configuration and of one CPU's control region */
#define CPU_REGIONS	0x8000u	    /* offset of CPU 0's control region */
#define FIRST_STACK_TOP 0x9fff8400u /* kseg0 address just past CPU 0's CRAM */

/* In the configuration region of every slot. */
#define CONFIG_VENDOR	0x000
#define CONFIG_DEVICE	0x004
#define CONFIG_REVISION 0x008

/* In the configuration region of slot 31. */
#define CONTROLLER_RAMSZ 0x200
#define CONTROLLER_IRQS	 0x204
#define CONTROLLER_PWR	 0x208
#define CONTROLLER_IRQE	 0x20c
#define CONTROLLER_CPUS	 0x210
#define CONTROLLER_CPUE	 0x214
#define CONTROLLER_SELF	 0x218

/* In the control region of each CPU. */
#define CPU_CIRQE 0x000
#define CPU_CIPI  0x004
#define CPU_CRAM  0x300

static const struct device_register configuration_map[] = {
    {"VENDOR", CONFIG_VENDOR, 4, REGISTER_READ, READING_SHOWS},
    {"DEVICE", CONFIG_DEVICE, 4, REGISTER_READ, READING_SHOWS},
    {"REVISION", CONFIG_REVISION, 4, REGISTER_READ, READING_SHOWS},
    {0},
};

static const struct device_register old_controller_map[] = {
    {"RAMSZ", CONTROLLER_RAMSZ, 4, REGISTER_READ, READING_SHOWS},
    {"IRQS", CONTROLLER_IRQS, 4, REGISTER_READ, READING_SHOWS},
    {"PWR", CONTROLLER_PWR, 4, REGISTER_BOTH, READING_ACTS},
    {"IRQE", CONTROLLER_IRQE, 4, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct device_register controller_map[] = {
    {"RAMSZ", CONTROLLER_RAMSZ, 4, REGISTER_READ, READING_SHOWS},
    {"IRQS", CONTROLLER_IRQS, 4, REGISTER_READ, READING_SHOWS},
    {"PWR", CONTROLLER_PWR, 4, REGISTER_BOTH, READING_SHOWS},
    {"IRQE", CONTROLLER_IRQE, 4, REGISTER_BOTH, READING_SHOWS},
    {"CPUS", CONTROLLER_CPUS, 4, REGISTER_READ, READING_SHOWS},
    {"CPUE", CONTROLLER_CPUE, 4, REGISTER_BOTH | REGISTER_SHOWS, READING_SHOWS},
    {"SELF", CONTROLLER_SELF, 4, REGISTER_READ, READING_SHOWS},
    {0},
};

static const struct device_register cpu_map[] = {
    {"CIRQE", CPU_CIRQE, 4, REGISTER_BOTH, READING_SHOWS},
    {"CIPI", CPU_CIPI, 4, REGISTER_BOTH, READING_SHOWS},
    {"CRAM", CPU_CRAM, LAMEBUS_CRAM_WORDS * 4, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct bus_state, irqs),
    FIELD(struct bus_state, irqe),
    FIELD(struct bus_state, cpue),
    FIELD_ARRAY(struct bus_state, cirqe),
    FIELD_ARRAY(struct bus_state, cipi),
    FIELD_ARRAY(struct bus_state, interrupting),
    FIELD_ARRAY(struct bus_state, cram),
    FIELD(struct bus_state, day_seconds),
    FIELD(struct bus_state, day_nanoseconds),
    FIELD_END,
};

static bool is_old(const struct device *device)
{
	return device->class->id == OLD_DEVICE_ID;
}

static bool configure_board(struct device *device, const char *name, char **arguments, struct error *error)
{
	bool old = is_old(device);
	struct bus *bus = device->bus;
	unsigned long cpus = 1, cores = 1;
	const char *value;
	int64_t size;

	for (; *arguments; arguments++) {
		if ((value = config_value(*arguments, "ramsize="))) {
			if (!config_size(value, &size, error))
				return false;
			bus->ram_size = (uint32_t)size;
		} else if (!old && (value = config_value(*arguments, "cpus="))) {
			cpus = strtoul(value, NULL, 0);
		} else if (!old && (value = config_value(*arguments, "cores="))) {
			cores = strtoul(value, NULL, 0);
		} else {
			error_set(error, "%s: invalid option `%s'", name, *arguments);
			return error_hint(error, old ? "It takes ramsize=SIZE."
						     : "It takes ramsize=SIZE and cpus=N.");
		}
	}
	if (cpus == 0 || cores == 0) {
		error_set(error, "%s: give me no CPUs and I'll give you no lies", name);
		return error_hint(error, "cpus= must be a number from 1 to %d.", LAMEBUS_MAX_CPUS);
	}
	if (cores > 1) {
		error_set(error, "%s: no support for multicore CPUs yet", name);
		return error_hint(error, "Use cpus= for several processors.");
	}
	if (cpus > LAMEBUS_MAX_CPUS) {
		error_set(error, "%s: too many CPUs", name);
		return error_hint(error, "At most %d are possible.", LAMEBUS_MAX_CPUS);
	}
	bus->cpu_count = (unsigned)cpus;
	bus->state.cpue = 1;
	for (unsigned cpu = 0; cpu < bus->cpu_count; cpu++)
		bus->state.cirqe[cpu] = 0xffffffff;
	return true;
}

static bool configure_new(struct device *device, const struct device *original, char **arguments,
			  struct error *error)
{
	(void)original;
	return configure_board(device, "mainboard", arguments, error);
}

static bool configure_old(struct device *device, const struct device *original, char **arguments,
			  struct error *error)
{
	(void)original;
	return configure_board(device, "oldmainboard", arguments, error);
}

static const struct device_register *find(const struct device *device, uint32_t offset,
					  enum register_access access)
{
	uint32_t number = offset % CPU_REGIONS / REGION_SIZE, within = offset % REGION_SIZE;
	const struct device_register *row = NULL;

	if (offset >= CPU_REGIONS)
		return is_old(device) || number >= device->bus->cpu_count
			   ? NULL
			   : register_find(cpu_map, within, access);
	if (number == LAMEBUS_CONTROLLER_SLOT)
		row = register_find(is_old(device) ? old_controller_map : controller_map, within, access);
	return row ? row : register_find(configuration_map, within, access);
}

/* The original does not note that it has started a processor: each 1 that is written starts it anew, also while it runs, and
 * no 0 stops it. Only processor 0 is enabled as CPUE has it, until it is stopped. */
static void enable_cpus(struct device *device, uint32_t mask)
{
	const struct machine_services *services = device->services;
	struct bus_state *state = &device->bus->state;

	for (unsigned cpu = 0; cpu < device->bus->cpu_count; cpu++) {
		bool enabled = state->cpue >> cpu & 1, wanted = mask >> cpu & 1;
		const uint32_t *cram = &state->cram[cpu * LAMEBUS_CRAM_WORDS];

		if (enabled && !wanted) {
			state->cpue &= ~(1u << cpu);
			services->cpu_stop(services->context, cpu);
		} else if (!enabled && wanted) {
			services->cpu_start(services->context, cpu, cram[0],
					    FIRST_STACK_TOP + cpu * REGION_SIZE, cram[1]);
		}
	}
}

/* The bus has asked `find` before it loads or stores. */
static bool load_configuration(struct device *device, uint32_t offset, uint32_t *value)
{
	const struct bus *bus = device->bus;
	const struct lamebus_type *type = bus->types[offset / REGION_SIZE];

	switch (offset % REGION_SIZE) {
	case CONFIG_VENDOR:
		*value = type ? LAMEBUS_VENDOR : 0;
		return true;
	case CONFIG_DEVICE:
		*value = type ? type->class.id : 0;
		return true;
	case CONFIG_REVISION:
		*value = type ? type->class.revision : 0;
		return true;
	case CONTROLLER_RAMSZ:
		*value = bus->ram_size;
		return true;
	case CONTROLLER_IRQS:
		*value = bus->state.irqs;
		return true;
	case CONTROLLER_PWR:
		*value = 0xffffffff;
		if (is_old(device)) {
			*value = 0;
			device->services->hang(device->services->context,
					       "Read from LAMEbus controller power register");
		}
		return true;
	case CONTROLLER_IRQE:
		*value = bus->state.irqe;
		return true;
	case CONTROLLER_CPUS:
		*value = bus->cpu_count == 32 ? 0xffffffff : (1u << bus->cpu_count) - 1;
		return true;
	case CONTROLLER_CPUE:
		*value = bus->state.cpue;
		return true;
	case CONTROLLER_SELF:
		*value = 1u << bus->accessor;
		return true;
	default:
		return false;
	}
}

static bool store_configuration(struct device *device, uint32_t offset, uint32_t value)
{
	switch (offset % REGION_SIZE) {
	case CONTROLLER_PWR:
		if (value == 0)
			event_schedule(device->services->events, POWEROFF_NS, LAMEBUS_CONTROLLER_SLOT,
				       CONTROLLER_POWEROFF, 0);
		else if (!is_old(device) && !(value & 0x80000000))
			device->services->hang(device->services->context, "Invalid power state");
		return true;
	case CONTROLLER_IRQE:
		device->bus->state.irqe = value;
		bus_update_lines(device->bus);
		return true;
	case CONTROLLER_CPUE:
		enable_cpus(device, value);
		return true;
	default:
		return false;
	}
}

static bool load_cpu(struct device *device, uint32_t offset, uint32_t *value)
{
	const struct bus_state *state = &device->bus->state;
	unsigned cpu = offset / REGION_SIZE;

	offset %= REGION_SIZE;
	if (offset >= CPU_CRAM)
		*value = state->cram[cpu * LAMEBUS_CRAM_WORDS + (offset - CPU_CRAM) / 4];
	else if (offset == CPU_CIRQE)
		*value = state->cirqe[cpu];
	else
		*value = state->cipi[cpu] ? 0xffffffff : 0;
	return true;
}

static bool store_cpu(struct device *device, uint32_t offset, uint32_t value)
{
	struct bus_state *state = &device->bus->state;
	unsigned cpu = offset / REGION_SIZE;

	offset %= REGION_SIZE;
	if (offset >= CPU_CRAM) {
		state->cram[cpu * LAMEBUS_CRAM_WORDS + (offset - CPU_CRAM) / 4] = value;
	} else if (offset == CPU_CIRQE) {
		state->cirqe[cpu] = value;
		bus_update_lines(device->bus);
	} else {
		state->cipi[cpu] = value != 0;
		device->services->set_lines(device->services->context, cpu, state->interrupting[cpu],
					    state->cipi[cpu]);
	}
	return true;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	return offset < CPU_REGIONS ? load_configuration(device, offset, value)
				    : load_cpu(device, offset - CPU_REGIONS, value);
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	return offset < CPU_REGIONS ? store_configuration(device, offset, value)
				    : store_cpu(device, offset - CPU_REGIONS, value);
}

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	(void)argument;
	if (kind != CONTROLLER_POWEROFF)
		return;
	/* Only this ends the idling of waiting CPUs: with the slot masked the machine stays on (section 2.3).
	 */
	bus_raise(device, true);
	device->services->power_off(device->services->context);
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	(void)kind, (void)argument;
	return "poweroff";
}

#define DUMPED_CRAM 128 /* bytes: what the original allocates */

static void dump(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct bus *bus = device->bus;
	const struct bus_state *state = &bus->state;

	device_message(services,
		       is_old(device) ? "LAMEbus uniprocessor controller rev %d"
				      : "LAMEbus multiprocessor controller rev %d",
		       is_old(device) ? OLD_REVISION : REVISION);
	device_message(services, "    ramsize: %u (%uk)", bus->ram_size, bus->ram_size / 1024);
	device_message(services, "    irqs: 0x%08x", state->irqs);
	device_message(services, "    irqe: 0x%08x", state->irqe);
	if (is_old(device)) {
		device_message(services, "    irqc: 0x%08x", state->interrupting[0]);
		return;
	}
	device_message(services, "    cpus: %u", bus->cpu_count);
	device_message(services, "    cpue: 0x%08x", state->cpue);
	for (unsigned cpu = 0; cpu < bus->cpu_count; cpu++) {
		uint8_t bytes[DUMPED_CRAM];

		for (uint32_t i = 0; i < DUMPED_CRAM / 4; i++)
			buffer_store(bytes, i * 4, state->cram[cpu * LAMEBUS_CRAM_WORDS + i]);
		device_message(services, "    cpu %u: %s", cpu,
			       state->cpue >> cpu & 1 ? "ENABLED" : "DISABLED");
		device_message(services, "    cpu %u cirqe: 0x%08x", cpu, state->cirqe[cpu]);
		device_message(services, "    cpu %u cipi: %u", cpu, state->cipi[cpu]);
		device_message(services, "    cpu %u interrupting: %u", cpu, state->interrupting[cpu]);
		device_message(services, "    cpu %u cram:", cpu);
		bus_dump_bytes(services, bytes, sizeof(bytes));
	}
}

#define CONTROLLER(word, number, rev, setup)                                                                 \
	{                                                                                                    \
		.class = {.keyword = (word),                                                                 \
			  .id = (number),                                                                    \
			  .revision = (rev),                                                                 \
			  .state_size = sizeof(struct bus_state),                                            \
			  .fields = fields,                                                                  \
			  .load = load,                                                                      \
			  .store = store,                                                                    \
			  .event = event,                                                                    \
			  .dump = dump},                                                                     \
		.controller = true, .find = find, .configure = (setup), .event_name = event_name,            \
	}

const struct lamebus_type lamebus_mainboard = CONTROLLER("mainboard", DEVICE_ID, REVISION, configure_new);
const struct lamebus_type lamebus_oldmainboard =
    CONTROLLER("oldmainboard", OLD_DEVICE_ID, OLD_REVISION, configure_old);
const struct lamebus_type lamebus_busctl = CONTROLLER("busctl", OLD_DEVICE_ID, OLD_REVISION, configure_old);

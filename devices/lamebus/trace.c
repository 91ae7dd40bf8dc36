/* Trace control card. Section 3.7. Several cards control the same things of the machine; none has state. */
#include "devices/lamebus/lamebus_internal.h"

#include <stdio.h>

#define REG_ON	   0x00
#define REG_OFF	   0x04
#define REG_PRINT  0x08
#define REG_DUMP   0x0c
#define REG_STOP   0x10
#define REG_PROFEN 0x14
#define REG_PROFCL 0x18

#define RULE "------------------------------------------------------------------------"

static const struct device_register registers[] = {
    {"ON", REG_ON, 4, REGISTER_WRITE, READING_ACTS},
    {"OFF", REG_OFF, 4, REGISTER_WRITE, READING_ACTS},
    {"PRINT", REG_PRINT, 4, REGISTER_WRITE, READING_ACTS},
    {"DUMP", REG_DUMP, 4, REGISTER_WRITE | REGISTER_SHOWS, READING_ACTS},
    {"STOP", REG_STOP, 4, REGISTER_WRITE, READING_ACTS},
    {"PROFEN", REG_PROFEN, 4, REGISTER_BOTH, READING_SHOWS},
    {"PROFCL", REG_PROFCL, 4, REGISTER_WRITE, READING_ACTS},
    {0},
};

static const struct field fields[] = {FIELD_END};

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	(void)original;
	if (arguments[0]) {
		error_set(error, "trace: slot %u: Invalid argument %s", device->slot, arguments[0]);
		return error_hint(error, "The trace card takes no arguments.");
	}
	return true;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	*value = device->services->profiling(device->services->context);
	return offset == REG_PROFEN;
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	const struct machine_services *services = device->services;
	char text[80];

	switch (offset) {
	case REG_ON:
	case REG_OFF:
		if (value > 0xff || !services->trace_flag(services->context, (char)value, offset == REG_ON)) {
			char letter[2] = {(char)value, '\0'};

			snprintf(text, sizeof(text), "Invalid trace code %s (%d)", letter, (int)value);
			services->hang(services->context, text);
		}
		return true;
	case REG_PRINT:
		device_message(services, "trace: code %u (0x%x)", value, value);
		return true;
	case REG_DUMP:
		services->message(services->context, RULE);
		device_message(services, "trace: dump with code %u (0x%x)", value, value);
		services->dump(services->context);
		services->message(services->context, "trace: dump complete");
		services->message(services->context, RULE);
		return true;
	case REG_STOP:
		services->message(services->context, "trace: software-requested debugger stop");
		services->debugger_stop(services->context);
		return true;
	case REG_PROFEN:
		services->set_profiling(services->context, value != 0);
		return true;
	case REG_PROFCL:
		services->clear_profile(services->context);
		return true;
	default:
		return false;
	}
}

static void dump(struct device *device)
{
	device_message(device->services, "System/161 trace control device rev %u", device->class->revision);
}

const struct lamebus_type lamebus_trace = {
    .class = {.keyword = "trace",
	      .id = 8,
	      .revision = 3,
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .dump = dump},
    .registers = registers,
    .configure = configure,
};

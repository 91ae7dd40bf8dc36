/* Timer and clock. Section 3.1. */
#include "devices/lamebus/lamebus_internal.h"

#define REG_SEC	  0x00
#define REG_NSEC  0x04
#define REG_ROE	  0x08
#define REG_IRQ	  0x0c
#define REG_COUNT 0x10
#define REG_BEEP  0x14
#define REG_18	  0x18
#define REG_1C	  0x1c

#define EVENT_EXPIRY 0 /* the argument is the generation of the countdown */

struct timer_state {
	uint32_t restart;    /* ROE as written */
	uint32_t count;	     /* microseconds */
	uint32_t generation; /* expiries of superseded countdowns are recognised by it */
};

/* Wrong accesses to the registers from IRQ on hang the machine; they are no bus errors. */
static const struct device_register registers[] = {
    {"SEC", REG_SEC, 4, REGISTER_BOTH, READING_SHOWS},
    {"NSEC", REG_NSEC, 4, REGISTER_BOTH, READING_SHOWS},
    {"ROE", REG_ROE, 4, REGISTER_BOTH, READING_SHOWS},
    {"IRQ", REG_IRQ, 4, REGISTER_BOTH, READING_SETTLES},
    {"COUNT", REG_COUNT, 4, REGISTER_BOTH, READING_SHOWS},
    {"BEEP", REG_BEEP, 4, REGISTER_BOTH, READING_ACTS},
    {"reserved", REG_18, 4, REGISTER_BOTH, READING_ACTS},
    {"reserved", REG_1C, 4, REGISTER_BOTH, READING_ACTS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct timer_state, restart),
    FIELD(struct timer_state, count),
    FIELD(struct timer_state, generation),
    FIELD_END,
};

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	(void)device, (void)original, (void)arguments, (void)error; /* any arguments are accepted */
	return true;
}

static void start(struct device *device, uint64_t delay)
{
	struct timer_state *timer = device->state;

	timer->generation++;
	event_schedule(device->services->events, delay, (uint16_t)device->slot, EVENT_EXPIRY,
		       timer->generation);
}

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	struct timer_state *timer = device->state;

	if (kind != EVENT_EXPIRY || argument != timer->generation)
		return;
	bus_raise(device, true);
	/* Restarting at once with a count of 0 would never end (the original hangs in this): one microsecond.
	 */
	if (timer->restart)
		start(device, timer->count ? (uint64_t)timer->count * 1000 : 1000);
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	struct timer_state *timer = device->state;
	uint32_t other;

	switch (offset) {
	case REG_SEC:
		bus_time_of_day(device->bus, value, &other);
		return true;
	case REG_NSEC:
		bus_time_of_day(device->bus, &other, value);
		return true;
	case REG_ROE:
		*value = timer->restart;
		return true;
	case REG_IRQ:
		*value = bus_raised(device);
		bus_raise(device, false);
		return true;
	case REG_COUNT:
		*value = timer->count;
		return true;
	case REG_BEEP:
	case REG_18:
	case REG_1C:
		*value = 0;
		device->services->hang(device->services->context, "Illegal timer register read");
		return true;
	default:
		return false;
	}
}

static void beep(struct device *device)
{
	const struct machine_services *services = device->services;

	if (device->bus->console && console_input_bell(device->bus->console))
		services->console_write(services->context, '\a');
	else
		services->message(services->context, "[BEEP]");
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	struct timer_state *timer = device->state;

	switch (offset) {
	case REG_SEC:
		bus_set_seconds(device->bus, value);
		return true;
	case REG_NSEC:
		bus_set_nanoseconds(device->bus, value);
		return true;
	case REG_ROE:
		timer->restart = value;
		return true;
	case REG_COUNT:
		timer->count = value;
		start(device, (uint64_t)value * 1000);
		return true;
	case REG_BEEP:
		beep(device);
		return true;
	case REG_IRQ:
	case REG_18:
	case REG_1C:
		device->services->hang(device->services->context, "Illegal timer register write");
		return true;
	default:
		return false;
	}
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	(void)kind, (void)argument;
	return "timer";
}

static void dump(struct device *device)
{
	const struct timer_state *timer = device->state;

	device_message(device->services, "System/161 timer device rev %u", device->class->revision);
	device_message(device->services, "    %u microseconds, %s", timer->count,
		       timer->restart ? "restarting" : "one-shot");
	device_message(device->services, "    Generation number: %u", timer->generation);
}

const struct lamebus_type lamebus_timer = {
    .class = {.keyword = "timer",
	      .id = 2,
	      .revision = 1,
	      .state_size = sizeof(struct timer_state),
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .event = event,
	      .dump = dump},
    .registers = registers,
    .configure = configure,
    .event_name = event_name,
};

/* Serial console. Section 3.3. */
#include "devices/lamebus/lamebus_internal.h"

#include <ctype.h>

#define REG_CHAR 0x0
#define REG_WIRQ 0x4
#define REG_RIRQ 0x8

#define IRQ_ENABLE 1u
#define IRQ_READY  2u
#define IRQ_FORCE  4u
#define IRQ_ALL	   7u

#define CHARACTER_NS	20833 /* 19200 baud, 25 times faster: 10^9 / 48000 */
#define COMPLAINT_AFTER (1000000000 / CHARACTER_NS)
#define RING_SIZE	512u
#define BELL		7 /* ^G calls the debugger */

enum {
	EVENT_WRITTEN,
	EVENT_INPUT
};

struct serial_state {
	uint32_t write_irq, read_irq; /* the bits of WIRQ and RIRQ */
	uint32_t character;	      /* last character received */
	uint8_t write_busy, read_busy;
	uint8_t character_read; /* the guest has read it */
	uint32_t retries;	/* deliveries put off because the last character is unread */
	uint32_t head, tail;	/* of the ring: read at head, written at tail, empty if equal */
	uint8_t ring[RING_SIZE];
};

static const struct device_register registers[] = {
    {"CHAR", REG_CHAR, 4, REGISTER_BOTH, READING_SETTLES},
    {"WIRQ", REG_WIRQ, 4, REGISTER_BOTH, READING_SHOWS},
    {"RIRQ", REG_RIRQ, 4, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct serial_state, write_irq),
    FIELD(struct serial_state, read_irq),
    FIELD(struct serial_state, character),
    FIELD(struct serial_state, write_busy),
    FIELD(struct serial_state, read_busy),
    FIELD(struct serial_state, character_read),
    FIELD(struct serial_state, retries),
    FIELD(struct serial_state, head),
    FIELD(struct serial_state, tail),
    FIELD_ARRAY(struct serial_state, ring),
    FIELD_END,
};

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	struct serial_state *serial = device->state;

	(void)original, (void)arguments, (void)error; /* any arguments are accepted */
	serial->character_read = true;
	device->bus->keyboard = (int)device->slot; /* the last one configured owns it */
	return true;
}

static bool asserted(uint32_t irq)
{
	return (irq & IRQ_ENABLE) && (irq & (IRQ_READY | IRQ_FORCE));
}

static void update_line(struct device *device)
{
	const struct serial_state *serial = device->state;

	bus_raise(device, asserted(serial->read_irq) || asserted(serial->write_irq));
}

/* Gives the guest the next character of the ring, or tries again later. */
static void deliver(struct device *device)
{
	const struct machine_services *services = device->services;
	struct serial_state *serial = device->state;

	if (serial->head == serial->tail) {
		serial->read_busy = false;
		return;
	}
	if (!serial->character_read && (serial->read_irq & IRQ_READY)) {
		if (++serial->retries == COMPLAINT_AFTER)
			services->message(services->context,
					  "Kernel not responding; console input suspended");
	} else {
		if (serial->retries > 0)
			device_message(services, "Held up to %u input characters while kernel unresponsive",
				       serial->retries);
		serial->retries = 0;
		serial->character = serial->ring[serial->head % RING_SIZE];
		serial->head = (serial->head + 1) % RING_SIZE;
		serial->character_read = false;
		serial->read_irq |= IRQ_READY;
		update_line(device);
	}
	serial->read_busy = true;
	event_schedule(services->events, CHARACTER_NS, (uint16_t)device->slot, EVENT_INPUT, 0);
}

/* While there is none, characters stay where they come from. */
static bool has_room(const struct device *device)
{
	const struct serial_state *serial = device->state;

	return (serial->tail + 1) % RING_SIZE != serial->head;
}

static void receive(struct device *device, uint8_t character)
{
	struct serial_state *serial = device->state;

	if (!has_room(device))
		return; /* a replica that has diverged */
	serial->ring[serial->tail % RING_SIZE] = character;
	serial->tail = (serial->tail + 1) % RING_SIZE;
	if (!serial->read_busy)
		deliver(device);
}

static void replay(struct device *device)
{
	struct input_gate *inputs = device->services->inputs;
	uint64_t now = device->services->events->now;
	struct input_record record;

	if (!input_log_read(inputs->log, inputs->position, &record) || record.kind != INPUT_CONSOLE ||
	    record.device != device->slot || record.stamp > now)
		return;
	if (record.stamp < now)
		inputs->diverged = true;
	if (input_gate_replay(inputs, INPUT_CONSOLE, (uint16_t)device->slot, &record) && record.size > 0)
		receive(device, record.payload[0]);
}

static void poll(struct device *device)
{
	const struct machine_services *services = device->services;
	uint8_t character;

	if (services->inputs->replay) {
		replay(device);
		return;
	}
	if (!device->bus->console || !has_room(device))
		return;
	switch (console_input_read(device->bus->console, &character)) {
	case CONSOLE_CHARACTER:
		if (character == BELL) {
			services->debugger_key(services->context);
			return;
		}
		input_gate_record(services->inputs, services->events->now, INPUT_CONSOLE,
				  (uint16_t)device->slot, &character, 1);
		receive(device, character);
		return;
	case CONSOLE_END:
		input_gate_record(services->inputs, services->events->now, INPUT_CONSOLE,
				  (uint16_t)device->slot, NULL, 0);
		return;
	case CONSOLE_NOTHING:
		return;
	}
}

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	struct serial_state *serial = device->state;

	(void)argument;
	if (kind == EVENT_INPUT) {
		deliver(device);
	} else if (kind == EVENT_WRITTEN) {
		serial->write_busy = false;
		serial->write_irq |= IRQ_READY;
		update_line(device);
	}
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	struct serial_state *serial = device->state;

	switch (offset) {
	case REG_CHAR:
		*value = serial->character;
		serial->character_read = true;
		count_device(device, console_reads);
		return true;
	case REG_WIRQ:
		*value = serial->write_irq;
		return true;
	case REG_RIRQ:
		*value = serial->read_irq;
		return true;
	default:
		return false;
	}
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	const struct machine_services *services = device->services;
	struct serial_state *serial = device->state;

	switch (offset) {
	case REG_CHAR:
		if (serial->write_busy)
			return true;
		serial->write_busy = true;
		count_device(device, console_writes);
		services->console_write(services->context, (uint8_t)value);
		event_schedule(services->events, CHARACTER_NS, (uint16_t)device->slot, EVENT_WRITTEN, 0);
		return true;
	case REG_WIRQ:
		serial->write_irq = value & IRQ_ALL;
		update_line(device);
		return true;
	case REG_RIRQ:
		serial->read_irq = value & IRQ_ALL;
		update_line(device);
		return true;
	default:
		return false;
	}
}

static void dump_irq(struct device *device, const char *name, uint32_t irq)
{
	device_message(device->services, "    %s interrupts %s%s%s", name,
		       irq & IRQ_ENABLE ? "active" : "inactive", irq & IRQ_READY ? " (asserted)" : "",
		       irq & IRQ_FORCE ? " (forced)" : "");
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	(void)argument;
	return kind == EVENT_WRITTEN ? "serial write" : "serial read";
}

static void dump(struct device *device)
{
	const struct serial_state *serial = device->state;
	char character[2] = {(char)serial->character, '\0'};
	bool printable = serial->character < 0x80 && isprint((int)serial->character);

	device_message(device->services, "System/161 serial port rev %u", device->class->revision);
	device_message(device->services, "    Last character typed: %s (%u), which was %sread",
		       printable ? character : "(?)", serial->character,
		       serial->character_read ? "" : "not ");
	dump_irq(device, "Read", serial->read_irq);
	device->services->message(device->services->context,
				  serial->write_busy ? "    Write in progress" : "    Ready for writing");
	dump_irq(device, "Write", serial->write_irq);
}

const struct lamebus_type lamebus_serial = {
    .class = {.keyword = "serial",
	      .id = 4,
	      .revision = 1,
	      .state_size = sizeof(struct serial_state),
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .event = event,
	      .poll = poll,
	      .dump = dump},
    .registers = registers,
    .configure = configure,
    .has_room = has_room,
    .event_name = event_name,
};

/* Network card: frames to and from a hub, over Unix datagram sockets. Section 3.5. */
#define _GNU_SOURCE
#include "devices/host/datagram.h"
#include "devices/host/frame.h"
#include "devices/lamebus/lamebus_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REG_RINTR	0x0
#define REG_WINTR	0x4
#define REG_CTL		0x8
#define REG_STATUS	0xc
#define RECEIVE_BUFFER	0x8000u
#define TRANSMIT_BUFFER 0x9000u

#define INTERRUPT	1u /* RINTR, WINTR: the only bit */
#define CTL_PROMISCUOUS 1u
#define CTL_START	2u

#define TRANSMIT_NS  2000000
#define KEEPALIVE_NS 1000000000

#define SOCKETS	    ".sockets"
#define DEFAULT_HUB SOCKETS "/hub"

enum {
	EVENT_SENT,
	EVENT_KEEPALIVE
};

struct nic_state {
	uint32_t receive_irq, transmit_irq, control, status; /* registers */
	uint8_t receive[FRAME_MAX], transmit[FRAME_MAX];
};

struct nic_host {
	struct datagram *socket; /* NULL in a replica */
	char *hub;
	bool carrier;
};

static const struct device_register registers[] = {
    {"RINTR", REG_RINTR, 4, REGISTER_BOTH, READING_SHOWS},
    {"WINTR", REG_WINTR, 4, REGISTER_BOTH, READING_SHOWS},
    {"CTL", REG_CTL, 4, REGISTER_BOTH, READING_SHOWS},
    {"STATUS", REG_STATUS, 4, REGISTER_READ, READING_SHOWS},
    {"receive buffer", RECEIVE_BUFFER, FRAME_MAX, REGISTER_BOTH, READING_SHOWS},
    {"transmit buffer", TRANSMIT_BUFFER, FRAME_MAX, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct nic_state, receive_irq),
    FIELD(struct nic_state, transmit_irq),
    FIELD(struct nic_state, control),
    FIELD(struct nic_state, status),
    FIELD_ARRAY(struct nic_state, receive),
    FIELD_ARRAY(struct nic_state, transmit),
    FIELD_END,
};

static bool traced(const struct device *device)
{
	return device->services->trace->flags & TRACE_NET;
}

static void update_line(struct device *device)
{
	const struct nic_state *nic = device->state;
	bool level = nic->receive_irq != 0 || nic->transmit_irq != 0;

	if (level != bus_raised(device))
		bus_raise(device, level);
}

/* --- the hub --- */

static void set_carrier(struct device *device, bool carrier)
{
	struct nic_host *host = device->host;

	if (host->carrier == carrier)
		return;
	host->carrier = carrier;
	device_message(device->services, "nic: slot %u: %s", device->slot,
		       carrier ? "carrier detected" : "lost carrier");
}

/* Whether the hub is there shows nowhere in the machine, so it is not an input. */
static void keep_alive(struct device *device)
{
	struct nic_host *host = device->host;
	const struct nic_state *nic = device->state;
	uint8_t frame[FRAME_HEADER];
	int error;

	if (!host->socket)
		return;
	frame_store(frame, FRAME_FIELD_MAGIC, FRAME_MAGIC);
	frame_store(frame, FRAME_FIELD_SOURCE, nic->status);
	frame_store(frame, FRAME_FIELD_LENGTH, FRAME_HEADER);
	frame_store(frame, FRAME_FIELD_DESTINATION, FRAME_TO_HUB);
	error = datagram_send(host->socket, host->hub, frame, sizeof(frame));
	if (error == 0) {
		set_carrier(device, true);
		if (traced(device))
			device_trace(device, "keepalive succeeded");
		return;
	}
	set_carrier(device, false);
	if (error == ENOENT || error == ECONNREFUSED) {
		if (traced(device))
			device_trace(device, "keepalive rejected: %s", strerror(error));
		return;
	}
	device_message(device->services, "nic: slot %u: keepalive to %s failed: %s", device->slot, host->hub,
		       strerror(error));
	if (traced(device))
		device_trace(device, "keepalive failed");
}

static void send_frame(struct device *device)
{
	const struct machine_services *services = device->services;
	struct nic_host *host = device->host;
	struct nic_state *nic = device->state;
	uint32_t length = frame_load(nic->transmit, FRAME_FIELD_LENGTH);

	nic->control &= ~CTL_START;
	if (length > FRAME_MAX) {
		services->hang(services->context, "Packet size too long");
		return;
	}
	if (traced(device))
		device_trace(device, "starting send (%u bytes)", length);
	frame_store(nic->transmit, FRAME_FIELD_MAGIC, FRAME_MAGIC);
	frame_store(nic->transmit, FRAME_FIELD_SOURCE, nic->status);
	if (host->socket) {
		int error = datagram_send(host->socket, host->hub, nic->transmit, length);

		if (error)
			device_message(services, "nic: slot %u: sendto: %s", device->slot, strerror(error));
	}
	count_device(device, net_writes);
	if (traced(device))
		device_trace(device, "packet sent");
	nic->transmit_irq = INTERRUPT;
	update_line(device);
}

/* --- receiving --- */

/* What is wrong with a frame of which `size` bytes were read; NULL if it is good. */
static const char *problem(const struct nic_state *nic, const uint8_t *frame, size_t size)
{
	uint32_t destination;

	if (size < FRAME_HEADER)
		return "runt packet";
	if (frame_load(frame, FRAME_FIELD_MAGIC) != FRAME_MAGIC)
		return "framing error";
	destination = frame_load(frame, FRAME_FIELD_DESTINATION);
	if (destination != nic->status && destination != FRAME_BROADCAST && !(nic->control & CTL_PROMISCUOUS))
		return "packet not for us";
	if (frame_load(frame, FRAME_FIELD_LENGTH) > size)
		return "truncated packet";
	return frame_load(frame, FRAME_FIELD_LENGTH) < size ? "garbage on end of packet" : NULL;
}

/* A frame has been read, into the buffer if that was free: then the guest sees even bad ones there. */
static void receive(struct device *device, const uint8_t *frame, size_t size)
{
	struct nic_state *nic = device->state;
	bool occupied = nic->receive_irq != 0;
	const char *what = problem(nic, frame, size);

	if (!occupied && size > 0) /* one without bytes has no address in a log */
		memcpy(nic->receive, frame, size);
	if (occupied && !what)
		what = "overrun";
	if (traced(device))
		device_trace(device, "%s", what ? what : "packet received");
	if (what)
		return;
	count_device(device, net_reads);
	nic->receive_irq = INTERRUPT;
	update_line(device);
}

/* How much of a frame is read: if the last one has not been acknowledged, just its header. */
static size_t room(const struct nic_state *nic)
{
	return nic->receive_irq ? FRAME_HEADER : FRAME_MAX;
}

static void replay(struct device *device)
{
	struct input_gate *inputs = device->services->inputs;
	uint64_t now = device->services->events->now;
	struct input_record record;

	if (!input_log_read(inputs->log, inputs->position, &record) || record.kind != INPUT_FRAME ||
	    record.device != device->slot || record.stamp > now)
		return;
	if (record.stamp < now || record.size > room(device->state))
		inputs->diverged = true;
	else if (input_gate_replay(inputs, INPUT_FRAME, (uint16_t)device->slot, &record))
		receive(device, record.payload, record.size);
}

static void poll(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct nic_host *host = device->host;
	uint8_t frame[FRAME_MAX];
	long size;

	if (services->inputs->replay) {
		replay(device);
		return;
	}
	size = datagram_receive(host->socket, frame, room(device->state));
	if (size == -1)
		return;
	if (size < 0) {
		device_message(services, "nic: slot %u: read: %s", device->slot, strerror(errno));
		if (traced(device))
			device_trace(device, "read error");
		return;
	}
	input_gate_record(services->inputs, services->events->now, INPUT_FRAME, (uint16_t)device->slot, frame,
			  (uint32_t)size);
	receive(device, frame, (size_t)size);
}

static int descriptor(const struct device *device)
{
	const struct nic_host *host = device->host;

	return host->socket ? datagram_descriptor(host->socket) : -1;
}

/* --- the bus's side --- */

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	(void)argument;
	if (kind == EVENT_SENT) {
		send_frame(device);
	} else {
		keep_alive(device);
		event_schedule(device->services->events, KEEPALIVE_NS, (uint16_t)device->slot,
			       EVENT_KEEPALIVE, 0);
	}
}

static uint8_t *buffer(struct device *device, uint32_t offset)
{
	struct nic_state *nic = device->state;

	return offset == RECEIVE_BUFFER ? nic->receive : offset == TRANSMIT_BUFFER ? nic->transmit : NULL;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	const struct nic_state *nic = device->state;

	if (offset >= TRANSMIT_BUFFER) {
		*value = buffer_load(nic->transmit, offset - TRANSMIT_BUFFER);
		return true;
	}
	if (offset >= RECEIVE_BUFFER) {
		*value = buffer_load(nic->receive, offset - RECEIVE_BUFFER);
		return true;
	}
	switch (offset) {
	case REG_RINTR:
		*value = nic->receive_irq;
		return true;
	case REG_WINTR:
		*value = nic->transmit_irq;
		return true;
	case REG_CTL:
		*value = nic->control;
		return true;
	case REG_STATUS:
		*value = nic->status;
		return true;
	default:
		return false;
	}
}

static void set_interrupt(struct device *device, uint32_t *irq, uint32_t value)
{
	if (value & ~INTERRUPT) {
		device->services->hang(device->services->context, "Illegal network interrupt register write");
		return;
	}
	*irq = value;
	update_line(device);
}

static void set_control(struct device *device, uint32_t value)
{
	const struct machine_services *services = device->services;
	struct nic_state *nic = device->state;

	if (value & ~(CTL_PROMISCUOUS | CTL_START)) {
		services->hang(services->context, "Illegal network control register write");
		return;
	}
	if ((value & CTL_START) && (nic->control & CTL_START)) {
		services->hang(services->context,
			       "Network packet send started while send already in progress");
		return;
	}
	if (value & CTL_START)
		event_schedule(services->events, TRANSMIT_NS, (uint16_t)device->slot, EVENT_SENT, 0);
	nic->control = value | (nic->control & CTL_START); /* only the card itself clears that */
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	struct nic_state *nic = device->state;

	if (offset >= TRANSMIT_BUFFER) {
		buffer_store(nic->transmit, offset - TRANSMIT_BUFFER, value);
		return true;
	}
	if (offset >= RECEIVE_BUFFER) {
		buffer_store(nic->receive, offset - RECEIVE_BUFFER, value);
		return true;
	}
	switch (offset) {
	case REG_RINTR:
		set_interrupt(device, &nic->receive_irq, value);
		return true;
	case REG_WINTR:
		set_interrupt(device, &nic->transmit_irq, value);
		return true;
	case REG_CTL:
		set_control(device, value);
		return true;
	default:
		return false;
	}
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	(void)argument;
	return kind == EVENT_SENT ? "packet send" : "net keepalive";
}

static void dump(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct nic_host *host = device->host;
	const struct nic_state *nic = device->state;

	device_message(services, "System/161 network interface rev %u", device->class->revision);
	device_message(services, "    Hub: %s", host->hub);
	device_message(services, "    Carrier: %s", host->carrier ? "detected" : "none");
	device_message(services, "    rirq: %u  wirq: %u  control: %u  status: 0x%04x", nic->receive_irq,
		       nic->transmit_irq, nic->control, nic->status);
	device_message(services, "    rx buffer:");
	bus_dump_bytes(services, nic->receive, FRAME_MAX);
	device_message(services, "    tx buffer:");
	bus_dump_bytes(services, nic->transmit, FRAME_MAX);
}

static bool open_socket(struct device *device, struct error *error)
{
	struct nic_host *host = device->host;
	const struct nic_state *nic = device->state;
	char directory[PATH_MAX], *path;
	const char *step;

	if (!getcwd(directory, sizeof(directory)))
		return error_set(error, "nic: slot %u: getcwd: %s", device->slot, strerror(errno));
	mkdir(SOCKETS, 0700);
	/* The hub sends to the name that the socket is bound to, from wherever it runs. */
	if (asprintf(&path, "%s/" SOCKETS "/net-%04x", directory, nic->status) < 0)
		abort();
	host->socket = datagram_open(path, &step);
	if (!host->socket && errno == ENAMETOOLONG) {
		error_set(error, "nic: slot %u: current directory %s too long", device->slot, directory);
		error_hint(error, "The name of a socket may have at most 107 characters.");
	} else if (!host->socket) {
		error_set(error, "nic: slot %u: %s: %s", device->slot, step, strerror(errno));
		error_hint(error, "It makes %s.", path);
	}
	free(path);
	return host->socket != NULL;
}

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	struct nic_state *nic = device->state;
	struct nic_host *host = calloc(1, sizeof(*host));
	const char *hub = DEFAULT_HUB, *value;
	int address = 0;

	if (!host)
		abort();
	device->host = host;
	for (; *arguments; arguments++) {
		if ((value = config_value(*arguments, "hwaddr="))) {
			address = atoi(value);
		} else if ((value = config_value(*arguments, "hub="))) {
			hub = value;
		} else {
			error_set(error, "nic: slot %u: invalid option %s", device->slot, *arguments);
			return error_hint(error, "It takes hwaddr= and hub=.");
		}
	}
	host->hub = strdup(hub);
	if (!host->hub)
		abort();
	if (address < 1 || address >= (int)FRAME_BROADCAST) {
		error_set(error, "nic: slot %u: invalid hwaddr or hwaddr not set", device->slot);
		return error_hint(error,
				  "hwaddr= takes a number from 1 to 65534, one for each card at the hub.");
	}
	nic->status = (uint32_t)address;
	if (!original && !open_socket(device, error))
		return false;
	keep_alive(device);
	event_schedule(device->services->events, KEEPALIVE_NS, (uint16_t)device->slot, EVENT_KEEPALIVE, 0);
	return true;
}

static void free_host(struct device *device)
{
	struct nic_host *host = device->host;

	if (!host)
		return;
	datagram_close(host->socket);
	free(host->hub);
	free(host);
}

const struct lamebus_type lamebus_nic = {
    .class = {.keyword = "nic",
	      .id = 6,
	      .revision = 1,
	      .state_size = sizeof(struct nic_state),
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .buffer = buffer,
	      .event = event,
	      .poll = poll,
	      .dump = dump,
	      .free = free_host},
    .registers = registers,
    .configure = configure,
    .event_name = event_name,
    .descriptor = descriptor,
};

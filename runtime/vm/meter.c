/* The meter: clients of a socket are told the machine's figures at intervals of virtual time (System/161 reference,
 * section 5.9). Clients make events, and so change the timing: that they come and go and what they ask for are inputs
 * of the machine, and a replica has the same events without any socket. */
#include "runtime/vm/vm_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "devices/host/meter_socket.h"

#define DEFAULT_INTERVAL 200000000u /* ns */
#define MIN_INTERVAL	 10000
#define MAX_INTERVAL	 2000000000
#define MAX_WORDS	 16
#define BLANKS		 " \t\r\n"

_Static_assert(METER_CLIENTS == VM_METER_CLIENTS, "the machine's state has a place for each client");

/* A record of the input log. */
enum {
	CLIENT_COMES,
	CLIENT_GOES,
	CLIENT_INTERVAL
};

struct meter_record {
	uint32_t client, what, interval;
};

static void say(struct vm *vm, unsigned client, const char *line)
{
	if (vm->meter)
		meter_socket_write(vm->meter, (int)client, line);
}

static void say_data(struct vm *vm, unsigned client)
{
	const struct device_statistics *devices = &vm->statistics;
	struct vm_retired retired = vm_retired(vm);
	uint64_t interrupts = 0, exceptions = 0, idle = 0;
	char line[256];

	if (!vm->meter)
		return;
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		uint64_t kernel, user;

		cpu_mode_cycles(&vm->cpus[i], &kernel, &user);
		idle += vm->totals.idle + vm->totals.executed - kernel - user;
		interrupts += vm->cpus[i].interrupts;
		exceptions += vm->cpus[i].exceptions;
	}
	snprintf(line, sizeof(line),
		 "DATA %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %u %u %u %u",
		 vm->events.now, retired.kernel, retired.user, retired.user_lost, idle, (uint32_t)interrupts,
		 (uint32_t)exceptions, devices->disk_reads + devices->disk_writes,
		 devices->console_reads + devices->console_writes,
		 devices->emufs_reads + devices->emufs_writes + devices->emufs_others,
		 devices->net_reads + devices->net_writes);
	meter_socket_write(vm->meter, (int)client, line);
}

/* The argument of the event says which client and which of those that have had its number. */
static void schedule(struct vm *vm, unsigned client)
{
	const struct meter_client *state = &vm->run.meter[client];

	event_schedule(&vm->events, state->interval, EVENT_DEVICE_METER, 0,
		       (uint64_t)state->generation << 8 | client);
}

void vm_meter_event(struct vm *vm, uint64_t argument)
{
	unsigned client = argument & 0xff;
	const struct meter_client *state = &vm->run.meter[client];

	if (!state->connected || state->generation != argument >> 8)
		return;
	say_data(vm, client);
	schedule(vm, client);
}

/* What an input does to the machine. */
static void apply(struct vm *vm, const struct meter_record *record)
{
	struct meter_client *state = &vm->run.meter[record->client];

	switch (record->what) {
	case CLIENT_COMES:
		*state = (struct meter_client){
		    .connected = true, .interval = DEFAULT_INTERVAL, .generation = state->generation + 1};
		say(vm, record->client, "HELLO 2");
		say(vm, record->client, "HEAD nsec kinsns uinsns udud idle irqs exns disk con emu net");
		say(vm, record->client, "WIDTH 11 9 9 4 9 4 4 4 5 4 4");
		say_data(vm, record->client);
		schedule(vm, record->client);
		break;
	case CLIENT_GOES:
		state->connected = false;
		break;
	case CLIENT_INTERVAL: /* from the next event on */
		state->interval = record->interval;
		break;
	}
}

static void input(struct vm *vm, unsigned client, unsigned what, uint32_t interval)
{
	struct meter_record record = {.client = client, .what = what, .interval = interval};

	input_gate_record(&vm->inputs, vm->events.now, INPUT_METER, EVENT_DEVICE_METER, &record,
			  sizeof(record));
	apply(vm, &record);
}

static void command(struct vm *vm, unsigned client, char *line)
{
	char *words[MAX_WORDS], *position = NULL, *end;
	unsigned count = 0;
	long long interval;

	for (char *word = strtok_r(line, BLANKS, &position); word; word = strtok_r(NULL, BLANKS, &position)) {
		if (count == MAX_WORDS) {
			say(vm, client, "BAD Too many words in command");
			return;
		}
		words[count++] = word;
	}
	if (count == 0)
		return;
	if (count != 2 || strcasecmp(words[0], "interval") != 0) {
		say(vm, client, "BAD Invalid command");
		return;
	}
	errno = 0;
	interval = strtoll(words[1], &end, 0);
	if (errno || *end)
		say(vm, client, "BAD Invalid number");
	else if (interval < MIN_INTERVAL)
		say(vm, client, "BAD Interval too small");
	else if (interval > MAX_INTERVAL)
		say(vm, client, "BAD Interval too large");
	else
		input(vm, client, CLIENT_INTERVAL, (uint32_t)interval);
}

static void replay(struct vm *vm)
{
	struct input_record record;
	struct meter_record what;

	while (input_log_read(vm->inputs.log, vm->inputs.position, &record) && record.kind == INPUT_METER &&
	       record.stamp <= vm->events.now) {
		if (record.stamp < vm->events.now || record.size != sizeof(what)) {
			vm->inputs.diverged = true;
			return;
		}
		memcpy(&what, record.payload, sizeof(what));
		vm->inputs.position++;
		if (what.client < VM_METER_CLIENTS)
			apply(vm, &what);
	}
}

void vm_meter_poll(struct vm *vm)
{
	int client;

	if (vm->inputs.replay) {
		replay(vm);
		return;
	}
	if (!vm->meter)
		return;
	while ((client = meter_socket_accept(vm->meter)) >= 0)
		input(vm, (unsigned)client, CLIENT_COMES, 0);
	for (unsigned i = 0; i < VM_METER_CLIENTS; i++) {
		char line[METER_LINE];

		for (bool more = vm->run.meter[i].connected; more;) {
			switch (meter_socket_read(vm->meter, (int)i, line)) {
			case METER_LINE_READ:
				command(vm, i, line);
				break;
			case METER_OVERFLOW:
				say(vm, i, "BAD Input overflow");
				break;
			case METER_GONE:
				input(vm, i, CLIENT_GOES, 0);
				more = false;
				break;
			case METER_NOTHING:
				more = false;
				break;
			}
		}
	}
}

bool vm_meter_connected(const struct vm *vm)
{
	for (unsigned i = 0; i < VM_METER_CLIENTS; i++)
		if (vm->run.meter[i].connected)
			return true;
	return false;
}

#define _GNU_SOURCE
#include "fake_machine.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void append(char *text, size_t size, const char *line)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s\n", line);
}

static void console_write(void *context, uint8_t character)
{
	struct fake_machine *machine = context;

	machine->console[machine->console_length++] = (char)character;
}

static void message(void *context, const char *text)
{
	append(((struct fake_machine *)context)->messages, sizeof(((struct fake_machine *)0)->messages),
	       text);
}

static void hang(void *context, const char *text)
{
	append(((struct fake_machine *)context)->hangs, sizeof(((struct fake_machine *)0)->hangs), text);
}

static void debugger_stop(void *context)
{
	((struct fake_machine *)context)->stops++;
}

static void debugger_key(void *context)
{
	((struct fake_machine *)context)->keys++;
}

static void dump(void *context)
{
	((struct fake_machine *)context)->dumped = true;
}

static bool trace_flag(void *context, char flag, bool on)
{
	struct fake_machine *machine = context;

	machine->flag = flag;
	machine->flag_on = on;
	return flag && strchr("kujtxidne", flag);
}

static bool doom(void *context)
{
	struct fake_machine *machine = context;

	machine->dooms++;
	return !machine->refuse_writes;
}

static bool profiling(void *context)
{
	return ((struct fake_machine *)context)->profiling;
}

static void set_profiling(void *context, bool on)
{
	((struct fake_machine *)context)->profiling = on;
}

static void clear_profile(void *context)
{
	((struct fake_machine *)context)->profiles_cleared++;
}

static void trace_write(void *context, int source, const char *text)
{
	struct fake_machine *machine = context;
	size_t length = strlen(machine->traced);

	assert_int_equal(source, TRACE_DEVICES);
	snprintf(machine->traced + length, sizeof(machine->traced) - length, "%s", text);
}

static void set_lines(void *context, unsigned cpu, bool lamebus, bool interprocessor)
{
	struct fake_machine *machine = context;

	machine->line[cpu] = lamebus;
	machine->ipi[cpu] = interprocessor;
	machine->line_calls++;
}

static void cpu_start(void *context, unsigned cpu, uint32_t entry, uint32_t stack, uint32_t argument)
{
	struct fake_machine *machine = context;

	machine->enabled[cpu] = true;
	machine->entry = entry;
	machine->stack = stack;
	machine->argument = argument;
}

static void cpu_stop(void *context, unsigned cpu)
{
	((struct fake_machine *)context)->enabled[cpu] = false;
}

static void power_off(void *context)
{
	((struct fake_machine *)context)->powered_off = true;
}

struct fake_machine *machine_new(void)
{
	struct fake_machine *machine = calloc(1, sizeof(*machine));

	assert_non_null(machine);
	event_queue_init(&machine->events);
	machine->events.now = random_next(&machine->events.random) % 10000000;
	assert_int_equal(machine->events.now, START_NS);
	machine->inputs.log = input_log_new();
	machine->enabled[0] = true;
	machine->trace = (struct trace){.context = machine, .write = trace_write};
	machine->services = (struct machine_services){
	    .context = machine,
	    .events = &machine->events,
	    .inputs = &machine->inputs,
	    .statistics = &machine->statistics,
	    .trace = &machine->trace,
	    .console_write = console_write,
	    .message = message,
	    .hang = hang,
	    .debugger_stop = debugger_stop,
	    .debugger_key = debugger_key,
	    .dump = dump,
	    .trace_flag = trace_flag,
	    .doom = doom,
	    .profiling = profiling,
	    .set_profiling = set_profiling,
	    .clear_profile = clear_profile,
	    .set_lines = set_lines,
	    .cpu_start = cpu_start,
	    .cpu_stop = cpu_stop,
	    .power_off = power_off,
	};
	strcpy(machine->directory, "/tmp/jit161-devices-XXXXXX");
	assert_non_null(mkdtemp(machine->directory));
	machine->bus = bus_new(&machine->services);
	return machine;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

void machine_free(struct fake_machine *machine)
{
	bus_free(machine->bus);
	if (!machine->inputs.replay)
		input_log_free(machine->inputs.log);
	nftw(machine->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(machine);
}

const char *machine_path(struct fake_machine *machine, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", machine->directory, name);
	return path;
}

void machine_write_file(struct fake_machine *machine, const char *name, const void *data, size_t size)
{
	FILE *file = fopen(machine_path(machine, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

void machine_make_disk(struct fake_machine *machine, const char *name, uint32_t sectors)
{
	FILE *file = fopen(machine_path(machine, name), "w");
	uint8_t sector[512] = "System/161 Disk Image";

	assert_non_null(file);
	assert_int_equal(fwrite(sector, sizeof(sector), 1, file), 1);
	memset(sector, 0, sizeof(sector));
	for (uint32_t i = 0; i < sectors; i++) {
		sector[0] = (uint8_t)(i >> 24);
		sector[1] = (uint8_t)(i >> 16);
		sector[2] = (uint8_t)(i >> 8);
		sector[3] = (uint8_t)i;
		assert_int_equal(fwrite(sector, sizeof(sector), 1, file), 1);
	}
	fclose(file);
}

bool machine_configure(struct fake_machine *machine, const char *text)
{
	FILE *file = fopen(machine_path(machine, "conf"), "w");

	assert_non_null(file);
	for (; *text; text++) {
		if (*text == '@')
			fputs(machine->directory, file);
		else
			fputc(*text, file);
	}
	fclose(file);
	return bus_configure(machine->bus, machine_path(machine, "conf"), NULL, 0, &machine->error);
}

void machine_build(struct fake_machine *machine, const char *text)
{
	if (!machine_configure(machine, text))
		fail_msg("%s", machine->error.text);
}

uint32_t machine_load(struct fake_machine *machine, uint32_t offset)
{
	uint32_t value = 0;

	assert_true(bus_load(machine->bus, 0, offset, &value));
	return value;
}

void machine_store(struct fake_machine *machine, uint32_t offset, uint32_t value)
{
	assert_true(bus_store(machine->bus, 0, offset, value));
}

bool machine_load_fails(struct fake_machine *machine, uint32_t offset)
{
	uint32_t value;

	return !bus_load(machine->bus, 0, offset, &value);
}

bool machine_store_fails(struct fake_machine *machine, uint32_t offset)
{
	return !bus_store(machine->bus, 0, offset, 0);
}

bool machine_step(struct fake_machine *machine)
{
	struct event event;

	if (machine->events.count == 0)
		return false;
	if (machine->events.now < machine->events.events[0].due)
		machine->events.now = machine->events.events[0].due;
	while (event_take_due(&machine->events, &event))
		bus_event(machine->bus, &event);
	return true;
}

/* A machine without processors around a bus: it keeps the clock, dispatches events, and remembers what
 * devices said. */
#ifndef JIT161_TESTS_FAKE_MACHINE_H
#define JIT161_TESTS_FAKE_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices/lamebus/lamebus.h"

#define START_NS 4289383 /* the original's start offset, the first value of seed 1 */

struct fake_machine {
	struct machine_services services;
	struct event_queue events;
	struct input_gate inputs;
	struct device_statistics statistics;
	struct bus *bus;
	struct error error;
	char messages[65536]; /* one line each */
	char hangs[1024];
	char console[4096];
	size_t console_length;
	bool line[LAMEBUS_MAX_CPUS], ipi[LAMEBUS_MAX_CPUS], enabled[LAMEBUS_MAX_CPUS];
	unsigned line_calls;
	uint32_t entry, stack, argument; /* of the last cpu_start */
	bool powered_off, dumped;
	unsigned stops, keys, dooms, profiles_cleared;
	bool refuse_writes; /* as when the doom counter runs out */
	bool profiling;
	struct trace trace;
	char traced[65536];
	char flag; /* last trace flag switched; '+' or '-' in flag_on */
	bool flag_on;
	char directory[64]; /* an empty directory of the test's own */
};

/* A machine at its start time with an empty directory, recording to a log of its own. */
struct fake_machine *machine_new(void);
void machine_free(struct fake_machine *machine);

/* Configures from text; "@" in it stands for the machine's directory. */
bool machine_configure(struct fake_machine *machine, const char *text);
/* The same, and fails the test on errors. */
void machine_build(struct fake_machine *machine, const char *text);

uint32_t machine_load(struct fake_machine *machine, uint32_t offset);
void machine_store(struct fake_machine *machine, uint32_t offset, uint32_t value);
bool machine_load_fails(struct fake_machine *machine, uint32_t offset);
bool machine_store_fails(struct fake_machine *machine, uint32_t offset);

/* Jumps to the next event and dispatches everything due then. False: there is none. */
bool machine_step(struct fake_machine *machine);

/* Files in the machine's directory. */
const char *machine_path(struct fake_machine *machine, const char *name);
void machine_write_file(struct fake_machine *machine, const char *name, const void *data, size_t size);
/* Makes a disk image with the number of its sector in the first word of each sector. */
void machine_make_disk(struct fake_machine *machine, const char *name, uint32_t sectors);

#define SLOT(number) ((uint32_t)(number)*0x10000u)

#endif

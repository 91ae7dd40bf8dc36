/* What devices may ask of a machine, as far as it needs no processors. */
#include "fuzz_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DUMP_INTERVAL 5000 /* dumps that are asked for; they are long */

static volatile size_t text_seen;

void board_read(const char *text)
{
	text_seen += strlen(text);
}

_Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_devices: %s\n", what);
	_exit(1);
}

static void console_write(void *context, uint8_t character)
{
	(void)context;
	text_seen += character;
}

static void message(void *context, const char *text)
{
	(void)context;
	board_read(text);
}

static void hang(void *context, const char *text)
{
	((struct board *)context)->progress->hangs++;
	board_read(text);
}

static void nothing(void *context)
{
	(void)context;
}

static void dump(void *context)
{
	struct board *board = context;

	if (board->dumps++ % DUMP_INTERVAL == 0)
		bus_dump(board->bus);
}

static bool trace_flag(void *context, char letter, bool on)
{
	struct board *board = context;
	uint32_t flag = trace_flag_of(letter);

	board->trace.flags = on ? board->trace.flags | flag : board->trace.flags & ~flag;
	return flag != 0;
}

static bool doom(void *context)
{
	(void)context;
	return true;
}

static bool profiling(void *context)
{
	return ((struct board *)context)->profiling;
}

static void set_profiling(void *context, bool on)
{
	((struct board *)context)->profiling = on;
}

static void set_lines(void *context, unsigned cpu, bool lamebus, bool interprocessor)
{
	(void)context, (void)lamebus, (void)interprocessor;
	if (cpu >= LAMEBUS_MAX_CPUS)
		fail("lines of no processor");
}

static void cpu_start(void *context, unsigned cpu, uint32_t entry, uint32_t stack, uint32_t argument)
{
	(void)entry, (void)stack, (void)argument;
	((struct board *)context)->enabled[cpu] = true;
}

static void cpu_stop(void *context, unsigned cpu)
{
	((struct board *)context)->enabled[cpu] = false;
}

static void power_off(void *context)
{
	((struct board *)context)->progress->powered_off++;
}

static void trace_write(void *context, int source, const char *text)
{
	(void)context, (void)source;
	board_read(text);
}

struct board *board_new(struct progress *progress, uint64_t seed)
{
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		abort();
	board->progress = progress;
	board->guest.state = seed;
	event_queue_init(&board->events);
	board->events.now = random_next(&board->events.random) % 10000000;
	board->enabled[0] = true;
	board->trace = (struct trace){.context = board, .write = trace_write};
	board->services = (struct machine_services){
	    .context = board,
	    .events = &board->events,
	    .inputs = &board->inputs,
	    .statistics = &board->statistics,
	    .trace = &board->trace,
	    .console_write = console_write,
	    .message = message,
	    .hang = hang,
	    .debugger_stop = nothing,
	    .debugger_key = nothing,
	    .dump = dump,
	    .trace_flag = trace_flag,
	    .doom = doom,
	    .profiling = profiling,
	    .set_profiling = set_profiling,
	    .clear_profile = nothing,
	    .set_lines = set_lines,
	    .cpu_start = cpu_start,
	    .cpu_stop = cpu_stop,
	    .power_off = power_off,
	};
	return board;
}

/* The stub's conversation: which packets there are, who runs, and what stopped. */
#include "runtime/vm/gdb_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/debug.h"

struct gdb *gdb_new(struct vm *vm, const struct gdb_output *output)
{
	struct gdb *gdb = calloc(1, sizeof(*gdb));

	if (!gdb)
		abort();
	gdb->vm = vm;
	gdb->state = GDB_RUNNING;
	gdb_link_init(&gdb->link, output);
	return gdb;
}

void gdb_describe_kernel(struct gdb *gdb, const char *reader, int kernel)
{
	gdb->reader = reader;
	gdb->kernel = kernel;
}

void gdb_free(struct gdb *gdb)
{
	free(gdb);
}

enum gdb_state gdb_state(const struct gdb *gdb)
{
	return gdb->state;
}

void gdb_reply(struct gdb *gdb, const char *text)
{
	gdb_link_send(&gdb->link, text, strlen(text));
}

static void reply_format(struct gdb *gdb, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void reply_format(struct gdb *gdb, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	gdb_reply(gdb, text);
}

/* --- threads --- */

static bool is_thread(const struct gdb *gdb, unsigned cpu)
{
	return cpu < gdb->vm->cpu_count && gdb->vm->cpus[cpu].run_state != CPU_DISABLED;
}

/* A thread's number, or that of any or all of them (0, -1, nothing), at `*at`, which moves behind it. False: no such
 * thread. */
static bool parse_thread(const struct gdb *gdb, const char **at, bool *any, unsigned *cpu)
{
	uint32_t number;

	*any = false;
	*cpu = 0;
	if (strncmp(*at, "-1", 2) == 0) {
		*at += 2;
		*any = true;
		return true;
	}
	if (!gdb_parse_hex(at, &number))
		return false;
	*any = number == 0;
	*cpu = number - FIRST_THREAD;
	return *any || is_thread(gdb, *cpu);
}

static void reply_threads(struct gdb *gdb)
{
	char text[8 * 32] = "m";
	size_t length = 1;

	for (unsigned i = 0; i < gdb->vm->cpu_count; i++)
		if (is_thread(gdb, i))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%02x",
						   length > 1 ? "," : "", i + FIRST_THREAD);
	gdb_reply(gdb, text);
}

static const char *const state_names[] = {
    [CPU_DISABLED] = "disabled", [CPU_WAITING] = "waiting", [CPU_RUNNING] = "running"};

static void describe_thread(struct gdb *gdb, const char *at)
{
	char text[64], digits[2 * sizeof(text) + 1];
	unsigned cpu;
	bool any;

	if (!parse_thread(gdb, &at, &any, &cpu) || any) {
		gdb_reply(gdb, "E01");
		return;
	}
	const struct cpu *about = &gdb->vm->cpus[cpu];
	snprintf(text, sizeof(text), "CPU %u, %s, %s mode", cpu, state_names[about->run_state],
		 cpu_user_mode(about) ? "user" : "kernel");
	gdb_put_bytes(digits, (const uint8_t *)text, strlen(text));
	gdb_reply(gdb, digits);
}

static char *thread_list(const struct gdb *gdb)
{
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	fprintf(file, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (unsigned i = 0; i < gdb->vm->cpu_count; i++)
		if (is_thread(gdb, i))
			fprintf(file, "<thread id=\"%x\" core=\"%u\" name=\"CPU %u\">%s, %s mode</thread>\n",
				i + FIRST_THREAD, i, i, state_names[gdb->vm->cpus[i].run_state],
				cpu_user_mode(&gdb->vm->cpus[i]) ? "user" : "kernel");
	fprintf(file, "</threads>\n");
	fclose(file);
	return text;
}

/* H: which processor packets are about. */
static void select_thread(struct gdb *gdb, const char *at)
{
	char what = *at++;
	unsigned cpu;
	bool any;

	if ((what != 'g' && what != 'c') || !parse_thread(gdb, &at, &any, &cpu)) {
		gdb_reply(gdb, "E00");
		return;
	}
	if (what == 'c')
		gdb->continued = any ? gdb->selected : cpu;
	else if (!any)
		gdb->selected = cpu;
	gdb_reply(gdb, "OK");
}

/* --- stops --- */

static void reply_stop(struct gdb *gdb)
{
	static const char *const kinds[DEBUG_KINDS] = {[DEBUG_SOFTWARE_BREAKPOINT] = "swbreak",
						       [DEBUG_HARDWARE_BREAKPOINT] = "hwbreak",
						       [DEBUG_WRITE] = "watch",
						       [DEBUG_READ] = "rwatch",
						       [DEBUG_ACCESS] = "awatch"};
	const struct debug *debug = gdb->vm->debug;
	char why[32] = "";

	if (gdb->stop.reason == STOP_POINT && debug) {
		unsigned kind = debug->hit_point.kind;

		if (kind >= DEBUG_WRITE)
			snprintf(why, sizeof(why), "%s:%x;", kinds[kind], debug->hit_address);
		else if (gdb->reports_points)
			snprintf(why, sizeof(why), "%s:;", kinds[kind]);
	}
	reply_format(gdb, "T%02x%sthread:%x;", (unsigned)gdb->signal, why, gdb->stop.cpu + FIRST_THREAD);
}

static void stop(struct gdb *gdb, struct vm_stop why, int signal)
{
	gdb->state = GDB_STOPPED;
	gdb->stop = why;
	gdb->signal = signal;
	gdb->selected = gdb->continued = why.cpu;
}

void gdb_stopped(struct gdb *gdb)
{
	if (gdb->state != GDB_RUNNING)
		return;
	stop(gdb, gdb->vm->stop, SIGNAL_TRAP);
	reply_stop(gdb);
}

void gdb_connected(struct gdb *gdb)
{
	struct gdb_output output = gdb->link.output;

	gdb_link_init(&gdb->link, &output);
	gdb->reports_points = false;
	stop(gdb, gdb->vm->stop, SIGNAL_TRAP);
}

void gdb_disconnected(struct gdb *gdb)
{
	vm_clear_points(gdb->vm);
	gdb->vm->step.active = false;
	gdb->state = GDB_RUNNING;
}

void gdb_exited(struct gdb *gdb, int status)
{
	reply_format(gdb, "W%02x", (unsigned)status & 0xFF);
}

/* --- going on --- */

/* `only`: the one processor that the client lets go on, or -1. */
static void go(struct gdb *gdb, int only)
{
	vm_resume_for(gdb->vm, only);
	gdb->state = GDB_RUNNING;
}

/* An action of vCont: c, C, s, S with a signal, which means nothing here, or r with a range. */
struct action {
	bool step;
	uint32_t low, high;
};

static bool parse_action(const char **at, struct action *action)
{
	char letter = *(*at)++;
	uint32_t signal;

	*action = (struct action){.step = letter == 's' || letter == 'S' || letter == 'r'};
	switch (letter) {
	case 'c':
	case 's':
		return true;
	case 'C':
	case 'S':
		return gdb_parse_hex(at, &signal);
	case 'r':
		return gdb_parse_hex(at, &action->low) && *(*at)++ == ',' && gdb_parse_hex(at, &action->high);
	default:
		return false;
	}
}

/* Processors share one clock, so all run or none. What matters is whether one of them is to stop after a step, the first
 * one whose action says so, and whether there is but one that goes on at all. An action counts for the processors that no
 * earlier one was about. */
static void resume_by_actions(struct gdb *gdb, const char *at)
{
	uint32_t seen = 0;
	int steps = -1;
	bool one;
	struct action how = {0};

	while (*at == ';') {
		struct action action;
		bool any = true;
		unsigned cpu = 0;

		at++;
		if (!parse_action(&at, &action))
			break;
		if (*at == ':') {
			at++;
			if (!parse_thread(gdb, &at, &any, &cpu))
				break;
		}
		if (any && action.step && steps < 0 && !(seen >> gdb->selected & 1)) {
			steps = (int)gdb->selected;
			how = action;
		} else if (!any && action.step && steps < 0 && !(seen >> cpu & 1)) {
			steps = (int)cpu;
			how = action;
		}
		seen |= any ? UINT32_MAX : 1u << cpu;
	}
	if (*at || !seen) {
		gdb_reply(gdb, "E01");
		return;
	}
	if (steps >= 0)
		vm_step(gdb->vm, (unsigned)steps, how.low, how.high);
	one = (seen & (seen - 1)) == 0;
	go(gdb, one ? __builtin_ctz(seen) : -1);
}

/* c, s, C, S of old: with an address to go on at, perhaps. */
static void resume(struct gdb *gdb, char letter, const char *at)
{
	uint32_t signal, address;
	bool step = letter == 's' || letter == 'S';

	if (letter == 'C' || letter == 'S') {
		if (!gdb_parse_hex(&at, &signal) || (*at && *at++ != ';')) {
			gdb_reply(gdb, "E01");
			return;
		}
	}
	if (*at) {
		if (!gdb_parse_hex(&at, &address) || *at || (address & 3)) {
			gdb_reply(gdb, "E01");
			return;
		}
		if (address != gdb_cpu(gdb)->pc)
			cpu_resume_at(gdb_cpu(gdb), address);
		gdb_cpu(gdb)->gpr[25] =
		    address; /* as the original does: t9 is where functions find themselves */
	}
	if (step)
		vm_step(gdb->vm, gdb->continued, 0, 0);
	go(gdb, -1);
}

/* --- breakpoints --- */

static void change_point(struct gdb *gdb, bool set, const char *at)
{
	uint32_t kind, address, length;

	if (!gdb_parse_hex(&at, &kind) || *at++ != ',' || !gdb_parse_hex(&at, &address) || *at++ != ',' ||
	    !gdb_parse_hex(&at, &length) || *at) {
		gdb_reply(gdb, "E01");
		return;
	}
	if (kind >= DEBUG_KINDS) {
		gdb_reply(gdb, "");
		return;
	}
	if (set)
		gdb_reply(gdb, vm_set_point(gdb->vm, kind, address, length) ? "OK" : "E22");
	else
		gdb_reply(gdb, vm_clear_point(gdb->vm, kind, address, length) ? "OK" : "E02");
}

/* --- queries --- */

/* A piece of a text: qXfer's OFFSET,LENGTH. */
static void reply_piece(struct gdb *gdb, const char *text, const char *at)
{
	uint32_t offset, length;
	size_t size = strlen(text);
	char piece[GDB_MAX_PACKET];

	if (!gdb_parse_hex(&at, &offset) || *at++ != ',' || !gdb_parse_hex(&at, &length) || *at ||
	    offset > size) {
		gdb_reply(gdb, "E01");
		return;
	}
	size_t count = size - offset;
	if (count > length)
		count = length;
	if (count > sizeof(piece) / 2) /* escapes take room, too */
		count = sizeof(piece) / 2;
	piece[0] = offset + count < size ? 'm' : 'l';
	memcpy(piece + 1, text + offset, count);
	gdb_link_send(&gdb->link, piece, count + 1);
}

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static void query(struct gdb *gdb, const char *what)
{
	const char *rest;
	char *text;

	if ((rest = after(what, "qSupported"))) {
		gdb->reports_points = strstr(rest, "swbreak+") && strstr(rest, "hwbreak+");
		reply_format(gdb,
			     "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
			     "vContSupported+;swbreak+;hwbreak+",
			     GDB_MAX_PACKET);
	} else if ((rest = after(what, "qXfer:features:read:target.xml:"))) {
		text = gdb_target_description(gdb);
		reply_piece(gdb, text, rest);
		free(text);
	} else if ((rest = after(what, "qXfer:threads:read::"))) {
		text = thread_list(gdb);
		reply_piece(gdb, text, rest);
		free(text);
	} else if (after(what, "qXfer:features:read:")) {
		gdb_reply(gdb, "E00"); /* no such annex */
	} else if ((rest = after(what, "qThreadExtraInfo,"))) {
		describe_thread(gdb, rest);
	} else if ((rest = after(what, "qRcmd,"))) {
		gdb_monitor(gdb, rest);
	} else if (strcmp(what, "qC") == 0) {
		reply_format(gdb, "QC%x", gdb->selected + FIRST_THREAD);
	} else if (strcmp(what, "qfThreadInfo") == 0) {
		reply_threads(gdb);
	} else if (strcmp(what, "qsThreadInfo") == 0) {
		gdb_reply(gdb, "l");
	} else if (after(what, "qAttached")) {
		gdb_reply(gdb, "1"); /* so that gdb detaches when it quits, rather than kills */
	} else if (after(what, "qSymbol:")) {
		gdb_reply(gdb, "OK");
	} else if (strcmp(what, "QStartNoAckMode") == 0) {
		gdb_reply(gdb, "OK");
		gdb->link.no_ack = true;
	} else {
		gdb_reply(gdb, "");
	}
}

static void verbose(struct gdb *gdb, const char *what)
{
	const char *rest;

	if (strcmp(what, "vCont?") == 0) {
		gdb_reply(gdb, "vCont;c;C;s;S;r");
	} else if ((rest = after(what, "vCont"))) {
		resume_by_actions(gdb, rest);
	} else if (after(what, "vKill")) {
		gdb_reply(gdb, "OK");
		gdb->state = GDB_KILLED;
	} else {
		gdb_reply(gdb, "");
	}
}

/* --- packets --- */

static void packet(struct gdb *gdb, const char *data, size_t size)
{
	const char *arguments = data + 1;
	unsigned cpu;
	bool any;

	switch (data[0]) {
	case '?':
		if (gdb->state == GDB_RUNNING)
			stop(gdb, (struct vm_stop){STOP_OUTSIDE, 0}, SIGNAL_INTERRUPT);
		reply_stop(gdb);
		break;
	case 'c':
	case 's':
	case 'C':
	case 'S':
		resume(gdb, data[0], arguments);
		break;
	case 'D':
		gdb_reply(gdb, "OK");
		gdb->state = GDB_DETACHED;
		break;
	case 'g':
		gdb_read_registers(gdb);
		break;
	case 'G':
		gdb_write_registers(gdb, arguments);
		break;
	case 'H':
		select_thread(gdb, arguments);
		break;
	case 'k':
		gdb->state = GDB_KILLED;
		break;
	case 'm':
		gdb_read_memory(gdb, arguments);
		break;
	case 'M':
	case 'X':
		gdb_write_memory(gdb, arguments, size - 1, data[0] == 'X');
		break;
	case 'p':
		gdb_read_register(gdb, arguments);
		break;
	case 'P':
		gdb_write_register(gdb, arguments);
		break;
	case 'q':
	case 'Q':
		query(gdb, data);
		break;
	case 'R': /* there is no restarting, and no answer to this */
		break;
	case 'T':
		gdb_reply(gdb, parse_thread(gdb, &arguments, &any, &cpu) ? "OK" : "E00");
		break;
	case 'v':
		verbose(gdb, data);
		break;
	case 'z':
	case 'Z':
		change_point(gdb, data[0] == 'Z', arguments);
		break;
	default:
		gdb_reply(gdb, "");
		break;
	}
}

void gdb_input(struct gdb *gdb, const void *bytes, size_t size)
{
	const char *at = bytes;
	enum gdb_event event;

	while (size > 0 && gdb->state != GDB_DETACHED && gdb->state != GDB_KILLED) {
		size_t taken = gdb_link_take(&gdb->link, at, size, &event);

		at += taken;
		size -= taken;
		if (event == GDB_PACKET) {
			packet(gdb, gdb->link.data, gdb->link.size);
		} else if (event == GDB_OVERLONG) {
			gdb_reply(gdb, "E.packet too long");
		} else if (event == GDB_BREAK && gdb->state == GDB_RUNNING) {
			stop(gdb, (struct vm_stop){STOP_OUTSIDE, 0}, SIGNAL_INTERRUPT);
			reply_stop(gdb);
		}
	}
}

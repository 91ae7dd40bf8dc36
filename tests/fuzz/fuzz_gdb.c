/* Mutated packets for the gdb stub, on machines that run random programs, cut into pieces at random places. Two machines,
 * one executed by the engine under test and one by the reference interpreter, get the same bytes: they have to say the same,
 * stop at the same places, and be equal in the end. What comes out has to be well-formed whatever goes in.
 *
 *   fuzz_gdb [--count=PACKETS] [--seed=N] [--engine=jit|interp|reference] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "jit/jit.h"
#include "runtime/vm/gdb.h"
#include "runtime/vm/vm.h"

#define PACKETS_PER_MACHINE 500
#define CYCLES_PER_RUN	    3000
#define MAX_PACKET	    2048
#define IDLE_MS		    200
#define MAX_OUTPUT	    (1u << 20)

struct side {
	struct vm *vm;
	struct gdb *gdb;
	struct vm_debugger outside;
	bool waited;
	struct timespec since; /* the current run began */
	bool idles;	       /* and has not come to an end for long: nothing executes, but time goes on */
	char *output;
	size_t size;
};

static unsigned long long packet_number, stops, runs, machines;

static void fail(const char *what, const char *more)
{
	fprintf(stderr, "packet %llu: %s %s\n", packet_number, what, more);
	exit(1);
}

static void no_console(void *context, uint8_t character)
{
	(void)context, (void)character;
}

static void no_message(void *context, const char *text)
{
	(void)context, (void)text;
}

static bool connected(void *context)
{
	(void)context;
	return true;
}

static long elapsed_ms(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

/* A machine that waits for the debugger gets it. */
static bool pending(void *context)
{
	struct side *side = context;
	bool waited = side->waited;
	struct timespec now;

	side->waited = false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	side->idles |= elapsed_ms(&side->since, &now) > IDLE_MS;
	return waited || side->idles;
}

static void wait_outside(void *context, uint64_t timeout)
{
	(void)timeout;
	((struct side *)context)->waited = true;
}

static void take_output(void *context, const void *bytes, size_t size)
{
	struct side *side = context;

	if (side->size + size > MAX_OUTPUT)
		fail("endless output", "");
	memcpy(side->output + side->size, bytes, size);
	side->size += size;
}

/* --- packets --- */

static const char *const templates[] = {
    "?",
    "g",
    "c",
    "s",
    "D",
    "k",
    "R",
    "T0a",
    "Ta",
    "Hga",
    "Hgb",
    "Hc-1",
    "Hg0",
    "qC",
    "qfThreadInfo",
    "qsThreadInfo",
    "qThreadExtraInfo,a",
    "qSupported:swbreak+;hwbreak+",
    "qXfer:features:read:target.xml:0,400",
    "qXfer:features:read:target.xml:%x,%x",
    "qXfer:threads:read::0,100",
    "qAttached",
    "qSymbol::",
    "vCont?",
    "vCont;c",
    "vCont;s:a;c",
    "vCont;c:a",
    "vCont;c:b",
    "vCont;s:b",
    "vCont;C05;S05:a",
    "vCont;r%x,%x:a",
    "vMustReplyEmpty",
    "vKill;a",
    "p%x",
    "p25",
    "P2=%x",
    "P25=%x",
    "P20=%x",
    "P%x=00000001",
    "G00000000000000010000000200000003",
    "m%x,40",
    "m%x,%x",
    "M%x,4:0000000d",
    "M%x,8:0000000000000000",
    "X%x,4:abcd",
    "Z0,%x,4",
    "z0,%x,4",
    "Z1,%x,4",
    "z1,%x,4",
    "Z2,%x,4",
    "z2,%x,4",
    "Z3,%x,%x",
    "z3,%x,4",
    "Z4,%x,8",
    "z4,%x,8",
    "qRcmd,746c62",
    "qRcmd,637030",
    "qRcmd,64657669636573",
    "qRcmd,68656c70",
    "qRcmd,706879732030",
    "qRcmd,7472616e736c6174652038303030",
    "qRcmd,7374617473",
    "\x03",
};
#define TEMPLATES (sizeof(templates) / sizeof(templates[0]))

static uint32_t address(struct chooser *chooser)
{
	switch (choose(chooser, 8)) {
	case 0:
		return awkward_number(chooser);
	case 1:
		return 0x80000000u + 4 * choose(chooser, 64); /* the vectors */
	case 2:
		return 4 * choose(chooser, 0x400);
	case 3:
		return 0x80000000u + choose(chooser, 0x80000);
	default:
		return 0x80001000u + 4 * choose(chooser, 0x200); /* near where the program is */
	}
}

/* A packet's data from a template: %x are numbers. */
static size_t fill_in(struct chooser *chooser, const char *template, char *data)
{
	size_t size = 0;

	for (const char *at = template; *at && size < MAX_PACKET / 2; at++) {
		if (at[0] == '%' && at[1] == 'x') {
			size += (size_t)sprintf(data + size, "%x",
						one_in(chooser, 3) ? choose(chooser, 128) : address(chooser));
			at++;
		} else {
			data[size++] = *at;
		}
	}
	return size;
}

static size_t mutate(struct chooser *chooser, char *data, size_t size)
{
	static const char likely[] = "0123456789abcdefx,;:=+-$#}*\x03 mMZzcsv";

	for (uint32_t n = 1 + choose(chooser, 3); n > 0; n--) {
		uint32_t at = choose(chooser, (uint32_t)size + 1);

		switch (choose(chooser, 6)) {
		case 0: /* cut off */
			size = at;
			break;
		case 1: /* a bit */
			if (at < size)
				data[at] = (char)(data[at] ^ 1 << choose(chooser, 8));
			break;
		case 2: /* a byte of a kind that means something */
			if (at < size)
				data[at] = likely[choose(chooser, sizeof(likely) - 1)];
			break;
		case 3: /* one more */
			if (size < MAX_PACKET - 1) {
				memmove(data + at + 1, data + at, size - at);
				data[at] = (char)choose(chooser, 256);
				size++;
			}
			break;
		case 4: /* something again */
			if (2 * size < MAX_PACKET) {
				memcpy(data + size, data, size);
				size *= 2;
			}
			break;
		default: /* noise */
			while (size < MAX_PACKET && !one_in(chooser, 16))
				data[size++] = (char)choose(chooser, 256);
			break;
		}
	}
	return size;
}

/* With a frame, right or not quite. */
static size_t frame(struct chooser *chooser, const char *data, size_t size, char *packet)
{
	uint8_t sum = 0;
	size_t at = 0;

	if (!one_in(chooser, 50))
		packet[at++] = '$';
	for (size_t i = 0; i < size; i++) {
		packet[at++] = data[i];
		sum = (uint8_t)(sum + (uint8_t)data[i]);
	}
	if (one_in(chooser, 50))
		sum++;
	if (!one_in(chooser, 50))
		at += (size_t)sprintf(packet + at, "#%02x", sum);
	if (one_in(chooser, 20))
		packet[at++] = one_in(chooser, 2) ? '-' : '+';
	return at;
}

/* --- the machines --- */

static void start(struct side *side, enum vm_engine engine, struct jit_options *jit)
{
	struct vm_options options = {
	    .engine = engine,
	    .jit = jit,
	    .output = {.console = no_console, .message = no_message},
	    .start_time = 1000000000,
	};
	struct gdb_output output = {.context = side, .write = take_output};
	struct error error;

	side->outside = (struct vm_debugger){
	    .context = side, .connected = connected, .pending = pending, .wait = wait_outside};
	options.debugger = &side->outside;
	side->vm = vm_new(&options, &error);
	if (!side->vm || !vm_configure(side->vm, "conf", NULL, 0, &error) ||
	    !vm_load(side->vm, "kernel", "", &error))
		fail("no machine:", error.text);
	side->gdb = gdb_new(side->vm, &output);
	side->waited = false;
	gdb_connected(side->gdb);
}

static void stop(struct side *side)
{
	gdb_free(side->gdb);
	vm_free(side->vm);
}

/* Runs a machine on if its client wants that; false: it has come to its end. */
static bool run(struct side *side)
{
	enum vm_state state;

	if (gdb_state(side->gdb) == GDB_DETACHED || gdb_state(side->gdb) == GDB_KILLED) {
		gdb_disconnected(side->gdb);
		gdb_connected(side->gdb);
		return true;
	}
	if (gdb_state(side->gdb) != GDB_RUNNING)
		return true;
	runs++;
	clock_gettime(CLOCK_MONOTONIC, &side->since);
	state = vm_run(side->vm, side->vm->totals.executed + CYCLES_PER_RUN);
	if (side->idles)
		return false;
	if (state == VM_STOPPED && side->vm->stop.reason != STOP_OUTSIDE) {
		stops++;
		gdb_stopped(side->gdb);
	}
	if (state == VM_STOPPED || state == VM_RUNNING)
		return true;
	gdb_exited(side->gdb, 0);
	return false;
}

/* Acknowledgements and whole packets with their checksums, and nothing else. */
static void check_output(const struct side *side)
{
	const char *at = side->output, *end = at + side->size;

	while (at < end) {
		uint8_t sum = 0;
		unsigned given;

		if (*at == '+' || *at == '-') {
			at++;
			continue;
		}
		if (*at++ != '$')
			fail("noise", "");
		for (; at < end && *at != '#'; at++)
			sum = (uint8_t)(sum + (uint8_t)*at);
		if (end - at < 3 || sscanf(at, "#%2x", &given) != 1 || given != sum)
			fail("a bad packet came out", "");
		at += 3;
	}
}

static void feed(struct chooser *chooser, struct side *side, const char *bytes, size_t size)
{
	while (size > 0) {
		size_t part = 1 + choose(chooser, (uint32_t)size);

		gdb_input(side->gdb, bytes, part);
		bytes += part;
		size -= part;
	}
}

static uint64_t parse_number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "fuzz_gdb: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

/* Some hundred packets for one program. */
static void one_machine(struct chooser *chooser, enum vm_engine engine, uint64_t count)
{
	static struct elf_image image;
	struct jit_options jit = jit_default_options();
	struct side tested = {.output = malloc(MAX_OUTPUT)}, reference = {.output = malloc(MAX_OUTPUT)};
	char where[512];
	bool runs_on = true;

	if (!tested.output || !reference.output)
		abort();
	kernel_generate(chooser, &image);
	if (!elf_write(&image, "kernel"))
		fail("cannot write", "kernel");
	jit.backend_path = BACKEND_PATH;
	jit.tiers = TIERS_FIRST;
	jit.threads = 0;
	jit.code_bytes = 1 << 22;
	start(&tested, engine, &jit);
	start(&reference, ENGINE_REFERENCE, &jit);
	machines++;
	for (uint64_t i = 0; i < count && runs_on; i++, packet_number++) {
		char data[MAX_PACKET + 16], packet[MAX_PACKET + 32];
		size_t size = fill_in(chooser, templates[choose(chooser, TEMPLATES)], data);
		bool mutated = one_in(chooser, 2);

		if (mutated)
			size = mutate(chooser, data, size);
		size = frame(chooser, data, size, packet);
		struct chooser pieces = *chooser;
		tested.size = reference.size = 0;
		feed(chooser, &tested, packet, size);
		feed(&pieces, &reference, packet, size);
		runs_on = run(&tested);
		bool reference_runs_on = run(&reference);
		if (tested.idles || reference.idles)
			break;
		if (reference_runs_on != runs_on)
			fail("only one machine has ended:", packet);
		check_output(&tested);
		check_output(&reference);
		packet[size] = '\0';
		/* `monitor stats' may tell the engines apart; nothing else. */
		if (!strstr(packet, "qRcmd") && (tested.size != reference.size ||
						 memcmp(tested.output, reference.output, tested.size) != 0)) {
			fprintf(stderr, "%.*s\n%.*s\n", (int)tested.size, tested.output, (int)reference.size,
				reference.output);
			fail("the machines say different things:", packet);
		}
		if (!vm_equal(tested.vm, reference.vm, where, sizeof(where)))
			fail(where, packet);
	}
	stop(&tested);
	stop(&reference);
	free(tested.output);
	free(reference.output);
}

int main(int argc, char **argv)
{
	static const char config[] =
	    "0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K cpus=2\n";
	char directory[] = "/tmp/jit161-fuzz-gdb-XXXXXX";
	enum vm_engine engine = ENGINE_JIT;
	uint64_t count = 10000, seed = 1;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--count=", 8) == 0)
			count = parse_number(argv[i] + 8);
		else if (strncmp(argv[i], "--seed=", 7) == 0)
			seed = parse_number(argv[i] + 7);
		else if (strcmp(argv[i], "--engine=interp") == 0)
			engine = ENGINE_INTERP;
		else if (strcmp(argv[i], "--engine=reference") == 0)
			engine = ENGINE_REFERENCE;
		else if (strcmp(argv[i], "--engine=jit") != 0)
			return fprintf(stderr, "fuzz_gdb: unknown option %s\n", argv[i]), 2;
	}
	if (!mkdtemp(directory) || chdir(directory) != 0)
		fail("cannot make", directory);
	FILE *file = fopen("conf", "w");
	if (!file || fputs(config, file) < 0 || fclose(file) != 0)
		fail("cannot write", "conf");
	for (uint64_t machine = 0; packet_number < count; machine++) {
		struct chooser chooser = {.state = seed * 0x100000001B3u + machine};
		uint64_t left = count - packet_number;

		one_machine(&chooser, engine, left < PACKETS_PER_MACHINE ? left : PACKETS_PER_MACHINE);
	}
	unlink("conf");
	unlink("kernel");
	if (chdir("/") != 0 || rmdir(directory) != 0)
		perror(directory);
	printf("%llu packets, %llu machines, %llu runs, %llu stops\n", packet_number, machines, runs, stops);
	return stops < count / 1000;
}

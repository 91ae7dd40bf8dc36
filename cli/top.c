/* `jit161 top`: what a running machine does, from its control socket (--control). */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "devices/host/datagram.h"
#include "jit/jit.h"
#include "jit/llvm/backend.h"

#define MOST_FUNCTIONS 10
#define QUESTION       "status\n"
#define CLEAR	       "\033[H\033[2J"

static const char usage_text[] =
    "Usage: jit161 top [-b] [-n N] [-d SECONDS] PATH\n"
    "  Shows what a machine does that runs with --control=PATH: guest MIPS, which engine executes it, why "
    "translated code is "
    "left, hot functions.\n"
    "  -b          one report after the other, for files and pipes; else the screen is written anew\n"
    "  -n N        so many reports; default: until the machine ends\n"
    "  -d SECONDS  between two reports; default: 1\n"
    "  The first report is about all of the time since the machine started.\n";

struct top {
	bool batch;
	unsigned reports; /* 0: no end */
	double delay;
	const char *path;
	FILE *machine;
};

/* A number of `now`'s, less `before`'s. */
static double change(const cJSON *now, const cJSON *before, const char *name)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(now, name)) -
	       (before && cJSON_GetObjectItemCaseSensitive(before, name)
		    ? cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(before, name))
		    : 0);
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

static void print_exits(const cJSON *now, const cJSON *before, double seconds)
{
	const cJSON *exits = cJSON_GetObjectItemCaseSensitive(now, "exits");
	const cJSON *times = cJSON_GetObjectItemCaseSensitive(now, "exit_ns");
	const cJSON *exits_before = before ? cJSON_GetObjectItemCaseSensitive(before, "exits") : NULL;
	const cJSON *times_before = before ? cJSON_GetObjectItemCaseSensitive(before, "exit_ns") : NULL;
	double all = 0;

	for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
		all += change(times, times_before, jit_exit_names[i]);
	printf("\n%14s %12s%s\n", "exits", "a second", all > 0 ? "   % of time" : "");
	for (unsigned i = 0; i < EXIT_REASON_COUNT; i++) {
		printf("%14s %12.0f", jit_exit_names[i],
		       change(exits, exits_before, jit_exit_names[i]) / seconds);
		if (all > 0)
			printf(" %11.1f", change(times, times_before, jit_exit_names[i]) / seconds / 1e7);
		printf("\n");
	}
	printf("%14s %12.0f\n", "host traps", change(now, before, "host_traps") / seconds);
}

struct share {
	const char *name;
	double samples;
};

static int by_samples(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->samples < y->samples) - (x->samples > y->samples);
}

static void print_functions(const cJSON *now, const cJSON *before)
{
	const cJSON *functions = cJSON_GetObjectItemCaseSensitive(now, "functions"), *function;
	const cJSON *earlier = before ? cJSON_GetObjectItemCaseSensitive(before, "functions") : NULL;
	double samples = change(now, before, "samples");
	unsigned count = 0;
	struct share *shares = calloc((size_t)cJSON_GetArraySize(functions) + 1, sizeof(*shares));

	if (!shares)
		abort();
	cJSON_ArrayForEach(function, functions)
	{
		shares[count++] =
		    (struct share){function->string, change(functions, earlier, function->string)};
	}
	qsort(shares, count, sizeof(*shares), by_samples);
	printf("\n%14s  function\n", "% of samples");
	for (unsigned i = 0; i < count && i < MOST_FUNCTIONS && shares[i].samples > 0; i++)
		printf("%14.1f  %s\n", percent(shares[i].samples, samples), shares[i].name);
	free(shares);
}

static void print_report(const struct top *top, const cJSON *now, const cJSON *before)
{
	double seconds = change(now, before, "wall_ns") / 1e9,
	       cycles = change(now, before, "executed_cycles");
	double reference = change(now, before, "reference_cycles");
	bool translates = cJSON_HasObjectItem(now, "exits");

	if (!top->batch)
		printf(CLEAR);
	printf("jit161 top: after %.3f s; the last %.3f s: %.1f guest MIPS, %.0f %% CPU, %.3f s of virtual "
	       "time\n",
	       change(now, NULL, "wall_ns") / 1e9, seconds, seconds > 0 ? cycles / seconds / 1e6 : 0,
	       seconds > 0 ? change(now, before, "cpu_us") / seconds / 1e4 : 0,
	       change(now, before, "virtual_ns") / 1e9);
	if (cycles > 0)
		printf("%% of cycles: %.1f %s, %.1f by the plain interpreter\n",
		       percent(cycles - reference, cycles),
		       translates ? "in translated code" : "in decoded code", percent(reference, cycles));
	else
		printf("The machine executes nothing.\n");
	if (seconds <= 0)
		seconds = 1;
	printf("interrupts %.0f, exceptions %.0f a second", change(now, before, "interrupts") / seconds,
	       change(now, before, "exceptions") / seconds);
	if (translates)
		printf("; compiling %.1f %% CPU; %.0f KiB of code memory",
		       change(now, before, "compile_ns") / seconds / 1e7,
		       change(now, NULL, "code_bytes") / 1024);
	printf("\n");
	if (translates)
		print_exits(now, before, seconds);
	print_functions(now, before);
	printf("\n");
	fflush(stdout);
}

/* NULL: the machine has ended, or is none of ours. */
static cJSON *ask(struct top *top)
{
	cJSON *status;
	char *line = NULL;
	size_t room = 0;

	if (send(fileno(top->machine), QUESTION, strlen(QUESTION), MSG_NOSIGNAL) < 0 ||
	    getline(&line, &room, top->machine) < 0) {
		free(line);
		return NULL;
	}
	status = cJSON_Parse(line);
	free(line);
	if (!cJSON_HasObjectItem(status, "executed_cycles")) {
		cJSON_Delete(status);
		return NULL;
	}
	return status;
}

static bool attach(struct top *top)
{
	struct sockaddr_un address;
	int descriptor = -1;

	if (!datagram_address(top->path, &address) ||
	    (descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
	    connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "jit161 top: There is no machine at %s: %s\n", top->path, strerror(errno));
		fprintf(stderr, "jit161 top: Start it with --control=%s.\n", top->path);
		if (descriptor >= 0)
			close(descriptor);
		return false;
	}
	top->machine = fdopen(descriptor, "r");
	if (!top->machine)
		abort();
	return true;
}

static int follow(struct top *top)
{
	cJSON *before = NULL, *now;
	unsigned count = 0;

	while ((now = ask(top))) {
		print_report(top, now, before);
		cJSON_Delete(before);
		before = now;
		if (++count == top->reports)
			break;
		nanosleep(&(struct timespec){(time_t)top->delay,
					     (long)((top->delay - (double)(time_t)top->delay) * 1e9)},
			  NULL);
	}
	cJSON_Delete(before);
	fclose(top->machine);
	if (now)
		return EXIT_NORMAL;
	if (count == 0) {
		fprintf(stderr, "jit161 top: %s does not answer as a machine of jit161\n", top->path);
		return EXIT_ERROR;
	}
	printf("The machine has ended.\n");
	return EXIT_NORMAL;
}

static bool parse(struct top *top, int argc, char **argv)
{
	int option;
	char *end;

	while ((option = getopt(argc, argv, "bn:d:")) != -1) {
		switch (option) {
		case 'b':
			top->batch = true;
			break;
		case 'n':
			top->reports = (unsigned)strtoul(optarg, &end, 10);
			if (*end || !top->reports)
				return false;
			break;
		case 'd':
			top->delay = strtod(optarg, &end);
			if (*end || !(top->delay >= 0.01 && top->delay <= 86400))
				return false;
			break;
		default:
			return false;
		}
	}
	if (optind + 1 != argc)
		return false;
	top->path = argv[optind];
	return true;
}

int command_top(int argc, char **argv)
{
	struct top top = {.delay = 1};

	opterr = 0;
	if (!parse(&top, argc, argv)) {
		fputs(usage_text, stderr);
		return EXIT_ERROR;
	}
	return attach(&top) ? follow(&top) : EXIT_ERROR;
}

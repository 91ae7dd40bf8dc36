/* `stat161`: shows what the meter of a running machine says, interval by interval (System/161 reference, sections 5.3
 * and 5.9). Columns and their widths are the machine's. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "devices/host/datagram.h"

#define METER		 ".sockets/meter"
#define PROTOCOL	 2
#define MAX_FIELDS	 32
#define ROWS		 22 /* between headers */
#define DEFAULT_INTERVAL 0.2
#define MIN_INTERVAL	 0.00001
#define MAX_INTERVAL	 2.0
#define BLANKS		 " \t\r\n"

struct table {
	unsigned columns;
	char *names[MAX_FIELDS];
	int widths[MAX_FIELDS];
	uint64_t last[MAX_FIELDS];
	unsigned rows; /* since the last header */
};

static void forget(struct table *table)
{
	for (unsigned i = 0; i < table->columns; i++)
		free(table->names[i]);
	memset(table, 0, sizeof(*table));
	table->rows = ROWS; /* a header comes first */
}

static void print_header(struct table *table)
{
	printf("\n");
	for (unsigned i = 0; i < table->columns; i++)
		printf("%-*s ", table->widths[i], table->names[i]);
	printf("\n");
	table->rows = 0;
}

static void print_row(struct table *table, char **words)
{
	if (table->rows >= ROWS)
		print_header(table);
	for (unsigned i = 0; i < table->columns; i++) {
		uint64_t value = strtoull(words[i], NULL, 0);

		printf("%-*llu ", table->widths[i], (unsigned long long)(value - table->last[i]));
		table->last[i] = value;
	}
	printf("\n");
	fflush(stdout);
	table->rows++;
}

static void set_columns(struct table *table, unsigned count, char **words)
{
	forget(table);
	table->columns = count;
	for (unsigned i = 0; i < count; i++)
		if (!(table->names[i] = strdup(words[i])))
			abort();
}

/* One line from the machine. False: there is no talking to it. */
static bool handle(struct table *table, char *line)
{
	char *words[MAX_FIELDS + 1], *position = NULL;
	unsigned count = 0;

	for (char *word = strtok_r(line, BLANKS, &position); word; word = strtok_r(NULL, BLANKS, &position)) {
		if (count == MAX_FIELDS + 1) {
			fprintf(stderr, "stat161: Too many data fields; increase MAXFIELDS and recompile\n");
			return true;
		}
		words[count++] = word;
	}
	if (count == 0 || strcasecmp(words[0], "ok") == 0 || strcasecmp(words[0], "error") == 0)
		return true;
	if (strcasecmp(words[0], "hello") == 0) {
		int version = count > 1 ? atoi(words[1]) : 0;

		if (version != PROTOCOL)
			fprintf(stderr, "stat161: Wrong protocol version %d\n", version);
		return version == PROTOCOL;
	}
	if (strcasecmp(words[0], "head") == 0) {
		set_columns(table, count - 1, words + 1);
	} else if (strcasecmp(words[0], "width") == 0) {
		for (unsigned i = 0; i + 1 < count; i++)
			table->widths[i] = atoi(words[i + 1]);
	} else if (strcasecmp(words[0], "data") == 0) {
		if (count - 1 != table->columns)
			printf("stat161: Invalid packet (wrong number of fields)\n");
		else
			print_row(table, words + 1);
	} else if (strcasecmp(words[0], "bad") == 0) {
		printf("stat161: sys161 error:");
		for (unsigned i = 1; i < count; i++)
			printf(" %s", words[i]);
		printf("\n");
	} else {
		printf("stat161: Invalid packet (improper header)\n");
	}
	fflush(stdout);
	return true;
}

/* Talks to a machine until it ends. False: it cannot be talked to. */
static bool follow(int descriptor, unsigned interval)
{
	struct table table = {0};
	FILE *file = fdopen(descriptor, "r");
	char *line = NULL;
	size_t room = 0;
	bool good = true;

	if (!file)
		abort();
	forget(&table);
	if (dprintf(descriptor, "INTERVAL %u\r\n", interval) < 0)
		printf("stat161: write: %s\n", strerror(errno));
	while (good && getline(&line, &room, file) >= 0)
		good = handle(&table, line);
	if (good && ferror(file))
		fprintf(stderr, "stat161: read: %s\n", strerror(errno));
	free(line);
	fclose(file);
	forget(&table);
	return good;
}

/* A connection, however long that takes; -1 if it cannot be had. */
static int connect_to_machine(void)
{
	struct sockaddr_un address;

	datagram_address(METER, &address);
	for (;;) {
		int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (descriptor < 0) {
			fprintf(stderr, "stat161: socket: %s\n", strerror(errno));
			return -1;
		}
		if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0)
			return descriptor;
		int reason = errno;
		close(descriptor);
		if (reason != ENOENT && reason != ECONNREFUSED) {
			fprintf(stderr, "stat161: connect: %s\n", strerror(reason));
			return -1;
		}
		sleep(1);
	}
}

static int usage(void)
{
	fprintf(stderr, "Usage: stat161 [-i interval]\n");
	fprintf(stderr, "   -i interval  Set sampling interval, in seconds (default %g)\n", DEFAULT_INTERVAL);
	return EXIT_REQUESTED;
}

int stat161_main(int argc, char **argv)
{
	double interval = DEFAULT_INTERVAL;
	int option, descriptor;

	while ((option = getopt(argc, argv, "i:")) != -1) {
		if (option != 'i')
			return usage();
		interval = atof(optarg);
		if (interval > MAX_INTERVAL) {
			fprintf(stderr, "Sampling interval too large (max is 2)\n");
			return EXIT_FAILURE;
		}
		if (!(interval >= MIN_INTERVAL)) {
			fprintf(stderr, "Sampling interval too small (min is 0.00001)\n");
			return EXIT_FAILURE;
		}
	}
	printf("stat161: Connecting...\n");
	fflush(stdout);
	while ((descriptor = connect_to_machine()) >= 0) {
		printf("stat161: Connected.\n");
		fflush(stdout);
		if (!follow(descriptor, (unsigned)(interval * 1e9 + 0.5)))
			return EXIT_FAILURE;
		printf("stat161: Disconnected.\n");
		fflush(stdout);
	}
	return EXIT_FAILURE;
}

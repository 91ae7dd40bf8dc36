/* `hub161`: passes frames between network cards (System/161 reference, section 3.5). A card is known by the address in
 * its frames and reached by the name of the socket they come from; every frame that is not for the hub itself goes to
 * all of them, the sender included. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "devices/host/datagram.h"
#include "devices/host/frame.h"

#define DEFAULT_SOCKET ".sockets/hub"
#define MAX_ERRORS     5 /* failed sends until a card is forgotten */

struct card {
	struct card *next;
	uint32_t address;
	struct sockaddr_un socket;
	unsigned errors;
};

struct hub {
	int socket;
	struct card *cards, **last; /* in the order in which they came */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = true;
}

static void usage(void)
{
	fprintf(stderr, "Usage: hub161 [socketname]\n");
	fprintf(stderr, "    Default socket is %s\n", DEFAULT_SOCKET);
}

static bool listen_at(struct hub *hub, const char *path)
{
	struct sockaddr_un address;
	struct stat status;

	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode)) {
			fprintf(stderr, "hub161: %s: File exists\n", path);
			return false;
		}
		unlink(path);
	}
	hub->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (hub->socket < 0) {
		fprintf(stderr, "hub161: socket: %s\n", strerror(errno));
		return false;
	}
	if (!datagram_address(path, &address) ||
	    bind(hub->socket, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "hub161: bind: %s\n", strerror(errno));
		return false;
	}
	return true;
}

/* Remembers where a card is. One that has no name cannot be reached. */
static void remember(struct hub *hub, uint32_t address, const struct sockaddr_un *from, socklen_t size)
{
	struct card *card;

	if (size <= offsetof(struct sockaddr_un, sun_path) || from->sun_path[0] == '\0')
		return;
	for (card = hub->cards; card && card->address != address;)
		card = card->next;
	if (card && strcmp(card->socket.sun_path, from->sun_path) == 0)
		return;
	if (!card) {
		card = calloc(1, sizeof(*card));
		if (!card)
			abort();
		card->address = address;
		*hub->last = card;
		hub->last = &card->next;
		printf("hub161: adding %04x from %s\n", address, from->sun_path);
		if (from->sun_path[0] != '/')
			printf("hub161: (not absolute pathname, may not work)\n");
	}
	card->socket = *from;
}

/* A card that is slow to read misses frames, but holds up nobody. */
static void pass_on(struct hub *hub, const uint8_t *frame, size_t size)
{
	for (struct card *card = hub->cards; card; card = card->next) {
		if (sendto(hub->socket, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (const struct sockaddr *)&card->socket, sizeof(card->socket)) >= 0 ||
		    errno == EAGAIN || errno == EWOULDBLOCK)
			continue;
		fprintf(stderr, "hub161: sendto %04x: %s\n", card->address, strerror(errno));
		card->errors++;
	}
}

static void forget_the_lost(struct hub *hub)
{
	hub->last = &hub->cards;
	while (*hub->last) {
		struct card *card = *hub->last;

		if (card->errors <= MAX_ERRORS) {
			hub->last = &card->next;
			continue;
		}
		printf("hub161: dropping %04x\n", card->address);
		*hub->last = card->next;
		free(card);
	}
}

static bool is_good(const uint8_t *frame, size_t size)
{
	if (size < FRAME_HEADER) {
		fprintf(stderr, "hub161: runt packet (size %zu)\n", size);
		return false;
	}
	if (frame_load(frame, FRAME_FIELD_MAGIC) != FRAME_MAGIC) {
		fprintf(stderr, "hub161: frame error [%04x]\n", frame_load(frame, FRAME_FIELD_MAGIC));
		return false;
	}
	if (frame_load(frame, FRAME_FIELD_LENGTH) != size) {
		fprintf(stderr, "hub161: bad size [%04x %04zx]\n", frame_load(frame, FRAME_FIELD_LENGTH),
			size);
		return false;
	}
	if (frame_load(frame, FRAME_FIELD_SOURCE) == FRAME_BROADCAST) {
		fprintf(stderr, "hub161: packet came from broadcast addr (dropped)\n");
		return false;
	}
	return true;
}

static int serve(struct hub *hub)
{
	uint8_t frame[FRAME_MAX];

	while (!stopped) {
		struct sockaddr_un from;
		socklen_t from_size = sizeof(from);
		ssize_t size;

		memset(&from, 0, sizeof(from));
		size = recvfrom(hub->socket, frame, sizeof(frame), 0, (struct sockaddr *)&from, &from_size);
		if (size < 0) {
			if (errno == EINTR)
				continue;
			fprintf(stderr, "hub161: recvfrom: %s\n", strerror(errno));
			return EXIT_FAILURE;
		}
		from.sun_path[sizeof(from.sun_path) - 1] = '\0';
		if (!is_good(frame, (size_t)size))
			continue;
		remember(hub, frame_load(frame, FRAME_FIELD_SOURCE), &from, from_size);
		if (frame_load(frame, FRAME_FIELD_DESTINATION) != FRAME_TO_HUB)
			pass_on(hub, frame, (size_t)size);
		forget_the_lost(hub);
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}

int hub161_main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : DEFAULT_SOCKET;
	struct hub hub = {.socket = -1, .last = &hub.cards};
	struct sigaction action = {.sa_handler = on_signal};
	int status = EXIT_FAILURE;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		usage();
		return EXIT_REQUESTED;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (listen_at(&hub, path)) {
		printf("hub161: Listening on %s\n", path);
		fflush(stdout);
		status = serve(&hub);
		unlink(path);
	}
	if (hub.socket >= 0)
		close(hub.socket);
	while (hub.cards) {
		struct card *next = hub.cards->next;

		free(hub.cards);
		hub.cards = next;
	}
	return status;
}

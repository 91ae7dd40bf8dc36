#define _GNU_SOURCE
#include "devices/host/meter_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/host/datagram.h"

struct client {
	int descriptor; /* -1: free */
	char input[METER_LINE];
	size_t length;
	bool ended;
};

struct meter_socket {
	int listener;
	char *path;
	struct client clients[METER_CLIENTS];
};

struct meter_socket *meter_socket_open(const char *path, struct error *error)
{
	struct sockaddr_un address;
	struct stat status;
	struct meter_socket *meter;
	int listener = -1;

	if (!datagram_address(path, &address) ||
	    (listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		goto failed;
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 2) < 0)
		goto failed;
	meter = calloc(1, sizeof(*meter));
	if (!meter || !(meter->path = strdup(path)))
		abort();
	meter->listener = listener;
	for (int i = 0; i < METER_CLIENTS; i++)
		meter->clients[i].descriptor = -1;
	return meter;
failed:
	error_set(error, "Could not set up meter socket; metering disabled");
	error_hint(error, "%s: %s", path, strerror(errno));
	if (listener >= 0)
		close(listener);
	return NULL;
}

void meter_socket_close(struct meter_socket *meter)
{
	if (!meter)
		return;
	for (int i = 0; i < METER_CLIENTS; i++)
		if (meter->clients[i].descriptor >= 0)
			close(meter->clients[i].descriptor);
	close(meter->listener);
	free(meter->path);
	free(meter);
}

int meter_socket_accept(struct meter_socket *meter)
{
	int descriptor = accept4(meter->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (descriptor < 0)
		return -1;
	for (int i = 0; i < METER_CLIENTS; i++) {
		if (meter->clients[i].descriptor < 0) {
			meter->clients[i] = (struct client){.descriptor = descriptor};
			return i;
		}
	}
	close(descriptor);
	return -1;
}

enum meter_input meter_socket_read(struct meter_socket *meter, int number, char *line)
{
	struct client *client = &meter->clients[number];
	size_t room = sizeof(client->input) - client->length;
	char *end;

	if (room > 0 && !client->ended && !memchr(client->input, '\n', client->length)) {
		ssize_t count = recv(client->descriptor, client->input + client->length, room, MSG_DONTWAIT);

		if (count > 0)
			client->length += (size_t)count;
		else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
			client->ended = true;
	}
	end = memchr(client->input, '\n', client->length);
	if (end) {
		size_t size = (size_t)(end - client->input);

		memcpy(line, client->input, size);
		line[size] = '\0';
		client->length -= size + 1;
		memmove(client->input, end + 1, client->length);
		return METER_LINE_READ;
	}
	if (client->length == sizeof(client->input)) {
		client->length = 0;
		return METER_OVERFLOW;
	}
	if (!client->ended)
		return METER_NOTHING;
	close(client->descriptor);
	client->descriptor = -1;
	return METER_GONE;
}

void meter_socket_write(struct meter_socket *meter, int number, const char *line)
{
	char *text;
	int size = asprintf(&text, "%s\r\n", line);

	if (size < 0)
		return;
	/* A stream socket takes all of a small piece or nothing, unless its buffer is about full. */
	send(meter->clients[number].descriptor, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(text);
}

int meter_socket_descriptor(const struct meter_socket *meter, int number)
{
	return meter->clients[number].descriptor;
}

void meter_socket_add_waits(const struct meter_socket *meter, struct host_wait *wait)
{
	host_wait_add(wait, meter->listener);
	for (int i = 0; i < METER_CLIENTS; i++)
		host_wait_add(wait, meter->clients[i].descriptor);
}

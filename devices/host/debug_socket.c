#define _GNU_SOURCE
#include "devices/host/debug_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NONE		-1
#define WRITE_TIMEOUT	10000 /* ms */
#define LONGEST_WAIT_NS 1000000000u

struct debug_socket {
	int listener, client, epoll;
	bool lost; /* writing to the client failed: reported by the next take */
	const char *refusal;
	char *path; /* NULL: TCP */
	ino_t inode;
};

static bool watch(struct debug_socket *debug_socket, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(debug_socket->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Takes over a bound socket. */
static struct debug_socket *start(int listener, const char *path, const char *refusal, struct error *error)
{
	struct debug_socket *made = calloc(1, sizeof(*made));
	struct stat status;

	if (!made)
		abort();
	*made = (struct debug_socket){.listener = listener, .client = NONE, .refusal = refusal};
	made->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (path) {
		made->path = strdup(path);
		made->inode = stat(path, &status) == 0 ? status.st_ino : 0;
	}
	if (made->epoll < 0 || listen(listener, 4) < 0 || !watch(made, listener)) {
		error_set(error, "Cannot listen for a debugger: %s", strerror(errno));
		debug_socket_close(made);
		return NULL;
	}
	return made;
}

struct debug_socket *debug_socket_open_file(const char *path, const char *refusal, struct error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (strlen(path) >= sizeof(address.sun_path)) {
		error_set(error, "%s: too long for the name of a socket", path);
		return NULL;
	}
	strcpy(address.sun_path, path);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		error_set(error, "%s: %s", path, strerror(errno));
		if (listener >= 0)
			close(listener);
		return NULL;
	}
	return start(listener, path, refusal, error);
}

static int bind_tcp(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol),
	    yes = 1;

	if (fd < 0)
		return NONE;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return NONE;
}

struct debug_socket *debug_socket_open_tcp(const char *host, const char *port, const char *refusal,
					   struct error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	int listener = NONE;
	int problem = getaddrinfo(host ? host : "127.0.0.1", port, &hints, &found);

	if (problem) {
		error_set(error, "%s:%s: %s", host ? host : "127.0.0.1", port, gai_strerror(problem));
		return NULL;
	}
	for (const struct addrinfo *at = found; at && listener == NONE; at = at->ai_next)
		listener = bind_tcp(at);
	problem = errno;
	freeaddrinfo(found);
	if (listener == NONE) {
		error_set(error, "%s:%s: %s", host ? host : "127.0.0.1", port, strerror(problem));
		return NULL;
	}
	return start(listener, NULL, refusal, error);
}

void debug_socket_close(struct debug_socket *debug_socket)
{
	struct stat status;

	if (!debug_socket)
		return;
	debug_socket_disconnect(debug_socket);
	close(debug_socket->listener);
	if (debug_socket->epoll >= 0)
		close(debug_socket->epoll);
	if (debug_socket->path && lstat(debug_socket->path, &status) == 0 &&
	    status.st_ino == debug_socket->inode)
		unlink(debug_socket->path);
	free(debug_socket->path);
	free(debug_socket);
}

int debug_socket_descriptor(const struct debug_socket *debug_socket)
{
	return debug_socket->epoll;
}

bool debug_socket_connected(const struct debug_socket *debug_socket)
{
	return debug_socket->client != NONE;
}

bool debug_socket_pending(const struct debug_socket *debug_socket)
{
	struct epoll_event event;

	return debug_socket->lost || epoll_wait(debug_socket->epoll, &event, 1, 0) > 0;
}

void debug_socket_wait(const struct debug_socket *debug_socket, uint64_t timeout)
{
	struct pollfd news = {.fd = debug_socket->epoll, .events = POLLIN};
	struct timespec wait;

	if (debug_socket->lost)
		return;
	/* A signal may come just before the wait begins: never wait for long. */
	if (timeout > LONGEST_WAIT_NS)
		timeout = LONGEST_WAIT_NS;
	wait.tv_sec = (time_t)(timeout / 1000000000);
	wait.tv_nsec = (long)(timeout % 1000000000);
	ppoll(&news, 1, &wait, NULL);
}

/* A client wants to connect. */
static enum debug_socket_news take_connection(struct debug_socket *debug_socket)
{
	int fd = accept4(debug_socket->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), yes = 1;

	if (fd < 0)
		return DEBUG_SOCKET_NOTHING;
	if (debug_socket->client != NONE || !watch(debug_socket, fd)) {
		/* A few bytes always fit into a new connection. */
		if (send(fd, debug_socket->refusal, strlen(debug_socket->refusal), MSG_NOSIGNAL) >= 0)
			shutdown(fd, SHUT_WR);
		close(fd);
		return DEBUG_SOCKET_REFUSED;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* fails on other sockets */
	debug_socket->client = fd;
	return DEBUG_SOCKET_CONNECTED;
}

static enum debug_socket_news take_bytes(struct debug_socket *debug_socket, void *bytes, size_t size,
					 size_t *count)
{
	ssize_t got = debug_socket->lost ? 0 : recv(debug_socket->client, bytes, size, 0);

	if (got > 0) {
		*count = (size_t)got;
		return DEBUG_SOCKET_BYTES;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return DEBUG_SOCKET_NOTHING;
	debug_socket_disconnect(debug_socket);
	return DEBUG_SOCKET_ENDED;
}

enum debug_socket_news debug_socket_take(struct debug_socket *debug_socket, void *bytes, size_t size,
					 size_t *count)
{
	struct epoll_event events[2];
	int ready = debug_socket->lost ? 0 : epoll_wait(debug_socket->epoll, events, 2, 0);

	*count = 0;
	/* Who goes makes room for who comes. */
	for (int i = 0; i < ready; i++)
		if (events[i].data.fd == debug_socket->client)
			return take_bytes(debug_socket, bytes, size, count);
	if (debug_socket->lost)
		return take_bytes(debug_socket, bytes, size, count);
	return ready > 0 ? take_connection(debug_socket) : DEBUG_SOCKET_NOTHING;
}

void debug_socket_write(struct debug_socket *debug_socket, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0 && debug_socket->client != NONE && !debug_socket->lost) {
		ssize_t sent = send(debug_socket->client, at, size, MSG_NOSIGNAL);
		struct pollfd room = {.fd = debug_socket->client, .events = POLLOUT};

		if (sent >= 0) {
			at += sent;
			size -= (size_t)sent;
		} else if (errno == EAGAIN) {
			if (poll(&room, 1, WRITE_TIMEOUT) == 0)
				debug_socket->lost = true;
		} else if (errno != EINTR) {
			debug_socket->lost = true;
		}
	}
}

void debug_socket_disconnect(struct debug_socket *debug_socket)
{
	if (debug_socket->client != NONE)
		close(debug_socket->client); /* leaves the epoll set by that */
	debug_socket->client = NONE;
	debug_socket->lost = false;
}

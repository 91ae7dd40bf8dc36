#define _GNU_SOURCE
#include "devices/host/datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct datagram {
	int descriptor;
};

bool datagram_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(address->sun_path, path);
	return true;
}

struct datagram *datagram_open(const char *path, const char **step)
{
	struct sockaddr_un address;
	struct stat status;
	struct datagram *socket_;
	int descriptor;

	*step = "bind";
	if (!datagram_address(path, &address))
		return NULL;
	*step = "socket";
	descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return NULL;
	/* Only what an earlier run has left behind. */
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	*step = "bind";
	if (bind(descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int reason = errno;

		close(descriptor);
		errno = reason;
		return NULL;
	}
	socket_ = malloc(sizeof(*socket_));
	if (!socket_)
		abort();
	socket_->descriptor = descriptor;
	return socket_;
}

void datagram_close(struct datagram *socket_)
{
	if (!socket_)
		return;
	close(socket_->descriptor);
	free(socket_);
}

int datagram_send(struct datagram *socket_, const char *path, const void *bytes, size_t size)
{
	struct sockaddr_un address;

	if (!datagram_address(path, &address))
		return errno;
	if (sendto(socket_->descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno;
	return 0;
}

long datagram_receive(struct datagram *socket_, void *bytes, size_t room)
{
	ssize_t count = recv(socket_->descriptor, bytes, room, MSG_DONTWAIT);

	if (count >= 0)
		return (long)count;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : -2;
}

int datagram_descriptor(const struct datagram *socket_)
{
	return socket_->descriptor;
}

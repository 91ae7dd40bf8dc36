/* A Unix datagram socket bound to a path: the network card's way to its hub. The path may be replaced by whoever
 * binds it next. Never blocks. */
#ifndef JIT161_DEVICES_HOST_DATAGRAM_H
#define JIT161_DEVICES_HOST_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct datagram;

/* Binds; an existing socket at the path is replaced. NULL: errno says why; `*step` what was being done. */
struct datagram *datagram_open(const char *path, const char **step);
void datagram_close(struct datagram *socket);

/* Sends to the socket at a path. 0, or the errno. */
int datagram_send(struct datagram *socket, const char *path, const void *bytes, size_t size);

/* Takes a datagram, cut to `room` bytes. The number of bytes, -1 if there is none, -2 after an error that errno names. */
long datagram_receive(struct datagram *socket, void *bytes, size_t room);

/* For waiting. */
int datagram_descriptor(const struct datagram *socket);

/* Fills the address of a path. False: it is too long. */
struct sockaddr_un;
bool datagram_address(const char *path, struct sockaddr_un *address);

#endif

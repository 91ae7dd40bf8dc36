/* Where a debugger connects: a listening socket, in the file system or on TCP, with one client at a time. Bytes only; what
 * they mean is the owner's business. Not for several threads. System/161 reference, section 5.8. */
#ifndef JIT161_DEVICES_HOST_DEBUG_SOCKET_H
#define JIT161_DEVICES_HOST_DEBUG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/core/error.h"

struct debug_socket;

/* `refusal` is what a second client reads before its connection is closed; not copied. A socket's file that is in the way
 * is removed. NULL: `error` says why. */
struct debug_socket *debug_socket_open_file(const char *path, const char *refusal, struct error *error);
/* `host` is a name or a number, NULL for the loopback interface. */
struct debug_socket *debug_socket_open_tcp(const char *host, const char *port, const char *refusal,
					   struct error *error);
/* Removes the socket's file, if it is still ours. */
void debug_socket_close(struct debug_socket *socket);

/* A descriptor that is readable while something is pending. */
int debug_socket_descriptor(const struct debug_socket *socket);
bool debug_socket_connected(const struct debug_socket *socket);
bool debug_socket_pending(const struct debug_socket *socket);
/* Waits for that, at most `timeout` ns, possibly less. */
void debug_socket_wait(const struct debug_socket *socket, uint64_t timeout);

enum debug_socket_news {
	DEBUG_SOCKET_NOTHING,
	DEBUG_SOCKET_CONNECTED, /* a client is there */
	DEBUG_SOCKET_REFUSED,	/* another one was, and was sent away */
	DEBUG_SOCKET_BYTES,	/* `*count` bytes from the client */
	DEBUG_SOCKET_ENDED,	/* it has closed the connection, or it was lost */
};

/* Takes the next news without waiting. */
enum debug_socket_news debug_socket_take(struct debug_socket *socket, void *bytes, size_t size,
					 size_t *count);
/* Sends to the client, if there is one. One that does not read for ten seconds is lost. */
void debug_socket_write(struct debug_socket *socket, const void *bytes, size_t size);
/* Closes the client's connection. */
void debug_socket_disconnect(struct debug_socket *socket);

#endif

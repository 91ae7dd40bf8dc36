/* The meter's socket, and that of `jit161 top`: a Unix stream socket that a few clients may connect to, with lines of text in both directions.
 * Never blocks: what a client does not read in time is dropped, whole lines at a time. */
#ifndef JIT161_DEVICES_HOST_METER_SOCKET_H
#define JIT161_DEVICES_HOST_METER_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/host/wait.h"
#include "runtime/core/error.h"

#define METER_CLIENTS 8
#define METER_LINE    128 /* bytes of a client's line, with its end */

struct meter_socket;

/* Listens at a path; what an earlier run has left there is removed. */
struct meter_socket *meter_socket_open(const char *path, struct error *error);
void meter_socket_close(struct meter_socket *meter);

/* Takes a new client. Its number, or -1 if nobody is waiting. One too many is turned away. */
int meter_socket_accept(struct meter_socket *meter);

enum meter_input {
	METER_NOTHING,
	METER_LINE_READ, /* without its end */
	METER_OVERFLOW,	 /* a line was too long; what there was is forgotten */
	METER_GONE	 /* the client has left; its number is free */
};
/* Takes a line from a client. `line` has room for METER_LINE bytes. */
enum meter_input meter_socket_read(struct meter_socket *meter, int client, char *line);
/* Sends a line, to which CR and LF are added. */
void meter_socket_write(struct meter_socket *meter, int client, const char *line);
/* For more than a line, which the caller sends itself. */
int meter_socket_descriptor(const struct meter_socket *meter, int client);
void meter_socket_add_waits(const struct meter_socket *meter, struct host_wait *wait);

#endif

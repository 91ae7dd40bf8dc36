/* The machine's side of `jit161 dump --live`: asks the machine's thread, which may be waiting, to take down its blocks when it comes
 * by, and sends them to the clients of the control socket that asked. What one client does not read holds up nobody. */
#ifndef JIT161_CLI_LIVE_SERVICE_H
#define JIT161_CLI_LIVE_SERVICE_H

#include "cli/address_counts.h"
#include "devices/host/meter_socket.h"

struct live_service;

/* Makes the machine's thread come by from now on. Before the process is confined. NULL: the machine translates nothing. `samples`,
 * which the machine's thread may add to, go along; they must stay. */
struct live_service *live_service_new(struct vm *vm, struct console_input *console,
				      const struct address_counts *samples);
void live_service_free(struct live_service *service); /* NULL: nothing */
/* The kernel's file, open for reading, or -1, and its name, which must stay. */
void live_service_kernel(struct live_service *service, int descriptor, const char *path);

/* The rest is for the socket's thread. */

/* Readable: there is something to do for live_service_work. */
int live_service_descriptor(const struct live_service *service);
/* A client asks. */
void live_service_ask(struct live_service *service, int client);
/* It has asked and has not got all yet: it is not listened to. */
bool live_service_busy(const struct live_service *service, int client);
/* Whether something waits for it to read. */
bool live_service_sends(const struct live_service *service, int client);
/* Goes on with what there is to do, without waiting. */
void live_service_work(struct live_service *service, struct meter_socket *socket);

#endif

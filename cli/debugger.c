#include "cli/debugger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "devices/host/debug_socket.h"
#include "runtime/vm/gdb.h"

#define SOCKET_FOLDER "./.sockets"
#define SOCKET_FILE   "./.sockets/gdb"
#define WAIT_NS	      1000000000u

/* What a second client gets: the original's packet, or one that says why. */
#define REFUSAL_ORIGINAL "$E99#b7"
#define REFUSAL		 "$E.another debugger is connected#98"

struct debugger {
	struct debug_socket *socket;
	struct gdb *gdb;
	struct vm *vm;
	struct streams *streams;
	bool in_folder; /* its socket is SOCKET_FILE */
	struct vm_debugger outside;
};

static bool connected(void *context)
{
	return debug_socket_connected(((struct debugger *)context)->socket);
}

static bool pending(void *context)
{
	return debug_socket_pending(((struct debugger *)context)->socket);
}

static void wait_outside(void *context, uint64_t timeout)
{
	debug_socket_wait(((struct debugger *)context)->socket, timeout);
}

static void write_client(void *context, const void *bytes, size_t size)
{
	debug_socket_write(((struct debugger *)context)->socket, bytes, size);
}

/* PORT or HOST:PORT, where the host may be in brackets. */
static struct debug_socket *open_tcp(const char *where, const char *refusal, struct error *error)
{
	const char *colon = strrchr(where, ':');
	size_t length = colon ? (size_t)(colon - where) : 0;
	char host[256];

	if (!colon)
		return debug_socket_open_tcp(NULL, where, refusal, error);
	if (length >= 2 && where[0] == '[' && where[length - 1] == ']') {
		where++;
		length -= 2;
	}
	if (length >= sizeof(host)) {
		error_set(error, "%s: too long for the name of a host", where);
		return NULL;
	}
	memcpy(host, where, length);
	host[length] = '\0';
	return debug_socket_open_tcp(length ? host : NULL, colon + 1, refusal, error);
}

static struct debug_socket *open_default(const char *refusal, struct error *error)
{
	if (mkdir(SOCKET_FOLDER, 0700) < 0 && errno != EEXIST) {
		error_set(error, "%s: %s", SOCKET_FOLDER, strerror(errno));
		return NULL;
	}
	return debug_socket_open_file(SOCKET_FILE, refusal, error);
}

struct debugger *debugger_open(const struct run_options *options, bool drop_in, struct streams *streams,
			       struct error *error)
{
	const char *where = options->debugger, *refusal = drop_in ? REFUSAL_ORIGINAL : REFUSAL;
	bool by_default = !where && (drop_in || options->wait_for_debugger);
	struct debug_socket *opened;

	error->text[0] = error->hint[0] = '\0';
	if ((!where && !by_default) || (where && strcmp(where, "off") == 0))
		return NULL;
	if (options->engine == RUN_LOCKSTEP) {
		if (where || options->wait_for_debugger)
			error_set(error, "--engine=lockstep cannot be debugged");
		return NULL;
	}
	if (by_default)
		opened = open_default(refusal, error);
	else if (strncmp(where, "unix:", 5) == 0)
		opened = debug_socket_open_file(where + 5, refusal, error);
	else
		opened = open_tcp(where, refusal, error);
	if (!opened) {
		/* The original goes on without; who asked for one by our option wants to know. */
		if (options->wait_for_debugger || (where && !options->debugger_port))
			return NULL;
		streams_message(streams, "%s", error->text);
		streams_message(streams, "Could not bind debug socket; debugging disabled");
		error->text[0] = '\0';
		return NULL;
	}
	struct debugger *debugger = calloc(1, sizeof(*debugger));
	if (!debugger)
		abort();
	debugger->socket = opened;
	debugger->streams = streams;
	debugger->in_folder = by_default;
	debugger->outside = (struct vm_debugger){.context = debugger,
						 .never_wait = options->no_debugger,
						 .connected = connected,
						 .pending = pending,
						 .wait = wait_outside};
	return debugger;
}

void debugger_close(struct debugger *debugger)
{
	if (!debugger)
		return;
	debug_socket_close(debugger->socket);
	gdb_free(debugger->gdb);
	free(debugger);
}

void debugger_host_needs(const struct debugger *debugger, struct host_needs *needs)
{
	if (debugger && debugger->in_folder)
		host_needs_path(needs, SOCKET_FOLDER, HOST_REMOVE);
}

int debugger_descriptor(const struct debugger *debugger)
{
	return debug_socket_descriptor(debugger->socket);
}

void debugger_attach(struct debugger *debugger, struct vm *vm, const char *reader, int kernel)
{
	const struct gdb_output output = {.context = debugger, .write = write_client};

	debugger->vm = vm;
	vm->options.debugger = &debugger->outside;
	debugger->gdb = gdb_new(vm, &output);
	gdb_describe_kernel(debugger->gdb, reader, kernel);
}

/* Takes whatever has come in. True if a client was there, though it may have left by now. */
static bool take_news(struct debugger *debugger)
{
	bool was_there = debug_socket_connected(debugger->socket);
	char bytes[4096];
	size_t count;

	for (;;) {
		switch (debug_socket_take(debugger->socket, bytes, sizeof(bytes), &count)) {
		case DEBUG_SOCKET_NOTHING:
			return was_there;
		case DEBUG_SOCKET_CONNECTED:
			streams_message(debugger->streams, "New debugger connection");
			gdb_connected(debugger->gdb);
			was_there = true;
			break;
		case DEBUG_SOCKET_REFUSED:
			streams_message(debugger->streams,
					"gdbcomm: another debugger wanted to connect and was refused");
			break;
		case DEBUG_SOCKET_BYTES:
			gdb_input(debugger->gdb, bytes, count);
			break;
		case DEBUG_SOCKET_ENDED:
			streams_message(debugger->streams, "gdbcomm: read: EOF from debugger");
			gdb_disconnected(debugger->gdb);
			break;
		}
		fflush(NULL);
		if (gdb_state(debugger->gdb) == GDB_DETACHED) {
			debug_socket_disconnect(debugger->socket);
			gdb_disconnected(debugger->gdb);
		}
		if (gdb_state(debugger->gdb) == GDB_KILLED)
			return true;
	}
}

enum debugger_wish debugger_serve(struct debugger *debugger, bool wait)
{
	bool wanted = wait || debugger->vm->stop.reason != STOP_OUTSIDE;

	if (wanted && debug_socket_connected(debugger->socket)) {
		gdb_stopped(debugger->gdb);
		wanted = false;
	} else if (wanted) {
		streams_message(debugger->streams, "Waiting for debugger connection...");
		fflush(NULL);
	}
	for (;;) {
		wanted &= !take_news(debugger);
		if (gdb_state(debugger->gdb) == GDB_KILLED) {
			streams_message(debugger->streams, "Debugger requested kill");
			return DEBUGGER_KILL;
		}
		if (!wanted && gdb_state(debugger->gdb) == GDB_RUNNING)
			return DEBUGGER_RUN;
		if (debugger->vm->interrupted)
			return DEBUGGER_INTERRUPTED;
		vm_let_in(debugger->vm);
		debug_socket_wait(debugger->socket, WAIT_NS);
	}
}

void debugger_finish(struct debugger *debugger, int status)
{
	if (debugger && debug_socket_connected(debugger->socket))
		gdb_exited(debugger->gdb, status);
}

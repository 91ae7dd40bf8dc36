/* Emulator file system: a directory of the host for the guest. Section 3.6. */
#include "devices/host/file_tree.h"
#include "devices/lamebus/lamebus_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REG_HANDLE 0x00
#define REG_OFFSET 0x04
#define REG_IOLEN  0x08
#define REG_OPER   0x0c
#define REG_RESULT 0x10
#define BUFFER	   0x8000u

#define BUFFER_SIZE  16384u
#define HANDLES	     64u
#define OPERATION_NS 5000000

#define EVENT_DONE 0

enum operation {
	OP_OPEN = 1,
	OP_CREATE = 2,
	OP_EXCLCREATE = 3,
	OP_CLOSE = 4,
	OP_READ = 5,
	OP_READDIR = 6,
	OP_WRITE = 7,
	OP_GETSIZE = 8,
	OP_TRUNCATE = 9,
};

enum result {
	RESULT_NONE = 0,
	RESULT_SUCCESS = 1,
	RESULT_BAD_HANDLE = 2,
	RESULT_BAD_OPERATION = 3,
	RESULT_BAD_PATH = 4,
	RESULT_BAD_SIZE = 5,
	RESULT_EXISTS = 6,
	RESULT_IS_DIRECTORY = 7,
	RESULT_MEDIA = 8,
	RESULT_NO_HANDLES = 9,
	RESULT_NO_SPACE = 10,
	RESULT_NOT_DIRECTORY = 11,
	RESULT_UNKNOWN = 12,
};

enum handle_kind {
	HANDLE_CLOSED,
	HANDLE_FILE,
	HANDLE_DIRECTORY
};

struct emufs_state {
	uint32_t handle, offset, iolen, result; /* registers */
	uint32_t busy, busy_result;
	uint8_t handles[HANDLES]; /* enum handle_kind */
	uint8_t buffer[BUFFER_SIZE];
};

/* One host operation: what was asked and what came of it. The record of the input log is this, followed by
 * the bytes that went into the buffer. */
struct operation_record {
	uint32_t operation, handle, offset, iolen;  /* asked */
	uint32_t result;			    /* enum result */
	uint32_t handle_out, offset_out, iolen_out; /* registers afterwards */
	uint32_t kind;				    /* of the handle opened */
	uint32_t bytes;				    /* put into the buffer */
};

static const struct device_register registers[] = {
    {"HANDLE", REG_HANDLE, 4, REGISTER_BOTH, READING_SHOWS},
    {"OFFSET", REG_OFFSET, 4, REGISTER_BOTH, READING_SHOWS},
    {"IOLEN", REG_IOLEN, 4, REGISTER_BOTH, READING_SHOWS},
    {"OPER", REG_OPER, 4, REGISTER_BOTH, READING_SHOWS},
    {"RESULT", REG_RESULT, 4, REGISTER_BOTH, READING_SHOWS},
    {"buffer", BUFFER, BUFFER_SIZE, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct emufs_state, handle),
    FIELD(struct emufs_state, offset),
    FIELD(struct emufs_state, iolen),
    FIELD(struct emufs_state, result),
    FIELD(struct emufs_state, busy),
    FIELD(struct emufs_state, busy_result),
    FIELD_ARRAY(struct emufs_state, handles),
    FIELD_ARRAY(struct emufs_state, buffer),
    FIELD_END,
};

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	struct emufs_state *emufs = device->state;
	const char *directory = ".", *value;
	char label[32];

	for (; *arguments; arguments++) {
		if (!(value = config_value(*arguments, "dir="))) {
			error_set(error, "emufs: slot %u: invalid option %s", device->slot, *arguments);
			return error_hint(error, "It takes dir=PATH.");
		}
		directory = value;
	}
	if (!original) {
		snprintf(label, sizeof(label), "emufs: slot %u", device->slot);
		device->host = file_tree_open(label, directory, HANDLES, error);
		if (!device->host)
			return false;
	}
	emufs->handles[0] = HANDLE_DIRECTORY;
	count_device(device, emufs_others); /* opening the root counts */
	return true;
}

static uint32_t result_of(int error)
{
	switch (error) {
	case 0:
		return RESULT_SUCCESS;
	case FILE_TREE_FULL:
		return RESULT_NO_HANDLES;
	case EBADF:
		return RESULT_BAD_HANDLE;
	case EINVAL:
		return RESULT_BAD_SIZE;
	case ENOENT:
		return RESULT_BAD_PATH;
	case EIO:
		return RESULT_MEDIA;
	case ENOTDIR:
		return RESULT_NOT_DIRECTORY;
	case EISDIR:
		return RESULT_IS_DIRECTORY;
	case EEXIST:
		return RESULT_EXISTS;
	case ENOSPC:
		return RESULT_NO_SPACE;
	default:
		return RESULT_UNKNOWN; /* EXDEV, leaving the root, is one of these */
	}
}

/* What can be told without the host. RESULT_NONE: the host is to be asked. Terminates a path in the buffer.
 */
static enum result check(struct emufs_state *emufs, uint32_t operation)
{
	bool valid = emufs->handle < HANDLES && emufs->handles[emufs->handle] != HANDLE_CLOSED;

	switch (operation) {
	case OP_OPEN:
	case OP_CREATE:
	case OP_EXCLCREATE:
		if (emufs->iolen >= BUFFER_SIZE)
			return RESULT_BAD_SIZE;
		emufs->buffer[emufs->iolen] = '\0';
		if (!valid)
			return RESULT_BAD_HANDLE;
		return emufs->handles[emufs->handle] == HANDLE_DIRECTORY ? RESULT_NONE : RESULT_NOT_DIRECTORY;
	case OP_READ:
	case OP_READDIR:
	case OP_WRITE:
		if (valid && emufs->iolen > BUFFER_SIZE)
			return RESULT_BAD_SIZE;
		return valid ? RESULT_NONE : RESULT_BAD_HANDLE;
	case OP_CLOSE:
	case OP_GETSIZE:
	case OP_TRUNCATE:
		return valid ? RESULT_NONE : RESULT_BAD_HANDLE;
	default:
		return valid ? RESULT_BAD_OPERATION : RESULT_BAD_HANDLE;
	}
}

/* What was asked of the host and what it said, in the original's words. */
static void trace_operation(const struct device *device, const struct emufs_state *emufs,
			    const struct operation_record *record, const uint8_t *data, int error)
{
	const char *outcome = error == FILE_TREE_FULL ? "out of handles"
			      : error		      ? strerror(error)
						      : "success";

	switch (record->operation) {
	case OP_OPEN:
	case OP_CREATE:
	case OP_EXCLCREATE:
		if (error)
			device_trace(device, "open %s: %s", (const char *)emufs->buffer, outcome);
		else
			device_trace(device, "open %s: succeeded, handle %u%s", (const char *)emufs->buffer,
				     record->handle_out,
				     record->kind == HANDLE_DIRECTORY ? " (directory)" : "");
		break;
	case OP_CLOSE:
		device_trace(device, "close handle %u", record->handle);
		break;
	case OP_READ:
		device_trace(device, "read %u bytes, handle %u: %s", record->iolen, record->handle, outcome);
		break;
	case OP_READDIR:
		if (error)
			device_trace(device, "readdir %u bytes, handle %u: %s", record->iolen, record->handle,
				     outcome);
		else if (record->offset_out == record->offset)
			device_trace(device, "readdir %u bytes, handle %u: EOF", record->iolen,
				     record->handle);
		else
			device_trace(device, "readdir %u bytes, handle %u: got %.*s", record->iolen,
				     record->handle, (int)record->bytes, (const char *)data);
		break;
	case OP_WRITE:
		device_trace(device, "write %u bytes, handle %u: %s", record->iolen, record->handle, outcome);
		break;
	case OP_GETSIZE:
		if (error)
			device_trace(device, "handle %u length: %s", record->handle, outcome);
		else
			device_trace(device, "handle %u length: %u", record->handle, record->iolen_out);
		break;
	case OP_TRUNCATE:
		device_trace(device, "truncate handle %u to %u: %s", record->handle, record->iolen, outcome);
		break;
	}
}

/* Lets the host do it. Bytes read go to `data`, which has room for the buffer. */
static void ask_host(const struct device *device, const struct emufs_state *emufs,
		     struct operation_record *record, uint8_t *data)
{
	struct file_tree *tree = device->host;
	bool is_directory = false, found = false;
	unsigned handle = 0;
	uint64_t file_size = 0;
	size_t done = 0;
	int error = EIO;

	if (!tree) {
		record->result = RESULT_MEDIA;
		return;
	}
	switch (record->operation) {
	case OP_OPEN:
	case OP_CREATE:
	case OP_EXCLCREATE:
		error = file_tree_lookup(tree, emufs->handle, (const char *)emufs->buffer,
					 record->operation == OP_OPEN	  ? FILE_TREE_OPEN
					 : record->operation == OP_CREATE ? FILE_TREE_CREATE
									  : FILE_TREE_EXCLUSIVE,
					 &handle, &is_directory);
		if (!error) {
			record->handle_out = handle;
			record->iolen_out = is_directory;
			record->kind = is_directory ? HANDLE_DIRECTORY : HANDLE_FILE;
		}
		break;
	case OP_CLOSE:
		error = file_tree_close(tree, emufs->handle);
		break;
	case OP_READ:
		error = file_tree_read(tree, emufs->handle, emufs->offset, data, emufs->iolen, &done);
		break;
	case OP_READDIR:
		error =
		    file_tree_entry(tree, emufs->handle, emufs->offset, data, emufs->iolen, &done, &found);
		break;
	case OP_WRITE:
		error =
		    file_tree_write(tree, emufs->handle, emufs->offset, emufs->buffer, emufs->iolen, &done);
		break;
	case OP_GETSIZE:
		error = file_tree_size(tree, emufs->handle, &file_size);
		if (!error)
			record->iolen_out = (uint32_t)file_size;
		break;
	case OP_TRUNCATE:
		error = file_tree_truncate(tree, emufs->handle, emufs->iolen);
		break;
	}
	record->result = result_of(error);
	switch (error ? 0 : record->operation) {
	case OP_READ:
	case OP_WRITE:
		record->iolen_out = (uint32_t)done;
		record->offset_out = emufs->offset + (uint32_t)done;
		break;
	case OP_READDIR:
		record->iolen_out = (uint32_t)done;
		record->offset_out = emufs->offset + found;
		break;
	}
	if (!error && (record->operation == OP_READ || record->operation == OP_READDIR))
		record->bytes = (uint32_t)done;
	if (device->services->trace->flags & TRACE_EMUFS)
		trace_operation(device, emufs, record, data, error);
}

/* Takes the outcome from the log. False: it has no such operation. */
static bool replay(struct device *device, struct operation_record *record, uint8_t *data)
{
	struct input_gate *inputs = device->services->inputs;
	struct operation_record logged;
	struct input_record input;

	if (!input_gate_replay(inputs, INPUT_HOST_FILE, (uint16_t)device->slot, &input))
		return false;
	if (input.size >= sizeof(logged)) {
		memcpy(&logged, input.payload, sizeof(logged));
		if (logged.operation == record->operation && logged.handle == record->handle &&
		    logged.offset == record->offset && logged.iolen == record->iolen &&
		    logged.bytes <= BUFFER_SIZE && input.size == sizeof(logged) + logged.bytes &&
		    logged.handle_out < HANDLES && logged.kind <= HANDLE_DIRECTORY) {
			*record = logged;
			memcpy(data, input.payload + sizeof(logged), logged.bytes);
			return true;
		}
	}
	inputs->diverged = true;
	return false;
}

static void count(struct device *device, const struct operation_record *record)
{
	switch (record->operation) {
	case OP_READ:
		count_device(device, emufs_reads);
		break;
	case OP_READDIR:
		if (record->offset_out != record->offset) /* not at the end of the directory */
			count_device(device, emufs_reads);
		break;
	case OP_WRITE:
	case OP_TRUNCATE:
		count_device(device, emufs_writes);
		break;
	default:
		count_device(device, emufs_others);
	}
}

/* Registers and buffer change at once; only the result waits for the event. */
static uint32_t perform(struct device *device, uint32_t operation)
{
	struct {
		struct operation_record record;
		uint8_t data[BUFFER_SIZE];
	} log;
	struct operation_record *record = &log.record;
	struct emufs_state *emufs = device->state;
	enum result result = check(emufs, operation);

	if (result != RESULT_NONE)
		return result;
	*record = (struct operation_record){
	    .operation = operation,
	    .handle = emufs->handle,
	    .offset = emufs->offset,
	    .iolen = emufs->iolen,
	    .handle_out = emufs->handle,
	    .offset_out = emufs->offset,
	    .iolen_out = emufs->iolen,
	};
	if (device->services->inputs->replay) {
		if (!replay(device, record, log.data))
			return RESULT_MEDIA;
	} else {
		ask_host(device, emufs, record, log.data);
		input_gate_record(device->services->inputs, device->services->events->now, INPUT_HOST_FILE,
				  (uint16_t)device->slot, &log, (uint32_t)sizeof(*record) + record->bytes);
	}
	if (record->result != RESULT_SUCCESS)
		return record->result;
	if (operation == OP_CLOSE)
		emufs->handles[emufs->handle] = HANDLE_CLOSED;
	else if (record->kind != HANDLE_CLOSED)
		emufs->handles[record->handle_out] = (uint8_t)record->kind;
	emufs->handle = record->handle_out;
	emufs->offset = record->offset_out;
	emufs->iolen = record->iolen_out;
	memcpy(emufs->buffer, log.data, record->bytes);
	count(device, record);
	return RESULT_SUCCESS;
}

static void set_result(struct device *device, uint32_t result)
{
	struct emufs_state *emufs = device->state;

	emufs->result = result;
	bus_raise(device, result != RESULT_NONE);
}

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	struct emufs_state *emufs = device->state;

	(void)argument;
	if (kind != EVENT_DONE || !emufs->busy)
		return;
	if (device->services->trace->flags & TRACE_EMUFS)
		device_trace(device, "Operation complete");
	set_result(device, emufs->busy_result);
	emufs->busy = false;
	emufs->busy_result = RESULT_NONE;
}

static uint8_t *buffer(struct device *device, uint32_t offset)
{
	struct emufs_state *state = device->state;

	return offset == BUFFER ? state->buffer : NULL;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	const struct emufs_state *emufs = device->state;

	if (offset >= BUFFER) {
		*value = buffer_load(emufs->buffer, offset - BUFFER);
		return true;
	}
	switch (offset) {
	case REG_HANDLE:
		*value = emufs->handle;
		return true;
	case REG_OFFSET:
		*value = emufs->offset;
		return true;
	case REG_IOLEN:
		*value = emufs->iolen;
		return true;
	case REG_OPER:
		*value = 0;
		return true;
	case REG_RESULT:
		*value = emufs->result;
		return true;
	default:
		return false;
	}
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	struct emufs_state *emufs = device->state;

	if (offset >= BUFFER) {
		buffer_store(emufs->buffer, offset - BUFFER, value);
		return true;
	}
	switch (offset) {
	case REG_HANDLE:
		emufs->handle = value;
		return true;
	case REG_OFFSET:
		emufs->offset = value;
		return true;
	case REG_IOLEN:
		emufs->iolen = value;
		return true;
	case REG_OPER:
		if (emufs->busy) {
			device->services->hang(
			    device->services->context,
			    "emufs operation started while an operation was already in progress");
			return true;
		}
		emufs->busy_result = perform(device, value);
		emufs->busy = true;
		event_schedule(device->services->events, OPERATION_NS, (uint16_t)device->slot, EVENT_DONE, 0);
		return true;
	case REG_RESULT:
		set_result(device, value);
		return true;
	default:
		return false;
	}
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	(void)kind, (void)argument;
	return "emufs";
}

static void dump(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct emufs_state *emufs = device->state;

	device_message(services, "System/161 emufs rev %u", device->class->revision);
	device_message(services, "    Registers: handle %u  result %u    offset %u (0x%x)  iolen %u (0x%x)",
		       emufs->handle, emufs->result, emufs->offset, emufs->offset, emufs->iolen,
		       emufs->iolen);
	if (emufs->busy)
		device_message(services, "    Presently working; result will be %u", emufs->busy_result);
	else
		device_message(services, "    Presently idle");
	device_message(services, "    Buffer:");
	bus_dump_bytes(services, emufs->buffer, BUFFER_SIZE);
}

static void host_needs(const struct device *device, struct host_needs *needs)
{
	if (device->host)
		file_tree_host_needs(device->host, needs);
}

static void free_host(struct device *device)
{
	file_tree_free(device->host);
}

/* Of all open handles the original says so only of the root. */
static void trace_closing(struct device *device)
{
	if (device->services->trace->flags & TRACE_EMUFS)
		device_trace(device, "close handle 0");
}

const struct lamebus_type lamebus_emufs = {
    .class = {.keyword = "emufs",
	      .id = 7,
	      .revision = 1,
	      .state_size = sizeof(struct emufs_state),
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .buffer = buffer,
	      .event = event,
	      .dump = dump,
	      .host_needs = host_needs,
	      .free = free_host},
    .registers = registers,
    .configure = configure,
    .event_name = event_name,
    .trace_closing = trace_closing,
};

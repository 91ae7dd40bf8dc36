/* Disk with a model of its mechanics. Section 3.2. All times are computed as the original does, in its
 * doubles and wrapping 32-bit integers: guests see them. */
#include "devices/lamebus/lamebus_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REG_NSECT 0x00
#define REG_STAT  0x04
#define REG_SECT  0x08
#define REG_RPM	  0x0c
#define BUFFER	  0x8000u

#define STAT_IN_PROGRESS 1u
#define STAT_WRITE	 2u
#define STAT_COMPLETE	 4u
#define STAT_INVALID	 8u
#define STAT_MEDIA	 16u

#define COMMAND_IDLE  0u
#define COMMAND_READ  STAT_IN_PROGRESS
#define COMMAND_WRITE (STAT_IN_PROGRESS | STAT_WRITE)

#define TRACKS	       320u
#define OUTER_DIAMETER 80
#define INNER_DIAMETER 20
#define PI	       3.14159
#define SPARE	       1.06 /* sectors on the platter for each one that can be used */
#define MIN_SECTORS    128u
#define CACHE_NS       500
#define MAX_STEPS      10 /* of the state machine, before the model is given up */
#define DEFAULT_RPM    3600

enum {
	EVENT_SEEK, /* the argument is the track reached */
	EVENT_WAIT, /* the argument is the phase reached */
};

/* How far the running operation has come. */
enum {
	PHASE_IDLE = -1,
	PHASE_STARTED,
	PHASE_WRITE_COPIED,
	PHASE_ROTATED,
	PHASE_READ_COPIED
};

struct disk_state {
	uint32_t status, sector; /* registers */
	int32_t phase;
	uint32_t step_pending; /* an event of ours is in the queue */
	uint32_t steps;	       /* since the last completed operation */
	uint32_t track;	       /* under the head; 0 is the innermost */
	uint32_t arrival_seconds, arrival_nanoseconds;
	uint8_t buffer[SECTOR_SIZE];
};

struct disk_host {
	struct disk_image *image;
	bool paranoid, doom;
	uint32_t sectors, rpm;
	uint32_t revolution; /* ns */
	uint32_t track_sectors[TRACKS];
};

static const struct device_register registers[] = {
    {"NSECT", REG_NSECT, 4, REGISTER_READ, READING_SHOWS},
    {"STAT", REG_STAT, 4, REGISTER_BOTH, READING_SHOWS},
    {"SECT", REG_SECT, 4, REGISTER_BOTH, READING_SHOWS},
    {"RPM", REG_RPM, 4, REGISTER_READ, READING_SHOWS},
    {"buffer", BUFFER, SECTOR_SIZE, REGISTER_BOTH, READING_SHOWS},
    {0},
};

static const struct field fields[] = {
    FIELD(struct disk_state, status),	       FIELD(struct disk_state, sector),
    FIELD(struct disk_state, phase),	       FIELD(struct disk_state, step_pending),
    FIELD(struct disk_state, steps),	       FIELD(struct disk_state, track),
    FIELD(struct disk_state, arrival_seconds), FIELD(struct disk_state, arrival_nanoseconds),
    FIELD_ARRAY(struct disk_state, buffer),    FIELD_END,
};

#define trace_disk(device, ...)                                                                              \
	do {                                                                                                 \
		if ((device)->services->trace->flags & TRACE_DISK)                                           \
			device_trace(device, __VA_ARGS__);                                                   \
	} while (0)

/* Geometry */

/* Distributes the sectors over the tracks. False: `problem` says why this number does not work. */
static bool compute_geometry(struct disk_host *disk, char *problem, size_t size)
{
	uint32_t physical = (uint32_t)(disk->sectors * SPARE);
	double width = ((OUTER_DIAMETER - INNER_DIAMETER) / 2) / (double)TRACKS;
	double density =
	    physical / ((OUTER_DIAMETER * OUTER_DIAMETER - INNER_DIAMETER * INNER_DIAMETER) * PI / 4);
	uint32_t total = 0;

	for (uint32_t i = 0; i < TRACKS; i++) {
		double inside = INNER_DIAMETER / 2.0 + i * width;
		double outside = inside + width;
		double area = (outside + inside) * width * PI;
		double sectors = density * area;

		if (sectors < 2.0) {
			snprintf(problem, size, "track %u has only one sector", i);
			return false;
		}
		disk->track_sectors[i] = (uint32_t)sectors - 1;
		total += disk->track_sectors[i];
	}
	snprintf(problem, size, "Not enough SECTOR_FUDGE");
	return total >= disk->sectors;
}

/* Sector 0 is on the outermost track. */
static void locate(const struct disk_host *disk, uint32_t sector, uint32_t *track, uint32_t *position)
{
	for (*track = TRACKS - 1; *track > 0 && sector >= disk->track_sectors[*track]; --*track)
		sector -= disk->track_sectors[*track];
	*position = sector;
}

/* Timing */

static uint32_t seek_time(uint32_t distance)
{
	if (distance > 3)
		return (uint32_t)(1000000 * (10 + 3 * sqrt(distance)));
	return 1000000 * (5 * distance);
}

/* Adds whole revolutions to `angle` until it is not before `time`. */
static uint32_t next_passage(uint32_t angle, uint32_t time, uint32_t revolution)
{
	if (angle < time)
		angle += (time - angle + revolution - 1) / revolution * revolution;
	return angle;
}

/* Until the end of the sector has passed the head since it came to the track; 0 if it has. */
static uint32_t read_delay(const struct device *device, uint32_t track, uint32_t position)
{
	const struct disk_host *disk = device->host;
	const struct disk_state *state = device->state;
	uint32_t sector_time = disk->revolution / disk->track_sectors[track];
	uint32_t angle = (position + 1) % disk->track_sectors[track] * sector_time;
	uint32_t seconds = state->arrival_seconds;
	uint32_t nanoseconds = next_passage(angle, state->arrival_nanoseconds, disk->revolution);
	uint32_t now_seconds, now_nanoseconds;

	seconds += nanoseconds / NS_PER_SECOND;
	nanoseconds %= NS_PER_SECOND;
	bus_time_of_day(device->bus, &now_seconds, &now_nanoseconds);
	if (seconds < now_seconds || (seconds == now_seconds && nanoseconds <= now_nanoseconds))
		return 0;
	return nanoseconds - now_nanoseconds + NS_PER_SECOND * (seconds - now_seconds);
}

/* Until the sector comes to the head, plus the time it takes to pass. */
static uint32_t write_delay(const struct device *device, uint32_t track, uint32_t position)
{
	const struct disk_host *disk = device->host;
	uint32_t sector_time = disk->revolution / disk->track_sectors[track];
	uint32_t seconds, nanoseconds;

	bus_time_of_day(device->bus, &seconds, &nanoseconds);
	return next_passage(position * sector_time, nanoseconds, disk->revolution) + sector_time -
	       nanoseconds;
}

/* Operation */

static void schedule(struct device *device, uint64_t delay, uint16_t kind, uint64_t argument)
{
	((struct disk_state *)device->state)->step_pending = true;
	event_schedule(device->services->events, delay, (uint16_t)device->slot, kind, argument);
}

/* Moves the sector. A replaying machine gets the outcome from the log and the data from its own image. */
static bool transfer(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct disk_host *disk = device->host;
	struct disk_state *state = device->state;
	struct input_record record;
	uint8_t good;

	if (state->status & STAT_WRITE) {
		count_device(device, disk_writes);
		good = disk_image_write(disk->image, state->sector, state->buffer);
	} else {
		count_device(device, disk_reads);
		good = disk_image_read(disk->image, state->sector, state->buffer);
	}
	if (!services->inputs->replay)
		input_gate_record(services->inputs, services->events->now, INPUT_HOST_DISK,
				  (uint16_t)device->slot, &good, sizeof(good));
	else if (input_gate_replay(services->inputs, INPUT_HOST_DISK, (uint16_t)device->slot, &record) &&
		 record.size == sizeof(good))
		good = record.payload[0];
	return good;
}

static void finish(struct disk_state *state, uint32_t bits)
{
	state->status = (state->status & ~STAT_IN_PROGRESS) | STAT_COMPLETE | bits;
	state->steps = 0;
}

/* Does the next step of the running operation, if none is pending. */
static void step(struct device *device)
{
	const struct disk_host *disk = device->host;
	struct disk_state *state = device->state;
	bool writing = state->status & STAT_WRITE;
	uint32_t track, position, delay;

	if (state->step_pending || !(state->status & STAT_IN_PROGRESS))
		return;
	if (state->sector >= disk->sectors) {
		trace_disk(device, "Invalid sector");
		finish(state, STAT_INVALID);
		return;
	}
	if (++state->steps > MAX_STEPS) {
		device->services->message(device->services->context,
					  "Geometry modeling fault! Please report to maintainer.");
		state->track = 0;
		bus_time_of_day(device->bus, &state->arrival_seconds, &state->arrival_nanoseconds);
		state->phase = PHASE_IDLE;
	} else {
		locate(disk, state->sector, &track, &position);
		if (state->track != track) {
			delay = seek_time(track > state->track ? track - state->track : state->track - track);
			trace_disk(device, "seeking to track %u: %u ns", track, delay);
			schedule(device, delay, EVENT_SEEK, track);
			return;
		}
		if (writing && state->phase < PHASE_WRITE_COPIED) {
			schedule(device, CACHE_NS, EVENT_WAIT, PHASE_WRITE_COPIED);
			return;
		}
		if (state->phase < PHASE_ROTATED) {
			delay = writing ? write_delay(device, track, position)
					: read_delay(device, track, position);
			trace_disk(device, "rotdelay %u ns", delay);
			if (delay > 0) {
				schedule(device, delay, EVENT_WAIT, PHASE_ROTATED);
				return;
			}
			state->phase = PHASE_ROTATED;
		}
		if (!writing && state->phase < PHASE_READ_COPIED) {
			schedule(device, CACHE_NS, EVENT_WAIT, PHASE_READ_COPIED);
			return;
		}
	}
	trace_disk(device, writing ? "write sector %u" : "read sector %u", state->sector);
	bool good = transfer(device);
	if (!good)
		trace_disk(device, "media error");
	finish(state, good ? 0 : STAT_MEDIA);
}

static void advance(struct device *device)
{
	step(device);
	bus_raise(device, ((struct disk_state *)device->state)->status & STAT_COMPLETE);
}

static void command(struct device *device, uint32_t value)
{
	const struct machine_services *services = device->services;
	const struct disk_host *disk = device->host;
	struct disk_state *state = device->state;
	char text[64];

	switch (value) {
	case COMMAND_IDLE:
		trace_disk(device, "idle");
		state->phase = PHASE_IDLE;
		break;
	case COMMAND_WRITE:
		trace_disk(device, "write starts");
		if (disk->doom && !services->doom(services->context))
			return;
		state->phase = PHASE_STARTED;
		break;
	case COMMAND_READ:
		trace_disk(device, "read starts");
		state->phase = PHASE_STARTED;
		break;
	default:
		snprintf(text, sizeof(text), "disk: Invalid write %u to status register", value);
		services->hang(services->context, text);
		return;
	}
	state->status = value;
	advance(device);
}

static void event(struct device *device, uint16_t kind, uint64_t argument)
{
	struct disk_state *state = device->state;

	if (kind == EVENT_SEEK) {
		state->track = (uint32_t)argument;
		bus_time_of_day(device->bus, &state->arrival_seconds, &state->arrival_nanoseconds);
	} else {
		state->phase = (int32_t)argument;
	}
	state->step_pending = false;
	advance(device);
}

static uint8_t *buffer(struct device *device, uint32_t offset)
{
	struct disk_state *state = device->state;

	return offset == BUFFER ? state->buffer : NULL;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	const struct disk_host *disk = device->host;
	const struct disk_state *state = device->state;

	if (offset >= BUFFER) {
		*value = buffer_load(state->buffer, offset - BUFFER);
		return true;
	}
	switch (offset) {
	case REG_NSECT:
		*value = disk->sectors;
		return true;
	case REG_STAT:
		*value = state->status;
		return true;
	case REG_SECT:
		*value = state->sector;
		return true;
	case REG_RPM:
		*value = disk->rpm;
		return true;
	default:
		return false;
	}
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	struct disk_state *state = device->state;

	if (offset >= BUFFER) {
		buffer_store(state->buffer, offset - BUFFER, value);
		return true;
	}
	switch (offset) {
	case REG_STAT:
		command(device, value);
		return true;
	case REG_SECT:
		state->sector = value;
		return true;
	default:
		return false;
	}
}

static const char *event_name(uint16_t kind, uint64_t argument)
{
	if (kind == EVENT_SEEK)
		return "disk seek";
	return argument == PHASE_WRITE_COPIED  ? "disk cache write"
	       : argument == PHASE_READ_COPIED ? "disk cache read"
					       : "disk rotation";
}

static void dump(struct device *device)
{
	const struct machine_services *services = device->services;
	const struct disk_host *disk = device->host;
	const struct disk_state *state = device->state;

	device_message(services, "System/161 disk rev %u", device->class->revision);
	device_message(services, "    Paranoid flag: %s", disk->paranoid ? "ON" : "off");
	device_message(services, "    Tracks: %u  Total sectors: %u  RPM: %u", TRACKS, disk->sectors,
		       disk->rpm);
	device_message(services, "    Current track: %u  [arrived: %u.%09u]", state->track,
		       state->arrival_seconds, state->arrival_nanoseconds);
	device_message(services, "    Status: try %u, code %d, %s", state->steps, state->phase,
		       state->step_pending ? "event in progress" : "idle");
	device_message(services, "    Registers: status 0x%08x  sector 0x%08x", state->status, state->sector);
	device_message(services, "    Transfer buffer:");
	bus_dump_bytes(services, state->buffer, SECTOR_SIZE);
}

/* Configuration */

struct disk_options {
	const char *file;
	uint32_t sectors; /* to create a missing image with; 0: none given */
	int rpm;
	bool paranoid, doom;
};

static bool parse_options(const struct device *device, char **arguments, struct disk_options *options,
			  struct error *error)
{
	unsigned slot = device->slot;
	const char *value;
	int64_t size;

	for (; *arguments; arguments++) {
		if ((value = config_value(*arguments, "rpm="))) {
			options->rpm = atoi(value);
		} else if ((value = config_value(*arguments, "sectors="))) {
			options->sectors = (uint32_t)atoi(value);
		} else if ((value = config_value(*arguments, "size="))) {
			if (!config_size(value, &size, error))
				return false;
			if (size % SECTOR_SIZE) {
				error_set(error,
					  "disk: slot %u: Configured size is not a unit number of sectors",
					  slot);
				return error_hint(error, "size= must be a multiple of %d.", SECTOR_SIZE);
			}
			options->sectors = (uint32_t)(size / SECTOR_SIZE);
		} else if ((value = config_value(*arguments, "file="))) {
			options->file = value;
		} else if (strcmp(*arguments, "paranoid") == 0) {
			options->paranoid = true;
		} else if (strcmp(*arguments, "doom") == 0) {
			options->doom = true;
		} else if (strcmp(*arguments, "nodoom") == 0) {
			options->doom = false;
		} else {
			error_set(error, "disk: slot %u: invalid option %s", slot, *arguments);
			return error_hint(
			    error, "It takes file=, rpm=, size=, sectors=, paranoid, doom and nodoom.");
		}
	}
	if ((uint32_t)options->rpm < 60) {
		error_set(error, "disk: slot %u: RPM too low (%d)", slot, options->rpm);
		return error_hint(error, "rpm= must be a multiple of 60.");
	}
	if ((uint32_t)options->rpm % 60) {
		error_set(error, "disk: slot %u: RPM %d not a multiple of 60", slot, options->rpm);
		return error_hint(error, "The disk must make a whole number of turns a second.");
	}
	if (!options->file) {
		error_set(error, "disk: slot %u: No filename specified", slot);
		return error_hint(error, "Add file=PATH.");
	}
	return true;
}

static bool check_size(const struct device *device, const char *file, uint32_t sectors, struct error *error)
{
	struct disk_host *disk = device->host;
	char problem[64];

	if (sectors < MIN_SECTORS) {
		error_set(error, "disk: slot %u: %s: Too small", device->slot, file);
		return error_hint(error, "It has %u sectors; 8068 (about 4M) always work.", sectors);
	}
	disk->sectors = sectors;
	if (!compute_geometry(disk, problem, sizeof(problem))) {
		device_message(device->services, "disk: slot %u: %s", device->slot, problem);
		error_set(error, "disk: slot %u: %s: Geometry initialization failed (try another size)",
			  device->slot, file);
		return error_hint(error, "It has %u sectors; 8068 (about 4M) and more always work.", sectors);
	}
	return true;
}

/* Opens the image, or makes one if it is missing and a size was given; nothing is left behind if that fails.
 */
static struct disk_image *open_image(const struct device *device, const struct disk_options *options,
				     struct error *error)
{
	struct disk_image *image;
	bool missing;
	char label[32];

	snprintf(label, sizeof(label), "disk: slot %u", device->slot);
	image = disk_image_open(label, options->file, options->paranoid, &missing, error);
	if (image || !missing)
		return image;
	if (options->sectors == 0) {
		error_set(error, "%s: %s: Too small", label, options->file);
		error_hint(
		    error,
		    "There is no such file; make it with \"disk161 create %s 5M\" or add size=5M to the "
		    "line.",
		    options->file);
		return NULL;
	}
	if (options->sectors > DISK_IMAGE_MAX_SECTORS) {
		error_set(error, "%s: %s: Configured size is too large", label, options->file);
		error_hint(error, "An image may have at most %u sectors (4G).", DISK_IMAGE_MAX_SECTORS);
		return NULL;
	}
	if (!check_size(device, options->file, options->sectors, error))
		return NULL;
	return disk_image_create(label, options->file, options->paranoid, options->sectors, error);
}

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	struct disk_options options = {.rpm = DEFAULT_RPM, .doom = true};
	struct disk_state *state = device->state;
	struct disk_host *disk;
	unsigned slot = device->slot;
	uint32_t sectors;

	if (!parse_options(device, arguments, &options, error))
		return false;
	device->host = disk = calloc(1, sizeof(*disk));
	if (!disk)
		abort();
	disk->paranoid = options.paranoid;
	disk->doom = options.doom;
	disk->rpm = (uint32_t)options.rpm;
	disk->revolution = NS_PER_SECOND / (disk->rpm / 60);
	state->phase = PHASE_IDLE;
	bus_time_of_day(device->bus, &state->arrival_seconds, &state->arrival_nanoseconds);
	if (original)
		disk->image = disk_image_share(((const struct disk_host *)original->host)->image);
	else
		disk->image = open_image(device, &options, error);
	if (!disk->image)
		return false;
	sectors = disk_image_sectors(disk->image);
	if (disk_image_clipped(disk->image))
		device_message(device->services, "disk: slot %u: %s: Image too large; using first 4G", slot,
			       options.file);
	if (options.sectors > 0 && options.sectors != sectors) {
		/* The figures in K are wrong by a factor of 4 in the original too. */
		device_message(device->services, "disk: slot %u: %s: Wrong configured size %u (%uK)", slot,
			       options.file, options.sectors, options.sectors * 1024 / SECTOR_SIZE);
		device_message(device->services, "disk: slot %u: %s: Using image size %u (%uK)", slot,
			       options.file, sectors, sectors * 1024 / SECTOR_SIZE);
	}
	return check_size(device, options.file, sectors, error);
}

static void free_host(struct device *device)
{
	struct disk_host *disk = device->host;

	if (disk)
		disk_image_close(disk->image);
	free(disk);
}

static struct disk_image *image(const struct device *device)
{
	const struct disk_host *disk = device->host;

	return disk ? disk->image : NULL;
}

const struct lamebus_type lamebus_disk = {
    .class = {.keyword = "disk",
	      .id = 3,
	      .revision = 2,
	      .state_size = sizeof(struct disk_state),
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .buffer = buffer,
	      .event = event,
	      .dump = dump,
	      .free = free_host},
    .registers = registers,
    .configure = configure,
    .event_name = event_name,
    .image = image,
};

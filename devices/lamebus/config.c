/* The configuration file. Section 5.1; the messages are the original's, word for word. */
#define _GNU_SOURCE
#include "devices/lamebus/lamebus_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 127
#define MAX_LINE  1023
#define PAGE_MASK 0xfffu
#define BLANKS	  " \t\r\n"

#define DEVICES                                                                                              \
	"Known devices: mainboard, oldmainboard (or busctl), timer, disk, serial, nic, emufs, trace, "       \
	"random."

static const struct lamebus_type *const types[] = {
    &lamebus_busctl, &lamebus_oldmainboard, &lamebus_mainboard, &lamebus_timer,
    &lamebus_disk,   &lamebus_serial,	    &lamebus_screen,	&lamebus_nic,
    &lamebus_emufs,  &lamebus_trace,	    &lamebus_random,
};

/* A device that can be named but not had. */

static bool screen_configure(struct device *device, const struct device *original, char **arguments,
			     struct error *error)
{
	(void)device, (void)original, (void)arguments;
	error_set(error, "Screen device not supported");
	return error_hint(error, "The original does not have it either; remove the line.");
}

const struct lamebus_type lamebus_screen = {.class = {.keyword = "screen", .id = 5, .revision = 1},
					    .configure = screen_configure};

const char *config_value(const char *argument, const char *key)
{
	size_t length = strlen(key);

	return strncmp(argument, key, length) == 0 ? argument + length : NULL;
}

bool config_size(const char *text, int64_t *size, struct error *error)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} suffixes[] = {
	    {"", 1},	    {"b", 1},	    {"s", SECTOR_SIZE}, {"k", 1 << 10}, {"K", 1 << 10},
	    {"m", 1 << 20}, {"M", 1 << 20}, {"g", 1 << 30},	{"G", 1 << 30},
	};
	char *suffix;
	long long value;

	errno = 0;
	value = strtoll(text, &suffix, 0);
	if (errno) {
		error_set(error, "%s: Invalid number", text);
		return error_hint(error, "The number is too large.");
	}
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(suffix, suffixes[i].suffix) == 0) {
			*size = (int64_t)((uint64_t)value * suffixes[i].factor);
			return true;
		}
	}
	error_set(error, "%s: Invalid size suffix %s", text, suffix);
	return error_hint(error,
			  "A size is a number with one of b (bytes), s (sectors), k, m, g, or nothing.");
}

/* The slot of a -C argument, as the original reads it: a number that stops at the first other character. */
static int override_slot(const char *override)
{
	return atoi(override);
}

static bool check_override(const char *override, struct error *error)
{
	int slot;

	if (!strchr(override, ':')) {
		error_set(error, "Invalid -C option");
		return error_hint(error, "-C takes SLOT:ARGUMENT, as in -C 31:ramsize=4M.");
	}
	slot = override_slot(override);
	if (slot < 0 || slot >= LAMEBUS_SLOTS)
		return error_set(error, "-C %s: Invalid slot number (0-31 allowed)", override);
	return true;
}

/* Reads slots as C does: 0x.., leading 0 for octal. */
static bool parse_slot(const char *word, unsigned *slot)
{
	char *end;
	long value = strtol(word, &end, 0);

	*slot = (unsigned)value;
	return *end == '\0' && value >= 0 && value < LAMEBUS_SLOTS;
}

static const struct lamebus_type *find_type(const char *keyword)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i]->class.keyword, keyword) == 0)
			return types[i];
	return NULL;
}

struct parser {
	struct bus *bus;
	const char *path;
	unsigned line;
	const char *const *overrides;
	unsigned override_count;
	bool *used; /* overrides that found their slot */
	struct error *error;
};

/* One line, already free of comments. */
static bool parse_line(struct parser *parser, char *text)
{
	struct error *error = parser->error;
	char *words[MAX_WORDS + 1], **arguments, *position = NULL;
	const struct lamebus_type *type;
	unsigned count = 0, slot;

	for (char *word = strtok_r(text, BLANKS, &position); word; word = strtok_r(NULL, BLANKS, &position)) {
		if (count == MAX_WORDS) {
			error_set(error, "config %s: line %u: Too many args", parser->path, parser->line);
			return error_hint(error, "At most %d words fit on a line.", MAX_WORDS);
		}
		words[count++] = word;
	}
	if (count == 0)
		return true;
	if (!parse_slot(words[0], &slot)) {
		error_set(error, "config %s: line %u: Invalid slot `%s' (should be 0-31)", parser->path,
			  parser->line, words[0]);
		return error_hint(error,
				  "A line is: SLOT DEVICE [ARGUMENT...], as in 31 mainboard ramsize=4M.");
	}
	if (count == 1) {
		error_set(error, "config %s: line %u: slot %u: No device", parser->path, parser->line, slot);
		return error_hint(error, "A device must follow the slot. " DEVICES);
	}
	if (parser->bus->types[slot]) {
		error_set(error, "config %s: line %u: slot %u: Already in use", parser->path, parser->line,
			  slot);
		return error_hint(error, "An earlier line put %s there.",
				  parser->bus->types[slot]->class.keyword);
	}
	type = find_type(words[1]);
	if (!type) {
		error_set(error, "config %s: line %u: slot %u: No such hardware `%s'", parser->path,
			  parser->line, slot, words[1]);
		return error_hint(error, DEVICES);
	}
	for (unsigned i = 0; i < parser->override_count; i++) {
		if (parser->used[i] || override_slot(parser->overrides[i]) != (int)slot)
			continue;
		if (count > MAX_WORDS)
			return error_set(error, "-S %s: too many args for this slot", parser->overrides[i]);
		words[count++] = strchr(parser->overrides[i], ':') + 1;
		parser->used[i] = true;
	}
	if (type->controller != (slot == LAMEBUS_CONTROLLER_SLOT)) {
		error_set(error, "config %s: line %u: slot %u: %s: Bus controller must go in slot %d",
			  parser->path, parser->line, slot, words[1], LAMEBUS_CONTROLLER_SLOT);
		return error_hint(error, type->controller ? "Move it to slot 31."
							  : "Slot 31 is the bus controller's; use another.");
	}
	arguments = calloc(count - 1, sizeof(char *));
	if (!arguments)
		abort();
	for (unsigned i = 2; i < count; i++)
		if (!(arguments[i - 2] = strdup(words[i])))
			abort();
	return bus_add_device(parser->bus, slot, type, arguments, NULL, error);
}

static bool parse_file(struct parser *parser, FILE *file)
{
	struct error *error = parser->error;
	char *text = NULL;
	size_t room = 0;
	bool good = true;

	errno = 0;
	while (good && getline(&text, &room, file) >= 0) {
		size_t length = strcspn(text, "#");

		parser->line++;
		text[length] = '\0';
		if (length > MAX_LINE) {
			error_set(error, "config %s: line %u: Line too long", parser->path, parser->line);
			good = error_hint(error, "At most %d characters are allowed.", MAX_LINE);
		} else {
			good = parse_line(parser, text);
		}
	}
	if (good && ferror(file)) {
		error_set(error, "Cannot read config file %s", parser->path);
		good = error_hint(error, "%s", strerror(errno));
	}
	free(text);
	return good;
}

static bool check_memory(const struct parser *parser)
{
	struct error *error = parser->error;
	uint32_t size = parser->bus->ram_size;

	if (size == 0) {
		error_set(error, "config %s: No system memory", parser->path);
		return error_hint(error, parser->bus->types[LAMEBUS_CONTROLLER_SLOT]
					     ? "The line of slot 31 needs ramsize=SIZE, such as 4M."
					     : "There must be a line for slot 31: 31 mainboard ramsize=4M");
	}
	if (size & PAGE_MASK) {
		error_set(error, "config %s: System memory size not page-aligned", parser->path);
		return error_hint(error, "ramsize= must be a multiple of 4096; it is %u.", size);
	}
	if (size > parser->bus->max_ram) {
		error_set(error, "config %s: System memory too large", parser->path);
		return error_hint(
		    error,
		    "ramsize= may be at most %uK here; --max-ram=SIZE allows more than the original's "
		    "16M, up to %uM.",
		    parser->bus->max_ram >> 10, LAMEBUS_MAX_RAM >> 20);
	}
	return true;
}

static bool configure(struct parser *parser)
{
	struct error *error = parser->error;
	bool good;
	FILE *file;

	for (unsigned i = 0; i < parser->override_count; i++)
		if (!check_override(parser->overrides[i], error))
			return false;
	file = fopen(parser->path, "re");
	if (!file) {
		int reason = errno;

		error_set(error, "Cannot open config file %s", parser->path);
		return error_hint(error, "%s. The configuration file is sys161.conf unless -c names another.",
				  strerror(reason));
	}
	good = parse_file(parser, file);
	fclose(file);
	if (!good)
		return false;
	for (unsigned i = 0; i < parser->override_count; i++)
		if (!parser->used[i])
			return error_set(error, "-C %s: No device in that slot", parser->overrides[i]);
	return check_memory(parser);
}

bool bus_configure(struct bus *bus, const char *path, const char *const *overrides, unsigned override_count,
		   struct error *error)
{
	struct parser parser = {
	    .bus = bus,
	    .path = path,
	    .overrides = overrides,
	    .override_count = override_count,
	    .used = calloc(override_count + 1, sizeof(bool)),
	    .error = error,
	};
	bool good;

	if (!parser.used)
		abort();
	bus_start_clock(bus);
	good = configure(&parser);
	free(parser.used);
	return good;
}

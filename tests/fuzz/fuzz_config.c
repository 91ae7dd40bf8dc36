/* Configurations: valid ones, and what people and editors do to them. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_LINES 64

static void add(struct config_text *config, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct config_text *config, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(config->bytes + config->size, CONFIG_MAX - config->size, format, arguments);
	va_end(arguments);
	if (length > 0 && config->size + (size_t)length < CONFIG_MAX)
		config->size += (size_t)length;
}

void config_generate(struct chooser *chooser, struct config_text *config)
{
	static const char *const boards[] = {"mainboard", "mainboard", "mainboard", "oldmainboard", "busctl"};
	const char *board = boards[choose(chooser, 5)];

	config->size = 0;
	if (one_in(chooser, 4))
		add(config, "# a machine\n\n");
	add(config, "0\tserial\n");
	add(config, "1 emufs dir=tree\n");
	if (one_in(chooser, 3))
		add(config, "2 disk rpm=%u sectors=8192 file=disk0 %s\n", 60 * (1 + choose(chooser, 200)),
		    one_in(chooser, 2) ? "nodoom" : "");
	if (one_in(chooser, 3))
		add(config, "3 disk file=image\n");
	add(config, "28 random seed=%u\n", choose(chooser, 1000));
	add(config, "29 timer\n30 trace # last\n");
	add(config, "31 %s ramsize=%uK%s\n", board, 64 << choose(chooser, 5),
	    board[0] != 'm' || one_in(chooser, 2) ? ""
	    : one_in(chooser, 3)		  ? " cpus=3"
						  : " cpus=2");
}

/* --- lines and words --- */

struct lines {
	char text[MAX_LINES][600];
	unsigned count;
};

static void split(const struct config_text *config, struct lines *lines)
{
	size_t at = 0;

	lines->count = 0;
	while (at < config->size && lines->count < MAX_LINES) {
		const char *end = memchr(config->bytes + at, '\n', config->size - at);
		size_t length = end ? (size_t)(end - config->bytes) - at : config->size - at;

		snprintf(lines->text[lines->count++], sizeof(lines->text[0]), "%.*s", (int)length,
			 config->bytes + at);
		at += length + 1;
	}
}

static void merge(const struct lines *lines, struct config_text *config)
{
	config->size = 0;
	for (unsigned i = 0; i < lines->count; i++)
		add(config, "%s\n", lines->text[i]);
}

static void awkward_text(struct chooser *chooser, char *text, size_t size)
{
	static const char *const texts[] = {"-1",  "08",     "0x1f", "",   "99999999999999999999",
					    "4G",  "1e3",    "0x",   "1k", "-4096",
					    "16M", "16385K", "4096", "33", "512s",
					    "3 3"};

	if (one_in(chooser, 3))
		snprintf(text, size, "%u", awkward_number(chooser));
	else
		snprintf(text, size, "%s", texts[choose(chooser, sizeof(texts) / sizeof(texts[0]))]);
}

/* Replaces a run of digits in a line by an awkward number. */
static void change_number(struct chooser *chooser, char *line, size_t size)
{
	char before[600], number[64];
	size_t start, length, found = 0;

	for (start = 0; line[start]; start++)
		if (strchr("0123456789", line[start]) &&
		    (start == 0 || !strchr("0123456789", line[start - 1])))
			found++;
	if (!found)
		return;
	found = choose(chooser, (uint32_t)found);
	for (start = 0; line[start]; start++)
		if (strchr("0123456789", line[start]) &&
		    (start == 0 || !strchr("0123456789", line[start - 1])) && found-- == 0)
			break;
	length = strspn(line + start, "0123456789");
	awkward_text(chooser, number, sizeof(number));
	snprintf(before, sizeof(before), "%s", line);
	snprintf(line, size, "%.*s%s%s", (int)start, before, number, before + start + length);
}

static void add_word(struct chooser *chooser, char *line, size_t size)
{
	static const char *const words[] = {
	    "ramsize=512K",
	    "cpus=2",
	    "cpus=32",
	    "cores=1",
	    "cores=2",
	    "file=disk0",
	    "file=image",
	    "file=none",
	    "file=",
	    "rpm=60",
	    "rpm=0",
	    "size=5M",
	    "size=1",
	    "sectors=8192",
	    "sectors=128",
	    "sectors=-1",
	    "doom",
	    "nodoom",
	    "paranoid",
	    "seed=0",
	    "seed=",
	    "dir=tree",
	    "dir=none",
	    "dir=",
	    "hwaddr=1",
	    "#",
	    "=",
	    "x=y",
	    "timer",
	    "serial",
	    "31",
	    "rpm=2147483640",
	};
	size_t length = strlen(line);

	snprintf(line + length, size - length, " %s",
		 words[choose(chooser, sizeof(words) / sizeof(words[0]))]);
}

static void change_device(struct chooser *chooser, char *line, size_t size)
{
	static const char *const devices[] = {"mainboard", "oldmainboard", "busctl", "timer",
					      "disk",	   "serial",	   "screen", "nic",
					      "emufs",	   "trace",	   "random", "lser"};
	char rest[600];
	size_t slot = strcspn(line, " \t");

	snprintf(rest, sizeof(rest), "%s", line + slot);
	size_t blank = strspn(rest, " \t"), word = strcspn(rest + blank, " \t");
	snprintf(line + slot, size - slot, " %s%s", devices[choose(chooser, 12)], rest + blank + word);
}

static void remove_word(struct chooser *chooser, char *line)
{
	size_t start = choose(chooser, (uint32_t)strlen(line) + 1);

	while (start > 0 && line[start - 1] != ' ')
		start--;
	size_t length = strcspn(line + start, " ");
	memmove(line + start, line + start + length, strlen(line + start + length) + 1);
}

static void change_line(struct chooser *chooser, struct lines *lines)
{
	unsigned at = choose(chooser, lines->count), other = choose(chooser, lines->count);
	char *line = lines->text[at];
	char kept[600];

	switch (choose(chooser, 10)) {
	case 0:
	case 1:
		change_number(chooser, line, sizeof(lines->text[0]));
		break;
	case 2:
	case 3:
		add_word(chooser, line, sizeof(lines->text[0]));
		break;
	case 4:
		remove_word(chooser, line);
		break;
	case 5:
		change_device(chooser, line, sizeof(lines->text[0]));
		break;
	case 6: /* swap two */
		memcpy(kept, line, sizeof(kept));
		memcpy(line, lines->text[other], sizeof(kept));
		memcpy(lines->text[other], kept, sizeof(kept));
		break;
	case 7: /* repeat */
		if (lines->count < MAX_LINES)
			memcpy(lines->text[lines->count++], line, sizeof(lines->text[0]));
		break;
	case 8: /* lose */
		if (lines->count > 1)
			memcpy(line, lines->text[--lines->count], sizeof(lines->text[0]));
		break;
	default: /* many words */
		for (int i = 0; i < 130; i++)
			add_word(chooser, line, sizeof(lines->text[0]));
	}
}

static void change_bytes(struct chooser *chooser, struct config_text *config)
{
	static const char bytes[] = "\0\n\r\t #=-,;\x7F\xFF"
				    "0123456789xkMG";
	size_t at = config->size ? choose(chooser, (uint32_t)config->size) : 0;
	size_t length;

	switch (choose(chooser, 4)) {
	case 0: /* one byte */
		if (config->size)
			config->bytes[at] = bytes[choose(chooser, sizeof(bytes) - 1)];
		break;
	case 1: /* cut */
		config->size = at;
		break;
	case 2: /* a long piece without an end */
		length = 1 + choose(chooser, 2000);
		if (config->size + length > CONFIG_MAX)
			break;
		memmove(config->bytes + at + length, config->bytes + at, config->size - at);
		memset(config->bytes + at, one_in(chooser, 2) ? ' ' : 'z', length);
		config->size += length;
		break;
	default: /* any byte */
		if (config->size)
			config->bytes[at] = (char)choose(chooser, 256);
	}
}

void config_mutate(struct chooser *chooser, struct config_text *config)
{
	static struct lines lines;

	for (unsigned i = 1 + choose(chooser, 3); i > 0; i--) {
		if (one_in(chooser, 5)) {
			change_bytes(chooser, config);
			continue;
		}
		split(config, &lines);
		if (lines.count)
			change_line(chooser, &lines);
		merge(&lines, config);
	}
	/* No way out of the directory the fuzzer works in. */
	for (size_t i = 0; i < config->size; i++) {
		if (config->bytes[i] == '/')
			config->bytes[i] = '_';
		if (i + 1 < config->size && config->bytes[i] == '.' && config->bytes[i + 1] == '.')
			config->bytes[i] = '_';
	}
}

#include "cli/streams.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void streams_init(struct streams *streams, const char *prefix)
{
	struct stat out, err;
	struct termios modes;

	memset(streams, 0, sizeof(*streams));
	streams->prefix = prefix;
	streams->same = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
			out.st_dev == err.st_dev && out.st_ino == err.st_ino;
	streams->carriage_return = tcgetattr(STDOUT_FILENO, &modes) == 0 && (modes.c_oflag & ONLCR);
}

void streams_console(struct streams *streams, uint8_t character)
{
	if (character == '\n' && streams->carriage_return)
		putchar('\r');
	putchar(character);
	streams->mid_line = character != '\n';
}

void streams_flush(void)
{
	fflush(stdout);
}

void streams_message(struct streams *streams, const char *format, ...)
{
	FILE *to = streams->same ? stdout : stderr;
	const char *end = streams->carriage_return ? "\r\n" : "\n";
	va_list arguments;

	if (streams->same && streams->mid_line) {
		fputs(end, to);
		streams->mid_line = false;
	}
	fprintf(to, "%s: ", streams->prefix);
	va_start(arguments, format);
	vfprintf(to, format, arguments);
	va_end(arguments);
	fputs(end, to);
	if (!streams->same)
		fflush(to);
}

void streams_finish(struct streams *streams)
{
	if (streams->mid_line) {
		putchar('\n');
		streams->mid_line = false;
	}
	fflush(stdout);
	fflush(stderr);
}

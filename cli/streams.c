#include "cli/streams.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/core/trace.h"

_Static_assert((int)STREAM_DEVICES == TRACE_DEVICES, "sources of traces own their lines by the same numbers");

void streams_init(struct streams *streams, const char *prefix)
{
	struct stat out, err;
	struct termios modes;

	memset(streams, 0, sizeof(*streams));
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a system call for a line, not for each piece of it */
	streams->prefix = prefix;
	streams->output = (struct stream){stdout, STREAM_NOBODY};
	streams->error = (struct stream){stderr, STREAM_NOBODY};
	streams->messages = &streams->error;
	if (fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 && out.st_dev == err.st_dev &&
	    out.st_ino == err.st_ino)
		streams->messages = &streams->output;
	streams->traces = streams->messages;
	streams->carriage_return = tcgetattr(STDOUT_FILENO, &modes) == 0 && (modes.c_oflag & ONLCR);
}

bool streams_trace_to(struct streams *streams, const char *path, struct error *error)
{
	if (strcmp(path, "-") == 0) {
		streams->traces = &streams->output;
		return true;
	}
	streams->file = (struct stream){fopen(path, "we"), STREAM_NOBODY};
	if (!streams->file.file)
		return error_set(error, "Cannot open tracefile %s: %s", path, strerror(errno));
	streams->traces = &streams->file;
	streams->log_console = true;
	return true;
}

bool streams_transcript_to(struct streams *streams, const char *path, struct error *error)
{
	streams->transcript = fopen(path, "we");
	if (streams->transcript)
		return true;
	error_set(error, "Cannot write the transcript to %s: %s", path, strerror(errno));
	return error_hint(error, "Give --transcript a path in a folder that can be written.");
}

static void newline(struct streams *streams, struct stream *stream)
{
	if (streams->carriage_return && stream != &streams->file)
		putc('\r', stream->file);
	putc('\n', stream->file);
}

/* Starts or goes on with somebody's line. True: it starts. */
static bool take_line(struct streams *streams, struct stream *stream, int owner)
{
	if (stream->unfinished == owner)
		return false;
	if (stream->unfinished != STREAM_NOBODY)
		newline(streams, stream);
	stream->unfinished = owner;
	return true;
}

/* As in a character constant of C, but that other control characters are two digits. */
static void log_character(struct streams *streams, uint8_t character)
{
	static const char letters[] = "abtnvfr"; /* of 7 to 13 */
	FILE *file = streams->file.file;

	take_line(streams, &streams->file, STREAM_CONSOLE);
	fputs("console: `", file);
	if (character >= 7 && character <= 13)
		fprintf(file, "\\%c", letters[character - 7]);
	else if (character < 32 || (character >= 127 && character < 160) || character == 255)
		fprintf(file, "\\%02x", character);
	else
		putc(character, file);
	fprintf(file, "' (%u / 0x%x)\n", character, character);
	streams->file.unfinished = STREAM_NOBODY;
}

void streams_console(struct streams *streams, uint8_t character)
{
	struct stream *stream = &streams->output;

	take_line(streams, stream, STREAM_CONSOLE);
	if (character == '\n' && streams->carriage_return)
		putc('\r', stream->file);
	putc(character, stream->file);
	if (character == '\n')
		stream->unfinished = STREAM_NOBODY;
	if (streams->log_console)
		log_character(streams, character);
	if (streams->transcript)
		putc(character, streams->transcript);
}

void streams_flush(const struct streams *streams)
{
	fflush(stdout);
	if (streams->transcript)
		fflush(streams->transcript);
}

void streams_message(struct streams *streams, const char *format, ...)
{
	struct stream *stream = streams->messages;
	va_list arguments;

	if (stream->unfinished != STREAM_NOBODY)
		newline(streams, stream);
	stream->unfinished = STREAM_NOBODY;
	fprintf(stream->file, "%s: ", streams->prefix);
	va_start(arguments, format);
	vfprintf(stream->file, format, arguments);
	va_end(arguments);
	newline(streams, stream);
	fflush(stream->file);
}

void streams_trace(struct streams *streams, int source, const char *text)
{
	struct stream *stream = streams->traces;
	size_t length = strlen(text);

	if (length == 0)
		return;
	if (take_line(streams, stream, source)) {
		if (source == TRACE_DEVICES)
			fputs("trace: -- ", stream->file);
		else
			fprintf(stream->file, "trace: %02x ", (unsigned)source);
	}
	bool ends = text[length - 1] == '\n';
	fwrite(text, 1, length - ends, stream->file);
	if (ends) {
		newline(streams, stream);
		stream->unfinished = STREAM_NOBODY;
	}
}

static void finish(struct streams *streams, struct stream *stream)
{
	if (!stream->file)
		return;
	if (stream->unfinished != STREAM_NOBODY)
		newline(streams, stream);
	stream->unfinished = STREAM_NOBODY;
	fflush(stream->file);
}

void streams_finish(struct streams *streams)
{
	finish(streams, &streams->output);
	finish(streams, &streams->error);
	finish(streams, &streams->file);
	if (streams->transcript)
		fflush(streams->transcript);
}

/* The program's output as the original has it (System/161 reference, section 5.4): the machine's console on standard
 * output, messages on standard error with a prefix, traces beside the messages or in a file of their own. Where two
 * kinds of output are one file they share a stream, and a newline separates a line from an unfinished one of another
 * kind. The process has one of these. */
#ifndef JIT161_CLI_STREAMS_H
#define JIT161_CLI_STREAMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct error;

/* One output file. */
struct stream {
	FILE *file;
	int unfinished; /* whose line is: STREAM_NOBODY, STREAM_CONSOLE, STREAM_DEVICES or a processor's number */
};

enum {
	STREAM_NOBODY = -3,
	STREAM_CONSOLE = -2,
	STREAM_DEVICES = -1, /* as TRACE_DEVICES */
};

struct streams {
	struct stream output, error, file;
	struct stream *messages, *traces; /* one of the three above */
	FILE *transcript;		  /* a copy of what the guest writes, or NULL */
	bool carriage_return;		  /* standard output is a terminal that wants CR before LF */
	bool log_console;		  /* the trace file gets the console's characters too */
	const char *prefix;		  /* of messages */
};

void streams_init(struct streams *streams, const char *prefix);
/* Sends traces to a file, "-" for standard output (option -f). */
bool streams_trace_to(struct streams *streams, const char *path, struct error *error);
/* Copies the console's output to a file, byte for byte (option --transcript). */
bool streams_transcript_to(struct streams *streams, const char *path, struct error *error);
void streams_console(struct streams *streams, uint8_t character);
/* Console output is kept until this, a message, or the end. */
void streams_flush(const struct streams *streams);
void streams_message(struct streams *streams, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A piece of a trace: see struct trace (runtime/core/trace.h). */
void streams_trace(struct streams *streams, int source, const char *text);
void streams_finish(struct streams *streams);

#endif

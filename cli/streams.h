/* The program's two output streams as the original has them: machine console on standard output, messages on
 * standard error with a prefix; when both are the same file, a newline separates a message from an unfinished
 * console line (System/161 reference, section 5.4). The process has one of these. */
#ifndef JIT161_CLI_STREAMS_H
#define JIT161_CLI_STREAMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct streams {
	bool same;	      /* standard output and error are one file */
	bool carriage_return; /* standard output is a terminal that wants CR before LF */
	bool mid_line;	      /* the console line is unfinished */
	const char *prefix;   /* of messages */
};

void streams_init(struct streams *streams, const char *prefix);
void streams_console(struct streams *streams, uint8_t character);
/* Console output is kept until this, a message, or the end. */
void streams_flush(void);
void streams_message(struct streams *streams, const char *format, ...) __attribute__((format(printf, 2, 3)));
void streams_finish(struct streams *streams);

#endif

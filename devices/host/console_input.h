/* The keyboard: characters from a terminal (or, where asked for, any file) on a file descriptor. A terminal
 * is read only while the process is in its foreground process group, and is switched to single characters
 * without echo meanwhile. Its mode is restored by console_input_close, on ^Z and on fatal signals. System/161
 * reference, section 3.3.
 *
 * The mode of a terminal belongs to the process, so one terminal can be open at a time. */
#ifndef JIT161_DEVICES_HOST_CONSOLE_INPUT_H
#define JIT161_DEVICES_HOST_CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct console_input;

struct console_input_options {
	int input;		/* file descriptor, normally STDIN_FILENO; not closed */
	int output;		/* where the bell would sound, normally STDOUT_FILENO */
	bool signals_to_guest;	/* ^C, ^Z and ^\ are characters */
	bool not_only_terminal; /* also read pipes and files, which the original leaves alone */
};

enum console_result {
	CONSOLE_NOTHING,
	CONSOLE_CHARACTER,
	CONSOLE_END, /* the input has ended; reported once */
};

struct console_input *console_input_open(const struct console_input_options *options);
void console_input_close(struct console_input *console);
/* From now on console_input_wait also ends when this descriptor is readable. CONSOLE_WAKES of them at most; none if negative. */
#define CONSOLE_WAKES 2
void console_input_wake_by(struct console_input *console, int descriptor);

/* Takes one character without waiting. */
enum console_result console_input_read(struct console_input *console, uint8_t *character);
/* Whether characters can still come. */
bool console_input_live(const struct console_input *console);
/* Waits at most `timeout` ns, possibly less, until there is something to read. True: there is. */
bool console_input_wait(struct console_input *console, uint64_t timeout);
/* Adds what there is to wait for otherwise. */
struct host_wait;
void console_input_add_waits(struct console_input *console, struct host_wait *wait);
/* Whether the output is a terminal, which has a bell. */
bool console_input_bell(const struct console_input *console);

#endif

#define _GNU_SOURCE
#include "devices/host/console_input.h"

#include "devices/host/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct console_input {
	int input, output;
	bool terminal; /* owns the process's terminal, below */
	bool readable; /* a pipe or file that may be read */
	bool ended;
	bool signals_to_guest;
	int wakes[CONSOLE_WAKES];
	unsigned wake_count;
};

/* What signal handlers need: they cannot be given an argument. The mode of the terminal is a property of the
 * process. */
static struct {
	volatile sig_atomic_t owned;  /* some console_input has the terminal */
	volatile sig_atomic_t active; /* our mode is set */
	volatile sig_atomic_t look;   /* continued: see whether we are in the foreground now */
	int descriptor;
	struct termios saved;
} terminal;

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGTERM};

#define FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/* The three functions below are called from signal handlers too. */

static void deactivate(void)
{
	if (terminal.active) {
		terminal.active = false;
		tcsetattr(terminal.descriptor, TCSADRAIN, &terminal.saved);
	}
}

static void on_fatal(int number)
{
	int error = errno;

	deactivate();
	signal(number, SIG_DFL);
	raise(number);
	errno = error;
}

static void on_stop(int number)
{
	int error = errno;

	(void)number;
	deactivate();
	raise(SIGSTOP);
	errno = error;
}

static void on_continue(int number)
{
	(void)number;
	terminal.look = true;
}

/* Takes over signals that nobody has given another meaning. */
static void handle(int number, void (*handler)(int))
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
		return;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	sigaction(number, &action, NULL);
}

static void unhandle(int number, void (*handler)(int))
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) == 0 && action.sa_handler == handler)
		signal(number, SIG_DFL);
}

/* Sets our mode if the process is in the foreground and it is not set yet. */
static void activate(struct console_input *console)
{
	struct termios mode;

	if (terminal.active || tcgetpgrp(console->input) != getpgrp() ||
	    tcgetattr(console->input, &terminal.saved) < 0)
		return;
	mode = terminal.saved;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | NOFLSH | ISIG);
	if (!console->signals_to_guest)
		mode.c_lflag |= ISIG;
	mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR);
	mode.c_cflag |= CREAD;
	mode.c_cc[VTIME] = 0;
	mode.c_cc[VMIN] = 0;
	terminal.descriptor = console->input;
	if (tcsetattr(console->input, TCSADRAIN, &mode) == 0)
		terminal.active = true;
}

struct console_input *console_input_open(const struct console_input_options *options)
{
	struct console_input *console = calloc(1, sizeof(*console));

	if (!console)
		abort();
	console->input = options->input;
	console->output = options->output;
	console->signals_to_guest = options->signals_to_guest;
	if (isatty(options->input)) {
		if (terminal.owned)
			return console;
		terminal.owned = true;
		terminal.look = false;
		console->terminal = true;
		activate(console);
		for (size_t i = 0; i < FATAL_SIGNALS; i++)
			handle(fatal_signals[i], on_fatal);
		handle(SIGTSTP, on_stop);
		handle(SIGCONT, on_continue);
	} else {
		console->readable = options->not_only_terminal && fcntl(options->input, F_GETFD) >= 0;
	}
	return console;
}

void console_input_close(struct console_input *console)
{
	if (!console)
		return;
	if (console->terminal) {
		for (size_t i = 0; i < FATAL_SIGNALS; i++)
			unhandle(fatal_signals[i], on_fatal);
		unhandle(SIGTSTP, on_stop);
		unhandle(SIGCONT, on_continue);
		deactivate();
		terminal.owned = false;
	}
	free(console);
}

void console_input_wake_by(struct console_input *console, int descriptor)
{
	if (console->wake_count < CONSOLE_WAKES)
		console->wakes[console->wake_count++] = descriptor;
}

/* Whether reading is allowed at the moment. */
static bool may_read(struct console_input *console)
{
	if (console->ended)
		return false;
	if (!console->terminal)
		return console->readable;
	if (terminal.look) {
		terminal.look = false;
		activate(console);
	}
	return terminal.active;
}

/* Reads what is there. ^Z could come between looking and reading: then reading would wait for a line, or take the end of
 * somebody else's for the end of input. So it is held off meanwhile. */
static ssize_t read_terminal(struct console_input *console, uint8_t *character)
{
	struct pollfd input = {.fd = console->input, .events = POLLIN};
	sigset_t held, before;
	ssize_t count = -1;

	sigemptyset(&held);
	sigaddset(&held, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &held, &before);
	errno = EAGAIN;
	if (terminal.active && !terminal.look && poll(&input, 1, 0) > 0) {
		count = read(console->input, character, 1);
		if (count == 0 && !(input.revents & (POLLHUP | POLLERR))) {
			count = -1; /* another process was faster */
			errno = EAGAIN;
		}
	}
	int reason = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = reason;
	return count;
}

enum console_result console_input_read(struct console_input *console, uint8_t *character)
{
	struct pollfd input = {.fd = console->input, .events = POLLIN};
	ssize_t count;

	if (!may_read(console) || poll(&input, 1, 0) <= 0)
		return CONSOLE_NOTHING;
	count = console->terminal ? read_terminal(console, character) : read(console->input, character, 1);
	if (count == 1)
		return CONSOLE_CHARACTER;
	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return CONSOLE_NOTHING;
	console->ended = true;
	return CONSOLE_END;
}

bool console_input_live(const struct console_input *console)
{
	return !console->ended && (console->terminal || console->readable);
}

void console_input_add_waits(struct console_input *console, struct host_wait *wait)
{
	if (console_input_live(console) && may_read(console))
		host_wait_add(wait, console->input);
	for (unsigned i = 0; i < console->wake_count; i++)
		host_wait_add(wait, console->wakes[i]);
}

bool console_input_wait(struct console_input *console, uint64_t timeout)
{
	struct host_wait wait = {.count = 0};

	if (!console_input_live(console))
		return false;
	console_input_add_waits(console, &wait);
	return host_wait(&wait, timeout);
}

bool console_input_bell(const struct console_input *console)
{
	return isatty(console->output);
}

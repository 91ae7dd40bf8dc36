#define _GNU_SOURCE
/* The keyboard on a terminal. System/161 reference, section 3.3. */
#include "fake_machine.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

/* Runs `child` with a terminal of its own and types `text` there once it has said "r". Returns its status. */
static int on_terminal(int (*child)(void), const char *text, char *mode_restored)
{
	struct termios before, after;
	char byte = 0;
	int master, slave, status;
	pid_t pid;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &before);
	pid = fork();
	if (pid == 0) {
		login_tty(slave);
		_exit(child());
	}
	while (byte != 'r')
		assert_int_equal(read(master, &byte, 1), 1);
	assert_int_equal(write(master, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	tcgetattr(slave, &after);
	*mode_restored = before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag;
	close(master);
	close(slave);
	return status;
}

static struct console_input *open_console(bool signals_to_guest)
{
	struct console_input_options options = {
	    .input = 0, .output = 1, .signals_to_guest = signals_to_guest};

	return console_input_open(&options);
}

/* Exit status 0 if "a", Enter, ^C come as single characters. */
static int read_three(void)
{
	struct console_input *console = open_console(true);
	struct termios mode;
	uint8_t got[3], character;
	int count = 0;

	tcgetattr(0, &mode);
	if (mode.c_lflag & (ICANON | ECHO | ISIG) || !console_input_live(console) ||
	    !console_input_bell(console))
		return 10;
	if (console_input_read(console, &character) != CONSOLE_NOTHING)
		return 11;
	if (write(1, "r", 1) != 1)
		return 12;
	while (count < 3) {
		console_input_wait(console, 1000000000);
		if (console_input_read(console, &character) == CONSOLE_CHARACTER)
			got[count++] = character;
	}
	console_input_close(console);
	return memcmp(got, "a\r\3", 3) == 0 ? 0 : 13;
}

static int wait_for_interrupt(void)
{
	open_console(false);
	if (write(1, "r", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static int in_background(void)
{
	struct console_input *console;
	struct termios mode;
	uint8_t character;
	int result;

	signal(SIGTTOU, SIG_IGN);
	setpgid(0, 0);
	tcsetpgrp(0, getppid()); /* fails, and the foreground group stays another: */
	if (fork() == 0) {
		setpgid(0, 0);
		console = open_console(true);
		tcgetattr(0, &mode);
		_exit(mode.c_lflag & ICANON && console_input_read(console, &character) == CONSOLE_NOTHING
			  ? 0
			  : 1);
	}
	wait(&result);
	if (write(1, "r", 1) != 1)
		return 1;
	return WEXITSTATUS(result);
}

static void terminal(void **state)
{
	char restored;

	(void)state;
	assert_int_equal(on_terminal(read_three, "a\r\3", &restored), 0);
	assert_true(restored);
}

static void interrupt(void **state)
{
	char restored;
	int status = on_terminal(wait_for_interrupt, "\3", &restored);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(restored);
}

static void background(void **state)
{
	char restored;

	(void)state;
	assert_int_equal(on_terminal(in_background, "x", &restored), 0);
}

static void no_terminal(void **state)
{
	struct console_input_options options = {.output = 1};
	struct console_input *console;
	uint8_t character;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	options.input = pipes[0];
	console = console_input_open(&options); /* left alone, as by the original */
	assert_false(console_input_live(console));
	assert_int_equal(console_input_read(console, &character), CONSOLE_NOTHING);
	console_input_close(console);
	options.not_only_terminal = true;
	console = console_input_open(&options);
	assert_true(console_input_wait(console, 0));
	assert_int_equal(console_input_read(console, &character), CONSOLE_CHARACTER);
	assert_int_equal(character, 'x');
	assert_int_equal(console_input_read(console, &character), CONSOLE_NOTHING);
	close(pipes[1]);
	assert_int_equal(console_input_read(console, &character), CONSOLE_END);
	assert_int_equal(console_input_read(console, &character), CONSOLE_NOTHING);
	assert_false(console_input_live(console));
	console_input_close(console);
	close(pipes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terminal),
	    cmocka_unit_test(interrupt),
	    cmocka_unit_test(background),
	    cmocka_unit_test(no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

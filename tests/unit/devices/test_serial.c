/* Serial console, with its input from a pipe. System/161 reference, section 3.3. */
#include "fake_machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHAR 0
#define WIRQ 4
#define RIRQ 8

#define CHARACTER_NS 20833

struct serial_test {
	struct fake_machine *machine;
	struct console_input *console;
	int pipe[2];
};

static struct serial_test start(void)
{
	struct serial_test test = {.machine = machine_new()};
	struct console_input_options options = {.not_only_terminal = true};

	assert_int_equal(pipe(test.pipe), 0);
	options.input = test.pipe[0];
	options.output = test.pipe[1];
	test.console = console_input_open(&options);
	machine_build(test.machine, "3 serial\n31 mainboard ramsize=4096\n");
	bus_set_console(test.machine->bus, test.console);
	return test;
}

static void finish(struct serial_test *test)
{
	machine_free(test->machine);
	console_input_close(test->console);
	close(test->pipe[0]);
	if (test->pipe[1] >= 0)
		close(test->pipe[1]);
}

static bool wait_for_input(struct fake_machine *machine, uint64_t timeout)
{
	struct host_wait wait = {.count = 0};

	bus_add_waits(machine->bus, &wait);
	return host_wait(&wait, timeout);
}

static void type(struct serial_test *test, const char *text)
{
	assert_int_equal(write(test->pipe[1], text, strlen(text)), (ssize_t)strlen(text));
}

static void output(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	machine_store(machine, SLOT(3) + WIRQ, 1);
	machine_store(machine, SLOT(3) + CHAR, 'a' + 256);
	machine_store(machine, SLOT(3) + CHAR, 'b'); /* busy: lost */
	assert_int_equal(machine->events.count, 1);
	assert_in_range(machine->events.events[0].due, START_NS + CHARACTER_NS,
			START_NS + CHARACTER_NS + 209);
	assert_false(machine->line[0]);
	machine_step(machine);
	assert_true(machine->line[0]);
	assert_int_equal(machine_load(machine, SLOT(3) + WIRQ), 3);
	machine_store(machine, SLOT(3) + CHAR, 'c'); /* READY stays */
	assert_true(machine->line[0]);
	machine_store(machine, SLOT(3) + WIRQ, 1);
	assert_false(machine->line[0]);
	machine_store(machine, SLOT(3) + WIRQ, 0xfffffff8);
	assert_int_equal(machine_load(machine, SLOT(3) + WIRQ), 0);
	machine_step(machine);
	machine_store(machine, SLOT(3) + CHAR, 'd');
	assert_memory_equal(machine->console, "acd", 4);
	assert_int_equal(machine->statistics.console_writes, 3);
	finish(&test);
}

static void input(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	assert_true(bus_has_live_input(machine->bus));
	assert_false(wait_for_input(machine, 1000));
	machine_store(machine, SLOT(3) + RIRQ, 1);
	type(&test, "x\ayz");
	assert_true(wait_for_input(machine, 1000000000));
	bus_poll(machine->bus);
	assert_true(machine->line[0]); /* at once */
	bus_poll(machine->bus);	       /* ^G is no input, but calls the debugger */
	assert_int_equal(machine->keys, 1);
	bus_poll(machine->bus);
	bus_poll(machine->bus);
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'x');
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'x');
	assert_int_equal(machine->statistics.console_reads, 2);
	machine_step(machine);
	assert_int_equal(machine_load(machine, SLOT(3) + RIRQ), 3);
	/* Unread and READY still set: z is put off. */
	machine_step(machine);
	machine_step(machine);
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'y');
	machine_step(machine);
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'z');
	assert_non_null(
	    strstr(machine->messages, "Held up to 2 input characters while kernel unresponsive\n"));
	machine_step(machine); /* the line is quiet again */
	assert_false(machine_step(machine));
	close(test.pipe[1]);
	test.pipe[1] = -1;
	bus_poll(machine->bus);
	assert_false(bus_has_live_input(machine->bus));
	finish(&test);
}

static void ready_cleared_unread(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	type(&test, "ab");
	bus_poll(machine->bus);
	bus_poll(machine->bus);
	machine_store(machine, SLOT(3) + RIRQ, 1);
	machine_step(machine);
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'b');
	finish(&test);
}

static void unresponsive(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	type(&test, "ab");
	bus_poll(machine->bus);
	bus_poll(machine->bus);
	for (int i = 0; i < 47999; i++)
		machine_step(machine);
	assert_string_equal(machine->messages, "");
	machine_step(machine);
	assert_string_equal(machine->messages, "Kernel not responding; console input suspended\n");
	machine_load(machine, SLOT(3) + CHAR);
	machine_step(machine);
	assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'b');
	assert_non_null(strstr(machine->messages, "Held up to 48000 input"));
	finish(&test);
}

/* What is typed at a guest that does not read waits for one delivery after the other. */
static void typed_ahead(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	type(&test, "a");
	bus_poll(machine->bus);
	machine_step(machine);
	for (const char *at = "bcd"; *at; at++) { /* the receiver is quiet at first */
		type(&test, (char[]){*at, '\0'});
		bus_poll(machine->bus);
		machine_step(machine);
	}
	for (const char *at = "abcd"; *at; at++) {
		assert_int_equal(machine_load(machine, SLOT(3) + CHAR), *at);
		for (int i = 0; i < 4; i++)
			machine_step(machine);
	}
	assert_false(machine_step(machine));
	finish(&test);
}

/* The guest's buffer is full: what it has no room for waits outside, and nobody waits for it. */
static void full(void **state)
{
	struct serial_test test = start();
	struct fake_machine *machine = test.machine;

	(void)state;
	for (int i = 0; i < 520; i++) {
		char text[2] = {(char)('a' + i % 26), '\0'};

		type(&test, text);
		bus_poll(machine->bus);
	}
	assert_false(wait_for_input(machine, 0));
	for (int i = 0; i < 520; i++) {
		assert_int_equal(machine_load(machine, SLOT(3) + CHAR), 'a' + i % 26);
		machine_step(machine);
		bus_poll(machine->bus);
	}
	assert_string_equal(machine->messages, "");
	assert_false(machine_step(machine));
	type(&test, "x");
	assert_true(wait_for_input(machine, 0));
	finish(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output),	    cmocka_unit_test(input), cmocka_unit_test(ready_cleared_unread),
	    cmocka_unit_test(unresponsive), cmocka_unit_test(full),  cmocka_unit_test(typed_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

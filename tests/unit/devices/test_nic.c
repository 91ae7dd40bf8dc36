/* Network card. System/161 reference, section 3.5. */
#define _GNU_SOURCE
#include "fake_machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/host/frame.h"

#define RINTR	 SLOT(3)
#define WINTR	 (SLOT(3) + 4)
#define CTL	 (SLOT(3) + 8)
#define STATUS	 (SLOT(3) + 0xc)
#define RECEIVE	 (SLOT(3) + 0x8000)
#define TRANSMIT (SLOT(3) + 0x9000)
#define US	 5u

/* A machine with a card, and this test as its hub; in the machine's folder, which becomes the current one. */
struct nic_test {
	struct fake_machine *machine;
	int hub;
	struct sockaddr_un card; /* where the card listens; known after its first keep-alive */
};

static long take(struct nic_test *test, uint8_t *frame)
{
	socklen_t size = sizeof(test->card);

	return recvfrom(test->hub, frame, 65536, MSG_DONTWAIT, (struct sockaddr *)&test->card, &size);
}

static struct nic_test start(bool with_hub)
{
	struct nic_test test = {.machine = machine_new(), .hub = -1};
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hub"};
	static uint8_t frame[65536];

	assert_int_equal(chdir(test.machine->directory), 0);
	test.machine->trace.flags = TRACE_NET;
	if (with_hub) {
		test.hub = socket(AF_UNIX, SOCK_DGRAM, 0);
		assert_int_equal(bind(test.hub, (struct sockaddr *)&address, sizeof(address)), 0);
	}
	machine_build(test.machine, "3 nic hwaddr=5 hub=hub\n31 mainboard ramsize=4096\n");
	if (with_hub) {
		assert_int_equal(take(&test, frame), FRAME_HEADER);
		assert_memory_equal(frame, "\xa4\xb3\x00\x05\x00\x08\x00\x00", FRAME_HEADER);
	}
	return test;
}

static void finish(struct nic_test *test)
{
	if (test->hub >= 0)
		close(test->hub);
	assert_int_equal(chdir("/"), 0);
	machine_free(test->machine);
}

/* What the card traced since the last call. */
static const char *traced(struct nic_test *test)
{
	static char text[65536];

	snprintf(text, sizeof(text), "%s", test->machine->traced);
	test->machine->traced[0] = '\0';
	return text;
}

static void send_bytes(struct nic_test *test, const void *bytes, size_t size)
{
	assert_int_equal(
	    sendto(test->hub, bytes, size, 0, (struct sockaddr *)&test->card, sizeof(test->card)), size);
	bus_poll(test->machine->bus);
}

static void send_frame(struct nic_test *test, uint32_t magic, uint32_t destination, uint32_t length,
		       size_t size)
{
	static uint8_t frame[65536];

	memset(frame, 'x', sizeof(frame));
	frame_store(frame, FRAME_FIELD_MAGIC, magic);
	frame_store(frame, FRAME_FIELD_SOURCE, 7);
	frame_store(frame, FRAME_FIELD_LENGTH, length);
	frame_store(frame, FRAME_FIELD_DESTINATION, destination);
	send_bytes(test, frame, size);
}

static void sending(void **state)
{
	struct nic_test test = start(true);
	struct fake_machine *machine = test.machine;
	static uint8_t frame[65536];

	(void)state;
	assert_int_equal(machine_load(machine, STATUS), US);
	assert_true(machine_store_fails(machine, STATUS));
	assert_string_equal(machine->messages, "nic: slot 3: carrier detected\n");
	machine_store(machine, TRANSMIT + 4, 12u << 16 | 9);
	machine_store(machine, TRANSMIT + 8, 0x61626364);
	machine_store(machine, CTL, 3);
	assert_int_equal(machine_load(machine, CTL), 3);
	machine_store(machine, CTL, 1); /* cannot be called off */
	assert_int_equal(machine_load(machine, CTL), 3);
	assert_int_equal(take(&test, frame), -1);
	machine_step(machine);
	assert_int_equal(machine_load(machine, CTL), 1);
	assert_int_equal(machine_load(machine, WINTR), 1);
	assert_true(machine->line[0]);
	assert_int_equal(take(&test, frame), 12);
	assert_memory_equal(frame,
			    "\xa4\xb3\x00\x05\x00\x0c\x00\x09"
			    "abcd",
			    12);
	assert_int_equal(machine_load(machine, TRANSMIT), FRAME_MAGIC << 16 | US);
	assert_int_equal(machine->statistics.net_writes, 1);
	machine_store(machine, WINTR, 0);
	assert_false(machine->line[0]);
	machine_step(machine); /* the next event is the keep-alive */
	assert_int_equal(take(&test, frame), FRAME_HEADER);
	finish(&test);
}

static void errors_of_the_guest(void **state)
{
	struct nic_test test = start(false);
	struct fake_machine *machine = test.machine;

	(void)state;
	assert_string_equal(machine->messages, "");
	assert_non_null(
	    strstr(machine->traced, "nic: slot 3: keepalive rejected: No such file or directory\n"));
	machine_store(machine, RINTR, 2);
	machine_store(machine, WINTR, 3);
	machine_store(machine, CTL, 4);
	machine_store(machine, CTL, 2);
	machine_store(machine, CTL, 2);
	machine_store(machine, TRANSMIT + 4, 4097u << 16);
	machine_step(machine);
	assert_string_equal(machine->hangs, "Illegal network interrupt register write\n"
					    "Illegal network interrupt register write\n"
					    "Illegal network control register write\n"
					    "Network packet send started while send already in progress\n"
					    "Packet size too long\n");
	assert_int_equal(machine_load(machine, WINTR), 0); /* completes without */
	assert_int_equal(machine_load(machine, CTL), 0);
	machine_store(machine, TRANSMIT + 4, 8u << 16);
	machine_store(machine, CTL, 2);
	machine_step(machine);
	assert_int_equal(machine_load(machine, WINTR), 1); /* though nobody was there */
	assert_string_equal(machine->messages, "nic: slot 3: sendto: No such file or directory\n");
	machine_store(machine, WINTR, 0);
	machine_store(machine, RINTR, 1); /* software can */
	assert_true(machine->line[0]);
	finish(&test);
}

static void receiving(void **state)
{
	struct nic_test test = start(true);
	struct fake_machine *machine = test.machine;

	(void)state;
	traced(&test);
	send_bytes(&test, "1234567", 7);
	assert_string_equal(traced(&test), "nic: slot 3: runt packet\n");
	send_frame(&test, 0x1234, US, 20, 20);
	assert_string_equal(traced(&test), "nic: slot 3: framing error\n");
	send_frame(&test, FRAME_MAGIC, 6, 20, 20);
	assert_string_equal(traced(&test), "nic: slot 3: packet not for us\n");
	send_frame(&test, FRAME_MAGIC, US, 21, 20);
	assert_string_equal(traced(&test), "nic: slot 3: truncated packet\n");
	send_frame(&test, FRAME_MAGIC, US, 19, 20);
	assert_string_equal(traced(&test), "nic: slot 3: garbage on end of packet\n");
	send_frame(&test, FRAME_MAGIC, US, 4097, 4097);
	assert_string_equal(traced(&test), "nic: slot 3: truncated packet\n");
	assert_int_equal(machine_load(machine, RINTR), 0);
	assert_false(machine->line[0]);
	assert_int_equal(machine_load(machine, RECEIVE + 4092), 0x78787878); /* read, though no good */

	send_frame(&test, FRAME_MAGIC, FRAME_BROADCAST, 4096, 4096);
	assert_string_equal(traced(&test), "nic: slot 3: packet received\n");
	assert_int_equal(machine_load(machine, RINTR), 1);
	assert_true(machine->line[0]);
	assert_int_equal(machine_load(machine, RECEIVE + 4), 4096u << 16 | FRAME_BROADCAST);
	/* While that has not been acknowledged, only headers are looked at, and nothing reaches the buffer. */
	send_frame(&test, FRAME_MAGIC, US, 20, 20);
	assert_string_equal(traced(&test), "nic: slot 3: truncated packet\n");
	send_frame(&test, FRAME_MAGIC, US, 8, 8);
	assert_string_equal(traced(&test), "nic: slot 3: overrun\n");
	assert_int_equal(machine_load(machine, RECEIVE + 4), 4096u << 16 | FRAME_BROADCAST);
	machine_store(machine, RINTR, 0);
	machine_store(machine, CTL, 1);
	send_frame(&test, FRAME_MAGIC, 6, 8, 8);
	assert_string_equal(traced(&test), "nic: slot 3: packet received\n");
	assert_int_equal(machine->statistics.net_reads, 2);
	/* One frame a poll. */
	machine_store(machine, RINTR, 0);
	send_frame(&test, FRAME_MAGIC, US, 8, 8);
	machine_store(machine, RINTR, 0);
	bus_poll(machine->bus);
	assert_int_equal(machine_load(machine, RINTR), 0);
	finish(&test);
}

/* A second machine gets the frames from the log, sees the same, and has nothing to do with the hub. */
static void replaying(void **state)
{
	struct nic_test test = start(true);
	struct fake_machine *machine = test.machine, *second = machine_new();
	static uint8_t frame[65536];
	char where[256];

	(void)state;
	input_log_free(second->inputs.log);
	second->inputs = (struct input_gate){.log = machine->inputs.log, .replay = true};
	second->bus =
	    (bus_free(second->bus), bus_new_replica(machine->bus, &second->services, &second->error));
	assert_non_null(second->bus);
	assert_int_equal(take(&test, frame), -1);
	machine->events.now += 1000;
	send_frame(&test, FRAME_MAGIC, US, 12, 12);
	send_frame(&test, FRAME_MAGIC, US, 8, 8);
	assert_false(bus_states_equal(machine->bus, second->bus, where, sizeof(where)));
	bus_poll(second->bus); /* it is too early */
	assert_int_equal(machine_load(second, RINTR), 0);
	second->events.now = machine->events.now;
	bus_poll(second->bus);
	bus_poll(second->bus);
	if (!bus_states_equal(machine->bus, second->bus, where, sizeof(where)))
		fail_msg("%s", where);
	assert_false(second->inputs.diverged);
	assert_int_equal(second->inputs.position, input_log_end(machine->inputs.log));
	machine_free(second);
	finish(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sending),
	    cmocka_unit_test(errors_of_the_guest),
	    cmocka_unit_test(receiving),
	    cmocka_unit_test(replaying),
	};
	return cmocka_run_group_tests_name("nic", tests, NULL, NULL);
}

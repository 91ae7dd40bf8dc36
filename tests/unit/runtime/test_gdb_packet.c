/* The framing of the gdb remote protocol: what goes in whole, in pieces, damaged, and what comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/vm/gdb_packet.h"

struct fixture {
	struct gdb_link link;
	char out[4 * GDB_MAX_PACKET];
	size_t size;
};

static void keep(void *context, const void *bytes, size_t size)
{
	struct fixture *fixture = context;

	assert_true(fixture->size + size <= sizeof(fixture->out));
	memcpy(fixture->out + fixture->size, bytes, size);
	fixture->size += size;
}

static struct fixture *start(void)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct gdb_output output = {.context = fixture, .write = keep};

	assert_non_null(fixture);
	gdb_link_init(&fixture->link, &output);
	return fixture;
}

static void take_all(struct fixture *fixture, const char *bytes, size_t size, enum gdb_event expected)
{
	enum gdb_event event = GDB_NOTHING;
	size_t taken = gdb_link_take(&fixture->link, bytes, size, &event);

	assert_int_equal(event, expected);
	assert_int_equal(taken, size);
}

static void take(struct fixture *fixture, const char *text, enum gdb_event expected)
{
	take_all(fixture, text, strlen(text), expected);
}

static void assert_data(const struct fixture *fixture, const char *bytes, size_t size)
{
	assert_int_equal(fixture->link.size, size);
	assert_memory_equal(fixture->link.data, bytes, size);
	assert_int_equal(fixture->link.data[size], '\0');
}

static void assert_out(struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture->size, strlen(text));
	assert_memory_equal(fixture->out, text, fixture->size);
	fixture->size = 0;
}

static void whole_packets(void **state)
{
	struct fixture *fixture = start();

	(void)state;
	take(fixture, "$g#67", GDB_PACKET);
	assert_data(fixture, "g", 1);
	assert_out(fixture, "+");
	take(fixture, "$#00", GDB_PACKET);
	assert_data(fixture, "", 0);
	take(fixture, "$m0,4#FD", GDB_PACKET); /* capitals, too */
	assert_data(fixture, "m0,4", 4);
	free(fixture);
}

static void packets_in_pieces(void **state)
{
	struct fixture *fixture = start();
	static const char bytes[] = "+$vCont;c#a8";

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) - 2; i++)
		take_all(fixture, bytes + i, 1, GDB_NOTHING);
	assert_out(fixture, "");
	take(fixture, "8", GDB_PACKET);
	assert_data(fixture, "vCont;c", 7);
	assert_out(fixture, "+");
	free(fixture);
}

static void one_event_at_a_time(void **state)
{
	struct fixture *fixture = start();
	static const char bytes[] = "$g#67\x03$?#3f";
	enum gdb_event event;

	(void)state;
	assert_int_equal(gdb_link_take(&fixture->link, bytes, 11, &event), 5);
	assert_int_equal(event, GDB_PACKET);
	assert_int_equal(gdb_link_take(&fixture->link, bytes + 5, 6, &event), 1);
	assert_int_equal(event, GDB_BREAK);
	take_all(fixture, bytes + 6, 5, GDB_PACKET);
	assert_data(fixture, "?", 1);
	free(fixture);
}

static void escapes(void **state)
{
	struct fixture *fixture = start();

	(void)state;
	/* } # $ * as data; 03 in a packet is data, too. */
	take_all(fixture, "$}]}\x03}\x04}\x0a\x03#65", 13, GDB_PACKET);
	assert_data(fixture, "}#$*\x03", 5);
	assert_out(fixture, "+");
	gdb_link_send(&fixture->link, "a}#$*", 5);
	assert_out(fixture, "$a}]}\x03}\x04}\x0a#c3");
	free(fixture);
}

static void wrong_checksums(void **state)
{
	struct fixture *fixture = start();

	(void)state;
	take(fixture, "$g#68", GDB_NOTHING);
	take(fixture, "$g#77", GDB_NOTHING);
	take(fixture, "$g#6x", GDB_NOTHING);
	take(fixture, "$g#x7", GDB_NOTHING);
	assert_out(fixture, "----");
	fixture->link.no_ack = true;
	take(fixture, "$g#00", GDB_PACKET); /* nobody can ask for it again */
	assert_out(fixture, "");
	free(fixture);
}

static void noise(void **state)
{
	struct fixture *fixture = start();

	(void)state;
	take_all(fixture, "\0\xff#00abc}", 9, GDB_NOTHING);
	assert_out(fixture, "");
	take(fixture, "$mlost$g#67", GDB_PACKET); /* a packet without an end */
	assert_data(fixture, "g", 1);
	free(fixture);
}

static void sending_again(void **state)
{
	struct fixture *fixture = start();

	(void)state;
	take(fixture, "-", GDB_NOTHING); /* nothing was sent yet */
	assert_out(fixture, "");
	gdb_link_send(&fixture->link, "OK", 2);
	assert_out(fixture, "$OK#9a");
	take(fixture, "-", GDB_NOTHING);
	assert_out(fixture, "$OK#9a");
	take(fixture, "+-", GDB_NOTHING); /* it has arrived */
	assert_out(fixture, "");
	gdb_link_send(&fixture->link, "OK", 2);
	fixture->size = 0;
	fixture->link.no_ack = true;
	take(fixture, "-", GDB_NOTHING);
	assert_out(fixture, "");
	free(fixture);
}

static void sizes(void **state)
{
	struct fixture *fixture = start();
	static char packet[GDB_MAX_PACKET + 8];
	char tail[8];

	(void)state;
	memset(packet, 'A', sizeof(packet));
	packet[0] = '$';
	/* As long as it may be. */
	snprintf(tail, sizeof(tail), "#%02x", (unsigned)('A' * GDB_MAX_PACKET) & 0xFF);
	memcpy(packet + 1 + GDB_MAX_PACKET, tail, 3);
	take_all(fixture, packet, GDB_MAX_PACKET + 4, GDB_PACKET);
	assert_int_equal(fixture->link.size, GDB_MAX_PACKET);
	/* One byte more. */
	packet[1 + GDB_MAX_PACKET] = 'A';
	snprintf(tail, sizeof(tail), "#%02x", (unsigned)('A' * (GDB_MAX_PACKET + 1)) & 0xFF);
	memcpy(packet + 2 + GDB_MAX_PACKET, tail, 3);
	take_all(fixture, packet, GDB_MAX_PACKET + 5, GDB_OVERLONG);
	assert_out(fixture, "++");
	take(fixture, "$g#67", GDB_PACKET);
	fixture->size = 0;
	/* What is sent is cut off; every byte escaped is the most that fits. */
	memset(packet, '#', sizeof(packet));
	gdb_link_send(&fixture->link, packet, sizeof(packet));
	assert_int_equal(fixture->size, 2 * GDB_MAX_PACKET + 4);
	free(fixture);
}

static void numbers(void **state)
{
	const char *at = "80001000,4";
	uint32_t value;
	uint8_t bytes[2] = {0};
	char text[5];

	(void)state;
	assert_true(gdb_parse_hex(&at, &value));
	assert_int_equal(value, 0x80001000);
	assert_int_equal(*at, ',');
	assert_false(gdb_parse_hex(&at, &value));
	at = "ffffffff8000Abcd";
	assert_true(gdb_parse_hex(&at, &value));
	assert_int_equal(value, 0x8000ABCD);
	assert_int_equal(*at, '\0');
	assert_true(gdb_parse_bytes("a0B1", 4, bytes, 2));
	assert_int_equal(bytes[0], 0xA0);
	assert_int_equal(bytes[1], 0xB1);
	assert_false(gdb_parse_bytes("a0B1", 3, bytes, 2));
	assert_false(gdb_parse_bytes("a0g1", 4, bytes, 2));
	gdb_put_bytes(text, bytes, 2);
	assert_string_equal(text, "a0b1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_packets),
	    cmocka_unit_test(packets_in_pieces),
	    cmocka_unit_test(one_event_at_a_time),
	    cmocka_unit_test(escapes),
	    cmocka_unit_test(wrong_checksums),
	    cmocka_unit_test(noise),
	    cmocka_unit_test(sending_again),
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

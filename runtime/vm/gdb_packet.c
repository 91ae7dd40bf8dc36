#include "runtime/vm/gdb_packet.h"

#include <string.h>

enum {
	BETWEEN,
	IN_DATA,
	IN_CHECKSUM_1,
	IN_CHECKSUM_2
};

#define BREAK_BYTE 0x03
#define ESCAPE	   '}'
#define ESCAPE_XOR 0x20

void gdb_link_init(struct gdb_link *link, const struct gdb_output *output)
{
	memset(link, 0, sizeof(*link));
	link->output = *output;
	link->acknowledged = true;
}

static void write_bytes(const struct gdb_link *link, const void *bytes, size_t size)
{
	link->output.write(link->output.context, bytes, size);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void start_packet(struct gdb_link *link)
{
	link->state = IN_DATA;
	link->size = 0;
	link->sum = 0;
	link->escaped = link->overlong = link->checksum_wrong = false;
}

static void add_byte(struct gdb_link *link, char c)
{
	if (link->size == GDB_MAX_PACKET)
		link->overlong = true;
	else
		link->data[link->size++] = c;
}

static enum gdb_event between(struct gdb_link *link, char c)
{
	if (c == '$') {
		start_packet(link);
	} else if (c == BREAK_BYTE) {
		return GDB_BREAK;
	} else if (c == '+') {
		link->acknowledged = true;
	} else if (c == '-' && !link->acknowledged && !link->no_ack) {
		write_bytes(link, link->sent, link->sent_size);
	}
	return GDB_NOTHING;
}

static void in_data(struct gdb_link *link, char c)
{
	if (c == '$') { /* the end of the one before was lost */
		start_packet(link);
		return;
	}
	if (c == '#') {
		link->state = IN_CHECKSUM_1;
		return;
	}
	link->sum = (uint8_t)(link->sum + (uint8_t)c);
	if (link->escaped) {
		link->escaped = false;
		add_byte(link, (char)(c ^ ESCAPE_XOR));
	} else if (c == ESCAPE) {
		link->escaped = true;
	} else {
		add_byte(link, c);
	}
}

static enum gdb_event finish_packet(struct gdb_link *link)
{
	link->state = BETWEEN;
	if (!link->no_ack) {
		write_bytes(link, link->checksum_wrong ? "-" : "+", 1);
		if (link->checksum_wrong)
			return GDB_NOTHING;
	}
	link->data[link->size] = '\0';
	link->acknowledged = true; /* who asks anew has had the last answer */
	return link->overlong ? GDB_OVERLONG : GDB_PACKET;
}

static enum gdb_event take_byte(struct gdb_link *link, char c)
{
	int value;

	switch (link->state) {
	case BETWEEN:
		return between(link, c);
	case IN_DATA:
		in_data(link, c);
		return GDB_NOTHING;
	case IN_CHECKSUM_1:
		value = digit(c);
		link->checksum_wrong = value < 0 || value != link->sum >> 4;
		link->state = IN_CHECKSUM_2;
		return GDB_NOTHING;
	default:
		value = digit(c);
		link->checksum_wrong |= value < 0 || value != (link->sum & 15);
		return finish_packet(link);
	}
}

size_t gdb_link_take(struct gdb_link *link, const void *bytes, size_t size, enum gdb_event *event)
{
	const char *at = bytes;

	*event = GDB_NOTHING;
	for (size_t i = 0; i < size; i++) {
		*event = take_byte(link, at[i]);
		if (*event != GDB_NOTHING)
			return i + 1;
	}
	return size;
}

void gdb_link_send(struct gdb_link *link, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const char *bytes = data;
	char *at = link->sent;
	uint8_t sum = 0;

	*at++ = '$';
	/* An escaped byte takes two. */
	for (size_t i = 0; i < size && i < GDB_MAX_PACKET; i++) {
		char c = bytes[i];

		if (c == '$' || c == '#' || c == ESCAPE || c == '*') {
			*at++ = ESCAPE;
			sum = (uint8_t)(sum + ESCAPE);
			c ^= ESCAPE_XOR;
		}
		*at++ = c;
		sum = (uint8_t)(sum + (uint8_t)c);
	}
	*at++ = '#';
	*at++ = digits[sum >> 4];
	*at++ = digits[sum & 15];
	link->sent_size = (size_t)(at - link->sent);
	link->acknowledged = false;
	write_bytes(link, link->sent, link->sent_size);
}

bool gdb_parse_hex(const char **at, uint32_t *value)
{
	const char *start = *at;

	*value = 0;
	for (int d; (d = digit(**at)) >= 0; ++*at)
		*value = *value << 4 | (uint32_t)d;
	return *at != start;
}

bool gdb_parse_bytes(const char *at, size_t digits, uint8_t *bytes, size_t count)
{
	if (digits / 2 < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int high = digit(at[2 * i]), low = digit(at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void gdb_put_bytes(char *at, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at = '\0';
}

/* The framing of the gdb remote serial protocol: $data#checksum, acknowledgements, escapes (GDB manual, appendix E,
 * section "Overview"). Knows neither sockets nor machines: bytes go in here and out through a function. Used by gdb.c. */
#ifndef JIT161_RUNTIME_VM_GDB_PACKET_H
#define JIT161_RUNTIME_VM_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_MAX_PACKET 0x4000u /* bytes of data, either way */

/* Takes bytes for the client. */
struct gdb_output {
	void *context;
	void (*write)(void *context, const void *bytes, size_t size);
};

enum gdb_event {
	GDB_NOTHING,  /* all bytes are used up */
	GDB_PACKET,   /* `data` and `size` */
	GDB_OVERLONG, /* a packet of more than GDB_MAX_PACKET bytes, thrown away */
	GDB_BREAK,    /* the byte 03 between packets: stop */
};

struct gdb_link {
	struct gdb_output output;
	bool no_ack; /* QStartNoAckMode: both sides trust the connection */

	/* The packet being received, or received last: `size` bytes, unescaped, and a NUL. */
	char data[GDB_MAX_PACKET + 1];
	size_t size;
	uint8_t state, sum;
	bool escaped, overlong, checksum_wrong;

	/* The packet sent last, framed, in case the client asks for it again. */
	char sent[2 * GDB_MAX_PACKET + 8];
	size_t sent_size;
	bool acknowledged;
};

void gdb_link_init(struct gdb_link *link, const struct gdb_output *output);

/* Takes bytes from the client up to the first event; the rest is the caller's to give again. Damaged packets are asked for
 * again, noise between packets is skipped. Returns the number of bytes taken. */
size_t gdb_link_take(struct gdb_link *link, const void *bytes, size_t size, enum gdb_event *event);

/* Sends a packet; what is too long is cut off. */
void gdb_link_send(struct gdb_link *link, const void *data, size_t size);

/* A number in hexadecimal at `*at`, which moves behind it; longer ones are cut to their low 32 bits, since gdb may extend
 * addresses by their sign. False: there is none. */
bool gdb_parse_hex(const char **at, uint32_t *value);
/* Two digits a byte; false if there are fewer than `count` bytes of them. */
bool gdb_parse_bytes(const char *at, size_t digits, uint8_t *bytes, size_t count);
/* Writes 2 * count digits and a NUL. */
void gdb_put_bytes(char *at, const uint8_t *bytes, size_t count);

#endif

#include "cli/pack.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BITS   16
#define LEAST_MATCH 4u /* bytes */
#define FARTHEST    65535u
#define NIBBLE	    15u /* of a length: more follows */

struct base64 {
	FILE *file;
	uint32_t bits;
	unsigned count; /* bytes in `bits` */
};

static void put_digits(struct base64 *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[4];

	for (unsigned i = 0; i < 4; i++)
		text[i] = i <= out->count ? digits[out->bits >> (18 - 6 * i) & 63] : '=';
	fwrite(text, 1, sizeof(text), out->file);
	out->bits = 0;
	out->count = 0;
}

static void put_byte(struct base64 *out, unsigned byte)
{
	out->bits |= (uint32_t)(byte & 0xFF) << (16 - 8 * out->count);
	if (++out->count == 3)
		put_digits(out);
}

static void put_rest_of_length(struct base64 *out, size_t length)
{
	if (length < NIBBLE)
		return;
	for (length -= NIBBLE; length >= 255; length -= 255)
		put_byte(out, 255);
	put_byte(out, (unsigned)length);
}

/* Literals, and then a copy of what stands `distance` before; none if `match` is 0. */
static void put_sequence(struct base64 *out, const char *literals, size_t count, size_t distance,
			 size_t match)
{
	size_t more = match ? match - LEAST_MATCH : 0;

	put_byte(out, (unsigned)((count < NIBBLE ? count : NIBBLE) << 4 | (more < NIBBLE ? more : NIBBLE)));
	put_rest_of_length(out, count);
	for (size_t i = 0; i < count; i++)
		put_byte(out, (unsigned char)literals[i]);
	if (!match)
		return;
	put_byte(out, (unsigned)distance);
	put_byte(out, (unsigned)(distance >> 8));
	put_rest_of_length(out, more);
}

void pack(const char *text, size_t size, FILE *file)
{
	struct base64 out = {.file = file};
	size_t *last = calloc((size_t)1 << HASH_BITS, sizeof(*last)); /* position + 1 by hash */
	size_t at = 0, start = 0;

	if (!last)
		abort();
	while (at + LEAST_MATCH <= size) {
		uint32_t word;
		size_t match = 0, *slot, from;

		memcpy(&word, text + at, sizeof(word));
		slot = &last[word * 0x9E3779B1u >> (32 - HASH_BITS)];
		from = *slot;
		*slot = at + 1;
		if (from && at + 1 - from <= FARTHEST && memcmp(text + from - 1, &word, sizeof(word)) == 0)
			for (match = LEAST_MATCH;
			     at + match < size && text[from - 1 + match] == text[at + match];)
				match++;
		if (!match) {
			at++;
			continue;
		}
		put_sequence(&out, text + start, at - start, at + 1 - from, match);
		at += match;
		start = at;
	}
	put_sequence(&out, text + start, size - start, 0, 0);
	if (out.count)
		put_digits(&out);
	free(last);
}

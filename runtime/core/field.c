#include "runtime/core/field.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/digest.h"

static unsigned long long element(const void *state, const struct field *field, size_t index)
{
	const unsigned char *at = (const unsigned char *)state + field->offset + index * field->size;
	uint16_t half;
	uint32_t word;
	uint64_t wide;

	switch (field->size) {
	case 1:
		return *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	case 4:
		memcpy(&word, at, sizeof(word));
		return word;
	default:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
}

bool fields_equal(const struct field *fields, const void *a, const void *b, char *text, size_t text_size)
{
	for (const struct field *field = fields; field->name; field++) {
		const char *bytes_a = (const char *)a + field->offset;
		const char *bytes_b = (const char *)b + field->offset;

		if (memcmp(bytes_a, bytes_b, field->size * field->count) == 0)
			continue;
		for (size_t i = 0; i < field->count; i++) {
			unsigned long long in_a = element(a, field, i), in_b = element(b, field, i);

			if (in_a == in_b)
				continue;
			if (field->count > 1)
				snprintf(text, text_size, "%s[%zu]: 0x%llx / 0x%llx", field->name, i, in_a,
					 in_b);
			else
				snprintf(text, text_size, "%s: 0x%llx / 0x%llx", field->name, in_a, in_b);
			return false;
		}
	}
	return true;
}

uint64_t fields_digest(const struct field *fields, const void *state, uint64_t digest)
{
	for (const struct field *field = fields; field->name; field++)
		digest =
		    digest_bytes(digest, (const char *)state + field->offset, field->size * field->count);
	return digest;
}

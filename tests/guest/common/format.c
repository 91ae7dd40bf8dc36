#include "tests/guest/common/format.h"

#include "tests/guest/common/string.h"

#include <stdbool.h>

struct sink {
	char *out;
	size_t length, limit;
};

static void put(struct sink *sink, char c)
{
	if (sink->length < sink->limit)
		sink->out[sink->length++] = c;
}

static void put_padded(struct sink *sink, const char *text, size_t width, char pad)
{
	for (size_t length = strlen(text); length < width; length++)
		put(sink, pad);
	while (*text != '\0')
		put(sink, *text++);
}

static void put_number(struct sink *sink, unsigned value, unsigned base, bool negative, size_t width,
		       char pad)
{
	char digits[12];
	char *first = &digits[sizeof(digits) - 1];

	*first = '\0';
	do {
		*--first = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative)
		*--first = '-';
	put_padded(sink, first, width, pad);
}

size_t format(char *out, size_t size, const char *pattern, va_list arguments)
{
	struct sink sink = {out, 0, size - 1};

	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%') {
			put(&sink, *pattern);
			continue;
		}
		pattern++;

		char pad = *pattern == '0' ? '0' : ' ';
		size_t width = 0;

		while (*pattern >= '0' && *pattern <= '9')
			width = width * 10 + (size_t)(*pattern++ - '0');

		switch (*pattern) {
		case 's':
			put_padded(&sink, va_arg(arguments, const char *), width, ' ');
			break;
		case 'c':
			put(&sink, (char)va_arg(arguments, int));
			break;
		case 'd': {
			int value = va_arg(arguments, int);
			unsigned magnitude = value < 0 ? 0u - (unsigned)value : (unsigned)value;

			put_number(&sink, magnitude, 10, value < 0, width, pad);
			break;
		}
		case 'u':
			put_number(&sink, va_arg(arguments, unsigned), 10, false, width, pad);
			break;
		case 'x':
			put_number(&sink, va_arg(arguments, unsigned), 16, false, width, pad);
			break;
		default:
			put(&sink, *pattern);
			break;
		}
	}
	sink.out[sink.length] = '\0';
	return sink.length;
}

#include "tests/guest/common/string.h"

#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if ((((uintptr_t)out | (uintptr_t)in) & 3) == 0) {
		for (; size >= 4; size -= 4, out += 4, in += 4)
			*(uint32_t *)out = *(const uint32_t *)in;
	}
	while (size-- > 0)
		*out++ = *in++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if (out <= in || out >= in + size)
		return memcpy(to, from, size);
	while (size-- > 0)
		out[size] = in[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint8_t *out = to;

	if (((uintptr_t)out & 3) == 0) {
		uint32_t word = (uint8_t)byte * 0x01010101u;

		for (; size >= 4; size -= 4, out += 4)
			*(uint32_t *)out = word;
	}
	while (size-- > 0)
		*out++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const uint8_t *a = left, *b = right;

	for (; size > 0; size--, a++, b++) {
		if (*a != *b)
			return *a < *b ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *string)
{
	size_t length = 0;

	while (string[length] != '\0')
		length++;
	return length;
}

int strcmp(const char *left, const char *right)
{
	while (*left != '\0' && *left == *right) {
		left++;
		right++;
	}
	return (uint8_t)*left - (uint8_t)*right;
}

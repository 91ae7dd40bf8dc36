/* Bytes and NUL-terminated strings: length, comparison, search, copying, numbers to text, hashing of words. */
#include "bench/guest/bench.h"

BENCH("strings", 80);

#define TEXT_SIZE 4096u

static const char *const words[16] = {
    "delay",  "slot", "branch", "likely",  "coprocessor", "exception",	"translation", "lookaside",
    "buffer", "of",   "a",	"machine", "that",	  "interprets", "its",	       "own",
};

static char text[TEXT_SIZE], reversed[TEXT_SIZE];

static size_t length_of(const char *string)
{
	const char *end = string;

	while (*end)
		end++;
	return (size_t)(end - string);
}

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static char *append(char *to, const char *from)
{
	while ((*to = *from++))
		to++;
	return to;
}

static uint32_t occurrences(const char *in, const char *what)
{
	uint32_t count = 0;

	for (; *in; in++) {
		const char *a = in, *b = what;

		while (*b && *a == *b) {
			a++;
			b++;
		}
		count += *b == '\0';
	}
	return count;
}

static char *append_number(char *to, uint32_t number)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count > 0)
		*to++ = digits[--count];
	*to = '\0';
	return to;
}

static void reverse(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = from[length - 1 - i];
	to[length] = '\0';
}

static uint32_t hash_of_words(const char *string)
{
	uint32_t sum = 0, hash = 5381;

	for (; *string; string++) {
		if (*string == ' ') {
			sum ^= hash;
			hash = 5381;
		} else {
			hash = hash * 33 + (unsigned char)*string;
		}
	}
	return sum ^ hash;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 26;

	for (uint32_t round = 0; round < rounds; round++) {
		char *end = text;

		while (end < text + TEXT_SIZE - 64) {
			uint32_t number = bench_random(&random);

			end = append(end, words[number >> 28]);
			end = append(end, " ");
			if ((number & 7) == 0)
				end = append(append_number(end, number >> 12), " ");
		}
		size_t length = length_of(text);

		reverse(reversed, text, length);
		checksum = bench_mix(checksum, (uint32_t)length);
		checksum = bench_mix(checksum, occurrences(text, "ex") + occurrences(reversed, "tols"));
		checksum = bench_mix(checksum, compare(text, reversed) < 0);
		checksum = bench_mix(checksum, hash_of_words(text) ^ hash_of_words(reversed));
		for (unsigned i = 0; i < 16; i++) {
			for (unsigned j = 0; j < 16; j++)
				checksum += (uint32_t)(compare(words[i], words[j]) < 0) << (i & 7);
		}
	}
	return checksum;
}

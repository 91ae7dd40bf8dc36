/* Work on bytes: unaligned copies (LWL, LWR, SWL, SWR), halfwords, strings, a search. */
#include "tests/guest/user/user.h"

#define SIZE 2048

/* The compiler reaches a packed word with the unaligned instructions. */
struct unaligned {
	uint32_t word;
} __attribute__((packed));

static uint8_t source[SIZE + 8], target[SIZE + 8];

static void copy_unaligned(uint8_t *to, const uint8_t *from, size_t size)
{
	for (; size >= 4; size -= 4, to += 4, from += 4)
		((struct unaligned *)to)->word = ((const struct unaligned *)from)->word;
	while (size-- > 0)
		*to++ = *from++;
}

static bool check_copies(uint32_t *checksum)
{
	for (unsigned from = 0; from < 4; from++) {
		for (unsigned to = 0; to < 4; to++) {
			memset(target, 0xee, sizeof(target));
			copy_unaligned(target + 1 + to, source + from, SIZE - to - 2);
			if (memcmp(target + 1 + to, source + from, SIZE - to - 2) != 0 ||
			    target[to] != 0xee || target[SIZE - 1] != 0xee)
				return false;
			*checksum = mix(*checksum, ((struct unaligned *)(target + 7))->word);
		}
	}
	return true;
}

/* Signed and unsigned halfwords and bytes of the same data. */
static uint32_t add_parts(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < SIZE; i += 2) {
		sum += (uint32_t)(int32_t) * (const int16_t *)(source + i);
		sum ^= *(const uint16_t *)(source + i);
		sum += (uint32_t)(int32_t) * (const int8_t *)(source + i + 1);
		*(uint16_t *)(target + i) = (uint16_t)sum;
	}
	return sum;
}

static unsigned count_matches(const uint8_t *text, size_t size, const char *word)
{
	size_t length = strlen(word);
	unsigned count = 0;

	for (size_t i = 0; i + length <= size; i++) {
		if (text[i] == (uint8_t)word[0] && memcmp(text + i, word, length) == 0)
			count++;
	}
	return count;
}

int main(const char *argument)
{
	uint32_t state = 31337, checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 2 : 40; round > 0; round--) {
		for (unsigned i = 0; i < sizeof(source); i++)
			source[i] = (uint8_t)(next_random(&state) >> 24);
		ok = check_copies(&checksum) && ok;
		checksum = mix(checksum, add_parts());
		for (unsigned i = 0; i < SIZE; i++)
			target[i] = "abc"[source[i] % 3];
		checksum = mix(checksum, count_matches(target, SIZE, "abcab"));
		memmove(target + 3, target, SIZE - 3);
		checksum = mix(checksum, count_matches(target, SIZE, "cba"));
	}
	return report("bytes", ok, checksum);
}

#include "runtime/core/digest.h"

#include <string.h>

uint64_t digest_number(uint64_t digest, uint64_t number)
{
	digest = (digest ^ number) * UINT64_C(0x9E3779B97F4A7C15);
	return digest ^ digest >> 29;
}

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		digest = digest_number(digest, word);
	}
	word = size;
	memcpy((char *)&word + 1, at, size); /* at most seven bytes, beside their number */
	return digest_number(digest, word);
}

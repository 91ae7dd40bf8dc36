/* Eratosthenes' sieve: bytes in a row, strides of every length. */
#include "tests/guest/user/user.h"

#define LIMIT	    32768
#define PRIME_COUNT 3512 /* below LIMIT */

static uint8_t composite[LIMIT];

static uint32_t sieve(uint32_t *checksum)
{
	uint32_t count = 0;

	memset(composite, 0, sizeof(composite));
	for (uint32_t i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		count++;
		*checksum = mix(*checksum, i);
		for (uint32_t j = i * i; i < 256 && j < LIMIT; j += i)
			composite[j] = 1;
	}
	return count;
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 3 : 40; round > 0; round--)
		ok = sieve(&checksum) == PRIME_COUNT && ok;
	return report("sieve", ok, checksum);
}

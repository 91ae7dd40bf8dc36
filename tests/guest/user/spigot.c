/* The digits of pi by Rabinowitz and Wagon's spigot: divisions and remainders. */
#include "tests/guest/user/user.h"

#define MAX_DIGITS 600
#define CELLS	   (MAX_DIGITS * 10 / 3 + 2)

static uint32_t cells[CELLS];
static char digits[MAX_DIGITS + 2];

static void spigot(unsigned count)
{
	unsigned cell_count = count * 10 / 3 + 1;
	unsigned written = 0, nines = 0;
	char held = 0;

	for (unsigned i = 0; i < cell_count; i++)
		cells[i] = 2;
	for (unsigned round = 0; round <= count; round++) {
		uint32_t carry = 0;

		for (unsigned i = cell_count; i-- > 1;) {
			uint32_t value = cells[i] * 10 + carry;

			cells[i] = value % (2 * i + 1);
			carry = value / (2 * i + 1) * i;
		}

		uint32_t value = cells[0] * 10 + carry;
		char digit = (char)(value / 10);

		cells[0] = value % 10;
		if (digit == 9) {
			nines++;
			continue;
		}
		/* A ten carries into the digit held back, and turns the nines behind it to zeros. */
		if (round > 0 && written < count)
			digits[written++] = (char)(held + (digit == 10) + '0');
		for (; nines > 0 && written < count; nines--)
			digits[written++] = digit == 10 ? '0' : '9';
		nines = 0;
		held = digit == 10 ? 0 : digit;
	}
	digits[written] = '\0';
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;

	spigot(is_quick(argument) ? 60 : MAX_DIGITS);
	for (const char *digit = digits; *digit != '\0'; digit++)
		checksum = mix(checksum, (uint8_t)*digit);
	return report("spigot", memcmp(digits, "31415926535897932384626433832795028841971693993751", 50) == 0,
		      checksum);
}

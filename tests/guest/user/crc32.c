/* CRC-32 (the polynomial of Ethernet) bit by bit and by table; both must agree. */
#include "tests/guest/user/user.h"

#define SIZE 8192

static uint32_t table[256];
static uint8_t data[SIZE];

static uint32_t step(uint32_t crc)
{
	return crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
}

static uint32_t crc_by_bits(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size-- > 0) {
		crc ^= *bytes++;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = step(crc);
	}
	return ~crc;
}

static uint32_t crc_by_table(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return ~crc;
}

int main(const char *argument)
{
	uint32_t state = 4711, checksum = MIX_START;
	bool ok = true;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 8; bit++)
			table[i] = step(table[i]);
	}
	for (unsigned i = 0; i < SIZE; i++)
		data[i] = (uint8_t)next_random(&state);

	ok = crc_by_table((const uint8_t *)"123456789", 9) == 0xcbf43926;
	ok = crc_by_bits(data, SIZE) == crc_by_table(data, SIZE) && ok;
	for (unsigned round = is_quick(argument) ? 12 : 220; round > 0; round--) {
		uint32_t crc = crc_by_table(data, SIZE);

		checksum = mix(checksum, crc);
		data[crc % SIZE] ^= (uint8_t)round;
	}
	return report("crc32", ok, checksum);
}

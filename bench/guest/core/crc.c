/* CRC-32 by a table of 256 words, and CRC-16 (CCITT) bit by bit, of a buffer that changes from round to round. */
#include "bench/guest/bench.h"

BENCH("crc", 56);

#define SIZE	   16384u
#define CRC32_POLY 0xEDB88320u /* reflected */
#define CRC16_POLY 0x1021u

static uint8_t buffer[SIZE];
static uint32_t table[256];

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t entry = i;

		for (unsigned bit = 0; bit < 8; bit++)
			entry = entry & 1 ? entry >> 1 ^ CRC32_POLY : entry >> 1;
		table[i] = entry;
	}
}

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xFF];
	return ~crc;
}

static uint32_t crc16(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xFFFF;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint32_t)bytes[i] << 8;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ CRC16_POLY : crc << 1;
	}
	return crc & 0xFFFF;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 32;

	make_table();
	for (unsigned i = 0; i < SIZE; i++)
		buffer[i] = (uint8_t)bench_random(&random);
	for (uint32_t round = 0; round < rounds; round++) {
		buffer[round % SIZE]++;
		checksum = bench_mix(checksum, crc32(buffer, SIZE));
		checksum = bench_mix(checksum, crc16(buffer + round % (SIZE - 1024), 1024));
	}
	return checksum;
}

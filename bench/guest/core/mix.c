/* A mixture in the manner of the common embedded benchmarks: lists that are searched, reversed and sorted, small
 * matrices of 16-bit numbers, a state machine over numbers as text, and a CRC over all results. */
#include "bench/guest/bench.h"

BENCH("mix", 34);

/* --- CRC-16 (reflected), bit by bit --- */

static uint16_t crc_byte(uint16_t crc, uint8_t byte)
{
	for (unsigned bit = 0; bit < 8; bit++) {
		bool carry = ((crc ^ byte) & 1) != 0;

		crc = (uint16_t)(crc >> 1);
		byte = (uint8_t)(byte >> 1);
		if (carry)
			crc ^= 0xA001;
	}
	return crc;
}

static uint16_t crc_half(uint16_t crc, uint32_t value)
{
	return crc_byte(crc_byte(crc, (uint8_t)value), (uint8_t)(value >> 8));
}

/* --- lists --- */

#define LIST_SIZE 64u

struct item {
	struct item *next;
	int16_t value, place;
};

typedef int item_order(const struct item *a, const struct item *b);

static struct item items[LIST_SIZE];

static int by_value(const struct item *a, const struct item *b)
{
	return a->value - b->value;
}

static int by_place(const struct item *a, const struct item *b)
{
	return a->place - b->place;
}

static struct item *list_new(uint32_t seed)
{
	for (unsigned i = 0; i < LIST_SIZE; i++) {
		items[i].next = i + 1 < LIST_SIZE ? &items[i + 1] : NULL;
		items[i].value = (int16_t)(bench_random(&seed) & 0x1FF);
		items[i].place = (int16_t)i;
	}
	return items;
}

static struct item *list_find(struct item *list, int16_t value)
{
	while (list && list->value != value)
		list = list->next;
	return list;
}

static struct item *list_reverse(struct item *list)
{
	struct item *reversed = NULL;

	while (list) {
		struct item *next = list->next;

		list->next = reversed;
		reversed = list;
		list = next;
	}
	return reversed;
}

/* Merge sort from the bottom up: runs of 1, 2, 4 ... items. */
static struct item *list_sort(struct item *list, item_order *order)
{
	for (unsigned run = 1;; run *= 2) {
		struct item *rest = list, **tail = &list;
		unsigned merges = 0;

		while (rest) {
			struct item *a = rest, *b = rest;
			unsigned a_left = 0, b_left = run;

			merges++;
			while (b && a_left < run) {
				a_left++;
				b = b->next;
			}
			while (a_left > 0 || (b_left > 0 && b)) {
				struct item **taken = &b;

				if (a_left > 0 && (b_left == 0 || !b || order(a, b) <= 0)) {
					taken = &a;
					a_left--;
				} else {
					b_left--;
				}
				*tail = *taken;
				tail = &(*taken)->next;
				*taken = *tail;
			}
			rest = b;
		}
		*tail = NULL;
		if (merges <= 1)
			return list;
	}
}

static uint16_t list_work(uint32_t seed, uint16_t crc)
{
	struct item *list = list_new(seed);
	uint32_t found = 0;

	for (unsigned i = 0; i < 32; i++) {
		struct item *item = list_find(list, (int16_t)((seed + 13 * i) & 0x1FF));

		if (item)
			found += (uint32_t)item->place + 1;
		list = list_reverse(list);
	}
	list = list_sort(list, by_value);
	for (const struct item *item = list; item; item = item->next)
		crc = crc_half(crc, (uint16_t)item->place);
	list = list_sort(list, by_place);
	return crc_half(crc, found + (uint32_t)list->value);
}

/* --- matrices --- */

#define MATRIX_SIZE 12u

static int16_t matrix_a[MATRIX_SIZE][MATRIX_SIZE], matrix_b[MATRIX_SIZE][MATRIX_SIZE];
static int32_t matrix_c[MATRIX_SIZE][MATRIX_SIZE];

static uint16_t matrix_work(uint32_t seed, uint16_t crc)
{
	int32_t sum = 0;

	for (unsigned i = 0; i < MATRIX_SIZE; i++) {
		for (unsigned j = 0; j < MATRIX_SIZE; j++) {
			matrix_a[i][j] = (int16_t)(seed * (i + 1) + j);
			matrix_b[i][j] = (int16_t)((seed >> 4) + i * j);
		}
	}
	for (unsigned i = 0; i < MATRIX_SIZE; i++) {
		for (unsigned j = 0; j < MATRIX_SIZE; j++) {
			uint32_t element = 0;

			for (unsigned k = 0; k < MATRIX_SIZE; k++)
				element += (uint32_t)(matrix_a[i][k] * matrix_b[k][j]);
			matrix_c[i][j] = (int32_t)element;
		}
	}
	for (unsigned i = 0; i < MATRIX_SIZE; i++) {
		for (unsigned j = 0; j < MATRIX_SIZE; j++) {
			int32_t element = matrix_c[i][j];

			/* Bit fields of the products, as a filter would extract them. */
			sum += (element >> 2 & 15) * (element >> 5 & 127);
			if (sum > 100000)
				sum -= 90000;
		}
	}
	return crc_half(crc, (uint32_t)sum);
}

/* --- numbers as text --- */

enum number_state {
	START,
	SIGN,
	INTEGER,
	POINT,
	FRACTION,
	EXPONENT,
	EXPONENT_SIGN,
	EXPONENT_DIGITS,
	INVALID,
	NUMBER_STATES,
};

static const char numbers[] =
    "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,"
    "+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,7,0,-,+.,12.e5,";

static enum number_state number_next(enum number_state state, char c)
{
	bool digit = c >= '0' && c <= '9', sign = c == '+' || c == '-';

	switch (state) {
	case START:
		return digit ? INTEGER : sign ? SIGN : c == '.' ? POINT : INVALID;
	case SIGN:
		return digit ? INTEGER : c == '.' ? POINT : INVALID;
	case INTEGER:
		return digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID;
	case POINT:
	case FRACTION:
		return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
	case EXPONENT:
		return digit ? EXPONENT_DIGITS : sign ? EXPONENT_SIGN : INVALID;
	case EXPONENT_SIGN:
	case EXPONENT_DIGITS:
		return digit ? EXPONENT_DIGITS : INVALID;
	default:
		return INVALID;
	}
}

static uint16_t text_work(uint32_t seed, uint16_t crc)
{
	uint32_t ends[NUMBER_STATES] = {0}, steps = 0;
	enum number_state state = START;

	for (unsigned pass = 0; pass < 8; pass++) {
		for (unsigned i = 0; i < sizeof(numbers) - 1; i++) {
			char c = numbers[i];

			if (c == ',') {
				ends[state]++;
				state = START;
				continue;
			}
			if (((seed + i) & 31) == pass)
				c = (char)(c ^ 1);
			state = number_next(state, c);
			steps += (uint32_t)state;
		}
	}
	for (unsigned i = 0; i < NUMBER_STATES; i++)
		crc = crc_half(crc, ends[i]);
	return crc_half(crc, steps);
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, seed = 0x3415;
	uint16_t crc = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < 4; i++) {
			seed = (seed ^ crc) + 1;
			crc = list_work(seed | 1, crc);
			crc = matrix_work(seed & 0x3FF, crc);
			crc = text_work(seed, crc);
		}
		checksum = bench_mix(checksum, crc);
	}
	return checksum;
}

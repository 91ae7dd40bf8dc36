/* Quicksort of 1000 records by a compare function, as the C library's qsort: the calls cost more than the rest. */
#include "bench/guest/bench.h"

BENCH("quicksort", 22);

#define COUNT 1000u

struct record {
	uint32_t key;
	uint16_t group, serial;
};

typedef int compare_function(const struct record *a, const struct record *b);

static struct record records[COUNT];

static int by_key(const struct record *a, const struct record *b)
{
	return (a->key > b->key) - (a->key < b->key);
}

static int by_group(const struct record *a, const struct record *b)
{
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static void swap(struct record *a, struct record *b)
{
	struct record kept = *a;

	*a = *b;
	*b = kept;
}

static void sort(struct record *base, size_t count, compare_function *compare)
{
	while (count > 8) {
		struct record *left = base, *right = base + count - 1, pivot = base[count / 2];

		while (left <= right) {
			while (compare(left, &pivot) < 0)
				left++;
			while (compare(right, &pivot) > 0)
				right--;
			if (left <= right)
				swap(left++, right--);
		}
		/* The smaller part by recursion. */
		size_t lower = (size_t)(right + 1 - base), upper = (size_t)(base + count - left);

		if (lower < upper) {
			sort(base, lower, compare);
			base = left;
			count = upper;
		} else {
			sort(left, upper, compare);
			count = lower;
		}
	}
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && compare(&base[j - 1], &base[j]) > 0; j--)
			swap(&base[j - 1], &base[j]);
	}
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 1961;

	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < COUNT; i++) {
			records[i].key = bench_random(&random);
			records[i].group = records[i].key % 13;
			records[i].serial = (uint16_t)i;
		}
		sort(records, COUNT, by_key);
		for (uint32_t i = 0; i < COUNT; i += 37)
			checksum = bench_mix(checksum, records[i].key);
		sort(records, COUNT, by_group);
		for (uint32_t i = 0; i < COUNT; i += 37)
			checksum = bench_mix(checksum, (uint32_t)records[i].group << 16 | records[i].serial);
	}
	return checksum;
}

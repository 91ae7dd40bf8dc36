/* Quicksort with a comparison function called through a pointer, on structures of an odd size. */
#include "tests/guest/user/user.h"

#define COUNT 4096

struct item {
	uint32_t key;
	uint16_t serial;
	uint8_t tag[6];
};

typedef int compare_function(const void *, const void *);

static struct item items[COUNT];

static void swap(uint8_t *left, uint8_t *right, size_t size)
{
	for (; size > 0; size -= 4, left += 4, right += 4) {
		uint32_t word = *(uint32_t *)left;

		*(uint32_t *)left = *(uint32_t *)right;
		*(uint32_t *)right = word;
	}
}

/* size is a multiple of 4. Recurs into the smaller half only. */
static void sort(void *base, size_t count, size_t size, compare_function *compare)
{
	while (count > 1) {
		uint8_t *first = base, *last = first + (count - 1) * size;
		uint8_t *low = first, *high = last;

		swap(first, first + count / 2 * size, size);
		while (low < high) {
			while (low < high && compare(high, first) >= 0)
				high -= size;
			while (low < high && compare(low, first) <= 0)
				low += size;
			if (low < high)
				swap(low, high, size);
		}
		swap(first, low, size);

		size_t before = (size_t)(low - first) / size;
		size_t after = count - before - 1;

		if (before < after) {
			sort(first, before, size, compare);
			base = low + size;
			count = after;
		} else {
			sort(low + size, after, size, compare);
			count = before;
		}
	}
}

static int by_key(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (int)a->serial - (int)b->serial;
}

static int by_serial(const void *left, const void *right)
{
	return (int)((const struct item *)left)->serial - (int)((const struct item *)right)->serial;
}

int main(const char *argument)
{
	uint32_t state = 99, checksum = MIX_START;
	unsigned count = is_quick(argument) ? COUNT / 4 : COUNT;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 1 : 8; round > 0; round--) {
		for (unsigned i = 0; i < count; i++)
			items[i] = (struct item){.key = next_random(&state) >> 20, .serial = (uint16_t)i};
		sort(items, count, sizeof(struct item), by_key);
		for (unsigned i = 0; i < count; i++) {
			checksum = mix(checksum, items[i].key << 16 | items[i].serial);
			ok = (i == 0 || by_key(&items[i - 1], &items[i]) < 0) && ok;
		}
		sort(items, count, sizeof(struct item), by_serial);
		for (unsigned i = 0; i < count; i++)
			ok = items[i].serial == i && ok;
	}
	return report("qsort", ok, checksum);
}

/* Copy on write: parent and children change the same pages after fork, and each sees its own values only. */
#include "tests/guest/user/user.h"

#define WORDS	 (8 * 1024) /* 8 pages */
#define CHILDREN 4

static uint32_t data[WORDS] = {1}; /* not all zeros: from the program's image */

static uint32_t sum(void)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < WORDS; i++)
		total = mix(total, data[i]);
	return total;
}

static int child(uint32_t number)
{
	uint32_t before = sum();

	/* The nth child changes every (n+1)th page. */
	for (unsigned i = 0; i < WORDS; i += 1024 * (number + 1))
		data[i] = ~data[i];
	sys_yield();

	bool changed = sum() != before;

	for (unsigned i = 0; i < WORDS; i += 1024 * (number + 1))
		data[i] = ~data[i];
	return changed && sum() == before ? (int)number : 99;
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 1 : 6; round > 0; round--) {
		for (unsigned i = 0; i < WORDS; i += 512)
			data[i] = mix(checksum, i);

		uint32_t before = sum();
		int statuses = 0;

		for (unsigned i = 0; i < CHILDREN; i++)
			ok = start_child(child, i) > 0 && ok;
		data[5000] = 7; /* the children must not see this */
		for (unsigned i = 0; i < CHILDREN; i++)
			statuses += wait_child();
		data[5000] = 0;
		ok = statuses == 0 + 1 + 2 + 3 && sum() == before && ok;
		checksum = mix(checksum, before);
	}
	return report("cow", ok, checksum);
}

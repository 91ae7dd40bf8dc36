/* Processes that share a page: a spin lock made of LL and SC guards two words, a third is added to
 * atomically. */
#include "tests/guest/user/user.h"

#define PROCESSES 4

static struct shared {
	volatile uint32_t lock;
	volatile uint32_t count, twice; /* under the lock: twice is always 2 * count */
	volatile uint32_t added;
} * shared;

static unsigned rounds;

static int work(uint32_t number)
{
	int status = 0;

	for (unsigned i = 0; i < rounds; i++) {
		while (!atomic_compare_swap(&shared->lock, 0, number + 1))
			sys_yield();

		uint32_t count = shared->count;

		if (shared->twice != 2 * count)
			status = 1;
		shared->count = count + 1;
		if (i % 50 == number)
			sys_yield(); /* with the lock held, so that the others find it so */
		shared->twice = 2 * (count + 1);
		shared->lock = 0;
		atomic_add(&shared->added, number);
	}
	return status;
}

int main(const char *argument)
{
	bool ok;

	rounds = is_quick(argument) ? 200 : 40000;
	shared = sys_sbrk(sizeof(*shared));
	ok = sys_share(shared) == 0;
	for (unsigned i = 0; i < PROCESSES; i++)
		ok = start_child(work, i) > 0 && ok;
	for (unsigned i = 0; i < PROCESSES; i++)
		ok = wait_child() == 0 && ok;
	ok = shared->count == PROCESSES * rounds && shared->twice == 2 * PROCESSES * rounds && ok;
	ok = shared->added == rounds * (0 + 1 + 2 + 3) && ok;
	return report("locks", ok, mix(mix(MIX_START, shared->count), shared->added));
}

/*
 * More memory than the machine has free: pages go to the disk and come back. Every page holds numbers of its
 * own, is changed in each round, and is checked in the next.
 */
#include "tests/guest/user/user.h"

#define PAGE	   4096
#define PAGE_WORDS (PAGE / 4)
#define PAGES	   200

int main(const char *argument)
{
	unsigned pages = is_quick(argument) ? PAGES : PAGES + 60;
	unsigned rounds = is_quick(argument) ? 1 : 3;
	uint32_t(*memory)[PAGE_WORDS] = sys_sbrk(pages * PAGE);
	uint32_t checksum = MIX_START;
	bool ok = true;

	/* A page first read, then written: zeros, then its number. */
	for (unsigned i = 0; i < pages; i++) {
		ok = memory[i][i % PAGE_WORDS] == 0 && ok;
		memory[i][0] = i;
		memory[i][PAGE_WORDS - 1] = ~i;
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < pages; i++) {
			uint32_t *page = memory[i];

			ok = page[0] == i + round && page[PAGE_WORDS - 1] == ~i && ok;
			page[0]++;
			page[1 + round] = mix(checksum, i);
			checksum = mix(checksum, page[0]);
		}
	}
	/* Backwards, only reading: pages that are unchanged since they came back need not be written again.
	 */
	for (unsigned i = pages; i-- > 0;) {
		ok = memory[i][0] == i + rounds && memory[i][PAGE_WORDS / 2] == 0 && ok;
		checksum = mix(checksum, memory[i][rounds]);
	}
	return report("paging", ok, checksum);
}

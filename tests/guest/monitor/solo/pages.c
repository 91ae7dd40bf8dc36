/* More pages than the TLB has entries, in orders that miss it often; each page holds numbers of its own. */
#include "tests/guest/user/user.h"

#define PAGE	   4096
#define PAGE_WORDS (PAGE / 4)
#define PAGES	   72

int main(const char *argument)
{
	uint32_t(*memory)[PAGE_WORDS] = sys_sbrk(PAGES * PAGE);
	uint32_t checksum = MIX_START, state = 161;
	unsigned rounds = is_quick(argument) ? 4 : 100;
	bool ok = true;

	for (unsigned i = 0; i < PAGES; i++) {
		ok = memory[i][i] == 0 && ok;
		memory[i][i] = i;
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < PAGES; i++) {
			uint32_t *page = memory[next_random(&state) % PAGES];

			checksum = mix(checksum, page[i]++);
		}
		for (unsigned i = PAGES; i-- > 0;)
			checksum = mix(checksum, memory[i][i]);
	}
	return report("pages", ok, checksum);
}

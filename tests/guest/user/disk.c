/* Writes sectors all over the user part of the disk, reads them back in another order, and checks them. */
#include "tests/guest/user/user.h"

#define WORDS (SECTOR_SIZE / 4)

static uint32_t buffer[WORDS];

/* Each sector of 0..USER_SECTORS-1 at most once: the step has no divisor in common with their number. */
static uint32_t place(unsigned i)
{
	return i * 797 % USER_SECTORS;
}

static void fill(uint32_t sector)
{
	uint32_t state = sector + 1;

	for (unsigned i = 0; i < WORDS; i++)
		buffer[i] = next_random(&state);
}

static bool matches(uint32_t sector)
{
	uint32_t state = sector + 1;

	for (unsigned i = 0; i < WORDS; i++) {
		if (buffer[i] != next_random(&state))
			return false;
	}
	return true;
}

int main(const char *argument)
{
	unsigned count = is_quick(argument) ? 12 : 64;
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned i = 0; i < count; i++) {
		fill(place(i));
		ok = sys_disk_write(place(i), buffer) == 0 && ok;
	}
	for (unsigned i = count; i-- > 0;) {
		ok = sys_disk_read(place(i), buffer) == 0 && matches(place(i)) && ok;
		checksum = mix(checksum, buffer[i % WORDS]);
	}
	ok = sys_disk_read(USER_SECTORS, buffer) == ERROR_INVALID && ok;
	return report("disk", ok, checksum);
}

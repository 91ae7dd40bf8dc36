/* A tree of processes: each has two children until the depth is used up, and passes their statuses on. */
#include "tests/guest/user/user.h"

static int grow(uint32_t depth)
{
	if (depth == 0)
		return 1;
	if (start_child(grow, depth - 1) < 0 || start_child(grow, depth - 1) < 0)
		return 200;
	return wait_child() + wait_child() + 1;
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 1 : 5; round > 0; round--) {
		int nodes = grow(3);

		ok = nodes == 15 && ok;
		checksum = mix(checksum, (uint32_t)nodes);
	}
	ok = wait_child() == ERROR_NONE && ok;
	return report("tree", ok, checksum);
}

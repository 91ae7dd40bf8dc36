/* Calls and returns: Fibonacci, Ackermann, the towers of Hanoi. Deep stacks too. */
#include "tests/guest/user/user.h"

static unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static unsigned ackermann(unsigned m, unsigned n)
{
	if (m == 0)
		return n + 1;
	return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static uint32_t hanoi(unsigned disks, unsigned from, unsigned to, uint32_t checksum)
{
	if (disks == 0)
		return checksum;
	checksum = hanoi(disks - 1, from, 3 - from - to, checksum);
	checksum = mix(checksum, disks << 4 | from << 2 | to);
	return hanoi(disks - 1, 3 - from - to, to, checksum);
}

int main(const char *argument)
{
	bool quick = is_quick(argument);
	unsigned fib = fibonacci(quick ? 17 : 27);
	unsigned ack = ackermann(2, quick ? 40 : 250);
	unsigned ack3 = ackermann(3, quick ? 3 : 7);
	bool ok = fib == (quick ? 1597 : 196418) && ack == (quick ? 83 : 503) && ack3 == (quick ? 61 : 1021);

	return report("recurse", ok, hanoi(quick ? 10 : 17, 0, 2, mix(mix(MIX_START, fib), ack3)));
}

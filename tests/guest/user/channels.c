/* A pipeline of three processes: numbers, filtered, added up. The channels fill and run dry all the time. */
#include "tests/guest/user/user.h"

static unsigned count;

static int produce(uint32_t channel)
{
	uint32_t batch[16];

	for (unsigned i = 0; i < count; i += 16) {
		for (unsigned j = 0; j < 16; j++)
			batch[j] = i + j;
		if (sys_send(channel, batch, sizeof(batch)) != sizeof(batch))
			return 1;
	}
	return 0;
}

/* Squares what comes in, one number at a time. */
static int square(uint32_t channel)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t number;

		if (sys_receive(channel, &number, sizeof(number)) != sizeof(number))
			return 1;
		number *= number;
		if (sys_send(channel + 1, &number, sizeof(number)) != sizeof(number))
			return 1;
	}
	return 0;
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START, numbers[32];
	bool ok = true;

	count = is_quick(argument) ? 256 : 4096;
	ok = start_child(produce, 0) > 0 && start_child(square, 0) > 0;
	for (unsigned i = 0; i < count && ok; i += 32) {
		ok = sys_receive(1, numbers, sizeof(numbers)) == sizeof(numbers);
		for (unsigned j = 0; j < 32; j++) {
			ok = numbers[j] == (i + j) * (i + j) && ok;
			checksum = mix(checksum, numbers[j]);
		}
	}
	/* If something went wrong the children may wait for ever: leave them. */
	ok = ok && wait_child() == 0 && wait_child() == 0;
	return report("channels", ok, checksum);
}

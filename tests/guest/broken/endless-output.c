/* Says the same for ever. */
#include "tests/guest/broken/broken.h"

void broken_main(void)
{
	char line[] = "try 0 failed, trying again\n";

	for (unsigned n = 0;; n = (n + 1) % 10) {
		line[4] = (char)('0' + n);
		print(line);
	}
}

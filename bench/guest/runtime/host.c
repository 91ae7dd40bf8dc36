/* The host's back end: the programs natively. */
#include <stdio.h>

#include "bench/guest/runtime/run.h"

void console_put(char character)
{
	putchar(character);
}

int main(int argc, char **argv)
{
	bench_program(argument_amount(argc > 1 ? argv[1] : NULL));
	return 0;
}

#include "bench/guest/runtime/run.h"

void bench_program(amount work)
{
	if (work == 0)
		work = bench_default_units;

	bool in_rounds = (work & AMOUNT_ROUNDS) != 0;
	uint32_t number = work & ~AMOUNT_ROUNDS;
	uint32_t checksum = bench_run(in_rounds ? number : number * bench_rounds_per_unit);

	print(bench_name);
	print(": ");
	print_number(number);
	print(in_rounds ? " round" : " unit");
	print(number == 1 ? ", checksum " : "s, checksum ");
	print_hexadecimal(checksum);
	print("\n");
}

#include "bench/guest/runtime/run.h"

void bench_program(uint32_t units)
{
	if (units == 0)
		units = bench_default_units;

	uint32_t checksum = bench_run(units * bench_rounds_per_unit);

	print(bench_name);
	print(": ");
	print_number(units);
	print(units == 1 ? " unit, checksum " : " units, checksum ");
	print_hexadecimal(checksum);
	print("\n");
}

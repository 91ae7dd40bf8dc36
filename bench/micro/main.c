/* jit161-bench: microbenchmarks of jit161's parts. Takes the options of Google Benchmark, as --benchmark_filter. */
#include "bench/micro/groups.h"
#include "bench/micro/shim.h"

int main(int argc, char **argv)
{
	register_frontend();
	register_compile();
	register_memory();
	register_control();
	register_sensitive();
	return micro_main(argc, argv);
}

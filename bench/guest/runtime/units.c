/* How much work a build of a program does, unless its argument says otherwise: BENCH_UNITS is 1 in the short form. */
#include "bench/guest/runtime/run.h"

const uint32_t bench_default_units = BENCH_UNITS;

/* What happens around bench_run, whatever the machine. */
#ifndef BENCH_GUEST_RUNTIME_RUN_H
#define BENCH_GUEST_RUNTIME_RUN_H

#include "bench/guest/bench.h"

extern const uint32_t bench_default_units;

/* The units that an argument asks for: a decimal number; 0 for anything else, or NULL. */
uint32_t argument_units(const char *argument);

/* Runs the program and prints the line with its checksum. 0 units stand for the default. */
void bench_program(uint32_t units);

/* Prints; the back end gives console_put. */
void print(const char *text);
void print_number(uint32_t number);
void print_hexadecimal(uint32_t number);
void console_put(char character);

#endif

/* What happens around bench_run, whatever the machine. */
#ifndef BENCH_GUEST_RUNTIME_RUN_H
#define BENCH_GUEST_RUNTIME_RUN_H

#include "bench/guest/bench.h"

extern const uint32_t bench_default_units;

/* How much work to do: 0 for the default, units, or AMOUNT_ROUNDS and a number of rounds. */
typedef uint32_t amount;
#define AMOUNT_ROUNDS 0x80000000u

/* What an argument asks for: `3` means units, `r3` means rounds; anything else, or NULL, the default. */
amount argument_amount(const char *argument);

/* Runs the program and prints the line with its checksum. */
void bench_program(amount work);

/* Prints; the back end gives console_put. */
void print(const char *text);
void print_number(uint32_t number);
void print_hexadecimal(uint32_t number);
void console_put(char character);

#endif

/* Texts and numbers: out through console_put, and in from an argument. */
#include "bench/guest/runtime/run.h"

amount argument_amount(const char *argument)
{
	amount kind = 0;
	uint32_t number = 0;

	if (!argument)
		return 0;
	if (*argument == 'r') {
		kind = AMOUNT_ROUNDS;
		argument++;
	}
	for (; *argument >= '0' && *argument <= '9'; argument++)
		number = 10 * number + (uint32_t)(*argument - '0');
	return *argument == '\0' && number > 0 ? kind | number : 0;
}

void print(const char *text)
{
	while (*text)
		console_put(*text++);
}

void print_number(uint32_t number)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count > 0)
		console_put(digits[--count]);
}

void print_hexadecimal(uint32_t number)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		console_put("0123456789abcdef"[number >> shift & 15]);
}

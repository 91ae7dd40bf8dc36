#include "tests/guest/malta/lib.h"

#define UART	  0xB80003F8u
#define UART_LSR  5
#define LSR_EMPTY 0x20

volatile struct exception exception;
const char *const *arguments;
static uint32_t seen, seed = 12345;

void print(const char *text)
{
	for (; *text; text++) {
		while (!(*byte_at(UART + UART_LSR) & LSR_EMPTY))
			;
		*byte_at(UART) = (uint8_t)*text;
	}
}

static void print_hex(uint32_t value)
{
	char text[9] = "";

	for (int i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	print(text);
}

void check(const char *name, uint32_t value)
{
	print(name);
	print(" = ");
	print_hex(value);
	print("\n");
}

void check_exception(const char *name, uint32_t base)
{
	uint32_t count = exception.count - seen;

	seen = exception.count;
	print(name);
	if (count == 0) {
		print(": none\n");
		return;
	}
	print(": vector ");
	print_hex(exception.vector);
	print(" code ");
	print_hex(CODE(exception.cause));
	print(exception.cause >> 31 ? " in slot" : "");
	print(" EPC ");
	print_hex(exception.epc - base);
	print(" BadVAddr ");
	print_hex(exception.bad_vaddr);
	if (count > 1) {
		print(" times ");
		print_hex(count);
	}
	print("\n");
}

uint32_t mix(uint32_t hash, uint32_t value)
{
	return (hash ^ value) * 0x01000193u + (hash >> 15);
}

/* Numbers with a taste for edges. */
uint32_t random_word(void)
{
	static const uint32_t edges[] = {0, 1, 0xFFFFFFFFu, 0x80000000u, 0x7FFFFFFFu, 0x10000, 0x8000, 0x80};

	seed = seed * 1664525u + 1013904223u;
	if ((seed >> 28) < 5)
		return edges[seed >> 24 & 7];
	return seed ^ seed >> 13;
}

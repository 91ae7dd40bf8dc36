/* Calls that regions take into themselves: of leaves, within each other, through pointers that change, of functions that call
 * themselves, that come back elsewhere, and whose accesses are of a device or misaligned at times. */
#include "tests/guest/malta/lib.h"

#define ROUNDS	    20000
#define LINE_STATUS ((volatile uint8_t *)0xB80003FDu) /* the UART's: says that there is room */

#define FUNCTION __attribute__((noinline, noclone))

FUNCTION static uint32_t leaf(uint32_t a, uint32_t b)
{
	return a & 1 ? a * 3 + b : (a >> 1) ^ b;
}

FUNCTION static uint32_t middle(uint32_t a, uint32_t b)
{
	return leaf(a, b) + leaf(b, a + 1);
}

FUNCTION static uint32_t other(uint32_t a, uint32_t b)
{
	return middle(a ^ b, b) - a;
}

FUNCTION static uint32_t fibonacci(uint32_t n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

FUNCTION static uint32_t ready(const volatile uint8_t *where)
{
	return *where & 0x20;
}

FUNCTION static uint32_t sum(const uint32_t *words)
{
	return words[0] + words[1] + words[2] + words[3];
}

/* Comes back eight bytes further on if its argument is odd: not where it was called from. */
uint32_t elsewhere(uint32_t a);
__asm__(".set push\n\t.set noreorder\n\t.text\n\t.globl elsewhere\n\t.type elsewhere, @function\n"
	"elsewhere:\n\tandi $2, $4, 1\n\tsll $3, $2, 3\n\taddu $31, $31, $3\n\tjr $31\n\tnop\n\t.set pop");

static uint32_t call_elsewhere(uint32_t a)
{
	uint32_t result;

	__asm__ volatile(".set push\n\t.set noreorder\n\tmove $4, %1\n\tjal elsewhere\n\tnop\n\t"
			 "b 1f\n\tli %0, 10\n\tli %0, 20\n1:\t.set pop"
			 : "=&r"(result)
			 : "r"(a)
			 : "$2", "$3", "$4", "$31");
	return result;
}

FUNCTION static uint32_t apply(uint32_t (*function)(uint32_t, uint32_t), uint32_t hash, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++)
		hash = function(hash, i);
	return hash;
}

static uint32_t words[8];

int main(void)
{
	uint32_t hash = 1, count = 0;

	for (uint32_t i = 0; i < ROUNDS; i++)
		hash = middle(hash, i);
	check("nested", hash);
	for (uint32_t i = 0; i < 40; i++)
		hash = apply(i & 1 ? leaf : i & 2 ? middle : other, hash, i < 20 ? 1000 : 50);
	check("pointers", hash);
	check("recursion", fibonacci(17));
	for (uint32_t i = 0; i < ROUNDS; i++)
		hash = mix(hash, call_elsewhere(i % 7));
	check("elsewhere", hash);

	/* First memory for long, then the device, then both. */
	uint8_t byte = 0x20;
	for (uint32_t i = 0; i < 3 * ROUNDS; i++)
		count += ready(i < ROUNDS || (i > 2 * ROUNDS && i & 1) ? &byte : LINE_STATUS) != 0;
	check("device", count);

	for (unsigned i = 0; i < 8; i++)
		words[i] = i * 0x1234567u;
	for (uint32_t i = 0; i < ROUNDS; i++)
		hash += sum(words + (i & 3));
	check("sums", hash);
	for (uint32_t i = 0; i < 200; i++)
		hash += sum((const uint32_t *)((uint32_t)words + (i % 50 == 49)));
	check("exceptions", exception.count);
	for (uint32_t i = 0; i < ROUNDS; i++)
		hash += sum(words + (i & 3));
	check("sums again", hash);
	return 0;
}

/*
 * Code that is written, run, changed, and run again, in a page of its own and beside data. This machine
 * fetches what was stored last, without any flushing (System/161 reference, section 1.5).
 */
#include "tests/guest/user/user.h"

#define JR_RA	    0x03e00008
#define ADDIU_V0_A0 0x24820000 /* addiu v0, a0, immediate */
#define XORI_V0_V0  0x38420000
#define SLL_V0_V0_1 0x00021040
#define PAGE_WORDS  1024

typedef uint32_t function(uint32_t);

static uint32_t code[3 * PAGE_WORDS];

/* Writes "(x + a) ^ b" and runs it. */
static uint32_t make_and_run(uint32_t *at, uint32_t x, uint32_t a, uint32_t b)
{
	volatile uint32_t *words = at;

	words[0] = ADDIU_V0_A0 | a;
	words[1] = JR_RA;
	words[2] = XORI_V0_V0 | b; /* in the delay slot */
	return ((function *)at)(x);
}

/* A long straight run of code that crosses a page, one word of which changes each time. */
static bool check_crossing(unsigned rounds, uint32_t *checksum)
{
	uint32_t *start = &code[PAGE_WORDS];
	unsigned length = 40;

	start += PAGE_WORDS - (((uint32_t)start / 4) % PAGE_WORDS) - length / 2;
	start[0] = ADDIU_V0_A0;
	for (unsigned i = 1; i < length - 2; i++)
		start[i] = XORI_V0_V0;
	start[length - 2] = JR_RA;
	start[length - 1] = SLL_V0_V0_1;
	for (unsigned i = 0; i < rounds; i++) {
		unsigned place = 1 + i % (length - 3);

		((volatile uint32_t *)start)[place] = XORI_V0_V0 | (i & 0xff);

		uint32_t expected = 5;

		for (unsigned j = 1; j < length - 2; j++)
			expected ^= start[j] & 0xffff;
		if (((function *)start)(5) != expected << 1)
			return false;
		*checksum = mix(*checksum, expected);
	}
	return true;
}

/* Stores over the very next instruction. */
static uint32_t overwrite_next(uint32_t x)
{
	/* sw a1, 4(t9); addiu v0, a0, 1 (already another when it runs); jr ra; nop */
	static const uint32_t pattern[] = {0xaf250004, ADDIU_V0_A0 | 1, JR_RA, 0};

	memcpy(code, pattern, sizeof(pattern));

	register uint32_t argument __asm__("a0") = x;
	register uint32_t word __asm__("a1") = ADDIU_V0_A0 | 77;
	register uint32_t target __asm__("t9") = (uint32_t)code;
	register uint32_t result __asm__("v0");

	__asm__ volatile("jalr %1" : "=r"(result) : "r"(target), "r"(argument), "r"(word) : "ra", "memory");
	return result;
}

int main(const char *argument)
{
	unsigned rounds = is_quick(argument) ? 40 : 2000;
	uint32_t checksum = MIX_START;
	bool ok = true;

	for (unsigned i = 0; i < rounds; i++) {
		uint32_t a = i & 0x7fff, b = i * 31 & 0xffff;
		uint32_t result = make_and_run(&code[i % 7 * 64], i, a, b);

		ok = result == ((i + a) ^ b) && ok;
		checksum = mix(checksum, result);
	}
	ok = overwrite_next(1000) == 1077 && ok;
	ok = check_crossing(rounds, &checksum) && ok;
	return report("selfmod", ok, checksum);
}

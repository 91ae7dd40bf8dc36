/* Makes code for ever, for as long as the test likes: functions of all lengths, one behind the other in an arena that is used
 * again from the start when it is full, so that new code begins in the middle of old. Some are called once, some often. */
#include "tests/guest/bare/check.h"

#define ADDIU_V0_A0  0x24820000u
#define ADDIU_V0_V0  0x24420000u
#define XORI_V0_V0   0x38420000u
#define SLL_V0_V0_1  0x00021040u
#define BNEZ_V0_NEXT 0x14400001u /* over the delay slot: to where it falls through to */
#define JR_RA	     0x03e00008u
#define NOP	     0u

#define ARENA_WORDS 16384u
#define FUNCTIONS   12000u
#define LONGEST	    60u

typedef uint32_t function(uint32_t);

static volatile uint32_t arena[ARENA_WORDS];

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;
	return *random >> 8;
}

static function *make(uint32_t at, uint32_t *random)
{
	uint32_t length = 3 + next_random(random) % (LONGEST - 6), word = at;

	arena[word++] = ADDIU_V0_A0 | (next_random(random) & 0x7fff);
	for (uint32_t i = 0; i < length; i++) {
		uint32_t choice = next_random(random);

		if (choice % 8 == 0)
			arena[word++] = SLL_V0_V0_1;
		else if (choice % 8 == 1) {
			arena[word++] = BNEZ_V0_NEXT;
			arena[word++] = NOP;
		} else
			arena[word++] = (choice & 8 ? ADDIU_V0_V0 : XORI_V0_V0) | (choice >> 8 & 0x7fff);
	}
	arena[word++] = JR_RA;
	arena[word++] = NOP;
	return (function *)&arena[at];
}

void run(void)
{
	static const uint16_t calls[] = {1, 2, 5, 20, 40, 100};
	uint32_t random = 7, at = 0, checksum = 0;

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		function *made = make(at, &random);
		uint32_t times = calls[next_random(&random) % (sizeof(calls) / sizeof(calls[0]))];

		for (uint32_t call = 0; call < times; call++)
			checksum = made(checksum + call);
		at += 3 + next_random(&random) % LONGEST;
		if (at + 2 * LONGEST > ARENA_WORDS)
			at = 0;
	}
	check("made", checksum);
}

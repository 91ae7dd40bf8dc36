/* Code made at run time: small functions written anew and called a few times, as a translator in the guest would,
 * and a loop with one instruction that changes now and then. */
#include "bench/guest/bench.h"
#include "bench/guest/runtime/guest.h"

BENCH("selfmod", 24);

#define FUNCTIONS 32u
#define LENGTH	  16u

#define ADDIU_V0_A0  0x24820000u
#define ADDIU_V0_V0  0x24420000u
#define ADDU_V0_V0A1 0x00451021u
#define XORI_V0_V0   0x38420000u
#define JR_RA	     0x03E00008u
#define NOP	     0u

typedef uint32_t made_function(uint32_t a, uint32_t b);

static uint32_t code[FUNCTIONS][LENGTH] __attribute__((aligned(64)));

static made_function *make(uint32_t *words, uint32_t random)
{
	unsigned at = 0;

	words[at++] = ADDIU_V0_A0 | (random & 0x7FF);
	for (unsigned i = 0; i < 4 + random % 8; i++) {
		switch (random >> (2 * i + 8) & 3) {
		case 0:
			words[at++] = ADDIU_V0_V0 | (random >> i & 0xFF);
			break;
		case 1:
			words[at++] = XORI_V0_V0 | (random >> i & 0xFFFF);
			break;
		default:
			words[at++] = ADDU_V0_V0A1;
		}
	}
	words[at++] = JR_RA;
	words[at++] = NOP;
	code_changed(words, 4 * at);
	return (made_function *)(uintptr_t)words;
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 5;

	for (uint32_t round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < FUNCTIONS; i++) {
			made_function *function = make(code[i], bench_random(&random));

			for (unsigned call = 0; call < 20; call++)
				checksum = function(checksum, round + call);
		}
		/* One instruction of a function changes, the others stay. */
		for (unsigned i = 0; i < 16; i++) {
			made_function *function = (made_function *)(uintptr_t)code[i];

			code[i][0] = ADDIU_V0_A0 | ((round + i) & 0x7FF);
			code_changed(&code[i][0], 4);
			for (unsigned call = 0; call < 400; call++)
				checksum = function(checksum, call);
		}
		checksum = bench_mix(checksum, round);
	}
	return checksum;
}

/* Changes the same code again and again: one instruction of a function, then calls it a few times, then another function.
 * And one function that is left alone for long enough to be worth something between two changes. */
#include "tests/guest/bare/check.h"

#define ADDIU_V0_A0 0x24820000u
#define XORI_V0_V0  0x38420000u
#define JR_RA	    0x03e00008u
#define NOP	    0u

#define FUNCTIONS 16u
#define LENGTH	  64u /* words from one to the next */
#define PATCHES	  16000u
#define CALLS	  8u
#define RARE	  4000u /* calls of the first function between its changes */

typedef uint32_t function(uint32_t);

static volatile uint32_t code[FUNCTIONS][LENGTH];

void run(void)
{
	uint32_t checksum = 0;

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		code[i][0] = ADDIU_V0_A0 | i;
		for (uint32_t word = 1; word < 8; word++)
			code[i][word] = XORI_V0_V0 | word * i;
		code[i][8] = JR_RA;
		code[i][9] = NOP;
	}
	for (uint32_t patch = 0; patch < PATCHES; patch++) {
		uint32_t i = 1 + patch % (FUNCTIONS - 1);

		code[i][patch % 7 + 1] = XORI_V0_V0 | (patch & 0x7fff);
		for (uint32_t call = 0; call < CALLS; call++)
			checksum = ((function *)code[i])(checksum);
		if (patch % (RARE / 10) == 0)
			code[0][1] = XORI_V0_V0 | (patch & 0x7fff);
		for (uint32_t call = 0; call < 10; call++)
			checksum = ((function *)code[0])(checksum);
	}
	check("patched", checksum);
}

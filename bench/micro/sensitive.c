/* Each sensitive instruction, eight in a loop, under the reference interpreter and under each policy. */
#include "bench/micro/groups.h"
#include "bench/micro/loop.h"

#include <stdio.h>
#include <string.h>

#define REPEAT 8u

enum form {
	READ,  /* MFC0 of the register, and an addition */
	WRITE, /* MTC0, with what the register held before */
	PLAIN, /* the word */
	NEXT,  /* the word, each time with another page in EntryHi */
};

struct instruction {
	const char *name;
	enum form form;
	uint32_t what; /* CP0 register or word */
};

static const struct instruction instructions[] = {
    {"mfc0-index", READ, CP0_INDEX},
    {"mfc0-random", READ, CP0_RANDOM},
    {"mfc0-entrylo", READ, CP0_ENTRY_LO},
    {"mfc0-context", READ, CP0_CONTEXT},
    {"mfc0-badvaddr", READ, CP0_BAD_VADDR},
    {"mfc0-count", READ, CP0_COUNT},
    {"mfc0-entryhi", READ, CP0_ENTRY_HI},
    {"mfc0-compare", READ, CP0_COMPARE},
    {"mfc0-status", READ, CP0_STATUS},
    {"mfc0-cause", READ, CP0_CAUSE},
    {"mfc0-epc", READ, CP0_EPC},
    {"mfc0-prid", READ, CP0_PRID},
    {"mtc0-index", WRITE, CP0_INDEX},
    {"mtc0-entrylo", WRITE, CP0_ENTRY_LO},
    {"mtc0-context", WRITE, CP0_CONTEXT},
    {"mtc0-count", WRITE, CP0_COUNT},
    {"mtc0-entryhi", WRITE, CP0_ENTRY_HI},
    {"mtc0-compare", WRITE, CP0_COMPARE},
    {"mtc0-status", WRITE, CP0_STATUS},
    {"mtc0-cause", WRITE, CP0_CAUSE},
    {"tlbp", PLAIN, TLBP},
    {"tlbr", PLAIN, TLBR},
    {"tlbwi", PLAIN, TLBWI},
    {"tlbwr", NEXT, TLBWR},
    {"rfe", PLAIN, RFE},
};
#define COUNT (sizeof(instructions) / sizeof(instructions[0]))

struct variant {
	const struct instruction *instruction;
	enum machine_kind kind;
};
static struct variant variants[COUNT][MACHINE_KINDS]; /* filled once, before anything runs */

static void measure(struct micro_state *state, const void *context)
{
	const struct variant *variant = context;
	const struct instruction *instruction = variant->instruction;
	uint32_t prepare[4] = {NOP, NOP, NOP, NOP}, body[4];
	unsigned body_count = 1;
	struct loop loop;

	switch (instruction->form) {
	case READ:
		body[0] = MFC0(T0, (int32_t)instruction->what);
		body[1] = ADDU(T1, T1, T0); /* else none but the last would be needed */
		body_count = 2;
		break;
	case WRITE:
		prepare[0] = MFC0(T0, (int32_t)instruction->what);
		if (instruction->what == CP0_COMPARE)
			prepare[0] = LUI(T0, 0x7FFF); /* a match that does not come */
		body[0] = MTC0(T0, (int32_t)instruction->what);
		break;
	case PLAIN:
		body[0] = instruction->what;
		if (instruction->what == TLBWI) { /* entry 0 as it is at reset */
			prepare[0] = LUI(T0, 0x8100);
			prepare[1] = MTC0(T0, CP0_ENTRY_HI);
		}
		break;
	case NEXT:
		prepare[0] = LUI(T1, 0x7FFF);
		body[0] = ADDIU(T0, T0, 0x1000);
		body[1] = AND(T0, T0, T1);
		body[2] = MTC0(T0, CP0_ENTRY_HI);
		body[3] = instruction->what;
		body_count = 4;
		prepare[1] = ORI(T1, T1, 0xF000);
		break;
	}
	loop_make(&loop, prepare, 4, body, body_count, REPEAT);

	struct machine_words pieces[] = {{MACHINE_ENTRY, loop.words, loop.count}};

	loop_measure(state, machine_new(state, variant->kind, pieces, 1, 0), "instruction", REPEAT,
		     loop.body);
}

void register_sensitive(void)
{
	for (unsigned i = 0; i < COUNT; i++) {
		for (unsigned kind = 0; kind < MACHINE_KINDS; kind++) {
			char name[64];

			variants[i][kind] = (struct variant){&instructions[i], (enum machine_kind)kind};
			snprintf(name, sizeof(name), "sensitive/%s/%s", instructions[i].name,
				 machine_kind_names[kind]);
			micro_register(name, measure, &variants[i][kind]);
		}
	}
}

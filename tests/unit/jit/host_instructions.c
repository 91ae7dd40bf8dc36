/* What the first tier makes of representative blocks: host instructions and bytes for each guest instruction, compared
 * with a checked-in list, so that every change of the quality of code shows as a difference.
 *
 *   host_instructions EXPECTED        compares; prints what is and what was expected
 *   host_instructions --print         prints the list, to be checked in */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"
#include "jit/stencil.h"
#include "runtime/cpu/model.h"

#define MAX_WORDS 12
#define ENTRY	  0x1000u

struct sample {
	const char *name;
	unsigned count;
	uint32_t words[MAX_WORDS];
};

#define ADDU(d, s, t)  MIPS_WORD(ADDU, ['d'] = (d), ['s'] = (s), ['t'] = (t))
#define ADDIU(t, s, i) MIPS_WORD(ADDIU, ['t'] = (t), ['s'] = (s), ['i'] = (i))
#define BNE(s, t, b)   MIPS_WORD(BNE, ['s'] = (s), ['t'] = (t), ['b'] = (b))
#define BEQ(s, t, b)   MIPS_WORD(BEQ, ['s'] = (s), ['t'] = (t), ['b'] = (b))
#define LOAD(op, t, o) MIPS_WORD(op, ['t'] = (t), ['s'] = 4, ['o'] = (o))
#define NOP	       0u

static unsigned collect(struct sample samples[8], bool user)
{
	const struct sample all[] = {
	    {"arithmetic",
	     9,
	     {ADDU(2, 3, 4), ADDIU(2, 2, 1), MIPS_WORD(SLL, ['d'] = 3, ['t'] = 2, ['a'] = 2),
	      MIPS_WORD(SLTU, ['d'] = 1, ['s'] = 2, ['t'] = 3), MIPS_WORD(LUI, ['t'] = 5, ['U'] = 0x1234),
	      MIPS_WORD(OR, ['d'] = 6, ['s'] = 5, ['t'] = 0), MIPS_WORD(ADD, ['d'] = 7, ['s'] = 6, ['t'] = 5),
	      BNE(1, 0, 2), NOP}},
	    {"memory",
	     8,
	     {LOAD(LW, 2, 0), LOAD(LBU, 3, 4), LOAD(LH, 5, 6), LOAD(SW, 2, 8), LOAD(SB, 3, 12),
	      LOAD(SH, 5, 14), BEQ(2, 3, 2), ADDIU(4, 4, 16)}},
	    {"unaligned",
	     5,
	     {LOAD(LWL, 2, 0), LOAD(LWR, 2, 3), LOAD(SWL, 2, 4), LOAD(SWR, 2, 7), LOAD(LL, 3, 8)}},
	    {"HI and LO",
	     5,
	     {MIPS_WORD(MULT, ['s'] = 2, ['t'] = 3), MIPS_WORD(MFLO, ['d'] = 4), MIPS_WORD(MFHI, ['d'] = 5),
	      MIPS_WORD(DIVU, ['s'] = 2, ['t'] = 3), MIPS_WORD(MFLO, ['d'] = 6)}},
	    {"call", 2, {MIPS_WORD(JAL, ['j'] = ENTRY >> 2), ADDIU(29, 29, -24)}},
	    {"return", 2, {MIPS_WORD(JR, ['s'] = 31), LOAD(LW, 16, 16)}},
	    {"slot that the branch depends on", 2, {BNE(2, 3, 2), ADDIU(2, 2, 1)}},
	    {"coprocessor 0",
	     4,
	     {MIPS_WORD(MFC0, ['t'] = 26, ['r'] = 12), MIPS_WORD(MTC0, ['t'] = 26, ['r'] = 10),
	      MIPS_WORD(MFC0, ['t'] = 27, ['r'] = 9), MIPS_WORD(MTC0, ['t'] = 26, ['r'] = 12)}},
	};
	unsigned count = sizeof(all) / sizeof(all[0]) - user; /* coprocessor 0 is the kernel's */

	memcpy(samples, all, sizeof(all));
	return count;
}

static void list_group(FILE *file, const struct sample *sample, const struct cpu_model *model,
		       const struct stencil_group *group, const struct stencil *stencil, uint32_t va)
{
	/* Groups are named by their first instruction; branches come with their end. */
	struct insn insn;
	char text[96] = "end of the block";

	if (group->guest < sample->count) {
		mips_decode(model->lift.isa, sample->words[group->guest], &insn);
		mips_disassemble(&insn, va + 4u * group->guest, text, sizeof(text));
		for (char *tab = text; (tab = strchr(tab, '\t'));)
			*tab = ' ';
	}
	if (stencil)
		fprintf(file, "    %-36s %3u host instructions, %3u bytes and %3u\n", text,
			stencil->hot_instructions, stencil->hot_size, stencil->cold_size);
	else
		fprintf(file, "    %-36s none\n", text);
}

static void list_model(FILE *file, const struct cpu_model *model, bool user)
{
	static struct stencil_group groups[MAX_WORDS + 2];
	struct sample samples[8];
	unsigned sample_count = collect(samples, user), group_count;
	struct lift_options options = {.sensitive_inline = true, .ram_size = 1u << 24};

	fprintf(file, "%s, %s endian, %s\n", model->name, model->lift.big_endian ? "big" : "little",
		user ? "user" : "kernel");
	for (unsigned i = 0; i < sample_count; i++) {
		uint32_t va = user ? 0x00400000 + ENTRY : 0x80000000 + ENTRY;
		struct ir_mode mode = {.user = user, .mapped = user, .big_endian = model->lift.big_endian};
		struct ir_region region;

		ir_region_init(&region, mode);
		options.max_instructions = (uint16_t)samples[i].count;
		fprintf(file, "  %s\n", samples[i].name);
		if (!lift_block(&region, &model->lift, &options, va, ENTRY, samples[i].words,
				samples[i].count, false) ||
		    !stencil_split(&region.blocks[0], groups, MAX_WORDS + 2, &group_count)) {
			fprintf(file, "    cannot be translated\n");
			group_count = 0;
		}
		for (unsigned g = 0; g < group_count; g++) {
			uint8_t key[MAX_KEY_SIZE];
			size_t size = stencil_key(&groups[g], mode, key);

			list_group(file, &samples[i], model, &groups[g],
				   stencil_find(&stencil_library, key, size), va);
		}
		ir_region_free(&region);
	}
}

static void list(FILE *file)
{
	const struct stencil *head = &stencil_library.head[0];

	fprintf(file, "start of a block: %u host instructions, %u bytes and %u\n", head->hot_instructions,
		head->hot_size, head->cold_size);
	list_model(file, &cpu_model_mips161, false);
	list_model(file, &cpu_model_mips161, true);
	list_model(file, cpu_model_mips32("24Kf", false), false);
	list_model(file, cpu_model_mips32("24Kf", false), true);
}

int main(int argc, char **argv)
{
	char *text = NULL, line[256];
	size_t size = 0;
	unsigned number = 0, differences = 0;
	FILE *memory = open_memstream(&text, &size), *expected;

	if (argc != 2 || !memory)
		return 2;
	list(memory);
	fclose(memory);
	if (strcmp(argv[1], "--print") == 0) {
		fputs(text, stdout);
		free(text);
		return 0;
	}
	expected = fopen(argv[1], "r");
	if (!expected) {
		perror(argv[1]);
		return 2;
	}
	for (char *at = text; *at;) {
		char *end = strchr(at, '\n');

		*end = '\0';
		number++;
		if (!fgets(line, sizeof(line), expected))
			line[0] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, at) != 0) {
			printf("line %u:\n  expected %s\n  got      %s\n", number, line, at);
			differences++;
		}
		at = end + 1;
	}
	if (fgets(line, sizeof(line), expected)) {
		printf("line %u:\n  expected %s", number + 1, line);
		differences++;
	}
	fclose(expected);
	free(text);
	printf("%u lines, %u differences\n", number, differences);
	return differences ? 1 : 0;
}

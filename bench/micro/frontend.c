/* Decoding, lifting and the passes on real code: the first page of a bench program. */
#include "bench/micro/groups.h"
#include "bench/micro/machine.h"
#include "frontend/decode.h"
#include "frontend/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM_VA   0x80100000u
#define PAGE_WORDS   (PAGE_SIZE / 4)
#define MAX_REGIONS  512u
#define INSTRUCTIONS 64u /* in a block at most, as the translator has it */

/* The page, and its blocks one after the other, each in a region of its own. */
struct code {
	uint32_t words[PAGE_WORDS];
	struct ir_region regions[MAX_REGIONS];
	uint32_t starts[MAX_REGIONS]; /* word numbers */
	unsigned count;
	unsigned instructions;
};

static const struct lift_options lift_options = {
    .sensitive_inline = true, .max_instructions = INSTRUCTIONS, .ram_size = 0x1000000};

static bool lift(struct ir_region *region, const struct code *code, uint32_t word)
{
	ir_region_init(region, (struct ir_mode){.big_endian = true});
	return lift_block(region, &cpu_model_mips161.lift, &lift_options, PROGRAM_VA + 4 * word,
			  PROGRAM_VA - 0x80000000u + 4 * word, code->words + word, PAGE_WORDS - word, false);
}

static struct code *code_new(struct micro_state *state)
{
	struct machine *machine = machine_load(state, MACHINE_REFERENCE, GUEST_DIR "/system161.conf",
					       GUEST_DIR "/system161/short/mix.elf", 0, 0);
	struct code *code = calloc(1, sizeof(*code));

	if (!code)
		abort();
	if (!machine)
		return code; /* empty */
	for (unsigned i = 0; i < PAGE_WORDS; i++)
		code->words[i] = memory_read_word(&machine->vm->memory, PROGRAM_VA - 0x80000000u + 4 * i);
	machine_free(machine);
	for (uint32_t word = 0; word < PAGE_WORDS && code->count < MAX_REGIONS;) {
		struct ir_region *region = &code->regions[code->count];

		if (!lift(region, code, word)) {
			ir_region_free(region);
			word++; /* the interpreter's */
			continue;
		}
		code->starts[code->count++] = word;
		code->instructions += region->blocks[0].guest_count;
		word += region->blocks[0].guest_count;
	}
	return code;
}

static void code_free(struct code *code)
{
	for (unsigned i = 0; i < code->count; i++)
		ir_region_free(&code->regions[i]);
	free(code);
}

static void decode(struct micro_state *state, const void *context)
{
	struct code *code = code_new(state);
	double decoded = 0;

	(void)context;
	while (micro_running(state)) {
		for (unsigned i = 0; i < PAGE_WORDS; i++) {
			struct insn insn;

			mips_decode(cpu_model_mips161.lift.isa, code->words[i], &insn);
			micro_use(insn.op);
		}
		decoded += PAGE_WORDS;
	}
	micro_per(state, "instruction", decoded);
	code_free(code);
}

static void lift_page(struct micro_state *state, const void *context)
{
	struct code *code = code_new(state);
	double lifted = 0;

	(void)context;
	while (micro_running(state)) {
		for (unsigned i = 0; i < code->count; i++) {
			struct ir_region region;

			lift(&region, code, code->starts[i]);
			ir_region_free(&region);
		}
		lifted += code->instructions;
	}
	micro_per(state, "instruction", lifted);
	code_free(code);
}

/* One pass, or all of them, each on what the passes before it leave. */
static void pass(struct micro_state *state, const void *context)
{
	const struct ir_pass *only = context;
	struct code *code = code_new(state);
	double done = 0;

	while (micro_running(state)) {
		micro_pause(state);
		for (unsigned i = 0; i < code->count; i++) {
			ir_region_free(&code->regions[i]);
			lift(&code->regions[i], code, code->starts[i]);
			for (const struct ir_pass *before = ir_passes; only && before < only; before++)
				before->run(&code->regions[i].blocks[0]);
		}
		micro_resume(state);
		for (unsigned i = 0; i < code->count; i++) {
			if (only)
				only->run(&code->regions[i].blocks[0]);
			else
				ir_optimise(&code->regions[i], 0);
		}
		done += code->instructions;
	}
	micro_per(state, "instruction", done);
	code_free(code);
}

void register_frontend(void)
{
	char name[64];

	micro_register("decode", decode, NULL);
	micro_register("lift", lift_page, NULL);
	for (const struct ir_pass *one = ir_passes; one->name; one++) {
		snprintf(name, sizeof(name), "pass/%s", one->name);
		micro_register(name, pass, one);
	}
	micro_register("pass/all", pass, NULL);
}

/* Runs one test of the lifter (text_test.h): the words of a block, for MIPS-161 or MIPS32, become IR.
 *
 *     # Comments, and one line with the parameters, in this order; those in brackets may be left out:
 *     # lift: mode=user|kernel|mapped va=80001000 [max=N] [ram=SIZE] [call] [last] [passes]
 *       [mips32 [little]]
 *     24840001  addiu a0, a0, 1        what follows the word is for the reader
 *     ====
 *     the IR, or `nothing` if the block is empty
 *
 * `mapped` is kernel mode in mapped code; `call`: sensitive instructions are helper calls; `last`: no RAM
 * follows the page; `passes`: after all passes. The physical page is number 1. */
#include "runtime/cpu/model.h"
#include "tests/ir/text_test.h"

#include <stdlib.h>
#include <string.h>

struct setup {
	struct ir_mode mode;
	uint32_t va;
	struct lift_options options;
	bool last_page, passes;
	const struct cpu_model *model;
};

static bool read_setup(const char *input, struct setup *setup, struct error *error)
{
	static const char key[] = "# lift:";
	const char *line = strstr(input, key), *field;
	char text[200], mode[20];
	unsigned va;

	if (!line)
		return error_set(error, "no line '# lift:'");
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
	*setup = (struct setup){.options = {.sensitive_inline = true, .max_instructions = 64}};
	if (sscanf(text + strlen(key), " mode=%19[a-z] va=%x", mode, &va) != 2)
		return error_set(error, "bad line '# lift:'");
	setup->va = va;
	setup->mode = (struct ir_mode){
	    .user = strcmp(mode, "user") == 0, .mapped = strcmp(mode, "kernel") != 0, .big_endian = true};
	if ((field = strstr(text, " max=")))
		setup->options.max_instructions = (uint16_t)strtoul(field + 5, NULL, 0);
	if ((field = strstr(text, " ram=")))
		setup->options.ram_size = (uint32_t)strtoul(field + 5, NULL, 0);
	setup->options.sensitive_inline = !strstr(text, " call");
	setup->last_page = strstr(text, " last");
	setup->passes = strstr(text, " passes");
	setup->mode.big_endian = !strstr(text, " little");
	setup->model =
	    strstr(text, " mips32") ? cpu_model_mips32("24Kf", setup->mode.big_endian) : &cpu_model_mips161;
	return true;
}

static unsigned read_words(const char *input, uint32_t *words, unsigned limit)
{
	unsigned count = 0;

	for (const char *line = input; *line && count < limit;) {
		if (*line != '#')
			words[count++] = (uint32_t)strtoul(line, NULL, 16);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return count;
}

static char *run(const char *input)
{
	struct ir_region region;
	struct setup setup;
	struct error error;
	uint32_t words[1024];
	unsigned count = read_words(input, words, 1024);
	char *output = NULL;

	if (!read_setup(input, &setup, &error))
		return text_test_error(&error);
	ir_region_init(&region, setup.mode);
	if (!lift_block(&region, &setup.model->lift, &setup.options, setup.va, 0x1000 | (setup.va & 0xFFF),
			words, count, setup.last_page)) {
		output = strdup(region.count == 0 ? "nothing\n" : "the region has changed\n");
	} else if (ir_verify(&region, &error)) {
		if (setup.passes)
			ir_optimise(&region, 0);
		if (ir_verify(&region, &error))
			output = text_test_print(&region, &error);
	}
	ir_region_free(&region);
	return output ? output : text_test_error(&error);
}

int main(int argc, char **argv)
{
	return text_test_main(argc, argv, run);
}

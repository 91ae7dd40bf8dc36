/* Shows what becomes of a region, stage by stage. */
#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "jit/jit_internal.h"

#include <stdlib.h>
#include <string.h>

bool jit_dump_stages(const char *letters, unsigned *stages)
{
	static const char known[] = "gtioLlh";
	static const unsigned bits[] = {DUMP_GUEST,	     DUMP_FIRST, DUMP_IR,  DUMP_IR_OPTIMISED,
					DUMP_LLVM_OPTIMISED, DUMP_LLVM,	 DUMP_HOST};

	*stages = 0;
	for (; *letters; letters++) {
		const char *at = strchr(known, *letters);

		if (!at)
			return false;
		*stages |= bits[at - known];
	}
	return *stages != 0;
}

static void heading(FILE *file, const char *text)
{
	fprintf(file, "\n=== %s\n", text);
}

static void dump_instruction(const struct jit *jit, const struct scanned_block *block, unsigned index,
			     FILE *file)
{
	uint32_t word = memory_read_word(jit->memory, block->pa + 4 * index);
	struct insn insn;
	char text[96];

	mips_decode(jit->cpus[0].model->lift.isa, word, &insn);
	mips_disassemble(&insn, block->va + 4 * index, text, sizeof(text));
	fprintf(file, "  %08x:  %08x  %s\n", block->va + 4 * index, word, text);
}

static void dump_guest(const struct jit *jit, const struct region *region, FILE *file)
{
	heading(file, "guest assembly");
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];

		fprintf(file, "block %08x, physical %08x%s\n", block->va, block->pa,
			block->entry ? ", entry" : "");
		for (unsigned k = 0; k < block->words; k++)
			dump_instruction(jit, block, k, file);
	}
}

/* Each guest instruction, then the stencils' code for it: first what runs in a row, then what is left aside. */
static void dump_pieces(const struct jit *jit, const struct emitted_block *block, bool cold,
			host_disassembler *host, FILE *file)
{
	unsigned shown = NO_GUEST;

	for (unsigned i = 0; i < emit_piece_count(jit); i++) {
		struct emitted_piece piece = emit_piece(jit, i);
		const uint8_t *code = cold ? piece.cold : piece.hot;
		size_t size = cold ? piece.cold_size : piece.hot_size;

		if (size == 0)
			continue;
		if (piece.guest != NO_GUEST && piece.guest != shown && piece.guest < block->scanned.words)
			dump_instruction(jit, &block->scanned, piece.guest, file);
		shown = piece.guest;
		host(code, size, (uint64_t)(code - block->code), file);
	}
}

/* Translates each block of a region anew, into code that nothing leads to. */
static bool dump_first_tier(struct jit *jit, const struct region *region, FILE *file, struct error *error)
{
	host_disassembler *host = compiler_disassembler(jit->compiler, error);

	if (!host)
		return false;
	heading(file, "host assembly, first tier");
	for (unsigned i = 0; i < region->block_count; i++) {
		struct block_entry entry = {
		    .va = region->blocks[i].va, .pa = region->blocks[i].pa, .user = region->mode.user};
		struct emitted_block block;

		region_scan_block(jit, &entry, &block);
		block.countdown = jit->code.executable; /* anything near: it never runs */
		if (!emit_block(jit, &block))
			return error_set(error, "There is no room for the first tier's code");
		fprintf(file, "block %08x, %zu bytes of host code for %u guest instructions\n", entry.va,
			block.size, block.instructions);
		dump_pieces(jit, &block, false, host, file);
		fprintf(file, "  aside:\n");
		dump_pieces(jit, &block, true, host, file);
		if (block.slot_count)
			slots_give_back(jit, block.first_slot, block.slot_count);
	}
	return true;
}

static void dump_ir(const struct jit *jit, struct region *region, bool optimised, FILE *file)
{
	heading(file, optimised ? "IR, optimised" : "IR");
	if (!compiler_lift(jit, region, optimised))
		fprintf(file, "nothing here can be translated\n");
	else
		ir_print(&region->ir, file);
	ir_region_free(&region->ir);
}

static bool dump_code(struct jit *jit, struct region *region, unsigned stages, FILE *file,
		      struct error *error)
{
	struct backend_text text = {0};

	if (!compiler_compile_now(jit->compiler, region, &text, error))
		return false;
	reclaim_collected(jit, region->object); /* it was never to run */
	if (stages & DUMP_LLVM) {
		heading(file, "LLVM IR");
		fputs(text.llvm_ir, file);
	}
	if (stages & DUMP_LLVM_OPTIMISED) {
		heading(file, "LLVM IR, optimised");
		fputs(text.llvm_ir_optimised, file);
	}
	if (stages & DUMP_HOST) {
		heading(file, "host assembly");
		fputs(text.assembly, file);
	}
	free(text.llvm_ir);
	free(text.llvm_ir_optimised);
	free(text.assembly);
	return true;
}

bool jit_find_region(const struct jit *jit, uint32_t pa, bool user, uint32_t *head_va, uint32_t *head_pa)
{
	for (uint32_t number = 1; number <= jit->translations.made; number++) {
		const struct translation *translation = translation_at(jit, number);

		if (translation->tier == 0 || translation->pending || translation->user != user)
			continue;
		unsigned blocks = translation_block_count(translation);
		for (unsigned i = 0; i < translation->instance_count * blocks; i++) {
			uint32_t distance = translation_instances(translation)[i / blocks];
			struct scanned_block block = translation_block(translation, i % blocks);

			if (pa - (block.pa + distance) >= 4u * block.words)
				continue;
			*head_va = translation->va;
			*head_pa = translation->pa + distance;
			return true;
		}
	}
	return false;
}

bool jit_dump(struct jit *jit, uint32_t va, uint32_t pa, bool user, const struct jit_dump_options *options,
	      FILE *file, struct error *error)
{
	struct block_entry head = {.va = va, .pa = pa, .user = user};
	struct region *region = region_discover(jit, &head, !options->single_block);
	bool ok = true;

	if (options->single_block)
		region->block_count = 1;
	if (options->stages & DUMP_GUEST)
		dump_guest(jit, region, file);
	if (options->stages & DUMP_FIRST)
		ok = dump_first_tier(jit, region, file, error);
	if (options->stages & DUMP_IR)
		dump_ir(jit, region, false, file);
	if (options->stages & DUMP_IR_OPTIMISED)
		dump_ir(jit, region, true, file);
	if (ok && options->stages & (DUMP_LLVM | DUMP_LLVM_OPTIMISED | DUMP_HOST))
		ok = dump_code(jit, region, options->stages, file, error);
	region_free(region);
	return ok;
}

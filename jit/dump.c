/* Shows what becomes of a region, stage by stage. */
#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "jit/jit_internal.h"
#include "jit/listing.h"

#include <stdlib.h>
#include <string.h>

bool jit_dump_stages(const char *letters, unsigned *stages)
{
	static const char known[] = "gtiopLlhr";
	static const unsigned bits[] = {DUMP_GUEST,	   DUMP_FIRST,	DUMP_IR,
					DUMP_IR_OPTIMISED, DUMP_PASSES, DUMP_LLVM_OPTIMISED,
					DUMP_LLVM,	   DUMP_HOST,	DUMP_RUNNING};

	*stages = 0;
	for (; *letters; letters++) {
		const char *at = strchr(known, *letters);

		if (!at)
			return false;
		*stages |= bits[at - known];
	}
	return *stages != 0;
}

static unsigned pass_count(void)
{
	unsigned count = 0;

	while (ir_passes[count].name)
		count++;
	return count;
}

bool jit_dump_passes(const char *names, unsigned *skipped)
{
	unsigned all = (1u << pass_count()) - 1;

	*skipped = strcmp(names, "all") == 0 ? 0 : all;
	if (*skipped == 0 || strcmp(names, "none") == 0)
		return true;
	for (const char *name = names;; name++) {
		size_t length = strcspn(name, ",");
		unsigned i = 0;

		while (i < pass_count() &&
		       (strlen(ir_passes[i].name) != length || strncmp(ir_passes[i].name, name, length) != 0))
			i++;
		if (i == pass_count())
			return false;
		*skipped &= ~(1u << i);
		name += length;
		if (!*name)
			return true;
	}
}

static uint32_t instruction_word(const struct jit *jit, uint32_t pa, unsigned index)
{
	return memory_read_word(jit->memory, pa + 4 * index);
}

/* The guest instruction that an operation of a block was made for. What ends a block counts as one behind the last one, but
 * belongs to the jump, which a delay slot may follow. */
static uint32_t guest_of(const struct jit *jit, uint32_t va, uint32_t pa, unsigned words, unsigned index)
{
	struct insn insn;

	if (words == 0)
		return va;
	if (index >= words) {
		index = words - 1;
		if (words >= 2) {
			mips_decode(jit->cpus[0].model->lift.isa, instruction_word(jit, pa, words - 2),
				    &insn);
			index -= insn_has_delay_slot(&insn);
		}
	}
	return va + 4 * index;
}

static void add_instruction(const struct jit *jit, const struct scanned_block *block, unsigned index,
			    struct listing *listing)
{
	uint32_t word = instruction_word(jit, block->pa, index), va = block->va + 4 * index;
	struct insn insn;
	char text[96], line[128];

	mips_decode(jit->cpus[0].model->lift.isa, word, &insn);
	mips_disassemble(&insn, va, text, sizeof(text));
	snprintf(line, sizeof(line), "  %08x:  %08x  %s", va, word, text);
	listing_add(listing, va, LISTING_NO_OP, line);
}

static void inspect_guest(const struct jit *jit, const struct region *region, struct inspection *inspection)
{
	struct listing *listing = listing_begin(inspection, "guest", "guest assembly");

	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		char line[96];

		snprintf(line, sizeof(line), "block %08x, physical %08x%s", block->va, block->pa,
			 block->entry ? ", entry" : "");
		listing_add(listing, LISTING_NO_GUEST, LISTING_NO_OP, line);
		for (unsigned k = 0; k < block->words; k++)
			add_instruction(jit, block, k, listing);
	}
}

/* --- the first tier --- */

static void link_piece(void *context, unsigned line, uint32_t *guest, uint32_t *op)
{
	(void)line;
	(void)op;
	*guest = *(const uint32_t *)context;
}

/* Each guest instruction, then the stencils' code for it: first what runs in a row, then what is left aside. */
static void add_pieces(const struct jit *jit, const struct emitted_block *block, bool cold,
		       host_disassembler *host, struct listing *listing)
{
	const struct scanned_block *scanned = &block->scanned;
	unsigned shown = NO_GUEST;

	for (unsigned i = 0; i < emit_piece_count(jit); i++) {
		struct emitted_piece piece = emit_piece(jit, i);
		const uint8_t *code = cold ? piece.cold : piece.hot;
		size_t size = cold ? piece.cold_size : piece.hot_size, length = 0;
		uint32_t guest = LISTING_NO_GUEST;
		char *text = NULL;
		FILE *file;

		if (size == 0)
			continue;
		if (piece.guest != NO_GUEST && piece.guest != shown && piece.guest < scanned->words)
			add_instruction(jit, scanned, piece.guest, listing);
		shown = piece.guest;
		if (piece.guest != NO_GUEST)
			guest = guest_of(jit, scanned->va, scanned->pa, block->instructions, piece.guest);
		file = open_memstream(&text, &length);
		if (!file)
			abort();
		host(code, size, (uint64_t)(code - block->code), file);
		fclose(file);
		listing_add_text(listing, text, link_piece, &guest);
		free(text);
	}
}

/* Translates each block of a region anew, into code that nothing leads to. */
static bool inspect_first_tier(struct jit *jit, const struct region *region, struct inspection *inspection,
			       struct error *error)
{
	host_disassembler *host = compiler_disassembler(jit->compiler, error);
	struct listing *listing;

	if (!host)
		return false;
	listing = listing_begin(inspection, "first", "host assembly, first tier");
	for (unsigned i = 0; i < region->block_count; i++) {
		struct block_entry entry = {
		    .va = region->blocks[i].va, .pa = region->blocks[i].pa, .user = region->mode.user};
		struct emitted_block block;
		char line[128];

		region_scan_block(jit, &entry, &block);
		block.countdown = jit->code.executable; /* anything near: it never runs */
		if (!emit_block(jit, &block))
			return error_set(error, "There is no room for the first tier's code");
		snprintf(line, sizeof(line), "block %08x, %zu bytes of host code for %u guest instructions",
			 entry.va, block.size, block.instructions);
		listing_add(listing, LISTING_NO_GUEST, LISTING_NO_OP, line);
		add_pieces(jit, &block, false, host, listing);
		listing_add(listing, LISTING_NO_GUEST, LISTING_NO_OP, "  aside:");
		add_pieces(jit, &block, true, host, listing);
		if (block.slot_count)
			slots_give_back(jit, block.first_slot, block.slot_count);
	}
	return true;
}

/* --- IR --- */

/* The text of one block, and what its lines are. */
struct ir_lines {
	const struct jit *jit;
	const struct ir_region *region;
	unsigned block, next; /* operation */
};

static void link_op(const struct jit *jit, const struct ir_region *region, uint32_t number, uint32_t *guest,
		    uint32_t *op)
{
	const struct ir_block *block;

	if (number == LISTING_NO_OP || number >> 16 >= region->count)
		return;
	block = &region->blocks[number >> 16];
	*op = number;
	*guest = guest_of(jit, block->va, block->pa, block->guest_count, block->insns[number & 0xFFFF].guest);
}

static void link_ir(void *context, unsigned line, uint32_t *guest, uint32_t *op)
{
	struct ir_lines *lines = context;
	const struct ir_block *block = &lines->region->blocks[lines->block];

	if (line == 0)
		return; /* the block's head */
	while (lines->next < block->count && block->insns[lines->next].dead)
		lines->next++;
	if (lines->next < block->count)
		link_op(lines->jit, lines->region, BACKEND_OP(lines->block, lines->next++), guest, op);
}

static void add_ir(const struct jit *jit, const struct ir_region *region, struct inspection *inspection,
		   const char *name, const char *title)
{
	struct listing *listing = listing_begin(inspection, name, title);
	struct ir_region empty = *region;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	empty.count = 0;
	ir_print(&empty, file);
	fclose(file);
	listing_add_text(listing, text, NULL, NULL);
	free(text);
	for (unsigned i = 0; i < region->count; i++) {
		struct ir_lines lines = {.jit = jit, .region = region, .block = i};

		file = open_memstream(&text, &size);
		if (!file)
			abort();
		ir_print_block(region, &region->blocks[i], file);
		fclose(file);
		listing_add_text(listing, text, link_ir, &lines);
		free(text);
	}
}

static void inspect_ir(const struct jit *jit, struct region *region, unsigned stages,
		       struct inspection *inspection)
{
	static const char nothing[] = "nothing here can be translated";

	if (!compiler_lift(jit, region, false)) {
		if (stages & DUMP_IR)
			listing_add(listing_begin(inspection, "ir", "IR"), LISTING_NO_GUEST, LISTING_NO_OP,
				    nothing);
		if (stages & (DUMP_IR_OPTIMISED | DUMP_PASSES))
			listing_add(listing_begin(inspection, "ir-optimised", "IR, optimised"),
				    LISTING_NO_GUEST, LISTING_NO_OP, nothing);
	} else {
		if (stages & DUMP_IR)
			add_ir(jit, &region->ir, inspection, "ir", "IR");
		for (unsigned i = 0; ir_passes[i].name; i++) {
			char name[32], title[64];

			if (jit->options.skipped_passes >> i & 1)
				continue;
			ir_run_pass(&region->ir, &ir_passes[i]);
			snprintf(name, sizeof(name), "ir:%s", ir_passes[i].name);
			snprintf(title, sizeof(title), "IR after %s", ir_passes[i].name);
			if (stages & DUMP_PASSES)
				add_ir(jit, &region->ir, inspection, name, title);
		}
		if (stages & DUMP_IR_OPTIMISED)
			add_ir(jit, &region->ir, inspection, "ir-optimised", "IR, optimised");
	}
	ir_region_free(&region->ir);
}

/* --- the second tier --- */

struct code_links {
	const struct jit *jit;
	const struct ir_region *region;
	const struct backend_links *links;
};

static void link_code(void *context, unsigned line, uint32_t *guest, uint32_t *op)
{
	const struct code_links *code = context;

	if (line < code->links->count)
		link_op(code->jit, code->region, code->links->ops[line], guest, op);
}

static void add_code(const struct jit *jit, const struct region *region, struct inspection *inspection,
		     const char *name, const char *title, const char *text, const struct backend_links *links)
{
	struct code_links code = {jit, &region->ir, links};

	listing_add_text(listing_begin(inspection, name, title), text ? text : "", link_code, &code);
}

static bool inspect_code(struct jit *jit, struct region *region, unsigned stages,
			 struct inspection *inspection, struct error *error)
{
	struct backend_text text = {0};

	if (!compiler_compile_now(jit->compiler, region, &text, error))
		return false;
	reclaim_collected(jit, region->object); /* it was never to run */
	if (stages & DUMP_LLVM)
		add_code(jit, region, inspection, "llvm", "LLVM IR", text.llvm_ir, &text.llvm_ir_links);
	if (stages & DUMP_LLVM_OPTIMISED)
		add_code(jit, region, inspection, "llvm-optimised", "LLVM IR, optimised",
			 text.llvm_ir_optimised, &text.llvm_ir_optimised_links);
	if (stages & DUMP_HOST)
		add_code(jit, region, inspection, "host", "host assembly", text.assembly,
			 &text.assembly_links);
	free(text.llvm_ir);
	free(text.llvm_ir_optimised);
	free(text.assembly);
	free(text.llvm_ir_links.ops);
	free(text.llvm_ir_optimised_links.ops);
	free(text.assembly_links.ops);
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

static struct inspected_block inspected(const struct scanned_block *block)
{
	struct inspected_block result = {.va = block->va,
					 .pa = block->pa,
					 .words = block->words,
					 .entry = block->entry,
					 .target_count = block->target_count};

	memcpy(result.targets, block->targets, sizeof(result.targets));
	return result;
}

struct inspected_block jit_cut_block(const struct jit *jit, uint32_t va, uint32_t pa, bool user)
{
	struct block_entry entry = {.va = va, .pa = pa, .user = user};
	struct emitted_block block;

	region_scan_block(jit, &entry, &block);
	return inspected(&block.scanned);
}

unsigned jit_region_blocks(const struct jit *jit, const struct jit_block *at, struct inspected_block *blocks,
			   unsigned room)
{
	const struct block_entry *entry = table_find(jit, at->va, at->pa, at->user);
	const struct translation *translation =
	    entry && entry->translation ? translation_at(jit, entry->translation) : NULL;
	unsigned count = translation && translation->tier == 2 ? translation_block_count(translation) : 0;
	uint32_t distance = 0;

	for (unsigned i = 0; i < count; i++) {
		struct scanned_block block = translation_block(translation, i);

		if (block.va == at->va)
			distance = at->pa - block.pa;
	}
	for (unsigned i = 0; i < count && i < room; i++) {
		struct scanned_block block = translation_block(translation, i);

		block.pa += distance;
		blocks[i] = inspected(&block);
	}
	return count;
}

bool jit_inspect_code(const struct jit *jit, const uint8_t *code, size_t size, struct inspection *inspection,
		      struct error *error)
{
	host_disassembler *host = compiler_disassembler(jit->compiler, error);
	char *text = NULL;
	size_t length;
	FILE *file;

	if (!host)
		return false;
	file = open_memstream(&text, &length);
	if (!file)
		abort();
	host(code, size, 0, file);
	fclose(file);
	listing_add_text(listing_begin(inspection, "running", "host assembly, as it runs"), text, NULL, NULL);
	free(text);
	return true;
}

bool jit_inspect(struct jit *jit, uint32_t va, uint32_t pa, bool user, const struct jit_dump_options *options,
		 struct inspection *inspection, struct error *error)
{
	struct block_entry head = {.va = va, .pa = pa, .user = user};
	struct region *region = region_discover(jit, &head, !options->single_block);
	unsigned stages = options->stages;
	bool ok = true;

	*inspection = (struct inspection){0};
	if (options->single_block)
		region->block_count = 1;
	inspection->blocks = calloc(region->block_count, sizeof(*inspection->blocks));
	if (!inspection->blocks)
		abort();
	for (unsigned i = 0; i < region->block_count; i++)
		inspection->blocks[inspection->block_count++] = inspected(&region->blocks[i]);
	if (stages & DUMP_GUEST)
		inspect_guest(jit, region, inspection);
	if (stages & DUMP_FIRST)
		ok = inspect_first_tier(jit, region, inspection, error);
	if (stages & (DUMP_IR | DUMP_IR_OPTIMISED | DUMP_PASSES))
		inspect_ir(jit, region, stages, inspection);
	if (ok && stages & (DUMP_LLVM | DUMP_LLVM_OPTIMISED | DUMP_HOST))
		ok = inspect_code(jit, region, stages, inspection, error);
	region_free(region);
	return ok;
}

bool jit_dump(struct jit *jit, uint32_t va, uint32_t pa, bool user, const struct jit_dump_options *options,
	      FILE *file, struct error *error)
{
	struct inspection inspection;
	bool ok = jit_inspect(jit, va, pa, user, options, &inspection, error);

	inspection_print(&inspection, file);
	inspection_free(&inspection);
	return ok;
}

/* The text form, written. docs/ir.md describes it; parse.c reads it. */
#include "ir/ir_internal.h"

#include <inttypes.h>

/* From here up constants are addresses and masks rather than numbers. */
#define HEXADECIMAL_FROM 4096

static void print_number(uint64_t value, FILE *file)
{
	fprintf(file, value < HEXADECIMAL_FROM ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void print_insn(const struct ir_block *block, unsigned index, FILE *file)
{
	const struct ir_insn *insn = &block->insns[index];
	unsigned count = ir_operand_count(insn);
	const char *separator = " ";

	fputs("  ", file);
	if (ir_type_of(block, (ir_value)index) != IR_NONE)
		fprintf(file, "%%%u = ", index);
	fputs(ir_op_info[insn->op].name, file);
	if (ir_op_shows_type(insn->op) && insn->type != IR_NONE)
		fprintf(file, ".%s", ir_type_name(insn->type));

	if (insn->op == IR_GET || insn->op == IR_SET) {
		fprintf(file, " %s", ir_state_info[insn->state].name);
		separator = ", ";
	} else if (insn->op == IR_CALL) {
		fprintf(file, " %s, ", ir_helper_info[insn->state].name);
		print_number(insn->immediate, file);
		separator = ", ";
	} else if (insn->op == IR_CONST) {
		fputc(' ', file);
		print_number(insn->immediate, file);
	}
	for (unsigned i = 0; i < count; i++) {
		fprintf(file, "%s%%%u", separator, insn->operands[i]);
		separator = ", ";
	}
	if (insn->op == IR_JUMP)
		fprintf(file, " %08" PRIx32, insn->targets[0]);
	else if (insn->op == IR_BRANCH)
		fprintf(file, ", %08" PRIx32 ", %08" PRIx32, insn->targets[0], insn->targets[1]);
	if (ir_op_info[insn->op].timed)
		fprintf(file, " @%u/%u%s", insn->time.index, insn->time.cycle,
			insn->time.delay_slot ? "d" : "");
	fputc('\n', file);
}

void ir_print_block(const struct ir_region *region, const struct ir_block *block, FILE *file)
{
	(void)region;
	fprintf(file, "block va=%08" PRIx32 " pa=%08" PRIx32 " guest=%u cost=%u", block->va, block->pa,
		block->guest_count, block->cost);
	if (block->entry)
		fputs(" entry", file);
	if (block->hint == IR_HINT_CALL)
		fprintf(file, " call=%08" PRIx32, block->link_va);
	else if (block->hint == IR_HINT_RETURN)
		fputs(" return", file);
	if (block->accesses != IR_TOGETHER)
		fputs(block->accesses == IR_SLOW ? " slow" : " apart", file);
	if (block->copy)
		fprintf(file, " copy=%u", block->copy);
	if (block->next)
		fprintf(file, " next=%08" PRIx32 ":%u", block->next_va, block->next_copy);
	if (block->switches)
		fputs(" switch", file);
	if (block->is_case)
		fputs(" case", file);
	fputc('\n', file);
	for (unsigned i = 0; i < block->count; i++) {
		if (!block->insns[i].dead)
			print_insn(block, i, file);
	}
}

void ir_print(const struct ir_region *region, FILE *file)
{
	fprintf(file, "region mode=%s,%s,%s\n", region->mode.user ? "user" : "kernel",
		region->mode.mapped ? "mapped" : "unmapped", region->mode.big_endian ? "big" : "little");
	for (unsigned i = 0; i < region->count; i++)
		ir_print_block(region, &region->blocks[i], file);
}

// The operand strings of mips.def, printed.
#include "frontend/disassemble.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const mips_register_names[32] = {
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",
    "s0",   "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra",
};

static const char *const conditions[16] = {
    "f", "un", "eq", "ueq", "olt", "ult", "ole", "ule", "sf", "ngle", "seq", "ngl", "lt", "nge", "le", "ngt",
};

struct form {
	enum mips_op op;
	const char *mnemonic, *pattern, *operands;
};

static const struct form aliases[] = {
#define ALIAS(op, mnemonic, pattern, operands) {MIPS_OP_##op, mnemonic, pattern, operands},
#include "frontend/mips.def"
};

struct text {
	char *buf;
	size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	bool room = text->length < text->size;
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(room ? text->buf + text->length : NULL, room ? text->size - text->length : 0,
			  format, ap);
	va_end(ap);
	if (n > 0)
		text->length += (size_t)n;
}

static bool pattern_matches(const char *pattern, uint32_t word)
{
	for (int i = 0; i < 32; i++)
		if ((pattern[i] == '0' || pattern[i] == '1') &&
		    (uint32_t)(pattern[i] - '0') != (word >> (31 - i) & 1))
			return false;
	return true;
}

static uint32_t field_value(const char *pattern, char letter, uint32_t word)
{
	uint32_t value = 0;

	for (int i = 0; i < 32; i++)
		if (pattern[i] == letter)
			value = value << 1 | (word >> (31 - i) & 1);
	return value;
}

static void add_operand(struct text *text, const struct insn *insn, uint32_t pc, const char *pattern,
			char letter)
{
	uint32_t value = field_value(pattern, letter, insn->word);

	switch (letter) {
	case 's':
	case 't':
	case 'd':
		add(text, "$%s", mips_register_names[value]);
		break;
	case 'R':
	case 'T':
	case 'S':
	case 'D':
		add(text, "$f%u", value);
		break;
	case 'r':
	case 'x':
		add(text, "$%u", value);
		break;
	case 'k':
		add(text, "$fcc%u", value);
		break;
	case 'i':
	case 'o':
		add(text, "%d", insn->imm);
		break;
	case 'u':
	case 'U':
		add(text, "0x%x", value);
		break;
	case 'b':
		add(text, "0x%x", insn_branch_target(insn, pc));
		break;
	case 'j':
		add(text, "0x%x", insn_jump_target(insn, pc));
		break;
	case 'm':
		add(text, "%u", insn_field_size(insn));
		break;
	default:
		add(text, "%u", value);
		break;
	}
}

size_t mips_disassemble(const struct insn *insn, uint32_t pc, char *buf, size_t size)
{
	const struct op_info *info = &mips_op_info[insn->op];
	struct form form = {insn->op, info->mnemonic, info->pattern, info->operands};
	struct text text = {buf, size, 0};

	if (size)
		buf[0] = '\0';
	if (!form.mnemonic) {
		add(&text, ".word\t0x%08x", insn->word);
		return text.length;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (aliases[i].op == form.op && pattern_matches(aliases[i].pattern, insn->word)) {
			form = aliases[i];
			break;
		}

	for (const char *c = form.mnemonic; *c; c++)
		if (*c == '*')
			add(&text, "%s", conditions[insn_compare_cond(insn)]);
		else
			add(&text, "%c", *c);
	for (const char *c = form.operands; *c; c++) {
		if (c == form.operands)
			add(&text, "\t");
		if (*c == ',')
			add(&text, ", ");
		else if (*c == 'z')
			add(&text, "$zero");
		else if (*c == '(' || *c == ')')
			add(&text, "%c", *c);
		else
			add_operand(&text, insn, pc, form.pattern, *c);
	}
	return text.length;
}

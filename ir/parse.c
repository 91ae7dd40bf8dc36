/* The text form, read. Any text is safe to parse: it gives a region or an error with line and column; the
 * region may still break rules that only ir_verify checks. Memory is bounded by REGION_LIMIT. */
#include "ir/ir_internal.h"

#include <stdlib.h>
#include <string.h>

/* The most operations and blocks that a text may make, gaps in the numbering included. */
#define REGION_LIMIT 1000000u
#define LABEL_COUNT  65536u
#define NO_LABEL     UINT16_MAX

struct parser {
	const char *line; /* start of the current line */
	const char *at;
	unsigned line_number;
	unsigned total; /* operations and blocks so far */
	struct ir_region *region;
	struct ir_block *block;
	uint16_t *labels; /* value of each number written in the current block */
	struct error *error;
};

struct word {
	const char *text;
	size_t length;
};

static bool fail_at(const struct parser *parser, const char *at, const char *what, struct word word)
{
	int shown = word.length > 40 ? 40 : (int)word.length;

	return error_set(parser->error, "line %u, column %u: %s%s%.*s%s", parser->line_number,
			 (unsigned)(at - parser->line) + 1, what, shown ? " '" : "", shown,
			 shown ? word.text : "", shown ? "'" : "");
}

static bool fail(const struct parser *parser, const char *what)
{
	return fail_at(parser, parser->at, what, (struct word){0});
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static void skip_space(struct parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t')
		parser->at++;
}

static bool at_line_end(struct parser *parser)
{
	skip_space(parser);
	return *parser->at == '\0' || *parser->at == '\n' || *parser->at == '#';
}

/* To the next line that holds something; false at the end of the text. */
static bool next_line(struct parser *parser)
{
	while (at_line_end(parser)) {
		while (*parser->at && *parser->at != '\n')
			parser->at++;
		if (!*parser->at)
			return false;
		parser->line = ++parser->at;
		parser->line_number++;
	}
	return true;
}

static bool accept(struct parser *parser, char c)
{
	skip_space(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	return true;
}

static bool expect(struct parser *parser, char c)
{
	char what[] = "expected 'c'";

	if (accept(parser, c))
		return true;
	what[sizeof(what) - 3] = c;
	return fail(parser, what);
}

static bool parse_word(struct parser *parser, struct word *word, const char *what)
{
	skip_space(parser);
	word->text = parser->at;
	while (is_name_char(*parser->at))
		parser->at++;
	word->length = (size_t)(parser->at - word->text);
	return word->length > 0 || fail(parser, what);
}

static bool word_is(struct word word, const char *text)
{
	return strlen(text) == word.length && memcmp(text, word.text, word.length) == 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool parse_digits(struct parser *parser, unsigned base, uint64_t maximum, uint64_t *value)
{
	const char *start = parser->at;

	*value = 0;
	for (unsigned digit; (digit = (unsigned)digit_value(*parser->at)) < base; parser->at++) {
		if (*value > (maximum - digit) / base) {
			parser->at = start;
			return fail(parser, "number too large");
		}
		*value = *value * base + digit;
	}
	if (parser->at == start)
		return fail(parser, "expected a number");
	return true;
}

/* Decimal, or hexadecimal after 0x. */
static bool parse_number(struct parser *parser, uint64_t maximum, uint64_t *value)
{
	unsigned base = 10;

	skip_space(parser);
	if (parser->at[0] == '0' && parser->at[1] == 'x') {
		parser->at += 2;
		base = 16;
	}
	return parse_digits(parser, base, maximum, value);
}

static bool parse_u16(struct parser *parser, uint16_t *value)
{
	uint64_t number;

	if (!parse_number(parser, UINT16_MAX, &number))
		return false;
	*value = (uint16_t)number;
	return true;
}

/* Addresses are hexadecimal without prefix. */
static bool parse_address(struct parser *parser, uint32_t *value)
{
	uint64_t number;

	skip_space(parser);
	if (!parse_digits(parser, 16, UINT32_MAX, &number))
		return false;
	*value = (uint32_t)number;
	return true;
}

static bool parse_type(struct parser *parser, uint8_t *type)
{
	struct word word;

	if (!parse_word(parser, &word, "expected a type"))
		return false;
	for (unsigned i = IR_I1; i <= IR_F64; i++) {
		if (word_is(word, ir_type_name(i))) {
			*type = (uint8_t)i;
			return true;
		}
	}
	return fail_at(parser, word.text, "unknown type", word);
}

static bool parse_op(struct parser *parser, uint8_t *op)
{
	struct word word;

	if (!parse_word(parser, &word, "expected an operation"))
		return false;
	for (unsigned i = 0; i < IR_OP_COUNT; i++) {
		if (word_is(word, ir_op_info[i].name)) {
			*op = (uint8_t)i;
			return true;
		}
	}
	return fail_at(parser, word.text, "unknown operation", word);
}

static bool parse_state(struct parser *parser, uint8_t *state)
{
	struct word word;

	if (!parse_word(parser, &word, "expected a state register"))
		return false;
	for (unsigned i = 0; i < IR_STATE_COUNT; i++) {
		if (word_is(word, ir_state_info[i].name)) {
			*state = (uint8_t)i;
			return true;
		}
	}
	return fail_at(parser, word.text, "unknown state register", word);
}

static bool parse_helper(struct parser *parser, uint8_t *helper)
{
	struct word word;

	if (!parse_word(parser, &word, "expected a helper"))
		return false;
	for (unsigned i = 0; i < IR_HELPER_COUNT; i++) {
		if (word_is(word, ir_helper_info[i].name)) {
			*helper = (uint8_t)i;
			return true;
		}
	}
	return fail_at(parser, word.text, "unknown helper", word);
}

static bool parse_label(struct parser *parser, uint16_t *label)
{
	return expect(parser, '%') && parse_u16(parser, label);
}

static bool parse_operand(struct parser *parser, ir_value *value)
{
	const char *start;
	uint16_t label;

	skip_space(parser);
	start = parser->at;
	if (!parse_label(parser, &label))
		return false;
	*value = parser->labels[label];
	if (*value == NO_LABEL)
		return fail_at(parser, start, "undefined value",
			       (struct word){start, (size_t)(parser->at - start)});
	return true;
}

static bool parse_time(struct parser *parser, struct ir_time *time)
{
	if (!expect(parser, '@') || !parse_u16(parser, &time->index) || !expect(parser, '/') ||
	    !parse_u16(parser, &time->cycle))
		return false;
	time->delay_slot = accept(parser, 'd');
	return true;
}

/* What stands between the operation's name and its value operands. True with `separate` set if a comma has
 * to come before the first of these. */
static bool parse_fixed(struct parser *parser, struct ir_insn *insn, bool *separate)
{
	*separate = false;
	switch (insn->op) {
	case IR_CONST:
		return parse_number(parser, UINT64_MAX, &insn->immediate);
	case IR_GET:
	case IR_SET:
		*separate = true;
		if (!parse_state(parser, &insn->state))
			return false;
		if (insn->op == IR_SET)
			insn->type = (uint8_t)ir_state_info[insn->state].type;
		return true;
	case IR_CALL:
		*separate = true;
		return parse_helper(parser, &insn->state) && expect(parser, ',') &&
		       parse_number(parser, UINT64_MAX, &insn->immediate);
	case IR_JUMP:
		return parse_address(parser, &insn->targets[0]);
	default:
		return true;
	}
}

static bool has_value(const struct ir_insn *insn)
{
	return ir_op_shape[insn->op].result == IR_RESULT_I1 ||
	       (ir_op_shape[insn->op].result == IR_RESULT_T && insn->type != IR_NONE);
}

/* Makes room for one more operation or block. */
static bool count_one(struct parser *parser)
{
	if (++parser->total > REGION_LIMIT)
		return fail(parser, "the region is too large");
	return true;
}

static bool append(struct parser *parser, struct ir_insn insn)
{
	if (!count_one(parser))
		return false;
	if (parser->block->count >= IR_BLOCK_LIMIT)
		return fail(parser, "the block is too large");
	ir_insn_append(parser->block, insn);
	return true;
}

/* Keeps the number as index where possible: what is missing before it was removed by a pass. */
static bool define(struct parser *parser, const char *start, uint16_t label)
{
	struct ir_insn gap = ir_insn_make(IR_CONST, IR_I32);

	if (parser->labels[label] != NO_LABEL)
		return fail_at(parser, start, "value is defined twice", (struct word){0});
	if (label >= IR_BLOCK_LIMIT)
		return fail_at(parser, start, "number too large", (struct word){0});
	gap.dead = true;
	while (parser->block->count < label) {
		if (!append(parser, gap))
			return false;
	}
	parser->labels[label] = parser->block->count;
	return true;
}

static bool parse_insn(struct parser *parser)
{
	struct ir_insn insn = ir_insn_make(IR_CONST, IR_NONE);
	const char *start, *name;
	uint16_t label = 0;
	bool labelled, separate;
	unsigned count;

	skip_space(parser);
	start = parser->at;
	labelled = *start == '%';
	if (labelled && (!parse_label(parser, &label) || !expect(parser, '=')))
		return false;
	skip_space(parser);
	name = parser->at;
	if (!parse_op(parser, &insn.op))
		return false;
	if (*parser->at == '.') {
		if (!ir_op_shows_type(insn.op))
			return fail(parser, "this operation takes no type");
		parser->at++;
		if (!parse_type(parser, &insn.type))
			return false;
	} else if (ir_op_shows_type(insn.op) && insn.op != IR_CALL) {
		return fail(parser, "expected '.' and a type");
	}
	if (has_value(&insn) && !labelled)
		return fail_at(parser, name, "this operation has a value, expected '%' and its number",
			       (struct word){0});
	if (!has_value(&insn) && labelled)
		return fail_at(parser, name, "this operation has no value", (struct word){0});

	if (!parse_fixed(parser, &insn, &separate))
		return false;
	count = ir_operand_count(&insn);
	for (unsigned i = 0; i < count; i++) {
		if ((i > 0 || separate) && !expect(parser, ','))
			return false;
		if (!parse_operand(parser, &insn.operands[i]))
			return false;
	}
	if (insn.op == IR_BRANCH && (!expect(parser, ',') || !parse_address(parser, &insn.targets[0]) ||
				     !expect(parser, ',') || !parse_address(parser, &insn.targets[1])))
		return false;
	if (ir_op_info[insn.op].timed && !parse_time(parser, &insn.time))
		return false;
	if (labelled && !define(parser, start, label))
		return false;
	return append(parser, insn);
}

static bool parse_block(struct parser *parser)
{
	uint32_t va = 0, pa = 0;
	bool has_va = false, has_pa = false;
	uint16_t guest_count = 0, cost = 0;
	struct ir_block flags = {0};

	while (!at_line_end(parser)) {
		struct word key;
		bool good = true;

		if (!parse_word(parser, &key, "expected an attribute of the block"))
			return false;
		if (word_is(key, "entry")) {
			flags.entry = true;
		} else if (word_is(key, "apart")) {
			flags.accesses = IR_APART;
		} else if (word_is(key, "slow")) {
			flags.accesses = IR_SLOW;
		} else if (word_is(key, "switch")) {
			flags.switches = true;
		} else if (word_is(key, "case")) {
			flags.is_case = true;
		} else if (word_is(key, "return")) {
			flags.hint = IR_HINT_RETURN;
		} else if (word_is(key, "va")) {
			good = expect(parser, '=') && parse_address(parser, &va);
			has_va = true;
		} else if (word_is(key, "pa")) {
			good = expect(parser, '=') && parse_address(parser, &pa);
			has_pa = true;
		} else if (word_is(key, "guest")) {
			good = expect(parser, '=') && parse_u16(parser, &guest_count);
		} else if (word_is(key, "cost")) {
			good = expect(parser, '=') && parse_u16(parser, &cost);
		} else if (word_is(key, "call")) {
			flags.hint = IR_HINT_CALL;
			good = expect(parser, '=') && parse_address(parser, &flags.link_va);
		} else if (word_is(key, "copy")) {
			good = expect(parser, '=') && parse_u16(parser, &flags.copy);
		} else if (word_is(key, "next")) {
			flags.next = true;
			good = expect(parser, '=') && parse_address(parser, &flags.next_va) &&
			       expect(parser, ':') && parse_u16(parser, &flags.next_copy);
		} else {
			return fail_at(parser, key.text, "unknown attribute of a block", key);
		}
		if (!good)
			return false;
	}
	if (!has_va || !has_pa)
		return fail(parser, "a block needs va= and pa=");
	if (flags.hint == IR_HINT_RETURN)
		flags.link_va = 0;
	if (!count_one(parser))
		return false;
	if (parser->region->count >= IR_BLOCK_LIMIT)
		return fail(parser, "too many blocks");
	parser->block = ir_block_add(parser->region, va, pa);
	parser->block->guest_count = guest_count;
	parser->block->cost = cost;
	parser->block->entry = flags.entry;
	parser->block->hint = flags.hint;
	parser->block->link_va = flags.link_va;
	parser->block->accesses = flags.accesses;
	parser->block->copy = flags.copy;
	parser->block->next = flags.next;
	parser->block->next_va = flags.next_va;
	parser->block->next_copy = flags.next_copy;
	parser->block->switches = flags.switches;
	parser->block->is_case = flags.is_case;
	memset(parser->labels, 0xFF, LABEL_COUNT * sizeof(parser->labels[0]));
	return true;
}

static bool parse_choice(struct parser *parser, const char *yes, const char *no, bool *value)
{
	struct word word;

	if (!parse_word(parser, &word, "expected a mode"))
		return false;
	*value = word_is(word, yes);
	return *value || word_is(word, no) || fail_at(parser, word.text, "unknown mode", word);
}

static bool parse_region(struct parser *parser)
{
	struct ir_mode *mode = &parser->region->mode;
	struct word word;

	if (!parse_word(parser, &word, "expected 'region'"))
		return false;
	if (!word_is(word, "region"))
		return fail_at(parser, word.text, "expected 'region', not", word);
	if (!parse_word(parser, &word, "expected 'mode='"))
		return false;
	if (!word_is(word, "mode"))
		return fail_at(parser, word.text, "expected 'mode=', not", word);
	return expect(parser, '=') && parse_choice(parser, "user", "kernel", &mode->user) &&
	       expect(parser, ',') && parse_choice(parser, "mapped", "unmapped", &mode->mapped) &&
	       expect(parser, ',') && parse_choice(parser, "big", "little", &mode->big_endian);
}

static bool parse_line(struct parser *parser)
{
	const char *start = parser->at;
	struct word word = {start, 0};

	while (is_name_char(start[word.length]))
		word.length++;
	if (word_is(word, "block")) {
		parser->at += word.length;
		return parse_block(parser);
	}
	if (!parser->block)
		return fail(parser, "expected 'block'");
	return parse_insn(parser);
}

static bool parse_text(struct parser *parser)
{
	if (!next_line(parser))
		return fail(parser, "expected 'region'");
	if (!parse_region(parser))
		return false;
	for (;;) {
		if (!at_line_end(parser))
			return fail(parser, "expected the end of the line");
		if (!next_line(parser))
			return true;
		if (!parse_line(parser))
			return false;
	}
}

bool ir_parse(const char *text, struct ir_region *region, struct error *error)
{
	struct parser parser = {.line = text, .at = text, .line_number = 1, .region = region, .error = error};
	bool good;

	ir_region_init(region, (struct ir_mode){0});
	parser.labels = malloc(LABEL_COUNT * sizeof(parser.labels[0]));
	if (!parser.labels)
		abort();
	good = parse_text(&parser);
	free(parser.labels);
	if (!good)
		ir_region_free(region);
	return good;
}

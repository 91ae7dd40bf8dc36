// Makes the decoder's tables from mips.def and isa.def, at build time: gen_decode OUTPUT.c
//
// For each instruction set it builds a decision tree over the fields of the word; subtrees with equal content
// are shared. It refuses a table in which two rows claim the same word, a letter that is not one contiguous
// field, and an operand that the pattern does not have.
#include "frontend/columns_internal.h"
#include "frontend/decode.h"
#include "frontend/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_ROWS = 512,
	MAX_ENTRIES = 0x10000
};

struct row {
	const char *pattern;
	const char *operands; // of INSN and ALIAS rows
	uint32_t flags;
	bool rest;
	struct mips_encoding enc;
};

static const struct row_source {
	enum mips_op op;
	const char *pattern;
	uint32_t levels;
	const char *operands;
	uint32_t flags;
	enum {
		ROW_INSN,
		ROW_PSEUDO,
		ROW_ALSO,
		ROW_REST,
		ROW_ALIAS
	} kind;
} sources[] = {
#define INSN(op, mnemonic, pattern, isa, operands, flags, ...)                                               \
	{MIPS_OP_##op, pattern, isa, operands, flags, ROW_INSN},
#define PSEUDO(op, flags, traps) {MIPS_OP_##op, NULL, 0, NULL, flags, ROW_PSEUDO},
#include "frontend/mips.def"
#define ALSO(op, pattern, isa) {MIPS_OP_##op, pattern, isa, NULL, 0, ROW_ALSO},
#include "frontend/mips.def"
#define REST(op, pattern, isa) {MIPS_OP_##op, pattern, isa, NULL, 0, ROW_REST},
#include "frontend/mips.def"
#define ALIAS(op, mnemonic, pattern, operands) {MIPS_OP_##op, pattern, 0, operands, 0, ROW_ALIAS},
#include "frontend/mips.def"
};

static const struct isa_source {
	const char *name;
	uint32_t levels;
	enum mips_reserved reserved;
} isas[] = {
#define ISA(name, levels, reserved) {#name, levels, MIPS_RESERVED_##reserved},
#include "frontend/isa.def"
};

static const char *const op_names[MIPS_OP_COUNT] = {
#define INSN(op, ...)	[MIPS_OP_##op] = #op,
#define PSEUDO(op, ...) [MIPS_OP_##op] = #op,
#include "frontend/mips.def"
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("mips.def: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static struct mips_encoding parse_pattern(const struct row_source *source)
{
	const char *name = op_names[source->op];
	struct mips_encoding enc = {.op = source->op, .levels = source->levels};

	if (strlen(source->pattern) != 32)
		fail("%s: the pattern has %zu characters", name, strlen(source->pattern));
	for (int i = 0; i < 32; i++) {
		uint32_t bit = 1u << (31 - i);
		char c = source->pattern[i];
		struct mips_field *last = enc.field_count ? &enc.fields[enc.field_count - 1] : NULL;

		if (c == '0' || c == '1') {
			enc.mask |= bit;
			if (c == '1')
				enc.match |= bit;
		} else if (c == '.') {
			enc.ignored |= bit;
		} else if (c == ':') {
			enc.decoded |= bit;
		} else if (c == '-') {
			if (source->kind != ROW_REST)
				fail("%s: '-' is for REST rows", name);
		} else if (last && last->letter == c && last->shift == 32 - i) {
			last->shift--;
			last->width++;
		} else {
			if (enc.field_count == MIPS_FIELDS_MAX)
				fail("%s: too many fields", name);
			for (unsigned f = 0; f < enc.field_count; f++)
				if (enc.fields[f].letter == c)
					fail("%s: field %c is not contiguous", name, c);
			enc.fields[enc.field_count++] = (struct mips_field){c, (uint8_t)(31 - i), 1};
		}
	}
	if (source->operands)
		for (const char *c = source->operands; *c; c++)
			if (!strchr(",()z", *c) && !strchr(source->pattern, *c))
				fail("%s: operand %c is not in the pattern", name, *c);
	return enc;
}

// The bits that a CPU with this treatment of reserved fields looks at.
static uint32_t looked_at(const struct mips_encoding *enc, enum mips_reserved reserved)
{
	uint32_t mask = enc->mask;

	if (reserved >= MIPS_RESERVED_DECODED)
		mask |= enc->decoded;
	if (reserved >= MIPS_RESERVED_CHECKED)
		mask |= enc->ignored;
	return mask;
}

static bool rows_overlap(const struct mips_encoding *a, const struct mips_encoding *b,
			 enum mips_reserved reserved)
{
	return !(looked_at(a, reserved) & looked_at(b, reserved) & (a->match ^ b->match));
}

static void check_overlaps(const struct row *rows, unsigned count, enum mips_reserved reserved,
			   const char *where)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = i + 1; j < count; j++) {
			const struct row *a = &rows[i], *b = &rows[j];

			if (a->enc.op == b->enc.op || a->rest != b->rest)
				continue;
			if (a->rest && __builtin_popcount(a->enc.mask) != __builtin_popcount(b->enc.mask))
				continue;
			if (rows_overlap(&a->enc, &b->enc, reserved))
				fail("%s and %s overlap (%s):\n  %s\n  %s", op_names[a->enc.op],
				     op_names[b->enc.op], where, a->pattern, b->pattern);
		}
}

struct tree {
	enum mips_reserved reserved;
	const struct row *rows; // of this instruction set, best first
	unsigned row_count;
	uint32_t *entries;
	unsigned entry_count;
};

enum verdict {
	NO,
	MAYBE,
	YES
};

static const uint32_t bit_field_bits = 0x0000ffc0; // msbd or msb, and lsb, of EXT and INS

// Does the row match, as far as the bits `known` of the word tell?
static enum verdict row_matches(const struct tree *tree, const struct row *row, uint32_t known, uint32_t word)
{
	uint32_t mask = looked_at(&row->enc, tree->reserved);

	if (mask & known & (word ^ row->enc.match))
		return NO;
	if (mask & ~known)
		return MAYBE;
	if (row->flags & MIPS_FLAG_FIELD) {
		unsigned first = word >> 6 & 31, msb = word >> 11 & 31;

		if (bit_field_bits & ~known)
			return MAYBE;
		if (row->enc.op == MIPS_OP_INS ? msb < first : first + msb + 1 > 32)
			return NO;
	}
	return YES;
}

static uint32_t make_leaf(const struct row *row, uint32_t word)
{
	uint32_t leaf = row->enc.op;

	if (strchr(row->pattern, 'u'))
		leaf |= MIPS_DECODE_ZERO_EXTEND;
	if (strchr(row->pattern, 'U'))
		leaf |= MIPS_DECODE_UPPER;
	if (row->flags & MIPS_FLAG_COP1)
		leaf |= 1 << MIPS_DECODE_UNIT_SHIFT;
	if (row->enc.op == MIPS_OP_COP_UNUSABLE)
		leaf |= (word >> 26 & 3) << MIPS_DECODE_UNIT_SHIFT;
	return leaf;
}

static unsigned add_entries(struct tree *tree, const uint32_t *entries, unsigned count)
{
	for (unsigned base = 64; base + count <= tree->entry_count; base++)
		if (!memcmp(tree->entries + base, entries, count * sizeof(*entries)))
			return base;
	if (tree->entry_count + count > MAX_ENTRIES)
		fail("the decoder's table is too large");
	memcpy(tree->entries + tree->entry_count, entries, count * sizeof(*entries));
	tree->entry_count += count;
	return tree->entry_count - count;
}

static uint32_t build(struct tree *tree, uint32_t known, uint32_t word)
{
	static const uint32_t fields[] = {0x03e00000, 0x0000003f, 0x001f0000, 0x0000f800, 0x000007c0};
	unsigned score[5] = {0};
	uint32_t undecided = 0;

	for (unsigned i = 0; i < tree->row_count; i++) {
		const struct row *row = &tree->rows[i];
		enum verdict verdict = row_matches(tree, row, known, word);
		uint32_t bits = looked_at(&row->enc, tree->reserved);

		if (verdict == YES && !undecided)
			return make_leaf(row, word);
		if (verdict == YES)
			break;
		if (verdict == NO)
			continue;
		if (row->flags & MIPS_FLAG_FIELD)
			bits |= bit_field_bits;
		bits &= ~known;
		undecided |= bits;
		for (unsigned f = 0; f < 5; f++)
			score[f] += (unsigned)__builtin_popcount(bits & fields[f]);
	}

	unsigned best = 0;
	for (unsigned f = 1; f < 5; f++)
		if (score[f] > score[best])
			best = f;
	uint32_t bits = undecided & fields[best];
	unsigned shift = (unsigned)__builtin_ctz(bits);
	uint32_t mask = (2u << (31 - __builtin_clz(bits) - (int)shift)) - 1;
	uint32_t entries[64];

	for (uint32_t value = 0; value <= mask; value++)
		entries[value] = build(tree, known | mask << shift, word | value << shift);
	return MIPS_DECODE_CHOICE | mask << MIPS_DECODE_MASK_SHIFT | shift << MIPS_DECODE_SHIFT_SHIFT |
	       add_entries(tree, entries, mask + 1);
}

static int more_fixed_bits(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->rest != y->rest)
		return x->rest - y->rest;
	return __builtin_popcount(y->enc.mask) - __builtin_popcount(x->enc.mask);
}

static void write_isa(FILE *out, const struct row *rows, unsigned count, const struct isa_source *isa)
{
	static struct row mine[MAX_ROWS];
	static uint32_t entries[MAX_ENTRIES];
	struct tree tree = {.reserved = isa->reserved, .rows = mine, .entries = entries, .entry_count = 64};

	for (unsigned i = 0; i < count; i++)
		if (rows[i].enc.levels & isa->levels)
			mine[tree.row_count++] = rows[i];
	check_overlaps(mine, tree.row_count, isa->reserved, isa->name);
	qsort(mine, tree.row_count, sizeof(*mine), more_fixed_bits);
	for (uint32_t opcode = 0; opcode < 64; opcode++)
		entries[opcode] = build(&tree, 0xfc000000, opcode << 26);

	fprintf(out, "\nstatic const uint32_t decode_%s[%u] = {", isa->name, tree.entry_count);
	for (unsigned i = 0; i < tree.entry_count; i++)
		fprintf(out, "%s0x%x,", i % 10 ? " " : "\n\t", entries[i]);
	fprintf(out,
		"\n};\nconst struct mips_isa mips_isa_%s = {\n"
		"\t.name = \"%s\", .levels = 0x%x, .reserved_fields = %d, .decode = decode_%s\n};\n",
		isa->name, isa->name, isa->levels, isa->reserved, isa->name);
}

static void write_encodings(FILE *out, const struct row *rows, unsigned count)
{
	unsigned written = 0;

	fprintf(out, "const struct mips_encoding mips_encodings[] = {\n");
	for (unsigned i = 0; i < count; i++) {
		const struct mips_encoding *enc = &rows[i].enc;

		if (rows[i].rest)
			continue;
		fprintf(out, "\t{%u, 0x%08x, 0x%08x, 0x%08x, 0x%08x, 0x%x, %u, {", enc->op, enc->mask,
			enc->match, enc->decoded, enc->ignored, enc->levels, enc->field_count);
		for (unsigned f = 0; f < enc->field_count; f++)
			fprintf(out, "{'%c', %u, %u}, ", enc->fields[f].letter, enc->fields[f].shift,
				enc->fields[f].width);
		fprintf(out, "}}, // %s\n", op_names[enc->op]);
		written++;
	}
	fprintf(out, "};\nconst unsigned mips_encoding_count = %u;\n", written);
}

int main(int argc, char **argv)
{
	static struct row rows[MAX_ROWS];
	unsigned count = 0, ordinary = 0; // REST rows come last
	uint32_t flags_of[MIPS_OP_COUNT] = {0};

	if (argc != 2)
		fail("usage: gen_decode OUTPUT.c");
	for (unsigned i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		const struct row_source *source = &sources[i];

		if (source->kind == ROW_INSN || source->kind == ROW_PSEUDO)
			flags_of[source->op] = source->flags;
		if (source->kind == ROW_PSEUDO)
			continue;
		if (count == MAX_ROWS)
			fail("more than %d rows", MAX_ROWS);

		struct row row = {
		    .pattern = source->pattern,
		    .operands = source->operands,
		    .flags = flags_of[source->op],
		    .rest = source->kind == ROW_REST,
		    .enc = parse_pattern(source),
		};
		if (source->kind == ROW_ALIAS) {
			for (unsigned j = 0; j < count; j++)
				if (!rows[j].rest && rows[j].enc.op != source->op &&
				    rows_overlap(&rows[j].enc, &row.enc, MIPS_RESERVED_DECODED))
					fail("an alias of %s matches %s", op_names[source->op],
					     op_names[rows[j].enc.op]);
			continue;
		}
		rows[count++] = row;
		if (!row.rest)
			ordinary = count;
	}
	check_overlaps(rows, ordinary, MIPS_RESERVED_DECODED, "all rows together");

	FILE *out = fopen(argv[1], "w");
	if (!out)
		fail("cannot write %s", argv[1]);
	fprintf(out, "// Made by frontend/gen_decode.c from frontend/mips.def and frontend/isa.def.\n"
		     "#include \"frontend/encode.h\"\n#include \"frontend/isa.h\"\n\n");
	write_encodings(out, rows, count);
	for (unsigned i = 0; i < sizeof(isas) / sizeof(*isas); i++)
		write_isa(out, rows, count, &isas[i]);
	if (fclose(out))
		fail("cannot write %s", argv[1]);
	return 0;
}

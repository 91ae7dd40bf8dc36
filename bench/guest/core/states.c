/* A state machine that takes text apart into names, numbers in three notations, strings, comments and operators. */
#include "bench/guest/bench.h"

BENCH("states", 130);

#define SIZE 4096u

enum state {
	BLANK,
	NAME,
	ZERO,
	DECIMAL,
	OCTAL,
	HEXADECIMAL,
	STRING,
	ESCAPE,
	SLASH,
	COMMENT,
	STAR,
	OPERATOR,
	ERROR,
	STATES,
};

static const char pieces[16][20] = {
    "count ",
    "= 0x1f40; ",
    "/* a * comment */ ",
    "while (",
    "i < 4711) ",
    "sum+=",
    "0755; ",
    "\"text \\\"\" ",
    "x1 ",
    "09 ",
    "&& ",
    "{\n",
    "}\n",
    "12a ",
    "value[7] ",
    "0xg ",
};

static char text[SIZE];

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static bool is_hexadecimal(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static enum state start_of_token(char c)
{
	if (is_blank(c))
		return BLANK;
	if (is_letter(c))
		return NAME;
	if (c == '0')
		return ZERO;
	if (is_digit(c))
		return DECIMAL;
	if (c == '"')
		return STRING;
	return c == '/' ? SLASH : OPERATOR;
}

static enum state next(enum state state, char c)
{
	switch (state) {
	case NAME:
		return is_letter(c) || is_digit(c) ? NAME : start_of_token(c);
	case ZERO:
		if (c == 'x')
			return HEXADECIMAL;
		return is_digit(c) ? (c < '8' ? OCTAL : ERROR) : is_letter(c) ? ERROR : start_of_token(c);
	case DECIMAL:
		return is_digit(c) ? DECIMAL : is_letter(c) ? ERROR : start_of_token(c);
	case OCTAL:
		return is_digit(c) ? (c < '8' ? OCTAL : ERROR) : is_letter(c) ? ERROR : start_of_token(c);
	case HEXADECIMAL:
		return is_hexadecimal(c) ? HEXADECIMAL : is_letter(c) ? ERROR : start_of_token(c);
	case STRING:
		return c == '\\' ? ESCAPE : c == '"' ? BLANK : STRING;
	case ESCAPE:
		return STRING;
	case SLASH:
		return c == '*' ? COMMENT : start_of_token(c);
	case COMMENT:
		return c == '*' ? STAR : COMMENT;
	case STAR:
		return c == '/' ? BLANK : c == '*' ? STAR : COMMENT;
	case ERROR:
		return is_blank(c) ? BLANK : ERROR;
	default:
		return start_of_token(c);
	}
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0, random = 17, length = 0;

	while (length < SIZE - 24) {
		for (const char *piece = pieces[bench_random(&random) >> 28]; *piece; piece++)
			text[length++] = *piece;
	}
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t visits[STATES] = {0}, changes = 0;
		enum state state = BLANK;

		/* Cut short from round to round, and never ended in order. */
		for (uint32_t i = round % 64; i < length; i++) {
			enum state after = next(state, text[i]);

			changes += after != state;
			visits[after]++;
			state = after;
		}
		for (unsigned i = 0; i < STATES; i++)
			checksum = bench_mix(checksum, visits[i]);
		checksum = bench_mix(checksum, changes);
	}
	return checksum;
}

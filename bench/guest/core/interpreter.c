/* An interpreter for a stack machine, its operations selected by a switch: indirect jumps in a loop. */
#include "bench/guest/bench.h"

BENCH("interpreter", 7);

enum operation {
	PUSH, /* operand: value */
	LOAD, /* operand: variable */
	STORE,
	ADD,
	SUB,
	MUL,
	AND,
	XOR,
	SHIFT, /* right, by the operand */
	LESS,
	JUMP, /* operand: target */
	JUMP_IF_ZERO,
	DUP,
	STOP,
};

struct instruction {
	uint8_t operation, operand;
};

/* x and y are set from outside; sums numbers made from them in two nested loops. */
/* clang-format off */
static const struct instruction program[] = {
	/* 0: i = 0 */
	{PUSH, 0}, {STORE, 'i'},
	/* 2: while (i < x) */
	{LOAD, 'i'}, {LOAD, 'x'}, {LESS, 0}, {JUMP_IF_ZERO, 40},
	/* 6: j = 0 */
	{PUSH, 0}, {STORE, 'j'},
	/* 8: while (j < 20) */
	{LOAD, 'j'}, {PUSH, 20}, {LESS, 0}, {JUMP_IF_ZERO, 35},
	/* 12: s = s + i j; s = (s ^ s >> 3) - y */
	{LOAD, 's'}, {LOAD, 'i'}, {LOAD, 'j'}, {MUL, 0}, {ADD, 0},
	{DUP, 0}, {SHIFT, 3}, {XOR, 0}, {LOAD, 'y'}, {SUB, 0}, {STORE, 's'},
	/* 23: y = (y & 127) + 3 */
	{LOAD, 'y'}, {PUSH, 127}, {AND, 0}, {PUSH, 3}, {ADD, 0}, {STORE, 'y'},
	/* 29: j = j + 1 */
	{LOAD, 'j'}, {PUSH, 1}, {ADD, 0}, {STORE, 'j'}, {JUMP, 8}, {STOP, 0},
	/* 35: i = i + 1 */
	{LOAD, 'i'}, {PUSH, 1}, {ADD, 0}, {STORE, 'i'}, {JUMP, 2},
	/* 40 */
	{LOAD, 's'}, {STOP, 0},
};
/* clang-format on */

static uint32_t variables[128];

static uint32_t interpret(const struct instruction *code)
{
	uint32_t stack[16], *top = stack;

	for (const struct instruction *at = code;; at++) {
		switch ((enum operation)at->operation) {
		case PUSH:
			*++top = at->operand;
			break;
		case LOAD:
			*++top = variables[at->operand];
			break;
		case STORE:
			variables[at->operand] = *top--;
			break;
		case ADD:
			top--;
			*top += top[1];
			break;
		case SUB:
			top--;
			*top -= top[1];
			break;
		case MUL:
			top--;
			*top *= top[1];
			break;
		case AND:
			top--;
			*top &= top[1];
			break;
		case XOR:
			top--;
			*top ^= top[1];
			break;
		case SHIFT:
			*top >>= at->operand;
			break;
		case LESS:
			top--;
			*top = *top < top[1];
			break;
		case JUMP:
			at = code + at->operand - 1;
			break;
		case JUMP_IF_ZERO:
			if (*top-- == 0)
				at = code + at->operand - 1;
			break;
		case DUP:
			top[1] = *top;
			top++;
			break;
		case STOP:
			return *top;
		}
	}
}

uint32_t bench_run(uint32_t rounds)
{
	uint32_t checksum = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		variables['x'] = 200 + round % 16;
		variables['y'] = round % 128;
		checksum = bench_mix(checksum, interpret(program));
	}
	return checksum;
}

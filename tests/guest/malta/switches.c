/* Indirect jumps that select among blocks: a switch, with cases that come up late; one whose cases jump on to each other;
 * and jumps into the middle of code, where each instruction is a target. */
#include "tests/guest/malta/lib.h"

#define ROUNDS 20000

#define FUNCTION __attribute__((noinline, noclone))

enum operation {
	ADD,
	SUB,
	XOR,
	SHIFT_LEFT,
	SHIFT_RIGHT,
	MULTIPLY,
	SWAP,
	STORE,
	LOAD,
	COUNT,
	SKIP,
	AGAIN
};

static uint32_t memory[16];

FUNCTION static uint32_t step(uint32_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case ADD:
		return a + b;
	case SUB:
		return a - b * 3;
	case XOR:
		return a ^ b << 7;
	case SHIFT_LEFT:
		return (a << (b & 31)) + b;
	case SHIFT_RIGHT:
		return a >> (b & 7) | b;
	case MULTIPLY:
		return a * (b | 1);
	case SWAP:
		return a << 16 | a >> 16;
	case STORE:
		memory[b % 16] = a;
		return a + 1;
	case LOAD:
		return a ^ memory[b % 16];
	case COUNT:
		return a + ++memory[b % 8];
	default:
		return ~a;
	}
}

FUNCTION static uint32_t steps(uint32_t a, uint32_t kinds, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++)
		a = step((a >> 13 ^ i) % kinds, a, i);
	return a;
}

/* As interpreters are written with labels as values: each operation selects the next. */
FUNCTION static uint32_t interpret(const uint8_t *program, uint32_t a)
{
	static const void *const labels[] = {&&add,   &&sub,	  &&xor_it, &&left,
					     &&right, &&multiply, &&swap,   &&end};
	uint32_t b = 1;

#define NEXT goto *labels[*program++]
	NEXT;
add:
	a += b;
	NEXT;
sub:
	b -= a;
	NEXT;
xor_it:
	a ^= b << 3;
	NEXT;
left:
	b = b << 5 | b >> 27;
	NEXT;
right:
	a = a >> 1 | a << 31;
	NEXT;
multiply:
	b *= a | 1;
	NEXT;
swap:
	a ^= b;
	b ^= a;
	a ^= b;
	NEXT;
end:
	return a + b;
#undef NEXT
}

/* Adds what remains of 24 additions after the first `bytes` of their code. */
uint32_t additions(uint32_t bytes);
extern char additions_end[];
__asm__(
    ".set push\n\t.set noreorder\n\t.text\n\t.globl additions, additions_end\n\t.type additions, @function\n"
    "additions:\n\tlui $8, %hi(1f)\n\taddiu $8, $8, %lo(1f)\n\taddu $8, $8, $4\n\tjr $8\n\tli $2, 0\n"
    "1:\t.rept 24\n\taddiu $2, $2, 1\n\t.endr\n"
    "additions_end:\n\tjr $31\n\taddiu $2, $2, 100\n\t.set pop");

int main(void)
{
	static uint8_t program[64];
	uint32_t hash = 1;

	hash = steps(hash, 4, ROUNDS);
	check("four cases", hash);
	hash = steps(hash, AGAIN + 1, ROUNDS);
	check("all cases", hash);

	for (uint32_t i = 0; i < 300; i++) {
		for (uint32_t k = 0; k < 63; k++)
			program[k] = (uint8_t)((hash >> k % 28 ^ k * i) % 7);
		program[63] = 7;
		hash = interpret(program, hash);
	}
	check("interpreter", hash);

	for (uint32_t i = 0; i < ROUNDS; i++)
		hash = mix(hash, additions(i * 7 % (i < ROUNDS / 2 ? 9 : 25) * 4));
	check("additions", hash);
	for (uint32_t i = 0; i < 400; i++) { /* now and then to what is no address of an instruction */
		exception.resume = (uint32_t)additions_end;
		hash = mix(hash, additions(i * 7 % 25 * 4 + (i % 50 == 49) * 2));
	}
	check("misaligned", hash);
	check("exceptions", exception.count);
	return 0;
}

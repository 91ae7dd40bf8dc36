/* Leaving frames by reading code, and stacks that are no stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/cpu/model.h"
#include "runtime/vm/unwind.h"

#define CODE  0x80001000u
#define STACK 0x80008000u
#define WORDS 64

/* A piece of memory with code at CODE and a stack at STACK. */
struct memory_piece {
	uint32_t code[WORDS], stack[WORDS];
};

static bool read_piece(void *context, uint32_t va, uint32_t *value)
{
	struct memory_piece *piece = context;

	if (va - CODE < sizeof(piece->code))
		*value = piece->code[(va - CODE) / 4];
	else if (va - STACK < sizeof(piece->stack))
		*value = piece->stack[(va - STACK) / 4];
	else
		return false;
	return true;
}

static const uint32_t plain_function[] = {
    0x27bdffe0, /* addiu sp, sp, -32 */
    0xafb00010, /* sw    s0, 16(sp) */
    0xafbf001c, /* sw    ra, 28(sp) */
    0x10800004, /* beqz  a0, ... */
    0x00808021, /* move  s0, a0 */
    0x8fbf001c, /* lw    ra, 28(sp) */
    0x03e00008, /* jr    ra */
    0x27bd0020, /* addiu sp, sp, 32 */
    0x0c000500, /* jal   ... : behind the first return the frame still stands */
    0x00000000,
};

static const uint32_t exception_handler[] = {
    0x03a0d821, /* move  k1, sp */
    0x27bdff60, /* addiu sp, sp, -160 */
    0xafbb0084, /* sw    k1, 132(sp) */
    0xafbf008c, /* sw    ra, 140(sp) */
    0x40087000, /* mfc0  t0, epc */
    0x40096800, /* mfc0  t1, cause */
    0xafa80098, /* sw    t0, 152(sp) */
    0xafa90094, /* sw    t1, 148(sp) */
    0x0c000500, /* jal   ... */
    0x27a40010, /* addiu a0, sp, 16 */
};

static void rules_at(const uint32_t *code, size_t size, unsigned instruction, struct frame_rules *rules)
{
	struct memory_piece piece = {{0}, {0}};
	struct guest_reader reader = {&piece, read_piece};

	memcpy(piece.code, code, size);
	assert_true(prologue_rules(&reader, cpu_model_mips161.lift.isa, CODE, CODE + 4 * instruction, rules));
}

static void assert_rule(struct frame_rule rule, enum frame_rule_kind kind, unsigned base, int32_t offset)
{
	assert_int_equal(rule.kind, kind);
	assert_int_equal(rule.base, base);
	assert_int_equal(rule.offset, offset);
}

static void test_plain_function(void **state)
{
	struct frame_rules rules;

	(void)state;
	rules_at(plain_function, sizeof(plain_function), 0, &rules);
	assert_rule(rules.pc, RULE_VALUE, REGISTER_RA, 0);
	assert_rule(rules.registers[REGISTER_SP], RULE_VALUE, REGISTER_SP, 0);

	for (unsigned at = 3; at < 10; at++) {
		rules_at(plain_function, sizeof(plain_function), at, &rules);
		assert_false(rules.exception);
		assert_rule(rules.pc, RULE_MEMORY, REGISTER_SP, 28);
		assert_rule(rules.registers[16], RULE_MEMORY, REGISTER_SP, 16);
		assert_rule(rules.registers[REGISTER_SP], RULE_VALUE, REGISTER_SP, 32);
		assert_int_equal(rules.registers[17].kind, RULE_SAME);
	}
}

static void test_exception_handler(void **state)
{
	struct frame_rules rules;

	(void)state;
	rules_at(exception_handler, sizeof(exception_handler), 10, &rules);
	assert_true(rules.exception);
	assert_rule(rules.pc, RULE_MEMORY, REGISTER_SP, 152);
	assert_rule(rules.cause, RULE_MEMORY, REGISTER_SP, 148);
	assert_rule(rules.registers[REGISTER_SP], RULE_MEMORY, REGISTER_SP, 132);
	assert_rule(rules.registers[REGISTER_RA], RULE_MEMORY, REGISTER_SP, 140);
	assert_int_equal(rules.status.kind, RULE_UNKNOWN);
	/* Before EPC is saved it is no exception frame yet. */
	rules_at(exception_handler, sizeof(exception_handler), 6, &rules);
	assert_false(rules.exception);
}

/* Without symbols a function's start is where its frame is made. */
static void test_backtrace_without_symbols(void **state)
{
	struct memory_piece piece = {{0}, {0}};
	struct guest_reader reader = {&piece, read_piece};
	struct unwind_registers registers = {.pc = CODE + 4 * 5, .known = 0xFFFFFFFE, .exact = true};
	struct symbols *symbols = symbols_open("", -1);
	struct backtrace backtrace;

	(void)state;
	memcpy(piece.code, plain_function, sizeof(plain_function));
	registers.gpr[REGISTER_SP] = STACK;
	piece.stack[28 / 4] = CODE + 4 * 10; /* called from itself, and that from where no kernel is */
	piece.stack[(32 + 28) / 4] = 0x1234;
	unwind(symbols, &reader, cpu_model_mips161.lift.isa, &registers, &backtrace);
	assert_int_equal(backtrace.count, 3);
	assert_int_equal(backtrace.frames[0].pc, CODE + 4 * 5);
	assert_int_equal(backtrace.frames[1].pc, CODE + 4 * 8);
	assert_int_equal(backtrace.frames[1].sp, STACK + 32);
	assert_string_equal(backtrace.end, "not an address of the kernel");

	piece.stack[(32 + 28) / 4] = 0; /* the first function of a thread */
	unwind(symbols, &reader, cpu_model_mips161.lift.isa, &registers, &backtrace);
	assert_int_equal(backtrace.count, 2);
	assert_string_equal(backtrace.end, "end of the stack");
	symbols_close(symbols);
}

/* Whatever is in memory and registers, there is an end. */
static bool read_anything(void *context, uint32_t va, uint32_t *value)
{
	unsigned *seed = context;
	uint32_t word = (uint32_t)rand_r(seed) << 16 ^ (uint32_t)rand_r(seed);

	switch (rand_r(seed) % 8) {
	case 0:
		return false;
	case 1:
		*value = STACK + (word & 0xFFC);
		return true;
	case 2:
		*value = CODE + (word & 0xFFC);
		return true;
	case 3:
		*value = 0x27bd0000 | (word & 0xFFF8); /* addiu sp, sp, ... */
		return true;
	case 4:
		*value = 0xafbf0000 | (word & 0xFC); /* sw ra, ...(sp) */
		return true;
	default:
		*value = va & 4 ? word : 0;
		return true;
	}
}

static void test_random_stacks(void **state)
{
	struct symbols *symbols = symbols_open("", -1);

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned seed = i;
		struct guest_reader reader = {&seed, read_anything};
		struct unwind_registers registers = {
		    .pc = CODE + 4 * (i % 64), .known = 0xFFFFFFFE, .exact = i & 1, .at_vector = i % 7 == 0};
		struct backtrace backtrace;

		registers.gpr[REGISTER_SP] = i % 5 ? STACK : 0xFFFFFFFC;
		registers.gpr[REGISTER_FP] = STACK;
		registers.gpr[REGISTER_RA] = CODE;
		unwind(symbols, &reader, cpu_model_mips161.lift.isa, &registers, &backtrace);
		assert_in_range(backtrace.count, 1, MAX_FRAMES);
		assert_non_null(backtrace.end);
	}
	symbols_close(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_function),
	    cmocka_unit_test(test_exception_handler),
	    cmocka_unit_test(test_backtrace_without_symbols),
	    cmocka_unit_test(test_random_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

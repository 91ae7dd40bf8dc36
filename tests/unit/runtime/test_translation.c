/* The translation cache when code is written, memory for code runs out, and its records run out: the guest must not
 * notice. Everything is compared with the reference interpreter, cycle by cycle at the end. */
#include "vm_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "jit/jit_internal.h"
#include "tests/unit/instructions.h"

#define JUMP_BACK(reg) MIPS_WORD(JR, ['s'] = (reg))
#define CALL(reg)      MIPS_WORD(JALR, ['s'] = (reg), ['d'] = 31)

/* Every test is made with each kind of translated code. */
static enum jit_tiers tiers;

/* A translating machine and a reference beside it. */
struct pair {
	struct vm_fixture *translating, *reference;
};

static void start(struct vm_fixture *fixture, const uint32_t *words, size_t count)
{
	elf_add_segment(&fixture->image, ENTRY, words, count);
	vm_fixture_start(fixture, DEVICES BOARD);
}

static struct pair pair_new(const uint32_t *words, size_t count, size_t code_bytes)
{
	struct pair pair = {vm_fixture_new(ENGINE_JIT), vm_fixture_new(ENGINE_REFERENCE)};

	pair.translating->jit.tiers = tiers;
	if (code_bytes)
		pair.translating->jit.code_bytes = code_bytes;
	start(pair.translating, words, count);
	start(pair.reference, words, count);
	return pair;
}

static void run_to(struct pair *pair, uint64_t cycle)
{
	vm_fixture_run_both(pair->translating, pair->reference, cycle);
}

static struct jit_statistics statistics(const struct pair *pair)
{
	struct jit_statistics figures;

	jit_statistics(pair->translating->vm->jit, &figures);
	assert_string_equal(figures.backend_error, "");
	return figures;
}

static void pair_free(struct pair *pair)
{
	vm_fixture_free(pair->translating);
	vm_fixture_free(pair->reference);
}

/* --- code that is written --- */

/* A loop that changes the instruction at word `victim` of itself in every round, by a store at word `writer`.
 * The rest is padding. */
static void loop_with_a_changing_word(uint32_t *words, unsigned writer, unsigned victim, enum mips_op store)
{
	struct mips_fields fields = {.value = {['t'] = 9, ['s'] = 8}};
	unsigned head = 3;

	memset(words, 0, 24 * sizeof(*words));
	words[0] = MIPS_WORD(LUI, ['t'] = 8, ['U'] = ENTRY >> 16);
	words[1] = MIPS_WORD(ORI, ['t'] = 8, ['s'] = 8, ['u'] = ENTRY & 0xFFFF);
	words[2] = LOAD(9, 8, 4 * (int)victim);
	words[head] = ADDIU(9, 9, 1); /* the next immediate */
	words[victim] = ADDIU(10, 10, 1);
	fields.value['o'] = 4 * (int)victim + (store == MIPS_OP_SB || store == MIPS_OP_SWR ? 3
					       : store == MIPS_OP_SH			   ? 2
											   : 0);
	words[writer] = mips_encode(store, &fields);
	words[20] = MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = (int32_t)head - 21);
}

static void self_modifying(void **state)
{
	static const struct {
		unsigned writer, victim;
		enum mips_op store;
	} cases[] = {
	    {5, 6, MIPS_OP_SW},						    /* the very next instruction */
	    {5, 12, MIPS_OP_SW},					    /* further down the same block */
	    {12, 5, MIPS_OP_SW},					    /* up */
	    {5, 6, MIPS_OP_SB},	  {5, 9, MIPS_OP_SH},  {5, 21, MIPS_OP_SW}, /* the delay slot at the end */
	    {21, 4, MIPS_OP_SW},					    /* from the delay slot */
	    {21, 15, MIPS_OP_SB}, {5, 7, MIPS_OP_SWL}, {5, 7, MIPS_OP_SWR},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t words[24];

		loop_with_a_changing_word(words, cases[i].writer, cases[i].victim, cases[i].store);
		struct pair pair = pair_new(words, COUNT(words), 0);
		for (uint64_t cycle = 50; cycle < 1500; cycle += 53)
			run_to(&pair, cycle);
		assert_int_not_equal(pair.translating->vm->cpus[0].gpr[10], 0);
		assert_int_equal(pair.reference->vm->cpus[0].exceptions, 0);
		assert_true(statistics(&pair).invalidated + statistics(&pair).discarded > 0);
		pair_free(&pair);
	}
}

/* Code beside data: stores to the same 128 bytes that hit no code make no code anew, once it is known that they happen. */
static void data_beside_code(void **state)
{
	const uint32_t words[] = {
	    MIPS_WORD(LUI, ['t'] = 8, ['U'] = 0x8000),
	    ADDIU(9, 9, 1),
	    STORE(9, 8, 0x1018),
	    LOAD(10, 8, 0x1018),
	    BNEZ(9, -4),
	    MIPS_WORD(ADDU, ['d'] = 11, ['s'] = 11, ['t'] = 10),
	    0, /* the counter */
	};
	struct pair pair = pair_new(words, COUNT(words), 0);

	(void)state;
	for (uint64_t cycle = 100; cycle < 20000; cycle += 1777)
		run_to(&pair, cycle);
	struct jit_statistics figures = statistics(&pair);
	assert_true(figures.invalidated <= 2);
	assert_true(figures.translated_cycles > 15000);
	pair_free(&pair);
}

/* Code that other hands change: the host side, as a disk or a debugger would. */
static void written_from_outside(void **state)
{
	const uint32_t words[] = {ADDIU(9, 9, 1), MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -2), 0};
	struct pair pair = pair_new(words, COUNT(words), 0);

	(void)state;
	for (uint32_t round = 1; round < 20; round++) {
		run_to(&pair, round * 1000);
		memory_write_word(&pair.translating->vm->memory, 0x1000, ADDIU(9, 9, (int)round));
		memory_write_word(&pair.reference->vm->memory, 0x1000, ADDIU(9, 9, (int)round));
	}
	assert_in_range(statistics(&pair).invalidated, 5, tiers == TIERS_AUTO ? 2 * 19 : 19);
	pair_free(&pair);
}

/* One physical page under two virtual addresses: kseg0 writes, kseg1 runs. */
static void written_through_an_alias(void **state)
{
	const uint32_t words[] = {
	    MIPS_WORD(LUI, ['t'] = 8, ['U'] = 0xA000),
	    MIPS_WORD(ORI, ['t'] = 8, ['s'] = 8, ['u'] = 0x1100),
	    MIPS_WORD(LUI, ['t'] = 12, ['U'] = 0x8000),
	    LOAD(9, 12, 0x1100),
	    /* 1: */ CALL(8),
	    ADDIU(9, 9, 1),
	    STORE(9, 12, 0x1100),
	    MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -4),
	    0,
	};
	const uint32_t function[] = {ADDIU(10, 10, 1), JUMP_BACK(31), 0};
	uint32_t all[0x43] = {0};

	(void)state;
	memcpy(all, words, sizeof(words));
	memcpy(all + 0x40, function, sizeof(function));
	struct pair pair = pair_new(all, COUNT(all), 0);
	for (uint64_t cycle = 10; cycle < 4000; cycle += 97)
		run_to(&pair, cycle);
	assert_true(statistics(&pair).invalidated > 0);
	pair_free(&pair);
}

/* --- running out --- */

/* `copies` functions of 16 words each from 0x80010000 on; a loop calls them all, one after the other. */
static struct pair many_functions(unsigned copies, size_t code_bytes)
{
	const uint32_t loop[] = {
	    MIPS_WORD(LUI, ['t'] = 8, ['U'] = 0x8001), /* 1: */
	    ADDIU(9, 0, (int)copies),
	    CALL(8), /* 2: */
	    ADDIU(9, 9, -1),
	    BNEZ(9, -3),
	    ADDIU(8, 8, 64),
	    MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -7),
	    ADDIU(11, 11, 1),
	};
	struct pair pair = pair_new(loop, COUNT(loop), code_bytes);

	for (unsigned copy = 0; copy < copies; copy++) {
		for (unsigned i = 0; i < 16; i++) {
			uint32_t word =
			    i < 14
				? MIPS_WORD(ADDIU, ['t'] = 16 + (int)(i % 4),
					    ['s'] = 16 + (int)((i + copy) % 4), ['i'] = (int32_t)(copy + i))
			    : i == 14 ? JUMP_BACK(31)
				      : 0;

			memory_write_word(&pair.translating->vm->memory, 0x10000 + 64 * copy + 4 * i, word);
			memory_write_word(&pair.reference->vm->memory, 0x10000 + 64 * copy + 4 * i, word);
		}
	}
	return pair;
}

/* Memory for a few dozen pieces of code, a few hundred wanted. */
static void full_code_memory(void **state)
{
	struct pair pair = many_functions(150, tiers == TIERS_FIRST ? 40 << 10 : 256 << 10);

	(void)state;
	for (uint64_t cycle = 1000; cycle < 20000; cycle += 1999)
		run_to(&pair, cycle);
	struct jit_statistics figures = statistics(&pair);
	assert_true(figures.regions + figures.stencil_blocks > 10);
	assert_true(figures.translated_cycles > 100);
	assert_true(figures.evictions > 0);
	assert_true(figures.evicted >= figures.evictions);
	assert_true(figures.reclaimed_bytes >= figures.evictions * CODE_PAGE_SIZE);
	assert_in_range(figures.taken_bytes, 1, figures.budget_bytes);
	assert_int_equal(figures.flushes, 0);
	pair_free(&pair);
}

/* Fewer records of one kind than there are blocks: old code goes, the rest stays. */
static void records_run_out(void **state)
{
	for (unsigned kind = 0; kind < 3; kind++) {
		struct pair pair = many_functions(40, 0);
		struct jit *jit = pair.translating->vm->jit;

		(void)state;
		if (kind == 0)
			jit->entries.limit = 48;
		else if (kind == 1)
			jit->translations.limit = 24;
		else
			jit->slot_limit = tiers == TIERS_FIRST ? 5 : 64;
		for (uint64_t cycle = 500; cycle < 20000; cycle += 1777)
			run_to(&pair, cycle);
		struct jit_statistics figures = statistics(&pair);
		assert_true(figures.translated_cycles > 1000);
		assert_in_range(jit->entries.count, 1, jit->entries.limit);
		assert_in_range(jit->translations.count, 1, jit->translations.limit);
		assert_in_range(jit->slots_used, 1, jit->slot_limit);
		pair_free(&pair);
	}
}

/* A word of both machines. */
static void put_word(struct pair *pair, uint32_t offset, uint32_t word)
{
	memory_write_word(&pair->translating->vm->memory, offset, word);
	memory_write_word(&pair->reference->vm->memory, offset, word);
}

/* Calls the function at RAM offset 0x10000 for ever. */
static struct pair calling_pair(uint32_t threshold)
{
	const uint32_t loop[] = {
	    MIPS_WORD(LUI, ['t'] = 8, ['U'] = 0x8001),
	    CALL(8), /* 1: */
	    ADDIU(9, 9, -1),
	    MIPS_WORD(BEQ, ['s'] = 0, ['t'] = 0, ['b'] = -3),
	    ADDIU(11, 11, 1),
	};
	struct pair pair = {vm_fixture_new(ENGINE_JIT), vm_fixture_new(ENGINE_REFERENCE)};

	pair.translating->jit.tiers = tiers;
	pair.translating->jit.threshold = threshold;
	start(pair.translating, loop, COUNT(loop));
	start(pair.reference, loop, COUNT(loop));
	for (uint32_t i = 0; i < 6; i++)
		put_word(&pair, 0x10000 + 4 * i, ADDIU(10, 10, 1));
	put_word(&pair, 0x10018, JUMP_BACK(31));
	put_word(&pair, 0x1001C, 0);
	return pair;
}

/* Code that is changed after a few dozen executions, again and again, is soon left to the interpreter; when it has
 * settled it is translated. */
static void patched_again_and_again(void **state)
{
	const unsigned patches = 400, cycles = 400;
	uint64_t cycle = 0;

	(void)state;
	if (tiers == TIERS_SECOND)
		return; /* regions need 8000 executions */
	struct pair pair = calling_pair(0);
	for (unsigned i = 0; i < patches; i++) {
		run_to(&pair, cycle += cycles);
		put_word(&pair, 0x10004, ADDIU(10, 10, (int)i));
	}
	struct jit_statistics before = statistics(&pair);
	assert_in_range(before.stencil_blocks, 3, patches / 3);
	assert_in_range(before.invalidated, 2, patches / 3);
	for (unsigned i = 0; i < 100; i++)
		run_to(&pair, cycle += cycles);
	struct jit_statistics after = statistics(&pair);
	assert_true(after.translated_cycles - before.translated_cycles > 100 * cycles / 2);
	pair_free(&pair);
}

/* Code that is new all the time, at the same place, and translated at once: what is overwritten is given back. */
static void new_for_ever(void **state)
{
	uint64_t cycle = 0;

	(void)state;
	if (tiers == TIERS_SECOND)
		return; /* LLVM would take minutes */
	struct pair pair = calling_pair(UINT32_MAX);
	for (unsigned round = 0; round < 1500; round++) {
		uint32_t words = 10 + round % 40;

		for (uint32_t i = 0; i < words; i++)
			put_word(&pair, 0x10000 + 4 * i,
				 i % 2 ? ADDIU(10, 10, (int)round)
				       : MIPS_WORD(LW, ['t'] = 12, ['s'] = 8, ['o'] = (int)(4 * i)));
		put_word(&pair, 0x10000 + 4 * words, JUMP_BACK(31));
		put_word(&pair, 0x10004 + 4 * words, 0);
		run_to(&pair, cycle += 200);
	}
	struct jit_statistics figures = statistics(&pair);
	assert_true(figures.stencil_code_bytes > 2 << 20);
	assert_in_range(figures.taken_bytes, 1, 320 << 10);
	assert_in_range(pair.translating->vm->jit->translations.count, 1, 200);
	assert_in_range(pair.translating->vm->jit->entries.count, 1, 400);
	assert_in_range(pair.translating->vm->jit->slots_used, 1, 400);
	assert_int_equal(figures.flushes, 0);
	pair_free(&pair);
}

/* Forgetting at any moment changes nothing. */
static void flushed_everywhere(void **state)
{
	struct pair pair = many_functions(5, 0);

	(void)state;
	for (uint64_t cycle = 3; cycle < 2000; cycle += 61) {
		run_to(&pair, cycle);
		jit_flush(pair.translating->vm->jit);
	}
	assert_true(statistics(&pair).flushes > 30);
	pair_free(&pair);
}

/* Compiled by threads while the machine runs and writes its code. */
static void in_the_background(void **state)
{
	struct vm_fixture *fixture = vm_fixture_new(ENGINE_JIT);
	struct pair pair = {fixture, vm_fixture_new(ENGINE_REFERENCE)};
	uint32_t words[24];

	(void)state;
	fixture->jit.threads = 2;
	fixture->jit.tiers = tiers;
	loop_with_a_changing_word(words, 5, 12, MIPS_OP_SW);
	start(pair.translating, words, COUNT(words));
	start(pair.reference, words, COUNT(words));
	for (uint64_t cycle = 1000; cycle < 200000; cycle += 9973) {
		run_to(&pair, cycle);
		jit_settle(fixture->vm->jit);
	}
	pair_free(&pair);
}

/* Without a back end the machine is interpreted, and says why. */
static void no_backend(void **state)
{
	struct vm_fixture *fixture = vm_fixture_new(ENGINE_JIT);
	const uint32_t words[] = {ADDIU(9, 9, 1), HERE, 0};
	struct jit_statistics figures;

	(void)state;
	fixture->jit.backend_path = "/nonexistent/backend.so";
	fixture->jit.tiers = TIERS_SECOND;
	start(fixture, words, COUNT(words));
	assert_int_equal(vm_run(fixture->vm, 5000), VM_RUNNING);
	jit_statistics(fixture->vm->jit, &figures);
	assert_string_not_equal(figures.backend_error, "");
	assert_int_equal(figures.translated_cycles, 0);
	vm_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(self_modifying),
	    cmocka_unit_test(data_beside_code),
	    cmocka_unit_test(written_from_outside),
	    cmocka_unit_test(written_through_an_alias),
	    cmocka_unit_test(full_code_memory),
	    cmocka_unit_test(records_run_out),
	    cmocka_unit_test(patched_again_and_again),
	    cmocka_unit_test(new_for_ever),
	    cmocka_unit_test(flushed_everywhere),
	    cmocka_unit_test(in_the_background),
	    cmocka_unit_test(no_backend),
	};

	int failed = 0;

	for (tiers = TIERS_AUTO; tiers <= TIERS_SECOND; tiers++)
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}

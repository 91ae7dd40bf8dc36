/* What compilations take and leave: pages, address ranges, memory; several threads; texts; failures. */
#include "tests/unit/llvm/fixture.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char store_text[] = "region mode=kernel,unmapped,big\n"
				 "block va=80001000 pa=00001000 guest=2 cost=2 entry slow\n"
				 "  %0 = get.i32 a0\n"
				 "  %1 = get.i32 a1\n"
				 "  %2 = add.i32 %0, %1\n"
				 "  set v0, %2\n"
				 "  store.i32 %0, %2 @1/1\n"
				 "  jump 80001008\n"
				 "block va=80001008 pa=00001008 guest=1 cost=1 entry\n"
				 "  jump 80001000\n";

static bool compile(struct fixture *fixture, struct backend_thread *thread, const void **entries,
		    struct code_run *run, struct backend_text *text, struct error *error)
{
	struct ir_region ir;
	bool done;

	if (!ir_parse(store_text, &ir, error))
		abort();
	done = fixture_compile_region(fixture, thread, &ir, entries, run, text, error);
	ir_region_free(&ir);
	return done;
}

/* Lines of the process's map: none writable and executable; the one that holds `address` as flags say. */
static void check_mappings(const void *address, const char *flags)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned long start, end;
		char got[8];

		assert_int_equal(sscanf(line, "%lx-%lx %7s", &start, &end, got), 3);
		if (got[1] == 'w' && got[2] == 'x')
			fail_msg("%s", line);
		if ((unsigned long)address >= start && (unsigned long)address < end) {
			found = true;
			assert_string_equal(got, flags);
		}
	}
	fclose(file);
	assert_true(found);
}

static void test_write_xor_execute(void **state)
{
	struct fixture *fixture = *state;
	const void *entries[2];
	struct error error;
	struct code_run run;

	fixture_reset(fixture);
	assert_true(compile(fixture, fixture->thread, entries, &run, NULL, &error));
	assert_in_range(run.size, 50, 2000);
	check_mappings(entries[0], "r-xs");
	check_mappings(fixture->common.address[STENCIL_STUB], "r-xs");
	check_mappings(fixture->code.writable, "rw-s");
	assert_true((const uint8_t *)entries[0] > fixture->code.executable);
	assert_true((const uint8_t *)entries[0] < fixture->code.executable + fixture->code.used);
}

/* The code and the helpers' table do not depend on where the process put them. */
static void test_position_independent(void **state)
{
	struct fixture *fixture = *state;
	const void *entries[2], *again[2];
	struct error error;

	assert_true(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
	assert_true(compile(fixture, fixture->thread, again, NULL, NULL, &error));
	assert_ptr_not_equal(entries[0], again[0]);
	fixture_reset(fixture);
	fixture->cpu->gpr[4] = 4;
	fixture_run(fixture, again[0], 2);
	assert_int_equal(fixture->calls, 1);
}

static void free_text(struct backend_text *text)
{
	free(text->llvm_ir);
	free(text->llvm_ir_optimised);
	free(text->assembly);
	free(text->llvm_ir_links.ops);
	free(text->llvm_ir_optimised_links.ops);
	free(text->assembly_links.ops);
}

/* Whether a text has as many lines as links, and each line with `word` is linked to an operation of the kind. */
static void expect_links(const struct ir_region *ir, const char *text, const struct backend_links *links,
			 const char *word, enum ir_op kind)
{
	unsigned line = 0, found = 0;

	assert_null(strstr(text, "!dbg"));
	assert_null(strstr(text, "!DI"));
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n', line++) {
		const char *hit = strstr(at, word);
		uint32_t op;

		assert_true(line < links->count);
		op = links->ops[line];
		if (op == BACKEND_NO_OP)
			continue;
		assert_true(op >> 16 < ir->count && (op & 0xFFFF) < ir->blocks[op >> 16].count);
		if (hit && hit < at + strcspn(at, "\n"))
			found += ir->blocks[op >> 16].insns[op & 0xFFFF].op == kind;
	}
	assert_int_equal(line, links->count);
	if (!found)
		print_error("%s in:\n%s", word, text);
	assert_true(found > 0);
}

/* What was made from what is known, and knowing it changes no byte of the code. */
static void test_links(void **state)
{
	static const char source[] = "region mode=kernel,unmapped,big\n"
				     "block va=80001000 pa=00001000 guest=4 cost=4 entry\n"
				     "  %0 = get.i32 a0\n"
				     "  %1 = const.i32 1234567\n"
				     "  %2 = mul.i32 %0, %1\n"
				     "  set v0, %2\n"
				     "  %4 = load.i32 %0 @2/2\n"
				     "  set v1, %4\n"
				     "  jump 80002000\n";
	struct fixture *fixture = *state;
	uint32_t offsets[1];
	struct ir_region ir;
	struct backend_text text;
	struct error error;

	assert_true(ir_parse(source, &ir, &error));
	struct backend_region plain = {.ir = &ir, .entries = offsets}, with = plain;
	assert_true(fixture->interface->compile(fixture->thread, &plain, 1, NULL, &error));
	assert_true(fixture->interface->compile(fixture->thread, &with, 1, &text, &error));
	assert_int_equal(plain.image.size, with.image.size);
	assert_memory_equal(plain.image.bytes, with.image.bytes, plain.image.size);
	expect_links(&ir, text.llvm_ir, &text.llvm_ir_links, "mul i32", IR_MUL);
	expect_links(&ir, text.llvm_ir_optimised, &text.llvm_ir_optimised_links, "mul i32", IR_MUL);
	expect_links(&ir, text.assembly, &text.assembly_links, "imul", IR_MUL);
	expect_links(&ir, text.assembly, &text.assembly_links, "[r13", IR_LOAD);
	free_text(&text);
	code_image_free(&plain.image);
	code_image_free(&with.image);
	ir_region_free(&ir);
}

static void test_texts(void **state)
{
	struct fixture *fixture = *state;
	const void *entries[2];
	struct backend_text text;
	struct error error;

	assert_true(compile(fixture, fixture->thread, entries, NULL, &text, &error));
	assert_non_null(strstr(text.llvm_ir, "alloca i32"));
	assert_non_null(strstr(text.llvm_ir, "b_80001008"));
	assert_null(strstr(text.llvm_ir_optimised, "alloca"));
	assert_non_null(strstr(text.llvm_ir_optimised, "musttail"));
	assert_non_null(strstr(text.assembly, "guest_80001008.0:"));
	assert_non_null(strstr(text.assembly, "dword ptr [r12"));
	free_text(&text);
}

/* Fills code memory; what was compiled before still runs, and after a reset there is room again. */
static void test_exhaustion(void **state)
{
	struct fixture *fixture = *state;
	size_t kept = fixture->code.kept;
	const void *entries[2] = {NULL, NULL}, *first;
	struct error error;

	assert_true(kept > 0);
	assert_true(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
	first = entries[0];
	while (code_memory_allocate(&fixture->code, 1, 1))
		;
	for (unsigned i = 0; i < 3; i++) {
		assert_false(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
		assert_non_null(strstr(error.text, "full"));
	}
	assert_true(code_memory_wanted(&fixture->code) > 0);
	assert_int_equal(code_memory_wanted(&fixture->code), 0);
	fixture_reset(fixture);
	fixture->cpu->gpr[4] = 0x80000100;
	fixture_run(fixture, first, 6);
	fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001000, 0);

	code_memory_reset(&fixture->code);
	assert_int_equal(fixture->code.used, kept);
	assert_true(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
	fixture_run(fixture, entries[0], 6);
	fixture_expect_exit(fixture, EXIT_BUDGET, 0x80001000, 0);
}

/* What a region took is given back, and taken again by the next one. */
static void test_giving_back(void **state)
{
	struct fixture *fixture = *state;
	const void *entries[2], *again[2];
	struct code_run run;
	struct error error;
	size_t before = fixture->code.used;

	assert_true(compile(fixture, fixture->thread, entries, &run, NULL, &error));
	assert_true(fixture->code.used >= before + CODE_PAGE_SIZE);
	code_memory_release(&fixture->code, &run);
	assert_int_equal(fixture->code.used, before);
	assert_true(compile(fixture, fixture->thread, again, &run, NULL, &error));
	assert_ptr_equal(entries[0], again[0]);
}

static void test_refusals(void **state)
{
	struct fixture *fixture = *state;
	struct ir_region ir;
	const void *entries[2];
	struct error error;

	assert_true(ir_parse(store_text, &ir, &error));
	ir.blocks[0].entry = ir.blocks[1].entry = false;
	assert_false(fixture_compile_region(fixture, fixture->thread, &ir, entries, NULL, NULL, &error));
	assert_non_null(strstr(error.text, "without an entry"));
	ir_region_free(&ir);
	assert_true(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
}

struct worker {
	struct fixture *fixture;
	unsigned done;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct error error;
	struct backend_thread *thread =
	    worker->fixture->interface->thread_create(worker->fixture->backend, &error);
	const void *entries[2];

	for (unsigned i = 0; thread && i < 20; i++)
		worker->done += compile(worker->fixture, thread, entries, NULL, NULL, &error);
	worker->fixture->interface->thread_destroy(thread);
	return NULL;
}

static void test_threads(void **state)
{
	struct fixture *fixture = *state;
	struct worker workers[3];
	pthread_t threads[3];

	code_memory_reset(&fixture->code);
	for (unsigned i = 0; i < 3; i++) {
		workers[i] = (struct worker){fixture, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].done, 20);
	}
}

/* The back end forgets what it has made: the heap in use is the same after any number of compilations. */
static void test_no_growth(void **state)
{
	struct fixture *fixture = *state;
	const void *entries[2];
	struct error error;
	size_t before = 0;

	for (unsigned i = 0; i < 400; i++) {
		if (i == 200)
			before = mallinfo2().uordblks;
		code_memory_reset(&fixture->code);
		assert_true(compile(fixture, fixture->thread, entries, NULL, NULL, &error));
	}
	assert_in_range(mallinfo2().uordblks, 0, before + 200 * 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_write_xor_execute),
	    cmocka_unit_test(test_position_independent),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_links),
	    cmocka_unit_test(test_exhaustion),
	    cmocka_unit_test(test_giving_back),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_no_growth),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

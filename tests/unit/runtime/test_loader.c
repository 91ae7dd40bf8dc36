/* What a loaded kernel finds, and why one is refused. System/161 reference, sections 4.1, 4.2. */
#include "vm_fixture.h"

#include <stdlib.h>
#include <string.h>

#define WORDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static struct vm_fixture *configured(void)
{
	struct vm_fixture *fixture = vm_fixture_new(ENGINE_REFERENCE);

	assert_true(vm_fixture_configure(fixture, DEVICES BOARD));
	return fixture;
}

static void state_at_entry(void **state)
{
	struct vm_fixture *fixture = configured();
	const struct cpu *cpu = &fixture->vm->cpus[0];

	(void)state;
	elf_add_segment(&fixture->image, ENTRY, WORDS(1, 2, 3));
	assert_true(vm_fixture_load(fixture, "hello world"));
	assert_int_equal(cpu->gpr[4], 0x8007FFF4);
	assert_int_equal(cpu->gpr[29], 0x8007FFF0);
	assert_int_equal(cpu->gpr[25], ENTRY);
	assert_string_equal((char *)fixture->vm->memory.ram + 0x7FFF4, "hello world");
	assert_int_equal(cpu->pc, ENTRY);
	assert_int_equal(cpu->status, 0x00400000);
	assert_int_equal(cpu->run_state, CPU_RUNNING);
	for (unsigned i = 0; i < 32; i++)
		if (i != 4 && i != 25 && i != 29)
			assert_int_equal(cpu->gpr[i], 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(memory_read_word(&fixture->vm->memory, 0x1000 + 4 * i), i + 1);
	assert_int_equal(fixture->vm->events.now, 4289383);
	vm_fixture_free(fixture);
}

static void lengths_of_arguments(void **state)
{
	static const struct {
		const char *text;
		uint32_t size;
	} cases[] = {{"", 4}, {"abc", 4}, {"abcd", 8}, {"abcdefg", 8}, {"abcdefgh", 12}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vm_fixture *fixture = configured();

		assert_true(vm_fixture_load(fixture, cases[i].text));
		assert_int_equal(fixture->vm->cpus[0].gpr[4], 0x80000000 + RAM_SIZE - cases[i].size);
		vm_fixture_free(fixture);
	}
}

static void too_many_arguments(void **state)
{
	struct vm_fixture *fixture = configured();
	char *text = malloc(RAM_SIZE + 100);

	(void)state;
	memset(text, 'x', RAM_SIZE + 99);
	text[RAM_SIZE + 99] = '\0';
	assert_false(vm_fixture_load(fixture, text));
	assert_string_not_equal(fixture->error.text, "");
	vm_fixture_free(fixture);

	fixture = configured(); /* all of RAM but the first word */
	text[RAM_SIZE - 8] = '\0';
	assert_true(vm_fixture_load(fixture, text));
	assert_int_equal(fixture->vm->cpus[0].gpr[4], 0x80000004);
	vm_fixture_free(fixture);
	free(text);
}

static void segments(void **state)
{
	struct vm_fixture *fixture = configured();
	const struct memory *memory = &fixture->vm->memory;
	size_t header;

	(void)state;
	elf_add_segment(&fixture->image, 0x80002000, WORDS(1, 2, 3, 4, 5, 6, 7, 8));
	/* Later ones win, with the zeros after their bytes; kseg1 is the same memory. */
	header = elf_add_segment(&fixture->image, 0xA0002004, WORDS(0x20, 0x30));
	elf_put32(&fixture->image, header + SEGMENT_SIZE, 12);
	/* More in the file than in memory is cut. */
	header = elf_add_segment(&fixture->image, 0x80002014, WORDS(0x60, 0x70));
	elf_put32(&fixture->image, header + SEGMENT_SIZE, 4);
	elf_add_header(&fixture->image, 4, 0xFFFFFFFF, 0, 100, 100); /* notes are not looked at */
	assert_true(vm_fixture_load(fixture, ""));
	assert_int_equal(memory_read_word(memory, 0x2000), 1);
	assert_int_equal(memory_read_word(memory, 0x2004), 0x20);
	assert_int_equal(memory_read_word(memory, 0x2008), 0x30);
	assert_int_equal(memory_read_word(memory, 0x200C), 0);
	assert_int_equal(memory_read_word(memory, 0x2010), 5);
	assert_int_equal(memory_read_word(memory, 0x2014), 0x60);
	assert_int_equal(memory_read_word(memory, 0x2018), 7);
	vm_fixture_free(fixture);
}

/* Every byte of a good file may be missing. */
static void truncation(void **state)
{
	struct vm_fixture *fixture = configured();
	struct elf_image whole;

	(void)state;
	elf_add_segment(&fixture->image, ENTRY, WORDS(1, 2, 3));
	whole = fixture->image;
	for (size_t size = 0; size < whole.size; size++) {
		fixture->image = whole;
		fixture->image.size = size;
		/* The room for headers that are not there is not read. */
		bool needed = size < ELF_HEADER_SIZE + ELF_PROGRAM_HEADER || size >= ELF_FIRST_CODE;

		if (!needed)
			continue;
		assert_false(vm_fixture_load(fixture, ""));
		assert_string_equal(fixture->error.text, "read: boot image: unexpected EOF");
		assert_string_not_equal(fixture->error.hint, "");
	}
	fixture->image = whole;
	assert_true(vm_fixture_load(fixture, ""));
	vm_fixture_free(fixture);
}

static void refused(struct vm_fixture *fixture, const char *text)
{
	assert_false(vm_fixture_load(fixture, ""));
	assert_string_equal(fixture->error.text, text);
	assert_string_not_equal(fixture->error.hint, "");
	vm_fixture_free(fixture);
}

static void refusals(void **state)
{
	struct vm_fixture *fixture = configured();

	(void)state;
	elf_put16(&fixture->image, ELF_TYPE_OFFSET, 3);
	refused(fixture, "Boot image is ELF but not an executable");
	fixture = configured();
	elf_add_header(&fixture->image, 7, 0, 0, 0, 0);
	refused(fixture, "Boot image contained unknown segment type 7");
	fixture = configured();
	elf_add_header(&fixture->image, 1, 0, 0xBFFFFFFF, 0, 1);
	refused(fixture, "Invalidly placed segment in boot image (load address 3221225471, size 1)");
	fixture = configured();
	elf_add_header(&fixture->image, 1, 0, 0x80000000, 0, RAM_SIZE);
	refused(fixture, "Boot image contained segment that did not fit in RAM");
	fixture = configured();
	assert_false(vm_load(fixture->vm, fixture->directory, "", &fixture->error));
	assert_string_equal(fixture->error.text, "read: boot image: Is a directory");
	assert_false(vm_load(fixture->vm, "/dev/null", "", &fixture->error));
	assert_string_not_equal(fixture->error.text, "");
	vm_fixture_free(fixture);
}

static void bad_entries(void **state)
{
	static const struct {
		uint32_t entry;
		const char *text;
	} cases[] = {{ENTRY + 1, "Kernel entry point is not properly aligned\n"},
		     {0, "Kernel entry point is an invalid address\n"},
		     {0x80000000 + RAM_SIZE - 4, "Kernel entry point is an invalid address\n"},
		     {0xFFFFFFFF, "Kernel entry point is an invalid address\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vm_fixture *fixture = configured();

		elf_put32(&fixture->image, ELF_ENTRY_OFFSET, cases[i].entry);
		assert_true(vm_fixture_load(fixture, ""));
		assert_non_null(strstr(fixture->messages, cases[i].text));
		assert_non_null(strstr(fixture->messages, "You did something the hardware didn't like.\n"));
		assert_int_equal(vm_run(fixture->vm, UINT64_MAX), VM_HUNG);
		vm_fixture_free(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(state_at_entry),	  cmocka_unit_test(lengths_of_arguments),
	    cmocka_unit_test(too_many_arguments), cmocka_unit_test(segments),
	    cmocka_unit_test(truncation),	  cmocka_unit_test(refusals),
	    cmocka_unit_test(bad_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

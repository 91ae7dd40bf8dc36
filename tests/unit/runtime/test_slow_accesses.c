/* Accesses that do not pass the tests of translated code, of devices above all: how often code is left for them. Everything is
 * compared with the reference interpreter. */
#include "vm_fixture.h"

#include "devices/lamebus/lamebus.h"
#include "jit/jit_internal.h"
#include "runtime/vm/vm_internal.h"
#include "tests/unit/instructions.h"

#define NEXT_PAGE 0x80002000u
#define BUFFERS	  "1 emufs dir=@\n2 emufs dir=@\n3 nic hwaddr=1\n"

static struct jit_statistics run_both(uint32_t at, const uint32_t *words, size_t count, uint64_t cycles)
{
	struct vm_fixture *both[] = {vm_fixture_new(ENGINE_JIT), vm_fixture_new(ENGINE_REFERENCE)};
	struct jit_statistics figures;

	for (unsigned i = 0; i < 2; i++) {
		struct vm_fixture *fixture = both[i];

		elf_start(&fixture->image, at);
		elf_add_segment(&fixture->image, at, words, count);
		vm_fixture_start(fixture, BUFFERS DEVICES BOARD);
	}
	for (uint64_t cycle = 777; cycle < cycles; cycle += 7777)
		vm_fixture_run_both(both[0], both[1], cycle);
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		assert_int_equal(bus_accesses(both[0]->vm->bus, slot), bus_accesses(both[1]->vm->bus, slot));
	assert_int_equal(both[1]->vm->cpus[0].exceptions, 0);
	jit_statistics(both[0]->vm->jit, &figures);
	assert_string_equal(figures.backend_error, "");
	vm_fixture_free(both[0]);
	vm_fixture_free(both[1]);
	return figures;
}

/* A region that is entered in one page and left in the next, each time before the same access: that is noticed, and it is not
 * left for ever. */
static void left_in_the_next_page(void **state)
{
	const uint32_t words[] = {
	    LUI(8, 0xBFFD), /* the clock, slot 29 */
	    ADDIU(9, 9, 1), LOAD(10, 8, 4), BNEZ(9, -3), MIPS_WORD(ADDU, ['d'] = 11, ['s'] = 11, ['t'] = 10),
	};
	struct jit_statistics figures = run_both(NEXT_PAGE - 8, words, COUNT(words), 200000);

	(void)state;
	assert_in_range(figures.exits[EXIT_INTERPRET], 1, 1000);
	assert_in_range(figures.translated_cycles, 150000, 200000);
}

/* Accesses that are tested together, of which the first always passes and another never: a store beside code. */
static void not_together(void **state)
{
	const uint32_t words[] = {
	    LUI(8, 0x8000),
	    ADDIU(9, 9, 1),
	    LOAD(10, 8, 0x1080),
	    STORE(9, 8, 0x1078),
	    LOAD(12, 8, 0x1084),
	    BNEZ(9, -5),
	    MIPS_WORD(ADDU, ['d'] = 11, ['s'] = 11, ['t'] = 10),
	};
	struct jit_statistics figures = run_both(ENTRY, words, COUNT(words), 200000);

	(void)state;
	assert_in_range(figures.exits[EXIT_INTERPRET], 1, 1000);
	assert_in_range(figures.translated_cycles, 150000, 200000);
}

/* Words to and from several buffers of devices, and registers between them, which are none. */
static void buffers(void **state)
{
	const uint32_t words[] = {
	    LUI(8, 0xBFE1), /* slot 1 */
	    LUI(9, 0xBFE2),
	    LUI(12, 0xBFE3),
	    MIPS_WORD(ORI, ['t'] = 8, ['s'] = 8, ['u'] = 0x8000),
	    MIPS_WORD(ORI, ['t'] = 9, ['s'] = 9, ['u'] = 0x8000),
	    MIPS_WORD(ORI, ['t'] = 12, ['s'] = 12, ['u'] = 0x8000),
	    /* again: */
	    ADDIU(10, 10, 0x1234),
	    STORE(10, 8, 0),
	    STORE(10, 8, 0x3FFC), /* its last word */
	    LOAD(11, 8, 0x3FFC),
	    STORE(11, 9, 4),
	    LOAD(13, 8, -0x8000), /* a register */
	    STORE(11, 9, 8),
	    LOAD(14, 9, 4),
	    STORE(14, 12, 0x20),
	    STORE(14, 12, 0x1020), /* another one of the same device */
	    LOAD(15, 12, 0x20),
	    STORE(15, 8, -0x7FFC), /* a register */
	    BNEZ(10, -13),
	    MIPS_WORD(ADDU, ['d'] = 16, ['s'] = 16, ['t'] = 15),
	};
	struct jit_statistics figures = run_both(ENTRY, words, COUNT(words), 100000);

	(void)state;
	assert_in_range(figures.exits[EXIT_INTERPRET], 1, 2000);
	assert_in_range(figures.translated_cycles, 80000, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(left_in_the_next_page),
	    cmocka_unit_test(not_together),
	    cmocka_unit_test(buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

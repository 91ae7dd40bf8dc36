/* The Malta board as a machine: loading, what the boot loader leaves, time while waiting, input, the end. Malta
 * reference, sections 2 and 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/host/console_input.h"
#include "jit/jit.h"
#include "runtime/vm/lockstep.h"
#include "runtime/vm/vm.h"
#include "tests/unit/instructions.h"

#define ENTRY 0x80100000u
#define RAM   0x00200000u
#define WAIT  0x42000020u

struct board {
	struct vm *vm;
	struct vm_options options;
	struct malta_options malta;
	struct error error;
	char path[64];
	char console[256];
	size_t length;
};

static void console(void *context, uint8_t character)
{
	struct board *board = context;

	assert_true(board->length < sizeof(board->console) - 1);
	board->console[board->length++] = (char)character;
}

static void message(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "%s\n", text);
}

static uint32_t ordered(uint32_t word, bool big)
{
	return big ? __builtin_bswap32(word) : word;
}

static uint16_t ordered16(uint16_t half, bool big)
{
	return big ? __builtin_bswap16(half) : half;
}

/* An executable of one segment at `address`. */
static void write_program(struct board *board, bool big, uint32_t address, const uint32_t *words,
			  unsigned count)
{
	Elf32_Ehdr header = {.e_type = ordered16(ET_EXEC, big),
			     .e_machine = ordered16(EM_MIPS, big),
			     .e_entry = ordered(address, big),
			     .e_phoff = ordered(sizeof(header), big),
			     .e_phentsize = ordered16(sizeof(Elf32_Phdr), big),
			     .e_phnum = ordered16(1, big)};
	Elf32_Phdr segment = {.p_type = ordered(PT_LOAD, big),
			      .p_offset = ordered(sizeof(header) + sizeof(segment), big),
			      .p_vaddr = ordered(address, big),
			      .p_filesz = ordered(4 * count, big),
			      .p_memsz = ordered(4 * count + 64, big)};
	FILE *file;

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS32;
	header.e_ident[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	file = fopen(board->path, "w");
	assert_non_null(file);
	fwrite(&header, sizeof(header), 1, file);
	fwrite(&segment, sizeof(segment), 1, file);
	for (unsigned i = 0; i < count; i++) {
		uint32_t word = ordered(words[i], big);

		fwrite(&word, 4, 1, file);
	}
	fclose(file);
}

static struct board *new_board(bool big, const uint32_t *words, unsigned count)
{
	struct board *board = calloc(1, sizeof(*board));
	int fd;

	assert_non_null(board);
	strcpy(board->path, "/tmp/test_malta.XXXXXX");
	fd = mkstemp(board->path);
	assert_true(fd >= 0);
	close(fd);
	write_program(board, big, ENTRY, words, count);
	board->options = (struct vm_options){
	    .engine = ENGINE_REFERENCE, .output = {.context = board, .console = console, .message = message}};
	board->malta = (struct malta_options){
	    .kernel = board->path, .command_line = "one two", .cpu = "24Kf", .ram_size = RAM};
	return board;
}
#define BOARD(big, ...)                                                                                      \
	new_board(big, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static bool build(struct board *board)
{
	vm_free(board->vm);
	board->vm = vm_new(&board->options, &board->error);
	return vm_build_malta(board->vm, &board->malta, &board->error);
}

static void free_board(struct board *board)
{
	vm_free(board->vm);
	unlink(board->path);
	free(board);
}

#define ORI(to, from, value) MIPS_WORD(ORI, ['s'] = (from), ['t'] = (to), ['u'] = (value))
#define LBU(to, base, off)   MIPS_WORD(LBU, ['s'] = (base), ['t'] = (to), ['o'] = (off))
#define SB(from, base, off)  MIPS_WORD(SB, ['s'] = (base), ['t'] = (from), ['o'] = (off))
#define SW(from, base, off)  MIPS_WORD(SW, ['s'] = (base), ['t'] = (from), ['o'] = (off))
#define BEQ(a, b, distance)  MIPS_WORD(BEQ, ['s'] = (a), ['t'] = (b), ['b'] = (distance)&0xFFFF)
#define MTC0(from, register) MIPS_WORD(MTC0, ['t'] = (from), ['r'] = (register))
#define RESET_BOARD	     LUI(8, 0xBF00), ORI(9, 0, 0x42), SW(9, 8, 0x500), 0x1000FFFFu, 0

static const char *string_at(struct board *board, uint32_t pointer_at)
{
	return (const char *)board->vm->memory.ram +
	       (memory_read_word(&board->vm->memory, pointer_at) & 0x1FFFFFFF);
}

static void boot_protocol(void **state)
{
	(void)state;
	for (int big = 0; big <= 1; big++) {
		struct board *board = BOARD(big, 0x12345678, 0x9ABCDEF0);
		const struct cpu *cpu;
		uint32_t value;

		assert_true(build(board));
		cpu = &board->vm->cpus[0];
		assert_int_equal(cpu->pc, ENTRY);
		assert_int_equal(cpu->status, STATUS_BEV);
		assert_int_equal(cpu->gpr[4], 2);
		assert_int_equal(cpu->gpr[5], 0x80002000);
		assert_int_equal(cpu->gpr[6], 0x80002008);
		assert_int_equal(cpu->gpr[7], RAM);
		assert_int_equal(cpu->gpr[29], 0x80001FC0);
		assert_int_equal(cpu->gpr[25], ENTRY);
		assert_int_equal(cpu->model->lift.big_endian, big);
		assert_int_equal(memory_read_word(&board->vm->memory, 0x100000), 0x12345678);
		assert_int_equal(board->vm->memory.ram[0x100000], big ? 0x12 : 0x78);
		assert_string_equal(string_at(board, 0x2000), board->path);
		assert_string_equal(string_at(board, 0x2004), "one two");
		assert_string_equal(string_at(board, 0x2008), "memsize");
		assert_string_equal(string_at(board, 0x200C), "2097152");
		assert_string_equal(string_at(board, 0x2018), "modetty0");
		assert_string_equal(string_at(board, 0x201C), "38400n8r");
		assert_int_equal(memory_read_word(&board->vm->memory, 0x2020), 0);
		assert_true(board->vm->class != NULL);
		value = memory_read_word(&board->vm->memory, board->vm->memory.rom_offset + 0x10);
		assert_int_equal(value, 0x420);
		free_board(board);
	}
}

static void long_command_line(void **state)
{
	struct board *board = BOARD(true, 0);
	static char line[20000];

	(void)state;
	memset(line, 'x', 1000);
	board->malta.command_line = line;
	assert_true(build(board));
	assert_string_equal(string_at(board, 0x2004), line);
	assert_string_equal(string_at(board, 0x2008), "memsize");
	memset(line, 'x', sizeof(line) - 1);
	assert_false(build(board));
	assert_non_null(strstr(board->error.text, "--append"));
	free_board(board);
}

static void bad_programs(void **state)
{
	struct board *board = BOARD(true, 0);
	const uint32_t words[] = {0};

	(void)state;
	board->malta.endian = MALTA_LITTLE;
	assert_false(build(board));
	assert_non_null(strstr(board->error.text, "big-endian"));
	board->malta.endian = MALTA_BIG;
	assert_true(build(board));
	board->malta.cpu = "74Kf";
	assert_false(build(board));
	assert_non_null(strstr(board->error.text, "74Kf"));
	board->malta.cpu = "34Kf";
	assert_true(build(board));
	assert_int_equal(board->vm->cpus[0].model->tlb_entries, 64);
	/* Segments that do not fit, at both ends. */
	static const uint32_t bad[] = {0x80000000u + RAM - 4, 0x80000000u + RAM, 0x90000000u, 0xC0000000u,
				       0xFFFFFFFCu};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_program(board, true, bad[i], words, 1);
		assert_false(build(board));
		assert_non_null(strstr(board->error.text, "does not fit"));
	}
	write_program(board, true, 0xA0000000u + RAM - 68, words, 1);
	assert_true(build(board));
	/* Files that end too soon. */
	for (long size = 84; size >= 0; size -= 7) {
		write_program(board, true, ENTRY, words, 1);
		assert_int_equal(truncate(board->path, size), 0);
		assert_false(build(board));
	}
	unlink(board->path);
	assert_false(build(board));
	assert_non_null(strstr(board->error.text, "Cannot open"));
	free_board(board);
}

/* WAIT: time jumps to the timer's match, whatever the engine. */
static void idle(void **state)
{
	(void)state;
	struct board *board =
	    BOARD(true, LUI(8, 0x8000), ORI(9, 0, 0x8001), /* IM7, IE */
		  ORI(10, 0, 5000), MTC0(0, 9), MTC0(10, 11), MTC0(9, 12), WAIT, 0, BEQ(0, 0, -1), 0);
	assert_true(build(board));
	/* The handler at 80000180 ends the run. */
	const uint32_t handler[] = {RESET_BOARD};
	for (unsigned i = 0; i < sizeof(handler) / 4; i++)
		memory_write_word(&board->vm->memory, 0x180 + 4 * i, handler[i]);
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_POWERED_OFF);
	/* Count was set to 0 in the fourth cycle and is 5000 ten thousand cycles later. */
	assert_int_equal(board->vm->totals.executed, 7 + 3);
	assert_int_equal(board->vm->run.base, 3 + 10000 + 3);
	assert_int_equal(board->vm->totals.idle, 10000 - 4);
	free_board(board);
}

static void idle_for_ever(void **state)
{
	struct board *board = BOARD(false, WAIT, 0, 0);

	(void)state;
	assert_true(build(board));
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_IDLE_FOREVER);
	assert_false(vm_stuck_in_rom(board->vm));
	free_board(board);
	/* An exception while the vectors are the ROM's. */
	board = BOARD(false, 0x0000000C);
	assert_true(build(board));
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_IDLE_FOREVER);
	assert_true(vm_stuck_in_rom(board->vm));
	assert_int_equal(board->vm->cpus[0].epc, ENTRY);
	free_board(board);
}

/* Echoes what comes in until a dot, once by one machine, once by two in lockstep. */
static struct board *echo(int pipes[2])
{
	struct board *board =
	    BOARD(true, LUI(8, 0xB800), LBU(9, 8, 0x3FD), MIPS_WORD(ANDI, ['s'] = 9, ['t'] = 9, ['u'] = 1),
		  BEQ(9, 0, -3), 0, LBU(9, 8, 0x3F8), SB(9, 8, 0x3F8), ORI(10, 0, '.'),
		  MIPS_WORD(BNE, ['s'] = 9, ['t'] = 10, ['b'] = -8 & 0xFFFF), 0, RESET_BOARD);
	struct console_input_options options = {.not_only_terminal = true};

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "Hello, Malta.", 13), 13);
	options.input = pipes[0];
	options.output = pipes[1];
	board->options.console = console_input_open(&options);
	assert_true(build(board));
	return board;
}

static void end_echo(struct board *board, int pipes[2])
{
	assert_string_equal(board->console, "Hello, Malta.");
	assert_int_equal(board->vm->statistics.console_reads, 13);
	console_input_close(board->options.console);
	close(pipes[0]);
	close(pipes[1]);
	free_board(board);
}

static void input(void **state)
{
	int pipes[2];
	struct board *board = echo(pipes);

	(void)state;
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_POWERED_OFF);
	assert_null(board->vm->log); /* nobody is to replay it */
	assert_null(vm_new_replica(board->vm, &board->options, &board->error));
	assert_non_null(strstr(board->error.text, "inputs"));
	end_echo(board, pipes);
}

static void input_in_lockstep(void **state)
{
	int pipes[2];
	struct board *board = echo(pipes);
	struct lockstep_options how = {.seed = 3, .longest = 30000};
	struct lockstep_report report;

	(void)state;
	assert_true(lockstep_run(board->vm, &board->options, &how, &report, &board->error));
	assert_false(report.differs);
	assert_int_equal(report.state, VM_POWERED_OFF);
	end_echo(board, pipes);
}

/* A snapshot taken in the middle leads to the same end. */
static void snapshot(void **state)
{
	int pipes[2];
	struct board *board = echo(pipes);
	struct vm_snapshot *middle;
	uint64_t executed;

	(void)state;
	vm_keep_inputs(board->vm);
	assert_int_equal(vm_run(board->vm, 200001), VM_RUNNING);
	middle = vm_snapshot(board->vm);
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_POWERED_OFF);
	executed = board->vm->totals.executed;
	board->vm->inputs.replay = true;
	vm_restore(board->vm, middle);
	board->vm->inputs.position = 0;
	vm_restore(board->vm, middle);
	board->vm->mute = true;
	assert_int_equal(vm_run(board->vm, UINT64_MAX), VM_POWERED_OFF);
	assert_int_equal(board->vm->totals.executed, executed);
	vm_snapshot_free(middle);
	end_echo(board, pipes);
}

/* A jump to the address that stands for an empty entry of the jump cache, after the entry it falls upon was emptied: it
 * faults where it arrives, and what the entry led to is not executed. */
static void jump_to_empty_entry(void **state)
{
	struct jit_options jit = jit_default_options();
	uint32_t routine = ENTRY + 0x1000;

	(void)state;
	while (jump_cache_index(routine) != jump_cache_index(JUMP_CACHE_EMPTY))
		routine += 4;
	struct board *board = BOARD(true, MTC0(0, 12), LUI(8, routine >> 16), ORI(8, 8, routine & 0xFFFF),
				    ORI(9, 0, 5), MIPS_WORD(JALR, ['s'] = 8, ['d'] = 31), 0,
				    MIPS_WORD(ADDIU, ['t'] = 9, ['s'] = 9, ['i'] = -1),
				    MIPS_WORD(BNE, ['s'] = 9, ['t'] = 0, ['b'] = -4 & 0xFFFF), 0, SW(0, 8, 0),
				    ORI(10, 0, JUMP_CACHE_EMPTY), MIPS_WORD(JR, ['s'] = 10), 0);
	const uint32_t words[] = {MIPS_WORD(ADDIU, ['t'] = 20, ['s'] = 20, ['i'] = 1),
				  MIPS_WORD(JR, ['s'] = 31), 0};
	const uint32_t handler[] = {RESET_BOARD};

	jit.tiers = TIERS_FIRST;
	jit.threshold = 1;
	board->options.engine = ENGINE_JIT;
	board->options.jit = &jit;
	assert_true(build(board));
	for (unsigned i = 0; i < sizeof(words) / 4; i++)
		memory_write_word(&board->vm->memory, (routine & 0x1FFFFFFF) + 4 * i, words[i]);
	for (unsigned i = 0; i < sizeof(handler) / 4; i++)
		memory_write_word(&board->vm->memory, 0x180 + 4 * i, handler[i]);
	assert_int_equal(vm_run(board->vm, 100000), VM_POWERED_OFF);
	assert_int_equal(board->vm->cpus[0].gpr[20], 5);
	assert_int_equal(board->vm->cpus[0].epc, JUMP_CACHE_EMPTY);
	assert_int_equal(board->vm->cpus[0].exceptions, 1);
	free_board(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(boot_protocol),	   cmocka_unit_test(long_command_line),
	    cmocka_unit_test(bad_programs),	   cmocka_unit_test(idle),
	    cmocka_unit_test(idle_for_ever),	   cmocka_unit_test(input),
	    cmocka_unit_test(input_in_lockstep),   cmocka_unit_test(snapshot),
	    cmocka_unit_test(jump_to_empty_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

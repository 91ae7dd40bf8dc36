/* Whole machines in a directory of their own, with what they say kept. */
#ifndef JIT161_TESTS_UNIT_RUNTIME_VM_FIXTURE_H
#define JIT161_TESTS_UNIT_RUNTIME_VM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jit/jit.h"
#include "runtime/vm/vm.h"
#include "tests/fuzz/elf_image.h"

#define ENTRY	 0x80001000u
#define RAM_SIZE 0x80000u
#define BOARD	 "31 mainboard ramsize=512K\n"
#define DEVICES	 "0 serial\n28 random seed=1\n29 timer\n30 trace\n"

struct vm_fixture {
	struct vm *vm;
	struct vm_options options;
	struct jit_options jit;
	struct error error;
	struct elf_image image;
	char directory[32];
	char console[4096];
	size_t console_length;
	char messages[16384]; /* one line each */
	char traced[16384];
	void (*on_console)(struct vm_fixture *fixture); /* after each character */
};

/* A machine without hardware. */
struct vm_fixture *vm_fixture_new(enum vm_engine engine);
void vm_fixture_free(struct vm_fixture *fixture);

/* Configures from text; "@" in it stands for the machine's directory. */
bool vm_fixture_configure(struct vm_fixture *fixture, const char *config);
/* Loads fixture->image. */
bool vm_fixture_load(struct vm_fixture *fixture, const char *arguments);
/* Both, for a machine with DEVICES and a board; fails the test on errors. */
void vm_fixture_start(struct vm_fixture *fixture, const char *config);
/* Runs two machines on to a cycle; fails unless they end alike and are equal there. */
void vm_fixture_run_both(struct vm_fixture *fixture, struct vm_fixture *reference, uint64_t cycle);
/* A machine with DEVICES and one processor that runs these words from ENTRY. */
struct vm_fixture *vm_fixture_program(enum vm_engine engine, const uint32_t *words, size_t count);

/* The shutdown lines, one after the other. */
const char *vm_fixture_shutdown(struct vm_fixture *fixture);

#endif

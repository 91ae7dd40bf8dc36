/* A bare processor for translated code: the back end, a little RAM with its code map, and helpers that record
 * how they were called and answer as told. */
#ifndef JIT161_TESTS_UNIT_LLVM_FIXTURE_H
#define JIT161_TESTS_UNIT_LLVM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ir/ir.h"
#include "jit/common_code.h"
#include "jit/llvm/backend.h"
#include "runtime/cpu/cpu.h"

#define RAM_SIZE   0x00100000u
#define SLOT_COUNT 1024u
#define CODE_SIZE  0x00400000u
#define FIRST_SLOT 10u

enum helper_kind {
	HELPER_NONE,
	HELPER_LOAD,
	HELPER_STORE,
	HELPER_PROBE,
	HELPER_CALL /* + number */
};

struct fixture {
	const struct backend_interface *interface;
	struct code_memory code;
	struct common_code common;
	struct backend *backend;
	struct backend_thread *thread;
	struct memory memory;
	struct cpu *cpu;
	void **slots; /* SLOT_COUNT */

	/* The helpers' answer, and the last call. */
	enum helper_status status;
	unsigned only; /* enum helper_kind: whose status it is; the others are done. HELPER_NONE: all */
	uint32_t result;
	unsigned calls, kind;
	uint32_t va, value, access, immediate;
	int64_t budget;
	uint32_t seen_lookup_va; /* what cpu->lookup_va was */
	uint32_t new_lookup_va;	 /* what the helper makes it, if not 0 */
	bool spoil;		 /* helpers overwrite all registers that the C convention lets them */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Zeroes the processor and unlinks all slots. */
void fixture_reset(struct fixture *fixture);

/* Compiles a region of 64 blocks at most and installs it, with slots from FIRST_SLOT. `entries`: the code of each block that
 * is an entry, else NULL. `run` gets what is to be given back; it and `text` may be NULL. Any thread. */
bool fixture_compile_region(struct fixture *fixture, struct backend_thread *thread,
			    const struct ir_region *ir, const void **entries, struct code_run *run,
			    struct backend_text *text, struct error *error);

/* Installs an image, which is freed, and returns the address of what is at an offset in it. */
const void *fixture_install(struct fixture *fixture, struct code_image *image, uint32_t offset,
			    uint32_t first_slot);

/* Compiles the text of a region, whose slots start at FIRST_SLOT, and returns the code of the entry at `va`.
 */
const void *fixture_compile(struct fixture *fixture, const char *text, uint32_t va);

/* Runs code; the CPU's pc, budget and exit reason say how it ended. */
void fixture_run(struct fixture *fixture, const void *code, int64_t budget);

void fixture_expect_exit(const struct fixture *fixture, enum exit_reason reason, uint32_t pc, int64_t budget);
void fixture_expect_slot(const struct fixture *fixture, uint32_t slot, int64_t budget);

#endif

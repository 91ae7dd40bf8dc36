/* The translator's counts of exits agree with what the reference interpreter, a cycle at a time, sees the guest do: system calls, faults,
 * interrupts and returns from them are what code of both tiers is left for. The threaded interpreter has no exits, but cycles that it
 * leaves to the plain one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/decode.h"
#include "jit/llvm/backend.h"
#include "study/costs.h"

#define WARM   20000
#define CYCLES 60000
#define HOT    200 /* executions that make a block hot enough for LLVM */
#define SLACK  16  /* cycles in rests of slices */

static void console(void *context, uint8_t character)
{
	(void)context;
	(void)character;
}

static void message(void *context, const char *text)
{
	(void)context;
	fail_msg("%s", text);
}

static struct vm *machine_of(enum cost_machine machine, const struct cost_operation *operation,
			     enum vm_engine engine, struct jit_options *jit)
{
	struct vm_options options = {.engine = engine,
				     .timing = TIMING_IDEAL,
				     .jit = jit,
				     .output = {.console = console, .message = message},
				     .start_time = 1};
	struct error error = {.text = ""};
	struct vm *vm = cost_vm(machine, operation, true, &options, &error);

	if (!vm)
		fail_msg("%s", error.text);
	return vm;
}

/* What an engine leaves to the plain interpreter because of what the guest does. */
struct left {
	uint64_t events; /* exceptions, interrupts and returns from them */
	uint64_t cycles; /* of these, of TLB operations and device accesses */
};

static void decode_at(const struct cpu *cpu, uint32_t va, struct insn *insn)
{
	uint32_t at = cpu_code_frame(cpu) | (va & 0xFFF);

	mips_decode(cpu->model->lift.isa, memory_read_word(cpu->memory, at), insn);
}

static bool is_return(const struct insn *insn)
{
	return insn->op == MIPS_OP_RFE || insn->op == MIPS_OP_ERET;
}

/* Devices are all that the programs use uncached addresses for. */
static bool is_device_access(const struct cpu *cpu, const struct insn *insn)
{
	uint32_t va = cpu->gpr[insn->rs] + (uint32_t)insn->imm;

	return (mips_op_info[insn->op].flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)) && va >> 29 == 5;
}

/* Whether the threaded interpreter has no code for the instruction at hand. A jump with a return in its delay slot goes with it. */
static bool is_left(const struct cpu *cpu, const struct insn *insn)
{
	struct insn next;

	switch (insn->op) {
	case MIPS_OP_TLBP:
	case MIPS_OP_TLBR:
	case MIPS_OP_TLBWI:
	case MIPS_OP_TLBWR:
	case MIPS_OP_DI:
	case MIPS_OP_EI:
		return true;
	case MIPS_OP_JR:
		decode_at(cpu, cpu->pc + 4, &next);
		return is_return(&next);
	default:
		return is_return(insn) || is_device_access(cpu, insn);
	}
}

static struct left count_by_reference(enum cost_machine machine, const struct cost_operation *operation)
{
	struct vm *vm = machine_of(machine, operation, ENGINE_REFERENCE, NULL);
	const struct cpu *cpu = &vm->cpus[0];
	struct left left = {0};

	assert_int_equal(vm_run(vm, WARM), VM_RUNNING);
	for (uint64_t cycle = WARM; cycle < WARM + CYCLES; cycle++) {
		uint64_t raised = cpu->exceptions + cpu->interrupts;
		struct insn insn;

		decode_at(cpu, cpu->pc, &insn);
		left.events += is_return(&insn);
		left.cycles += is_left(cpu, &insn);
		assert_int_equal(vm_run(vm, cycle + 1), VM_RUNNING);
		raised = cpu->exceptions + cpu->interrupts - raised;
		left.events += raised;
		left.cycles += raised;
	}
	vm_free(vm);
	return left;
}

/* A machine of the translator's with code for all of the program, or of the threaded interpreter's. */
static struct vm *warm_machine(enum cost_machine machine, const struct cost_operation *operation,
			       enum vm_engine engine, struct jit_options *jit)
{
	struct vm *vm = machine_of(machine, operation, engine, jit);

	assert_int_equal(vm_run(vm, WARM), VM_RUNNING);
	if (vm->jit)
		jit_settle(vm->jit);
	return vm;
}

/* Exits of one operation under one choice of tiers, beside what the reference counts. Returns what that is. */
static uint64_t compare_exits(enum cost_machine machine, const struct cost_operation *operation,
			      enum jit_tiers tiers)
{
	struct jit_options jit = jit_default_options();
	struct jit_statistics before, after;
	uint64_t expected, exits, rests;
	struct vm *vm;

	jit.tiers = tiers;
	jit.threshold = tiers == TIERS_FIRST ? 1000000 : HOT;
	jit.threads = 0;
	jit.code_bytes = 1 << 20;
	jit.backend_path = BACKEND_PATH;
	vm = warm_machine(machine, operation, ENGINE_JIT, &jit);
	jit_statistics(vm->jit, &before);
	assert_int_equal(vm_run(vm, WARM + CYCLES), VM_RUNNING);
	jit_statistics(vm->jit, &after);
	vm_free(vm);
	assert_true((after.regions > 0) == (tiers != TIERS_FIRST));
	exits = after.exits[EXIT_INTERPRET] - before.exits[EXIT_INTERPRET] + after.exits[EXIT_AFTER] -
		before.exits[EXIT_AFTER];
	/* What lies in the rest of a slice, an iteration at most, is not left translated code for. */
	rests =
	    (after.exits[EXIT_BUDGET] - before.exits[EXIT_BUDGET] + 1) * (2 * operation->per_iteration + 1);
	expected = count_by_reference(machine, operation).events;
	/* Without a first tier the interpreter also has code for which no region pays: a handler of one instruction. */
	if (tiers == TIERS_SECOND)
		rests = expected;
	/* A return is left for at its jump, which may be the last cycle before the end; a region that is left by way of the
	 * dispatcher may do one more by then. */
	if (exits > expected + 2 || exits + rests < expected)
		fail_msg("%s on %s, tiers %d: %llu exits, the reference counts %llu, up to %llu of them in "
			 "rests of slices",
			 operation->name, cost_machine_names[machine], (int)tiers, (unsigned long long)exits,
			 (unsigned long long)expected, (unsigned long long)rests);
	if (tiers != TIERS_SECOND)
		assert_true(rests < CYCLES / 100);
	return expected;
}

static void compare_all(enum jit_tiers tiers)
{
	unsigned compared = 0;

	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		for (unsigned i = 0; i < count; i++)
			if (operations[i].group >= COST_TLB)
				compared += compare_exits(machine, &operations[i], tiers) > 1000;
	}
	assert_true(compared >= 12); /* two machines, six kinds of going into the kernel and back */
}

static void exits_are_what_the_guest_does(void **state)
{
	(void)state;
	compare_all(TIERS_FIRST);
}

static void exits_of_regions_are_what_the_guest_does(void **state)
{
	(void)state;
	compare_all(TIERS_AUTO);
	compare_all(TIERS_SECOND);
}

static void threaded_interpreter_leaves_what_the_guest_does(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		for (unsigned i = 0; i < count; i++) {
			struct jit_options jit = jit_default_options();
			struct left left;
			uint64_t cycles;
			struct vm *vm;

			if (operations[i].group < COST_TLB)
				continue;
			vm = warm_machine(machine, &operations[i], ENGINE_INTERP, &jit);
			cycles = vm_reference_cycles(vm);
			assert_int_equal(vm_run(vm, WARM + CYCLES), VM_RUNNING);
			cycles = vm_reference_cycles(vm) - cycles;
			vm_free(vm);
			left = count_by_reference(machine, &operations[i]);
			/* Beyond that only the first access of a page that the soft TLB does not have: whether it does is no
			 * doing of the guest's. After a fault there is one. */
			if (cycles + 2 < left.cycles || cycles > left.cycles + left.events / 2 + SLACK)
				fail_msg("%s on %s: %llu cycles left, the reference counts %llu, %llu events",
					 operations[i].name, cost_machine_names[machine],
					 (unsigned long long)cycles, (unsigned long long)left.cycles,
					 (unsigned long long)left.events);
			compared += left.cycles > 1000;
		}
	}
	assert_true(compared >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exits_are_what_the_guest_does),
	    cmocka_unit_test(exits_of_regions_are_what_the_guest_does),
	    cmocka_unit_test(threaded_interpreter_leaves_what_the_guest_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

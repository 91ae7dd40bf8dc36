/* The translator's counts of exits agree with what the reference interpreter, a cycle at a time, sees the guest do: system calls, faults,
 * interrupts and returns from them are what the first tier leaves for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/decode.h"
#include "jit/llvm/backend.h"
#include "study/costs.h"

#define WARM   5000
#define CYCLES 60000

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

static bool is_return(const struct cpu *cpu)
{
	uint32_t at = cpu_code_frame(cpu) | (cpu->pc & 0xFFF);
	enum mips_op op = mips_decode_op(cpu->model->lift.isa, memory_read_word(cpu->memory, at));

	return op == MIPS_OP_RFE || op == MIPS_OP_ERET;
}

/* What the guest does between two cycles that only the interpreter can. */
static uint64_t count_by_reference(enum cost_machine machine, const struct cost_operation *operation)
{
	struct vm *vm = machine_of(machine, operation, ENGINE_REFERENCE, NULL);
	const struct cpu *cpu = &vm->cpus[0];
	uint64_t count = 0, raised;

	assert_int_equal(vm_run(vm, WARM), VM_RUNNING);
	for (uint64_t cycle = WARM; cycle < WARM + CYCLES; cycle++) {
		raised = cpu->exceptions + cpu->interrupts;
		count += is_return(cpu);
		assert_int_equal(vm_run(vm, cycle + 1), VM_RUNNING);
		count += cpu->exceptions + cpu->interrupts - raised;
	}
	vm_free(vm);
	return count;
}

static void exits_are_what_the_guest_does(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (unsigned machine = 0; machine < COST_MACHINES; machine++) {
		struct cost_operation operations[COST_OPERATIONS_MAX];
		unsigned count = cost_operations(machine, operations);

		for (unsigned i = 0; i < count; i++) {
			struct jit_options jit = jit_default_options();
			struct jit_statistics before, after;
			uint64_t expected, exits, rests;
			struct vm *vm;

			if (operations[i].group < COST_TLB)
				continue;
			jit.tiers = TIERS_FIRST;
			jit.threshold = 1000000;
			jit.code_bytes = 1 << 20;
			jit.backend_path = BACKEND_PATH;
			vm = machine_of(machine, &operations[i], ENGINE_JIT, &jit);
			assert_int_equal(vm_run(vm, WARM), VM_RUNNING);
			jit_statistics(vm->jit, &before);
			assert_int_equal(vm_run(vm, WARM + CYCLES), VM_RUNNING);
			jit_statistics(vm->jit, &after);
			vm_free(vm);
			exits = after.exits[EXIT_INTERPRET] - before.exits[EXIT_INTERPRET] +
				after.exits[EXIT_AFTER] - before.exits[EXIT_AFTER];
			/* What lies in the rest of a slice, an iteration at most, is not left translated code for. */
			rests = (after.exits[EXIT_BUDGET] - before.exits[EXIT_BUDGET] + 1) *
				(2 * operations[i].per_iteration + 1);
			expected = count_by_reference(machine, &operations[i]);
			/* A return is left for at its jump, which may be the last cycle before the end. */
			if (exits > expected + 1 || exits + rests < expected)
				fail_msg(
				    "%s on %s: %llu exits, the reference counts %llu, up to %llu of them in "
				    "rests of slices",
				    operations[i].name, cost_machine_names[machine],
				    (unsigned long long)exits, (unsigned long long)expected,
				    (unsigned long long)rests);
			assert_true(rests < CYCLES / 100);
			compared += expected > 1000;
		}
	}
	assert_true(compared >= 12); /* two machines, six kinds of going into the kernel and back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(exits_are_what_the_guest_does)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

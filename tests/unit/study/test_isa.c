/* The experiment agrees with the instruction table, and would not if either were wrong. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/classify.h"
#include "study/host_probe.h"
#include "study/isa_verdict.h"

static struct isa_experiment *mips161, *mips32;

static int run_experiments(void **state)
{
	(void)state;
	mips161 = isa_experiment_run(&cpu_model_mips161);
	mips32 = isa_experiment_run(cpu_model_mips32("24Kf", true));
	return mips161 && mips32 ? 0 : -1;
}

static int free_experiments(void **state)
{
	(void)state;
	free(mips161);
	free(mips32);
	return 0;
}

static unsigned differences_with(const struct isa_experiment *experiment, enum mips_op op, unsigned flipped)
{
	struct isa_disagreement differences[MIPS_OP_COUNT];
	uint8_t claims[MIPS_OP_COUNT];
	unsigned count;

	isa_table_classes(claims);
	claims[op] ^= flipped;
	count = isa_disagreements(experiment, claims, differences);
	if (count)
		assert_int_equal(differences[0].op, op);
	return count;
}

static void table_agrees(void **state)
{
	(void)state;
	assert_int_equal(differences_with(mips161, 0, 0), 0);
	assert_int_equal(differences_with(mips32, 0, 0), 0);
}

/* Each class of each instruction, claimed or denied wrongly, is found, but for those that are said to be hidden. */
static void every_wrong_claim_is_found(void **state)
{
	const struct isa_experiment *both[] = {mips161, mips32};
	unsigned found = 0, unseen = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (unsigned op = 0; op < MIPS_OP_RESERVED; op++)
			for (unsigned class = 1; class <= MIPS_CLASS_BEHAVIOUR; class <<= 1) {
				const char *why;
				bool visible = !(isa_hidden_classes(op, &why) & class);

				if (!both[i]->observations[op].tried)
					continue;
				assert_int_equal(differences_with(both[i], op, class), visible);
				found += visible;
				unseen += !visible;
			}
	assert_int_equal(unseen, 6); /* CACHE twice, RDPGPR, WRPGPR, DERET's two */
	assert_true(found > 600);
}

/* A processor whose user mode has the kernel's rights is not what the table describes. */
static void wrong_processor_is_found(void **state)
{
	struct cpu_model model = *cpu_model_mips32("24Kf", true);
	struct isa_disagreement differences[MIPS_OP_COUNT];
	struct isa_experiment *experiment;
	uint8_t claims[MIPS_OP_COUNT];
	bool found = false;

	(void)state;
	model.status_user = 1; /* under a mask without this bit: never */
	experiment = isa_experiment_run(&model);
	assert_non_null(experiment);
	isa_table_classes(claims);
	for (unsigned i = isa_disagreements(experiment, claims, differences); i-- > 0;)
		if (differences[i].op == MIPS_OP_MFC0) {
			found = true;
			assert_int_equal(differences[i].observed, MIPS_CLASS_BEHAVIOUR);
		}
	assert_true(found);
	free(experiment);
}

/* What is never seen to run says nothing by not trapping or changing anything. */
static void everything_that_exists_ran(void **state)
{
	static const enum mips_op only_trap[] = {MIPS_OP_SYSCALL, MIPS_OP_BREAK, MIPS_OP_SDBBP,
						 MIPS_OP_DERET};
	const struct isa_experiment *both[] = {mips161, mips32};

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
			const struct isa_observation *seen = &both[i]->observations[op];
			bool can_run = !(mips_op_info[op].flags & MIPS_FLAG_COP1); /* there is no FPU */

			for (unsigned n = 0; n < sizeof(only_trap) / sizeof(only_trap[0]); n++)
				can_run &= only_trap[n] != op;
			if (!seen->tried)
				continue;
			assert_int_equal(seen->ran[ISA_KERNEL] > 0, can_run);
			if (can_run && !mips_op_is_privileged(op))
				assert_true(seen->ran[ISA_USER] > 0);
			assert_true(seen->executions >=
				    both[i]->configurations[0] + both[i]->configurations[1]);
		}
}

static void verdicts(void **state)
{
	char text[64];

	(void)state;
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		assert_false(isa_violates(&mips161->observations[op]));
		assert_int_equal(isa_violates(&mips32->observations[op]), op == MIPS_OP_RDHWR);
		assert_false(isa_violates_without_grants(&mips32->observations[op]));
	}
	isa_user_behaviour(&mips32->observations[MIPS_OP_RDHWR], text, sizeof(text));
	assert_string_equal(text, "RI unless HWREna");
	isa_user_behaviour(&mips32->observations[MIPS_OP_MFC0], text, sizeof(text));
	assert_string_equal(text, "CpU unless CU0");
	isa_user_behaviour(&mips161->observations[MIPS_OP_MFC0], text, sizeof(text));
	assert_string_equal(text, "CpU");
	isa_depends_text(&mips32->observations[MIPS_OP_ERET], text, sizeof(text));
	assert_string_equal(text, "Status");
	isa_changes_text(&mips161->observations[MIPS_OP_TLBWR], text, sizeof(text));
	assert_string_equal(text, "TLB");
	assert_true(mips161->observations[MIPS_OP_LW].leaves_lookup);
	assert_false(mips32->observations[MIPS_OP_LW].leaves_lookup);
	assert_true(mips32->observations[MIPS_OP_SW].only_kernel_by_address);
}

#ifdef __x86_64__
static void host_probes(void **state)
{
	struct host_probe probes[HOST_PROBES_MAX];
	unsigned count = host_probe(probes), seen = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(probes[i].instruction, "cli") == 0) {
			assert_int_equal(probes[i].end, PROBE_SIGNAL);
			assert_int_equal(probes[i].signal, SIGSEGV);
			seen++;
		} else if (strcmp(probes[i].instruction, "popf") == 0) {
			assert_int_equal(probes[i].end, PROBE_RAN);
			assert_true(probes[i].value & HOST_INTERRUPT_FLAG);
			seen++;
		} else if (strcmp(probes[i].instruction, "mov %cs, r") == 0) {
			assert_int_equal(probes[i].value & 3, 3);
			seen++;
		}
	}
	assert_int_equal(seen, 3);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table_agrees),
	    cmocka_unit_test(every_wrong_claim_is_found),
	    cmocka_unit_test(wrong_processor_is_found),
	    cmocka_unit_test(everything_that_exists_ran),
	    cmocka_unit_test(verdicts),
#ifdef __x86_64__
	    cmocka_unit_test(host_probes),
#endif
	};

	return cmocka_run_group_tests(tests, run_experiments, free_experiments);
}

/* The text of `jit161 isa --virtualisable`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/isa.h"
#include "frontend/classify.h"

#define WIDTH  92
#define INDENT 4

/* Which instructions a list names. */
typedef bool selector(const struct isa_observation *seen);

static bool is_innocuous(const struct isa_observation *seen)
{
	return !isa_observed_classes(seen) && (seen->ran[ISA_KERNEL] || seen->ran[ISA_USER]);
}

static bool traps_everywhere(const struct isa_observation *seen)
{
	return seen->tried && !seen->ran[ISA_KERNEL] && !seen->ran[ISA_USER];
}

static bool needs_kernel_address(const struct isa_observation *seen)
{
	return seen->only_kernel_by_address;
}

static bool leaves_lookup(const struct isa_observation *seen)
{
	return seen->leaves_lookup;
}

/* "title (N): mnemonics", wrapped; nothing if there are none. */
static void print_list(const struct isa_study *study, const char *title, selector *wanted)
{
	unsigned count = 0, column = WIDTH;

	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++)
		count +=
		    study->experiment->observations[op].tried && wanted(&study->experiment->observations[op]);
	if (!count)
		return;
	printf("\n  %s: %u", title, count);
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		const char *name = mips_op_info[op].mnemonic;

		if (!study->experiment->observations[op].tried ||
		    !wanted(&study->experiment->observations[op]))
			continue;
		if (column + strlen(name) + 1 > WIDTH) {
			printf("\n%*s", INDENT - 1, "");
			column = INDENT - 1;
		}
		printf(" %s", name);
		column += (unsigned)strlen(name) + 1;
	}
	printf("\n");
}

static void print_instruction(enum mips_op op, const struct isa_observation *seen)
{
	char user[64], kernel[64], text[256];

	isa_user_behaviour(seen, user, sizeof(user));
	isa_kernel_behaviour(seen, kernel, sizeof(kernel));
	printf("  %-8s %-20s %-10s %s\n", mips_op_info[op].mnemonic, user, kernel,
	       mips_class_name(isa_observed_classes(seen)));
	isa_changes_text(seen, text, sizeof(text));
	if (strcmp(text, "-") != 0)
		printf("  %-8s   changes %s\n", "", text);
	isa_depends_text(seen, text, sizeof(text));
	if (strcmp(text, "-") != 0)
		printf("  %-8s   shows %s\n", "", text);
}

static void print_agreement(const struct isa_study *study)
{
	unsigned tried = 0;

	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++)
		tried += study->experiment->observations[op].tried;
	if (study->difference_count) {
		printf("\n  Experiment and table DIFFER about %u of %u instructions:\n",
		       study->difference_count, tried);
		for (unsigned i = 0; i < study->difference_count; i++)
			printf("    %s: claimed %s; observed %s\n",
			       mips_op_info[study->differences[i].op].mnemonic,
			       mips_class_name(study->differences[i].claimed),
			       mips_class_name(study->differences[i].observed));
	} else {
		printf("\n  Experiment and table agree about all %u instructions.\n", tried);
	}
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		const char *why;
		unsigned classes = isa_hidden_classes(op, &why) & mips_op_info[op].classes;

		if (classes && study->experiment->observations[op].tried)
			printf("    cannot be seen: %s %s (%s)\n", mips_op_info[op].mnemonic,
			       mips_class_name(classes), why);
	}
}

static void print_verdict(const struct isa_study *study)
{
	const struct isa_observation *seen = study->experiment->observations;
	unsigned violations = 0, lasting = 0;

	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		violations += isa_violates(&seen[op]);
		lasting += isa_violates_without_grants(&seen[op]);
	}
	if (!violations) {
		printf("\n  VERDICT: every sensitive instruction is privileged: %s is virtualisable by "
		       "trap-and-emulate.\n",
		       study->processor->name);
		return;
	}
	printf(
	    "\n  VERDICT: %s is not virtualisable by the letter of the theorem. Sensitive, not privileged:\n",
	    study->processor->name);
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++) {
		char user[64], text[256];

		if (!isa_violates(&seen[op]))
			continue;
		isa_user_behaviour(&seen[op], user, sizeof(user));
		isa_depends_text(&seen[op], text, sizeof(text));
		printf("    %s: in user mode %s, and shows %s\n", mips_op_info[op].mnemonic, user, text);
	}
	if (!lasting)
		printf(
		    "  A monitor that keeps HWREna and CU0 clear while its guests run makes every sensitive\n"
		    "  instruction trap: so configured, it is virtualisable by trap-and-emulate.\n");
	else
		printf("  No configuration makes all of them trap.\n");
}

void isa_print_study(const struct isa_study *study)
{
	const struct isa_experiment *experiment = study->experiment;

	printf("%s (%s): %" PRIu64 " executions, in %u configurations of kernel and %u of user mode\n\n",
	       study->processor->name, study->processor->about, experiment->executions,
	       experiment->configurations[ISA_KERNEL], experiment->configurations[ISA_USER]);
	printf("  %-8s %-20s %-10s %s\n", "", "user mode", "kernel", "observed class");
	for (unsigned op = 0; op < MIPS_OP_RESERVED; op++)
		if (experiment->observations[op].tried && isa_observed_classes(&experiment->observations[op]))
			print_instruction(op, &experiment->observations[op]);
	print_list(study, "innocuous", is_innocuous);
	print_list(study, "trap in both modes under all configurations (there is no FPU)", traps_everywhere);
	print_list(
	    study,
	    "address error in user mode, from 0x80000000 on, where the kernel's runs; not the theorem's\n"
	    "  concern, but that of a monitor's speed",
	    needs_kernel_address);
	print_list(study,
		   "leave the page of their address in EntryHi, which only privileged instructions show",
		   leaves_lookup);
	print_agreement(study);
	print_verdict(study);
	printf("\n");
}

static const struct host_probe *find(const struct host_probe *probes, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(probes[i].instruction, name) == 0)
			return &probes[i];
	return NULL;
}

static bool traps(const struct host_probe *probes, unsigned count, const char *name)
{
	const struct host_probe *probe = find(probes, count, name);

	return probe && probe->end == PROBE_SIGNAL;
}

static bool ignored(const struct host_probe *probes, unsigned count, const char *name)
{
	const struct host_probe *probe = find(probes, count, name);

	return probe && probe->end == PROBE_RAN && !probe->reads;
}

void isa_print_probes(const struct host_probe *probes, unsigned count)
{
	if (!count) {
		printf("The host is no x86-64: its instructions are not tried.\n");
		return;
	}
	printf("The host, x86-64, in user mode; each in a process of its own:\n\n");
	for (unsigned i = 0; i < count; i++) {
		printf("  %-12s %-36s ", probes[i].instruction, probes[i].attempt);
		if (probes[i].end == PROBE_SIGNAL)
			printf("traps (%s)\n", strsignal(probes[i].signal));
		else if (probes[i].end == PROBE_NOT_TRIED)
			printf("could not be tried\n");
		else if (probes[i].reads)
			printf("no trap: shows 0x%" PRIx64 "\n", probes[i].value);
		else if (probes[i].end == PROBE_RAN)
			printf("NO TRAP, NO EFFECT: IF is still 1\n");
		else
			printf("no trap: interrupts are off\n");
	}
	if (traps(probes, count, "cli") && ignored(probes, count, "popf"))
		printf("\n  cli is sensitive and traps; popf is sensitive, does not trap and is silently "
		       "ignored. So x86 "
		       "is\n"
		       "  not virtualisable by trap-and-emulate: a guest kernel's popf would do nothing, and "
		       "no monitor\n"
		       "  would know. Translators replace it; VT-x and AMD-V added a mode where a guest "
		       "keeps its ring.\n");
}

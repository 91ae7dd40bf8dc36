#include "study/isa_verdict.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runtime/cpu/cpu.h"

/* Short names of exceptions, as the architecture has them. */
static const char *const exception_names[] = {
    [EXCEPTION_INTERRUPT] = "Int", [EXCEPTION_MOD] = "Mod",	[EXCEPTION_TLBL] = "TLBL",
    [EXCEPTION_TLBS] = "TLBS",	   [EXCEPTION_ADEL] = "AdEL",	[EXCEPTION_ADES] = "AdES",
    [EXCEPTION_IBE] = "IBE",	   [EXCEPTION_DBE] = "DBE",	[EXCEPTION_SYSCALL] = "Sys",
    [EXCEPTION_BREAK] = "Bp",	   [EXCEPTION_RESERVED] = "RI", [EXCEPTION_COPROCESSOR] = "CpU",
    [EXCEPTION_OVERFLOW] = "Ov",   [EXCEPTION_TRAP] = "Tr",
};
#define EXCEPTION_NAMES (sizeof(exception_names) / sizeof(exception_names[0]))

static const struct {
	enum mips_op op;
	unsigned classes;
	const char *why;
} hidden[] = {
    {MIPS_OP_CACHE, MIPS_CLASS_CONTROL, "there are no caches to see"},
    {MIPS_OP_RDPGPR, MIPS_CLASS_BEHAVIOUR, "there is one set of general registers"},
    {MIPS_OP_WRPGPR, MIPS_CLASS_CONTROL, "there is one set of general registers"},
    {MIPS_OP_DERET, MIPS_CLASS_PRIVILEGED | MIPS_CLASS_CONTROL,
     "reserved in both modes, as there is no EJTAG"},
};

unsigned isa_hidden_classes(enum mips_op op, const char **why)
{
	for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (hidden[i].op != op)
			continue;
		*why = hidden[i].why;
		return hidden[i].classes;
	}
	*why = NULL;
	return 0;
}

static bool user_runs(const struct isa_observation *seen, unsigned without)
{
	for (unsigned grants = 0; grants < ISA_GRANTS; grants++)
		if (seen->user_ran[grants] && !(grants & without))
			return true;
	return false;
}

static bool is_sensitive(const struct isa_observation *seen)
{
	return seen->changes[ISA_KERNEL] || seen->changes[ISA_USER] || seen->depends;
}

unsigned isa_observed_classes(const struct isa_observation *seen)
{
	unsigned classes = 0;

	if (seen->only_kernel && !user_runs(seen, ISA_GRANT_CU0))
		classes |= MIPS_CLASS_PRIVILEGED;
	if (seen->changes[ISA_KERNEL] || seen->changes[ISA_USER])
		classes |= MIPS_CLASS_CONTROL;
	if (seen->depends)
		classes |= MIPS_CLASS_BEHAVIOUR;
	return classes;
}

bool isa_violates(const struct isa_observation *seen)
{
	return is_sensitive(seen) && !(isa_observed_classes(seen) & MIPS_CLASS_PRIVILEGED);
}

bool isa_violates_without_grants(const struct isa_observation *seen)
{
	return is_sensitive(seen) && user_runs(seen, ISA_GRANT_CU0 | ISA_GRANT_HWRENA);
}

unsigned isa_disagreements(const struct isa_experiment *experiment, const uint8_t claimed[MIPS_OP_COUNT],
			   struct isa_disagreement *differences)
{
	unsigned count = 0;

	for (unsigned op = 0; op < MIPS_OP_COUNT; op++) {
		const struct isa_observation *seen = &experiment->observations[op];
		unsigned observed = isa_observed_classes(seen);
		const char *why;
		unsigned unseen = isa_hidden_classes(op, &why);

		if (seen->tried && (((claimed[op] ^ observed) & ~unseen) || (observed & unseen)))
			differences[count++] = (struct isa_disagreement){op, claimed[op], observed};
	}
	return count;
}

void isa_table_classes(uint8_t classes[MIPS_OP_COUNT])
{
	for (unsigned op = 0; op < MIPS_OP_COUNT; op++)
		classes[op] = mips_op_info[op].classes;
}

static void append(char *text, size_t size, const char *separator, const char *word)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s", length ? separator : "", word);
}

static void append_codes(char *text, size_t size, uint32_t codes)
{
	for (unsigned code = 0; code < EXCEPTION_NAMES; code++)
		if (codes >> code & 1)
			append(text, size, "/", exception_names[code]);
}

void isa_user_behaviour(const struct isa_observation *seen, char *text, size_t size)
{
	bool runs = user_runs(seen, ISA_GRANT_CU0 | ISA_GRANT_HWRENA);

	*text = '\0';
	if (runs)
		append(text, size, "", "runs");
	if (!seen->trapped[ISA_USER])
		return;
	append_codes(text, size, seen->codes[ISA_USER]);
	if (runs)
		return;
	if (user_runs(seen, ISA_GRANT_CU0))
		append(text, size, " unless ", "HWREna");
	else if (user_runs(seen, 0))
		append(text, size, " unless ", "CU0");
}

void isa_kernel_behaviour(const struct isa_observation *seen, char *text, size_t size)
{
	*text = '\0';
	if (seen->ran[ISA_KERNEL])
		append(text, size, "", "runs");
	append_codes(text, size, seen->codes[ISA_KERNEL]);
}

void isa_changes_text(const struct isa_observation *seen, char *text, size_t size)
{
	uint32_t changes = seen->changes[ISA_KERNEL] | seen->changes[ISA_USER];

	*text = '\0';
	for (unsigned i = 0; isa_resource_name(i); i++)
		if ((changes >> i & 1) && (!*text || !strstr(text, isa_resource_name(i))))
			append(text, size, ", ", isa_resource_name(i));
	if (!*text)
		append(text, size, "", "-");
}

void isa_depends_text(const struct isa_observation *seen, char *text, size_t size)
{
	*text = '\0';
	for (unsigned i = 0; i < ISA_DIMENSIONS; i++)
		if (seen->depends >> i & 1)
			append(text, size, ", ", isa_dimension_names[i]);
	if (!*text)
		append(text, size, "", "-");
}

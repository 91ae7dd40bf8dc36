/* What an experiment says about an instruction and about the processor, and whether the instruction table agrees. */
#ifndef JIT161_STUDY_ISA_VERDICT_H
#define JIT161_STUDY_ISA_VERDICT_H

#include "study/isa_experiment.h"

/* MIPS_CLASS_*. Privileged: traps in user mode under all configurations without CU0 (with it, user mode has coprocessor 0
 * by the kernel's leave) from where kernel mode runs it. */
unsigned isa_observed_classes(const struct isa_observation *seen);

/* Classes that no experiment on our processors can show for an instruction, and why; 0 if all can be seen. */
unsigned isa_hidden_classes(enum mips_op op, const char **why);

/* An instruction about which claim and observation differ, hidden classes aside; also one whose hidden classes were
 * seen after all. */
struct isa_disagreement {
	enum mips_op op;
	unsigned claimed, observed;
};
/* Writes up to MIPS_OP_COUNT of them; returns how many. `claimed`: MIPS_CLASS_* by operation. */
unsigned isa_disagreements(const struct isa_experiment *experiment, const uint8_t claimed[MIPS_OP_COUNT],
			   struct isa_disagreement *differences);

/* What the instruction table claims. */
void isa_table_classes(uint8_t classes[MIPS_OP_COUNT]);

/* What user mode makes of an instruction: "runs", "CpU", "RI unless HWREna", "traps" ... */
void isa_user_behaviour(const struct isa_observation *seen, char *text, size_t size);
/* And kernel mode. */
void isa_kernel_behaviour(const struct isa_observation *seen, char *text, size_t size);
/* The names of the resources it changes, and of what its results depend on, separated by commas; "-" if none. */
void isa_changes_text(const struct isa_observation *seen, char *text, size_t size);
void isa_depends_text(const struct isa_observation *seen, char *text, size_t size);

/* Whether an instruction is sensitive and not privileged, by observation: what Popek and Goldberg's theorem 1 forbids. */
bool isa_violates(const struct isa_observation *seen);
/* Whether it would if a monitor kept CU0 and HWREna clear while its guests run. */
bool isa_violates_without_grants(const struct isa_observation *seen);

#endif

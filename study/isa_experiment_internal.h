/* Shared by the files of the experiment: where things lie in its memory, and the configurations. */
#ifndef JIT161_STUDY_ISA_EXPERIMENT_INTERNAL_H
#define JIT161_STUDY_ISA_EXPERIMENT_INTERNAL_H

#include <stddef.h>

#include "runtime/cpu/cpu.h"
#include "study/isa_experiment.h"

#define EXPERIMENT_RAM 0x20000u
#define CODE_PAGE                                                                                            \
	0x3000u /* virtual, and the physical one of the base configuration: equal, since ERL maps so */
#define DATA_PAGE	   0x4000u
#define OTHER_CODE_PAGE	   0x9000u /* the physical ones when the place is varied */
#define OTHER_DATA_PAGE	   0xA000u
#define CODE_PC		   (CODE_PAGE + 0x100u)
#define CODE_TARGET	   (CODE_PAGE + 0x40u)
#define DATA_AT		   (DATA_PAGE + 0x108u)
#define DIRECT_DATA	   0x6108u     /* physical; reached through kseg0 */
#define WINDOW_BYTES	   64u	       /* of memory compared around each of the addresses above */
#define LOOKUP_PAGE	   0x00700000u /* EntryHi.VPN before each execution */
#define MAX_CONFIGURATIONS 80

/* The plain part of struct cpu. */
#define CPU_STATE_SIZE offsetof(struct cpu, number)

struct configuration {
	enum isa_mode mode;
	enum isa_dimension dimension; /* what differs from the mode's base; ISA_DIMENSION_MODE: nothing */
	unsigned grants;
	uint32_t code_page, data_page; /* physical */
	unsigned char state[CPU_STATE_SIZE];
};

/* Fills `configurations`, the base of each mode first (index: enum isa_mode). `cpu` is scratch. Returns their number. */
unsigned isa_configurations(struct cpu *cpu, struct configuration *configurations);

/* The words to try of an instruction, at most MAX_WORDS; returns how many. 0: the model does not have it. */
#define MAX_WORDS 64
unsigned isa_words(const struct cpu_model *model, enum mips_op op, uint32_t words[MAX_WORDS]);

/* The program states to try: sets registers and link to number `number` of them. */
unsigned isa_program_states(void);
void isa_program_state(struct cpu *cpu, unsigned number);

#endif

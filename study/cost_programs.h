/* The bare programs of `jit161 costs`: for each operation two endless loops, with the operation and without it, which are made in
 * memory from the encodings of the instruction table. What one operation costs is the difference between the two. */
#ifndef JIT161_STUDY_COST_PROGRAMS_H
#define JIT161_STUDY_COST_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/error.h"

struct cpu;

enum cost_machine {
	COST_SYSTEM161,
	COST_MALTA,
	COST_MACHINES
};
extern const char *const cost_machine_names[COST_MACHINES];  /* as an option has them */
extern const char *const cost_machine_titles[COST_MACHINES]; /* for readers */

/* By what an operation is about. */
enum cost_group {
	COST_READ,
	COST_WRITE,
	COST_TLB,
	COST_TRANSFER,
	COST_DEVICE,
	COST_GROUPS
};
extern const char *const cost_group_titles[COST_GROUPS];

struct cost_row;
struct cost_operation {
	char name[24]; /* "mfc0 Status" */
	const char *title;
	enum cost_group group;
	const struct cost_row *row;	  /* how its program is made */
	uint8_t register_number, selects; /* of coprocessor 0, if it is about one */
	unsigned per_iteration;		  /* how often the loop with the operation does it */
	bool by_exceptions; /* it raises one exception, but does so not every time: count those instead */
};

/* Fills `operations` with those of a machine; returns their number. */
#define COST_OPERATIONS_MAX 96
unsigned cost_operations(enum cost_machine machine, struct cost_operation operations[COST_OPERATIONS_MAX]);

/* A memory file with an ELF program for the machine that never ends; it is loaded by the path /proc/self/fd/N. -1: error. */
int cost_program(enum cost_machine machine, const struct cost_operation *operation, bool with,
		 struct error *error);

/* How many iterations such a program has begun, modulo 2^32. */
uint32_t cost_iterations(const struct cpu *cpu);

/* The machine's hardware, as sys161.conf has it. */
extern const char cost_configuration[];
#define COST_MALTA_CPU "24Kf"
#define COST_MALTA_RAM 0x00100000u

#endif

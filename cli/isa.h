/* Shared by the files of `jit161 isa`: isa.c (options, the table), isa_report.c (text), isa_json.c. */
#ifndef JIT161_CLI_ISA_H
#define JIT161_CLI_ISA_H

#include "frontend/isa.h"
#include "study/host_probe.h"
#include "study/isa_verdict.h"

struct isa_processor {
	const char *key, *name, *about;
	const struct cpu_model *model; /* NULL: the 24Kf */
};
#define ISA_PROCESSORS_MAX 2

struct isa_study {
	const struct isa_processor *processor;
	const struct mips_isa *isa;
	struct isa_experiment *experiment; /* NULL: only the table is wanted */
	unsigned difference_count;
	struct isa_disagreement differences[MIPS_OP_COUNT];
};

void isa_print_study(const struct isa_study *study);
void isa_print_probes(const struct host_probe *probes, unsigned count);
void isa_print_json(const struct isa_study *studies, unsigned count, const uint8_t claims[MIPS_OP_COUNT],
		    const struct host_probe *probes, unsigned probe_count);

#endif

#define _GNU_SOURCE
#include "bench/micro/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/elf_image.h"

#define THRESHOLD 300u /* of machine_new */

const char *const machine_kind_names[MACHINE_KINDS] = {"reference", "inline", "call"};

static void console(void *context, uint8_t character)
{
	(void)context, (void)character;
}

static void message(void *context, const char *text)
{
	(void)context, (void)text;
}

struct machine *machine_load(struct micro_state *state, enum machine_kind kind, const char *config,
			     const char *kernel, unsigned region, uint32_t threshold)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		abort();
	machine->jit = jit_default_options();
	machine->jit.backend_path = BACKEND_PATH;
	machine->jit.threads = 0;
	machine->jit.threshold = threshold;
	machine->jit.sensitive = kind == MACHINE_CALL ? SENSITIVE_CALL : SENSITIVE_INLINE;
	if (region)
		machine->jit.region_instructions = region;
	machine->options = (struct vm_options){
	    .engine = kind == MACHINE_REFERENCE ? ENGINE_REFERENCE : ENGINE_JIT,
	    .jit = &machine->jit,
	    .output = {.console = console, .message = message},
	    .start_time = 1000000000,
	};
	machine->vm = vm_new(&machine->options, &machine->error);
	if (machine->vm && vm_configure(machine->vm, config, NULL, 0, &machine->error) &&
	    vm_load(machine->vm, kernel, "", &machine->error))
		return machine;
	micro_fail(state, machine->error.text);
	machine_free(machine);
	return NULL;
}

struct machine *machine_new(struct micro_state *state, enum machine_kind kind,
			    const struct machine_words *pieces, size_t count, unsigned region)
{
	static const char hardware[] = "0 serial\n28 random seed=1\n29 timer\n31 mainboard ramsize=512K\n";
	char directory[] = "/tmp/jit161-bench-XXXXXX", config[64], kernel[64];
	struct elf_image *image = calloc(1, sizeof(*image));
	struct machine *machine = NULL;
	FILE *file;

	if (!image || !mkdtemp(directory))
		abort();
	snprintf(config, sizeof(config), "%s/conf", directory);
	snprintf(kernel, sizeof(kernel), "%s/kernel", directory);
	elf_start(image, MACHINE_ENTRY);
	for (size_t i = 0; i < count; i++)
		elf_add_segment(image, pieces[i].address, pieces[i].words, pieces[i].count);
	file = fopen(config, "w");
	if (file && fputs(hardware, file) >= 0 && fclose(file) == 0 && elf_write(image, kernel))
		machine = machine_load(state, kind, config, kernel, region, THRESHOLD);
	else
		micro_fail(state, "cannot write to /tmp");
	free(image);
	unlink(config);
	unlink(kernel);
	rmdir(directory);
	if (machine)
		machine_cpu(machine)->status &= ~STATUS_BEV;
	return machine;
}

void machine_free(struct machine *machine)
{
	vm_free(machine->vm);
	free(machine);
}

bool machine_run(struct machine *machine, struct micro_state *state, uint64_t cycles)
{
	if (vm_run(machine->vm, machine->vm->totals.executed + cycles) == VM_RUNNING)
		return true;
	micro_fail(state, "the machine has stopped");
	return false;
}

void machine_map(struct machine *machine, unsigned index, uint32_t va, uint32_t physical)
{
	struct cpu *cpu = machine_cpu(machine);

	cpu->tlb_hi[index] = va;
	cpu->tlb_lo[index] = physical | ENTRY_LO_D | ENTRY_LO_V;
	cpu->tlb_mask[index] = ENTRY_HI_VPN | ENTRY_HI_ASID;
	cpu->asid = 0;
	soft_tlb_clear(cpu);
}

void machine_enter_user(struct machine *machine, uint32_t va)
{
	struct cpu *cpu = machine_cpu(machine);

	cpu->status |= STATUS_KUC;
	cpu_resume_at(cpu, va);
	cpu->exception_pc = va;
}

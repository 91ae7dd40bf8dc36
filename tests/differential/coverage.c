#include "tests/differential/coverage.h"

#include <stdlib.h>

#include "runtime/vm/vm.h"
#include "tests/differential/coverage_internal.h"
#include "tests/differential/machine.h"

#define KSEG0 0x80000000u

struct coverage *coverage_new(const struct target *target)
{
	struct coverage *coverage = calloc(1, sizeof(*coverage));

	if (!coverage)
		abort();
	coverage->target = target;
	return coverage;
}

void coverage_free(struct coverage *coverage)
{
	free(coverage);
}

#define WATCHED		 400 // instructions of a program; what it does later it has mostly done before
#define UNWATCHED_CYCLES 500

struct watch {
	struct coverage *coverage;
	unsigned watched; // of the running program
	const struct kernel *kernel;
	const struct outcome *outcome;
	struct vm *vm;
	const struct cpu *cpu;
	uint32_t expected; // where the instruction after the last one is, if that was the program's
	bool in_program;   // the last one was
	bool after_branch, after_taken;
};

// Where the instruction lies that is executed next, if it is one of the running program; else NO_FRAME.
static uint32_t program_offset(const struct watch *watch)
{
	const struct cpu *cpu = watch->cpu;
	unsigned index = watch->outcome->code_count;

	if (cpu_code_frame(cpu) == NO_FRAME || index >= watch->kernel->running)
		return NO_FRAME;
	const struct program *program = &watch->kernel->programs[index];
	uint32_t offset = cpu_code_frame(cpu) | (cpu->pc & ~PAGE_MASK);
	return offset - program->address < 4 * program->count ? offset : NO_FRAME;
}

static void count_cell(struct watch *watch, enum mips_op op, enum place place, bool page_end, enum exit exit)
{
	watch->coverage->counts[op][place][exit]++;
	if (page_end)
		watch->coverage->counts[op][PLACE_PAGE_END][exit]++;
}

static enum place place_of(const struct watch *watch, const struct insn *insn, uint32_t offset)
{
	const struct memory *memory = &watch->vm->memory;
	struct insn next = {0};

	if (watch->in_program && watch->after_branch)
		return watch->after_taken ? PLACE_TAKEN : PLACE_NOT_TAKEN;
	if (!watch->in_program || watch->cpu->pc != watch->expected)
		return PLACE_FIRST;
	if (insn_has_delay_slot(insn))
		return PLACE_LAST;
	if (offset + 8 <= memory->ram_size)
		mips_decode(watch->kernel->target->isa, memory_read_word(memory, offset + 4), &next);
	return insn_has_delay_slot(&next) ? PLACE_LAST : PLACE_MIDDLE;
}

// What a load or store reaches if it does not fault.
struct reached {
	bool device, code, near;
};

static struct reached reached_by(const struct watch *watch, const struct insn *insn, uint32_t offset)
{
	const struct program *program = &watch->kernel->programs[watch->outcome->code_count];
	const struct op_info *info = &mips_op_info[insn->op];
	bool store = info->flags & MIPS_FLAG_STORE;
	uint32_t va = watch->cpu->gpr[insn->rs] + (uint32_t)insn->imm, physical;
	struct reached reached = {false, false, false};

	if (!(info->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)) ||
	    !cpu_translate_quietly(watch->cpu, va & ~3u, store ? ACCESS_STORE : ACCESS_LOAD,
				   cpu_user_mode(watch->cpu), &physical))
		return reached;
	reached.device = watch->kernel->target->cpu
			     ? physical >= watch->vm->memory.ram_size && physical < PHYSICAL_HIGH_RAM
			     : physical >= PHYSICAL_BUS && physical < PHYSICAL_HIGH_RAM;
	reached.code = store && physical - program->address < 4 * program->count;
	reached.near = reached.code && physical - (offset + 4) < 64;
	return reached;
}

static enum exit exit_of_exception(uint32_t cause)
{
	static const uint8_t exits[] = {
	    [EXCEPTION_MOD] = EXIT_MOD,		  [EXCEPTION_TLBL] = EXIT_TLBL,
	    [EXCEPTION_TLBS] = EXIT_TLBS,	  [EXCEPTION_ADEL] = EXIT_ADEL,
	    [EXCEPTION_ADES] = EXIT_ADES,	  [EXCEPTION_IBE] = EXIT_IBE,
	    [EXCEPTION_DBE] = EXIT_DBE,		  [EXCEPTION_SYSCALL] = EXIT_SYSCALL,
	    [EXCEPTION_BREAK] = EXIT_BREAK,	  [EXCEPTION_RESERVED] = EXIT_RESERVED,
	    [EXCEPTION_OVERFLOW] = EXIT_OVERFLOW, [EXCEPTION_COPROCESSOR] = EXIT_COPROCESSOR,
	    [EXCEPTION_TRAP] = EXIT_TRAP,
	};

	return (enum exit)exits[(cause >> CAUSE_CODE_SHIFT & 31) % (sizeof(exits) / sizeof(exits[0]))];
}

// How long it is certain to stay in the driver.
static uint64_t cycles_in_driver(const struct target *target, uint32_t pc)
{
	uint32_t offset = pc - KSEG0;

	if (offset - target->base >= LAYOUT_FINISH && offset - target->base < LAYOUT_SAVE)
		return 200; // taking in the registers alone takes that
	if (offset == LAYOUT_REFILL || offset == (target->cpu ? MIPS32_GENERAL : MIPS161_GENERAL))
		return 60; // saving and restoring registers
	return 1;
}

// Whether the branch just executed goes where it says.
static bool is_taken(const struct watch *watch)
{
	const struct cpu *cpu = watch->cpu;

	return cpu->jump_pending && (!watch->kernel->target->cpu || cpu->next_pc != cpu->pc + 4);
}

// Executes one cycle; more in the driver.
static enum vm_state watch_cycle(struct watch *watch)
{
	const struct cpu *cpu = watch->cpu;
	uint32_t offset = program_offset(watch), pc = cpu->pc;
	uint64_t interrupts = cpu->interrupts, exceptions = cpu->exceptions, stalls = cpu->stalls;
	uint64_t faults = cpu->fetch_faults, base = watch->vm->run.base;
	uint32_t cause = cpu->cause;
	struct reached reached;
	struct insn insn;
	enum place place;
	enum vm_state state;

	if (watch->watched == WATCHED)
		return vm_run(watch->vm, watch->vm->totals.executed + UNWATCHED_CYCLES);
	if (offset == NO_FRAME) {
		watch->in_program = false;
		return vm_run(watch->vm,
			      watch->vm->totals.executed + cycles_in_driver(watch->kernel->target, pc));
	}
	mips_decode(watch->kernel->target->isa, memory_read_word(&watch->vm->memory, offset), &insn);
	place = place_of(watch, &insn, offset);
	reached = reached_by(watch, &insn, offset);
	state = vm_run(watch->vm, watch->vm->totals.executed + 1);

	enum mips_op op = insn.op;
	bool page_end = (pc & ~PAGE_MASK) >= PAGE_SIZE - 8;
	bool branch = insn_has_delay_slot(&insn);
	watch->coverage->instructions++;
	watch->watched++;
	watch->in_program = true;
	watch->expected = pc + 4;
	watch->after_branch = false;
	if (cpu->interrupts != interrupts) {
		count_cell(watch, op, place, page_end, EXIT_INTERRUPT);
		watch->in_program = false;
	} else if (cpu->exceptions != exceptions) {
		count_cell(watch, op, place, page_end,
			   cpu->fetch_faults != faults ? EXIT_FETCH : exit_of_exception(cpu->cause));
		watch->in_program = false;
	} else if (cpu->stalls != stalls) {
		count_cell(watch, op, place, page_end, EXIT_STALL);
		watch->expected = cpu->pc; // it is still in the same place
		if (place == PLACE_TAKEN || place == PLACE_NOT_TAKEN || place == PLACE_FIRST)
			watch->in_program = false;
	} else {
		bool taken = branch && is_taken(watch);

		watch->after_branch =
		    branch && cpu->pc == pc + 4; // not behind a likely one that was not taken
		watch->after_taken = taken;
		count_cell(watch, op, place, page_end, !branch ? EXIT_NEXT : taken ? EXIT_TAKEN : EXIT_NOT);
		if (reached.device)
			count_cell(watch, op, place, page_end, EXIT_DEVICE);
		if (reached.code)
			count_cell(watch, op, place, page_end, EXIT_CODE);
		if (reached.near)
			count_cell(watch, op, place, page_end, EXIT_NEAR);
		if (cpu->run_state == CPU_WAITING || (op == MIPS_OP_WAIT && watch->vm->run.base != base))
			count_cell(watch, op, place, page_end, EXIT_WAITS);
		if (watch->vm->run.base != base || (cpu->cause & ~cause & CAUSE_TIMER))
			count_cell(watch, op, place, page_end, EXIT_RUN_END);
	}
	return state;
}

unsigned coverage_watch(struct coverage *coverage, const struct kernel *kernel)
{
	struct outcome outcome;
	struct watch watch = {.coverage = coverage, .kernel = kernel, .outcome = &outcome};
	unsigned ended = 0;

	watch.vm = machine_new(engine_find("reference"), kernel, &outcome);
	if (!watch.vm)
		abort();
	watch.cpu = &watch.vm->cpus[0];
	for (uint64_t since = 0; since < MACHINE_CYCLES_PER_PROGRAM; since++) {
		if (watch_cycle(&watch) != VM_RUNNING || outcome.code_count > kernel->running)
			break;
		if (outcome.code_count != ended) {
			since = 0;
			watch.watched = 0;
			watch.in_program = false;
		}
		ended = outcome.code_count;
	}
	ended = outcome.code_count;
	outcome_free(&outcome);
	return ended;
}

void coverage_write(const struct coverage *coverage, FILE *file)
{
	fwrite(coverage, sizeof(*coverage), 1, file);
}

bool coverage_read(struct coverage *coverage, FILE *file)
{
	struct coverage *more = coverage_new(NULL);
	bool ok = fread(more, sizeof(*more), 1, file) == 1;

	for (unsigned i = 0; ok && i < MIPS_OP_COUNT * PLACE_COUNT * EXIT_COUNT; i++)
		(&coverage->counts[0][0][0])[i] += (&more->counts[0][0][0])[i];
	coverage->instructions += more->instructions;
	free(more);
	return ok;
}

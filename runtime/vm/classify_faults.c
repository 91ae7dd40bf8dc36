/* Mistakes of a kernel that show in its exceptions. */
#include "runtime/vm/classify_internal.h"

#include <inttypes.h>

#include "frontend/decode.h"

#define FAULT_RATE   2000 /* cycles: a handler that faults does it more often than this */
#define STACK_NEAR   4096 /* bytes between a stack pointer and an access to that stack */
#define VECTORS	     0x80000000u
#define VECTORS_SIZE 0x100u

static bool read_code(const struct cpu *cpu, uint32_t va, struct insn *insn)
{
	uint32_t physical, frame;

	if ((va & 3) || !cpu_translate_quietly(cpu, va, ACCESS_FETCH, false, &physical) ||
	    (frame = memory_frame(cpu->memory, physical)) == NO_FRAME)
		return false;
	mips_decode(&cpu->isa, memory_read_word(cpu->memory, frame + (physical & ~PAGE_MASK)), insn);
	return true;
}

/* An exception because of where the kernel went: a jump takes the fault of its target (System/161 reference, section 1.5). */
static bool is_wild(const struct diagnosis *diagnosis, const struct cpu *cpu,
		    const struct exception_record *record, uint32_t *target)
{
	struct insn insn;

	if (!is_kernel(cpu, record->status))
		return false;
	*target = record->code == EXCEPTION_IBE ? record->pc : record->bad_vaddr;
	if (record->pc - VECTORS >= VECTORS_SIZE && !symbols_is_code(diagnosis->symbols, record->pc)) {
		*target = record->pc;
		return true;
	}
	if (record->code != EXCEPTION_TLBL && record->code != EXCEPTION_ADEL && record->code != EXCEPTION_IBE)
		return false;
	if (record->pc == record->bad_vaddr)
		return true;
	return !record->delay_slot && read_code(cpu, record->pc, &insn) &&
	       (mips_op_info[insn.op].flags & (MIPS_FLAG_JUMP | MIPS_FLAG_BRANCH));
}

/* The newest exception that is neither interrupt nor system call; NULL if there was none. */
static const struct exception_record *newest_fault(const struct cpu *cpu)
{
	const struct exception_history *history = &cpu->history;
	const struct exception_record *newest = NULL;

	for (unsigned kind = 0; kind < EXCEPTION_KINDS; kind++) {
		if (kind == RECORDED_INTERRUPT || kind == RECORDED_SYSCALL || history->counts[kind] == 0)
			continue;
		const struct exception_record *record =
		    &history->records[kind][(history->counts[kind] - 1) % EXCEPTION_RECORDS];
		if (!newest || record->when > newest->when)
			newest = record;
	}
	return newest;
}

bool classify_wild_jump(struct diagnosis *diagnosis, const struct vm *vm)
{
	char from[160];
	uint32_t target;

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		const struct exception_record *record = newest_fault(cpu);

		if (cpu->run_state == CPU_RUNNING && !cpu_user_mode(cpu) &&
		    cpu->pc - VECTORS >= VECTORS_SIZE && !symbols_is_code(diagnosis->symbols, cpu->pc)) {
			diagnosis_say(
			    diagnosis,
			    "cpu%u executes 0x%08x in kernel mode, which is not in the kernel's code", i,
			    cpu->pc);
			return true;
		}
		if (record && is_wild(diagnosis, cpu, record, &target)) {
			diagnosis_place(diagnosis->symbols, record->pc, from, sizeof(from));
			diagnosis_say(diagnosis, "cpu%u: the kernel jumped to 0x%08x, from 0x%08x %s", i,
				      target, record->pc, from);
			return true;
		}
	}
	return false;
}

static bool near_stack(const struct exception_record *record)
{
	return record->bad_vaddr && record->bad_vaddr - record->sp + STACK_NEAR < 2 * STACK_NEAR;
}

static bool is_memory(const struct cpu *cpu, uint32_t va)
{
	uint32_t physical;

	return cpu_translate_quietly(cpu, va & ~3u, ACCESS_STORE, false, &physical) &&
	       (physical & PAGE_MASK) < cpu->memory->ram_size;
}

/* A kernel that ran out of its stack: it faulted next to the stack pointer, which now points to no memory. */
bool classify_lost_stack(struct diagnosis *diagnosis, const struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		struct exception_record records[EXCEPTION_RECORDS];
		unsigned count = diagnosis_exceptions(cpu, RECORDED_TLB, records);

		if (cpu->run_state == CPU_DISABLED || cpu_user_mode(cpu) ||
		    is_memory(cpu, cpu->gpr[REGISTER_SP]))
			continue;
		for (unsigned k = 0; k < count; k++) {
			if (!is_kernel(cpu, records[k].status) || !near_stack(&records[k]))
				continue;
			diagnosis_say(diagnosis,
				      "cpu%u: the kernel's stack pointer is 0x%08x, where there is no "
				      "memory; it faulted at "
				      "0x%08x, next to the stack pointer 0x%08x of that time",
				      i, cpu->gpr[REGISTER_SP], records[k].bad_vaddr, records[k].sp);
			return true;
		}
	}
	return false;
}

/* The exception handler itself faults, over and over. */
bool classify_faulting_handler(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	const struct activity *a = &window->from->activity, *b = &window->to->activity;
	uint64_t faults = b->tlb_exceptions - a->tlb_exceptions + b->other_exceptions - a->other_exceptions;
	uint64_t cycles = window->to->executed - window->from->executed;

	if (!classify_quiet(window) || faults * FAULT_RATE < cycles)
		return false;
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		const struct exception_record *newest = newest_fault(cpu);
		struct exception_record records[EXCEPTION_RECORDS];
		unsigned kind = newest && newest->code <= EXCEPTION_TLBS ? RECORDED_TLB : RECORDED_OTHER,
			 same = 0;

		if (!newest || cpu->run_state != CPU_RUNNING)
			continue;
		unsigned count = diagnosis_exceptions(cpu, (enum exception_kind)kind, records);
		for (unsigned k = 0; k < count; k++)
			same += is_kernel(cpu, records[k].status) &&
				!status_takes_interrupts(cpu, records[k].status);
		if (same < EXCEPTION_RECORDS)
			continue;
		diagnosis_say(diagnosis,
			      "cpu%u: %" PRIu64
			      " exceptions in the last %.3f s, the latest all in kernel mode with interrupts "
			      "off: the handler faults itself",
			      i, faults, seconds(window));
		if (cpu->status & STATUS_BEV) {
			diagnosis_say(diagnosis, "its vectors are still those of the ROM: Status.BEV is set");
			return conclude(diagnosis, "unhandled-exception");
		}
		if (near_stack(newest)) {
			diagnosis_say(diagnosis,
				      "they are accesses to 0x%08x, next to the stack pointer 0x%08x: there "
				      "is no stack "
				      "left to handle an exception on",
				      newest->bad_vaddr, newest->sp);
			return conclude(diagnosis, "stack-overflow");
		}
		return conclude(diagnosis, "double-fault");
	}
	return false;
}

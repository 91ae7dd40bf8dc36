#include "runtime/vm/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/history.h"

#define VECTORS_START 0x80000000u
#define VECTORS_END   0x80000100u

const char *const run_end_names[END_ENDS] = {
    [END_POWER_OFF] = "power-off",  [END_HANG] = "hang", [END_IDLE] = "idle",
    [END_WATCHDOG] = "no-progress", [END_DOOM] = "doom", [END_KILLED] = "killed",
    [END_LIMIT] = "limit",	    [END_QUIT] = "quit", [END_INTERRUPTED] = "interrupted",
};

void diagnosis_say(struct diagnosis *diagnosis, const char *format, ...)
{
	va_list arguments;

	if (diagnosis->evidence_count == MAX_EVIDENCE)
		return;
	va_start(arguments, format);
	vsnprintf(diagnosis->evidence[diagnosis->evidence_count++], EVIDENCE_SIZE, format, arguments);
	va_end(arguments);
}

static bool read_word(void *context, uint32_t va, uint32_t *value)
{
	const struct cpu *cpu = context;
	uint32_t physical, frame;

	if ((va & 3) || !cpu_translate_quietly(cpu, va, ACCESS_LOAD, false, &physical))
		return false;
	frame = memory_frame(cpu->memory, physical);
	if (frame == NO_FRAME)
		return false;
	*value = memory_read_word(cpu->memory, frame + (physical & ~PAGE_MASK));
	return true;
}

struct guest_reader diagnosis_reader(struct cpu *cpu)
{
	return (struct guest_reader){cpu, read_word};
}

void diagnosis_trace_cpu(struct symbols *symbols, struct cpu *cpu, struct backtrace *backtrace)
{
	struct guest_reader reader = diagnosis_reader(cpu);
	struct unwind_registers registers = {.pc = cpu->pc, .known = 0xFFFFFFFEu, .exact = true};

	memcpy(registers.gpr, cpu->gpr, sizeof(registers.gpr));
	registers.epc = cpu->epc;
	registers.cause = cpu->cause;
	registers.bad_vaddr = cpu->bad_vaddr;
	registers.at_vector = cpu->pc >= VECTORS_START && cpu->pc < VECTORS_END;
	if (cpu_user_mode(cpu)) {
		*backtrace = (struct backtrace){.count = 1, .end = "user mode"};
		backtrace->frames[0] = (struct frame){.pc = cpu->pc, .sp = cpu->gpr[REGISTER_SP]};
		return;
	}
	unwind(symbols, &reader, &cpu->isa, &registers, backtrace);
}

static void inspect(struct diagnosis *diagnosis, struct vm *vm, const struct diagnose_options *options)
{
	struct guest_reader reader = diagnosis_reader(&vm->cpus[0]);

	diagnosis->complete = true;
	diagnosis->cpus = calloc(vm->cpu_count, sizeof(*diagnosis->cpus));
	if (!diagnosis->cpus)
		abort();
	diagnosis->symbols = symbols_open(options->reader, options->kernel);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		if (vm->cpus[i].run_state != CPU_DISABLED)
			diagnosis_trace_cpu(diagnosis->symbols, &vm->cpus[i], &diagnosis->cpus[i]);
	if (vm->bus)
		threads_find(&diagnosis->threads, diagnosis->symbols, &reader, &vm->cpus[0].isa,
			     vm->memory.ram_size);
	else
		diagnosis->threads.problem = "only known for System/161";
	history_note(vm->history, vm);
	diagnosis_classify(diagnosis, vm);
}

struct diagnosis *diagnose(struct vm *vm, enum run_end end, const struct diagnose_options *options)
{
	struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	bool plain = end == END_INTERRUPTED || end == END_DOOM || end == END_KILLED ||
		     (end == END_POWER_OFF && !vm->run.stop_requested);

	if (!diagnosis)
		abort();
	diagnosis->end = end;
	diagnosis->cause = run_end_names[end];
	if (options->always || !plain)
		inspect(diagnosis, vm, options);
	return diagnosis;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	threads_free(&diagnosis->threads);
	symbols_close(diagnosis->symbols);
	free(diagnosis->cpus);
	free(diagnosis);
}

unsigned diagnosis_exceptions(const struct cpu *cpu, enum exception_kind kind,
			      struct exception_record records[EXCEPTION_RECORDS])
{
	uint64_t count = cpu->history.counts[kind];
	unsigned filled = count < EXCEPTION_RECORDS ? (unsigned)count : EXCEPTION_RECORDS;

	for (unsigned i = 0; i < filled; i++)
		records[i] = cpu->history.records[kind][(count - 1 - i) % EXCEPTION_RECORDS];
	return filled;
}

void diagnosis_place(struct symbols *symbols, uint32_t pc, char *text, size_t size)
{
	struct place place = symbols_place(symbols, pc);
	int length = 0;

	if (place.function && pc != place.start)
		length = snprintf(text, size, "%s+0x%x", place.function, pc - place.start);
	else if (place.function)
		length = snprintf(text, size, "%s", place.function);
	else if (pc - VECTORS_START < VECTORS_END - VECTORS_START)
		length = snprintf(text, size, "exception vector");
	else
		length = snprintf(text, size, "?");
	if (place.file && length > 0 && (size_t)length < size)
		snprintf(text + length, size - (size_t)length, " (%s:%d)", place.file, place.line);
}

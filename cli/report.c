#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/kernel_view.h"

#define PLACE_SIZE  200
#define MAX_EVENTS  16 /* shown of those pending */
#define LINE_SIZE   256
#define IM_SHIFT    8
#define IM_BITS	    8
#define SHOWN_KINDS 3

static const char *const exception_names[] = {
    "interrupt",
    "TLB modify",
    "TLB miss - load",
    "TLB miss - store",
    "address error - load",
    "address error - store",
    "bus error - code",
    "bus error - data",
    "system call",
    "breakpoint",
    "illegal instruction",
    "coprocessor unusable",
    "arithmetic overflow",
    "trap",
};

static const char *exception_name(unsigned code)
{
	return code < sizeof(exception_names) / sizeof(exception_names[0]) ? exception_names[code]
									   : "exception";
}

static const struct {
	enum exception_kind kind;
	const char *title, *key;
	unsigned shown; /* as text, at most */
} shown_kinds[SHOWN_KINDS] = {
    {RECORDED_OTHER, "exceptions", "exceptions", EXCEPTION_RECORDS},
    {RECORDED_TLB, "TLB exceptions", "tlb_exceptions", EXCEPTION_RECORDS},
    {RECORDED_INTERRUPT, "interrupts", "interrupts", 2},
};

static const char *state_name(const struct cpu *cpu)
{
	return cpu->run_state == CPU_RUNNING   ? "running"
	       : cpu->run_state == CPU_WAITING ? "waiting"
					       : "not started";
}

static const char *mode_name(const struct cpu *cpu)
{
	return cpu_user_mode(cpu) ? "user" : "kernel";
}

/* The names of interrupt lines whose bits are set. */
static void line_names(uint32_t bits, char *text, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} lines[] = {{CAUSE_TIMER, "timer"},
		     {CAUSE_IPI, "interprocessor"},
		     {CAUSE_LAMEBUS, "bus"},
		     {CAUSE_SOFTWARE, "software"}};
	size_t length = 0;

	snprintf(text, size, "none");
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if ((bits & lines[i].bit) && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "",
						   lines[i].name);
}

/* --- text --- */

static bool has_address(uint32_t code)
{
	return code >= EXCEPTION_MOD && code <= EXCEPTION_ADES;
}

static void print_backtrace(struct streams *streams, const struct diagnosis *diagnosis,
			    const struct backtrace *backtrace)
{
	char place[PLACE_SIZE];

	for (unsigned i = 0; i < backtrace->count; i++) {
		const struct frame *frame = &backtrace->frames[i];

		uint32_t code = frame->cause >> CAUSE_CODE_SHIFT & 31;
		if (frame->interrupted && frame->has_cause && has_address(code))
			streams_message(streams, "      -- %s, address 0x%08x, in:", exception_name(code),
					frame->bad_vaddr);
		else if (frame->interrupted && frame->has_cause && code)
			streams_message(streams, "      -- %s, in:", exception_name(code));
		else if (frame->interrupted)
			streams_message(streams,
					"      -- %s, in:", frame->has_cause ? "interrupt" : "exception");
		diagnosis_place(diagnosis->symbols, frame->pc, place, sizeof(place));
		streams_message(streams, "      0x%08x %s", frame->pc, place);
	}
	if (backtrace->end)
		streams_message(streams, "      -- %s", backtrace->end);
}

static void print_exception(struct streams *streams, const struct diagnosis *diagnosis, const struct cpu *cpu,
			    const struct exception_record *record)
{
	bool user = (record->status & cpu->model->status_user_mask) == cpu->model->status_user;
	char place[PLACE_SIZE] = "in user mode", address[32] = "";

	if (!user)
		diagnosis_place(diagnosis->symbols, record->pc, place, sizeof(place));
	if (has_address(record->code))
		snprintf(address, sizeof(address), ", address 0x%08x", record->bad_vaddr);
	streams_message(streams, "      cycle %" PRIu64 ": %s%s, at 0x%08x%s %s", record->when,
			exception_name(record->code), address, record->pc,
			record->delay_slot ? " (delay slot)" : "", place);
}

static void print_exceptions(struct streams *streams, const struct diagnosis *diagnosis,
			     const struct cpu *cpu)
{
	for (unsigned n = 0; n < SHOWN_KINDS; n++) {
		struct exception_record records[EXCEPTION_RECORDS];
		unsigned count = diagnosis_exceptions(cpu, shown_kinds[n].kind, records);

		if (count == 0)
			continue;
		streams_message(streams, "    last %s of %" PRIu64 ", at cycle %" PRIu64 " of the processor:",
				shown_kinds[n].title, cpu->history.counts[shown_kinds[n].kind],
				cpu_cycles_run(cpu));
		for (unsigned i = 0; i < count && i < shown_kinds[n].shown; i++)
			print_exception(streams, diagnosis, cpu, &records[i]);
	}
}

static void print_cpu(struct streams *streams, const struct diagnosis *diagnosis, const struct cpu *cpu)
{
	char pending[LINE_SIZE], enabled[LINE_SIZE];

	if (cpu->run_state == CPU_DISABLED) {
		streams_message(streams, "  cpu%u: not started", cpu->number);
		return;
	}
	line_names(cpu->cause, pending, sizeof(pending));
	line_names(cpu->status, enabled, sizeof(enabled));
	streams_message(streams, "  cpu%u: %s, %s mode, interrupts %s (mask: %s); pending: %s", cpu->number,
			state_name(cpu), mode_name(cpu),
			status_takes_interrupts(cpu, cpu->status) ? "on" : "off", enabled, pending);
	streams_message(
	    streams, "    pc 0x%08x sp 0x%08x ra 0x%08x status 0x%08x cause 0x%08x epc 0x%08x vaddr 0x%08x",
	    cpu->pc, cpu->gpr[29], cpu->gpr[31], cpu->status, cpu->cause, cpu->epc, cpu->bad_vaddr);
	print_backtrace(streams, diagnosis, &diagnosis->cpus[cpu->number]);
	print_exceptions(streams, diagnosis, cpu);
}

static void print_devices(struct streams *streams, struct vm *vm)
{
	if (!vm->bus)
		return;
	streams_message(streams, "  devices:");
	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++) {
		struct bus_slot_info info;

		if (!bus_describe_slot(vm->bus, slot, &info))
			continue;
		streams_message(streams, "    slot %u %s: interrupt line %s%s; %s", slot, info.device,
				info.raised ? "raised" : "low",
				info.enabled && info.cpus ? "" : ", masked at the bus", info.registers);
	}
	streams_message(streams, "  pending operations:%s", vm->events.count ? "" : " none");
	for (uint32_t i = 0; i < vm->events.count && i < MAX_EVENTS; i++) {
		const struct event *event = &vm->events.events[i];
		const char *device, *what;

		bus_describe_event(vm->bus, event, &device, &what);
		streams_message(streams, "    slot %u %s: %s, due in %.6f ms", event->device, device, what,
				((double)event->due - (double)vm->events.now) / 1e6);
	}
	if (vm->events.count > MAX_EVENTS)
		streams_message(streams, "    and %u more", vm->events.count - MAX_EVENTS);
}

static void print_threads(struct streams *streams, const struct diagnosis *diagnosis)
{
	const struct threads *threads = &diagnosis->threads;

	if (threads->problem) {
		streams_message(streams, "  threads: %s", threads->problem);
		return;
	}
	streams_message(streams, "  threads (%u, found in the kernel's memory):", threads->count);
	for (unsigned i = 0; i < threads->count; i++) {
		const struct thread *thread = &threads->threads[i];

		streams_message(streams, "    \"%s\" at 0x%08x%s%s%s: %s%s%s%s%s", thread->name,
				thread->address, thread->process[0] ? ", process \"" : "", thread->process,
				thread->process[0] ? "\"" : "",
				thread->state ? thread->state : "state unknown",
				thread->channel[0] ? " on \"" : "", thread->channel,
				thread->channel[0] ? "\"" : "", thread->current ? ", on a processor" : "");
		if (thread->stack_overflow)
			streams_message(streams, "      its stack has overflowed");
		print_backtrace(streams, diagnosis, &thread->backtrace);
	}
	if (threads->more)
		streams_message(streams, "    and %u more", threads->more);
}

/* Lines of the kernel's own notions. */
static void print_view(struct streams *streams, const char *title, char *text)
{
	char *rest = text, *line;

	streams_message(streams, "  %s:", title);
	while ((line = strsep(&rest, "\n")) && rest)
		streams_message(streams, "    %s", line);
	free(text);
}

static void print_spaces(struct streams *streams, struct vm *vm, const struct diagnosis *diagnosis)
{
	char *text, title[32];
	size_t size;

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		struct guest_reader reader = diagnosis_reader(&vm->cpus[i]);

		if (vm->cpus[i].run_state == CPU_DISABLED)
			continue;
		FILE *file = open_memstream(&text, &size);
		if (!file)
			abort();
		kernel_view_tlb(file, diagnosis->symbols, &reader, &diagnosis->threads, &vm->cpus[i]);
		fclose(file);
		snprintf(title, sizeof(title), "TLB of cpu%u", i);
		print_view(streams, title, text);
	}
	struct guest_reader reader = diagnosis_reader(&vm->cpus[0]);
	FILE *file = open_memstream(&text, &size);
	if (!file)
		abort();
	kernel_view_spaces(file, diagnosis->symbols, &reader, &diagnosis->threads);
	fclose(file);
	print_view(streams, "address spaces", text);
}

void report_print(struct streams *streams, struct vm *vm, const struct diagnosis *diagnosis)
{
	streams_message(streams, "--- jit161 report: %s", diagnosis->cause);
	streams_message(streams, "  ended by: %s, after %" PRIu64 ".%09" PRIu64 " s of virtual time",
			run_end_names[diagnosis->end], (vm->run.base - vm->start) / 1000000000,
			(vm->run.base - vm->start) % 1000000000);
	for (unsigned i = 0; i < diagnosis->evidence_count; i++)
		streams_message(streams, "  why: %s", diagnosis->evidence[i]);
	if (symbols_problem(diagnosis->symbols))
		streams_message(streams, "  the kernel's file cannot be read: %s",
				symbols_problem(diagnosis->symbols));
	else if (!symbols_has_functions(diagnosis->symbols))
		streams_message(streams, "  the kernel's file has no symbols: functions are not named");
	else if (!symbols_has_debug(diagnosis->symbols))
		streams_message(
		    streams, "  the kernel's file has no debug information: lines and threads are not known");
	for (unsigned i = 0; i < vm->cpu_count; i++)
		print_cpu(streams, diagnosis, &vm->cpus[i]);
	print_devices(streams, vm);
	print_threads(streams, diagnosis);
	if (vm->bus && !diagnosis->threads.problem)
		print_spaces(streams, vm, diagnosis);
}

/* --- JSON --- */

static void add_hex(cJSON *object, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", value);
	cJSON_AddStringToObject(object, name, text);
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value); /* cJSON's own numbers are doubles */
	cJSON_AddRawToObject(object, name, text);
}

static void add_place(cJSON *object, struct symbols *symbols, uint32_t pc)
{
	struct place place = symbols_place(symbols, pc);

	add_hex(object, "pc", pc);
	if (place.function) {
		cJSON_AddStringToObject(object, "function", place.function);
		cJSON_AddNumberToObject(object, "offset", pc - place.start);
	}
	if (place.file) {
		cJSON_AddStringToObject(object, "file", place.file);
		cJSON_AddNumberToObject(object, "line", place.line);
	}
}

static cJSON *backtrace_json(const struct diagnosis *diagnosis, const struct backtrace *backtrace)
{
	cJSON *frames = cJSON_CreateArray();

	for (unsigned i = 0; i < backtrace->count; i++) {
		const struct frame *frame = &backtrace->frames[i];
		cJSON *object = cJSON_CreateObject();

		add_place(object, diagnosis->symbols, frame->pc);
		add_hex(object, "sp", frame->sp);
		if (frame->interrupted)
			cJSON_AddStringToObject(object, "interrupted_by",
						frame->has_cause
						    ? exception_name(frame->cause >> CAUSE_CODE_SHIFT & 31)
						    : "exception");
		cJSON_AddItemToArray(frames, object);
	}
	return frames;
}

static cJSON *exceptions_json(const struct diagnosis *diagnosis, const struct cpu *cpu,
			      enum exception_kind kind)
{
	struct exception_record records[EXCEPTION_RECORDS];
	unsigned count = diagnosis_exceptions(cpu, kind, records);
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < count; i++) {
		cJSON *object = cJSON_CreateObject();
		bool user = (records[i].status & cpu->model->status_user_mask) == cpu->model->status_user;

		add_number(object, "cycle", records[i].when);
		cJSON_AddStringToObject(object, "exception", exception_name(records[i].code));
		if (user)
			add_hex(object, "pc", records[i].pc);
		else
			add_place(object, diagnosis->symbols, records[i].pc);
		add_hex(object, "address", records[i].bad_vaddr);
		cJSON_AddStringToObject(object, "mode", user ? "user" : "kernel");
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *cpus_json(struct vm *vm, const struct diagnosis *diagnosis)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		const struct backtrace *backtrace = &diagnosis->cpus[i];
		cJSON *object = cJSON_CreateObject();
		char pending[LINE_SIZE];

		line_names(cpu->cause, pending, sizeof(pending));
		cJSON_AddStringToObject(object, "state", state_name(cpu));
		cJSON_AddStringToObject(object, "mode", mode_name(cpu));
		add_place(object, diagnosis->symbols, cpu->pc);
		add_hex(object, "sp", cpu->gpr[29]);
		add_hex(object, "status", cpu->status);
		add_hex(object, "cause", cpu->cause);
		add_hex(object, "epc", cpu->epc);
		cJSON_AddBoolToObject(object, "interrupts_on", status_takes_interrupts(cpu, cpu->status));
		cJSON_AddStringToObject(object, "pending", pending);
		cJSON_AddItemToObject(object, "backtrace", backtrace_json(diagnosis, backtrace));
		if (backtrace->end)
			cJSON_AddStringToObject(object, "backtrace_end", backtrace->end);
		for (unsigned n = 0; n < SHOWN_KINDS; n++)
			cJSON_AddItemToObject(object, shown_kinds[n].key,
					      exceptions_json(diagnosis, cpu, shown_kinds[n].kind));
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *devices_json(struct vm *vm)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned slot = 0; vm->bus && slot < LAMEBUS_SLOTS; slot++) {
		struct bus_slot_info info;

		if (!bus_describe_slot(vm->bus, slot, &info))
			continue;
		cJSON *object = cJSON_CreateObject();
		cJSON_AddNumberToObject(object, "slot", slot);
		cJSON_AddStringToObject(object, "device", info.device);
		cJSON_AddBoolToObject(object, "raised", info.raised);
		cJSON_AddBoolToObject(object, "masked", !info.enabled || !info.cpus);
		add_number(object, "accesses", info.accesses);
		cJSON_AddStringToObject(object, "registers", info.registers);
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *events_json(struct vm *vm)
{
	cJSON *array = cJSON_CreateArray();

	for (uint32_t i = 0; vm->bus && i < vm->events.count; i++) {
		const struct event *event = &vm->events.events[i];
		const char *device, *what;
		cJSON *object = cJSON_CreateObject();

		bus_describe_event(vm->bus, event, &device, &what);
		cJSON_AddNumberToObject(object, "slot", event->device);
		cJSON_AddStringToObject(object, "device", device);
		cJSON_AddStringToObject(object, "what", what);
		add_number(object, "due_ns", event->due);
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *threads_json(const struct diagnosis *diagnosis)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < diagnosis->threads.count; i++) {
		const struct thread *thread = &diagnosis->threads.threads[i];
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "name", thread->name);
		add_hex(object, "address", thread->address);
		if (thread->process[0])
			cJSON_AddStringToObject(object, "process", thread->process);
		if (thread->state)
			cJSON_AddStringToObject(object, "state", thread->state);
		if (thread->channel[0])
			cJSON_AddStringToObject(object, "channel", thread->channel);
		cJSON_AddBoolToObject(object, "on_processor", thread->current);
		cJSON_AddBoolToObject(object, "stack_overflow", thread->stack_overflow);
		cJSON_AddItemToObject(object, "backtrace", backtrace_json(diagnosis, &thread->backtrace));
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

cJSON *report_json(struct vm *vm, const struct diagnosis *diagnosis)
{
	cJSON *root = cJSON_CreateObject(), *evidence = cJSON_AddArrayToObject(root, "evidence");

	for (unsigned i = 0; i < diagnosis->evidence_count; i++)
		cJSON_AddItemToArray(evidence, cJSON_CreateString(diagnosis->evidence[i]));
	cJSON_AddItemToObject(root, "cpus", cpus_json(vm, diagnosis));
	cJSON_AddItemToObject(root, "devices", devices_json(vm));
	cJSON_AddItemToObject(root, "pending", events_json(vm));
	cJSON_AddItemToObject(root, "threads", threads_json(diagnosis));
	if (diagnosis->threads.problem)
		cJSON_AddStringToObject(root, "threads_problem", diagnosis->threads.problem);
	return root;
}

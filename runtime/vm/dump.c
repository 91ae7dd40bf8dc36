/* The machine dump of the trace card, in the original's form, and the shutdown lines (System/161 reference,
 * sections 3.7, 5.5). */
#include "runtime/vm/vm_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/lamebus/lamebus.h"

/* Adds to a line under construction. */
static void add(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *line, size_t size, const char *format, ...)
{
	size_t length = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + length, size - length, format, arguments);
	va_end(arguments);
}

static void dump_tlb_entry(struct vm *vm, int index, uint32_t hi, uint32_t lo)
{
	char line[160] = "TLB: ";
	unsigned asid = (hi & ENTRY_HI_ASID) >> 6;

	if (index >= 0)
		add(line, sizeof(line), "index %d, %s", index, index < 10 ? " " : "");
	else
		add(line, sizeof(line), "tlbhi/lo, ");
	add(line, sizeof(line), "vpn 0x%08x, ", hi & ENTRY_HI_VPN);
	if (lo & ENTRY_LO_G)
		add(line, sizeof(line), "global, ");
	else
		add(line, sizeof(line), "pid %u, %s", asid, asid < 10 ? " " : "");
	add(line, sizeof(line), "ppn 0x%08x (%s%s%s)", lo & ENTRY_LO_PFN, lo & ENTRY_LO_V ? "V" : "-",
	    lo & ENTRY_LO_D ? "D" : "-", lo & 0x800 ? "N" : "-");
	vm_message(vm, "%s", line);
}

/* One character per bit, from the top: the letter if it is set. */
static void add_bits(char *line, size_t size, uint32_t value, unsigned top, const char *letters)
{
	for (unsigned i = 0; letters[i]; i++)
		add(line, size, "%c", value >> (top - i) & 1 ? letters[i] : '-');
}

static void dump_status_and_cause(struct vm *vm, const struct cpu *cpu)
{
	char line[160] = "Status register: ";
	uint32_t cause = cpu->cause, code = cause >> CAUSE_CODE_SHIFT & 15;

	add_bits(line, sizeof(line), cpu->status, 31, "3210-----B------HhhhHHSS--UIUIUI");
	vm_message(vm, "%s", line);
	vm_message(vm, "Cause register: %s %u %s---%s%s%s%s %u [%s]", cause & CAUSE_BD ? "B" : "-",
		   cause >> CAUSE_CE_SHIFT & 3, cause & CAUSE_TIMER ? "H" : "-",
		   cause & CAUSE_IPI ? "H" : "-", cause & CAUSE_LAMEBUS ? "H" : "-",
		   cause & 0x200 ? "S" : "-", cause & 0x100 ? "S" : "-", code, cpu_exception_names[code]);
	vm_message(vm, "VAddr register: 0x%08x", cpu->bad_vaddr);
	vm_message(vm, "Context register: 0x%08x", cpu->context);
	vm_message(vm, "EPC register: 0x%08x", cpu->epc);
}

static void dump_cpu(struct vm *vm, struct cpu *cpu)
{
	vm_message(vm, "cpu %u:", cpu->number);
	for (unsigned row = 0; row < 32; row += 4) {
		char line[160] = "";

		for (unsigned i = row; i < row + 4; i++)
			add(line, sizeof(line), "r%u:%s 0x%08x  ", i, i < 10 ? " " : "", cpu->gpr[i]);
		vm_message(vm, "%s ", line);
	}
	vm_message(vm, "lo:  0x%08x  hi:  0x%08x  pc:  0x%08x  npc: 0x%08x", cpu->lo, cpu->hi, cpu->pc,
		   cpu->next_pc);
	for (int i = 0; i < TLB_ENTRIES; i++)
		dump_tlb_entry(vm, i, cpu->tlb_hi[i], cpu->tlb_lo[i]);
	dump_tlb_entry(vm, -1, (cpu->lookup_va & ENTRY_HI_VPN) | cpu->asid, cpu->entry_lo);
	vm_message(vm, "tlb index: %u %s", cpu->index >> 8 & (TLB_ENTRIES - 1),
		   cpu->index >> 31 ? "[last probe failed]" : "");
	vm_message(vm, "tlb random: %u", cpu_random(cpu));
	dump_status_and_cause(vm, cpu);
}

void vm_dump_tlb(struct vm *vm, unsigned number)
{
	struct cpu *cpu = &vm->cpus[number];

	if (cpu->model->family == FAMILY_MIPS161) {
		for (int i = 0; i < TLB_ENTRIES; i++)
			dump_tlb_entry(vm, i, cpu->tlb_hi[i], cpu->tlb_lo[i]);
		return;
	}
	for (unsigned i = 0; i < cpu->model->tlb_entries; i++)
		vm_message(vm, "TLB: index %u, hi 0x%08x, mask 0x%08x, lo0 0x%08x, lo1 0x%08x", i,
			   cpu->tlb_hi[i], cpu->tlb_page_mask[i], cpu->tlb_lo[i], cpu->tlb_lo1[i]);
}

void vm_dump_devices(struct vm *vm)
{
	vm->class->dump(vm);
}

/* Machine cycles that processor `number` has been counted for: in the middle of a cycle, those from the
 * executing one down have had theirs. */
static uint64_t machine_cycles(const struct vm *vm, unsigned number)
{
	if (vm->run.round.length)
		return vm->totals.executed + vm_round_cycles(vm, number);
	if (!vm->current) /* between cycles, or where a debugger stopped it in the middle of one */
		return vm->totals.executed + (number < vm->run.turn);
	uint64_t in_slice =
	    (vm->slice_end_ns - vm->run.base) / NS_PER_CYCLE - vm->run.done - (uint64_t)vm->current->budget;
	return vm->totals.executed + in_slice + (number <= vm->current->number);
}

void vm_shutdown_lines(struct vm *vm)
{
	const struct device_statistics *devices = &vm->statistics;
	uint64_t interrupts = 0, exceptions = 0;

	vm_message(vm, "%" PRIu64 " cycles (%" PRIu64 " run, %" PRIu64 " global-idle)",
		   vm->totals.run + vm->totals.idle, vm->totals.run, vm->totals.idle);
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		uint64_t kernel, user;

		cpu_mode_cycles(cpu, &kernel, &user);
		if (cpu == vm->current) /* a dump in the middle of a cycle, which is charged already */
			*(cpu_user_mode(cpu) ? &user : &kernel) += 1;
		vm_message(vm,
			   "  cpu%u: %" PRIu64 " kern, %" PRIu64 " user, %" PRIu64 " idle; %" PRIu64
			   " ll, %" PRIu64 "/%" PRIu64 " sc, %" PRIu64 " sync",
			   i, kernel, user, machine_cycles(vm, i) - kernel - user, cpu->ll_count,
			   cpu->sc_succeeded, cpu->sc_failed, cpu->sync_count);
		interrupts += cpu->interrupts;
		exceptions += cpu->exceptions;
	}
	vm_message(vm, "%u irqs %u exns %ur/%uw disk %ur/%uw console %ur/%uw/%um emufs %ur/%uw net",
		   (uint32_t)interrupts, (uint32_t)exceptions, devices->disk_reads, devices->disk_writes,
		   devices->console_reads, devices->console_writes, devices->emufs_reads,
		   devices->emufs_writes, devices->emufs_others, devices->net_reads, devices->net_writes);
}

static const char *event_name(const struct vm *vm, const struct event *event)
{
	switch (event->device) {
	case EVENT_DEVICE_PROFILE:
		return "profiling sampler";
	case EVENT_DEVICE_METER:
		return "perfmeter";
	default:
		return bus_event_name(vm->bus, event);
	}
}

void vm_dump(struct vm *vm)
{
	uint32_t seconds, nanoseconds;

	vm_still_update(vm);
	vm_message(vm, "mainloop: shutoff_flag %d stopped_in_debugger %d", vm->run.power_off,
		   vm->run.debugger);
	if (vm->trace.flags)
		vm_trace_message(vm);
	vm_message(vm, "gdb support: not active, listening at .sockets/gdb");
	vm_shutdown_lines(vm);
	bus_start_of_clock(vm->bus, &seconds, &nanoseconds);
	vm_message(vm, "clock: %" PRIu64 ".%09" PRIu64 " secs elapsed (start at %u.%09u)",
		   vm->events.now / 1000000000, vm->events.now % 1000000000, seconds, nanoseconds);
	if (vm->events.count == 0)
		vm_message(vm, "clock: No events pending");
	for (uint32_t i = 0; i < vm->events.count; i++)
		vm_message(vm, "clock: at %12" PRIu64 ": %s", vm->events.events[i].due,
			   event_name(vm, &vm->events.events[i]));
	vm_message(vm, "%u cpus: MIPS r3000", vm->cpu_count);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		dump_cpu(vm, &vm->cpus[i]);
	bus_dump(vm->bus);
	vm_message(vm, "RAM:");
	bus_dump_bytes(&vm->services, vm->memory.ram, vm->memory.ram_size);
}

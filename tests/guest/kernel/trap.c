/* What to do about an exception or interrupt. */
#include "tests/guest/kernel/kernel.h"

static const char *const exception_names[] = {
    [EXC_INTERRUPT] = "interrupt",	     [EXC_MODIFY] = "store to read-only page",
    [EXC_TLB_LOAD] = "load from nowhere",    [EXC_TLB_STORE] = "store to nowhere",
    [EXC_ADDR_LOAD] = "address error, load", [EXC_ADDR_STORE] = "address error, store",
    [EXC_BUS_CODE] = "bus error, code",	     [EXC_BUS_DATA] = "bus error, data",
    [EXC_SYSCALL] = "system call",	     [EXC_BREAK] = "breakpoint",
    [EXC_RESERVED] = "reserved instruction", [EXC_COPROCESSOR] = "coprocessor unusable",
    [EXC_OVERFLOW] = "arithmetic overflow",
};

static void interrupt(uint32_t cause)
{
	if (cause & CAUSE_TIMER) {
		compare_set(TIME_SLICE);
		reschedule = true;
	}
	if (cause & CAUSE_BUS)
		bus_interrupt();
}

static bool page_fault(uint32_t code, uint32_t address)
{
	return address < KSEG0 && code >= EXC_MODIFY && code <= EXC_TLB_STORE &&
	       vm_fault(&current->space, address, code != EXC_TLB_LOAD);
}

static void user_exception(struct trap_frame *frame, uint32_t code)
{
	uint32_t refused = vm_figures.refused;

	/* From here on there is nothing but the frame to tell what happened, and others may run. */
	status_set(status_get() | STATUS_IEC);
	if (code == EXC_SYSCALL) {
		system_call(frame);
	} else if (!page_fault(code, frame->vaddr)) {
		print("kernel: %s killed: %s, address %08x\n", current->name,
		      vm_figures.refused != refused ? "out of memory" : exception_names[code], frame->vaddr);
		process_exit(STATUS_KILLED | (int)code);
	}
	interrupts_off();
}

static void kernel_exception(struct trap_frame *frame, uint32_t code)
{
	if ((code == EXC_TLB_LOAD || code == EXC_TLB_STORE) && vm_kernel_fault(frame->vaddr))
		return;

	/* Only copy_bytes() touches user addresses, and only where it may sleep. */
	if (frame->epc >= (uint32_t)copy_bytes && frame->epc < (uint32_t)copy_bytes_end) {
		status_set(status_get() | STATUS_IEC);
		if (!page_fault(code, frame->vaddr))
			frame->epc = (uint32_t)copy_failed;
		interrupts_off();
		return;
	}
	panic("%s in the kernel at %08x, address %08x", exception_names[code], frame->epc, frame->vaddr);
}

void trap(struct trap_frame *frame)
{
	uint32_t code = CAUSE_CODE(frame->cause);
	bool from_user = (frame->status & STATUS_KUP) != 0;

	if (code == EXC_INTERRUPT)
		interrupt(frame->cause);
	else if (from_user)
		user_exception(frame, code);
	else
		kernel_exception(frame, code);

	if (from_user && reschedule)
		yield();
}

/* From a guest to the monitor: who is to deal with what happened. */
#include "tests/guest/monitor/monitor.h"

static void reflect(struct vm *vm, uint32_t code)
{
	vm->traps[TRAP_REFLECTED]++;
	vm_exception(vm, code, vm->trap_vaddr, vm->pc, vm->trap_cause & (CAUSE_BD | 3u << 28));
}

static void emulate_for(struct vm *vm, enum trap_reason reason)
{
	uint32_t before = vm->emulated;

	vm->traps[reason]++;
	emulate(vm);
	if (reason == TRAP_FETCH) /* what traps in its execution has had its cycle */
		advance(vm, vm->emulated - before);
}

/* The hardware's TLB refused an access: so does the guest's, or it is its RAM, or a device, or nothing. */
static void memory_trap(struct vm *vm, uint32_t code)
{
	uint32_t physical;
	bool writable;
	int refused = vm_translate(vm, vm->trap_vaddr, code == EXC_TLB_LOAD ? ACCESS_LOAD : ACCESS_STORE,
				   &physical, &writable);

	if (refused >= 0) {
		reflect(vm, (uint32_t)refused);
	} else if (vm_ram(vm, physical) != NULL) {
		vm->traps[TRAP_SHADOW]++;
		shadow_enter(vm, vm->trap_vaddr, vm->ram + physical, writable);
	} else {
		emulate_for(vm, TRAP_DEVICE);
	}
}

static void address_trap(struct vm *vm, uint32_t code)
{
	if (in_user_mode(vm) || vm->trap_vaddr < vm->segment)
		reflect(vm, code);
	else
		emulate_for(vm, vm->trap_vaddr == vm->pc ? TRAP_FETCH : TRAP_DEVICE);
}

static void dispatch(struct vm *vm)
{
	uint32_t code = CAUSE_CODE(vm->trap_cause);

	switch (code) {
	case EXC_INTERRUPT:
		vm->traps[vm->trap_cause & CAUSE_BUS ? TRAP_BUS : TRAP_TIMER]++;
		machine_interrupt();
		break;
	case EXC_MODIFY:
	case EXC_TLB_LOAD:
	case EXC_TLB_STORE:
		memory_trap(vm, code);
		break;
	case EXC_ADDR_LOAD:
	case EXC_ADDR_STORE:
		address_trap(vm, code);
		break;
	case EXC_COPROCESSOR:
		if ((vm->trap_cause >> 28 & 3) == 0 && !in_user_mode(vm))
			emulate_for(vm, TRAP_PRIVILEGED);
		else
			reflect(vm, code);
		break;
	default:
		reflect(vm, code);
		break;
	}
}

void trap(struct vm *vm)
{
	if (!(vm->trap_status & STATUS_KUP))
		panic("exception %u in the monitor at %08x, address %08x", CAUSE_CODE(vm->trap_cause), vm->pc,
		      vm->trap_vaddr);
	account(vm);
	if (!leave_stub(vm))
		dispatch(vm);
	run_next();
}

/* What ends a machine from outside of the guest: the doom counter and the watchdog (System/161 reference, section
 * 5.2), and what the watchdog goes by. */
#include "runtime/vm/vm_internal.h"

#define NS_PER_SECOND UINT64_C(1000000000)

void vm_guard_start(struct vm *vm)
{
	vm->run.doom = vm->options.doom;
	vm->run.progress = 0; /* not the time at which the machine starts */
}

/* The write that makes the counter 0 does not take place, nor does anything after it. */
bool vm_doom(struct vm *vm)
{
	if (vm->run.doom == 0 || --vm->run.doom > 0)
		return true;
	vm_message(vm, "DOOOOOOOOOOOM");
	vm->run.doomed = true;
	vm->run.stop = true;
	vm_end_slice(vm);
	return false;
}

struct vm_retired vm_retired(const struct vm *vm)
{
	struct vm_retired retired = {0, 0, 0};

	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		uint64_t kernel, user, user_lost = cpu_user_stalls(cpu) + cpu->user_faults;

		cpu_mode_cycles(cpu, &kernel, &user);
		retired.kernel += kernel - (cpu->stalls - cpu_user_stalls(cpu)) - cpu->kernel_faults;
		retired.user += user - user_lost;
		retired.user_lost += user_lost;
	}
	return retired;
}

/* Progress is an instruction of user mode. Looked for when a run has been accounted, so that a machine that idles
 * makes none either. */
void vm_watch(struct vm *vm)
{
	uint64_t seconds = vm->options.watchdog, retired;

	if (seconds == 0)
		return;
	retired = vm_retired(vm).user;
	if (retired != vm->run.retired) {
		vm->run.retired = retired;
		vm->run.progress = vm->run.base;
		vm->run.cautioned = false;
		return;
	}
	if (vm->run.base - vm->run.progress < seconds * NS_PER_SECOND)
		return;
	vm->run.progress = vm->run.base;
	if (!vm->run.cautioned) {
		vm_message(vm, "Caution: no progress in %llu seconds", (unsigned long long)seconds);
		vm->run.cautioned = true;
		return;
	}
	vm_message(vm, "No progress in %llu seconds; dropping to debugger",
		   (unsigned long long)(2 * seconds));
	vm->run.hang = true;
	vm->run.result = VM_NO_PROGRESS;
}

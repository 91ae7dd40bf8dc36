/*
 * Which guest runs, how long, and how it is entered. Guests take turns of SLICE cycles, in which the monitor's work for them is
 * included; who has used more in one turn has less in the next. Guests that wait lose nothing and save nothing.
 *
 * The guest's time is the cycles that its instructions take: its Count stands still while it does not run.
 */
#include "tests/guest/monitor/monitor.h"

#define SHORTEST     128 /* a stay, in cycles: Compare must lie well ahead of Count */
#define NEVER	     0xffffffff
#define SOFTWARE_TAX 100 /* what an instruction is taken to cost that is emulated without a trap */
#define STUB_OFFSET  0x0ffff000
#define STUB_CYCLES  2

extern uint32_t private_page[PAGE_SIZE / 4]; /* start.S */
#define PRIVATE(offset) (private_page[(PAGE_SIZE + (offset)) / 4])

uint32_t ticks, tick_limit;

static unsigned turn;		     /* whose it is */
static uint32_t programmed;	     /* what Compare was set to */
static uint32_t monitor_since;	     /* Count when the monitor began */
static struct vm *monitor_works_for; /* NULL: for nobody yet */

/* At Compare, Count starts anew and the line is raised (section 1.9). */
void advance(struct vm *vm, uint32_t cycles)
{
	vm->guest_cycles += cycles;
	if (vm->timer_armed && vm->count < vm->compare && vm->compare - vm->count <= cycles) {
		vm->count = cycles - (vm->compare - vm->count);
		vm->cause |= CAUSE_TIMER;
	} else {
		vm->count += cycles;
	}
}

void account(struct vm *vm)
{
	uint32_t count = PRIVATE(PRIVATE_COUNT);
	/* Count starts anew when the timer's interrupt comes, unless that was only after the trap. */
	bool expired = (vm->trap_cause & CAUSE_TIMER) && count < SHORTEST;
	uint32_t total = expired ? programmed + count : count;
	uint32_t overhead = CYCLES_ENTERING + CYCLES_LEAVING + (vm->stub != 0 ? STUB_CYCLES : 0);

	compare_set(NEVER);
	vm->slice_left -= (int)total;
	advance(vm, total > overhead ? total - overhead : 0);
	monitor_since = count;
	monitor_works_for = vm;
}

static void account_monitor(void)
{
	uint32_t cycles = count_get() - monitor_since;

	if (monitor_works_for != NULL) {
		monitor_works_for->monitor_cycles += cycles;
		monitor_works_for->slice_left -= (int)cycles;
	}
	monitor_since += cycles;
}

void vm_end(struct vm *vm, const char *why)
{
	if (vm->state == VM_ENDED)
		return;
	vm->state = VM_ENDED;
	serial_flush(vm);
	if (why == NULL)
		print("monitor: %s has switched itself off\n", vm->name);
	else
		print("monitor: %s is stopped: %s\n", vm->name, why);
}

void clock_tick(void)
{
	ticks++;
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = &vms[i];

		if (vm->timer.running && (int32_t)(ticks - vm->timer.deadline) >= 0) {
			vm->timer.raised = true;
			vm->timer.running = vm->timer.restart != 0;
			vm->timer.deadline = ticks + vm->timer.countdown / 1000 + 1;
		}
		if (tick_limit != 0 && ticks >= tick_limit)
			vm_end(vm, "its time is up");
	}
}

/* The one whose turn it is, else the next that is ready; NULL: there is none. */
static struct vm *choose(void)
{
	unsigned next = turn;

	for (unsigned i = 0; i < vm_count; i++) {
		if (vms[i].state == VM_WAITING && bus_lines(&vms[i]) != 0)
			vms[i].state = VM_READY;
	}
	if (vms[turn].state == VM_READY && vms[turn].slice_left > 0)
		return &vms[turn];
	do {
		next = (next + 1) % vm_count;
		if (vms[next].state == VM_READY) {
			turn = next;
			while (vms[next].slice_left <= 0)
				vms[next].slice_left += SLICE;
			return &vms[next];
		}
	} while (next != turn);
	return NULL;
}

static bool all_ended(void)
{
	for (unsigned i = 0; i < vm_count; i++) {
		if (vms[i].state != VM_ENDED)
			return false;
	}
	return true;
}

/*
 * Return stubs. The way into user mode is JR and RFE, and the register of JR is lost to the guest. A kernel gives up k0 for that
 * when it returns to a program, but a guest's kernel that is interrupted between two of its own instructions may have something in
 * k0. It is therefore entered by way of two instructions in user mode, J to where it goes on, with a load of k0 in the delay slot:
 *
 *   STUB_OFFSET in its kernel segment + 0      k0
 *                                     + 128    j TARGET; lw k0, -128(k0)
 *                                     + 136    ...
 *
 * The guest's bus has nothing there. What JR jumps by is k0 itself, so it holds the stub's address when the stub begins.
 */
uint32_t stub_page(const struct vm *vm)
{
	return vm->segment + STUB_OFFSET;
}

static uint32_t stub_offset(struct vm *vm, uint32_t target)
{
	unsigned hash = (target >> 2) % RETURN_STUBS;

	for (unsigned i = 0; i < RETURN_STUBS; i++) {
		unsigned place = (hash + i) % RETURN_STUBS;
		uint32_t offset = RETURN_FIRST + 8 * place;

		if (vm->return_targets[place] == target)
			return offset;
		if (vm->return_targets[place] != 0)
			continue;
		if (vm->return_count == RETURN_STUBS / 2) { /* begin anew before it gets slow */
			for (unsigned j = 0; j < RETURN_STUBS; j++)
				vm->return_targets[j] = 0;
			vm->return_count = 0;
			return stub_offset(vm, target);
		}
		vm->return_count++;
		vm->return_targets[place] = target;
		vm->returns[offset / 4] = 0x08000000 | (target >> 2 & 0x03ffffff);
		vm->returns[offset / 4 + 1] = 0x8f5a0000 | (-offset & 0xffff);
		return offset;
	}
	panic("no return stub is free");
}

bool leave_stub(struct vm *vm)
{
	uint32_t page = stub_page(vm);
	bool lost =
	    !in_user_mode(vm) && vm->segment == KSEG0; /* the jump into kseg0 had no effect but on k0 */

	if (vm->stub != 0 && vm->pc == vm->stub) {
		bool missing =
		    CAUSE_CODE(vm->trap_cause) == EXC_TLB_LOAD && (vm->trap_vaddr & ENTRYHI_PAGE) == page;

		vm->pc = vm->return_targets[(vm->pc - page - RETURN_FIRST) / 8];
		vm->trap_cause &= ~(uint32_t)CAUSE_BD;
		vm->reg[REG_K0] = vm->k0;
		if (missing) {
			vm->traps[TRAP_SHADOW]++;
			shadow_enter(vm, page, (uint32_t)vm->returns - KSEG0, false);
		}
		return missing;
	}
	if (lost)
		vm->reg[REG_K0] = vm->k0;
	return false;
}

/* Whether the guest can be entered; if so, at which address. */
static bool prepare(struct vm *vm, uint32_t *address)
{
	vm->stub = 0;
	for (;;) {
		if (vm->state != VM_READY || vm->slice_left <= 0)
			return false;
		if (vm_interrupt_pending(vm)) {
			vm->interrupts++;
			vm_exception(vm, EXC_INTERRUPT, 0, vm->pc, 0);
		} else if (vm->pc & 3) {
			vm_exception(vm, EXC_ADDR_LOAD, vm->pc, vm->pc, 0);
		} else if (in_user_mode(vm) || vm->segment == KSEG0) {
			*address = vm->pc;
			return true;
		} else if (vm->pc >> 28 == stub_page(vm) >> 28) {
			uint32_t offset = stub_offset(vm, vm->pc);

			vm->returns[0] = vm->reg[REG_K0];
			*address = vm->stub = stub_page(vm) + offset;
			return true;
		} else { /* J does not reach this far */
			emulate(vm);
			advance(vm, 1);
			vm->slice_left -= SOFTWARE_TAX;
		}
	}
}

void run_next(void)
{
	struct vm *vm;
	uint32_t address, stay;

	for (;;) {
		account_monitor();
		vm = choose();
		if (vm != NULL) {
			if (prepare(vm, &address))
				break;
			machine_interrupt(); /* nothing but this loop may be running */
		} else if (all_ended()) {
			shut_down();
		} else {
			wait_for_interrupt();
			machine_interrupt();
		}
	}
	stay = (uint32_t)vm->slice_left;
	if (vm->timer_armed && vm->count < vm->compare && vm->compare - vm->count < stay)
		stay = vm->compare - vm->count;
	if (stay < SHORTEST)
		stay = SHORTEST;
	programmed = stay + CYCLES_ENTERING + (vm->stub != 0 ? STUB_CYCLES : 0);
	vm->k0 = vm->reg[REG_K0];
	entryhi_set(shadow_asid(vm));
	account_monitor();
	resume_guest(vm, address, programmed);
}

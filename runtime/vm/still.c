/* Processors that stand still: in the loop that kernels halt processors in,
 *
 *     1: wait
 *        b 1b
 *        nop
 *
 * with interrupts disabled and a line up, so that WAIT does not wait (System/161 reference, section 1.15). Nothing but time
 * passes there until the lines fall or somebody starts, stops or overwrites it. OS/161 halts all processors but one so before
 * it powers off, for a million cycles each. Where all that run but one stand still, that one runs as if it were
 * alone, translated; the others are brought to where they are when it is done, or before anybody could see them.
 *
 * The reference interpreter executes the loop: what lockstep compares with knows nothing of this. */
#include "runtime/vm/vm_internal.h"

#define DIRECT_MASK 0x1FFFFFFFu
#define WAIT_WORD   0x42000020u
#define BRANCH_WORD 0x1000FFFEu /* to the word before */
#define LOOP	    3u		/* cycles, and words */
#define PAGE_END    16u		/* bytes of a page in which fetching looks at the next one, and some */

static bool is_jump_to(uint32_t word, uint32_t va)
{
	return word == BRANCH_WORD || word == (2u << 26 | (va >> 2 & 0x03FFFFFFu));
}

/* The loop's words, if they are there. */
static bool is_loop(const struct vm *vm, uint32_t va)
{
	uint32_t offset = va & DIRECT_MASK;

	return offset < vm->memory.ram_size && (va & ~PAGE_MASK) < PAGE_SIZE - PAGE_END &&
	       memory_read_word(&vm->memory, offset) == WAIT_WORD &&
	       is_jump_to(memory_read_word(&vm->memory, offset + 4), va) &&
	       memory_read_word(&vm->memory, offset + 8) == 0;
}

/* Where in the loop a processor stands: 0 to LOOP - 1, in words; or LOOP if it does not stand still. */
static unsigned place_of(const struct vm *vm, const struct cpu *cpu)
{
	uint32_t frame = cpu->pc & DIRECT_MASK & PAGE_MASK;

	if (cpu_user_mode(cpu) || (cpu->status & STATUS_IEC) || !(cpu->cause & CAUSE_LINES) ||
	    cpu->pc >> 30 != 2 || (cpu->pc & 3) || cpu->delay_slot || cpu->pc_frame != frame ||
	    cpu->next_frame != frame)
		return LOOP;
	if (cpu->jump_pending)
		return cpu->next_pc == cpu->pc - 8 && is_loop(vm, cpu->pc - 8) ? 2 : LOOP;
	if (cpu->next_pc != cpu->pc + 4)
		return LOOP;
	if (is_loop(vm, cpu->pc))
		return 0;
	return is_loop(vm, cpu->pc - 4) ? 1 : LOOP;
}

bool vm_stands_still(const struct vm *vm, const struct cpu *cpu)
{
	return vm->threaded && !vm->debug && cpu->model->family == FAMILY_MIPS161 && !vm_is_interpreted(vm) &&
	       place_of(vm, cpu) < LOOP;
}

uint32_t vm_still(const struct vm *vm)
{
	uint32_t still = 0, movers;

	for (uint32_t left = vm->running; left; left &= left - 1) {
		unsigned number = (unsigned)__builtin_ctz(left);

		if (vm_stands_still(vm, &vm->cpus[number]))
			still |= 1u << number;
	}
	movers = vm->running & ~still;
	/* Only translated code stops wherever one that stands still is written to. */
	return movers == 0 || (vm->jit && (movers & (movers - 1)) == 0) ? still : 0;
}

/* The state that the reference interpreter leaves the processor in, some cycles (not 0) after it was at place `from`. */
static void stand(struct cpu *cpu, uint32_t start, unsigned from, uint64_t cycles)
{
	unsigned place = (unsigned)((from + cycles) % LOOP);

	cpu->pc = start + 4 * place;
	cpu->next_pc = place == 2 ? start : cpu->pc + 4;
	cpu->jump_pending = place == 2;
	cpu->exception_pc =
	    place == 1 ? start : start + 4; /* of the last instruction, or the branch before it */
}

void vm_stand_still(struct vm *vm, struct cpu *cpu, uint64_t cycles)
{
	unsigned place = place_of(vm, cpu);

	if (cycles == 0)
		return;
	stand(cpu, cpu->pc - 4 * place, place, cycles);
	cpu->budget -= (int64_t)cycles;
	vm->still.cycles += cycles;
}

/* Brings a processor to where it is once the one that runs has completed `cycles` of the slice. */
static void bring(struct vm *vm, struct cpu *cpu, uint64_t cycles)
{
	struct vm_still *still = &vm->still;

	if (cycles > 0)
		stand(cpu, still->start[cpu->number], still->place[cpu->number], cycles);
	cpu->budget = (int64_t)(still->slice - cycles);
}

/* Cycles that a processor has behind it while the one that runs is in one: those with lower numbers have had their turn. */
static uint64_t cycles_of(const struct vm *vm, const struct cpu *cpu)
{
	const struct cpu *mover = &vm->cpus[vm->still.mover];

	return vm->still.slice - (uint64_t)mover->budget + (cpu->number < mover->number);
}

void vm_still_ends(struct vm *vm, unsigned number)
{
	if (!(vm->still.mask >> number & 1))
		return;
	bring(vm, &vm->cpus[number], cycles_of(vm, &vm->cpus[number]));
	vm->still.mask &= ~(1u << number);
	vm_end_slice(vm);
}

void vm_still_update(struct vm *vm)
{
	for (uint32_t left = vm->still.mask; left; left &= left - 1) {
		struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];

		bring(vm, cpu, cycles_of(vm, cpu));
	}
}

/* The loop of one may be about to change: those that come after the writer in this cycle execute what is there then. */
static void written(void *context, uint32_t offset, uint32_t size)
{
	struct vm *vm = context;

	for (uint32_t left = vm->still.mask; left; left &= left - 1) {
		unsigned number = (unsigned)__builtin_ctz(left);
		uint32_t loop = vm->still.start[number] & DIRECT_MASK;

		if (offset < loop + 4 * LOOP && loop < offset + size)
			vm_still_ends(vm, number);
	}
}

void vm_still_init(struct vm *vm)
{
	vm->memory.listeners[CODE_STANDING] = (struct code_listener){.written = written, .context = vm};
}

/* The marks stay: a kernel has one such loop, and what is marked in vain is only written more slowly. */
static void mark(struct vm *vm, uint32_t start)
{
	for (uint32_t offset = start & DIRECT_MASK, end = offset + 4 * LOOP; offset < end; offset += 4) {
		if (memory_is_marked(&vm->memory, offset, CODE_STANDING))
			continue;
		if (!memory_page_has_code(&vm->memory, offset & PAGE_MASK))
			for (unsigned i = 0; i < vm->cpu_count; i++)
				soft_tlb_protect(&vm->cpus[i], offset & PAGE_MASK);
		memory_mark_code(&vm->memory, offset >> CODE_GRANULE_SHIFT, CODE_STANDING, true);
	}
}

/* Gives those that stand still the slice. */
static void begin(struct vm *vm, uint32_t still, uint64_t slice)
{
	vm->still.slice = slice;
	for (uint32_t left = still; left; left &= left - 1) {
		struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];
		unsigned place = place_of(vm, cpu);

		vm->still.place[cpu->number] = (uint8_t)place;
		vm->still.start[cpu->number] = cpu->pc - 4 * place;
		mark(vm, cpu->pc - 4 * place);
		vm_open_slice(vm, cpu, vm->run.done, slice);
	}
	vm->still.mask = still;
}

/* Runs the one that does not stand still; returns its cycles. */
static uint64_t run_mover(struct vm *vm, struct cpu *mover, uint32_t open, uint64_t slice)
{
	vm->still.mover = mover->number;
	vm_open_slice(vm, mover, vm->run.done, slice);
	vm_run_slice(vm, mover);

	uint64_t used = slice - (uint64_t)mover->budget;
	bool stopped = mover->budget > 0 || mover->attention;

	for (uint32_t left = vm->still.mask; left; left &= left - 1) {
		struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];

		bring(vm, cpu, used - (stopped && cpu->number > mover->number));
	}
	vm->still.mask = 0;
	if (stopped) { /* those with higher numbers see what it has done already in this same cycle */
		vm->run.done += used - 1;
		vm_finish_cycle(vm, mover->number, open);
		vm->run.done -= used - 1;
	}
	return used;
}

uint64_t vm_run_beside_still(struct vm *vm, uint32_t still, uint64_t limit)
{
	uint32_t open = vm->running, movers = open & ~still;
	uint64_t used = limit;

	for (uint32_t left = open; left; left &= left - 1) {
		const struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];
		uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

		used = to_match < used ? to_match : used;
	}
	begin(vm, still, used);
	if (movers) {
		used = run_mover(vm, &vm->cpus[__builtin_ctz(movers)], open, used);
	} else {
		for (uint32_t left = still; left; left &= left - 1)
			bring(vm, &vm->cpus[__builtin_ctz(left)], used);
		vm->still.mask = 0;
	}
	for (uint32_t left = open; left; left &= left - 1) {
		struct cpu *cpu = &vm->cpus[__builtin_ctz(left)];

		if (still >> cpu->number & 1)
			vm->still.cycles += vm->still.slice - (uint64_t)cpu->budget;
		vm_close_slice(vm, cpu);
	}
	return used;
}

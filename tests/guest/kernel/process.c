/* Processes: creation, scheduling, sleeping, locks, death. Round robin with one ready queue. */
#include "tests/guest/kernel/kernel.h"

#include "tests/guest/common/string.h"

#define STACK_MARK 0x57acc0de /* at the far end of a kernel stack: gone if it has overflowed */

static struct process table[PROCESSES];
static struct process boot; /* stands in for a current process until the first one runs */
static struct process *ready_first, *ready_last;
static int last_pid;
static struct process *init;

struct process *current = &boot;
uint32_t current_stack; /* for general_vector: where the current process' kernel stack begins */
bool reschedule;
uint32_t switches;

struct address_space *process_space(unsigned slot)
{
	return table[slot].space.directory == NULL ? NULL : &table[slot].space;
}

/* Scheduling. All of this with interrupts off. */

static void make_ready(struct process *process, bool first)
{
	process->state = PROCESS_READY;
	process->next = first ? ready_first : NULL;
	if (ready_first == NULL) {
		ready_first = ready_last = process;
	} else if (first) {
		ready_first = process;
	} else {
		ready_last->next = process;
		ready_last = process;
	}
}

/*
 * Gives the CPU to the first ready process; the caller has put the current one where it belongs. With nothing
 * ready the old stack idles: WAIT ends for any raised line, and a moment with interrupts on lets the handlers
 * see to it.
 */
void schedule(void)
{
	struct process *old = current;

	if (old != &boot && *(uint32_t *)old->stack != STACK_MARK)
		panic("kernel stack of %s has overflowed", old->name);
	while (ready_first == NULL) {
		uint32_t status = status_get();

		wait_for_interrupt();
		status_set(status | STATUS_IEC);
		status_set(status & ~(uint32_t)STATUS_IEC);
	}
	reschedule = false;

	struct process *next = ready_first;

	ready_first = next->next;
	next->state = PROCESS_RUNNING;
	if (next == old)
		return;
	switches++;
	current = next;
	current_stack = (uint32_t)next->stack + PAGE_SIZE;
	vm_activate(&next->space);
	switch_stacks(&old->saved_sp, next->saved_sp);
}

void yield(void)
{
	uint32_t status = interrupts_off();

	make_ready(current, false);
	schedule();
	interrupts_restore(status);
}

void sleep_on(const void *what)
{
	current->state = PROCESS_SLEEPING;
	current->waiting_for = what;
	schedule();
}

static void wake_all(const void *what, bool first)
{
	uint32_t status = interrupts_off();

	for (struct process *p = table; p < table + PROCESSES; p++) {
		if (p->state == PROCESS_SLEEPING && p->waiting_for == what)
			make_ready(p, first);
	}
	interrupts_restore(status);
}

void wake(const void *what)
{
	wake_all(what, false);
}

void wake_first(const void *what)
{
	struct process *before = ready_first;

	wake_all(what, true);
	if (ready_first != before)
		reschedule = true;
}

void mutex_lock(struct mutex *mutex)
{
	while (!try_lock(&mutex->held)) {
		uint32_t status = interrupts_off();

		if (mutex->held) {
			mutex->wanted = true;
			sleep_on(mutex);
		}
		interrupts_restore(status);
	}
}

void mutex_unlock(struct mutex *mutex)
{
	mutex->held = 0;
	if (mutex->wanted) {
		mutex->wanted = false;
		wake(mutex);
	}
}

/* Creation. */

/* What switch_stacks() saves. */
struct saved {
	uint32_t s[9];
	void (*ra)(void);
};

static struct trap_frame *user_frame(struct process *process)
{
	return (struct trap_frame *)(process->stack + PAGE_SIZE - FRAME_SIZE);
}

/* A process that will leave the kernel through trap_return with the frame at the top of its stack. */
static struct process *create(const char *name)
{
	struct process *process = table;

	while (process < table + PROCESSES && process->state != PROCESS_FREE)
		process++;
	if (process == table + PROCESSES)
		return NULL;

	process->state = PROCESS_SLEEPING; /* taken: what follows may sleep */
	process->waiting_for = NULL;
	process->stack = vm_page_allocate();
	if (process->stack == NULL || !vm_create(&process->space, (uint32_t)(process - table) + 1)) {
		if (process->stack != NULL)
			vm_page_free(process->stack);
		process->state = PROCESS_FREE;
		return NULL;
	}
	process->pid = ++last_pid;
	process->parent = current;
	memcpy(process->name, name, sizeof(process->name));
	*(uint32_t *)process->stack = STACK_MARK;

	/* As switch_stacks() leaves it: s0 to s8 and ra, below the argument area under the frame. */
	struct saved *saved = (struct saved *)((uint32_t)user_frame(process) - 16) - 1;

	*saved = (struct saved){.ra = trap_return};
	process->saved_sp = (uint32_t)saved;
	return process;
}

void process_start(const char *argument)
{
	static const char name[sizeof(init->name)] = "init";
	struct trap_frame *frame;

	init = create(name);
	if (init == NULL)
		panic("no memory for the first process");
	frame = user_frame(init);
	memset(frame, 0, sizeof(*frame));

	/* exec works on the current process, so become it before it runs. */
	current = init;
	vm_activate(&init->space);
	current_stack = (uint32_t)init->stack + PAGE_SIZE;
	if (process_exec(frame, name, argument) < 0)
		panic("cannot load the first process");
	compare_set(TIME_SLICE);
	current = &boot;
	make_ready(init, false);
	schedule();
	panic("the boot stack was run again");
}

int process_fork(const struct trap_frame *frame)
{
	struct process *child = create(current->name);

	if (child == NULL)
		return ERROR_MEMORY;
	if (!vm_fork(&child->space, &current->space)) {
		vm_destroy(&child->space);
		vm_page_free(child->stack);
		child->parent = NULL;
		child->state = PROCESS_FREE;
		return ERROR_MEMORY;
	}
	*user_frame(child) = *frame;
	user_frame(child)->reg[REG_V0] = 0;

	int pid = child->pid;
	uint32_t status = interrupts_off();

	make_ready(child, false);
	interrupts_restore(status);
	return pid;
}

/* Execution of a program: as much of ELF as the loader needs. */

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, segments_offset, sections_offset, flags;
	uint16_t header_size, segment_size, segment_count;
};

struct elf_segment {
	uint32_t type, offset, address, physical, file_size, memory_size, flags, alignment;
};

#define ELF_LOAD  1
#define ELF_WRITE 2

static const uint8_t *find_program(const char *name)
{
	for (uint32_t i = 0; i < program_count; i++) {
		if (strcmp(programs[i].name, name) == 0)
			return programs[i].image;
	}
	return NULL;
}

int process_exec(struct trap_frame *frame, const char *name, const char *argument)
{
	struct address_space *space = &current->space;
	const uint8_t *image = find_program(name);

	if (image == NULL)
		return ERROR_NONE;

	const struct elf_header *header = (const struct elf_header *)image;
	const struct elf_segment *segment = (const struct elf_segment *)(image + header->segments_offset);
	unsigned regions = 0;

	vm_clear(space);
	for (unsigned i = 0; i < header->segment_count && regions < 2; i++, segment++) {
		if (segment->type != ELF_LOAD)
			continue;
		space->regions[regions++] = (struct region){
		    .start = segment->address,
		    .end = segment->address + segment->memory_size,
		    .image = image + segment->offset,
		    .file_size = segment->file_size,
		    .writable = (segment->flags & ELF_WRITE) != 0,
		};
		space->heap_start = (segment->address + segment->memory_size + PAGE_SIZE - 1) & ENTRYLO_FRAME;
	}
	space->heap_end = space->heap_start;

	size_t length = strlen(argument) + 1;
	uint32_t top = (STACK_TOP - length) & ~7u;

	memset(frame, 0, sizeof(*frame));
	frame->status = STATUS_KUP | STATUS_IEP | STATUS_IM_BUS | STATUS_IM_TIMER;
	frame->epc = header->entry;
	frame->reg[REG_A0] = top;
	frame->reg[REG_SP] = top - 16;
	for (size_t i = 0; i < sizeof(current->name) - 1; i++)
		current->name[i] = i < strlen(name) ? name[i] : '\0';
	if (!copy_out(top, argument, length))
		process_exit(STATUS_KILLED | EXC_TLB_STORE); /* no memory, and no program to go back to */
	return 0;
}

/* Death. */

void process_exit(int status)
{
	if (current == init)
		shut_down(status);
	vm_destroy(&current->space);

	interrupts_off();
	for (struct process *p = table; p < table + PROCESSES; p++) {
		if (p->parent == current)
			p->parent = init;
	}
	current->status = status;
	current->state = PROCESS_ZOMBIE;
	wake(current->parent);
	wake(init);
	schedule();
	panic("a dead process was run");
}

static struct process *find_child(bool dead)
{
	for (struct process *p = table; p < table + PROCESSES; p++) {
		if (p->parent == current && (!dead || p->state == PROCESS_ZOMBIE))
			return p;
	}
	return NULL;
}

int process_wait(uint32_t status_address)
{
	uint32_t interrupt_state = interrupts_off();
	struct process *child;

	while ((child = find_child(true)) == NULL) {
		if (find_child(false) == NULL) {
			interrupts_restore(interrupt_state);
			return ERROR_NONE;
		}
		sleep_on(current);
	}

	int pid = child->pid;
	int status = child->status;

	vm_page_free(child->stack);
	child->parent = NULL;
	child->state = PROCESS_FREE;
	interrupts_restore(interrupt_state);
	return copy_out(status_address, &status, sizeof(status)) ? pid : ERROR_FAULT;
}

/* A kernel for one user program: gives it memory on demand through the TLB, and serves a few system calls. Processes
 * are copies of the program with address spaces and ASIDs of their own; a switch changes the page table, the ASID and
 * the frame that exceptions save to. Interrupts stay off. */
#include "bench/guest/runtime/guest.h"

#include "bench/guest/runtime/calls.h"
#include "bench/guest/runtime/run.h"

#define PROCESSES   8u
#define MEMORY_SIZE 0x01000000u /* used of the machine's RAM: System/161 has no more */
#define KSEG0	    0x80000000u
#define PAGE_WORDS  (PAGE_SIZE / 4)
#define LAST_FRAMES (MEMORY_SIZE / PAGE_SIZE)

#define EXCEPTION_TLB_LOAD  2
#define EXCEPTION_TLB_STORE 3
#define EXCEPTION_SYSCALL   8

#define V0 2
#define A0 4
#define A1 5
#define SP 29

struct process {
	struct frame frame;
	bool alive;
	uint32_t table[TABLE_SIZE] __attribute__((aligned(8)));
};

extern const uint32_t user_image[], user_image_end[];
extern char guest_end[]; /* of the kernel's memory; page aligned */
const char bench_name[] = "kernel";

static struct process processes[PROCESSES];
static unsigned current;
static uint32_t joined; /* sum of the values handed in */

static uint32_t free_frames[LAST_FRAMES]; /* physical addresses */
static unsigned free_count;

static uint32_t *frame_words(uint32_t physical)
{
	return (uint32_t *)(uintptr_t)(KSEG0 + physical);
}

static uint32_t take_frame(void)
{
	if (free_count == 0) {
		print("kernel: out of memory\n");
		power_off();
	}
	return free_frames[--free_count];
}

static void copy_page(uint32_t physical, const uint32_t *from, const uint32_t *end)
{
	uint32_t *to = frame_words(physical);

	for (unsigned i = 0; i < PAGE_WORDS; i++)
		to[i] = from + i < end ? from[i] : 0;
}

static void switch_to(unsigned number)
{
	current = number;
	current_frame = &processes[number].frame;
	current_table = processes[number].table;
	tlb_select(number + 1);
}

static unsigned next_alive(void)
{
	unsigned number = current;

	do
		number = (number + 1) % PROCESSES;
	while (!processes[number].alive);
	return number;
}

/* --- what user programs ask for --- */

/* The first access to a page: memory of zeroes. False if the program has nothing there. */
static bool page_fault(uint32_t va)
{
	struct process *process = &processes[current];

	if (!(va >= USER_BASE && va < user_image[1]) && !(va >= USER_STACK && va < USER_STACK_TOP))
		return false;

	uint32_t physical = take_frame();

	copy_page(physical, NULL, NULL);
	process->table[va / PAGE_SIZE] = table_word(physical);
	tlb_drop(va, current + 1); /* the entry that said so */
	return true;
}

static void unmap(uint32_t va, uint32_t pages)
{
	uint32_t *table = processes[current].table;

	for (; pages > 0 && va / PAGE_SIZE < TABLE_SIZE; pages--, va += PAGE_SIZE) {
		uint32_t *word = &table[va / PAGE_SIZE];

		if (*word == 0)
			continue;
		free_frames[free_count++] = table_physical(*word);
		*word = 0;
		tlb_drop(va, current + 1);
	}
}

static void spawn(uint32_t count)
{
	struct process *parent = &processes[current];

	for (uint32_t number = 1; number < count && number < PROCESSES; number++) {
		struct process *child = &processes[number];

		for (unsigned page = 0; page < TABLE_SIZE; page++) {
			if (parent->table[page] == 0)
				continue;

			const uint32_t *from = frame_words(table_physical(parent->table[page]));
			uint32_t physical = take_frame();

			copy_page(physical, from, from + PAGE_WORDS);
			child->table[page] = table_word(physical);
		}
		child->frame = parent->frame;
		child->frame.registers[V0] = number;
		child->alive = true;
	}
	parent->frame.registers[V0] = 0;
}

static void join(struct frame *frame)
{
	unsigned next = next_alive();

	if (current != 0) {
		joined += frame->registers[A0];
		processes[current].alive = false;
		switch_to(next);
	} else if (next != 0) {
		frame->epc -= 4; /* asks again when the others have had their turns */
		switch_to(next);
	} else {
		frame->registers[V0] = joined + frame->registers[A0];
	}
}

static void system_call(struct frame *frame)
{
	uint32_t *registers = frame->registers;

	frame->epc += 4;
	switch (registers[V0]) {
	case CALL_EXIT:
		power_off();
	case CALL_PUT:
		console_put((char)registers[A0]);
		break;
	case CALL_ADD:
		registers[V0] = registers[A0] + registers[A1];
		break;
	case CALL_UNMAP:
		unmap(registers[A0], registers[A1]);
		break;
	case CALL_SPAWN:
		spawn(registers[A0]);
		break;
	case CALL_YIELD:
		switch_to(next_alive());
		break;
	case CALL_JOIN:
		join(frame);
		break;
	default:
		unexpected_exception(frame);
	}
}

void trap(struct frame *frame)
{
	uint32_t code = frame->cause >> 2 & 31;

	if (!(frame->status & STATUS_USER))
		unexpected_exception(frame);
	if (code == EXCEPTION_SYSCALL)
		system_call(frame);
	else if ((code != EXCEPTION_TLB_LOAD && code != EXCEPTION_TLB_STORE) || !page_fault(frame->bad_vaddr))
		unexpected_exception(frame);
}

void guest_main(uint32_t a0, uint32_t a1)
{
	struct process *first = &processes[0];
	uint32_t page = USER_BASE / PAGE_SIZE;

	/* The last page stays out: System/161's loader keeps the arguments there. */
	for (uint32_t frame = MEMORY_SIZE - 2 * PAGE_SIZE; frame >= (uint32_t)(uintptr_t)guest_end - KSEG0;
	     frame -= PAGE_SIZE)
		free_frames[free_count++] = frame;
	install_vectors();
	tlb_start();
	for (const uint32_t *from = user_image; from < user_image_end; from += PAGE_WORDS) {
		uint32_t physical = take_frame();

		copy_page(physical, from, user_image_end);
		first->table[page++] = table_word(physical);
	}
	first->alive = true;
	first->frame.status = STATUS_NEW_USER;
	first->frame.epc = user_image[0];
	first->frame.registers[A0] = argument_amount(boot_argument(a0, a1));
	first->frame.registers[SP] = USER_STACK_TOP - 32;
	switch_to(0);
	return_to_frame();
}

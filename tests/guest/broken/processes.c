/* Nothing is wrong: two processes with address spaces, one on the processor with its pages in the TLB, one that waits for it;
 * then nothing happens any more. The structures have the names of OS/161's. */
#include "tests/guest/broken/broken.h"

#define WRITABLE 0x400
#define VALID	 0x200

typedef enum {
	S_RUN,
	S_READY,
	S_SLEEP,
	S_ZOMBIE,
} threadstate_t;

struct threadlistnode {
	struct threadlistnode *tln_prev, *tln_next;
	struct thread *tln_self;
};

struct thread {
	char t_name[16];
	const char *t_wchan_name;
	threadstate_t t_state;
	struct threadlistnode t_listnode;
	void *t_stack;
	struct switchframe *t_context;
	struct cpu *t_cpu;
	struct proc *t_proc;
};

struct cpu {
	struct cpu *c_self;
	unsigned c_number, c_hardware_number;
	struct thread *c_curthread;
};

/* As dumbvm has it, and with members of other kinds. */
struct addrspace {
	uint32_t as_vbase1, as_pbase1, as_npages1;
	uint32_t as_vbase2, as_pbase2, as_npages2;
	uint8_t as_loading;
	char as_notes[8];
};

struct proc {
	const char *p_name;
	struct addrspace *p_addrspace;
};

static struct addrspace palin_space = {0x00400000, 0x00040000, 3, 0x10000000, 0x00043000, 1, 1, ""};
static struct addrspace shell_space = {0x00400000, 0x00050000, 9, 0x10000000, 0x00059000, 2, 0, ""};
static struct proc palin = {"palin", &palin_space}, shell = {"shell", &shell_space};
static struct cpu cpu0 = {.c_self = &cpu0};
static struct thread running = {"main", 0, S_RUN, {0, 0, &running}, 0, 0, &cpu0, &palin};
__attribute__((used)) static struct thread helper = {"helper", "disk", S_SLEEP, {0, 0, &helper},
						     0,	       0,      &cpu0,	&palin};
__attribute__((used)) static struct thread waiting = {"shell", "waitpid", S_SLEEP, {0, 0, &waiting},
						      0,       0,	  &cpu0,   &shell};

void broken_main(void)
{
	cpu0.c_curthread = &running;
	write_tlb(5, 0x00402000, 0x00042000 | VALID);
	write_tlb(9, 0x00400000, 0x00040000 | VALID);
	write_tlb(1, 0x00401000, 0x00041000 | VALID);
	write_tlb(2, 0x10000000, 0x00043000 | VALID | WRITABLE);
	write_tlb(3, 0x7fffe000, 0x00044000 | VALID | WRITABLE);
	write_tlb(4, 0x7ffff000, 0x00045000 | VALID | WRITABLE);
	write_tlb(6, 0x00500000 | 3 << 6, 0x00000000 | VALID);
	write_tlb(7, 0x00600000, 0x00046000); /* not valid */
	for (;;)
		wait_for_interrupt();
}

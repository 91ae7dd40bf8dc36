/* Two threads take two locks in opposite order. The structures have the names of OS/161's, by which reports find threads. */
#include "tests/guest/broken/broken.h"

#ifndef START_TICKS
#define START_TICKS start_ticks
#endif

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
};

struct cpu {
	struct cpu *c_self;
	struct thread *c_curthread;
};

struct lock {
	const char *name;
	struct thread *holder;
};

static struct cpu cpu0 = {.c_self = &cpu0};
static struct thread idle_thread = {"idle", 0, S_RUN, {0, 0, &idle_thread}, 0, 0, &cpu0};
static uint32_t stacks[2][512];
static struct thread alice = {"alice", 0, S_READY, {0, 0, &alice}, stacks[0], 0, &cpu0};
static struct thread bob = {"bob", 0, S_READY, {0, 0, &bob}, stacks[1], 0, &cpu0};
static struct lock spoon = {"spoon", 0}, fork = {"fork", 0};

static void switch_to(struct thread *next)
{
	struct thread *old = cpu0.c_curthread;

	cpu0.c_curthread = next;
	next->t_state = S_RUN;
	switch_frames(&old->t_context, next->t_context);
}

static struct thread *next_thread(void)
{
	return alice.t_state == S_READY ? &alice : bob.t_state == S_READY ? &bob : &idle_thread;
}

__attribute__((noinline)) static void take_lock(struct lock *lock)
{
	struct thread *self = cpu0.c_curthread;

	while (lock->holder) {
		self->t_state = S_SLEEP;
		self->t_wchan_name = lock->name;
		switch_to(next_thread());
	}
	lock->holder = self;
}

static void yield(void)
{
	cpu0.c_curthread->t_state = S_READY;
	switch_to(cpu0.c_curthread == &alice ? &bob : &alice);
}

__attribute__((noinline)) static void alice_eats(void)
{
	take_lock(&spoon);
	yield();
	take_lock(&fork);
	print("alice eats\n");
}

__attribute__((noinline)) static void bob_eats(void)
{
	take_lock(&fork);
	yield();
	take_lock(&spoon);
	print("bob eats\n");
}

static void prepare(struct thread *thread, uint32_t *stack_top, void (*function)(void))
{
	thread->t_context = (struct switchframe *)(stack_top - 16);
	thread->t_context->sf_s0 = (uint32_t)(uintptr_t)function;
	thread->t_context->sf_ra = (uint32_t)(uintptr_t)thread_start;
}

void broken_main(void)
{
	prepare(&alice, &stacks[0][512], alice_eats);
	prepare(&bob, &stacks[1][512], bob_eats);
	cpu0.c_curthread = &idle_thread;
	START_TICKS();
	switch_to(&alice);
	for (;;)
		wait_for_interrupt();
}

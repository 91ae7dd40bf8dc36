#include "jit/compile_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_SIZE ((size_t)64 << 10)

/* The handlers are the process's. They find the call that they belong to by these. */
static const int guarded_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
#define SIGNALS (sizeof(guarded_signals) / sizeof(guarded_signals[0]))
static struct sigaction before[SIGNALS];
static _Thread_local sigjmp_buf *volatile guarded;
static _Thread_local void *stack;

static const struct sigaction *action_before(int number)
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (guarded_signals[i] == number)
			return &before[i];
	abort();
}

static void on_signal(int number)
{
	sigjmp_buf *place = guarded;

	if (place) {
		guarded = NULL;
		siglongjmp(*place, number);
	}
	/* Somebody else's: what would have happened without us. It comes again when the handler returns, or now. */
	sigaction(number, action_before(number), NULL);
	raise(number);
}

/* Before each call, since others may have put theirs in the place of ours. */
static void install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, now;

		sigemptyset(&action.sa_mask);
		sigaction(guarded_signals[i], NULL, &now);
		if (now.sa_handler == on_signal)
			continue;
		before[i] = now;
		sigaction(guarded_signals[i], &action, NULL);
	}
	pthread_mutex_unlock(&lock);
}

bool compile_guard_call(void (*work)(void *argument), void *argument, char *reason, size_t reason_size)
{
	sigjmp_buf place;
	int number;

	install();
	number = sigsetjmp(place, 1);
	if (number) {
		snprintf(reason, reason_size, "the compiler failed: %s", strsignal(number));
		return false;
	}
	guarded = &place;
	work(argument);
	guarded = NULL;
	return true;
}

bool compile_guard_begin_thread(void)
{
	stack_t there = {.ss_size = STACK_SIZE};
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&ours, guarded_signals[i]);
	pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED) {
		stack = NULL;
		return false;
	}
	there.ss_sp = stack;
	return sigaltstack(&there, NULL) == 0;
}

void compile_guard_end_thread(void)
{
	stack_t none = {.ss_flags = SS_DISABLE};

	if (!stack)
		return;
	sigaltstack(&none, NULL);
	munmap(stack, STACK_SIZE);
	stack = NULL;
}

#include "study/host_steps.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void be_stepped(void (*work)(void *context, unsigned part), void *context, unsigned parts)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(errno);
	for (unsigned i = 0; i < parts; i++) {
		raise(SIGSTOP);
		work(context, i);
	}
	raise(SIGSTOP);
	_exit(0);
}

/* Up to the next SIGSTOP. Other signals are the work's own. */
static bool step(pid_t child, uint64_t *count, char *problem, size_t size)
{
	int status, deliver = 0;

	for (*count = 0; *count < HOST_STEPS_MAX; ++*count) {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(intptr_t)deliver) < 0 ||
		    waitpid(child, &status, 0) != child) {
			snprintf(problem, size, "ptrace: %s", strerror(errno));
			return false;
		}
		if (!WIFSTOPPED(status)) {
			snprintf(problem, size, "the child ended");
			return false;
		}
		deliver = WSTOPSIG(status);
		if (deliver == SIGSTOP)
			return true;
		if (deliver == SIGTRAP)
			deliver = 0;
	}
	snprintf(problem, size, "more than %u instructions", HOST_STEPS_MAX);
	return false;
}

bool host_steps_count(void (*work)(void *context, unsigned part), void *context, unsigned parts,
		      uint64_t *counts, char *problem, size_t size)
{
	pid_t child;
	bool good;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0)
		be_stepped(work, context, parts);
	if (child < 0 || waitpid(child, &status, 0) != child) {
		snprintf(problem, size, "no child: %s", strerror(errno));
		return false;
	}
	if (!WIFSTOPPED(status)) {
		snprintf(problem, size, "a child cannot be stepped: %s",
			 WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "it was killed");
		return false;
	}
	good = true;
	for (unsigned i = 0; good && i < parts; i++)
		good = step(child, &counts[i], problem, size);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return good;
}

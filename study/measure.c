#include "study/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "devices/lamebus/lamebus.h"
#include "runtime/core/digest.h"
#include "runtime/core/host_clock.h"

#define SAMPLE_NS  1009000 /* about a thousand a second, out of step with what happens every millisecond */
#define STEP_LEAST 20000u  /* cycles between two points of progress */
#define STEP_MOST  (1u << 26)
#define STEP_QUICK 0.0005 /* seconds: a shorter step makes the next one longer, */
#define STEP_SLOW  0.004  /* a longer one shorter */

const char *const spent_names[SPENT_KINDS] = {
    [SPENT_TRANSLATED] = "translated",
    [SPENT_HELPERS] = "helpers",
    [SPENT_INTERPRETING] = "interpret",
    [SPENT_COLD] = "cold",
    [SPENT_REST] = "rest",
    [SPENT_TRANSLATING] = "translating",
    [SPENT_DISPATCHING] = "dispatching",
    [SPENT_MACHINE] = "machine",
};
const char *const spent_titles[SPENT_KINDS] = {
    [SPENT_TRANSLATED] = "translated code",
    [SPENT_HELPERS] = "called by translated code",
    [SPENT_INTERPRETING] = "interpreter",
    [SPENT_COLD] = "interpreting cold code",
    [SPENT_REST] = "interpreting rests of slices",
    [SPENT_TRANSLATING] = "translating (first tier)",
    [SPENT_DISPATCHING] = "dispatcher",
    [SPENT_MACHINE] = "devices and run loop",
};

/* The one machine of the process, for its signal handler. */
static struct {
	struct measurement *result;
	const struct vm *vm;
	uint64_t counted; /* of the thread's CPU time, ns */
	volatile bool running;
} sampled;

/* Of the machine's thread: what waiting for a busy host takes is nobody's. */
static void on_sample(int number, siginfo_t *information, void *context)
{
	static const enum spent of_activity[JIT_ACTIVITIES] = {
	    [JIT_OUTSIDE] = SPENT_MACHINE,
	    [JIT_TRANSLATED] = SPENT_TRANSLATED,
	    [JIT_INTERPRETING] = SPENT_INTERPRETING,
	    [JIT_COLD] = SPENT_COLD,
	    [JIT_REST] = SPENT_REST,
	    [JIT_TRANSLATING] = SPENT_TRANSLATING,
	    [JIT_DISPATCHING] = SPENT_DISPATCHING,
	};
	const struct jit *jit = sampled.vm->jit;
	enum spent spent = SPENT_INTERPRETING;

	(void)number;
	(void)information;
	if (!sampled.running)
		return;
	if (jit)
		spent = of_activity[jit_activity(jit)];
#ifdef __x86_64__
	const void *pc = (const void *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	if (spent == SPENT_TRANSLATED && !jit_owns_code(jit, pc))
		spent = SPENT_HELPERS;
#else
	(void)context;
#endif
	if (!jit && !sampled.vm->current)
		spent = SPENT_MACHINE;
	uint64_t at = host_thread_ns();
	sampled.result->spent_ns[spent] += at - sampled.counted;
	sampled.counted = at;
}

static bool start_sampling(const struct vm *vm, struct measurement *result)
{
	struct sigaction action = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerspec period = {{0, SAMPLE_NS}, {0, SAMPLE_NS}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
	timer_t timer;

	sampled.result = result;
	sampled.vm = vm;
#ifdef sigev_notify_thread_id
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
#else
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
#endif
	sigemptyset(&action.sa_mask);
	return sigaction(SIGPROF, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
	       timer_settime(timer, 0, &period, NULL) == 0;
}

/* --- output of the guest and of the machine --- */

struct listener {
	struct measurement *result;
	bool figures; /* messages are the original's figures now */
};

static void console(void *context, uint8_t character)
{
	struct measurement *result = ((struct listener *)context)->result;

	result->console_digest = digest_number(result->console_digest, character);
	result->console_bytes++;
	if (character != '\n' && character != '\r')
		result->text_digest = digest_number(result->text_digest, character);
}

static void message(void *context, const char *text)
{
	struct listener *listener = context;
	char *figures = listener->result->figures;
	size_t length = strlen(figures);

	if (listener->figures)
		snprintf(figures + length, sizeof(listener->result->figures) - length, "%s\n", text);
}

/* --- the run, in the child --- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Which points are kept: one of `every`. */
struct pace {
	unsigned every, skipped;
};

static void note_progress(struct measurement *result, double seconds, uint64_t cycles, struct pace *pace)
{
	if (++pace->skipped < pace->every)
		return;
	pace->skipped = 0;
	if (result->progress_count ==
	    PROGRESS_MAX) { /* half of the points are enough so far, and from now on */
		for (unsigned i = 1; 2 * i < PROGRESS_MAX; i++)
			result->progress[i] = result->progress[2 * i];
		result->progress_count = PROGRESS_MAX / 2;
		pace->every *= 2;
	}
	result->progress[result->progress_count++] = (struct progress){seconds, cycles};
}

static uint64_t guest_cycles(const struct vm *vm)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < vm->cpu_count; i++)
		cycles += cpu_cycles_run(&vm->cpus[i]);
	return cycles;
}

static enum vm_state run(struct vm *vm, struct measurement *result, double start)
{
	uint64_t step = STEP_LEAST;
	struct pace pace = {.every = 1};
	double before = now();
	enum vm_state state;

	note_progress(result, before - start, 0, &pace);
	sampled.counted = host_thread_ns();
	sampled.running = true;
	do {
		state = vm_run(vm, vm->totals.executed + step);
		double after = now();

		if (state == VM_RUNNING)
			note_progress(result, after - start, guest_cycles(vm), &pace);
		if (after - before < STEP_QUICK && step < STEP_MOST)
			step *= 2;
		else if (after - before > STEP_SLOW && step > STEP_LEAST)
			step /= 2;
		before = after;
	} while (state == VM_RUNNING);
	sampled.running = false;
	pace.every = 1;
	note_progress(result, now() - start, guest_cycles(vm), &pace);
	return state;
}

static bool build(struct vm *vm, const struct guest *guest, struct error *error)
{
	if (guest->board)
		return vm_build_malta(vm, guest->board, error);
	if (!vm_configure(vm, guest->config, guest->overrides, guest->override_count, error) ||
	    !vm_load(vm, guest->kernel, guest->arguments, error))
		return false;
	bus_isolate_disks(vm->bus);
	return true;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run_child(const struct guest *guest, const struct technique *technique,
		      const struct measure_options *options, struct measurement *result)
{
	double start = now();
	struct listener listener = {.result = result};
	struct jit_options jit = options->jit;
	struct vm_options machine = {.engine = technique->kind->engine,
				     .timing = guest->timing,
				     .turns = guest->turns,
				     .max_ram = guest->max_ram,
				     .jit = &jit,
				     .output = {.context = &listener, .console = console, .message = message},
				     .start_time = guest->start_time,
				     .limit = guest->limit};
	struct error error;
	struct vm *vm;

	result->text_digest = DIGEST_START;
	jit.tiers = technique->kind->tiers;
	jit.sensitive = technique->sensitive;
	jit.backend_path = options->backend_path;
	jit.cache_directory = technique->kind->warm ? options->cache_directory : NULL;
	vm = vm_new(&machine, &error);
	if (!vm || !build(vm, guest, &error)) {
		snprintf(result->problem, sizeof(result->problem), "%.254s", error.text);
		return;
	}
	if (!start_sampling(vm, result)) {
		snprintf(result->problem, sizeof(result->problem), "no timer: %s", strerror(errno));
		return;
	}
	result->end = run(vm, result, start);
	result->seconds = now() - start;
	result->cpu_seconds = cpu_seconds();
	result->guest_cycles = guest_cycles(vm);
	result->translates = vm->jit;
	if (vm->jit)
		jit_statistics(vm->jit, &result->jit);
	if (machine.engine == ENGINE_INTERP)
		result->reference_cycles = vm_reference_cycles(vm);
	listener.figures = true;
	if (vm->bus)
		vm_shutdown_lines(vm);
	result->digest = vm_digest(vm);
	if (vm->jit && result->jit.backend_error[0])
		snprintf(result->problem, sizeof(result->problem), "no translation: %.230s",
			 result->jit.backend_error);
	else
		result->ok = true;
	if (options->fill && vm->jit) {
		jit_keep(vm->jit, &error);
		if (error.text[0]) {
			result->ok = false;
			snprintf(result->problem, sizeof(result->problem), "nothing kept: %.230s",
				 error.text);
		}
	}
}

bool measure(const struct guest *guest, const struct technique *technique,
	     const struct measure_options *options, struct measurement *result)
{
	struct measurement *shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t child;

	*result = (struct measurement){0};
	if (shared == MAP_FAILED) {
		snprintf(result->problem, sizeof(result->problem), "%s", strerror(errno));
		return false;
	}
	fflush(NULL);
	child = fork();
	if (child == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(options->timeout);
		run_child(guest, technique, options, shared);
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	*result = *shared;
	munmap(shared, sizeof(*shared));
	if (child < 0 || WIFSIGNALED(status)) {
		result->ok = false;
		if (child < 0)
			snprintf(result->problem, sizeof(result->problem), "no process: %s", strerror(errno));
		else if (WTERMSIG(status) == SIGALRM)
			snprintf(result->problem, sizeof(result->problem), "not done after %u s",
				 options->timeout);
		else
			snprintf(result->problem, sizeof(result->problem), "ended by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	}
	return result->ok;
}

/* Chooses the word for a machine that stopped. The rules are few and look only at what the guest did; each says what it saw.
 * What fits none is "limit", "quit" or "idle". */
#include "runtime/vm/classify_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_NS	1000000000
#define FEWEST_SAMPLES	32	  /* for statements about what a processor has been doing all the time */
#define STILL_NS	100000000 /* output in so short a time goes on */
#define LINE_SAMPLES	16	  /* for which a line that nobody takes must have been up */
#define POLL_RATE	5000	  /* cycles: as often a device that is polled is read */
#define BUSY_PER_CENT	10	  /* under this a machine counts as idle */
#define REPEATED_LINES	16	  /* of output */
#define DIFFERENT_LINES 3	  /* among them, digits aside, of output that goes round in circles */
#define LINE_SIZE	80
#define MAX_DIGITS	10 /* of a number; what is longer is a pattern */

/* From the latest sample that is old enough on; without one, from the oldest on. */
static struct window get_window(const struct vm *vm)
{
	unsigned count = history_samples(vm->history);
	struct window window = {.to = history_sample(vm->history, count - 1)};

	for (unsigned n = 1; n < count; n++)
		if (window.to->now - history_sample(vm->history, n)->now >= WINDOW_NS)
			window.first = n;
	window.samples = count - window.first;
	window.from = history_sample(vm->history, window.first);
	window.ms = (double)(window.to->now - window.from->now) / 1e6;
	return window;
}

static const struct sample *window_sample(const struct vm *vm, const struct window *window, unsigned k)
{
	return history_sample(vm->history, window->first + k);
}

bool classify_quiet(const struct window *window)
{
	const struct activity *a = &window->from->activity, *b = &window->to->activity;

	return window->ms >= FEWEST_MS && a->syscalls == b->syscalls && a->user_cycles == b->user_cycles &&
	       a->console_written == b->console_written && a->console_read == b->console_read &&
	       a->disk == b->disk && a->emufs == b->emufs && a->network == b->network;
}

static const struct cpu *some_running(const struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpu_count; i++)
		if (vm->cpus[i].run_state == CPU_RUNNING)
			return &vm->cpus[i];
	return NULL;
}

/* --- waiting --- */

static bool is_idle(const struct vm *vm, const struct window *window)
{
	uint64_t executed = window->to->executed - window->from->executed;
	double passed = window->ms * 1e6 / vm->ns_per_cycle;

	if (!vm->running)
		return true;
	return window->ms >= FEWEST_MS && (double)executed * 100 < passed * BUSY_PER_CENT;
}

/* An operation of a device is under way whose end will come. */
static bool find_pending(struct diagnosis *diagnosis, const struct vm *vm)
{
	for (uint32_t i = 0; vm->bus && i < vm->events.count; i++) {
		const struct event *event = &vm->events.events[i];
		const char *device, *what;

		bus_describe_event(vm->bus, event, &device, &what);
		if (strcmp(device, "timer") == 0 || strcmp(device, "host") == 0 ||
		    event->due >= EVENT_END_OF_TIME)
			continue;
		diagnosis_say(diagnosis, "slot %u (%s) is at work: %s, done in %.3f ms", event->device,
			      device, what, (double)(event->due - vm->events.now) / 1e6);
		return true;
	}
	return false;
}

static bool takes_line(const struct vm *vm, const struct bus_slot_info *info)
{
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];

		/* WAIT ends whatever Status says (System/161 reference, section 1.15). */
		if (info->enabled && (info->cpus >> i & 1) && cpu->run_state != CPU_DISABLED &&
		    (cpu->run_state == CPU_WAITING || status_takes_interrupts(cpu, cpu->status)))
			return true;
	}
	return false;
}

/* Slots whose line has been up for a while. */
static uint32_t long_raised(const struct vm *vm)
{
	unsigned count = history_samples(vm->history);
	uint32_t raised = count < LINE_SAMPLES ? 0 : UINT32_MAX;

	for (unsigned k = 0; k < LINE_SAMPLES && raised; k++)
		raised &= history_sample(vm->history, count - 1 - k)->raised;
	return raised;
}

/* A device has something to say and nobody hears it. */
static bool find_lost_interrupt(struct diagnosis *diagnosis, struct vm *vm)
{
	uint32_t raised = long_raised(vm);

	for (unsigned slot = 0; vm->bus && slot < LAMEBUS_SLOTS; slot++) {
		struct bus_slot_info info;

		if (!bus_describe_slot(vm->bus, slot, &info) || info.controller || !(raised >> slot & 1) ||
		    takes_line(vm, &info))
			continue;
		diagnosis_say(diagnosis,
			      "slot %u (%s) raises its interrupt line, and no processor gets it: %s", slot,
			      info.device,
			      !info.enabled ? "the bus controller's IRQE masks it"
			      : !info.cpus  ? "no processor's CIRQE lets it through"
					    : "interrupts are off");
		return true;
	}
	return false;
}

/* An interrupt is just being delivered. */
static bool find_interrupt(struct diagnosis *diagnosis, struct vm *vm)
{
	for (unsigned slot = 0; vm->bus && slot < LAMEBUS_SLOTS; slot++) {
		struct bus_slot_info info;

		if (!bus_describe_slot(vm->bus, slot, &info) || info.controller || !info.raised ||
		    !info.enabled || !info.cpus)
			continue;
		diagnosis_say(diagnosis, "an interrupt of slot %u (%s) is being delivered", slot,
			      info.device);
		return true;
	}
	return false;
}

static const char *const input_channels[] = {"console", "con", "tty", "keyboard", "serial", NULL};
static const char *const clock_channels[] = {"lbolt", "clock", "sleep", "timer", "alarm", NULL};

static bool channel_is(const struct thread *thread, const char *const *words)
{
	for (; *words; words++)
		if (strncmp(thread->channel, *words, strlen(*words)) == 0)
			return true;
	return false;
}

static bool somebody_types(struct diagnosis *diagnosis, const struct vm *vm)
{
	bool can_come = vm->class->has_live_input(vm);

	diagnosis_say(diagnosis, can_come ? "the keyboard is open"
					  : "no input can come: standard input has ended, or is not read");
	return true;
}

/* What the threads say. False: they say nothing. */
static bool judge_threads(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	const struct thread *reads = NULL, *times = NULL;
	unsigned sleeping = 0, ready = 0;

	for (unsigned i = 0; i < diagnosis->threads.count; i++) {
		const struct thread *thread = &diagnosis->threads.threads[i];

		ready += thread->ready;
		if (!thread->sleeps)
			continue;
		sleeping++;
		if (channel_is(thread, input_channels))
			reads = thread;
		if (channel_is(thread, clock_channels))
			times = thread;
	}
	if (sleeping == 0)
		return false;
	if (reads) {
		diagnosis_say(diagnosis, "thread \"%s\" waits on \"%s\"", reads->name, reads->channel);
		somebody_types(diagnosis, vm);
		return conclude(diagnosis, "waiting-for-input");
	}
	if (times) {
		diagnosis_say(diagnosis, "thread \"%s\" waits for the clock, on \"%s\"", times->name,
			      times->channel);
		return true;
	}
	if (ready) {
		diagnosis_say(diagnosis, "%u threads are ready, but no processor runs one", ready);
		return true;
	}
	if (diagnosis->end != END_IDLE && !classify_quiet(window)) {
		diagnosis_say(diagnosis, "all threads sleep, but have not done so for long");
		return true;
	}
	diagnosis_say(
	    diagnosis,
	    "all %u threads sleep on wait channels, none of them for input or the clock, and none is ready",
	    sleeping);
	return conclude(diagnosis, "deadlock");
}

static bool find_idle(struct diagnosis *diagnosis, struct vm *vm, const struct window *window)
{
	if (!is_idle(vm, window))
		return false;
	if (!vm->running)
		diagnosis_say(diagnosis, "every processor waits for an interrupt%s",
			      vm->events.count ? "" : ", and no device will raise one");
	else
		diagnosis_say(diagnosis, "processors executed only %" PRIu64 " cycles in the last %.3f s",
			      window->to->executed - window->from->executed, seconds(window));
	if (find_lost_interrupt(diagnosis, vm))
		return conclude(diagnosis, "stuck-device");
	if (find_pending(diagnosis, vm))
		return true;
	if (find_interrupt(diagnosis, vm))
		return true;
	if (judge_threads(diagnosis, vm, window))
		return true;
	if (vm->bus && bus_listens_for_input(vm->bus)) {
		diagnosis_say(diagnosis, "the console's read interrupt is on");
		somebody_types(diagnosis, vm);
		return conclude(diagnosis, "waiting-for-input");
	}
	if (vm->events.count)
		diagnosis_say(diagnosis, "only timers will wake it");
	return conclude(diagnosis, "idle");
}

/* --- running --- */

static bool find_interrupts_off(struct diagnosis *diagnosis, struct vm *vm, const struct window *window)
{
	/* A processor alone that polls its devices needs no interrupts. */
	if (window->samples < FEWEST_SAMPLES || (vm->cpu_count == 1 && !classify_quiet(window)))
		return false;
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		bool off = cpu->run_state == CPU_RUNNING && !status_takes_interrupts(cpu, cpu->status) &&
			   window->from->cpus[i].interrupts == window->to->cpus[i].interrupts;
		char place[160];

		for (unsigned k = 0; k < window->samples && off; k++) {
			const struct sample *sample = window_sample(vm, window, k);

			off = sample->cpus[i].running && !sample->cpus[i].user &&
			      !status_takes_interrupts(cpu, sample->cpus[i].status);
		}
		if (!off)
			continue;
		diagnosis_place(diagnosis->symbols, cpu->pc, place, sizeof(place));
		diagnosis_say(diagnosis,
			      "cpu%u has been executing kernel code with interrupts off for the last %.3f s, "
			      "without taking one; it is at "
			      "0x%08x %s",
			      i, seconds(window), cpu->pc, place);
		find_lost_interrupt(diagnosis, vm);
		return conclude(diagnosis, "interrupts-off");
	}
	return false;
}

static bool find_polling(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	uint64_t cycles = window->to->executed - window->from->executed, most = 0;
	unsigned polled = 0;
	struct bus_slot_info info;

	if (window->samples < FEWEST_SAMPLES || !classify_quiet(window))
		return false;
	for (unsigned slot = 0; slot < HISTORY_SLOTS; slot++) {
		uint64_t accesses =
		    window->to->activity.accesses[slot] - window->from->activity.accesses[slot];

		if (accesses > most && slot != LAMEBUS_CONTROLLER_SLOT) {
			most = accesses;
			polled = slot;
		}
	}
	if (most * POLL_RATE < cycles || !vm->bus || !bus_describe_slot(vm->bus, polled, &info))
		return false;
	diagnosis_say(diagnosis,
		      "the registers of slot %u (%s) were accessed %" PRIu64
		      " times in the last %.3f s, and nothing else happened: %s",
		      polled, info.device, most, seconds(window), info.registers);
	return conclude(diagnosis, "stuck-device");
}

static bool find_livelock(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	unsigned seen = 0;

	if (window->samples < FEWEST_SAMPLES || !classify_quiet(window) || !some_running(vm))
		return false;
	for (unsigned k = 0; k < window->samples; k++)
		for (unsigned i = 0; i < vm->cpu_count; i++)
			seen += window_sample(vm, window, k)->cpus[i].running;
	diagnosis_say(diagnosis,
		      "processors executed %" PRIu64
		      " cycles of kernel code in the last %.3f s, with %" PRIu64
		      " interrupts, and without a system call, user code, output or a device's transfer",
		      window->to->executed - window->from->executed, seconds(window),
		      window->to->activity.interrupts - window->from->activity.interrupts);
	return seen && conclude(diagnosis, "livelock");
}

/* A line of the latest output, numbers made equal. Returns where the line before it ends. */
static uint64_t line_before(const struct vm_history *history, uint64_t end, uint64_t oldest, char *line)
{
	unsigned length = 0, digits = 0;

	while (end > oldest && length < LINE_SIZE - 1) {
		char c = history->output[--end % HISTORY_OUTPUT];

		if (c == '\n')
			break;
		digits = c >= '0' && c <= '9' ? digits + 1 : 0;
		line[length++] = digits > 0 && digits <= MAX_DIGITS ? '#' : c;
	}
	line[length] = '\0';
	return end;
}

/* Whether there is output still. */
static bool prints(const struct vm *vm, const struct window *window)
{
	const struct sample *before = window->from;

	for (unsigned k = 1; k < window->samples; k++)
		if (window->to->now - window_sample(vm, window, k)->now >= STILL_NS)
			before = window_sample(vm, window, k);
	return window->ms >= FEWEST_MS &&
	       window->to->activity.console_written > before->activity.console_written;
}

static bool find_endless_output(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	const struct vm_history *history = vm->history;
	char lines[DIFFERENT_LINES][LINE_SIZE], line[LINE_SIZE];
	uint64_t written = window->to->activity.console_written - window->from->activity.console_written;
	uint64_t oldest = history->written > HISTORY_OUTPUT ? history->written - HISTORY_OUTPUT : 0,
		 at = history->written;
	unsigned different = 0, same = 0;

	if (!prints(vm, window))
		return false;
	at = line_before(history, at, oldest, line); /* perhaps unfinished */
	while (at > oldest && same < REPEATED_LINES) {
		unsigned known = 0;

		at = line_before(history, at, oldest, line);
		while (known < different && strcmp(lines[known], line) != 0)
			known++;
		if (known == DIFFERENT_LINES)
			return false;
		if (known == different)
			memcpy(lines[different++], line, sizeof(line));
		same++;
	}
	if (same < REPEATED_LINES)
		return false;
	diagnosis_say(
	    diagnosis,
	    "%" PRIu64
	    " characters of output in the last %.3f s, and the last %u lines are the same%s but for digits",
	    written, seconds(window), same, different > 1 ? " few" : "");
	return conclude(diagnosis, "endless-output");
}

/* Where the processors were seen. */
static void say_where(struct diagnosis *diagnosis, const struct vm *vm, const struct window *window)
{
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		unsigned user = 0, kernel = 0, best_count = 0;
		const char *best = NULL;

		for (unsigned k = 0; k < window->samples; k++) {
			const struct sample *sample = window_sample(vm, window, k);
			const char *name;
			unsigned count = 0;

			if (!sample->cpus[i].running)
				continue;
			*(sample->cpus[i].user ? &user : &kernel) += 1;
			if (sample->cpus[i].user ||
			    !(name = symbols_place(diagnosis->symbols, sample->cpus[i].pc).function))
				continue;
			for (unsigned n = 0; n <= k; n++) {
				const struct sample *other = window_sample(vm, window, n);

				count +=
				    other->cpus[i].running && !other->cpus[i].user &&
				    symbols_place(diagnosis->symbols, other->cpus[i].pc).function == name;
			}
			if (count > best_count) {
				best_count = count;
				best = name;
			}
		}
		if (user + kernel == 0)
			continue;
		diagnosis_say(diagnosis,
			      "cpu%u was looked at %u times in %.3f s: waiting %u, in user mode %u, in the "
			      "kernel %u%s%s",
			      i, window->samples, seconds(window), window->samples - user - kernel, user,
			      kernel, best ? ", most often in " : "", best ? best : "");
	}
}

static void analyse(struct diagnosis *diagnosis, struct vm *vm)
{
	struct window window = get_window(vm);

	if (vm_stuck_in_rom(vm)) {
		diagnosis_say(diagnosis,
			      "an exception went to the ROM, which waits for ever: Status.BEV is set");
		conclude(diagnosis, "unhandled-exception");
		return;
	}
	if (classify_faulting_handler(diagnosis, vm, &window))
		return;
	if (classify_lost_stack(diagnosis, vm)) {
		conclude(diagnosis, "stack-overflow");
		return;
	}
	if (classify_wild_jump(diagnosis, vm)) {
		conclude(diagnosis, "wild-jump");
		return;
	}
	if (find_endless_output(diagnosis, vm, &window) || find_idle(diagnosis, vm, &window) ||
	    find_interrupts_off(diagnosis, vm, &window) || find_polling(diagnosis, vm, &window) ||
	    find_livelock(diagnosis, vm, &window)) {
		say_where(diagnosis, vm, &window);
		return;
	}
	if (window.ms < FEWEST_MS)
		diagnosis_say(diagnosis, "the run was too short to tell whether it was getting anywhere");
	else if (window.from->activity.syscalls == window.to->activity.syscalls &&
		 window.from->activity.user_cycles != window.to->activity.user_cycles)
		diagnosis_say(
		    diagnosis,
		    "a user program has made no system call for the last %.3f s: it computes, or loops",
		    seconds(&window));
	say_where(diagnosis, vm, &window);
}

void diagnosis_classify(struct diagnosis *diagnosis, struct vm *vm)
{
	switch (diagnosis->end) {
	case END_POWER_OFF:
		if (!vm->run.stop_requested)
			break;
		conclude(diagnosis, "panic");
		diagnosis_say(diagnosis, "the kernel asked the trace card for a stop, which OS/161's panic "
					 "does, and then powered off");
		classify_wild_jump(diagnosis, vm);
		classify_lost_stack(diagnosis, vm);
		break;
	case END_HANG:
		diagnosis_say(diagnosis, "the machine stopped: %s", vm->hang_text);
		break;
	case END_IDLE:
	case END_LIMIT:
	case END_WATCHDOG:
	case END_QUIT:
		analyse(diagnosis, vm);
		break;
	case END_DOOM:
	case END_KILLED:
	case END_INTERRUPTED:
	case END_ENDS:
		break;
	}
}

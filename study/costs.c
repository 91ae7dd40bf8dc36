#include "study/costs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "runtime/core/digest.h"
#include "study/host_steps.h"

#define HOT	     200 /* executions that make a block hot enough for LLVM */
#define FIRST_CYCLES 4096
#define START_TIME   1 /* the same clock for all */
#define CODE_BYTES   (1u << 20)
#define STEPPED                                                                                              \
	60u /* cycles in the shorter of two pieces of work, at least: regions are entered for no less */
#define LONGER	    2	  /* times as many are in the other */
#define MOST_CYCLES 10000 /* of one iteration */

/* Two machines, without and with the operation. */
struct bench {
	struct vm *vm;
	uint64_t executed; /* cycles that it was asked for so far */
	uint64_t step;	   /* cycles of one measurement */
	struct jit_statistics before;
	uint64_t cycles_before;
	double operations, exceptions; /* since then */
};

/* One measurement, for one iteration of the loop. */
struct sample {
	double ns, instructions, exceptions;
	uint32_t iterations;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct cost_estimate cost_estimate(double *values, unsigned count)
{
	struct cost_estimate estimate;
	double tail = 1, term = 1; /* of the binomial distribution, as multiples of 2^-count */
	unsigned outside = 0;	   /* values left out at each end */
	double all = 1;

	qsort(values, count, sizeof(values[0]), by_value);
	estimate.median = count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
	for (unsigned i = 0; i < count; i++)
		all *= 2;
	while (outside + 1 < count / 2 &&
	       2 * (tail + term * (count - outside) / (outside + 1)) / all <= 0.05) {
		term = term * (count - outside) / (outside + 1);
		tail += term;
		outside++;
	}
	estimate.low = values[outside];
	estimate.high = values[count - 1 - outside];
	return estimate;
}

/* --- machines --- */

static void console(void *context, uint8_t character)
{
	(void)context;
	(void)character;
}

static void message(void *context, const char *text)
{
	snprintf(context, sizeof(((struct cost *)NULL)->problem), "%s", text);
}

static bool load(struct vm *vm, enum cost_machine machine, int program, struct error *error)
{
	char path[40], config[40] = "/proc/self/fd/";
	struct malta_options board = {.kernel = path,
				      .command_line = "",
				      .cpu = COST_MALTA_CPU,
				      .ram_size = COST_MALTA_RAM,
				      .endian = MALTA_BIG};
	int fd;
	bool good;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
	if (machine == COST_MALTA)
		return vm_build_malta(vm, &board, error);
	fd = memfd_create("jit161-costs-conf", MFD_CLOEXEC);
	snprintf(config, sizeof(config), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, cost_configuration, strlen(cost_configuration)) !=
			  (ssize_t)strlen(cost_configuration)) {
		if (fd >= 0)
			close(fd);
		return error_set(error, "no memory file for the configuration");
	}
	good = vm_configure(vm, config, NULL, 0, error) && vm_load(vm, path, "", error);
	close(fd);
	return good;
}

struct vm *cost_vm(enum cost_machine machine, const struct cost_operation *operation, bool with,
		   const struct vm_options *options, struct error *error)
{
	int program = cost_program(machine, operation, with, error);
	struct vm *vm = program < 0 ? NULL : vm_new(options, error);

	if (vm && !load(vm, machine, program, error)) {
		vm_free(vm);
		vm = NULL;
	}
	if (program >= 0)
		close(program);
	return vm;
}

static struct vm *make(enum cost_machine machine, const struct cost_operation *operation, bool with,
		       const struct technique *technique, const struct cost_options *options,
		       struct cost *cost)
{
	struct jit_options jit = jit_default_options();
	struct vm_options vm_options = {
	    .engine = technique->kind->engine,
	    .timing = TIMING_IDEAL,
	    .jit = &jit,
	    .output = {.context = cost->problem, .console = console, .message = message},
	    .start_time = START_TIME};
	struct error error = {.text = ""};
	struct vm *vm;

	jit.tiers = technique->kind->tiers;
	jit.sensitive = technique->sensitive;
	jit.backend_path = options->backend_path;
	jit.threads = 0;
	jit.threshold = HOT;
	jit.code_bytes = CODE_BYTES;
	vm = cost_vm(machine, operation, with, &vm_options, &error);
	if (!vm)
		snprintf(cost->problem, sizeof(cost->problem), "%.250s", error.text);
	return vm;
}

/* --- measurements --- */

static double thread_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static bool advance(struct bench *bench, uint64_t cycles)
{
	bench->executed += cycles;
	return vm_run(bench->vm, bench->executed) == VM_RUNNING;
}

static uint64_t raised(const struct cpu *cpu)
{
	return cpu->exceptions + cpu->interrupts;
}

static bool measure(struct bench *bench, const struct cost_options *options, struct sample *sample)
{
	const struct cpu *cpu = &bench->vm->cpus[0];
	uint32_t iterations = cost_iterations(cpu);
	uint64_t exceptions = raised(cpu), instructions = host_counter_read(options->counter);
	double start = thread_ns();
	bool good = advance(bench, bench->step);

	sample->ns = thread_ns() - start;
	sample->instructions = (double)(host_counter_read(options->counter) - instructions);
	sample->iterations = cost_iterations(cpu) - iterations;
	if (!good || sample->iterations == 0)
		return false;
	sample->exceptions = (double)(raised(cpu) - exceptions) / sample->iterations;
	sample->instructions /= sample->iterations;
	sample->ns /= sample->iterations;
	return true;
}

/* Finds how many cycles take the time that a measurement shall take. */
static bool calibrate(struct bench *bench, const struct cost_options *options)
{
	struct sample sample;

	for (bench->step = FIRST_CYCLES;; bench->step *= 2) {
		if (!measure(bench, options, &sample))
			return false;
		if (sample.ns * sample.iterations >= options->seconds * 1e9 / 2)
			break;
	}
	bench->step =
	    (uint64_t)((double)bench->step * options->seconds * 1e9 / sample.ns / sample.iterations);
	if (bench->step < FIRST_CYCLES)
		bench->step = FIRST_CYCLES;
	return true;
}

static bool warm_up(struct bench *bench, uint64_t *state)
{
	struct vm_digest digest;

	if (!advance(bench, COST_WARM_CYCLES))
		return false;
	digest = vm_digest(bench->vm);
	*state = digest_number(DIGEST_START, digest.processors);
	*state = digest_number(*state, digest.memory);
	*state = digest_number(*state, digest.devices);
	*state = digest_number(*state, digest.clock);
	if (bench->vm->jit)
		jit_settle(bench->vm->jit);
	return true;
}

static uint64_t all_exits(const struct jit_statistics *statistics)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < sizeof(statistics->exits) / sizeof(statistics->exits[0]); i++)
		all += statistics->exits[i];
	return all;
}

static void note_engine(const struct bench *bench, struct cost *cost)
{
	struct jit_statistics after;
	double operations = bench->operations;

	if (!bench->vm->jit || operations == 0)
		return;
	jit_statistics(bench->vm->jit, &after);
	cost->translated = (double)(after.translated_cycles - bench->before.translated_cycles) /
			   (double)(bench->executed - bench->cycles_before);
	cost->exits = (double)(all_exits(&after) - all_exits(&bench->before)) / operations;
	cost->host_traps = (double)(after.host_traps - bench->before.host_traps) / operations;
	if (after.backend_error[0]) {
		cost->ok = false;
		snprintf(cost->problem, sizeof(cost->problem), "no translation: %.230s", after.backend_error);
	}
}

static bool run(struct bench benches[2], const struct cost_operation *operation,
		const struct cost_options *options, struct cost *cost)
{
	double ns[COST_ROUNDS_MAX], instructions[COST_ROUNDS_MAX];

	for (unsigned i = 0; i < 2; i++)
		if (!warm_up(&benches[i], &cost->state[i]) || !calibrate(&benches[i], options))
			return false;
	if (benches[1].vm->jit)
		jit_statistics(benches[1].vm->jit, &benches[1].before);
	benches[1].cycles_before = benches[1].executed;
	for (unsigned round = 0; round < options->rounds; round++) {
		struct sample samples[2];
		double times = operation->per_iteration;

		for (unsigned i = 0; i < 2; i++) {
			unsigned which = (round + i) % 2;

			if (!measure(&benches[which], options, &samples[which]))
				return false;
		}
		if (operation->by_exceptions)
			times = samples[1].exceptions;
		ns[round] = (samples[1].ns - samples[0].ns) / times;
		instructions[round] = (samples[1].instructions - samples[0].instructions) / times;
		for (unsigned i = 0; i < 2; i++) {
			benches[i].operations += (double)operation->per_iteration * samples[i].iterations;
			benches[i].exceptions += samples[i].exceptions * samples[i].iterations;
		}
	}
	for (unsigned i = 0; i < 2; i++)
		cost->exceptions[i] = benches[i].exceptions / benches[i].operations;
	cost->ns = cost_estimate(ns, options->rounds);
	cost->instructions = cost_estimate(instructions, options->rounds);
	return true;
}

/* --- instructions by single steps --- */

/* What the child is to do, and did. Shared with it. */
struct stepping {
	struct bench *bench;
	uint64_t cycles; /* of the shorter piece of work */
	uint32_t iterations[2];
	double exceptions[2];
};

static void run_iterations(void *context, unsigned part)
{
	struct stepping *stepping = context;
	const struct cpu *cpu = &stepping->bench->vm->cpus[0];
	uint32_t iterations = cost_iterations(cpu);
	uint64_t exceptions = raised(cpu);

	advance(stepping->bench, stepping->cycles * (part ? LONGER : 1));
	stepping->iterations[part] = cost_iterations(cpu) - iterations;
	stepping->exceptions[part] = (double)(raised(cpu) - exceptions);
}

/* To where an iteration has just been counted; how many cycles that took. */
static uint64_t to_next_iteration(struct bench *bench)
{
	const struct cpu *cpu = &bench->vm->cpus[0];
	uint32_t before = cost_iterations(cpu);
	uint64_t cycles = 0;

	do
		cycles++;
	while (advance(bench, 1) && cost_iterations(cpu) == before && cycles < MOST_CYCLES);
	return cycles;
}

/* Of one iteration. The difference of two pieces of work that begin and end at the same place of the loop: what calling, the start
 * and the end of a slice take is in both. */
static bool step_one(struct bench *bench, double *instructions, double *exceptions, struct cost *cost)
{
	struct stepping *stepping =
	    mmap(NULL, sizeof(*stepping), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t counts[2], cycles;
	bool good;

	if (stepping == MAP_FAILED)
		abort();
	to_next_iteration(bench);
	cycles = to_next_iteration(bench);
	*stepping = (struct stepping){.bench = bench, .cycles = (STEPPED / cycles + 1) * cycles};
	good =
	    host_steps_count(run_iterations, stepping, 2, counts, cost->uncounted, sizeof(cost->uncounted));
	if (good) {
		double iterations = (double)stepping->iterations[1] - stepping->iterations[0];

		*instructions = ((double)counts[1] - (double)counts[0]) / iterations;
		*exceptions = (stepping->exceptions[1] - stepping->exceptions[0]) / iterations;
		good = iterations > 0;
		if (!good)
			snprintf(cost->uncounted, sizeof(cost->uncounted), "its loop does not come round");
	}
	munmap(stepping, sizeof(*stepping));
	return good;
}

/* The machines are not of use afterwards: parts of them are shared with the child. */
static void count_steps(struct bench benches[2], const struct cost_operation *operation, struct cost *cost)
{
	double instructions[2], exceptions[2], times = operation->per_iteration;

	for (unsigned i = 0; i < 2; i++)
		if (!step_one(&benches[i], &instructions[i], &exceptions[i], cost))
			return;
	if (operation->by_exceptions)
		times = exceptions[1];
	cost->instructions.median = (instructions[1] - instructions[0]) / times;
	cost->instructions.low = cost->instructions.high = cost->instructions.median;
}

void cost_measure(enum cost_machine machine, const struct cost_operation *operation,
		  const struct technique *technique, const struct cost_options *options, struct cost *cost)
{
	struct bench benches[2] = {{.vm = NULL}, {.vm = NULL}};

	*cost = (struct cost){.ok = false};
	for (unsigned i = 0; i < 2; i++)
		benches[i].vm = make(machine, operation, i, technique, options, cost);
	if (benches[0].vm && benches[1].vm) {
		cost->ok = run(benches, operation, options, cost);
		if (cost->ok) {
			note_engine(&benches[1], cost);
			if (options->steps)
				count_steps(benches, operation, cost);
		} else if (!cost->problem[0])
			snprintf(cost->problem, sizeof(cost->problem), "the program stopped");
	}
	for (unsigned i = 0; i < 2; i++)
		if (benches[i].vm)
			vm_free(benches[i].vm);
}

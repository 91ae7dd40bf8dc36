#include "cli/control.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/live_service.h"
#include "cli/live_wire.h"
#include "devices/host/meter_socket.h"
#include "jit/jit.h"
#include "jit/llvm/backend.h"
#include "runtime/core/host_clock.h"
#include "runtime/vm/symbols.h"

#define FUNCTIONS	512 /* more are counted as one */
#define SHOWN		64  /* the most that a client is told of */
#define STEP_LEAST	20000u
#define STEP_MOST	(1u << 24)
#define STEP_NS		1000000u   /* host time between two publications, about */
#define PATIENCE_MS	50	   /* until the thread looks whether it shall end */
#define MAX_SAMPLES	(1u << 16) /* addresses */
#define NAME_OF_USER	"[user]"
#define NAME_OF_UNKNOWN "[unknown]"
#define NAME_OF_REST	"[others]"

struct function {
	const char *name; /* NULL: free */
	uint32_t start;
	uint64_t samples;
};

/* What there is to say; all since the start. */
struct figures {
	uint64_t wall_ns, virtual_ns, executed, cpu_us, reference_cycles, interrupts, exceptions, samples;
	bool translates;
	struct jit_statistics jit;
	struct function functions[FUNCTIONS + 1];
};

struct control {
	struct meter_socket *socket;
	struct symbols *symbols;
	bool connected[METER_CLIENTS];
	pthread_t thread;
	bool started;
	atomic_bool ends;
	uint64_t start, next; /* host time, ns; executed cycles */
	uint32_t step;
	struct address_counts samples; /* the machine's thread's */
	struct live_service *live;     /* NULL: the machine translates nothing */
	pthread_mutex_t lock;	       /* for what follows */
	struct figures figures;
};

/* --- the machine's thread --- */

static void count_function(struct figures *figures, const char *name, uint32_t start)
{
	unsigned at = start / 4 * 0x9E3779B1u >> 23; /* 9 bits: FUNCTIONS */

	for (unsigned tries = 0; tries < FUNCTIONS; tries++, at = (at + 1) % FUNCTIONS) {
		struct function *function = &figures->functions[at];

		if (function->name && (function->start != start || function->name != name))
			continue;
		*function = (struct function){name, start, function->samples + 1};
		return;
	}
	figures->functions[FUNCTIONS] =
	    (struct function){NAME_OF_REST, 0, figures->functions[FUNCTIONS].samples + 1};
}

static void sample(struct control *control, const struct cpu *cpu)
{
	struct figures *figures = &control->figures;
	struct place place;

	if (cpu->run_state != CPU_RUNNING)
		return;
	figures->samples++;
	if (cpu->pc >> 31 == 0) {
		count_function(figures, NAME_OF_USER, 0);
		return;
	}
	place = symbols_function(control->symbols, cpu->pc);
	if (place.function)
		count_function(figures, place.function, place.start);
	else
		count_function(figures, NAME_OF_UNKNOWN, 0);
}

static void publish(struct control *control, const struct vm *vm)
{
	struct figures *figures = &control->figures;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	pthread_mutex_lock(&control->lock);
	figures->wall_ns = host_ns() - control->start;
	figures->virtual_ns = vm->run.base;
	figures->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			  (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	figures->executed = figures->interrupts = figures->exceptions = 0;
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];

		figures->executed += cpu_cycles_run(cpu);
		figures->interrupts += cpu->interrupts;
		figures->exceptions += cpu->exceptions;
		sample(control, cpu);
	}
	figures->executed -= vm->still.cycles; /* nobody executed them */
	address_counts_sample(&control->samples, vm);
	figures->reference_cycles = figures->executed;
	if (vm->options.engine == ENGINE_INTERP)
		figures->reference_cycles = vm_reference_cycles(vm);
	figures->translates = vm->jit;
	if (vm->jit) {
		jit_statistics(vm->jit, &figures->jit);
		figures->reference_cycles = figures->executed - figures->jit.translated_cycles;
	}
	pthread_mutex_unlock(&control->lock);
}

enum vm_state control_run(struct control *control, struct vm *vm)
{
	enum vm_state state;

	do {
		uint64_t before = host_ns(), took;

		if (vm->totals.executed >= control->next)
			control->next = vm->totals.executed + control->step;
		state = vm_run(vm, control->next);
		publish(control, vm);
		took = host_ns() - before;
		if (took < STEP_NS / 2 && control->step < STEP_MOST)
			control->step *= 2;
		else if (took > STEP_NS * 2 && control->step > STEP_LEAST)
			control->step /= 2;
	} while (state == VM_RUNNING);
	return state;
}

/* --- the socket's thread --- */

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value); /* cJSON's own numbers are doubles */
	cJSON_AddRawToObject(object, name, text);
}

static int by_samples(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return (x->samples < y->samples) - (x->samples > y->samples);
}

static void add_jit(cJSON *object, const struct jit_statistics *jit)
{
	cJSON *exits = cJSON_AddObjectToObject(object, "exits");
	cJSON *times = cJSON_AddObjectToObject(object, "exit_ns");

	for (unsigned i = 0; i < EXIT_REASON_COUNT; i++) {
		add_number(exits, jit_exit_names[i], jit->exits[i]);
		add_number(times, jit_exit_names[i], jit->exit_ns[i]);
	}
	add_number(object, "translated_cycles", jit->translated_cycles);
	add_number(object, "host_traps", jit->host_traps);
	add_number(object, "compile_ns", jit->compile_ns);
	add_number(object, "code_bytes", jit->taken_bytes);
}

static char *status_line(struct control *control)
{
	struct figures *figures = malloc(sizeof(*figures));
	cJSON *object = cJSON_CreateObject(), *functions;
	char *text;

	if (!figures)
		abort();
	pthread_mutex_lock(&control->lock);
	*figures = control->figures;
	pthread_mutex_unlock(&control->lock);
	add_number(object, "wall_ns", figures->wall_ns);
	add_number(object, "virtual_ns", figures->virtual_ns);
	add_number(object, "cpu_us", figures->cpu_us);
	add_number(object, "executed_cycles", figures->executed);
	add_number(object, "reference_cycles", figures->reference_cycles);
	add_number(object, "interrupts", figures->interrupts);
	add_number(object, "exceptions", figures->exceptions);
	if (figures->translates)
		add_jit(object, &figures->jit);
	add_number(object, "samples", figures->samples);
	functions = cJSON_AddObjectToObject(object, "functions");
	qsort(figures->functions, FUNCTIONS + 1, sizeof(figures->functions[0]), by_samples);
	for (unsigned i = 0; i < SHOWN && figures->functions[i].samples; i++)
		add_number(functions, figures->functions[i].name, figures->functions[i].samples);
	text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	free(figures);
	if (!text)
		abort();
	return text;
}

/* False: the client has left. */
static bool answer(struct control *control, int client)
{
	char line[METER_LINE], *text;

	for (;;) {
		if (control->live && live_service_busy(control->live, client))
			return true;
		switch (meter_socket_read(control->socket, client, line)) {
		case METER_LINE_READ:
			if (control->live && strcmp(line, LIVE_QUESTION) == 0) {
				live_service_ask(control->live, client);
				break;
			}
			text = strcmp(line, "status") == 0 ? status_line(control)
			       : strcmp(line, LIVE_QUESTION) == 0
				   ? strdup("{\"error\":\"the machine translates nothing\"}")
				   : strdup("{\"error\":\"unknown command\"}");
			meter_socket_write(control->socket, client, text);
			free(text);
			break;
		case METER_OVERFLOW:
			meter_socket_write(control->socket, client, "{\"error\":\"line too long\"}");
			break;
		case METER_GONE:
			return false;
		case METER_NOTHING:
			return true;
		}
	}
}

/* Waits until there is something to do, but not for long. */
static void wait_for_clients(const struct control *control)
{
	struct host_wait wait = {.count = 0};
	struct pollfd files[HOST_WAIT_FILES];

	meter_socket_add_waits(control->socket, &wait);
	if (control->live)
		host_wait_add(&wait, live_service_descriptor(control->live));
	for (unsigned i = 0; i < wait.count; i++)
		files[i] = (struct pollfd){.fd = wait.files[i], .events = POLLIN};
	for (int client = 0; control->live && client < METER_CLIENTS; client++) {
		int descriptor = meter_socket_descriptor(control->socket, client);

		if (!control->connected[client] || !live_service_busy(control->live, client))
			continue;
		for (unsigned i = 0; i < wait.count; i++) {
			if (files[i].fd != descriptor)
				continue;
			if (live_service_sends(control->live, client))
				files[i].events = POLLOUT;
			else
				files[i].fd = -1; /* not even that it hangs up is of interest */
		}
	}
	poll(files, wait.count, PATIENCE_MS);
}

static void *serve(void *context)
{
	struct control *control = context;

	while (!atomic_load(&control->ends)) {
		int client;

		wait_for_clients(control);
		while ((client = meter_socket_accept(control->socket)) >= 0)
			control->connected[client] = true;
		for (client = 0; client < METER_CLIENTS; client++)
			if (control->connected[client])
				control->connected[client] = answer(control, client);
		if (control->live)
			live_service_work(control->live, control->socket);
	}
	return NULL;
}

struct control *control_open(const char *path, struct error *error)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		abort();
	control->socket = meter_socket_open(path, error);
	if (!control->socket) {
		free(control);
		error_set(error, "Cannot listen at %s: %s", path, strerror(errno));
		error_hint(error, "Give --control a path in a folder that can be written.");
		return NULL;
	}
	pthread_mutex_init(&control->lock, NULL);
	control->step = STEP_LEAST;
	control->samples.most = MAX_SAMPLES;
	return control;
}

void control_attach(struct control *control, struct vm *vm, struct console_input *console)
{
	control->live = live_service_new(vm, console, &control->samples);
}

void control_start(struct control *control, int kernel, const char *path, const char *reader)
{
	sigset_t all, before;

	if (control->live)
		live_service_kernel(control->live, kernel, path);

	control->symbols = symbols_open(reader, kernel);
	control->start = host_ns();
	sigfillset(&all); /* signals are the machine's thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	control->started = pthread_create(&control->thread, NULL, serve, control) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void control_close(struct control *control)
{
	if (!control)
		return;
	atomic_store(&control->ends, true);
	if (control->started)
		pthread_join(control->thread, NULL);
	if (control->symbols)
		symbols_close(control->symbols);
	live_service_free(control->live);
	address_counts_free(&control->samples);
	meter_socket_close(control->socket);
	pthread_mutex_destroy(&control->lock);
	free(control);
}

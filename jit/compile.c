/* Compile threads: a queue of pending regions, a list of finished ones, and the back end, which is loaded by
 * the first thread that needs it. Threads see a region's copied bytes only; guest memory, TLB and cache are
 * not theirs.
 *
 * The guest needs none of this. If there can be no thread, no back end or no memory, or the compiler fails, whatever way, the
 * compiler is *broken*: nothing more is asked of it, and the guest goes on with the code that there is. A compilation that
 * does not end holds up nothing but those behind it; at the end of the machine its thread is left alone, with what it uses. */
#include "jit/compile_guard.h"
#include "jit/jit_internal.h"
#include "jit/llvm/disassembler.h"
#include "jit/schedule.h"
#include "runtime/core/host_clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MAX_THREADS 8
#define MAX_MODULE  64
#define PATIENCE_MS 5000u /* that the end of a run waits for compile threads at most */
#define NICE_STEP   5	  /* of compile threads above the machine's: on a busy host the guest comes first */

struct compiler {
	const struct jit *jit;		   /* options, memory sizes and the CPU model: constant */
	struct compile_schedule *schedule; /* NULL: none */
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	pthread_t threads[MAX_THREADS];
	unsigned thread_count;
	unsigned alive; /* of these, those that have not come to their end */
	struct region *queue;
	struct region *done;
	atomic_bool some_done;
	unsigned busy;	  /* threads that are compiling */
	unsigned waiting; /* threads that wait for work */
	bool stop, pause; /* nothing more is taken off the queue */
	bool open;	  /* the machine waits for threads: no schedule holds them */
	bool late;	  /* it has waited in vain */

	pthread_mutex_t loading;
	const struct backend_interface *interface;
	struct backend *backend;
	struct backend_thread *own_thread; /* of the machine's thread */
	atomic_bool broken;
	atomic_bool crashed; /* the back end may not be called any more */
	atomic_bool other;   /* the back end is not the one that kept regions are from */
	char reason[256];
	atomic_uint_fast64_t compile_ns, code_bytes, failed;
};

static void fail(struct compiler *compiler, const char *reason)
{
	pthread_mutex_lock(&compiler->lock);
	if (!compiler->reason[0])
		snprintf(compiler->reason, sizeof(compiler->reason), "%.*s",
			 (int)sizeof(compiler->reason) - 1, reason);
	pthread_mutex_unlock(&compiler->lock);
	atomic_store(&compiler->broken, true);
}

/* Loads the shared object and makes the back end. Once, by whichever thread comes first; the machine's does not wait. */
static void load_backend(struct compiler *compiler)
{
	const struct backend_interface *(*get)(void);
	struct backend_options options = {.ram_size = compiler->jit->ram_size,
					  .code_map_offset = compiler->jit->code_map_offset};
	struct error error;
	struct build_id id;

	if (compiler->interface || atomic_load(&compiler->broken))
		return;
	void *object = dlopen(compiler->jit->options.backend_path, RTLD_NOW | RTLD_LOCAL);
	*(void **)&get = object ? dlsym(object, BACKEND_SYMBOL) : NULL;
	if (!get) {
		fail(compiler, dlerror());
		return;
	}
	if (get()->version != BACKEND_VERSION || get()->cpu_size != sizeof(struct cpu)) {
		error_set(&error, "%s is of another version", compiler->jit->options.backend_path);
		fail(compiler, error.text);
		return;
	}
	compiler->backend = get()->create(&options, &error);
	if (!compiler->backend) {
		fail(compiler, error.text);
		return;
	}
	if (!build_id_of_code((const void *)get, &id) ||
	    memcmp(&id, &compiler->jit->kept_backend, sizeof(id)) != 0)
		atomic_store(&compiler->other, true);
	compiler->interface = get();
}

static struct backend_thread *start_backend(struct compiler *compiler)
{
	struct backend_thread *thread;
	struct error error;

	pthread_mutex_lock(&compiler->loading);
	load_backend(compiler);
	pthread_mutex_unlock(&compiler->loading);
	if (atomic_load(&compiler->broken))
		return NULL;
	thread = compiler->interface->thread_create(compiler->backend, &error);
	if (!thread)
		fail(compiler, error.text);
	return thread;
}

static void finish(struct compiler *compiler, struct region *region, struct backend_region *result,
		   struct error *error)
{
	region->image = result->image;
	region->instructions_lifted = 0;
	for (unsigned i = 0; i < region->ir.count; i++)
		region->instructions_lifted += region->ir.blocks[i].guest_count;
	region->blocks_lifted = region->ir.count;
	region_find_entries(region, result->entries);
	region->compiled = compiler_place(compiler->jit, region);
	if (!region->compiled) {
		error_set(error, "the memory for translated code is full");
		atomic_fetch_add(&compiler->failed, 1);
		return;
	}
	atomic_fetch_add(&compiler->code_bytes, region->image.code_size);
}

/* Where a schedule may hold a compile thread. */
static void reach(struct compiler *compiler, enum compile_step step)
{
	if (compiler->schedule && compiler->jit->options.threads > 0)
		compiler->schedule->reach(compiler->schedule->context, step);
}

/* Lifts and compiles regions as one module; sets `compiled` in those that succeeded. */
static void compile_module(struct compiler *compiler, struct backend_thread *thread, struct region **regions,
			   unsigned count, struct backend_text *text, struct error *error)
{
	struct backend_region requests[MAX_MODULE];
	struct region *lifted[MAX_MODULE];
	unsigned lifted_count = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!compiler_lift(compiler->jit, regions[i], true))
			continue;
		if (!ir_verify(&regions[i]->ir, error)) {
			fail(compiler,
			     error->text); /* a bug in the lifter or a pass: better no code than wrong code */
			continue;
		}
		region_find_slot_targets(regions[i]);
		requests[lifted_count] = (struct backend_region){
		    .ir = &regions[i]->ir, .entries = calloc(regions[i]->ir.count, sizeof(uint32_t))};
		if (!requests[lifted_count].entries)
			abort();
		lifted[lifted_count++] = regions[i];
	}
	if (lifted_count == 0) {
		error_set(error, "nothing there can be translated");
		return;
	}
	bool ok = compiler->interface->compile(thread, requests, lifted_count, text, error);
	reach(compiler, COMPILE_STEP_PLACE);
	for (unsigned i = 0; i < lifted_count; i++) {
		if (ok)
			finish(compiler, lifted[i], &requests[i], error);
		free(requests[i].entries);
	}
	if (!ok)
		atomic_fetch_add(&compiler->failed, lifted_count);
}

/* Takes up to a module's worth of regions off the queue, the most wanted first: their heads are still being counted
 * while they wait. */
static unsigned take(struct compiler *compiler, struct region **regions)
{
	unsigned count = 0;

	while (compiler->queue && !compiler->pause && count < compiler->jit->options.regions_per_module &&
	       count < MAX_MODULE) {
		struct region **wanted = &compiler->queue;

		for (struct region **at = &(*wanted)->next_job; *at; at = &(*at)->next_job)
			if (heat_of((*at)->head) > heat_of((*wanted)->head))
				wanted = at;
		regions[count++] = *wanted;
		*wanted = (*wanted)->next_job;
	}
	return count;
}

static void give_back(struct compiler *compiler, struct region **regions, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		regions[i]->next_job = compiler->done;
		compiler->done = regions[i];
	}
	atomic_store_explicit(&compiler->some_done, true, memory_order_release);
}

/* What one call of the back end is about. */
struct job {
	struct compiler *compiler;
	struct backend_thread **thread; /* made if it is NULL */
	struct region **regions;
	unsigned count;
};

static void do_job(void *argument)
{
	struct job *job = argument;
	struct error error = {0};

	if (!*job->thread && !atomic_load(&job->compiler->broken))
		*job->thread = start_backend(job->compiler);
	if (*job->thread && !atomic_load(&job->compiler->broken))
		compile_module(job->compiler, *job->thread, job->regions, job->count, NULL, &error);
}

/* Compiles what can be compiled, whatever happens. */
static void compile(struct compiler *compiler, struct backend_thread **thread, struct region **regions,
		    unsigned count)
{
	struct job job = {compiler, thread, regions, count};
	uint64_t before = host_thread_ns();
	char reason[128];

	if (!compile_guard_call(do_job, &job, reason, sizeof(reason))) {
		atomic_store(&compiler->crashed, true);
		fail(compiler, reason);
		*thread = NULL;
		for (unsigned i = 0; i < count; i++) {
			if (regions[i]->compiled)
				continue;
			ir_region_init(&regions[i]->ir, regions[i]->mode); /* half made, perhaps */
			atomic_fetch_add(&compiler->failed, 1);
		}
	}
	atomic_fetch_add(&compiler->compile_ns, host_thread_ns() - before);
}

static void begin_thread(void)
{
	sigset_t all;

	/* Signals are for the machine's thread: they end its waits. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	compile_guard_begin_thread();
	/* Linux does this to the calling thread alone. */
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE_STEP);
}

static void *thread_main(void *argument)
{
	struct compiler *compiler = argument;
	struct backend_thread *thread = NULL;
	struct region *regions[MAX_MODULE];

	begin_thread();
	reach(compiler, COMPILE_STEP_TAKE);
	pthread_mutex_lock(&compiler->lock);
	while (!compiler->stop) {
		unsigned count = take(compiler, regions);

		if (count == 0 && (!compiler->schedule || compiler->open)) {
			compiler->waiting++;
			pthread_cond_signal(&compiler->idle);
			pthread_cond_wait(&compiler->work, &compiler->lock);
			compiler->waiting--;
			continue;
		}
		compiler->busy += count > 0;
		pthread_mutex_unlock(&compiler->lock);

		if (count > 0) {
			reach(compiler, COMPILE_STEP_COMPILE);
			compile(compiler, &thread, regions, count);
			reach(compiler, COMPILE_STEP_GIVE);
			pthread_mutex_lock(&compiler->lock);
			give_back(compiler, regions, count);
			compiler->busy--;
			pthread_cond_signal(&compiler->idle);
			pthread_mutex_unlock(&compiler->lock);
		}
		reach(compiler, COMPILE_STEP_TAKE);
		pthread_mutex_lock(&compiler->lock);
	}
	pthread_mutex_unlock(&compiler->lock);
	if (thread && !atomic_load(&compiler->crashed))
		compiler->interface->thread_destroy(thread);
	compile_guard_end_thread();
	pthread_mutex_lock(&compiler->lock);
	compiler->alive--;
	pthread_cond_signal(&compiler->idle);
	pthread_mutex_unlock(&compiler->lock);
	return NULL;
}

struct compiler *compiler_new(struct jit *jit)
{
	struct compiler *compiler = calloc(1, sizeof(*compiler));

	if (!compiler)
		abort();
	compiler->jit = jit;
	compiler->schedule = jit->options.schedule;
	pthread_mutex_init(&compiler->lock, NULL);
	pthread_mutex_init(&compiler->loading, NULL);
	pthread_cond_init(&compiler->work, NULL);
	pthread_cond_init(&compiler->idle, NULL);
	return compiler;
}

/* The machine waits for compile threads, or no more. With the lock. */
static void set_open(struct compiler *compiler, bool open)
{
	compiler->open = open;
	if (!compiler->schedule)
		return;
	compiler->schedule->open(compiler->schedule->context, open);
	pthread_cond_broadcast(&compiler->work); /* threads that find nothing come to their step again */
}

/* How long the end of a run waits at most, in ns. */
static uint64_t patience(const struct compiler *compiler)
{
	return (compiler->schedule && compiler->schedule->patience_ms ? compiler->schedule->patience_ms
								      : PATIENCE_MS) *
	       UINT64_C(1000000);
}

static struct timespec after(uint64_t ns)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec += (long)(ns % 1000000000);
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	return until;
}

/* Ends the threads. False: one does not come to its end. */
static bool end_threads(struct compiler *compiler)
{
	struct timespec until = after(patience(compiler));

	pthread_mutex_lock(&compiler->lock);
	compiler->stop = true;
	set_open(compiler, true);
	pthread_cond_broadcast(&compiler->work);
	while (compiler->alive && !compiler->late)
		compiler->late = pthread_cond_timedwait(&compiler->idle, &compiler->lock, &until) != 0;
	bool ended = compiler->alive == 0;
	pthread_mutex_unlock(&compiler->lock);
	for (unsigned i = 0; i < compiler->thread_count; i++) {
		if (ended)
			pthread_join(compiler->threads[i], NULL);
		else
			pthread_detach(compiler->threads[i]);
	}
	return ended;
}

bool compiler_free(struct compiler *compiler)
{
	if (!compiler)
		return true;
	if (!end_threads(compiler))
		return false;
	if (!atomic_load(&compiler->crashed)) {
		if (compiler->own_thread)
			compiler->interface->thread_destroy(compiler->own_thread);
		if (compiler->backend)
			compiler->interface->destroy(compiler->backend);
	}
	pthread_mutex_destroy(&compiler->lock);
	pthread_mutex_destroy(&compiler->loading);
	pthread_cond_destroy(&compiler->work);
	pthread_cond_destroy(&compiler->idle);
	free(compiler);
	return true;
}

/* Another thread, if all have work. With the lock. */
static void start_thread(struct compiler *compiler)
{
	if (compiler->waiting > 0 || compiler->thread_count >= compiler->jit->options.threads ||
	    compiler->thread_count >= MAX_THREADS)
		return;
	int problem = pthread_create(&compiler->threads[compiler->thread_count], NULL, thread_main, compiler);

	if (problem == 0) {
		compiler->thread_count++;
		compiler->alive++;
	} else if (compiler->thread_count == 0) {
		snprintf(compiler->reason, sizeof(compiler->reason), "cannot start a compile thread: %s",
			 strerror(problem));
		atomic_store(&compiler->broken, true);
	}
}

void compiler_submit(struct compiler *compiler, struct region *region)
{
	region->next_job = NULL;
	if (compiler->jit->options.threads == 0) {
		compile(compiler, &compiler->own_thread, &region, 1);
		give_back(compiler, &region, 1);
		return;
	}
	pthread_mutex_lock(&compiler->lock);
	start_thread(compiler);
	if (compiler->thread_count > 0) {
		region->next_job = compiler->queue;
		compiler->queue = region;
		pthread_cond_signal(&compiler->work);
	} else {
		give_back(compiler, &region, 1);
	}
	pthread_mutex_unlock(&compiler->lock);
}

void compiler_cancel(struct compiler *compiler)
{
	pthread_mutex_lock(&compiler->lock);
	while (compiler->queue) {
		struct region *region = compiler->queue;

		compiler->queue = region->next_job;
		give_back(compiler, &region, 1);
	}
	pthread_mutex_unlock(&compiler->lock);
}

struct region *compiler_collect(struct compiler *compiler)
{
	struct compile_schedule *schedule = compiler->schedule;

	if (schedule && !schedule->collect(schedule->context, compiler->thread_count))
		return NULL;
	if (!atomic_load_explicit(&compiler->some_done, memory_order_acquire))
		return NULL;
	pthread_mutex_lock(&compiler->lock);
	struct region *done = compiler->done;
	compiler->done = NULL;
	atomic_store(&compiler->some_done, false);
	pthread_mutex_unlock(&compiler->lock);
	return done;
}

void compiler_wait(struct compiler *compiler)
{
	pthread_mutex_lock(&compiler->lock);
	set_open(compiler, true);
	while ((compiler->queue || compiler->busy) && compiler->thread_count)
		pthread_cond_wait(&compiler->idle, &compiler->lock);
	set_open(compiler, false);
	pthread_mutex_unlock(&compiler->lock);
}

void compiler_finish(struct compiler *compiler, uint64_t ns)
{
	bool whole = ns >= patience(compiler), in_time = !compiler->late;
	struct timespec until = after(whole ? patience(compiler) : ns);

	pthread_mutex_lock(&compiler->lock);
	compiler->pause = true;
	set_open(compiler, true);
	while (compiler->busy && in_time)
		in_time = pthread_cond_timedwait(&compiler->idle, &compiler->lock, &until) == 0;
	compiler->late |= whole && !in_time;
	set_open(compiler, false);
	compiler->pause = false;
	pthread_cond_broadcast(&compiler->work);
	pthread_mutex_unlock(&compiler->lock);
}

bool compiler_broken(const struct compiler *compiler)
{
	return atomic_load(&compiler->broken);
}

bool compiler_matches(const struct compiler *compiler)
{
	return !atomic_load(&compiler->other);
}

uint64_t compiler_spent_ns(const struct compiler *compiler)
{
	return atomic_load_explicit(&compiler->compile_ns, memory_order_relaxed);
}

void compiler_statistics(struct compiler *compiler, struct jit_statistics *statistics)
{
	statistics->compile_ns = atomic_load(&compiler->compile_ns);
	statistics->code_bytes = atomic_load(&compiler->code_bytes);
	statistics->failed = atomic_load(&compiler->failed);
	pthread_mutex_lock(&compiler->lock);
	memcpy(statistics->backend_error, compiler->reason, sizeof(statistics->backend_error));
	pthread_mutex_unlock(&compiler->lock);
}

bool compiler_compile_now(struct compiler *compiler, struct region *region, struct backend_text *text,
			  struct error *error)
{
	if (!compiler->own_thread && !atomic_load(&compiler->broken))
		compiler->own_thread = start_backend(compiler);
	if (!compiler->own_thread || atomic_load(&compiler->broken))
		return error_set(error, "%s", compiler->reason);
	compile_module(compiler, compiler->own_thread, &region, 1, text, error);
	return region->compiled;
}

host_disassembler *compiler_disassembler(const struct compiler *compiler, struct error *error)
{
	host_disassembler *disassemble;
	void *object = dlopen(compiler->jit->options.backend_path, RTLD_NOW | RTLD_LOCAL);

	*(void **)&disassemble = object ? dlsym(object, DISASSEMBLER_SYMBOL) : NULL;
	if (!disassemble)
		error_set(error, "There is no disassembler: %s", dlerror());
	return disassemble;
}

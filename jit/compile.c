/* Compile threads: a queue of pending regions, a list of finished ones, and the back end, which is loaded by
 * the first thread that needs it. Threads see a region's copied bytes only; guest memory, TLB and cache are
 * not theirs. */
#include "frontend/lift.h"
#include "jit/jit_internal.h"
#include "jit/llvm/disassembler.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_THREADS    8
#define MAX_MODULE     64
#define FINISH_SECONDS 5 /* that the end of a run waits for a compile thread at most */

struct compiler {
	const struct jit *jit; /* options, memory sizes and the CPU model: constant */
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	pthread_t threads[MAX_THREADS];
	unsigned thread_count;
	struct region *queue;
	struct region *done;
	atomic_bool some_done;
	unsigned busy;	  /* threads that are compiling */
	unsigned waiting; /* threads that wait for work */
	bool stop, pause; /* nothing more is taken off the queue */

	pthread_once_t loaded;
	const struct backend_interface *interface;
	struct backend *backend;
	struct backend_thread *own_thread; /* of the machine's thread */
	atomic_bool broken;
	atomic_bool other; /* the back end is not the one that kept regions are from */
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

/* Loads the shared object and makes the back end. Once, by whichever thread comes first. */
static void load_backend(struct compiler *compiler)
{
	const struct backend_interface *(*get)(void);
	struct backend_options options = {.ram_size = compiler->jit->memory->ram_size,
					  .code_map_offset = compiler->jit->memory->code_map_offset};
	struct error error;

	pthread_mutex_lock(&compiler->lock);
	bool needed = !compiler->interface && !atomic_load(&compiler->broken);
	if (needed) {
		void *object = dlopen(compiler->jit->options.backend_path, RTLD_NOW | RTLD_LOCAL);

		*(void **)&get = object ? dlsym(object, BACKEND_SYMBOL) : NULL;
		if (!get) {
			snprintf(compiler->reason, sizeof(compiler->reason), "%s", dlerror());
			atomic_store(&compiler->broken, true);
		} else if (get()->version != BACKEND_VERSION) {
			snprintf(compiler->reason, sizeof(compiler->reason), "%s is of another version",
				 compiler->jit->options.backend_path);
			atomic_store(&compiler->broken, true);
		} else {
			compiler->backend = get()->create(&options, &error);
			if (!compiler->backend) {
				snprintf(compiler->reason, sizeof(compiler->reason), "%.*s",
					 (int)sizeof(compiler->reason) - 1, error.text);
				atomic_store(&compiler->broken, true);
			}
			compiler->interface = get();
			struct build_id id;
			if (!build_id_of_code((const void *)get, &id) ||
			    memcmp(&id, &compiler->jit->kept_backend, sizeof(id)) != 0 ||
			    !get()->llvm_as_built())
				atomic_store(&compiler->other, true);
		}
	}
	pthread_mutex_unlock(&compiler->lock);
}

static struct backend_thread *start_backend(struct compiler *compiler)
{
	struct backend_thread *thread;
	struct error error;

	load_backend(compiler);
	if (atomic_load(&compiler->broken))
		return NULL;
	thread = compiler->interface->thread_create(compiler->backend, &error);
	if (!thread)
		fail(compiler, error.text);
	return thread;
}

bool compiler_lift(const struct jit *jit, struct region *region, bool optimise)
{
	struct lift_options options = {.sensitive_inline = jit->options.sensitive == SENSITIVE_INLINE,
				       .ram_size = jit->memory->ram_size};

	ir_region_init(&region->ir, region->mode);
	for (unsigned i = 0; i < region->block_count; i++) {
		const struct scanned_block *block = &region->blocks[i];
		uint32_t words[BLOCK_INSTRUCTIONS + 1];

		/* Only the bytes that are watched. */
		options.max_instructions = block->words;
		for (unsigned k = 0; k < block->words; k++)
			words[k] =
			    memory_word_order(region->content[block->content + k], region->mode.big_endian);
		bool last_page = (block->pa & PAGE_MASK) + PAGE_SIZE >= jit->memory->ram_size;
		if (!lift_block(&region->ir, &jit->cpus[0].model->lift, &options, block->va, block->pa, words,
				block->words, last_page))
			continue;
		region->ir.blocks[region->ir.count - 1].entry = block->entry;
	}
	if (region->ir.count == 0)
		return false;
	/* The head may be one that cannot be translated; what remains must be reachable. */
	bool any = false;
	for (unsigned i = 0; i < region->ir.count; i++)
		any |= region->ir.blocks[i].entry;
	if (!any)
		region->ir.blocks[0].entry = true;
	if (optimise)
		ir_optimise(&region->ir, jit->options.skipped_passes);
	return true;
}

static void find_slot_targets(struct region *region)
{
	free(region->slot_targets);
	region->slot_targets = malloc(region->slot_count * sizeof(uint32_t));
	if (!region->slot_targets)
		abort();
	for (uint32_t i = 0; i < region->slot_count; i++)
		region->slot_targets[i] = NO_TARGET;
	for (unsigned i = 0; i < region->ir.count; i++) {
		const struct ir_block *block = &region->ir.blocks[i];
		const struct ir_insn *end = &block->insns[block->count - 1];

		if (end->op == IR_JUMP || end->op == IR_BRANCH)
			region->slot_targets[2 * i] = end->targets[0];
		if (end->op == IR_BRANCH)
			region->slot_targets[2 * i + 1] = end->targets[1];
	}
}

/* Keeps the blocks that can be entered. */
static void find_entries(struct region *region, const uint32_t *offsets)
{
	free(region->entries);
	free(region->image_entries);
	region->entries = malloc(region->ir.count * sizeof(*region->entries));
	region->image_entries = malloc(region->ir.count * sizeof(*region->image_entries));
	region->entry_count = 0;
	if (!region->entries || !region->image_entries)
		abort();
	for (unsigned i = 0; i < region->ir.count; i++) {
		if (offsets[i] == NO_ENTRY)
			continue;
		region->image_entries[region->entry_count] = offsets[i];
		region->entries[region->entry_count++] =
		    (struct region_entry){region->ir.blocks[i].va, region->ir.blocks[i].pa, NULL};
	}
}

bool compiler_place(const struct jit *jit, struct region *region)
{
	struct code_object *object = calloc(1, sizeof(*object));
	struct code_memory *memory = (struct code_memory *)&jit->code; /* locked by itself */

	if (!object)
		abort();
	struct image_places places = {jit->common.thunk_table, jit->slots, region->first_slot};
	uint8_t *code = code_image_install(&region->image, memory, &places, &object->run);
	if (!code) {
		free(object);
		return false;
	}
	object->bytes = region->image.code_size;
	object->due = true;
	region->object = object;
	for (unsigned i = 0; i < region->entry_count; i++)
		region->entries[i].code = code_memory_executable(memory, code + region->image_entries[i]);
	return true;
}

static void finish(struct compiler *compiler, struct region *region, struct backend_region *result,
		   struct error *error)
{
	region->image = result->image;
	region->instructions_lifted = 0;
	for (unsigned i = 0; i < region->ir.count; i++)
		region->instructions_lifted += region->ir.blocks[i].guest_count;
	region->blocks_lifted = region->ir.count;
	find_entries(region, result->entries);
	region->compiled = compiler_place(compiler->jit, region);
	if (!region->compiled) {
		error_set(error, "the memory for translated code is full");
		atomic_fetch_add(&compiler->failed, 1);
		return;
	}
	atomic_fetch_add(&compiler->code_bytes, region->image.code_size);
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
		find_slot_targets(regions[i]);
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
	for (unsigned i = 0; i < lifted_count; i++) {
		if (ok)
			finish(compiler, lifted[i], &requests[i], error);
		free(requests[i].entries);
	}
	if (!ok)
		atomic_fetch_add(&compiler->failed, lifted_count);
}

static uint64_t thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
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

static void *thread_main(void *argument)
{
	struct compiler *compiler = argument;
	struct backend_thread *thread = NULL;
	struct region *regions[MAX_MODULE];
	struct error error = {0};
	sigset_t all;

	/* Signals are for the machine's thread: they end its waits. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_mutex_lock(&compiler->lock);
	while (!compiler->stop) {
		unsigned count = take(compiler, regions);

		if (count == 0) {
			compiler->waiting++;
			pthread_cond_signal(&compiler->idle);
			pthread_cond_wait(&compiler->work, &compiler->lock);
			compiler->waiting--;
			continue;
		}
		compiler->busy++;
		pthread_mutex_unlock(&compiler->lock);

		uint64_t before = thread_ns();
		if (!thread)
			thread = start_backend(compiler);
		if (thread)
			compile_module(compiler, thread, regions, count, NULL, &error);
		atomic_fetch_add(&compiler->compile_ns, thread_ns() - before);

		pthread_mutex_lock(&compiler->lock);
		give_back(compiler, regions, count);
		compiler->busy--;
		pthread_cond_signal(&compiler->idle);
	}
	pthread_mutex_unlock(&compiler->lock);
	if (thread)
		compiler->interface->thread_destroy(thread);
	return NULL;
}

struct compiler *compiler_new(struct jit *jit)
{
	struct compiler *compiler = calloc(1, sizeof(*compiler));

	if (!compiler)
		abort();
	compiler->jit = jit;
	pthread_mutex_init(&compiler->lock, NULL);
	pthread_cond_init(&compiler->work, NULL);
	pthread_cond_init(&compiler->idle, NULL);
	return compiler;
}

void compiler_free(struct compiler *compiler)
{
	if (!compiler)
		return;
	pthread_mutex_lock(&compiler->lock);
	compiler->stop = true;
	pthread_cond_broadcast(&compiler->work);
	pthread_mutex_unlock(&compiler->lock);
	for (unsigned i = 0; i < compiler->thread_count; i++)
		pthread_join(compiler->threads[i], NULL);
	if (compiler->own_thread)
		compiler->interface->thread_destroy(compiler->own_thread);
	if (compiler->backend)
		compiler->interface->destroy(compiler->backend);
	pthread_mutex_destroy(&compiler->lock);
	pthread_cond_destroy(&compiler->work);
	pthread_cond_destroy(&compiler->idle);
	free(compiler);
}

/* On the machine's own thread. */
static bool own_thread(struct compiler *compiler)
{
	if (!compiler->own_thread && !atomic_load(&compiler->broken))
		compiler->own_thread = start_backend(compiler);
	return compiler->own_thread != NULL;
}

void compiler_submit(struct compiler *compiler, struct region *region)
{
	struct error error;

	region->next_job = NULL;
	if (compiler->jit->options.threads == 0) {
		uint64_t before = thread_ns();

		if (own_thread(compiler))
			compile_module(compiler, compiler->own_thread, &region, 1, NULL, &error);
		atomic_fetch_add(&compiler->compile_ns, thread_ns() - before);
		give_back(compiler, &region, 1);
		return;
	}
	pthread_mutex_lock(&compiler->lock);
	region->next_job = compiler->queue;
	compiler->queue = region;
	if (compiler->waiting == 0 && compiler->thread_count < compiler->jit->options.threads &&
	    compiler->thread_count < MAX_THREADS) {
		int problem =
		    pthread_create(&compiler->threads[compiler->thread_count], NULL, thread_main, compiler);

		if (problem == 0) {
			compiler->thread_count++;
		} else if (compiler->thread_count == 0) {
			snprintf(compiler->reason, sizeof(compiler->reason),
				 "cannot start a compile thread: %s", strerror(problem));
			atomic_store(&compiler->broken, true);
		}
	}
	pthread_cond_signal(&compiler->work);
	pthread_mutex_unlock(&compiler->lock);
}

struct region *compiler_collect(struct compiler *compiler)
{
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
	while ((compiler->queue || compiler->busy) && compiler->thread_count)
		pthread_cond_wait(&compiler->idle, &compiler->lock);
	pthread_mutex_unlock(&compiler->lock);
}

void compiler_finish(struct compiler *compiler)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FINISH_SECONDS;
	pthread_mutex_lock(&compiler->lock);
	compiler->pause = true;
	while (compiler->busy && pthread_cond_timedwait(&compiler->idle, &compiler->lock, &until) == 0)
		;
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
	if (!own_thread(compiler))
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

#include "failing_backend.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jit/llvm/backend.h"
#include "runtime/cpu/cpu.h"

extern struct failing_backend jit161_failing_backend;
__attribute__((visibility("default"))) struct failing_backend jit161_failing_backend;

static const struct backend_interface *real(void)
{
	const struct backend_interface *(*get)(void);
	void *object = dlopen(BACKEND_PATH, RTLD_NOW | RTLD_LOCAL);

	*(void **)&get = object ? dlsym(object, BACKEND_SYMBOL) : NULL;
	return get();
}

static bool is(enum failure failure)
{
	return atomic_load(&jit161_failing_backend.failure) == (int)failure;
}

static struct backend *create(const struct backend_options *options, struct error *error)
{
	if (is(FAILS_CREATE)) {
		error_set(error, "no back end today");
		return NULL;
	}
	return real()->create(options, error);
}

static struct backend_thread *thread_create(struct backend *backend, struct error *error)
{
	if (is(FAILS_THREAD)) {
		error_set(error, "no thread today");
		return NULL;
	}
	return real()->thread_create(backend, error);
}

/* Uses up the stack. */
static unsigned descend(const volatile unsigned char *above, unsigned deep)
{
	volatile unsigned char frame[4096];

	frame[0] = above ? above[0] : 0;
	return deep ? descend(frame, deep - 1) + frame[0] : 0;
}

static void go_wrong(void)
{
	if (is(FAILS_BY_ABORT))
		abort();
	if (is(FAILS_BY_FAULT)) /* not at NULL, which sanitizers look for */
		*(volatile int *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
	if (is(FAILS_BY_DIVISION))
		raise(SIGFPE);
	if (is(FAILS_BY_STACK))
		descend(NULL, UINT32_MAX);
	while (is(FAILS_TO_END))
		usleep(10000);
}

static bool compile(struct backend_thread *thread, struct backend_region *regions, unsigned count,
		    struct backend_text *text, struct error *error)
{
	if (atomic_fetch_add(&jit161_failing_backend.begun, 1) + 1 >=
	    atomic_load(&jit161_failing_backend.at)) {
		if (is(FAILS_WITH_ERROR))
			return error_set(error, "no code today");
		go_wrong();
	}
	return real()->compile(thread, regions, count, text, error);
}

static void destroy(struct backend *backend)
{
	real()->destroy(backend);
}

static void thread_destroy(struct backend_thread *thread)
{
	real()->thread_destroy(thread);
}

#define INTERFACE(its_version, its_size)                                                                     \
	{                                                                                                    \
		.version = (its_version), .cpu_size = (its_size), .create = create, .destroy = destroy,      \
		.thread_create = thread_create, .thread_destroy = thread_destroy, .compile = compile         \
	}

__attribute__((visibility("default"))) const struct backend_interface *jit161_backend(void)
{
	static const struct backend_interface good = INTERFACE(BACKEND_VERSION, sizeof(struct cpu)),
					      other_version =
						  INTERFACE(BACKEND_VERSION + 1, sizeof(struct cpu)),
					      other_layout =
						  INTERFACE(BACKEND_VERSION, sizeof(struct cpu) + 8);

	return is(FAILS_VERSION) ? &other_version : is(FAILS_LAYOUT) ? &other_layout : &good;
}

#include "tests/differential/difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/differential/original.h"
#include "tests/differential/shrink.h"

static bool kernel_differs(const struct pair *pair, const struct kernel *kernel, char *where, size_t size)
{
	struct outcome base, other;
	int program;

	differ_run(pair->base, pair->number, kernel, NULL, &base, NULL);
	differ_run(pair->engine, pair->number, kernel, &base, &other, NULL);
	bool same = outcome_same(&other, &base, where, size, &program);
	// The original's simulator is no measure for what does not end.
	if (!pair->engine && base.end != END_OFF)
		same = true;
	outcome_free(&base);
	outcome_free(&other);
	return !same;
}

static bool program_differs(void *context, const struct program *program)
{
	const struct pair *pair = context;
	struct program copy = *program;
	struct kernel kernel = differ_alone(pair->whole, &copy);
	char where[512];

	return kernel_differs(pair, &kernel, where, sizeof(where));
}

static void save(const struct settings *settings, const struct pair *pair, const struct program *program,
		 unsigned index)
{
	char path[4096];
	FILE *file;

	mkdir(settings->keep, 0777);
	snprintf(path, sizeof(path), "%s/seed%llu-program%u-%s.program", settings->keep,
		 (unsigned long long)pair->number, index, differ_engine_name(pair->engine));
	file = fopen(path, "w");
	if (!file) {
		printf("  %s: %s\n", path, strerror(errno));
		return;
	}
	kernel_write_text(pair->whole, program, file);
	fclose(file);
	printf("  shortened to %s\n", path);
}

// Finds the shortest run of programs up to the guilty one that still differs.
static void find_company(const struct pair *pair, const struct kernel *kernel, unsigned index, unsigned first)
{
	for (unsigned back = 1; back <= index; back *= 2) {
		unsigned from = back < index ? index - back : 0;
		struct kernel part = kernel_part(kernel, from, index - from + 1);
		char where[512];

		if (back == index || kernel_differs(pair, &part, where, sizeof(where))) {
			printf("  only after others: generate --only=%u,%u %llu %u\n", first + from,
			       first + index, (unsigned long long)pair->number, kernel->count);
			return;
		}
	}
	printf("  only in the whole kernel\n");
}

// Whether the last program of a kernel differs only since the original has written register 0. Tracing is slow, so the
// program alone and with few others come first. A program may depend on those behind it in memory: the whole kernel
// tells, but only if nothing ran after this one.
static bool register_0_written(const struct pair *pair, const struct kernel *kernel)
{
	for (unsigned running = 1; running < kernel->running; running *= 16) {
		struct kernel part = kernel_part(kernel, kernel->running - running, running);

		if (original_wrote_register_0(&part))
			return true;
	}
	return original_wrote_register_0(kernel) ||
	       (pair->ended_there && original_wrote_register_0(pair->whole));
}

bool difference_explain(const struct settings *settings, const struct pair *pair, const struct kernel *kernel,
			unsigned first, int index, const char *where)
{
	struct program program;
	struct kernel part = *kernel;

	if (index < 0 || index >= (int)kernel->running)
		index = (int)kernel->running - 1;
	part.running = (unsigned)index + 1;
	if (!pair->engine && register_0_written(pair, &part)) {
		printf("kernel %llu: the original has written register 0 in program %u\n",
		       (unsigned long long)pair->number, first + (unsigned)index);
		return false;
	}
	printf("kernel %llu, program %u, %s: %s\n", (unsigned long long)pair->number, first + (unsigned)index,
	       differ_engine_name(pair->engine), where);
	fflush(stdout);
	if (settings->as_is)
		return true;
	program = kernel->programs[index];
	if (program_differs((void *)(uintptr_t)pair, &program)) {
		program_shrink(&program, kernel->target->cpu, program_differs, (void *)(uintptr_t)pair);
		save(settings, pair, &program, first + (unsigned)index);
	} else {
		find_company(pair, kernel, (unsigned)index, first);
	}
	fflush(stdout);
	return true;
}

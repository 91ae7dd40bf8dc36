#include "cli/progress.h"

#include <stdlib.h>
#include <time.h>

#define SAMPLES	   512
#define FIRST_NS   2000000u /* host time between two samples; doubled when there is no room for more */
#define STEP_LEAST 20000u   /* cycles between two looks at the clock */
#define STEP_MOST  (1u << 24)

struct progress {
	uint64_t start, distance; /* host time, ns */
	uint32_t step;
	unsigned count;
	struct {
		uint64_t ns, cycles;
	} samples[SAMPLES];
};

static uint64_t host_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct progress *progress_new(void)
{
	struct progress *progress = calloc(1, sizeof(*progress));

	if (!progress)
		abort();
	progress->start = host_ns();
	progress->distance = FIRST_NS;
	progress->step = STEP_LEAST;
	return progress;
}

void progress_free(struct progress *progress)
{
	free(progress);
}

/* Leaves every second sample out. */
static void thin_out(struct progress *progress)
{
	for (unsigned i = 0; i < SAMPLES / 2; i++)
		progress->samples[i] = progress->samples[2 * i + 1];
	progress->count = SAMPLES / 2;
	progress->distance *= 2;
}

static void look(struct progress *progress, uint64_t cycles, bool last)
{
	uint64_t now = host_ns() - progress->start;
	uint64_t before = progress->count ? progress->samples[progress->count - 1].ns : 0;

	if (!last && now - before < progress->distance)
		return;
	if (progress->count == SAMPLES)
		thin_out(progress);
	progress->samples[progress->count].ns = now;
	progress->samples[progress->count++].cycles = cycles;
}

enum vm_state progress_run(struct progress *progress, struct vm *vm)
{
	enum vm_state state;

	do {
		uint64_t before = host_ns(), took;

		state = vm_run(vm, vm->totals.executed + progress->step);
		look(progress, vm->totals.executed, state != VM_RUNNING);
		took = host_ns() - before;
		if (took < progress->distance / 4 && progress->step < STEP_MOST)
			progress->step *= 2;
		else if (took > progress->distance && progress->step > STEP_LEAST)
			progress->step /= 2;
	} while (state == VM_RUNNING);
	return state;
}

cJSON *progress_json(const struct progress *progress)
{
	cJSON *samples = cJSON_CreateArray();

	for (unsigned i = 0; i < progress->count; i++) {
		const double pair[] = {(double)progress->samples[i].ns / 1e9,
				       (double)progress->samples[i].cycles};

		cJSON_AddItemToArray(samples, cJSON_CreateDoubleArray(pair, 2));
	}
	return samples;
}

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
		uint64_t ns, cycles, cpu_ns;
	} samples[SAMPLES];
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct progress *progress_new(void)
{
	struct progress *progress = calloc(1, sizeof(*progress));

	if (!progress)
		abort();
	progress->start = read_clock(CLOCK_MONOTONIC);
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
	uint64_t now = read_clock(CLOCK_MONOTONIC) - progress->start;
	uint64_t before = progress->count ? progress->samples[progress->count - 1].ns : 0;

	if (!last && now - before < progress->distance)
		return;
	if (progress->count == SAMPLES)
		thin_out(progress);
	progress->samples[progress->count].ns = now;
	progress->samples[progress->count].cpu_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
	progress->samples[progress->count++].cycles = cycles;
}

enum vm_state progress_run(struct progress *progress, struct vm *vm)
{
	enum vm_state state;

	do {
		uint64_t before = read_clock(CLOCK_MONOTONIC), took;

		state = vm_run(vm, vm->totals.executed + progress->step);
		look(progress, vm->totals.executed, state != VM_RUNNING);
		took = read_clock(CLOCK_MONOTONIC) - before;
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
		const double sample[] = {(double)progress->samples[i].ns / 1e9,
					 (double)progress->samples[i].cycles,
					 (double)progress->samples[i].cpu_ns / 1e9};

		cJSON_AddItemToArray(samples, cJSON_CreateDoubleArray(sample, 3));
	}
	return samples;
}

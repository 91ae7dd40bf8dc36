#include "cli/progress.h"
#include "runtime/core/host_clock.h"

#include <stdlib.h>

/* The run is stopped at cycles that do not depend on the host, or neither would the exits from translated code. */
#define SAMPLES	   512
#define FIRST_STEP (1u << 20) /* cycles between two samples; doubled when there is no room for more */

struct progress {
	uint64_t start; /* host time, ns */
	uint64_t step;
	unsigned count;
	struct {
		uint64_t ns, cycles, cpu_ns;
	} samples[SAMPLES];
};

struct progress *progress_new(void)
{
	struct progress *progress = calloc(1, sizeof(*progress));

	if (!progress)
		abort();
	progress->start = host_ns();
	progress->step = FIRST_STEP;
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
	progress->step *= 2;
}

static void look(struct progress *progress, uint64_t cycles)
{
	if (progress->count == SAMPLES)
		thin_out(progress);
	progress->samples[progress->count].ns = host_ns() - progress->start;
	progress->samples[progress->count].cpu_ns = host_thread_ns();
	progress->samples[progress->count++].cycles = cycles;
}

enum vm_state progress_run(struct progress *progress, struct vm *vm)
{
	enum vm_state state;

	do {
		state = vm_run(vm, vm->totals.executed + progress->step);
		look(progress, vm->totals.executed);
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

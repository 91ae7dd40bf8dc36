/* The kernel's profile: samples of processor 0 and counts of calls, as gmon.out (System/161 reference, section
 * 5.10). What is counted is no part of the machine's state: a replica counts nothing, but has the same
 * events and switch. */
#include "runtime/vm/vm_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS      1000000
#define SAMPLE_RATE    1000 /* a second */
#define BIN_BYTES      16   /* of code */
#define GMON_VERSION   1
#define GMON_HISTOGRAM 0
#define GMON_ARC       1
#define GMON_HEADER    20 /* bytes, of which the last are 0 */
#define GMON_NAME      15

struct arc {
	struct arc *next; /* made before this one, from the same bin */
	uint32_t from, to, count;
};

struct bin {
	uint16_t samples;
	struct arc *arcs;
};

struct profile {
	uint32_t low, high; /* addresses; `high` lies beyond */
	uint32_t bin_count;
	struct bin *bins;
};

static struct bin *find_bin(struct profile *profile, uint32_t address)
{
	uint32_t at = (address - profile->low) / BIN_BYTES;

	return address >= profile->low && at < profile->bin_count ? &profile->bins[at] : NULL;
}

static void called(struct cpu *cpu, uint32_t from, uint32_t to)
{
	struct vm *vm = cpu->machine;
	struct bin *bin = vm->run.profiling ? find_bin(vm->profile, from) : NULL;
	struct arc *arc;

	if (!bin)
		return;
	for (arc = bin->arcs; arc; arc = arc->next) {
		if (arc->from == from && arc->to == to) {
			arc->count++;
			return;
		}
	}
	arc = malloc(sizeof(*arc));
	if (!arc)
		abort();
	*arc = (struct arc){.next = bin->arcs, .from = from, .to = to, .count = 1};
	bin->arcs = arc;
}

void vm_profile_start(struct vm *vm, uint32_t low, uint32_t high)
{
	struct profile *profile;

	if (low >= high)
		return;
	/* An even number of bins: the original keeps them in words. */
	profile = calloc(1, sizeof(*profile));
	if (!profile)
		abort();
	profile->bin_count = (high - low) / BIN_BYTES;
	profile->low = low;
	profile->high = high + 1;
	if (profile->bin_count & 1) {
		profile->bin_count++;
		profile->high += BIN_BYTES;
	}
	profile->bins = calloc(profile->bin_count + 1, sizeof(struct bin));
	if (!profile->bins)
		abort();
	vm->profile = profile;
	vm->run.profiled = vm->run.profiling = true;
	event_schedule(&vm->events, SAMPLE_NS, EVENT_DEVICE_PROFILE, 0, 0);
	for (unsigned i = 0; i < vm->cpu_count; i++)
		vm->cpus[i].called = called;
}

void vm_profile_sample(struct vm *vm)
{
	struct profile *profile = vm->profile;
	struct bin *bin = profile && vm->run.profiling ? find_bin(profile, vm->cpus[0].pc) : NULL;

	if (bin)
		bin->samples++;
	event_schedule(&vm->events, SAMPLE_NS, EVENT_DEVICE_PROFILE, 0, 0);
}

bool vm_profiling(const struct vm *vm)
{
	return vm->run.profiling;
}

void vm_set_profiling(struct vm *vm, bool on)
{
	vm->run.profiling = on && vm->run.profiled;
}

void vm_clear_profile(struct vm *vm)
{
	for (uint32_t i = 0; vm->profile && i < vm->profile->bin_count; i++) {
		struct bin *bin = &vm->profile->bins[i];

		while (bin->arcs) {
			struct arc *next = bin->arcs->next;

			free(bin->arcs);
			bin->arcs = next;
		}
		bin->samples = 0;
	}
}

void vm_profile_free(struct vm *vm)
{
	if (!vm->profile)
		return;
	vm_clear_profile(vm);
	free(vm->profile->bins);
	free(vm->profile);
	vm->profile = NULL;
}

static void put(FILE *file, uint32_t value, unsigned bytes)
{
	while (bytes-- > 0)
		fputc((int)(value >> 8 * bytes & 0xff), file);
}

bool vm_write_profile(struct vm *vm, FILE *file, const char *path, struct error *error)
{
	static const char name[GMON_NAME] = "seconds";
	const struct profile *profile = vm->profile;
	long size;

	if (!profile)
		return true;
	fputs("gmon", file);
	put(file, GMON_VERSION, 4);
	for (unsigned i = 8; i < GMON_HEADER; i++)
		fputc(0, file);
	fputc(GMON_HISTOGRAM, file);
	put(file, profile->low, 4);
	put(file, profile->high, 4);
	put(file, profile->bin_count, 4);
	put(file, SAMPLE_RATE, 4);
	fwrite(name, sizeof(name), 1, file);
	fputc('s', file);
	for (uint32_t i = 0; i < profile->bin_count; i++)
		put(file, profile->bins[i].samples, 2);
	for (uint32_t i = 0; i < profile->bin_count; i++) {
		for (const struct arc *arc = profile->bins[i].arcs; arc; arc = arc->next) {
			fputc(GMON_ARC, file);
			put(file, arc->from, 4);
			put(file, arc->to, 4);
			put(file, arc->count, 4);
		}
	}
	size = ftell(file);
	if (fflush(file) != 0 || ferror(file)) {
		error_set(error, "Warning: error writing %s", path);
		return error_hint(error, "%s", strerror(errno));
	}
	vm_message(vm, "%ld bytes written to %s", size, path);
	return true;
}

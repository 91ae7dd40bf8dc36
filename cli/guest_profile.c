#include "cli/guest_profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/svg.h"
#include "runtime/core/random.h"
#include "runtime/vm/diagnosis.h"

#define INTERVAL   25000u /* cycles on average: a millisecond of System/161 */
#define PATH_SIZE  2048
#define FLAME_STEP 20 /* height of a row */
#define FLAME_WIDE 1200.0
#define LEAST_WIDE 0.3 /* narrower boxes are left out */
#define LETTER	   7.0

struct guest_profile {
	struct symbols *symbols;
	/* Intervals are random, or samples would keep step with the guest's timer; and always the same, for the same profile. */
	struct random_state random;
	uint64_t next; /* executed cycles at which the next sample is taken */
	char **paths;  /* one for each sample; owned */
	size_t count, room;
};

struct guest_profile *guest_profile_new(int kernel, const char *reader)
{
	struct guest_profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		abort();
	profile->symbols = symbols_open(reader, kernel);
	random_seed(&profile->random, 1);
	return profile;
}

void guest_profile_free(struct guest_profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->count; i++)
		free(profile->paths[i]);
	free(profile->paths);
	symbols_close(profile->symbols);
	free(profile);
}

/* The function's name; of user programs, whose files we do not have, that it is one. */
static void add_frame(struct guest_profile *profile, const struct frame *frame, bool user, char *path)
{
	struct place place = symbols_place(profile->symbols, frame->pc);
	size_t length = strlen(path);

	if (!user && !symbols_is_code(profile->symbols, frame->pc))
		return; /* below the first function of a stack */
	if (user)
		snprintf(path + length, PATH_SIZE - length, "%s[user]", length ? ";" : "");
	else if (place.function)
		snprintf(path + length, PATH_SIZE - length, "%s%s", length ? ";" : "", place.function);
	else
		snprintf(path + length, PATH_SIZE - length, "%s[0x%08x]", length ? ";" : "",
			 frame->pc & ~0xFFFu);
}

static void sample(struct guest_profile *profile, struct cpu *cpu)
{
	struct backtrace backtrace;
	char path[PATH_SIZE] = "";

	diagnosis_trace_cpu(profile->symbols, cpu, &backtrace);
	for (unsigned i = backtrace.count; i-- > 0;)
		add_frame(profile, &backtrace.frames[i], backtrace.frames[i].pc >> 31 == 0, path);
	if (profile->count == profile->room) {
		profile->room = profile->room ? 2 * profile->room : 1024;
		profile->paths = realloc(profile->paths, profile->room * sizeof(*profile->paths));
		if (!profile->paths)
			abort();
	}
	profile->paths[profile->count] = strdup(path);
	if (!profile->paths[profile->count++])
		abort();
}

enum vm_state guest_profile_run(struct guest_profile *profile, struct vm *vm)
{
	for (;;) {
		if (vm->totals.executed >= profile->next)
			profile->next =
			    vm->totals.executed + 1 + random_next(&profile->random) % (2 * INTERVAL);
		enum vm_state state = vm_run(vm, profile->next);

		if (state != VM_RUNNING)
			return state;
		for (unsigned i = 0; i < vm->cpu_count; i++)
			if (vm->cpus[i].run_state == CPU_RUNNING)
				sample(profile, &vm->cpus[i]);
	}
}

/* --- what comes of it --- */

/* The end of a name comes before all letters, so that what begins with the same calls stays together. */
static int by_path(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	while (*x && *x == *y)
		x++, y++;
	return (*x == ';' ? 1 : (unsigned char)*x) - (*y == ';' ? 1 : (unsigned char)*y);
}

static void write_folded(const struct guest_profile *profile, FILE *file)
{
	for (size_t i = 0, next; i < profile->count; i = next) {
		for (next = i + 1;
		     next < profile->count && strcmp(profile->paths[next], profile->paths[i]) == 0;)
			next++;
		fprintf(file, "%s %zu\n", profile->paths[i], next - i);
	}
}

static unsigned depth_of(const char *path)
{
	unsigned depth = 1;

	for (; *path; path++)
		depth += *path == ';';
	return depth;
}

static void box(FILE *file, double x, double y, double width, const char *name, int length, size_t count,
		size_t all)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", length, name);
	fprintf(file, "<g><title>");
	html_text(file, text);
	fprintf(file,
		": %zu of %zu samples</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" "
		"fill=\"hsl(%u 80%% 65%%)\"/>",
		count, all, x, y, width, FLAME_STEP - 1, 10 + (unsigned)(text[0] * 7 + length * 13) % 40);
	if (width > 3 * LETTER) {
		fprintf(file, "<text x=\"%.2f\" y=\"%.0f\">", x + 3, y + FLAME_STEP - 6);
		snprintf(text, sizeof(text), "%.*s", length < width / LETTER ? length : (int)(width / LETTER),
			 name);
		html_text(file, text);
		fputs("</text>", file);
	}
	fputs("</g>\n", file);
}

/* The samples from `from` to `to`, which are sorted and equal in their first `start` letters: a box for each function that
 * comes next, and above it those that it called. */
static void draw(const struct guest_profile *profile, FILE *file, size_t from, size_t to, size_t start,
		 double y)
{
	double scale = FLAME_WIDE / (double)profile->count;

	for (size_t i = from, next; i < to; i = next) {
		const char *name = profile->paths[i] + start;
		size_t length = strcspn(name, ";");

		for (next = i + 1; next < to; next++) {
			const char *other = profile->paths[next] + start;

			if (strncmp(other, name, length) != 0 || (other[length] && other[length] != ';'))
				break;
		}
		if ((double)(next - i) * scale < LEAST_WIDE)
			continue;
		box(file, (double)i * scale, y, (double)(next - i) * scale, name, (int)length, next - i,
		    profile->count);
		size_t deeper = i; /* those that end here come first */
		while (deeper < next && !profile->paths[deeper][start + length])
			deeper++;
		draw(profile, file, deeper, next, start + length + 1, y - FLAME_STEP);
	}
}

static void write_flames(const struct guest_profile *profile, FILE *file)
{
	unsigned depth = 1;

	for (size_t i = 0; i < profile->count; i++)
		if (depth_of(profile->paths[i]) > depth)
			depth = depth_of(profile->paths[i]);
	fprintf(
	    file,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %u\" font-family=\"sans-serif\" "
	    "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
	    FLAME_WIDE, depth * FLAME_STEP + 4);
	draw(profile, file, 0, profile->count, 0, (depth - 1) * FLAME_STEP + 2);
	fputs("</svg>\n", file);
}

bool guest_profile_write(struct guest_profile *profile, struct output_file *output, struct error *error)
{
	const char *ending = strrchr(output->path, '.');
	FILE *file = output_file_begin(output);

	qsort(profile->paths, profile->count, sizeof(*profile->paths), by_path);
	if (file && ending && strcmp(ending, ".svg") == 0)
		write_flames(profile, file);
	else if (file)
		write_folded(profile, file);
	if (file && output_file_end(output))
		return true;
	error_set(error, "Cannot write the profile to %s: %s", output->path, strerror(errno));
	return error_hint(error, "Give --profile a path in a folder that can be written.");
}

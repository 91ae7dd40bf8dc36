// Watches what the kernels of a campaign exercise, in several processes, and checks the table.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/differential/coverage.h"
#include "tests/differential/differ.h"

static void watch_kernels(const struct settings *settings, unsigned job, struct coverage *coverage)
{
	for (uint64_t number = settings->from + job; number <= settings->to; number += settings->jobs) {
		struct kernel whole;

		differ_generate(settings, number, &whole);
		for (unsigned first = 0; first < whole.count;) {
			struct kernel part = kernel_part(&whole, first, whole.running - first);

			first += coverage_watch(coverage, &part) + 1; // one that does not end counts too
		}
		kernel_free(&whole);
	}
}

int watch_coverage(const struct settings *settings)
{
	struct coverage *coverage = coverage_new(target_find(settings->target, 0));
	FILE *results[JOBS_MAX];
	bool failed = false;

	for (unsigned job = 0; job < settings->jobs; job++) {
		int ends[2];

		if (settings->jobs == 1) {
			watch_kernels(settings, job, coverage);
			break;
		}
		if (pipe(ends) != 0)
			abort();
		if (fork() == 0) {
			FILE *result = fdopen(ends[1], "w");

			watch_kernels(settings, job, coverage);
			coverage_write(coverage, result);
			_exit(fclose(result) != 0);
		}
		close(ends[1]);
		results[job] = fdopen(ends[0], "r");
	}
	for (unsigned job = 0; settings->jobs > 1 && job < settings->jobs; job++) {
		failed |= !coverage_read(coverage, results[job]);
		fclose(results[job]);
	}
	while (wait(NULL) > 0)
		;
	coverage_print(coverage, stdout);
	FILE *explained = settings->explained ? fopen(settings->explained, "r") : NULL;
	failed |= coverage_check(coverage, explained, stdout) != 0;
	if (explained)
		fclose(explained);
	coverage_free(coverage);
	return failed;
}

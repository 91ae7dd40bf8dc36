/* `jit161 compare`: one guest under several techniques. */
#include "cli/compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/options.h"

#define DEFAULT_ROUNDS	3
#define DEFAULT_TIMEOUT 600
#define EXTERNALS_MAX	4

static const char usage_text[] =
    "Usage: jit161 compare [compare options] [run options] KERNEL [ARGUMENTS...]\n"
    "  Runs the guest under several techniques in turn, checks that all end in the same state, and says what "
    "each cost.\n"
    "  --techniques=LIST    some of the following, with commas between; default: " TECHNIQUES_DEFAULT "\n"
    "  --rounds=N           how often each is run; default: 3\n"
    "  --timeout=SECONDS    a run that takes longer is given up; default: 600\n"
    "  --external=NAME=COMMAND\n"
    "                       another program beside them: sys161, or QEMU with its options for a Malta "
    "machine\n"
    "  --native=COMMAND     the host's own twin of the guest\n"
    "  --monitor=\"KERNEL ARGUMENTS\"\n"
    "                       then all of it again with another kernel on the same machine, a monitor that the "
    "guest runs under;\n"
    "                       and how much more everything takes\n"
    "  --json=FILE          all figures; - for standard output\n"
    "  --html=FILE          one page with tables and plots\n"
    "  Then the options of `jit161 run` that describe the machine, the guest and the translator.\n"
    "  Techniques; those that translate may be followed by :inline, :call or :trap for sensitive "
    "instructions:\n";

struct compare_options {
	const char *techniques, *json, *html, *monitor;
	unsigned rounds, timeout, external_count;
	struct {
		const char *name; /* up to the equals sign; NULL: native */
		struct external external;
	} externals[EXTERNALS_MAX];
	struct run_options run;
};

static void usage(void)
{
	fputs(usage_text, stderr);
	for (const struct technique_kind *kind = technique_kinds; kind->name; kind++)
		fprintf(stderr, "    %-10s %s\n", kind->name, kind->title);
}

static bool number(const char *text, unsigned most, unsigned *value)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*value = (unsigned)n;
	return end != text && !*end && n >= 1 && n <= most;
}

/* "NAME=COMMAND", or the command alone if native. */
static bool add_external(struct compare_options *options, const char *text, bool native)
{
	const char *command = native ? text : strchr(text, '=');

	if (!command || !command[0] || !command[1] || (!native && command == text) ||
	    options->external_count == EXTERNALS_MAX)
		return false;
	options->externals[options->external_count].name = native ? NULL : text;
	options->externals[options->external_count++].external =
	    (struct external){.command = native ? command : command + 1, .native = native};
	return true;
}

/* Our own options, which come first. False: a bad value. */
static bool parse_own(struct compare_options *options, int argc, char **argv, int *used)
{
	for (*used = 1; *used < argc; ++*used) {
		const char *word = argv[*used];

		if (strncmp(word, "--techniques=", 13) == 0) {
			options->techniques = word + 13;
		} else if (strncmp(word, "--json=", 7) == 0 && word[7]) {
			options->json = word + 7;
		} else if (strncmp(word, "--html=", 7) == 0 && word[7]) {
			options->html = word + 7;
		} else if (strncmp(word, "--external=", 11) == 0) {
			if (!add_external(options, word + 11, false))
				return false;
		} else if (strncmp(word, "--monitor=", 10) == 0 && word[10]) {
			options->monitor = word + 10;
		} else if (strncmp(word, "--native=", 9) == 0) {
			if (!add_external(options, word + 9, true))
				return false;
		} else if (strncmp(word, "--rounds=", 9) == 0) {
			if (!number(word + 9, COMPARISON_ROUNDS_MAX, &options->rounds))
				return false;
		} else if (strncmp(word, "--timeout=", 10) == 0) {
			if (!number(word + 10, 1000000, &options->timeout))
				return false;
		} else {
			break;
		}
	}
	return true;
}

static bool choose_techniques(struct comparison *comparison, const char *list, struct error *error)
{
	char *copy = strdup(list), *rest = copy;
	bool ok = copy;

	for (char *word; ok && (word = strsep(&rest, ","));) {
		struct compared *compared = &comparison->techniques[comparison->count];

		ok = comparison->count + EXTERNALS_MAX < COMPARE_TECHNIQUES_MAX &&
		     technique_parse(&compared->technique, word);
		if (!ok) {
			error_set(error, "There is no technique `%s', or too many are listed", word);
			error_hint(error,
				   "--help lists them. Policies are for those that translate: both:call.");
		}
		compared->name = compared->technique.name;
		if (ok)
			compared->title = compared->technique.kind->title;
		comparison->count++;
	}
	free(copy);
	return ok;
}

static void add_externals(struct comparison *comparison, const struct compare_options *options)
{
	for (unsigned i = 0; i < options->external_count; i++) {
		struct compared *compared = &comparison->techniques[comparison->count++];
		const char *name = options->externals[i].name;

		compared->external = &options->externals[i].external;
		compared->title = options->externals[i].external.command;
		if (name) /* the technique's place for a name is free */
			snprintf(compared->technique.name, sizeof(compared->technique.name), "%.*s",
				 (int)strcspn(name, "="), name);
		else
			snprintf(compared->technique.name, sizeof(compared->technique.name), "native");
		compared->name = compared->technique.name;
	}
}

static int complain(const struct error *error)
{
	fprintf(stderr, "jit161 compare: %s\n", error->text);
	if (error->hint[0])
		fprintf(stderr, "jit161 compare: %s\n", error->hint);
	return EXIT_ERROR;
}

/* What the warm techniques start with: regions kept by a run of each that is not measured. Their directory, which goes when all is
 * over. */
static void make_warm(const struct comparison *comparison, const struct guest *guest,
		      struct measure_options *how, char *directory, size_t size)
{
	const char *place = getenv("TMPDIR");

	directory[0] = '\0';
	how->fill = true;
	for (unsigned i = 0; i < comparison->count; i++) {
		const struct compared *compared = &comparison->techniques[i];
		struct measurement run;

		if (compared->external || !compared->technique.kind->warm)
			continue;
		if (!directory[0]) {
			snprintf(directory, size, "%.300s/jit161-compare-XXXXXX", place ? place : "/tmp");
			if (!mkdtemp(directory)) {
				directory[0] = '\0';
				break; /* it is as cold as the others, and says so: no region was kept */
			}
			how->cache_directory = directory;
		}
		measure(guest, &compared->technique, how, &run);
	}
	how->fill = false;
}

static void remove_directory(const char *directory)
{
	DIR *listing = directory[0] ? opendir(directory) : NULL;

	for (const struct dirent *file; listing && (file = readdir(listing));)
		unlinkat(dirfd(listing), file->d_name, 0);
	if (listing)
		closedir(listing);
	if (directory[0])
		rmdir(directory);
}

/* In a round each technique runs once; the one that starts changes from round to round. */
static void run_all(struct comparison *comparison, const struct compare_options *options,
		    const struct guest *guest)
{
	bool talk = isatty(STDERR_FILENO);
	char directory[340];
	struct measure_options how = {.jit = options->run.jit, .timeout = options->timeout};
	char *backend = options_library_path(BACKEND_LIBRARY);

	how.backend_path = backend;
	make_warm(comparison, guest, &how, directory, sizeof(directory));
	for (unsigned round = 0; round < comparison->rounds; round++)
		for (unsigned i = 0; i < comparison->count; i++) {
			struct compared *compared = &comparison->techniques[(round + i) % comparison->count];
			struct measurement *run = &compared->runs[compared->count];

			if (compared->count && !compared->runs[compared->count - 1].ok)
				continue; /* it would fail again */
			if (talk)
				fprintf(stderr, "\rround %u of %u: %-16s", round + 1, comparison->rounds,
					compared->name);
			if (compared->external)
				measure_external(guest, compared->external, options->timeout, run);
			else
				measure(guest, &compared->technique, &how, run);
			compared->count++;
		}
	if (talk)
		fprintf(stderr, "\r%40s\r", "");
	remove_directory(directory);
	free(backend);
}

static bool report(struct comparison *comparison, const struct compare_options *options, struct error *error)
{
	if (!options->json || strcmp(options->json, "-") != 0)
		compare_print(comparison, stdout);
	return (!options->json || compare_write_json(comparison, options->json, error)) &&
	       (!options->html || compare_write_html(comparison, options->html, error));
}

/* What runs: the kernel, and its arguments. */
static char *title_of(const char *kernel, const char *arguments)
{
	const char *slash = strrchr(kernel, '/');
	char *title;

	if (asprintf(&title, "%s%s%s", slash ? slash + 1 : kernel, *arguments ? " " : "", arguments) < 0)
		abort();
	return title;
}

static void measure_all(const struct compare_options *options, struct comparison *comparison,
			const struct guest *guest)
{
	comparison->rounds = options->rounds;
	for (unsigned i = 0; i < comparison->count; i++) {
		comparison->techniques[i].runs = calloc(options->rounds, sizeof(struct measurement));
		if (!comparison->techniques[i].runs)
			abort();
	}
	run_all(comparison, options, guest);
	comparison->same = compare_runs(comparison->techniques, comparison->count);
}

static void release(const struct comparison *comparison)
{
	for (unsigned i = 0; i < comparison->count; i++)
		free(comparison->techniques[i].runs);
	free((char *)comparison->title);
}

/* The same techniques with a monitor as the kernel; the kernel's name ends at the first blank. */
static void measure_monitor(const struct compare_options *options, struct comparison *alone,
			    struct guest guest)
{
	static struct comparison under;
	char *kernel = strndup(options->monitor, strcspn(options->monitor, " "));
	const char *arguments = options->monitor + strcspn(options->monitor, " ");

	if (!kernel)
		abort();
	guest.kernel = kernel;
	guest.arguments = arguments + strspn(arguments, " ");
	under.count = alone->count;
	for (unsigned i = 0; i < alone->count; i++) {
		under.techniques[i] = (struct compared){.title = alone->techniques[i].title,
							.technique = alone->techniques[i].technique,
							.external = alone->techniques[i].external};
		under.techniques[i].name = under.techniques[i].technique.name;
	}
	under.title = title_of(kernel, guest.arguments);
	measure_all(options, &under, &guest);
	alone->under = &under;
	free(kernel);
}

static int compare(struct compare_options *options, struct comparison *comparison)
{
	const struct run_options *run = &options->run;
	struct guest guest = {.board = run->malta ? &run->board : NULL,
			      .config = run->config,
			      .overrides = run->overrides,
			      .override_count = run->override_count,
			      .kernel = run->kernel,
			      .arguments = run->arguments,
			      .timing = run->timing,
			      .turns = run->turns,
			      .max_ram = run->max_ram,
			      .start_time = run->start_time ? run->start_time : (uint64_t)time(NULL),
			      .limit = run->limit};
	struct error error;
	int status = EXIT_NORMAL;
	bool ok;

	comparison->title = title_of(run->kernel, run->malta ? run->board.command_line : run->arguments);
	measure_all(options, comparison, &guest);
	if (options->monitor)
		measure_monitor(options, comparison, guest);
	ok = report(comparison, options, &error);
	if (!ok)
		status = complain(&error);
	else if (!comparison->same || (comparison->under && !comparison->under->same))
		status = EXIT_CRASH;
	if (comparison->under)
		release(comparison->under);
	release(comparison);
	return status;
}

int command_compare(int argc, char **argv)
{
	static struct comparison comparison;
	struct compare_options options = {
	    .techniques = TECHNIQUES_DEFAULT, .rounds = DEFAULT_ROUNDS, .timeout = DEFAULT_TIMEOUT};
	struct error error = {0};
	int used, status;

	if (!parse_own(&options, argc, argv, &used)) {
		usage();
		return EXIT_ERROR;
	}
	argv[used - 1] = argv[0];
	if (!options_parse(&options.run, argc - used + 1, argv + used - 1, false, &error)) {
		options_free(&options.run);
		if (error.text[0])
			return complain(&error);
		usage();
		return EXIT_ERROR;
	}
	if (options.monitor && options.run.malta) {
		error_set(&error, "--monitor is for System/161");
		status = complain(&error);
	} else if (choose_techniques(&comparison, options.techniques, &error)) {
		add_externals(&comparison, &options);
		status = compare(&options, &comparison);
	} else {
		status = complain(&error);
	}
	options_free(&options.run);
	return status;
}

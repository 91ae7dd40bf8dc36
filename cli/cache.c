/* `jit161 cache`: shows, checks and clears what is kept of translated code between runs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "jit/store/store.h"

static const char usage_text[] =
    "Usage: jit161 cache [show|check|clear] [--cache=DIR]\n"
    "     show      Files and guests, with numbers and sizes (the default)\n"
    "     check     The same, and reads every record; exit status 1 if one is damaged\n"
    "     clear     Removes all files\n"
    "     --cache=DIR   The directory, if not the default one; see `jit161 run --help'\n";

struct guest {
	char label[STORE_LABEL_SIZE];
	uint64_t records, bytes;
};

struct listing {
	bool thorough;
	uint64_t files, records, bytes, damaged;
	struct guest *guests;
	size_t guest_count;
};

static void list_file(void *context, const struct store_file_info *info)
{
	struct listing *listing = context;
	time_t changed = (time_t)info->changed;
	char when[32] = "";
	struct tm parts;

	listing->files++;
	listing->records += info->records;
	listing->bytes += info->bytes;
	listing->damaged += info->damaged + !info->readable;
	if (!info->readable) {
		printf("  %s: damaged, or not only yours to write\n", info->name);
		return;
	}
	if (localtime_r(&changed, &parts))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &parts);
	printf("  %s  %6" PRIu64 " regions %8" PRIu64 " KiB  used %s  %s\n", info->name, info->records,
	       (info->bytes + 1023) >> 10, when, info->title);
	if (info->damaged)
		printf("    %" PRIu64 " damaged\n", info->damaged);
}

static void count_batch(void *context, const char *label, uint64_t records, uint64_t bytes)
{
	struct listing *listing = context;
	struct guest *guest = NULL;

	for (size_t i = 0; i < listing->guest_count; i++)
		if (strcmp(listing->guests[i].label, label) == 0)
			guest = &listing->guests[i];
	if (!guest) {
		listing->guests =
		    realloc(listing->guests, (listing->guest_count + 1) * sizeof(*listing->guests));
		if (!listing->guests)
			abort();
		guest = &listing->guests[listing->guest_count++];
		*guest = (struct guest){0};
		snprintf(guest->label, sizeof(guest->label), "%s", label);
	}
	guest->records += records;
	guest->bytes += bytes;
}

static int complain(const struct error *error)
{
	fprintf(stderr, "jit161: %s\n", error->text);
	if (error->hint[0])
		fprintf(stderr, "jit161: %s\n", error->hint);
	return EXIT_ERROR;
}

static int show(const char *directory, bool thorough)
{
	struct listing listing = {.thorough = thorough};
	struct store_visitor visitor = {&listing, list_file, count_batch};
	struct error error;

	printf("%s\n", directory);
	if (!store_visit(directory, thorough, &visitor, &error))
		return complain(&error);
	for (size_t i = 0; i < listing.guest_count; i++)
		printf("  guest %-24s %6" PRIu64 " regions %8" PRIu64 " KiB\n", listing.guests[i].label,
		       listing.guests[i].records, (listing.guests[i].bytes + 1023) >> 10);
	free(listing.guests);
	printf("  in all: %" PRIu64 " files, %" PRIu64 " regions, %" PRIu64 " KiB\n", listing.files,
	       listing.records, (listing.bytes + 1023) >> 10);
	if (thorough)
		printf("  %" PRIu64 " damaged\n", listing.damaged);
	return thorough && listing.damaged ? EXIT_CRASH : EXIT_NORMAL;
}

static int clear(const char *directory)
{
	struct error error;
	unsigned removed;

	if (!store_clear(directory, &removed, &error))
		return complain(&error);
	printf("%s: %u files removed\n", directory, removed);
	return EXIT_NORMAL;
}

int command_cache(int argc, char **argv)
{
	static const char prefix[] = "--cache=";
	const char *action = NULL;
	char *directory = NULL;
	int status = EXIT_ERROR;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], prefix, strlen(prefix)) == 0 && argv[i][strlen(prefix)]) {
			free(directory);
			directory = strdup(argv[i] + strlen(prefix));
		} else if (argv[i][0] != '-' && !action) {
			action = argv[i];
		} else {
			fputs(usage_text, stderr); /* --help too, as with the other commands */
			free(directory);
			return EXIT_ERROR;
		}
	}
	if (!directory)
		directory = store_default_directory();
	if (action && strcmp(action, "show") != 0 && strcmp(action, "check") != 0 &&
	    strcmp(action, "clear") != 0)
		fputs(usage_text, stderr);
	else if (!directory || strcmp(directory, "off") == 0)
		fputs("jit161: there is no cache: it is switched off, or there is no home directory\n",
		      stderr);
	else if (!action || strcmp(action, "show") == 0)
		status = show(directory, false);
	else if (strcmp(action, "check") == 0)
		status = show(directory, true);
	else
		status = clear(directory);
	free(directory);
	return status;
}

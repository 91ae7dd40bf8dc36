/* disk161: makes, describes and resizes disk images. System/161 reference, section 5.3. Exit status: 0, 1 for
 * errors, 3 for wrong usage. */
#include "cli/commands.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/host/disk_image.h"

#define MIN_SIZE (128LL * SECTOR_SIZE)
#define MAX_SIZE 0x100000000LL

#define EXIT_ERROR 1
#define EXIT_USAGE 3

static int usage(void)
{
	fputs("Usage: disk161 action [options] [arguments]\n"
	      "   disk161 create [-f] filename size\n"
	      "   disk161 info filename...\n"
	      "   disk161 resize filename [+-]size\n",
	      stderr);
	return EXIT_USAGE;
}

/* "disk161: FILE: REASON", with an optional word about what was tried. Always false. */
static bool complain(const char *file, const char *action, const char *reason)
{
	fprintf(stderr, "disk161: %s: %s%s%s\n", file, action ? action : "", action ? ": " : "", reason);
	return false;
}

static bool get_size(const char *text, long long *size)
{
	static const struct {
		const char *suffix;
		long long factor;
	} suffixes[] = {
	    {"", 1},	    {"b", 1},	    {"s", SECTOR_SIZE}, {"k", 1 << 10}, {"K", 1 << 10},
	    {"m", 1 << 20}, {"M", 1 << 20}, {"g", 1 << 30},	{"G", 1 << 30},
	};
	char *suffix;
	long long value;

	errno = 0;
	value = strtoll(text, &suffix, 0);
	for (size_t i = 0; !errno && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(suffix, suffixes[i].suffix) != 0)
			continue;
		if (!__builtin_mul_overflow(value, suffixes[i].factor, size))
			return true;
		errno = ERANGE;
	}
	if (errno)
		return complain(text, NULL, "Invalid number");
	fprintf(stderr, "disk161: Invalid size suffix %s\n", suffix);
	return false;
}

static bool check_size(long long size)
{
	if (size % SECTOR_SIZE) {
		fprintf(stderr, "Size %lld not an even number of sectors\n", size);
		if (size > 0)
			size += SECTOR_SIZE - size % SECTOR_SIZE;
		else
			size -= size % SECTOR_SIZE;
		fprintf(stderr, "Try %lld instead.\n", size);
		return false;
	}
	if (size < MIN_SIZE) {
		fprintf(stderr, "Size %lld too small\n", size);
		return false;
	}
	if (size >= MAX_SIZE) {
		fprintf(stderr, "Size %lld too large\n", size);
		return false;
	}
	return true;
}

static bool lock(const char *file, int descriptor)
{
	if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		return complain(file, NULL, "Locked by another process");
	return complain(file, "flock", strerror(errno));
}

static bool check_header(const char *file, int descriptor)
{
	char header[DISK_IMAGE_HEADER];
	ssize_t count = pread(descriptor, header, sizeof(header), 0);

	if (count < 0)
		return complain(file, "read", strerror(errno));
	if ((size_t)count != sizeof(header))
		return complain(file, "read", "Unexpected EOF");
	header[sizeof(header) - 1] = '\0';
	if (strcmp(header, DISK_IMAGE_MAGIC) != 0)
		return complain(file, NULL, "Not a System/161 disk image");
	return true;
}

static bool write_header(const char *file, int descriptor)
{
	char header[DISK_IMAGE_HEADER] = DISK_IMAGE_MAGIC;
	ssize_t count = pwrite(descriptor, header, sizeof(header), 0);

	if (count < 0)
		return complain(file, "write", strerror(errno));
	if ((size_t)count != sizeof(header)) {
		fprintf(stderr, "disk161: %s: write: Unexpected short count %zd of %zu\n", file, count,
			sizeof(header));
		return false;
	}
	return true;
}

/* The original empties the file before it looks at the size; here a wrong size changes nothing. */
static bool create(const char *file, const char *size_text, bool force)
{
	bool good;
	long long size;
	int descriptor;

	if (!force && access(file, F_OK) == 0)
		return complain(file, NULL, strerror(EEXIST));
	if (!get_size(size_text, &size) || !check_size(size))
		return false;
	descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | (force ? 0 : O_EXCL), 0664);
	if (descriptor < 0)
		return complain(file, NULL, strerror(errno));
	good = lock(file, descriptor); /* before anything of an image in use is lost */
	if (good && (ftruncate(descriptor, 0) < 0 || ftruncate(descriptor, DISK_IMAGE_HEADER + size) < 0))
		good = complain(file, NULL, strerror(errno));
	good = good && write_header(file, descriptor);
	if (!good && !force)
		unlink(file);
	close(descriptor);
	return good;
}

static void print_size(const char *file, const char *what, long long bytes)
{
	printf("%s %s %lld bytes (%lld sectors; %lldK; %lldM)\n", file, what, bytes, bytes / SECTOR_SIZE,
	       bytes / 1024, bytes / (1024 * 1024));
}

static bool info(const char *file)
{
	int descriptor = open(file, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool good;

	if (descriptor < 0)
		return complain(file, NULL, strerror(errno));
	good = check_header(file, descriptor);
	if (good && fstat(descriptor, &status) < 0)
		good = complain(file, "fstat", strerror(errno));
	if (good) {
		print_size(file, "size", (long long)status.st_size - DISK_IMAGE_HEADER);
		print_size(file, "spaceused", (long long)status.st_blocks * 512);
	}
	close(descriptor);
	return good;
}

/* The size of the data area that `change` ('+', '-' or 0 for absolute) leads to. */
static bool new_size(int descriptor, const char *file, const char *text, char change, long long *size)
{
	struct stat status;
	long long old;

	if (fstat(descriptor, &status) < 0)
		return complain(file, "fstat", strerror(errno));
	old = (long long)status.st_size - DISK_IMAGE_HEADER;
	if (change == '+') {
		if (__builtin_add_overflow(old, *size, size) || *size < old) {
			fprintf(stderr, "+%s: Result too large\n", text);
			return false;
		}
	} else if (change == '-') {
		if (old < *size || __builtin_sub_overflow(old, *size, size)) {
			fprintf(stderr, "-%s: Result too small\n", text);
			return false;
		}
	}
	return check_size(*size);
}

static bool resize(const char *file, const char *size_text)
{
	char change = *size_text == '+' || *size_text == '-' ? *size_text++ : '\0';
	long long size;
	int descriptor;
	bool good;

	if (!get_size(size_text, &size))
		return false;
	descriptor = open(file, O_RDWR | O_CLOEXEC);
	if (descriptor < 0)
		return complain(file, NULL, strerror(errno));
	good = lock(file, descriptor) && check_header(file, descriptor) &&
	       new_size(descriptor, file, size_text, change, &size);
	if (good && ftruncate(descriptor, DISK_IMAGE_HEADER + size) < 0)
		good = complain(file, NULL, strerror(errno));
	close(descriptor);
	return good;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Takes the options out of `arguments`, wherever they are; "-5M" is none. Returns how many words are left, or
 * -1. */
static int take_options(const char *action, int count, char **arguments, bool *force)
{
	int left = 0, i;

	for (i = 0; i < count; i++) {
		const char *word = arguments[i];

		if (strcmp(word, "--") == 0) {
			i++;
			break;
		}
		if (word[0] != '-' || word[1] == '\0' || isdigit((unsigned char)word[1])) {
			arguments[left++] = arguments[i];
			continue;
		}
		word += 1 + strspn(word + 1, "f");
		if (*word) {
			fprintf(stderr, "%s: invalid option -- '%c'\n", action, *word);
			return -1;
		}
		*force = true;
	}
	while (i < count)
		arguments[left++] = arguments[i++];
	return left;
}

int disk161_main(int argc, char **argv)
{
	static const char *const info_words[] = {"info", "stat", "stats", "status", NULL};
	static const char *const resize_words[] = {"resize", "setsize", NULL};
	bool force = false;
	int count;

	if (argc < 2)
		return usage();
	count = take_options(argv[1], argc - 2, argv + 2, &force);
	if (count < 0)
		return usage();
	if (strcmp(argv[1], "create") == 0) {
		if (count != 2)
			return usage();
		return create(argv[2], argv[3], force) ? 0 : EXIT_ERROR;
	}
	if (is_one_of(argv[1], info_words)) {
		if (force)
			return usage();
		for (int i = 0; i < count; i++)
			if (!info(argv[2 + i]))
				return EXIT_ERROR;
		return 0;
	}
	if (is_one_of(argv[1], resize_words)) {
		if (count != 2 || force)
			return usage();
		return resize(argv[2], argv[3]) ? 0 : EXIT_ERROR;
	}
	if (strcmp(argv[1], "help") != 0)
		fprintf(stderr, "disk161: Unknown command %s\n", argv[1]);
	return usage();
}

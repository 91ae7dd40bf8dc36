#define _GNU_SOURCE
#include "runtime/vm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock's interface, with what is newer than the headers of Debian 12 (linux/landlock.h). */
#define CREATE_RULESET	       444
#define ADD_RULE	       445
#define RESTRICT_SELF	       446
#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH      1
#define ACCESS_WRITE_FILE      (1u << 1)
#define ACCESS_READ_FILE       (1u << 2)
#define ACCESS_READ_DIR	       (1u << 3)
#define ACCESS_REMOVE_FILE     (1u << 5)
#define ACCESS_MAKE_REG	       (1u << 8)
#define ACCESS_TRUNCATE	       (1u << 14)
#define ACCESS_OF_FILES	       (ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE)
#define ACCESS_NET_ALL	       3u /* bind and connect, TCP */
#define SCOPE_ALL	       3u /* abstract Unix sockets, signals */

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t descriptor;
} __attribute__((packed));

/* What each version of the interface (from 1 on) knows: accesses to files, and the size of struct ruleset. The last one
 * stands for all later ones. */
static const struct {
	unsigned accesses, size;
} versions[] = {
    {13, 8}, {14, 8}, {15, 8}, {15, 16}, {16, 16}, {16, 24},
};

/* Where shared objects are on the distributions that we know of, and where the loader looks for the place of each. */
static const char *const library_folders[] = {"/usr", "/lib", "/nix/store", "/gnu/store"};
static const char library_cache[] = "/etc/ld.so.cache";

static uint64_t accesses_of(unsigned rights)
{
	return (rights & HOST_READ ? ACCESS_READ_FILE | ACCESS_READ_DIR : 0) |
	       (rights & HOST_WRITE ? ACCESS_WRITE_FILE | ACCESS_TRUNCATE | ACCESS_MAKE_REG : 0) |
	       (rights & HOST_REMOVE ? ACCESS_REMOVE_FILE | ACCESS_MAKE_REG : 0);
}

/* Failure is no matter: it stays out of reach. */
static void allow_descriptor(int ruleset, int descriptor, uint64_t allowed)
{
	const struct path_beneath rule = {.allowed = allowed, .descriptor = descriptor};

	syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static void allow_path(int ruleset, const char *path, uint64_t allowed)
{
	int descriptor = open(path, O_PATH | O_CLOEXEC);
	struct stat status;

	if (descriptor < 0)
		return;
	/* What is for folders only is refused for other files. */
	if (allowed & ~(uint64_t)ACCESS_OF_FILES && fstat(descriptor, &status) == 0 &&
	    !S_ISDIR(status.st_mode))
		allowed &= ACCESS_OF_FILES;
	allow_descriptor(ruleset, descriptor, allowed);
	close(descriptor);
}

/* The folders of LD_LIBRARY_PATH. */
static void allow_library_path(int ruleset)
{
	const char *list = getenv("LD_LIBRARY_PATH");
	char *copy = list ? strdup(list) : NULL, *rest = copy, *folder;

	while (copy && (folder = strsep(&rest, ":;")))
		if (*folder)
			allow_path(ruleset, folder, ACCESS_READ_FILE);
	free(copy);
}

static bool confine_files(const struct host_needs *needs)
{
	long version = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	const long known = sizeof(versions) / sizeof(versions[0]);

	if (version < 1)
		return false;
	unsigned at = (unsigned)(version < known ? version : known) - 1;
	uint64_t handled = ((uint64_t)1 << versions[at].accesses) - 1;
	struct ruleset attributes = {.files = handled, .net = ACCESS_NET_ALL, .scoped = SCOPE_ALL};
	int ruleset = (int)syscall(CREATE_RULESET, &attributes, (size_t)versions[at].size, 0);
	if (ruleset < 0)
		return false;
	for (size_t i = 0; i < sizeof(library_folders) / sizeof(library_folders[0]); i++)
		allow_path(ruleset, library_folders[i], ACCESS_READ_FILE);
	allow_path(ruleset, library_cache, ACCESS_READ_FILE);
	allow_library_path(ruleset);
	for (unsigned i = 0; i < needs->count; i++) {
		const struct host_need *need = &needs->items[i];
		uint64_t allowed = accesses_of(need->rights) & handled;

		if (need->path)
			allow_path(ruleset, need->path, allowed);
		else
			allow_descriptor(ruleset, need->descriptor, allowed);
	}
	bool done = syscall(RESTRICT_SELF, ruleset, 0) == 0;
	int reason = errno;
	close(ruleset);
	errno = reason;
	return done;
}

static void lacks(struct sandbox *sandbox, const char *what)
{
	size_t length = strlen(sandbox->problem);

	snprintf(sandbox->problem + length, sizeof(sandbox->problem) - length, "%s%s (%s)",
		 length ? ", " : "", what, strerror(errno));
}

struct sandbox sandbox_enter(const struct host_needs *needs)
{
	struct sandbox sandbox = {0};

	/* Both ask for it: no program that is executed from here on could gain rights. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		lacks(&sandbox, "no_new_privs");
		return sandbox;
	}
	sandbox.files = confine_files(needs);
	if (!sandbox.files)
		lacks(&sandbox, "Landlock");
	sandbox.calls = sandbox_enter_calls();
	if (!sandbox.calls)
		lacks(&sandbox, "seccomp");
	return sandbox;
}

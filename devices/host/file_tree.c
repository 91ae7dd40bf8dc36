#define _GNU_SOURCE
#include "devices/host/file_tree.h"

#include "runtime/core/host_needs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_MODE  0664
#define MAX_ATTEMPTS 8 /* against somebody who renames files under us */

struct file {
	int descriptor; /* -1: closed */
	dev_t device;
	ino_t inode;
	char *path; /* from the root; "" for the root itself */
};

struct file_tree {
	int root;
	unsigned handles;
	struct file files[];
};

/* One confined open, relative to the directory `base`. */
static int open_at(int base, const char *name, int flags)
{
	struct open_how how = {
	    .flags = (uint64_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY)), /* O_PATH: no others */
	    .mode = flags & O_CREAT ? CREATE_MODE : 0,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long descriptor = -1;

	for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		descriptor = syscall(SYS_openat2, base, name, &how, sizeof(how));
		/* EAGAIN: ".." while something on the host was renamed. */
		if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)descriptor;
}

/* The path of `name` from the root, or NULL with errno set. */
static char *join(const struct file *directory, const char *name)
{
	char *path;

	if (strlen(directory->path) + strlen(name) + 2 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (asprintf(&path, "%s%s%s", directory->path, *directory->path ? "/" : "", name) < 0)
		return NULL;
	return path;
}

/* Relative to a directory handle, but confined to the whole tree: ".." may climb above that directory. */
static int open_beneath(const struct file_tree *tree, const struct file *directory, const char *name,
			int flags)
{
	int descriptor;
	char *path;

	if (name[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	descriptor = open_at(directory->descriptor, name, flags);
	if (descriptor >= 0 || errno != EXDEV || *directory->path == '\0')
		return descriptor;
	path = join(directory, name);
	if (path) {
		int error;

		descriptor = open_at(tree->root, path, flags);
		error = errno;
		free(path);
		errno = error;
	}
	return descriptor;
}

static bool absolute_path(int descriptor, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	length = readlink(link, path, size - 1);
	if (length <= 0 || path[0] != '/')
		return false;
	path[length] = '\0';
	return true;
}

/* A directory's path from the root without detours, so that paths do not grow with every ".."; NULL if
 * unknown. */
static char *short_path(const struct file_tree *tree, int descriptor)
{
	char root[PATH_MAX], path[PATH_MAX];
	size_t length;

	if (!absolute_path(tree->root, root, sizeof(root)) || !absolute_path(descriptor, path, sizeof(path)))
		return NULL;
	length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, length) != 0)
		return NULL;
	if (path[length] == '\0')
		return strdup("");
	return path[length] == '/' ? strdup(path + length + 1) : NULL;
}

struct file_tree *file_tree_open(const char *label, const char *path, unsigned handles, struct error *error)
{
	struct file_tree *tree;
	struct stat status;
	int root = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int descriptor;

	if (root < 0) {
		error_set(error, "%s: %s: %s", label, path, strerror(errno));
		error_hint(error, "dir= must name a directory that can be read.");
		return NULL;
	}
	if (fstat(root, &status) < 0) {
		error_set(error, "%s: %s: fstat: %s", label, path, strerror(errno));
		close(root);
		return NULL;
	}
	if (!S_ISDIR(status.st_mode)) {
		error_set(error, "%s: %s: %s", label, path, strerror(ENOTDIR));
		error_hint(error, "dir= must name a directory.");
		close(root);
		return NULL;
	}
	descriptor = open_at(root, ".", O_RDONLY);
	if (descriptor < 0) {
		error_set(error, "%s: %s: openat2: %s", label, path, strerror(errno));
		error_hint(error, "Linux 5.6 or newer is needed to confine the guest to this directory.");
		close(root);
		return NULL;
	}
	tree = malloc(sizeof(*tree) + handles * sizeof(struct file));
	if (!tree)
		abort();
	tree->root = root;
	tree->handles = handles;
	for (unsigned i = 0; i < handles; i++)
		tree->files[i] = (struct file){.descriptor = -1};
	tree->files[0] = (struct file){
	    .descriptor = descriptor, .device = status.st_dev, .inode = status.st_ino, .path = strdup("")};
	return tree;
}

void file_tree_free(struct file_tree *tree)
{
	if (!tree)
		return;
	for (unsigned i = 0; i < tree->handles; i++)
		file_tree_close(tree, i);
	close(tree->root);
	free(tree);
}

void file_tree_host_needs(const struct file_tree *tree, struct host_needs *needs)
{
	host_needs_folder(needs, tree->root, HOST_READ | HOST_WRITE);
}

/* The handle of an open object, or the lowest free one, or FILE_TREE_FULL. */
static int pick(const struct file_tree *tree, const struct stat *status)
{
	int empty = FILE_TREE_FULL;

	for (unsigned i = 0; i < tree->handles; i++) {
		const struct file *file = &tree->files[i];

		if (file->descriptor < 0) {
			if (empty == FILE_TREE_FULL)
				empty = (int)i;
		} else if (status && file->device == status->st_dev && file->inode == status->st_ino) {
			return (int)i;
		}
	}
	return empty;
}

/* Gives an opened object its handle. Takes over the descriptor. */
static int adopt(struct file_tree *tree, const struct file *directory, const char *name, int descriptor,
		 unsigned *handle, bool *is_directory)
{
	struct stat status;
	struct file *file;
	char *path = NULL;
	int picked;

	if (fstat(descriptor, &status) < 0) {
		int error = errno;

		close(descriptor);
		return error;
	}
	*is_directory = S_ISDIR(status.st_mode);
	picked = pick(tree, &status);
	if (!S_ISREG(status.st_mode) && !*is_directory) {
		close(descriptor);
		return EACCES;
	}
	if (picked == FILE_TREE_FULL) {
		close(descriptor);
		return FILE_TREE_FULL;
	}
	*handle = (unsigned)picked;
	file = &tree->files[picked];
	if (file->descriptor >= 0) {
		close(descriptor);
		return 0;
	}
	if (*is_directory)
		path = short_path(tree, descriptor);
	if (!path)
		path = join(directory, name);
	if (!path) {
		int error = errno;

		close(descriptor);
		return error;
	}
	*file = (struct file){
	    .descriptor = descriptor, .device = status.st_dev, .inode = status.st_ino, .path = path};
	return 0;
}

int file_tree_lookup(struct file_tree *tree, unsigned directory, const char *name, enum file_tree_mode mode,
		     unsigned *handle, bool *is_directory)
{
	static const int mode_flags[] = {
	    [FILE_TREE_OPEN] = 0,
	    [FILE_TREE_CREATE] = O_CREAT,
	    [FILE_TREE_EXCLUSIVE] = O_CREAT | O_EXCL,
	};
	const struct file *base = &tree->files[directory];
	int flags = mode_flags[mode] | O_RDWR | O_NONBLOCK;
	struct stat status;
	int probe, descriptor, picked;

	if (base->descriptor < 0)
		return EBADF;
	probe = open_beneath(tree, base, name, O_PATH);
	if (probe < 0 && mode == FILE_TREE_OPEN)
		return errno;
	if (probe >= 0) {
		int error = fstat(probe, &status) < 0 ? errno : 0;

		close(probe);
		if (error)
			return error;
		*is_directory = S_ISDIR(status.st_mode);
		picked = pick(tree, &status);
		if (picked != FILE_TREE_FULL && tree->files[picked].descriptor >= 0) {
			*handle = (unsigned)picked;
			return 0;
		}
		if (!S_ISREG(status.st_mode) && !*is_directory)
			return EACCES;
		if (*is_directory && mode == FILE_TREE_OPEN)
			flags = O_RDONLY | O_DIRECTORY;
	}
	/* Checked before anything is created. */
	if (pick(tree, NULL) == FILE_TREE_FULL)
		return FILE_TREE_FULL;
	descriptor = open_beneath(tree, base, name, flags);
	if (descriptor < 0)
		return errno;
	return adopt(tree, base, name, descriptor, handle, is_directory);
}

int file_tree_close(struct file_tree *tree, unsigned handle)
{
	struct file *file = &tree->files[handle];

	if (file->descriptor < 0)
		return EBADF;
	close(file->descriptor);
	free(file->path);
	*file = (struct file){.descriptor = -1};
	return 0;
}

int file_tree_read(struct file_tree *tree, unsigned handle, uint32_t offset, void *buffer, size_t size,
		   size_t *done)
{
	ssize_t count = pread(tree->files[handle].descriptor, buffer, size, (off_t)offset);

	if (count < 0)
		return errno;
	*done = (size_t)count;
	return 0;
}

int file_tree_write(struct file_tree *tree, unsigned handle, uint32_t offset, const void *buffer, size_t size,
		    size_t *done)
{
	ssize_t count = pwrite(tree->files[handle].descriptor, buffer, size, (off_t)offset);

	if (count < 0)
		return errno;
	*done = (size_t)count;
	return 0;
}

int file_tree_size(struct file_tree *tree, unsigned handle, uint64_t *size)
{
	struct stat status;

	if (fstat(tree->files[handle].descriptor, &status) < 0)
		return errno;
	*size = (uint64_t)status.st_size;
	return 0;
}

int file_tree_truncate(struct file_tree *tree, unsigned handle, uint32_t size)
{
	return ftruncate(tree->files[handle].descriptor, (off_t)size) < 0 ? errno : 0;
}

int file_tree_entry(struct file_tree *tree, unsigned handle, uint32_t index, void *name, size_t size,
		    size_t *length, bool *found)
{
	int descriptor = open_at(tree->files[handle].descriptor, ".", O_RDONLY | O_DIRECTORY);
	struct dirent *entry = NULL;
	DIR *stream;

	if (descriptor < 0)
		return errno;
	stream = fdopendir(descriptor);
	if (!stream) {
		int error = errno;

		close(descriptor);
		return error;
	}
	for (uint64_t i = 0; i <= index; i++) {
		entry = readdir(stream);
		if (!entry)
			break;
	}
	*found = entry != NULL;
	*length = 0;
	if (entry) {
		*length = strlen(entry->d_name);
		if (*length > size)
			*length = size;
		memcpy(name, entry->d_name, *length);
	}
	closedir(stream);
	return 0;
}
